-- name: place_of_site
SELECT sites.area, sites.code FROM sites WHERE code = %(site)s;

-- name: write
INSERT INTO register_log (at, actor, action, device, area, site, data)
VALUES (%(at)s, %(actor)s, %(action)s, %(device)s, %(area)s, %(site)s, %(data)s);

-- name: lines
SELECT line_id AS id, at, actor, action, device, area, site, data FROM register_log
WHERE within(%(scope)s, area, site) AND (%(device)s::text IS NULL OR device = %(device)s)
ORDER BY line_id DESC LIMIT %(limit)s;

-- name: firmware
SELECT devices.profile, coalesce(health.firmware, devices.firmware) AS firmware, count(*)::integer AS devices,
    (count(*) FILTER (WHERE health.firmware IS NOT NULL))::integer AS confirmed, max(health.seen_at) AS last_seen_at
FROM devices
JOIN sites USING (site_id)
LEFT JOIN device_health AS health USING (device_id)
WHERE devices.revoked_at IS NULL AND within(%(scope)s, devices.area, sites.code)
GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2;

-- name: listening_since
-- the worker that has listened longest of those that report: whichever of them holds an area, somebody has held it since
SELECT min(listening_since) FROM workers WHERE lane = 'telemetry' AND at >= %(alive_at)s;

-- name: phones
SELECT seniors.code, seniors.phone FROM seniors JOIN sites USING (site_id)
WHERE seniors.code = ANY (%(codes)s) AND within(%(scope)s, sites.area, sites.code);
