-- Roll-ups hold only what condenses (docs/decisions/0024). A device that reads once a minute got three rows of folded_minutes a reading;
-- minutes are now made of the readings when they are asked for, and kept as long as these. Hours are folded from readings, in portions.
-- A month of a device lies in the index itself, in time order, the values beside the key: some forty pages instead of seven hundred.

SET LOCAL statement_timeout = 0; -- years of hours are copied below

DROP FUNCTION IF EXISTS fold_minutes, fold_hours, fold_days;
UPDATE retention SET keep = (SELECT keep FROM retention WHERE class = 'readings'), relation = 'readings_by_minute'
WHERE class = 'minutes';

DO $$ BEGIN
    IF has_timescale() THEN
        PERFORM remove_retention_policy('readings_by_minute');
        PERFORM add_retention_policy('readings_by_minute', drop_after => (SELECT keep FROM retention WHERE class = 'minutes'));
        ALTER TABLE roll_up_state DROP COLUMN minute_tail;

        CREATE FUNCTION minutes_of(device integer, place integer, since timestamptz, until timestamptz)
        RETURNS TABLE (at timestamptz, count bigint, mean double precision, low real, high real)
        LANGUAGE sql STABLE PARALLEL SAFE AS $minutes$
            SELECT m.bucket, m.n, m.total / m.n, m.low, m.high FROM readings_by_minute AS m
            WHERE m.device_id = device AND m.position = place AND m.bucket > since - INTERVAL '1 minute' AND m.bucket < until
        $minutes$;
    ELSE
        DROP VIEW readings_by_day, readings_by_hour, readings_by_minute;
        ALTER TABLE roll_up_state DROP COLUMN minute_tail;
        INSERT INTO stale_buckets (step, bucket, device_id)
        SELECT DISTINCT 2, local_bucket('hour', bucket, timezone), device_id FROM stale_buckets, roll_up_state WHERE step = 1
        ON CONFLICT DO NOTHING;
        DELETE FROM stale_buckets WHERE step = 1;
        DROP TABLE folded_minutes;

        ALTER TABLE folded_hours RENAME TO hours_before;
        ALTER TABLE folded_days RENAME TO days_before;
        ALTER TABLE hours_before RENAME CONSTRAINT folded_hours_pkey TO hours_before_pkey;
        ALTER TABLE days_before RENAME CONSTRAINT folded_days_pkey TO days_before_pkey;
        ALTER INDEX folded_hours_bucket RENAME TO hours_before_bucket;
        -- vacuumed early: an index answers alone only for pages known to be visible to all
        CREATE TABLE folded_hours (
            device_id integer NOT NULL,
            n integer NOT NULL,
            bucket timestamptz NOT NULL,
            total double precision NOT NULL,
            low real NOT NULL,
            high real NOT NULL,
            position smallint NOT NULL
        ) WITH (autovacuum_vacuum_insert_scale_factor = 0.01);
        CREATE TABLE folded_days (LIKE folded_hours INCLUDING ALL) WITH (autovacuum_vacuum_insert_scale_factor = 0.01);
        INSERT INTO folded_hours (device_id, n, bucket, total, low, high, position)
        SELECT device_id, n, bucket, total, low, high, position FROM hours_before ORDER BY bucket, device_id, position;
        INSERT INTO folded_days (device_id, n, bucket, total, low, high, position)
        SELECT device_id, n, bucket, total, low, high, position FROM days_before ORDER BY bucket, device_id, position;
        DROP TABLE hours_before, days_before;
        ALTER TABLE folded_hours ADD PRIMARY KEY (device_id, bucket, position) INCLUDE (n, total, low, high);
        ALTER TABLE folded_days ADD PRIMARY KEY (device_id, bucket, position) INCLUDE (n, total, low, high);
        CREATE INDEX folded_hours_bucket ON folded_hours USING brin (bucket) WITH (autosummarize = on);

        CREATE VIEW readings_by_minute AS
        SELECT device_id, m.position::smallint AS position, date_bin('1 minute', at, 'epoch') AS bucket,
            count(*) AS n, sum(m.value::float8) AS total, min(m.value) AS low, max(m.value) AS high
        FROM readings CROSS JOIN LATERAL unnest(values) WITH ORDINALITY AS m (value, position)
        WHERE m.value IS NOT NULL
        GROUP BY 1, 2, 3;

        CREATE VIEW readings_by_hour AS
        SELECT device_id, position, bucket, n::bigint AS n, total, low, high FROM folded_hours
        WHERE bucket < (SELECT hour_tail FROM roll_up_state)
        UNION ALL
        SELECT device_id, m.position::smallint, local_bucket('hour', at, (SELECT timezone FROM roll_up_state)),
            count(*), sum(m.value::float8), min(m.value), max(m.value)
        FROM readings CROSS JOIN LATERAL unnest(values) WITH ORDINALITY AS m (value, position)
        WHERE m.value IS NOT NULL AND at >= (SELECT hour_tail FROM roll_up_state)
        GROUP BY 1, 2, 3;

        CREATE VIEW readings_by_day AS
        SELECT device_id, position, bucket, n::bigint AS n, total, low, high FROM folded_days
        WHERE bucket < (SELECT day_tail FROM roll_up_state)
        UNION ALL
        SELECT device_id, position, local_bucket('day', bucket, (SELECT timezone FROM roll_up_state)),
            sum(n)::bigint, sum(total), min(low), max(high)
        FROM readings_by_hour WHERE bucket >= (SELECT day_tail FROM roll_up_state)
        GROUP BY 1, 2, 3;

        GRANT SELECT ON readings_by_minute, readings_by_hour, readings_by_day TO vigil_worker, vigil_api;

        -- the view above cannot be searched by time, being grouped by a computed one: this can
        CREATE FUNCTION minutes_of(device integer, place integer, since timestamptz, until timestamptz)
        RETURNS TABLE (at timestamptz, count bigint, mean double precision, low real, high real)
        LANGUAGE sql STABLE PARALLEL SAFE AS $minutes$
            SELECT date_bin('1 minute', r.at, 'epoch'), count(*), avg(r.value), min(r.value), max(r.value)
            FROM (
                SELECT readings.at, values[place] AS value FROM readings
                WHERE device_id = device AND readings.at >= date_bin('1 minute', since, 'epoch')
                    AND readings.at < date_bin('1 minute', until - INTERVAL '1 microsecond', 'epoch') + INTERVAL '1 minute'
                OFFSET 0 -- the value is looked up once
            ) AS r
            WHERE r.value IS NOT NULL
            GROUP BY 1
        $minutes$;

        -- At most `most` of the hours that wait, each computed whole from its readings; how many. Those that began before `oldest` may
        -- have lost readings and are left as they are. The LATERAL aggregate makes each one index search, however large the table.
        CREATE FUNCTION fold_hours(tail timestamptz, zone text, oldest timestamptz, most integer) RETURNS bigint LANGUAGE sql AS $fold$
            WITH ready AS (
                DELETE FROM stale_buckets WHERE ctid = ANY (ARRAY(
                    SELECT ctid FROM stale_buckets WHERE step = 2 AND bucket < tail ORDER BY bucket, device_id LIMIT most
                )) RETURNING device_id, bucket
            ), coarser AS (
                INSERT INTO stale_buckets (step, bucket, device_id)
                SELECT DISTINCT 3, local_bucket('day', bucket, zone), device_id FROM ready WHERE bucket >= oldest
                ON CONFLICT DO NOTHING
            ), folded AS (
                INSERT INTO folded_hours (device_id, bucket, position, n, total, low, high)
                SELECT ready.device_id, ready.bucket, position, n, total, low, high FROM ready CROSS JOIN LATERAL (
                    SELECT m.position, count(*) AS n, sum(m.value::float8) AS total, min(m.value) AS low, max(m.value) AS high
                    FROM readings AS r CROSS JOIN LATERAL unnest(r.values) WITH ORDINALITY AS m (value, position)
                    WHERE r.device_id = ready.device_id AND local_bucket('hour', r.at, zone) = ready.bucket
                        AND r.at >= ready.bucket - INTERVAL '1 hour' -- where the clock is put back, an hour has 120 minutes and
                        AND r.at < ready.bucket + INTERVAL '1 hour'  -- is called by the second of its two beginnings
                        AND m.value IS NOT NULL
                    GROUP BY m.position
                ) AS whole
                WHERE ready.bucket >= oldest
                ON CONFLICT (device_id, bucket, position)
                DO UPDATE SET n = excluded.n, total = excluded.total, low = excluded.low, high = excluded.high
            )
            SELECT count(*) FROM ready
        $fold$;

        CREATE FUNCTION fold_days(tail timestamptz, zone text, most integer) RETURNS bigint LANGUAGE sql AS $fold$
            WITH ready AS (
                DELETE FROM stale_buckets WHERE ctid = ANY (ARRAY(
                    SELECT ctid FROM stale_buckets WHERE step = 3 AND bucket < tail ORDER BY bucket, device_id LIMIT most
                )) RETURNING device_id, bucket
            ), folded AS (
                INSERT INTO folded_days (device_id, bucket, position, n, total, low, high)
                SELECT ready.device_id, ready.bucket, position, n, total, low, high FROM ready CROSS JOIN LATERAL (
                    SELECT position, sum(f.n) AS n, sum(f.total) AS total, min(f.low) AS low, max(f.high) AS high
                    FROM folded_hours AS f
                    WHERE f.device_id = ready.device_id AND local_bucket('day', f.bucket, zone) = ready.bucket
                        AND f.bucket >= ready.bucket - INTERVAL '1 hour' AND f.bucket < ready.bucket + INTERVAL '25 hours'
                    GROUP BY position
                ) AS whole
                ON CONFLICT (device_id, bucket, position)
                DO UPDATE SET n = excluded.n, total = excluded.total, low = excluded.low, high = excluded.high
            )
            SELECT count(*) FROM ready
        $fold$;
        REVOKE EXECUTE ON FUNCTION fold_hours, fold_days FROM public;
    END IF;
END $$;

-- Fold what was stored since the last call, at most `slice` of it, and what waits, at most a thousand hours and days of a device; whether
-- more waits. Folding again changes nothing and late data corrects what was folded. Hours and days are answered from what was folded up
-- to their tails, which pass a bucket once all of it is. What may have lost readings to its age is left alone: see fold_hours.
CREATE OR REPLACE FUNCTION fold_readings(now timestamptz, slice interval) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    portion CONSTANT integer := 1000; -- of one reading a minute: 60,000 readings, a third of a second
    state roll_up_state;
    upto timestamptz;
    tail timestamptz;
    more boolean := false;
    oldest timestamptz := coalesce( -- for ever: nothing is too old; an hour, since another clock expires
        now - (SELECT keep FROM retention WHERE class = 'readings') + INTERVAL '1 hour', '-infinity');
BEGIN
    IF has_timescale() THEN
        RETURN false;
    END IF;
    SELECT * INTO state FROM roll_up_state FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN false; -- another desk folds
    END IF;
    IF state.asked_xid <= pg_snapshot_xmin(pg_current_snapshot()) THEN -- else somebody who may have stored until then has not committed
        upto := least(state.asked_at, state.marked_to + slice);
        INSERT INTO stale_buckets (step, bucket, device_id)
        SELECT DISTINCT 2, local_bucket('hour', at, state.timezone), device_id FROM readings
        WHERE stored_at > state.marked_to AND stored_at <= upto AND at >= oldest
        ON CONFLICT DO NOTHING;
        state.marked_to := upto;
        more := upto < state.asked_at;
    END IF;

    -- what arrives a little late finds its hour open
    tail := local_bucket('hour', state.marked_to - INTERVAL '1 minute', state.timezone);
    IF fold_hours(tail, state.timezone, oldest, portion) < portion THEN
        state.hour_tail := tail;
    ELSE
        more := true;
    END IF;
    tail := local_bucket('day', state.hour_tail, state.timezone);
    IF fold_days(tail, state.timezone, portion) < portion THEN
        state.day_tail := tail;
    ELSE
        more := true;
    END IF;

    IF upto = state.asked_at THEN
        state.asked_at := clock_timestamp(); -- before the snapshot of the next statement: see roll_up_state
        UPDATE roll_up_state SET asked_at = state.asked_at, asked_xid = pg_snapshot_xmax(pg_current_snapshot());
    END IF;
    UPDATE roll_up_state SET marked_to = state.marked_to, hour_tail = state.hour_tail, day_tail = state.day_tail;
    RETURN more;
END $$;

-- Delete what is over its time, at most `most` rows of each class; how many went. A class that is a view goes with what it is made of.
CREATE OR REPLACE FUNCTION expire(now timestamptz, most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    class record;
    gone bigint;
    total bigint := 0;
BEGIN
    FOR class IN
        SELECT relation, time_column, keep FROM retention JOIN pg_class ON pg_class.oid = to_regclass(relation)
        WHERE keep IS NOT NULL AND NOT by_policy AND relkind <> 'v'
    LOOP
        EXECUTE format('DELETE FROM %I WHERE ctid = ANY (ARRAY(SELECT ctid FROM %I WHERE %I < $1 LIMIT $2 FOR UPDATE SKIP LOCKED))',
            class.relation, class.relation, class.time_column) USING now - class.keep, most;
        GET DIAGNOSTICS gone = ROW_COUNT;
        total := total + gone;
    END LOOP;
    RETURN total;
END $$;

-- Hours and days follow this timezone from now on; they are made anew from the readings that are kept, on plain PostgreSQL by the next
-- folds, and until then answered from readings. Nothing happens where they do already.
CREATE OR REPLACE FUNCTION roll_ups_in(zone text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    since timestamptz := coalesce(now() - (SELECT keep FROM retention WHERE class = 'readings'), '-infinity');
BEGIN
    IF (SELECT timezone = zone FROM roll_up_state) THEN
        RETURN;
    END IF;
    UPDATE roll_up_state SET timezone = zone;
    IF has_timescale() THEN
        EXECUTE 'DROP MATERIALIZED VIEW readings_by_day'; -- not as a statement of its own: TimescaleDB spoils the kept plan
        EXECUTE 'DROP MATERIALIZED VIEW readings_by_hour';
        PERFORM continue_roll_ups();
    ELSE
        WITH before AS (DELETE FROM stale_buckets RETURNING step, bucket, device_id)
        INSERT INTO stale_buckets (step, bucket, device_id)
        SELECT DISTINCT 2, local_bucket('hour', bucket + part, zone), device_id
        FROM (
            SELECT bucket, device_id FROM before WHERE step = 2 UNION SELECT bucket, device_id FROM folded_hours WHERE bucket >= since
        ) AS hours, unnest(ARRAY[INTERVAL '0', INTERVAL '59 minutes 59 seconds']) AS part; -- an hour there is part of two here
        TRUNCATE folded_hours, folded_days;
        since := least(local_bucket('hour', (SELECT hour_tail FROM roll_up_state), zone),
            (SELECT min(bucket) FROM stale_buckets));
        UPDATE roll_up_state SET hour_tail = since, day_tail = local_bucket('day', since, zone);
    END IF;
END $$;
