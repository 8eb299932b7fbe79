-- name: count
-- in key order, so that two callouts wait for each other instead of deadlocking
INSERT INTO refusals AS old (hour, kind, device, subject, first_at, last_at, times)
SELECT date_trunc('hour', at, 'UTC'), kind, known.device, (array_agg(subject ORDER BY at DESC))[1], min(at), max(at), sum(times)
FROM json_to_recordset(%(rows)s::json) AS r (kind text, device text, subject text, at timestamptz, times bigint)
CROSS JOIN LATERAL (SELECT coalesce((SELECT code FROM devices WHERE code = r.device), '') AS device) AS known
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
ON CONFLICT (hour, kind, device) DO UPDATE SET times = old.times + excluded.times, first_at = least(old.first_at, excluded.first_at),
    subject = CASE WHEN excluded.last_at >= old.last_at THEN excluded.subject ELSE old.subject END,
    last_at = greatest(old.last_at, excluded.last_at);

-- name: mark
SELECT inode, place FROM log_marks WHERE name = %(name)s;

-- name: set_mark
INSERT INTO log_marks (name, inode, place) VALUES (%(name)s, %(inode)s, %(place)s)
ON CONFLICT (name) DO UPDATE SET inode = excluded.inode, place = excluded.place;

-- name: listed
SELECT refusals.hour, refusals.kind, refusals.device, coalesce(sites.code, '') AS site, coalesce(devices.area, '') AS area,
    refusals.subject, refusals.first_at, refusals.last_at, refusals.times
FROM refusals
LEFT JOIN devices ON devices.code = refusals.device
LEFT JOIN sites USING (site_id)
WHERE refusals.last_at >= %(since)s AND (refusals.device = '' OR within(%(scope)s, devices.area, sites.code))
ORDER BY refusals.last_at DESC LIMIT %(limit)s;

-- name: totals
SELECT kind, sum(times)::bigint FROM refusals GROUP BY kind ORDER BY kind;
