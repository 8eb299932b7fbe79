-- name: stage_readings
CREATE TEMP TABLE IF NOT EXISTS staged_readings (
    device_id integer, at timestamptz, b text, n bigint, received_at timestamptz, profile_version smallint, values real[]
) ON COMMIT DELETE ROWS;

-- name: copy_readings
COPY pg_temp.staged_readings (device_id, at, b, n, received_at, profile_version, values) FROM STDIN (FORMAT BINARY);

-- name: insert_readings
-- in key order, so that two workers with the same messages wait for each other instead of deadlocking
INSERT INTO readings (device_id, at, b, n, received_at, profile_version, values)
SELECT device_id, at, b, n, received_at, profile_version, values FROM pg_temp.staged_readings ORDER BY device_id, at, b, n
ON CONFLICT DO NOTHING
RETURNING device_id, at, b, n;

-- name: empty_readings
TRUNCATE pg_temp.staged_readings;

-- name: stage_waveforms
CREATE TEMP TABLE IF NOT EXISTS staged_waveforms (
    device_id integer, at timestamptz, b text, n bigint, received_at timestamptz, fs real, unit text, xyz bytea
) ON COMMIT DELETE ROWS;

-- name: copy_waveforms
COPY pg_temp.staged_waveforms (device_id, at, b, n, received_at, fs, unit, xyz) FROM STDIN (FORMAT BINARY);

-- name: insert_waveforms
INSERT INTO waveforms (device_id, at, b, n, received_at, fs, unit, xyz)
SELECT device_id, at, b, n, received_at, fs, unit, xyz FROM pg_temp.staged_waveforms ORDER BY device_id, at, b, n
ON CONFLICT DO NOTHING
RETURNING device_id, at, b, n;

-- name: empty_waveforms
TRUNCATE pg_temp.staged_waveforms;

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
