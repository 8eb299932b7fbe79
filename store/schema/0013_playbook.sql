-- What is done about an incident: the steps of its playbook, commands to sirens, and the messages handed to the fire service. All of it
-- is told in the incident's trail too, which is only ever appended to; here stands what is so now.

-- A step that stands as done or skipped. One that nobody has touched has no row; taking a stamp back takes the row away.
CREATE TABLE playbook_steps (
    incident_id uuid NOT NULL REFERENCES incidents,
    step text NOT NULL,
    state text NOT NULL CHECK (state IN ('done', 'skipped')),
    at timestamptz NOT NULL,
    by text NOT NULL,                -- login, or "system"
    device text NOT NULL,            -- what it was clicked on, as it calls itself
    reason text NOT NULL CHECK (state <> 'skipped' OR reason <> ''),
    PRIMARY KEY (incident_id, step)
);

-- A command to a siren. It is worth nothing after `expires_at`: the device refuses it, and nobody sends it again.
CREATE TABLE commands (
    command_id uuid PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incidents,
    device_id integer NOT NULL REFERENCES devices,
    act text NOT NULL CHECK (act IN ('siren_on', 'siren_off')),
    seconds integer NOT NULL CHECK (seconds >= 0),
    by text NOT NULL,                -- login of the person who pressed
    at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > at),
    sent_at timestamptz,             -- the broker has it
    answered_at timestamptz,         -- the device's answer has reached us
    done text,                       -- what the device says that it did
    unanswered_at timestamptz        -- since when the desk is told that nothing came back
);
CREATE INDEX commands_incident ON commands (incident_id, at);
CREATE INDEX commands_pending ON commands (at) WHERE answered_at IS NULL;
CREATE INDEX acks_command ON acks (command);

-- Every CAP message that was ever made, as it was handed out: an update names all before it.
CREATE TABLE cap_messages (
    identifier text PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incidents,
    number integer NOT NULL CHECK (number > 0),
    msg_type text NOT NULL CHECK (msg_type IN ('Alert', 'Update', 'Cancel')),
    sender text NOT NULL,
    sent timestamptz NOT NULL,
    expires timestamptz NOT NULL,
    said text NOT NULL,              -- digest of what it says, times and names aside: the same again is no update
    body text NOT NULL,
    by text NOT NULL,
    UNIQUE (incident_id, number)
);
CREATE FUNCTION cap_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'cap_messages: only ever appended to'; END $$;
CREATE TRIGGER cap_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cap_messages
    FOR EACH STATEMENT EXECUTE FUNCTION cap_is_append_only();

GRANT SELECT, INSERT, UPDATE, DELETE ON playbook_steps TO vigil_api;
GRANT SELECT, INSERT, UPDATE (sent_at, answered_at, done, unanswered_at) ON commands TO vigil_api;
GRANT SELECT, INSERT ON cap_messages TO vigil_api;
