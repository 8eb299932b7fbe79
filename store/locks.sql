-- name: try_lock
SELECT pg_try_advisory_lock(hashtextextended(%(name)s, 0));

-- name: unlock
SELECT pg_advisory_unlock(hashtextextended(%(name)s, 0));

-- name: connected
SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user;
