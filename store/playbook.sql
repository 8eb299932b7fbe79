-- name: stamps
SELECT step, state, at, by, device, reason FROM playbook_steps WHERE incident_id = %(incident)s;

-- name: kinds
SELECT DISTINCT kind FROM alarms WHERE incident_id = %(incident)s ORDER BY kind;

-- name: on_errand
SELECT EXISTS (SELECT FROM dispatches JOIN accounts USING (responder_id)
    WHERE dispatches.incident_id = %(incident)s AND accounts.account_id = %(account)s
        AND dispatches.state IN ('offered', 'accepted', 'en_route', 'arrived', 'entered'));

-- name: put
INSERT INTO playbook_steps (incident_id, step, state, at, by, device, reason)
VALUES (%(incident)s, %(step)s, %(state)s, %(at)s, %(by)s, %(device)s, %(reason)s)
ON CONFLICT (incident_id, step) DO UPDATE
    SET state = excluded.state, at = excluded.at, by = excluded.by, device = excluded.device, reason = excluded.reason;

-- name: take_back
DELETE FROM playbook_steps WHERE incident_id = %(incident)s AND step = %(step)s;

-- name: names
SELECT login, name FROM accounts WHERE login = ANY (%(logins)s);

-- name: went
SELECT zones.code AS zone, min(alarms.at) AS at
FROM alarms JOIN zones USING (zone_id)
WHERE alarms.incident_id = %(incident)s GROUP BY zones.code;

-- name: zones
SELECT zones.code, sites.code AS site, zones.parent, zones.kind, zones.name_zh, zones.name_en, zones.floor, zones.beds
FROM zones JOIN sites USING (site_id) WHERE sites.code = %(site)s;

-- name: residents
SELECT seniors.code, coalesce(zones.code, '') AS zone, seniors.tags, seniors.ability_level
FROM seniors JOIN sites USING (site_id) LEFT JOIN zones USING (zone_id) WHERE sites.code = %(site)s;
