-- The stretches of raw signal that a model has judged, and what staff say that they were: from these the next model learns. Workers and
-- the api write them; the samples themselves only the owner reads. Devices and residents stand here as numbers, never by name.

-- `sampled`: judged below the threshold and kept as a sample; the others an alarm was raised by, or a person has spoken of.
CREATE TABLE windows (
    window_id uuid NOT NULL,         -- the alarm's, or what it would have been
    sampled boolean NOT NULL,
    incident_id uuid,                -- none for what was only sampled
    device_id integer NOT NULL,
    senior_id integer,
    at timestamptz NOT NULL,         -- the impact
    stored_at timestamptz NOT NULL,
    model text NOT NULL,             -- by which it was judged
    probability real NOT NULL,
    first_cell bigint NOT NULL,      -- as analytics.motion.Track: the number of the first of the cells …
    cells bytea NOT NULL,            -- … and the cells, four little-endian int16 each
    PRIMARY KEY (window_id, sampled)
) PARTITION BY LIST (sampled);
CREATE TABLE windows_judged PARTITION OF windows FOR VALUES IN (false);
CREATE TABLE windows_sampled PARTITION OF windows FOR VALUES IN (true);
CREATE INDEX windows_stored ON windows (stored_at);
CREATE INDEX windows_device ON windows (device_id, stored_at);
CREATE INDEX windows_senior ON windows (senior_id, at);
CREATE INDEX windows_incident ON windows (incident_id);

-- What a window was, by the cause with which its incident was closed.
CREATE TABLE labels (
    window_id uuid PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incidents,
    verdict text NOT NULL CHECK (verdict IN ('fall', 'not_fall', 'unknown')),
    basis text NOT NULL CHECK (basis IN ('alarm', 'near')), -- near: no alarm was raised by it, but it stands beside a real fall
    cause text NOT NULL,
    role text NOT NULL,              -- of whoever said so
    judged_at timestamptz NOT NULL
);
CREATE INDEX labels_incident ON labels (incident_id);
CREATE INDEX labels_judged ON labels (judged_at);

INSERT INTO retention (class, relation, time_column, keep) VALUES
    ('windows', 'windows_judged', 'stored_at', '1096 days'),
    ('candidates', 'windows_sampled', 'stored_at', '30 days'),
    ('labels', 'labels', 'judged_at', '1096 days');

GRANT INSERT, SELECT (window_id, sampled, incident_id, device_id, senior_id, at, stored_at, probability), UPDATE (sampled)
    ON windows TO vigil_worker;
GRANT SELECT (window_id, sampled, incident_id, senior_id, at, probability), UPDATE (sampled) ON windows TO vigil_api;
GRANT SELECT, INSERT, UPDATE ON labels TO vigil_worker, vigil_api;

-- What alarms have kept so far moves here.
INSERT INTO windows (window_id, sampled, incident_id, device_id, senior_id, at, stored_at, model, probability, first_cell, cells)
SELECT alarm_id, false, incident_id, device_id, senior_id, at, stored_at, coalesce(reasons -> 0 ->> 'source', rule_version),
    coalesce((evidence ->> 'probability')::real, 1), (evidence ->> 'cells_first')::bigint, decode(evidence ->> 'cells', 'base64')
FROM alarms WHERE kind = 'fall_motion' AND evidence ? 'cells' AND device_id IS NOT NULL;
UPDATE alarms SET evidence = evidence - 'cells' - 'cells_first' WHERE kind = 'fall_motion' AND evidence ? 'cells';
