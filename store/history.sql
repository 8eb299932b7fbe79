-- name: fold
SELECT fold_readings(%(now)s, %(slice)s);

-- name: expire
SELECT expire(%(now)s, %(most)s);

-- name: rolled_up
SELECT to_regclass('roll_up_state') IS NOT NULL;

-- name: roll_ups_in
SELECT roll_ups_in(%(timezone)s);

-- name: named
SELECT to_regclass('metrics') IS NOT NULL;

-- name: name_metrics
INSERT INTO metrics (profile, position, name, unit)
SELECT profile, position, name, unit
FROM json_to_recordset(%(rows)s::json) AS r (profile text, position smallint, name text, unit text)
ON CONFLICT (profile, position) DO UPDATE SET name = excluded.name, unit = excluded.unit;

-- name: retention
SELECT class, keep, by_policy FROM retention ORDER BY keep NULLS LAST, class;

-- name: source
SELECT device_id, profile,
    ARRAY(SELECT class FROM retention WHERE keep IS NULL OR %(now)s::timestamptz - keep <= %(since)s) AS reaching
FROM devices WHERE code = %(code)s;

-- name: readings
SELECT at, 1::bigint AS count, value::double precision AS mean, value AS low, value AS high FROM (
    SELECT at, b, n, values[%(position)s] AS value FROM readings
    WHERE device_id = %(device_id)s AND at >= %(since)s AND at < %(until)s
) AS r WHERE value IS NOT NULL ORDER BY at, n, b LIMIT %(most)s;

-- name: minutes
SELECT at, count, mean, low, high FROM minutes_of(%(device_id)s, %(position)s, %(since)s, %(until)s) ORDER BY at LIMIT %(most)s;

-- name: hours
SELECT bucket AS at, n AS count, total / n AS mean, low, high FROM readings_by_hour
WHERE device_id = %(device_id)s AND position = %(position)s
    AND bucket > %(since)s::timestamptz - INTERVAL '1 hour' AND bucket < %(until)s
ORDER BY bucket LIMIT %(most)s;

-- name: days
SELECT bucket AS at, n AS count, total / n AS mean, low, high FROM readings_by_day
WHERE device_id = %(device_id)s AND position = %(position)s
    AND bucket > %(since)s::timestamptz - INTERVAL '1 day' AND bucket < %(until)s
ORDER BY bucket LIMIT %(most)s;
