-- name: notify
SELECT pg_notify(%(channel)s, %(payload)s);

-- name: ping
SELECT 1;
