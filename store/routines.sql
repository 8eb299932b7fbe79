-- name: routines
-- Residents with a learned row, an absence, or both.
SELECT seniors.code AS senior, routines.row, coalesce(away.times, '[]'::jsonb) AS away
FROM seniors
LEFT JOIN routines USING (senior_id)
LEFT JOIN (
    SELECT senior_id, jsonb_agg(jsonb_build_object('since', since, 'until', until, 'why', why) ORDER BY since, absence_id) AS times
    FROM absences GROUP BY senior_id
) AS away USING (senior_id)
WHERE routines.senior_id IS NOT NULL OR away.senior_id IS NOT NULL
ORDER BY seniors.code;

-- name: keep_routine
INSERT INTO routines (senior_id, version, learned_at, days, row)
SELECT senior_id, %(version)s, %(learned_at)s, %(days)s, %(row)s FROM seniors WHERE code = %(senior)s
ON CONFLICT (senior_id) DO UPDATE
    SET version = excluded.version, learned_at = excluded.learned_at, days = excluded.days, row = excluded.row
RETURNING senior_id;

-- name: add_absence
INSERT INTO absences (senior_id, since, until, why, by)
SELECT senior_id, %(since)s, %(until)s, %(why)s, %(by)s FROM seniors WHERE code = %(senior)s
RETURNING absence_id;

-- name: end_absences
-- What has not begun yet never holds: it is over the moment it would begin.
WITH over AS (
    UPDATE absences SET until = greatest(%(at)s, since + interval '1 microsecond')
    FROM seniors WHERE seniors.senior_id = absences.senior_id AND seniors.code = %(senior)s AND absences.until > %(at)s
    RETURNING absence_id
)
SELECT count(*) FROM over;

-- name: absences
SELECT seniors.code AS senior, since, until, why, by FROM absences JOIN seniors USING (senior_id)
WHERE %(senior)s::text IS NULL OR seniors.code = %(senior)s
ORDER BY since, seniors.code;

-- name: last_motion
-- Each device by its index, newest first, so that a day and a half costs one row a device that moved.
SELECT DISTINCT ON (seniors.code) seniors.code AS senior, coalesce(zones.code, devices.code) AS place, newest.at
FROM devices
JOIN seniors USING (senior_id)
LEFT JOIN zones ON zones.zone_id = devices.zone_id
CROSS JOIN LATERAL (
    SELECT at FROM readings
    WHERE readings.device_id = devices.device_id AND at >= %(since)s AND values[1] > 0
    ORDER BY at DESC LIMIT 1
) AS newest
WHERE devices.area = %(area)s AND devices.profile = 'motion_sensor' AND devices.revoked_at IS NULL
ORDER BY seniors.code, newest.at DESC, devices.code;

-- name: learnable
SELECT DISTINCT seniors.code AS senior
FROM devices JOIN seniors USING (senior_id)
WHERE devices.profile = ANY (%(profiles)s) AND (%(senior)s::text IS NULL OR seniors.code = %(senior)s)
ORDER BY seniors.code;

-- name: said_readings
SELECT devices.code AS device, devices.profile, coalesce(zones.code, '') AS zone, readings.at, readings.values
FROM readings JOIN devices USING (device_id) JOIN seniors USING (senior_id) LEFT JOIN zones ON zones.zone_id = devices.zone_id
WHERE seniors.code = %(senior)s AND devices.profile = ANY (%(profiles)s) AND readings.at >= %(since)s
ORDER BY readings.at, devices.code, readings.n;

-- name: said_events
SELECT devices.code AS device, devices.profile, coalesce(zones.code, '') AS zone, events.at, events.kind
FROM events JOIN devices USING (device_id) JOIN seniors USING (senior_id) LEFT JOIN zones ON zones.zone_id = devices.zone_id
WHERE seniors.code = %(senior)s AND events.kind = ANY (%(kinds)s) AND NOT events.drill AND events.at >= %(since)s
ORDER BY events.at, devices.code, events.n;

-- name: left_out
-- While this stood, stillness was no habit: what was raised about the resident, unless staff found that it was nothing, and the silence
-- of a device of the home that would have shown life. One pass over the alarms for all residents.
SELECT seniors.code AS senior, alarms.at AS since, coalesce(alarms.ended_at, alarms.cleared_at, now()) AS until
FROM alarms
JOIN incidents USING (incident_id)
LEFT JOIN devices USING (device_id)
JOIN seniors ON seniors.senior_id = coalesce(alarms.senior_id, devices.senior_id)
WHERE coalesce(alarms.ended_at, alarms.cleared_at, now()) > %(since)s AND NOT alarms.drill AND (
    alarms.kind = ANY (%(kinds)s) AND (incidents.cause IS NULL OR incidents.cause <> ALL (%(nothing)s))
    OR alarms.kind = 'silence' AND devices.profile = ANY (%(eyes)s)
) AND (%(senior)s::text IS NULL OR seniors.code = %(senior)s)
ORDER BY seniors.code, alarms.at, until;
