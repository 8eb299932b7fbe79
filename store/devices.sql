-- name: register
-- In the order of RegisteredDevice.
SELECT devices.device_id, devices.code, devices.profile, devices.profile_version, devices.site_id, sites.code AS site,
    devices.area, devices.zone_id, coalesce(zones.code, '') AS zone, devices.senior_id, coalesce(seniors.code, '') AS senior,
    coalesce(gateways.code, '') AS gateway, devices.firmware, devices.enrolled_at, devices.revoked_at
FROM devices
JOIN sites USING (site_id)
LEFT JOIN zones USING (zone_id)
LEFT JOIN seniors USING (senior_id)
LEFT JOIN devices AS gateways ON gateways.device_id = devices.gateway_id
WHERE %(code)s::text IS NULL OR devices.code = %(code)s
ORDER BY devices.code;

-- name: enrolled
SELECT EXISTS (SELECT FROM devices WHERE code = ANY (%(codes)s));

-- name: credentials
SELECT devices.code, devices.token_sha256, devices.area, sites.code AS site, devices.profile
FROM devices JOIN sites USING (site_id)
WHERE devices.revoked_at IS NULL AND devices.token_sha256 IS NOT NULL
ORDER BY devices.code;

-- name: enrol
INSERT INTO devices (code, profile, profile_version, site_id, area, zone_id, senior_id, gateway_id, firmware, token_sha256, enrolled_at)
SELECT %(code)s, %(profile)s, %(profile_version)s, sites.site_id, sites.area, zones.zone_id, seniors.senior_id, gateways.device_id,
    '', %(token_sha256)s, %(now)s
FROM sites
LEFT JOIN zones ON zones.code = %(zone)s AND zones.site_id = sites.site_id
LEFT JOIN seniors ON seniors.code = %(senior)s AND seniors.site_id = sites.site_id
LEFT JOIN devices AS gateways ON gateways.code = %(gateway)s
WHERE sites.code = %(site)s
ON CONFLICT (code) DO NOTHING
RETURNING device_id;

-- name: missing
-- which of the names that an enrolment gives does not exist: site, zone, senior, gateway
SELECT EXISTS (SELECT FROM sites WHERE code = %(site)s),
    %(zone)s = '' OR EXISTS (SELECT FROM zones JOIN sites USING (site_id) WHERE zones.code = %(zone)s AND sites.code = %(site)s),
    %(senior)s = '' OR EXISTS (SELECT FROM seniors JOIN sites USING (site_id) WHERE seniors.code = %(senior)s AND sites.code = %(site)s),
    %(gateway)s = '' OR EXISTS (SELECT FROM devices WHERE code = %(gateway)s);

-- name: set_profile
UPDATE devices SET profile = %(profile)s, profile_version = %(profile_version)s WHERE code = %(code)s;

-- name: revoke
UPDATE devices SET revoked_at = coalesce(revoked_at, %(now)s) WHERE code = %(code)s RETURNING device_id;

-- name: set_tokens
UPDATE devices SET token_sha256 = given.token_sha256
FROM unnest(%(codes)s::text[], %(tokens)s::bytea[]) AS given (code, token_sha256)
WHERE devices.code = given.code AND devices.token_sha256 IS DISTINCT FROM given.token_sha256;

-- name: unknown_codes
SELECT code FROM unnest(%(codes)s::text[]) AS given (code)
WHERE NOT EXISTS (SELECT FROM devices WHERE devices.code = given.code) ORDER BY code;

-- name: health
SELECT devices.code, devices.profile, sites.code AS site, devices.area, coalesce(zones.code, '') AS zone,
    coalesce(seniors.code, '') AS senior, health.seen_at, health.online, health.online_at, health.telemetry_at, health.event_at,
    health.test_at, health.battery, health.battery_at, health.signal, health.signal_at,
    coalesce(health.firmware, devices.firmware) AS firmware, health.clock_wrong_at, devices.enrolled_at
FROM devices
JOIN sites USING (site_id)
LEFT JOIN zones USING (zone_id)
LEFT JOIN seniors USING (senior_id)
LEFT JOIN device_health AS health USING (device_id)
WHERE devices.revoked_at IS NULL
    AND (%(scope)s::text IS NULL OR within(%(scope)s, devices.area, sites.code))
    AND (%(site)s::text IS NULL OR sites.code = %(site)s)
ORDER BY devices.code;
