-- name: try_lock
SELECT pg_try_advisory_lock(hashtextextended(%(name)s, 0));

-- name: unlock
SELECT pg_advisory_unlock(hashtextextended(%(name)s, 0));
