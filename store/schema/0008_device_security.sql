-- Who did what to the register of devices, what the broker refused, and since when we have been listening.

-- One line for everything that was done to a device's enrolment; only ever appended to.
CREATE TABLE register_log (
    line_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,             -- login, or "cli:<account of the machine>"
    action text NOT NULL CHECK (action IN ('enrolled', 'rotated', 'revoked')),
    device text NOT NULL,
    area text NOT NULL,
    site text NOT NULL,
    data jsonb NOT NULL
);
CREATE INDEX register_log_device ON register_log (device, line_id);

CREATE FUNCTION register_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'register_log: only ever appended to'; END $$;
CREATE TRIGGER register_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON register_log
    FOR EACH STATEMENT EXECUTE FUNCTION register_log_is_append_only();

-- What the broker refused: logins by reason, publishes and subscriptions under another's name. Counted by device and hour; names that
-- are in no register count together under "", since anybody may invent any number of them.
CREATE TABLE refusals (
    hour timestamptz NOT NULL,
    kind text NOT NULL,              -- publish, subscribe, or the reason of a refused login
    device text NOT NULL,
    subject text NOT NULL,           -- the latest one tried, "" for logins
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    times bigint NOT NULL,
    PRIMARY KEY (hour, kind, device)
);
CREATE INDEX refusals_last ON refusals (last_at);

-- How far a log has been read, moved in the transaction that counts what was read.
CREATE TABLE log_marks (
    name text PRIMARY KEY,
    inode bigint NOT NULL,
    place bigint NOT NULL
);

-- Since when a worker has listened without a pause that matters: a restart of seconds makes nobody unknown, an outage does.
ALTER TABLE workers ADD COLUMN listening_since timestamptz;
CREATE FUNCTION worker_listens() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'UPDATE' AND NEW.at - OLD.at <= interval '2 minutes' THEN
        NEW.listening_since := OLD.listening_since;
    ELSIF TG_OP = 'UPDATE' AND NEW.started_at <= OLD.at THEN
        NEW.listening_since := NEW.at; -- it lived and said nothing: it was deaf
    ELSE
        NEW.listening_since := NEW.started_at;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER worker_listens BEFORE INSERT OR UPDATE ON workers FOR EACH ROW EXECUTE FUNCTION worker_listens();
UPDATE workers SET listening_since = at;

GRANT SELECT, INSERT ON register_log TO vigil_api;
GRANT SELECT ON refusals TO vigil_api;
GRANT SELECT, INSERT, UPDATE ON refusals, log_marks TO vigil_worker;
