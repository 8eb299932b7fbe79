-- name: stage
CREATE TEMP TABLE IF NOT EXISTS staged_waveforms (
    device_id integer, at timestamptz, b text, n bigint, received_at timestamptz, fs real, unit text, xyz bytea
) ON COMMIT DELETE ROWS;

-- name: copy
COPY pg_temp.staged_waveforms (device_id, at, b, n, received_at, fs, unit, xyz) FROM STDIN (FORMAT BINARY);

-- name: insert
INSERT INTO waveforms (device_id, at, b, n, received_at, fs, unit, xyz)
SELECT device_id, at, b, n, received_at, fs, unit, xyz FROM pg_temp.staged_waveforms ORDER BY device_id, at, b, n
ON CONFLICT DO NOTHING
RETURNING device_id, at, b, n;

-- name: empty
TRUNCATE pg_temp.staged_waveforms;
