-- name: lock
SELECT pg_advisory_xact_lock(hashtextextended('vigil-register', 0));

-- name: cell
SELECT code, name_zh, name_en, timezone, demo, loaded_at FROM cell;

-- name: load_cell
INSERT INTO cell (code, name_zh, name_en, timezone, demo, roads, loaded_at)
VALUES (%(code)s, %(name_zh)s, %(name_en)s, %(timezone)s, %(demo)s, %(roads)s, %(now)s)
ON CONFLICT (one) DO UPDATE SET name_zh = excluded.name_zh, name_en = excluded.name_en, timezone = excluded.timezone,
    demo = excluded.demo, roads = excluded.roads, loaded_at = excluded.loaded_at;

-- name: load_layers
INSERT INTO layers (name, geojson)
SELECT key, value::jsonb FROM json_each(%(rows)s::json)
ON CONFLICT (name) DO UPDATE SET geojson = excluded.geojson;

-- name: load_areas
INSERT INTO areas (code, name_zh, name_en, parent, level, outline, demo)
SELECT code, name_zh, name_en, parent, level, outline, demo
FROM json_to_recordset(%(rows)s::json)
    AS r (code text, name_zh text, name_en text, parent text, level text, outline jsonb, demo boolean)
ON CONFLICT (code) DO UPDATE SET name_zh = excluded.name_zh, name_en = excluded.name_en, parent = excluded.parent,
    level = excluded.level, outline = excluded.outline, demo = excluded.demo;

-- name: load_sites
INSERT INTO sites (code, kind, name_zh, name_en, area, address, lon, lat, beds, phone, demo)
SELECT code, kind, name_zh, name_en, area, address, lon, lat, beds, phone, demo
FROM json_to_recordset(%(rows)s::json)
    AS r (code text, kind text, name_zh text, name_en text, area text, address text, lon float8, lat float8, beds integer,
        phone text, demo boolean)
ON CONFLICT (code) DO UPDATE SET kind = excluded.kind, name_zh = excluded.name_zh, name_en = excluded.name_en,
    area = excluded.area, address = excluded.address, lon = excluded.lon, lat = excluded.lat, beds = excluded.beds,
    phone = excluded.phone, demo = excluded.demo;

-- name: load_zones
INSERT INTO zones (code, site_id, parent, kind, name_zh, name_en, floor, beds)
SELECT r.code, sites.site_id, r.parent, r.kind, r.name_zh, r.name_en, r.floor, r.beds
FROM json_to_recordset(%(rows)s::json)
    AS r (code text, site text, parent text, kind text, name_zh text, name_en text, floor integer, beds integer)
JOIN sites ON sites.code = r.site
ON CONFLICT (code) DO UPDATE SET site_id = excluded.site_id, parent = excluded.parent, kind = excluded.kind,
    name_zh = excluded.name_zh, name_en = excluded.name_en, floor = excluded.floor, beds = excluded.beds;

-- name: load_seniors
INSERT INTO seniors (code, site_id, area, zone_id, name, sex, birth_year, phone, tags, ability_level, key_holder, key_note,
    contacts, demo)
SELECT r.code, sites.site_id, sites.area, zones.zone_id, r.name, r.sex, r.birth_year, r.phone, r.tags, r.ability_level,
    r.key_holder, r.key_note, r.contacts, r.demo
FROM json_to_recordset(%(rows)s::json)
    AS r (code text, site text, zone text, name text, sex text, birth_year integer, phone text, tags text[],
        ability_level integer, key_holder text, key_note text, contacts jsonb, demo boolean)
JOIN sites ON sites.code = r.site
LEFT JOIN zones ON zones.code = r.zone
ON CONFLICT (code) DO UPDATE SET site_id = excluded.site_id, area = excluded.area, zone_id = excluded.zone_id,
    name = excluded.name, sex = excluded.sex, birth_year = excluded.birth_year, phone = excluded.phone, tags = excluded.tags,
    ability_level = excluded.ability_level, key_holder = excluded.key_holder, key_note = excluded.key_note,
    contacts = excluded.contacts, demo = excluded.demo;

-- name: load_devices
-- the token and a revocation are not the file's to change
INSERT INTO devices (code, profile, profile_version, site_id, area, zone_id, senior_id, firmware, enrolled_at)
SELECT r.code, r.profile, r.profile_version, sites.site_id, r.area, zones.zone_id, seniors.senior_id, r.firmware, %(now)s
FROM json_to_recordset(%(rows)s::json)
    AS r (code text, profile text, profile_version smallint, site text, zone text, senior text, area text, gateway text,
        firmware text)
JOIN sites ON sites.code = r.site
LEFT JOIN zones ON zones.code = r.zone
LEFT JOIN seniors ON seniors.code = r.senior
ON CONFLICT (code) DO UPDATE SET profile = excluded.profile, profile_version = excluded.profile_version,
    site_id = excluded.site_id, area = excluded.area, zone_id = excluded.zone_id, senior_id = excluded.senior_id,
    firmware = excluded.firmware;

-- name: load_gateways
UPDATE devices SET gateway_id = gateways.device_id
FROM json_to_recordset(%(rows)s::json) AS r (code text, gateway text)
LEFT JOIN devices AS gateways ON gateways.code = r.gateway
WHERE devices.code = r.code AND devices.gateway_id IS DISTINCT FROM gateways.device_id;

-- name: load_responders
INSERT INTO responders (code, name, kind, skills, station_id, area, vehicle, phone, shifts, demo)
SELECT r.code, r.name, r.kind, r.skills, sites.site_id, r.area, r.vehicle, r.phone, r.shifts, r.demo
FROM json_to_recordset(%(rows)s::json)
    AS r (code text, name text, kind text, skills text[], station text, area text, vehicle text, phone text, shifts jsonb,
        demo boolean)
JOIN sites ON sites.code = r.station
ON CONFLICT (code) DO UPDATE SET name = excluded.name, kind = excluded.kind, skills = excluded.skills,
    station_id = excluded.station_id, area = excluded.area, vehicle = excluded.vehicle, phone = excluded.phone,
    shifts = excluded.shifts, demo = excluded.demo;

-- name: load_accounts
-- the password and a lock are not the file's to change
INSERT INTO accounts (login, name, role, scope, responder_id, demo)
SELECT r.login, r.name, r.role, r.scope, responders.responder_id, r.demo
FROM json_to_recordset(%(rows)s::json)
    AS r (login text, name text, role text, scope text, responder text, demo boolean)
LEFT JOIN responders ON responders.code = r.responder
ON CONFLICT (login) DO UPDATE SET name = excluded.name, role = excluded.role, scope = excluded.scope,
    responder_id = excluded.responder_id, demo = excluded.demo;

-- name: roads
SELECT roads FROM cell;

-- name: layer_names
SELECT name FROM layers ORDER BY name;

-- name: layer
SELECT geojson::text FROM layers WHERE name = %(name)s;

-- name: areas
SELECT code, name_zh, name_en, parent, level FROM areas ORDER BY code;

-- name: sites
SELECT code, kind, name_zh, name_en, area, address, lon, lat, beds FROM sites
WHERE %(scope)s::text IS NULL OR within(%(scope)s, area, code)
ORDER BY code;

-- name: zones
SELECT zones.code, sites.code AS site, zones.parent, zones.kind, zones.name_zh, zones.name_en, zones.floor, zones.beds
FROM zones JOIN sites USING (site_id)
ORDER BY zones.code;

-- name: senior_private
SELECT name, phone, key_holder, key_note, contacts FROM seniors WHERE code = %(code)s;

-- name: site_phone
SELECT phone FROM sites WHERE code = %(code)s;

-- name: seniors
SELECT seniors.code, sites.code AS site, seniors.area, coalesce(zones.code, '') AS zone, seniors.name, seniors.sex,
    seniors.birth_year, seniors.tags, seniors.ability_level
FROM seniors JOIN sites USING (site_id) LEFT JOIN zones USING (zone_id)
WHERE %(scope)s::text IS NULL OR within(%(scope)s, seniors.area, sites.code)
ORDER BY seniors.code;
