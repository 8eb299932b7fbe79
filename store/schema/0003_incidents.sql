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
    ended_at timestamptz,            -- the condition is over, but the alarm latches until a person resolves
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

-- An incident as the board shows it: one row with everything, however many tables it lies in.
CREATE VIEW cards AS
SELECT incidents.incident_id AS id, incidents.version, incidents.hazard, incidents.subject_kind, incidents.subject, incidents.kind,
    summary.kinds, incidents.priority, incidents.state, incidents.state_at, incidents.drill, incidents.rings, incidents.level,
    incidents.escalated_at, incidents.late_s, summary.alarms, summary.active_alarms, incidents.area,
    sites.code AS site, sites.kind AS site_kind, sites.name_zh AS site_name_zh, sites.name_en AS site_name_en,
    sites.address AS site_address, sites.lon AS site_lon, sites.lat AS site_lat,
    coalesce(zones.code, '') AS zone, coalesce(zones.kind, '') AS zone_kind, coalesce(zones.name_zh, '') AS zone_name_zh,
    coalesce(zones.name_en, '') AS zone_name_en, coalesce(zones.floor, 0) AS zone_floor,
    coalesce(seniors.code, '') AS senior, coalesce(seniors.name, '') AS senior_name, coalesce(seniors.sex, '') AS senior_sex,
    coalesce(seniors.birth_year, 0) AS senior_birth_year, coalesce(seniors.tags, '{}') AS senior_tags,
    coalesce(seniors.ability_level, 0) AS senior_ability_level,
    summary.device, accounts.login AS acknowledged_by, incidents.cause, incidents.note, incidents.pressed_or_fire,
    incidents.raised_at, incidents.received_at, incidents.stored_at, incidents.shown_at, incidents.acknowledged_at,
    incidents.offered_at, incidents.accepted_at, incidents.en_route_at, incidents.arrived_at, incidents.entered_at,
    incidents.resolved_at, incidents.closed_at
FROM incidents
JOIN sites USING (site_id)
LEFT JOIN zones ON zones.zone_id = incidents.zone_id
LEFT JOIN seniors ON seniors.senior_id = incidents.senior_id
LEFT JOIN accounts ON accounts.account_id = incidents.acknowledged_by
CROSS JOIN LATERAL (
    SELECT array_agg(DISTINCT alarms.kind) AS kinds, count(*)::integer AS alarms,
        (count(*) FILTER (WHERE alarms.state IN ('active', 'shelved') AND alarms.ended_at IS NULL))::integer AS active_alarms,
        (array_agg(coalesce(devices.code, alarms.source)
            ORDER BY alarms.kind = incidents.kind DESC, alarms.priority, alarms.stored_at, alarms.alarm_id))[1] AS device
    FROM alarms LEFT JOIN devices USING (device_id)
    WHERE alarms.incident_id = incidents.incident_id
) AS summary;

-- A dispatch with the names of its people.
CREATE VIEW errands AS
SELECT dispatches.dispatch_id AS id, dispatches.incident_id AS incident, responders.code AS responder,
    responders.name AS responder_name, responders.kind AS responder_kind, responders.vehicle, dispatches.attempt, dispatches.state,
    accounts.login AS offered_by, dispatches.offered_at, dispatches.deadline_at, dispatches.accepted_at, dispatches.en_route_at,
    dispatches.arrived_at, dispatches.entered_at, dispatches.ended_at, dispatches.travel_s, dispatches.distance_m,
    dispatches.route, dispatches.ranking
FROM dispatches
JOIN responders USING (responder_id)
LEFT JOIN accounts ON accounts.account_id = dispatches.offered_by;

GRANT SELECT ON cards, errands TO vigil_api;
GRANT SELECT, INSERT ON trail TO vigil_worker, vigil_api;
GRANT SELECT, INSERT, UPDATE ON incidents, dispatches TO vigil_worker, vigil_api;
GRANT SELECT, INSERT, UPDATE ON alarms TO vigil_worker;
GRANT SELECT ON alarms TO vigil_api;
GRANT UPDATE (state, cleared_at, shelved_until, shelved_by, shelved_why) ON alarms TO vigil_api;
