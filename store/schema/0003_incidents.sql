-- What happened and what was done. Uniqueness of what stands open is the database's to decide, never the code's.

CREATE TABLE incidents (
    incident_id uuid PRIMARY KEY,
    hazard text NOT NULL CHECK (hazard IN ('fire', 'gas_co', 'person', 'security', 'technical')),
    subject_kind text NOT NULL CHECK (subject_kind IN ('senior', 'zone', 'site', 'gateway', 'device')),
    subject text NOT NULL,
    drill boolean NOT NULL,
    area text NOT NULL,
    site_id integer NOT NULL REFERENCES sites,
    zone_id integer REFERENCES zones,
    senior_id integer REFERENCES seniors,
    kind text NOT NULL,              -- of the alarm that stands for it: the highest priority, the first among equals
    priority smallint NOT NULL CHECK (priority BETWEEN 1 AND 4),
    pressed_or_fire boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'acknowledged', 'dispatched', 'on_scene', 'resolved', 'closed', 'cancelled')),
    state_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1,
    rings integer NOT NULL DEFAULT 1, -- grows whenever the desk must hear it again
    level smallint NOT NULL DEFAULT 0,
    escalated_at timestamptz,
    acknowledged_by integer REFERENCES accounts,
    cause text,
    note text NOT NULL DEFAULT '',
    late_s integer NOT NULL DEFAULT 0, -- how late the first alarm reached us, 0 when in time
    raised_at timestamptz NOT NULL,
    received_at timestamptz,
    stored_at timestamptz,
    shown_at timestamptz,
    acknowledged_at timestamptz,
    offered_at timestamptz,
    accepted_at timestamptz,
    en_route_at timestamptz,
    arrived_at timestamptz,
    entered_at timestamptz,
    resolved_at timestamptz,
    closed_at timestamptz
);
CREATE UNIQUE INDEX incidents_one_live ON incidents (hazard, subject_kind, subject, drill)
    WHERE state IN ('open', 'acknowledged', 'dispatched', 'on_scene');
CREATE INDEX incidents_on_board ON incidents (area text_pattern_ops) WHERE state NOT IN ('closed', 'cancelled');
CREATE INDEX incidents_raised ON incidents (raised_at);

CREATE TABLE alarms (
    alarm_id uuid PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incidents,
    source text NOT NULL,            -- device or zone code
    kind text NOT NULL,
    key text NOT NULL,               -- of the raising message, or the deadline
    device_id integer REFERENCES devices,
    area text NOT NULL,
    site_id integer NOT NULL REFERENCES sites,
    zone_id integer REFERENCES zones,
    senior_id integer REFERENCES seniors,
    priority smallint NOT NULL CHECK (priority BETWEEN 1 AND 4),
    state text NOT NULL CHECK (state IN ('active', 'cleared', 'shelved', 'out_of_service')),
    shelved_until timestamptz,
    shelved_by integer REFERENCES accounts,
    shelved_why text,
    drill boolean NOT NULL,
    at timestamptz NOT NULL,         -- onset on the (fixed) device clock
    received_at timestamptz NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    cleared_at timestamptz,
    late_s integer NOT NULL,
    rule_version text NOT NULL,
    reasons jsonb NOT NULL,
    evidence jsonb NOT NULL,
    CHECK (state <> 'shelved' OR (shelved_until IS NOT NULL AND shelved_by IS NOT NULL AND shelved_why IS NOT NULL))
);
CREATE UNIQUE INDEX alarms_one_active ON alarms (source, kind, drill) WHERE state IN ('active', 'shelved');
CREATE INDEX alarms_incident ON alarms (incident_id);

CREATE TABLE dispatches (
    dispatch_id uuid PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incidents,
    responder_id integer NOT NULL REFERENCES responders,
    attempt integer NOT NULL,
    state text NOT NULL CHECK
        (state IN ('offered', 'accepted', 'en_route', 'arrived', 'entered', 'done', 'declined', 'timed_out', 'recalled')),
    offered_by integer REFERENCES accounts,
    offered_at timestamptz NOT NULL,
    deadline_at timestamptz NOT NULL,
    accepted_at timestamptz,
    en_route_at timestamptz,
    arrived_at timestamptz,
    entered_at timestamptz,
    ended_at timestamptz,
    travel_s real,
    distance_m real,
    route jsonb NOT NULL,            -- [[lon, lat], …]
    ranking jsonb NOT NULL,          -- every candidate, travel time, and why this one
    UNIQUE (incident_id, responder_id, attempt)
);
CREATE UNIQUE INDEX dispatches_one_errand ON dispatches (responder_id)
    WHERE state IN ('offered', 'accepted', 'en_route', 'arrived', 'entered');
CREATE INDEX dispatches_incident ON dispatches (incident_id);

-- One line for everything that was done or happened; only ever appended to.
CREATE TABLE trail (
    trail_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incidents,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    actor text NOT NULL,             -- login, "device:<code>", "system"
    data jsonb NOT NULL
);
CREATE INDEX trail_incident ON trail (incident_id, trail_id);

CREATE FUNCTION trail_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'trail: only ever appended to'; END $$;
CREATE TRIGGER trail_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON trail
    FOR EACH STATEMENT EXECUTE FUNCTION trail_is_append_only();

GRANT SELECT, INSERT ON trail TO vigil_worker, vigil_api;
GRANT SELECT, INSERT, UPDATE ON incidents, dispatches TO vigil_worker, vigil_api;
GRANT SELECT, INSERT, UPDATE ON alarms TO vigil_worker;
GRANT SELECT ON alarms TO vigil_api;
GRANT UPDATE (state, shelved_until, shelved_by, shelved_why) ON alarms TO vigil_api;
