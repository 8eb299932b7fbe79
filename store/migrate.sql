-- name: lock
SELECT pg_advisory_xact_lock(hashtextextended('vigil-migrate', 0));

-- name: create_table
CREATE TABLE IF NOT EXISTS schema_version (
    version integer PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- name: table_exists
SELECT to_regclass('schema_version') IS NOT NULL;

-- name: applied
SELECT version, name, sha256, applied_at FROM schema_version ORDER BY version;

-- name: record
INSERT INTO schema_version (version, name, sha256) VALUES (%(version)s, %(name)s, %(sha256)s);
