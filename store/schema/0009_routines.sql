-- What is usual for each resident, learned from weeks of signs of life, and the times in which their signs mean nothing. Both are read
-- by the workers and written by the owner's commands: `vigil train routine --store` and `vigil away`.

-- One learned row a resident; `row` holds the fields of analytics.routine.Routine but for the away times.
CREATE TABLE routines (
    senior_id integer PRIMARY KEY REFERENCES seniors,
    version text NOT NULL,
    learned_at timestamptz NOT NULL,
    days integer NOT NULL CHECK (days >= 0),
    row jsonb NOT NULL
);

CREATE TABLE absences (
    absence_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    senior_id integer NOT NULL REFERENCES seniors,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    why text NOT NULL CHECK (why IN ('away', 'visitors')),
    by text NOT NULL, -- "cli:<account of the machine>"
    CHECK (since < until)
);
CREATE INDEX absences_senior ON absences (senior_id, since);

GRANT SELECT ON routines, absences TO vigil_worker;
