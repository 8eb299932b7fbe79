-- name: insert_readings
-- In key order, so that two workers with the same messages wait for each other instead of deadlocking. Times that were decided
-- before replace those that devices tell; the subquery keeps to the index, however many there are. Only exceptions come back.
WITH told AS MATERIALIZED (
    SELECT r.*, (
        SELECT fix.at FROM clock_fix AS fix
        WHERE fix.device_id = r.device_id AND fix.b = r.b AND fix.n = r.n AND fix.t = r.t
    ) AS fixed_at
    FROM unnest(%(device_id)s::int4[], %(at)s::timestamptz[], %(b)s::text[], %(n)s::int8[], %(t)s::int8[],
        %(received_at)s::timestamptz[], %(profile_version)s::int4[], %(first)s::int4[], %(last)s::int4[])
        WITH ORDINALITY AS r (device_id, at, b, n, t, received_at, profile_version, first, last, place)
), new AS (
    INSERT INTO readings (device_id, at, b, n, received_at, profile_version, values)
    SELECT device_id, coalesce(fixed_at, at), b, n, received_at, profile_version, (%(values)s::float4[])[first:last]
    FROM told ORDER BY device_id, coalesce(fixed_at, at), b, n
    ON CONFLICT DO NOTHING
    RETURNING device_id, at, b, n
)
SELECT place, fixed_at, new.n IS NOT NULL
FROM told LEFT JOIN new
    ON new.device_id = told.device_id AND new.at = coalesce(told.fixed_at, told.at) AND new.b = told.b AND new.n = told.n
WHERE new.n IS NULL OR told.fixed_at IS NOT NULL;

-- name: insert_events
INSERT INTO events (device_id, b, n, t, area, site_id, kind, at, received_at, values, drill, flags)
SELECT device_id, b, n, t, area, site_id, kind, at, received_at, values, drill, flags
FROM json_to_recordset(%(rows)s::json)
    AS r (device_id integer, b text, n bigint, t bigint, area text, site_id integer, kind text, at timestamptz,
        received_at timestamptz, values jsonb, drill boolean, flags text[])
ORDER BY device_id, b, n, t
ON CONFLICT DO NOTHING
RETURNING device_id, b, n, t;

-- name: insert_acks
INSERT INTO acks (device_id, b, n, t, command, done, at, received_at)
SELECT device_id, b, n, t, command, done, at, received_at
FROM json_to_recordset(%(rows)s::json)
    AS r (device_id integer, b text, n bigint, t bigint, command text, done text, at timestamptz, received_at timestamptz)
ORDER BY device_id, b, n, t
ON CONFLICT DO NOTHING
RETURNING device_id, b, n, t;

-- name: stored_events
SELECT device_id, b, n, t
FROM events JOIN json_to_recordset(%(rows)s::json) AS r (device_id integer, b text, n bigint, t bigint) USING (device_id, b, n, t);

-- name: clock_fixes
SELECT fix.device_id, fix.b, fix.n, fix.t, fix.at
FROM clock_fix AS fix
JOIN json_to_recordset(%(rows)s::json) AS r (device_id integer, b text, n bigint, t bigint) USING (device_id, b, n, t);

-- name: insert_clock_fixes
INSERT INTO clock_fix (device_id, b, n, t, at)
SELECT device_id, b, n, t, at
FROM json_to_recordset(%(rows)s::json) AS r (device_id integer, b text, n bigint, t bigint, at timestamptz)
ORDER BY device_id, b, n, t
ON CONFLICT DO NOTHING;

-- name: reject
INSERT INTO rejected (lane, topic, digest, hour, area, reason, payload, first_at, last_at, times)
SELECT lane, topic, decode(digest, 'hex'), date_trunc('hour', at, 'UTC'), min(area), (array_agg(reason ORDER BY at))[1],
    (array_agg(decode(payload, 'base64')))[1], min(at), max(at), sum(times)
FROM json_to_recordset(%(rows)s::json)
    AS r (lane text, topic text, digest text, area text, reason text, payload text, at timestamptz, times integer)
GROUP BY lane, topic, digest, date_trunc('hour', at, 'UTC')
ORDER BY lane, topic, digest, 4
ON CONFLICT (lane, topic, digest, hour) DO UPDATE SET times = rejected.times + excluded.times,
    first_at = least(rejected.first_at, excluded.first_at), last_at = greatest(rejected.last_at, excluded.last_at);

-- name: replay
SELECT readings.device_id, devices.code AS device, readings.at, readings.received_at, readings.b, readings.n,
    coalesce(clock_fix.t, (extract(epoch FROM readings.at) * 1000)::bigint) AS t, readings.profile_version, readings.values
FROM readings
JOIN devices USING (device_id)
LEFT JOIN clock_fix ON clock_fix.device_id = readings.device_id AND clock_fix.b = readings.b AND clock_fix.n = readings.n
    AND clock_fix.at = readings.at
WHERE devices.area = ANY (%(areas)s) AND readings.at >= %(since)s
ORDER BY readings.at, devices.code, readings.n, readings.b;

-- name: series
SELECT at, value FROM (
    SELECT at, n, values[%(position)s] AS value FROM readings
    WHERE device_id = %(device_id)s AND at >= %(since)s AND at < %(until)s AND values[%(position)s] IS NOT NULL
    ORDER BY at DESC, n DESC LIMIT %(limit)s
) AS newest ORDER BY at, n;
