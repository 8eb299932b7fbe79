-- Readings by minute, hour and day, and how long everything is kept. Both engines answer the same relations readings_by_minute, _hour
-- and _day (device_id, position in the profile's order, bucket, n, total, low, high) with what has not been folded yet included.
-- TimescaleDB: continuous aggregates with policies. Plain PostgreSQL: the tables folded_* and a desk that calls fold_readings and
-- expire; what is newer than a tail comes from the finer relation. Hours and days are those of the cell's timezone.

CREATE FUNCTION has_timescale() RETURNS boolean LANGUAGE sql STABLE AS
    $$ SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') $$;

-- How long each class of data is kept; NULL is for ever. by_policy: TimescaleDB drops whole chunks, else `expire` deletes rows.
CREATE TABLE retention (
    class text PRIMARY KEY,
    relation text NOT NULL,
    time_column text NOT NULL,
    keep interval,
    by_policy boolean NOT NULL DEFAULT false
);
INSERT INTO retention (class, relation, time_column, keep) VALUES
    ('waveforms', 'waveforms', 'at', '2 hours'),
    ('readings', 'readings', 'at', '30 days'),
    ('minutes', 'folded_minutes', 'bucket', '90 days'),
    ('hours', 'folded_hours', 'bucket', '1096 days'),
    ('days', 'folded_days', 'bucket', NULL),
    ('rejected', 'rejected', 'last_at', '90 days'),
    ('events', 'events', 'at', NULL),
    ('trail', 'trail', 'at', NULL);

-- Midnight and the full hour as the clock on the wall shows them.
CREATE FUNCTION local_bucket(step text, at timestamptz, zone text) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT date_trunc(step, at AT TIME ZONE zone) AT TIME ZONE zone $$;

-- Up to where readings are folded. marked_to: every reading with stored_at up to here is. Which ones are complete is known by
-- transaction: a reading stored until asked_at has a transaction below asked_xid, so once all of those have ended, all are visible.
CREATE TABLE roll_up_state (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    timezone text NOT NULL,
    marked_to timestamptz NOT NULL,
    asked_at timestamptz NOT NULL,
    asked_xid xid8 NOT NULL,
    minute_tail timestamptz NOT NULL,
    hour_tail timestamptz NOT NULL,
    day_tail timestamptz NOT NULL
);

CREATE FUNCTION continue_roll_ups() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    step record;
    keep interval;
    zone text := (SELECT timezone FROM roll_up_state);
BEGIN
    -- start_offset exceeds the seven days for which a device's clock is believed, and is less than what the finer class is kept
    FOR step IN SELECT * FROM (VALUES
        ('minutes', 'readings_by_minute', '1 day', '8 days', '1 minute', '5 minutes', '10 days'),
        ('hours', 'readings_by_hour', '30 days', '10 days', '1 hour', '30 minutes', '40 days'),
        ('days', 'readings_by_day', '1 year', '12 days', '1 day', '6 hours', '400 days')
    ) AS s (class, relation, chunk, since, until, every, compress_after)
    LOOP
        CONTINUE WHEN to_regclass(step.relation) IS NOT NULL;
        EXECUTE format('CREATE MATERIALIZED VIEW %I WITH (timescaledb.continuous, timescaledb.materialized_only = false, '
            'timescaledb.create_group_indexes = false, timescaledb.chunk_interval = %L) AS %s WITH NO DATA',
            step.relation, step.chunk, CASE step.class
                WHEN 'minutes' THEN 'SELECT device_id, m.position::smallint AS position, time_bucket(''1 minute'', at) AS bucket, '
                    'count(*) AS n, sum(m.value::float8) AS total, min(m.value) AS low, max(m.value) AS high '
                    'FROM readings CROSS JOIN LATERAL unnest(values) WITH ORDINALITY AS m (value, position) '
                    'WHERE m.value IS NOT NULL GROUP BY 1, 2, 3'
                ELSE format('SELECT device_id, position, time_bucket(%L, bucket, %L) AS bucket, sum(n)::bigint AS n, '
                    'sum(total) AS total, min(low) AS low, max(high) AS high FROM %I GROUP BY 1, 2, 3',
                    CASE step.class WHEN 'hours' THEN '1 hour' ELSE '1 day' END, zone,
                    CASE step.class WHEN 'hours' THEN 'readings_by_minute' ELSE 'readings_by_hour' END)
            END);
        EXECUTE format('CREATE INDEX ON %I (device_id, position, bucket)', step.relation);
        EXECUTE format('ALTER MATERIALIZED VIEW %I SET (timescaledb.compress, '
            'timescaledb.compress_segmentby = ''device_id, position'', timescaledb.compress_orderby = ''bucket'')', step.relation);
        EXECUTE format('GRANT SELECT ON %I TO vigil_worker, vigil_api', step.relation);
        PERFORM add_continuous_aggregate_policy(step.relation, start_offset => step.since::interval,
            end_offset => step.until::interval, schedule_interval => step.every::interval);
        PERFORM add_compression_policy(step.relation, compress_after => step.compress_after::interval);
        keep := (SELECT r.keep FROM retention AS r WHERE r.class = step.class);
        IF keep IS NOT NULL THEN
            PERFORM add_retention_policy(step.relation, drop_after => keep);
        END IF;
        UPDATE retention SET relation = step.relation, by_policy = true WHERE class = step.class;
    END LOOP;
END $$;

-- Fold what was stored since the last call, at most `slice` of it; whether more waits. A bucket is computed whole from the finer
-- relation, so folding again changes nothing and late data corrects what was folded. A bucket is folded when its tail has passed.
-- What is older than readings are kept is left alone: its finer data may be gone already.
CREATE FUNCTION fold_readings(now timestamptz, slice interval) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    state roll_up_state;
    upto timestamptz;
    asked timestamptz;
    oldest timestamptz := now - (SELECT keep FROM retention WHERE class = 'readings');
BEGIN
    IF has_timescale() THEN
        RETURN false;
    END IF;
    SELECT * INTO state FROM roll_up_state FOR UPDATE SKIP LOCKED;
    IF NOT FOUND OR state.asked_xid > pg_snapshot_xmin(pg_current_snapshot()) THEN
        RETURN false; -- another desk folds; or somebody who may have stored until asked_at has not committed yet
    END IF;
    upto := least(state.asked_at, state.marked_to + slice);

    INSERT INTO stale_buckets (step, bucket, device_id)
    SELECT DISTINCT 1, date_bin('1 minute', at, 'epoch'), device_id FROM readings
    WHERE stored_at > state.marked_to AND stored_at <= upto AND at >= oldest
    ON CONFLICT DO NOTHING;

    state.minute_tail := date_bin('1 minute', upto - INTERVAL '1 minute', 'epoch'); -- what arrives a little late finds its bucket open
    state.hour_tail := local_bucket('hour', state.minute_tail, state.timezone);
    state.day_tail := local_bucket('day', state.hour_tail, state.timezone);
    PERFORM fold_minutes(state.minute_tail, state.timezone);
    PERFORM fold_hours(state.hour_tail, state.timezone);
    PERFORM fold_days(state.day_tail, state.timezone);

    IF upto = state.asked_at THEN
        asked := clock_timestamp(); -- before the snapshot of the next statement: see roll_up_state
    ELSE
        asked := NULL;
    END IF;
    UPDATE roll_up_state SET marked_to = upto, minute_tail = state.minute_tail, hour_tail = state.hour_tail,
        day_tail = state.day_tail, asked_at = coalesce(asked, asked_at),
        asked_xid = CASE WHEN asked IS NULL THEN asked_xid ELSE pg_snapshot_xmax(pg_current_snapshot()) END;
    RETURN upto < state.asked_at;
END $$;

-- Delete what is over its time, at most `most` rows of each class; how many went.
CREATE FUNCTION expire(now timestamptz, most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    class record;
    gone bigint;
    total bigint := 0;
BEGIN
    FOR class IN SELECT relation, time_column, keep FROM retention WHERE keep IS NOT NULL AND NOT by_policy LOOP
        EXECUTE format('DELETE FROM %I WHERE ctid = ANY (ARRAY(SELECT ctid FROM %I WHERE %I < $1 LIMIT $2 FOR UPDATE SKIP LOCKED))',
            class.relation, class.relation, class.time_column) USING now - class.keep, most;
        GET DIAGNOSTICS gone = ROW_COUNT;
        total := total + gone;
    END LOOP;
    RETURN total;
END $$;

-- Hours and days follow this timezone from now on; they are made anew from the minutes that are kept. Nothing happens where they do.
CREATE FUNCTION roll_ups_in(zone text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT timezone = zone FROM roll_up_state) THEN
        RETURN;
    END IF;
    UPDATE roll_up_state SET timezone = zone, hour_tail = local_bucket('hour', minute_tail, zone),
        day_tail = local_bucket('day', minute_tail, zone);
    IF has_timescale() THEN
        EXECUTE 'DROP MATERIALIZED VIEW readings_by_day'; -- not as a statement of its own: TimescaleDB spoils the kept plan
        EXECUTE 'DROP MATERIALIZED VIEW readings_by_hour';
        PERFORM continue_roll_ups();
    ELSE
        TRUNCATE folded_hours, folded_days;
        DELETE FROM stale_buckets WHERE step > 1;
        INSERT INTO stale_buckets (step, bucket, device_id)
        SELECT DISTINCT 2, local_bucket('hour', bucket, zone), device_id FROM folded_minutes;
        PERFORM fold_hours((SELECT hour_tail FROM roll_up_state), zone);
        PERFORM fold_days((SELECT day_tail FROM roll_up_state), zone);
    END IF;
END $$;

REVOKE EXECUTE ON FUNCTION continue_roll_ups, fold_readings, expire, roll_ups_in FROM public;
GRANT EXECUTE ON FUNCTION fold_readings, expire TO vigil_worker;
GRANT SELECT ON retention TO vigil_worker, vigil_api;

INSERT INTO roll_up_state (timezone, marked_to, asked_at, asked_xid, minute_tail, hour_tail, day_tail)
SELECT zone, began, began, pg_snapshot_xmin(pg_current_snapshot()), date_bin('1 minute', began, 'epoch'),
    local_bucket('hour', began, zone), local_bucket('day', began, zone)
FROM (SELECT coalesce((SELECT timezone FROM cell), 'Asia/Shanghai'),
    (SELECT coalesce(min(stored_at), clock_timestamp()) - INTERVAL '1 second' FROM readings)) AS start (zone, began);

DO $$ BEGIN
    IF has_timescale() THEN
        PERFORM continue_roll_ups();
        PERFORM remove_retention_policy('waveforms');
        PERFORM add_retention_policy('waveforms', drop_after => (SELECT keep FROM retention WHERE class = 'waveforms'),
            schedule_interval => INTERVAL '10 minutes');
        PERFORM add_retention_policy('readings', drop_after => (SELECT keep FROM retention WHERE class = 'readings'));
        UPDATE retention SET by_policy = true WHERE class IN ('waveforms', 'readings');
    ELSE
        CREATE TABLE folded_minutes (
            device_id integer NOT NULL,
            bucket timestamptz NOT NULL,
            position smallint NOT NULL,
            n bigint NOT NULL,
            total double precision NOT NULL,
            low real NOT NULL,
            high real NOT NULL,
            PRIMARY KEY (device_id, bucket, position)
        );
        CREATE TABLE folded_hours (LIKE folded_minutes INCLUDING ALL);
        CREATE TABLE folded_days (LIKE folded_minutes INCLUDING ALL);
        CREATE TABLE stale_buckets (
            step smallint NOT NULL, -- 1 minute, 2 hour, 3 day
            bucket timestamptz NOT NULL,
            device_id integer NOT NULL,
            PRIMARY KEY (step, bucket, device_id)
        );
        -- new pages are summarised as they fill, else a search for the newest would read everything since the last vacuum
        CREATE INDEX readings_stored ON readings USING brin (stored_at) WITH (autosummarize = on);
        ALTER INDEX readings_at SET (autosummarize = on);
        ALTER INDEX waveforms_at SET (autosummarize = on);
        CREATE INDEX folded_minutes_bucket ON folded_minutes USING brin (bucket) WITH (autosummarize = on);
        CREATE INDEX folded_hours_bucket ON folded_hours USING brin (bucket) WITH (autosummarize = on);

        CREATE VIEW readings_by_minute AS
        SELECT device_id, position, bucket, n, total, low, high FROM folded_minutes
        WHERE bucket < (SELECT minute_tail FROM roll_up_state)
        UNION ALL
        SELECT device_id, m.position::smallint, date_bin('1 minute', at, 'epoch'),
            count(*), sum(m.value::float8), min(m.value), max(m.value)
        FROM readings CROSS JOIN LATERAL unnest(values) WITH ORDINALITY AS m (value, position)
        WHERE m.value IS NOT NULL AND at >= (SELECT minute_tail FROM roll_up_state)
        GROUP BY 1, 2, 3;

        CREATE VIEW readings_by_hour AS
        SELECT device_id, position, bucket, n, total, low, high FROM folded_hours
        WHERE bucket < (SELECT hour_tail FROM roll_up_state)
        UNION ALL
        SELECT device_id, position, local_bucket('hour', bucket, (SELECT timezone FROM roll_up_state)),
            sum(n)::bigint, sum(total), min(low), max(high)
        FROM readings_by_minute WHERE bucket >= (SELECT hour_tail FROM roll_up_state)
        GROUP BY 1, 2, 3;

        CREATE VIEW readings_by_day AS
        SELECT device_id, position, bucket, n, total, low, high FROM folded_days
        WHERE bucket < (SELECT day_tail FROM roll_up_state)
        UNION ALL
        SELECT device_id, position, local_bucket('day', bucket, (SELECT timezone FROM roll_up_state)),
            sum(n)::bigint, sum(total), min(low), max(high)
        FROM readings_by_hour WHERE bucket >= (SELECT day_tail FROM roll_up_state)
        GROUP BY 1, 2, 3;

        GRANT SELECT ON readings_by_minute, readings_by_hour, readings_by_day TO vigil_worker, vigil_api;

        -- the LATERAL aggregate makes each stale bucket one index search, however large the table has grown
        CREATE FUNCTION fold_minutes(tail timestamptz, zone text) RETURNS void LANGUAGE sql AS $fold$
            WITH ready AS (DELETE FROM stale_buckets WHERE step = 1 AND bucket < tail RETURNING device_id, bucket),
            coarser AS (
                INSERT INTO stale_buckets (step, bucket, device_id)
                SELECT DISTINCT 2, local_bucket('hour', bucket, zone), device_id FROM ready ON CONFLICT DO NOTHING
            )
            INSERT INTO folded_minutes (device_id, bucket, position, n, total, low, high)
            SELECT ready.device_id, ready.bucket, position, n, total, low, high FROM ready CROSS JOIN LATERAL (
                SELECT m.position, count(*) AS n, sum(m.value::float8) AS total, min(m.value) AS low, max(m.value) AS high
                FROM readings CROSS JOIN LATERAL unnest(values) WITH ORDINALITY AS m (value, position)
                WHERE readings.device_id = ready.device_id AND at >= ready.bucket AND at < ready.bucket + INTERVAL '1 minute'
                    AND m.value IS NOT NULL
                GROUP BY m.position
            ) AS whole
            ON CONFLICT (device_id, bucket, position)
            DO UPDATE SET n = excluded.n, total = excluded.total, low = excluded.low, high = excluded.high
        $fold$;

        CREATE FUNCTION fold_hours(tail timestamptz, zone text) RETURNS void LANGUAGE sql AS $fold$
            WITH ready AS (DELETE FROM stale_buckets WHERE step = 2 AND bucket < tail RETURNING device_id, bucket),
            coarser AS (
                INSERT INTO stale_buckets (step, bucket, device_id)
                SELECT DISTINCT 3, local_bucket('day', bucket, zone), device_id FROM ready ON CONFLICT DO NOTHING
            )
            INSERT INTO folded_hours (device_id, bucket, position, n, total, low, high)
            SELECT ready.device_id, ready.bucket, position, n, total, low, high FROM ready CROSS JOIN LATERAL (
                SELECT position, sum(f.n)::bigint AS n, sum(f.total) AS total, min(f.low) AS low, max(f.high) AS high
                FROM folded_minutes AS f
                WHERE f.device_id = ready.device_id AND local_bucket('hour', f.bucket, zone) = ready.bucket
                    AND f.bucket >= ready.bucket - INTERVAL '1 hour' -- where the clock is put back, an hour has 120 minutes and
                    AND f.bucket < ready.bucket + INTERVAL '1 hour'  -- is called by the second of its two beginnings
                GROUP BY position
            ) AS whole
            ON CONFLICT (device_id, bucket, position)
            DO UPDATE SET n = excluded.n, total = excluded.total, low = excluded.low, high = excluded.high
        $fold$;

        CREATE FUNCTION fold_days(tail timestamptz, zone text) RETURNS void LANGUAGE sql AS $fold$
            WITH ready AS (DELETE FROM stale_buckets WHERE step = 3 AND bucket < tail RETURNING device_id, bucket)
            INSERT INTO folded_days (device_id, bucket, position, n, total, low, high)
            SELECT ready.device_id, ready.bucket, position, n, total, low, high FROM ready CROSS JOIN LATERAL (
                SELECT position, sum(f.n)::bigint AS n, sum(f.total) AS total, min(f.low) AS low, max(f.high) AS high
                FROM folded_hours AS f
                WHERE f.device_id = ready.device_id AND local_bucket('day', f.bucket, zone) = ready.bucket
                    AND f.bucket >= ready.bucket - INTERVAL '1 hour' AND f.bucket < ready.bucket + INTERVAL '25 hours'
                GROUP BY position
            ) AS whole
            ON CONFLICT (device_id, bucket, position)
            DO UPDATE SET n = excluded.n, total = excluded.total, low = excluded.low, high = excluded.high
        $fold$;
        REVOKE EXECUTE ON FUNCTION fold_minutes, fold_hours, fold_days FROM public;
    END IF;
END $$;
