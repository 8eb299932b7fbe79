-- The register of inspections and drills, and what the fire-safety index of each institution was on each day. Whatever was entered stays:
-- a mistake is withdrawn by a line of its own, with who, when and why.

CREATE TABLE safety_checks (
    check_id uuid PRIMARY KEY,       -- drawn by whoever enters it, so that entering it twice is entering it once
    site_id integer NOT NULL REFERENCES sites,
    kind text NOT NULL CHECK (kind IN ('inspection', 'system_test', 'authority', 'drill', 'recheck')),
    done_on date NOT NULL,           -- the day there
    result text NOT NULL CHECK (result IN ('passed', 'defects')),
    defects integer NOT NULL CHECK (defects BETWEEN 0 AND 999),
    rectify_by date CHECK (rectify_by >= done_on),
    follows uuid REFERENCES safety_checks,
    by_whom text NOT NULL,           -- who inspected or led the drill, as written on the paper
    note text NOT NULL,
    entered_by text NOT NULL,        -- login
    entered_at timestamptz NOT NULL,
    demo boolean NOT NULL,
    CHECK ((kind = 'recheck') = (follows IS NOT NULL)),
    CHECK ((result = 'defects') = (defects > 0)),
    CHECK (rectify_by IS NULL OR result = 'defects')
);
CREATE INDEX safety_checks_site ON safety_checks (site_id, done_on);

CREATE TABLE safety_withdrawals (
    check_id uuid PRIMARY KEY REFERENCES safety_checks,
    why text NOT NULL CHECK (why <> ''),
    withdrawn_by text NOT NULL,      -- login
    withdrawn_at timestamptz NOT NULL
);

CREATE FUNCTION safety_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '%: only ever appended to', TG_TABLE_NAME; END $$;
CREATE TRIGGER safety_checks_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON safety_checks
    FOR EACH STATEMENT EXECUTE FUNCTION safety_is_append_only();
CREATE TRIGGER safety_withdrawals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON safety_withdrawals
    FOR EACH STATEMENT EXECUTE FUNCTION safety_is_append_only();

-- One row an institution and day, written once by whichever desk comes first. score is NULL where too little was known.
CREATE TABLE safety_days (
    site_id integer NOT NULL REFERENCES sites,
    day date NOT NULL,
    score real,
    proven real NOT NULL,
    lost real NOT NULL,
    unknown real NOT NULL,
    criteria jsonb NOT NULL,         -- {key: [weight, proven, lost, unknown]}
    at timestamptz NOT NULL,
    demo boolean NOT NULL,
    PRIMARY KEY (site_id, day)
);

GRANT SELECT ON safety_checks, safety_withdrawals TO vigil_worker, vigil_api;
GRANT INSERT ON safety_checks, safety_withdrawals TO vigil_api;
GRANT SELECT ON safety_days TO vigil_worker, vigil_api;
GRANT INSERT ON safety_days TO vigil_worker;
