-- name: reads_only
SELECT current_setting('transaction_read_only')::boolean;

-- name: little_memory
SET LOCAL work_mem = '64kB';

-- name: spill
SELECT count(*) FROM generate_series(1, 10000);
