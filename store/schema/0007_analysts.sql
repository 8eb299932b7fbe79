-- Readings with the names of their metrics, for analysts: people who log in to the database itself, as members of vigil_analyst. Each
-- sees the scope that the owner gave them in `analysts` and nothing without one. Row-level security does not exist on compressed
-- hypertables, so a security-barrier view joined to the devices decides. No senior is named in it.

DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'vigil_analyst') THEN CREATE ROLE vigil_analyst NOLOGIN; END IF;
END $$;

-- What each place in `readings.values` means; written from the profiles whenever the schema is brought up to date.
CREATE TABLE metrics (
    profile text NOT NULL,
    position smallint NOT NULL,
    name text NOT NULL,
    unit text NOT NULL,
    PRIMARY KEY (profile, position)
);

CREATE TABLE analysts (
    login text PRIMARY KEY, -- the database role that logs in
    scope text NOT NULL CHECK (scope <> '')
);

CREATE VIEW named_readings WITH (security_barrier) AS
SELECT devices.code AS device, devices.profile, sites.code AS site, devices.area, readings.at, readings.received_at,
    metrics.name AS metric, metrics.unit, m.value
FROM readings
JOIN devices USING (device_id)
JOIN sites USING (site_id)
CROSS JOIN LATERAL unnest(readings.values) WITH ORDINALITY AS m (value, position)
JOIN metrics ON metrics.profile = devices.profile AND metrics.position = m.position
WHERE m.value IS NOT NULL
    AND within((SELECT scope FROM analysts WHERE login = session_user), devices.area, sites.code);

GRANT SELECT ON named_readings, metrics TO vigil_analyst;
