-- name: sites
-- institutions of a scope (without one, everywhere; of one code), with the day that it is there
SELECT sites.code AS site, sites.area, sites.name_zh, sites.name_en, sites.beds,
    (%(now)s::timestamptz AT TIME ZONE coalesce((SELECT timezone FROM cell), 'UTC'))::date AS today
FROM sites
WHERE sites.kind = 'institution' AND (%(scope)s::text IS NULL OR within(%(scope)s, sites.area, sites.code))
    AND (%(site)s::text IS NULL OR sites.code = %(site)s)
ORDER BY sites.code;

-- name: zones
SELECT sites.code AS site, zones.code, zones.parent, zones.kind, zones.name_zh, zones.name_en
FROM zones JOIN sites USING (site_id) WHERE sites.code = ANY (%(sites)s) ORDER BY zones.code;

-- name: devices
-- what bears on fire, with how long its profile may be silent, what was last heard of it, and since when something is the matter
SELECT sites.code AS site, devices.code, devices.profile, coalesce(zones.code, '') AS zone, profiles.silent_after,
    devices.enrolled_at, health.seen_at, health.online, health.battery, health.test_at, wrong.faulty_since, wrong.warning_since
FROM devices
JOIN unnest(%(profiles)s::text[], %(silent_after)s::interval[]) AS profiles (profile, silent_after) USING (profile)
JOIN sites USING (site_id)
LEFT JOIN zones USING (zone_id)
LEFT JOIN device_health AS health USING (device_id)
LEFT JOIN (
    SELECT device_id, min(at) FILTER (WHERE kind = 'sensor_fault') AS faulty_since,
        min(at) FILTER (WHERE kind IN ('residual_current', 'cable_heat')) AS warning_since
    FROM alarms
    WHERE state IN ('active', 'shelved') AND ended_at IS NULL AND NOT drill
        AND kind IN ('sensor_fault', 'residual_current', 'cable_heat')
    GROUP BY device_id
) AS wrong USING (device_id)
WHERE devices.revoked_at IS NULL AND sites.code = ANY (%(sites)s)
ORDER BY devices.code;

-- name: incidents
-- those that reached us in the window (what was raised up to a week before it may have), and those that are live, however old; who
-- cancels one without having acknowledged it has answered it, and it is over
SELECT sites.code AS site, incidents.incident_id AS id, incidents.kind, incidents.priority::integer AS priority,
    coalesce(incidents.received_at, incidents.raised_at) AS began_at,
    coalesce(incidents.acknowledged_at, incidents.closed_at) AS acknowledged_at, incidents.arrived_at,
    coalesce(incidents.resolved_at, incidents.closed_at) AS resolved_at, incidents.cause,
    (SELECT min(alarms.received_at) FROM alarms
        WHERE alarms.incident_id = incidents.incident_id AND alarms.priority = 1) AS emergency_at,
    (SELECT own.data ->> 'before' FROM trail AS own
        WHERE own.incident_id = incidents.incident_id AND own.kind = 'cause_corrected' AND own.data ? 'by_house'
            AND own.trail_id > coalesce((
                SELECT max(other.trail_id) FROM trail AS other
                WHERE other.incident_id = incidents.incident_id AND other.kind IN ('cause_corrected', 'cause_confirmed')
                    AND NOT other.data ? 'by_house'
            ), 0)
        ORDER BY own.trail_id LIMIT 1) AS stood
FROM incidents JOIN sites USING (site_id)
WHERE (incidents.raised_at >= %(since)s::timestamptz - INTERVAL '8 days' AND coalesce(incidents.received_at, incidents.raised_at) >= %(since)s
        OR incidents.state IN ('open', 'acknowledged', 'dispatched', 'on_scene'))
    AND incidents.hazard IN ('fire', 'gas_co') AND NOT incidents.drill AND sites.code = ANY (%(sites)s)
ORDER BY incidents.raised_at DESC;

-- name: gauges
-- the newest reading of each gauge (exit, water), and its last days by the hour: the lowest, the last that was blocked; and in how many
-- minutes an exit was, looked up only in the hours in which it ever was
SELECT devices.code, newest.value::float8 AS value, newest.at AS value_at,
    CASE devices.profile WHEN 'water_pressure' THEN hours.low ELSE hours.high END::float8 AS worst,
    CASE devices.profile WHEN 'water_pressure' THEN hours.low_at ELSE hours.high_at END AS worst_at,
    coalesce(blocked.minutes, 0) AS blocked_minutes
FROM devices
JOIN sites USING (site_id)
LEFT JOIN LATERAL (
    SELECT readings.at, readings.values[1] AS value FROM readings
    WHERE readings.device_id = devices.device_id AND readings.at >= %(oldest)s AND readings.values[1] IS NOT NULL
    ORDER BY readings.at DESC LIMIT 1
) AS newest ON true
LEFT JOIN LATERAL (
    SELECT min(low) AS low, max(high) AS high, (array_agg(bucket ORDER BY low, bucket DESC))[1] AS low_at,
        max(bucket) FILTER (WHERE high >= 0.5) AS high_at,
        array_agg(bucket) FILTER (WHERE high >= 0.5 AND devices.profile = 'exit_monitor') AS blocked
    FROM readings_by_hour AS r
    WHERE r.device_id = devices.device_id AND r.position = 1 AND r.bucket >= %(since)s AND r.bucket < %(now)s
) AS hours ON true
LEFT JOIN LATERAL (
    SELECT count(DISTINCT m.at) AS minutes
    FROM unnest(hours.blocked) AS h (bucket),
        minutes_of(devices.device_id, 1, h.bucket, least(h.bucket + INTERVAL '1 hour', %(now)s)) AS m
    WHERE m.high >= 0.5
) AS blocked ON true
WHERE devices.revoked_at IS NULL AND sites.code = ANY (%(sites)s) AND devices.profile = ANY (%(profiles)s);

-- name: checks
-- what the index needs, and what was withdrawn of it: a year and a day; however old, what waits to be put right, and the newest of a kind
SELECT sites.code AS site, checks.check_id AS id, checks.kind, checks.done_on, checks.result, checks.defects, checks.rectify_by,
    checks.follows, checks.by_whom, checks.note, checks.entered_by, checks.entered_at, checks.demo, gone.withdrawn_at,
    coalesce(gone.withdrawn_by, '') AS withdrawn_by, coalesce(gone.why, '') AS withdrawn_why
FROM safety_checks AS checks
JOIN sites USING (site_id)
LEFT JOIN safety_withdrawals AS gone USING (check_id)
WHERE sites.code = ANY (%(sites)s) AND (
    checks.done_on >= %(since)s
    OR (gone.check_id IS NULL AND checks.result = 'defects' AND NOT EXISTS (
        SELECT FROM safety_checks AS mended
        WHERE mended.follows = checks.check_id AND mended.site_id = checks.site_id AND mended.result = 'passed'
            AND NOT EXISTS (SELECT FROM safety_withdrawals AS undone WHERE undone.check_id = mended.check_id)
    ))
    OR (gone.check_id IS NULL AND NOT EXISTS (
        SELECT FROM safety_checks AS newer
        WHERE newer.site_id = checks.site_id AND newer.kind = checks.kind AND newer.done_on > checks.done_on
            AND NOT EXISTS (SELECT FROM safety_withdrawals AS undone WHERE undone.check_id = newer.check_id)
    ))
)
ORDER BY checks.done_on DESC, checks.entered_at DESC, checks.check_id;

-- name: place_of
SELECT checks.done_on, checks.entered_at, checks.check_id FROM safety_checks AS checks JOIN sites USING (site_id)
WHERE checks.check_id = %(id)s AND sites.code = %(site)s;

-- name: older
-- of the whole register, what comes after this place in the order of the one above
SELECT %(site)s::text AS site, checks.check_id AS id, checks.kind, checks.done_on, checks.result, checks.defects, checks.rectify_by,
    checks.follows, checks.by_whom, checks.note, checks.entered_by, checks.entered_at, checks.demo, gone.withdrawn_at,
    coalesce(gone.withdrawn_by, '') AS withdrawn_by, coalesce(gone.why, '') AS withdrawn_why
FROM safety_checks AS checks
LEFT JOIN safety_withdrawals AS gone USING (check_id)
WHERE checks.site_id = (SELECT site_id FROM sites WHERE code = %(site)s) AND checks.done_on <= %(done_on)s AND (
    checks.done_on < %(done_on)s
    OR checks.entered_at < %(entered_at)s
    OR (checks.entered_at = %(entered_at)s AND checks.check_id > %(id)s)
)
ORDER BY checks.done_on DESC, checks.entered_at DESC, checks.check_id LIMIT %(most)s;

-- name: days
-- what other rules made of a day is kept, and is not to be compared
SELECT sites.code AS site, days.day, days.score, days.proven, days.lost, days.unknown, days.demo
FROM safety_days AS days JOIN sites USING (site_id)
WHERE sites.code = ANY (%(sites)s) AND days.day >= %(since)s AND days.rules = %(rules)s
ORDER BY sites.code, days.day;

-- name: moved
-- by how much each criterion has proven more on the last day of these that has a score than on the first
SELECT key, (ends.after -> key ->> 1)::float8 - (ends.before -> key ->> 1)::float8 AS points
FROM (
    SELECT (array_agg(days.criteria ORDER BY days.day))[1] AS before, (array_agg(days.criteria ORDER BY days.day DESC))[1] AS after
    FROM safety_days AS days JOIN sites USING (site_id)
    WHERE sites.code = %(site)s AND days.day >= %(since)s AND days.rules = %(rules)s AND days.score IS NOT NULL
    HAVING count(*) > 1
) AS ends, jsonb_object_keys(ends.before) AS key;

-- name: has_day
SELECT EXISTS (SELECT FROM safety_days WHERE day = %(day)s AND NOT demo);

-- name: keep_days
-- whoever comes first writes a day; what is written stays
INSERT INTO safety_days (site_id, day, score, proven, lost, unknown, criteria, at, demo, rules)
SELECT sites.site_id, r.day, r.score, r.proven, r.lost, r.unknown, r.criteria, r.at, r.demo, %(rules)s
FROM json_to_recordset(%(rows)s::json)
    AS r (site text, day date, score real, proven real, lost real, unknown real, criteria jsonb, at timestamptz, demo boolean)
JOIN sites ON sites.code = r.site
ON CONFLICT (site_id, day) DO NOTHING;

-- name: enter
INSERT INTO safety_checks (check_id, site_id, kind, done_on, result, defects, rectify_by, follows, by_whom, note, entered_by,
    entered_at, demo)
SELECT r.id, sites.site_id, r.kind, r.done_on, r.result, r.defects, r.rectify_by, r.follows, r.by_whom, r.note, r.entered_by,
    r.entered_at, r.demo
FROM json_to_recordset(%(rows)s::json)
    AS r (id uuid, site text, kind text, done_on date, result text, defects integer, rectify_by date, follows uuid, by_whom text,
        note text, entered_by text, entered_at timestamptz, demo boolean)
JOIN sites ON sites.code = r.site
ORDER BY r.follows IS NOT NULL
ON CONFLICT (check_id) DO NOTHING
RETURNING check_id;

-- name: check
SELECT sites.code AS site, sites.area, checks.check_id AS id, checks.kind, checks.result, checks.entered_by,
    gone.check_id IS NOT NULL AS withdrawn
FROM safety_checks AS checks
JOIN sites USING (site_id)
LEFT JOIN safety_withdrawals AS gone USING (check_id)
WHERE checks.check_id = %(id)s;

-- name: withdraw
INSERT INTO safety_withdrawals (check_id, why, withdrawn_by, withdrawn_at)
VALUES (%(id)s, %(why)s, %(by)s, %(at)s)
ON CONFLICT (check_id) DO NOTHING;
