-- name: sirens
SELECT devices.device_id, devices.code AS device, coalesce(zones.name_zh, '') AS zone_zh, coalesce(zones.name_en, '') AS zone_en,
    devices.area, sites.code AS site, device_health.online, device_health.seen_at
FROM devices JOIN sites USING (site_id) LEFT JOIN zones ON zones.zone_id = devices.zone_id
LEFT JOIN device_health USING (device_id)
WHERE sites.code = %(site)s AND devices.profile = 'siren' AND devices.revoked_at IS NULL
ORDER BY devices.code;

-- name: told
SELECT commands.command_id AS id, commands.incident_id AS incident, devices.code AS device, commands.act, commands.seconds,
    commands.by, commands.at, commands.expires_at, commands.sent_at, commands.answered_at, commands.done, commands.unanswered_at,
    incidents.kind, incidents.drill,
    incidents.state NOT IN ('closed', 'cancelled') AND incidents.site_id = devices.site_id AS open
FROM commands JOIN devices USING (device_id) JOIN sites USING (site_id) JOIN incidents USING (incident_id)
WHERE sites.code = %(site)s AND (commands.incident_id = %(incident)s OR commands.at > %(since)s)
ORDER BY commands.at, commands.command_id;

-- name: hold_orders
-- the site's orders first, then incidents, then sirens; whoever sends to a siren holds neither
SELECT pg_advisory_xact_lock(hashtextextended('orders ' || sites.code, 0)) FROM incidents JOIN sites USING (site_id)
WHERE incident_id = %(incident)s;

-- name: hold_incidents
-- in the order of alarms.in_lock_order
SELECT incidents.incident_id FROM incidents
WHERE incidents.incident_id = %(incident)s OR (
    incidents.site_id = (SELECT site_id FROM incidents WHERE incident_id = %(incident)s)
    AND incidents.state NOT IN ('closed', 'cancelled')
    AND EXISTS (SELECT FROM commands WHERE commands.incident_id = incidents.incident_id AND commands.at > %(since)s))
ORDER BY hazard COLLATE "C", subject_kind COLLATE "C", subject COLLATE "C", drill, incident_id FOR UPDATE;

-- name: kind
SELECT kind FROM incidents WHERE incident_id = %(incident)s;

-- name: hold
SELECT pg_advisory_xact_lock(hashtextextended('siren ' || %(device)s, 0));

-- name: order
INSERT INTO commands (command_id, incident_id, device_id, act, seconds, by, at, expires_at)
VALUES (%(id)s, %(incident)s, %(device_id)s, %(act)s, %(seconds)s, %(by)s, %(at)s, %(expires_at)s);

-- name: pending
SELECT commands.command_id AS id, commands.incident_id AS incident, devices.code AS device, devices.area, sites.code AS site,
    commands.act, commands.seconds, commands.at, commands.expires_at, commands.sent_at, commands.unanswered_at,
    incidents.site_id <> devices.site_id AS moved
FROM commands JOIN devices USING (device_id) JOIN sites USING (site_id) JOIN incidents USING (incident_id)
WHERE commands.answered_at IS NULL AND commands.at > %(since)s AND devices.revoked_at IS NULL AND NOT EXISTS (
    SELECT FROM commands AS later
    WHERE later.device_id = commands.device_id AND (later.at, later.command_id) > (commands.at, commands.command_id))
ORDER BY commands.at, commands.command_id;

-- name: stands
SELECT commands.command_id FROM commands JOIN devices USING (device_id) JOIN incidents USING (incident_id)
WHERE commands.command_id = %(id)s AND commands.answered_at IS NULL AND commands.expires_at > %(now)s
    AND (commands.act = 'siren_off' OR incidents.site_id = devices.site_id) AND NOT EXISTS (
    SELECT FROM commands AS later
    WHERE later.device_id = commands.device_id AND (later.at, later.command_id) > (commands.at, commands.command_id));

-- name: sent
UPDATE commands SET sent_at = %(now)s WHERE command_id = %(id)s AND sent_at IS NULL;

-- name: answers
-- an answer counts only from the device that was told
SELECT DISTINCT ON (commands.command_id) commands.command_id AS id, commands.incident_id AS incident, devices.code AS device,
    commands.act, acks.done, acks.received_at AS at
FROM commands JOIN acks ON acks.command = commands.command_id::text AND acks.device_id = commands.device_id
JOIN devices ON devices.device_id = commands.device_id
WHERE commands.answered_at IS NULL AND commands.at > %(since)s
ORDER BY commands.command_id, acks.received_at;

-- name: answered
UPDATE commands SET answered_at = %(at)s, done = %(done)s WHERE command_id = %(id)s AND answered_at IS NULL RETURNING command_id;

-- name: unanswered
UPDATE commands SET unanswered_at = %(now)s
WHERE command_id = %(id)s AND answered_at IS NULL AND unanswered_at IS NULL RETURNING command_id;

-- name: others
-- the other open incidents of its site that had told its siren something before
SELECT DISTINCT others.incident_id FROM commands AS one
JOIN incidents AS own ON own.incident_id = one.incident_id
JOIN commands AS before ON before.device_id = one.device_id AND before.at < one.at AND before.at > one.at - %(sounds)s::interval
JOIN incidents AS others ON others.incident_id = before.incident_id AND others.site_id = own.site_id
WHERE one.command_id = %(command)s AND others.incident_id <> own.incident_id AND others.state NOT IN ('closed', 'cancelled')
ORDER BY others.incident_id;
