-- Who and what there is: the cell, areas, sites, zones, seniors, devices, responders, accounts. Codes for the outside, integers for
-- the tables. Whatever a person reads carries area and site, so that one rule (area-code prefix or site) decides who may see it.

DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'vigil_owner') THEN CREATE ROLE vigil_owner NOLOGIN; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'vigil_worker') THEN CREATE ROLE vigil_worker NOLOGIN; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'vigil_api') THEN CREATE ROLE vigil_api NOLOGIN; END IF;
END $$;

-- Who may see what, in one place: the same rule as care.places.within (a test compares them). An empty or missing scope covers nothing.
CREATE FUNCTION within(scope text, area text, site text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(CASE WHEN starts_with(scope, 'site:') THEN scope = 'site:' || site ELSE scope <> '' AND starts_with(area, scope) END, false)
$$;

CREATE TABLE cell (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    code text NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    timezone text NOT NULL,
    demo boolean NOT NULL,
    roads bytea NOT NULL,
    loaded_at timestamptz NOT NULL
);

CREATE TABLE layers (
    name text PRIMARY KEY,
    geojson jsonb NOT NULL
);

CREATE TABLE areas (
    area_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    parent text NOT NULL,
    level text NOT NULL,
    outline jsonb NOT NULL,
    demo boolean NOT NULL
);

CREATE TABLE sites (
    site_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9-]{1,40}$'),
    kind text NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    area text NOT NULL REFERENCES areas (code),
    address text NOT NULL,
    lon double precision NOT NULL,
    lat double precision NOT NULL,
    beds integer NOT NULL CHECK (beds >= 0),
    phone text NOT NULL,
    demo boolean NOT NULL
);
CREATE INDEX sites_area ON sites (area text_pattern_ops);

CREATE TABLE zones (
    zone_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    site_id integer NOT NULL REFERENCES sites,
    parent text NOT NULL,
    kind text NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    floor integer NOT NULL,
    beds integer NOT NULL
);
CREATE INDEX zones_site ON zones (site_id);

CREATE TABLE seniors (
    senior_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    site_id integer NOT NULL REFERENCES sites,
    area text NOT NULL,
    zone_id integer REFERENCES zones,
    name text NOT NULL,
    sex text NOT NULL,
    birth_year integer NOT NULL,
    phone text NOT NULL,
    tags text[] NOT NULL,
    ability_level integer NOT NULL CHECK (ability_level BETWEEN 0 AND 4),
    key_holder text NOT NULL,
    key_note text NOT NULL,
    contacts jsonb NOT NULL,
    demo boolean NOT NULL
);
CREATE INDEX seniors_site ON seniors (site_id);

CREATE TABLE devices (
    device_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9-]{1,40}$'),
    profile text NOT NULL,
    profile_version smallint NOT NULL,
    site_id integer NOT NULL REFERENCES sites,
    area text NOT NULL REFERENCES areas (code),
    zone_id integer REFERENCES zones,
    senior_id integer REFERENCES seniors,
    gateway_id integer REFERENCES devices,
    firmware text NOT NULL,
    token_sha256 bytea CHECK (octet_length(token_sha256) = 32),
    enrolled_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX devices_site ON devices (site_id);

-- What was last heard, kept apart by what it proves (link, activity, event, battery). NULL is unknown, never "fine".
CREATE TABLE device_health (
    device_id integer PRIMARY KEY REFERENCES devices,
    seen_at timestamptz,
    online boolean,
    online_at timestamptz,
    telemetry_at timestamptz,
    event_at timestamptz,
    test_at timestamptz,
    battery real,
    battery_at timestamptz,
    signal real,
    signal_at timestamptz,
    firmware text,
    clock_wrong_at timestamptz
);

CREATE TABLE responders (
    responder_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    name text NOT NULL,
    kind text NOT NULL,
    skills text[] NOT NULL,
    station_id integer NOT NULL REFERENCES sites,
    area text NOT NULL,
    vehicle text NOT NULL,
    phone text NOT NULL,
    shifts jsonb NOT NULL,
    demo boolean NOT NULL,
    lon double precision,
    lat double precision,
    position_at timestamptz
);

CREATE TABLE accounts (
    account_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login text NOT NULL UNIQUE,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('duty', 'responder', 'regulator', 'admin')),
    scope text NOT NULL CHECK (scope <> ''),
    responder_id integer REFERENCES responders,
    password_argon2 text,
    disabled_at timestamptz,
    demo boolean NOT NULL,
    CHECK (role <> 'responder' OR responder_id IS NOT NULL)
);

CREATE TABLE sessions (
    token_sha256 bytea PRIMARY KEY CHECK (octet_length(token_sha256) = 32),
    account_id integer NOT NULL REFERENCES accounts,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

GRANT SELECT ON cell, layers, areas, sites, zones, seniors, devices, device_health, responders, accounts TO vigil_api;
GRANT SELECT ON cell, areas, sites, zones, devices, device_health TO vigil_worker;
-- ingest and desk need to know who, never how to phone them or where the key lies
GRANT SELECT (senior_id, code, site_id, area, zone_id, tags, ability_level, demo) ON seniors TO vigil_worker;
GRANT SELECT (responder_id, code, name, kind, skills, station_id, area, vehicle, shifts, demo, lon, lat, position_at)
    ON responders TO vigil_worker;
GRANT INSERT, UPDATE ON device_health TO vigil_worker;
GRANT SELECT, INSERT, DELETE, UPDATE (expires_at) ON sessions TO vigil_api;
GRANT UPDATE (lon, lat, position_at) ON responders TO vigil_api;
GRANT UPDATE (password_argon2) ON accounts TO vigil_api;
GRANT INSERT ON devices TO vigil_api;
GRANT UPDATE (token_sha256, revoked_at, firmware) ON devices TO vigil_api;
