-- What devices said. A message is identified by (device, b, n, t as sent), however often it is delivered; a reading by (device, at, b, n).
-- at is the device's clock (fixed where it was wrong), received_at when it reached us, stored_at when the row was written.

CREATE TABLE readings (
    device_id integer NOT NULL,
    at timestamptz NOT NULL,
    b text NOT NULL,
    n bigint NOT NULL,
    received_at timestamptz NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    profile_version smallint NOT NULL,
    values real[] NOT NULL,
    PRIMARY KEY (device_id, at, b, n)
);
CREATE INDEX readings_at ON readings USING brin (at);

CREATE TABLE waveforms (
    device_id integer NOT NULL,
    at timestamptz NOT NULL,
    b text NOT NULL,
    n bigint NOT NULL,
    received_at timestamptz NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    fs real NOT NULL,
    unit text NOT NULL,
    xyz bytea NOT NULL, -- little-endian float32, x y z of each sample in turn
    PRIMARY KEY (device_id, at, b, n)
);
CREATE INDEX waveforms_at ON waveforms USING brin (at);

CREATE TABLE events (
    device_id integer NOT NULL,
    b text NOT NULL,
    n bigint NOT NULL,
    t bigint NOT NULL,
    area text NOT NULL,
    site_id integer NOT NULL,
    kind text NOT NULL,
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    values jsonb NOT NULL,
    drill boolean NOT NULL,
    flags text[] NOT NULL, -- late, clock_fixed, wrong_place, foreign
    PRIMARY KEY (device_id, b, n, t)
);
CREATE INDEX events_at ON events (at);

CREATE TABLE acks (
    device_id integer NOT NULL,
    b text NOT NULL,
    n bigint NOT NULL,
    t bigint NOT NULL,
    command text NOT NULL,
    done text NOT NULL,
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (device_id, b, n, t)
);

CREATE TABLE clock_fix (
    device_id integer NOT NULL,
    b text NOT NULL,
    n bigint NOT NULL,
    t bigint NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (device_id, b, n, t)
);

-- What could not be understood: kept, counted, visible; the same nonsense within one hour is one row.
CREATE TABLE rejected (
    lane text NOT NULL,
    topic text NOT NULL,
    digest bytea NOT NULL,
    hour timestamptz NOT NULL,
    area text NOT NULL, -- as claimed by the topic, "" where it has none
    reason text NOT NULL,
    payload bytea NOT NULL, -- the first 4,096 bytes
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    times integer NOT NULL DEFAULT 1,
    PRIMARY KEY (lane, topic, digest, hour)
);
CREATE INDEX rejected_last ON rejected (last_at);

-- How each worker is doing, written by itself every few seconds.
CREATE TABLE workers (
    worker text PRIMARY KEY,
    lane text NOT NULL,
    started_at timestamptz NOT NULL,
    at timestamptz NOT NULL,
    stats jsonb NOT NULL
);

GRANT SELECT, INSERT ON readings, waveforms, events, acks, clock_fix TO vigil_worker;
GRANT SELECT, INSERT, UPDATE ON rejected, workers TO vigil_worker;
GRANT SELECT ON readings, waveforms, events, acks, clock_fix, rejected, workers TO vigil_api;
