-- name: raised_before
SELECT alarms.incident_id, incidents.version FROM alarms JOIN incidents USING (incident_id) WHERE alarm_id = %(alarm_id)s;

-- name: lock_incident_of_active
-- the live incident that this condition already stands in, whatever its subject has become since
SELECT incident_id, state, priority FROM incidents
WHERE state IN ('open', 'acknowledged', 'dispatched', 'on_scene') AND incident_id = (
    SELECT incident_id FROM alarms WHERE source = %(source)s AND kind = %(kind)s AND drill = %(drill)s
        AND state IN ('active', 'shelved')
)
FOR UPDATE;

-- name: lock_incident_about
SELECT incident_id, state, priority FROM incidents
WHERE hazard = %(hazard)s AND subject_kind = %(subject_kind)s AND subject = %(subject)s AND drill = %(drill)s
    AND state IN ('open', 'acknowledged', 'dispatched', 'on_scene')
FOR UPDATE;

-- name: open_incident
-- whoever comes second waits here until the first has committed, then gets no row and joins the first one's incident
INSERT INTO incidents (incident_id, hazard, subject_kind, subject, drill, area, site_id, zone_id, senior_id, kind, priority,
    pressed_or_fire, state, state_at, late_s, raised_at, received_at, stored_at)
VALUES (%(incident_id)s, %(hazard)s, %(subject_kind)s, %(subject)s, %(drill)s, %(area)s, %(site_id)s, %(zone_id)s, %(senior_id)s,
    %(kind)s, %(priority)s, %(pressed_or_fire)s, 'open', %(now)s, %(late_s)s, %(at)s, %(received_at)s, %(now)s)
ON CONFLICT DO NOTHING
RETURNING incident_id, state, priority;

-- name: lock_active
SELECT alarm_id, state FROM alarms
WHERE source = %(source)s AND kind = %(kind)s AND drill = %(drill)s AND state IN ('active', 'shelved')
FOR UPDATE;

-- name: rang_before
SELECT version FROM incidents WHERE incident_id = %(incident_id)s AND EXISTS (
    SELECT FROM trail WHERE trail.incident_id = %(incident_id)s AND trail.kind = 'rang_again' AND trail.data ->> 'by' = %(by)s
);

-- name: clear_left_over
-- no path leaves a condition standing in an incident that has ended; if one did, it must not keep new alarms out for ever
UPDATE alarms SET state = 'cleared', cleared_at = %(now)s
FROM incidents
WHERE incidents.incident_id = alarms.incident_id AND incidents.state IN ('resolved', 'closed', 'cancelled')
    AND alarms.source = %(source)s AND alarms.kind = %(kind)s AND alarms.drill = %(drill)s AND alarms.state IN ('active', 'shelved');

-- name: insert_alarm
INSERT INTO alarms (alarm_id, incident_id, source, kind, key, device_id, area, site_id, zone_id, senior_id, priority, state, drill,
    at, received_at, stored_at, late_s, rule_version, reasons, evidence)
VALUES (%(alarm_id)s, %(incident_id)s, %(source)s, %(kind)s, %(key)s, %(device_id)s, %(area)s, %(site_id)s, %(zone_id)s,
    %(senior_id)s, %(priority)s, 'active', %(drill)s, %(at)s, %(received_at)s, %(now)s, %(late_s)s, %(rule_version)s, %(reasons)s,
    %(evidence)s)
ON CONFLICT DO NOTHING
RETURNING alarm_id;

-- name: join_incident
UPDATE incidents SET version = version + 1, rings = rings + %(rings)s,
    kind = CASE WHEN %(priority)s < priority THEN %(kind)s ELSE kind END,
    priority = least(priority, %(priority)s),
    pressed_or_fire = pressed_or_fire OR %(pressed_or_fire)s
WHERE incident_id = %(incident_id)s
RETURNING version;

-- name: touch_incident
UPDATE incidents SET version = version + 1, rings = rings + %(rings)s WHERE incident_id = %(incident_id)s RETURNING version;

-- name: condition_returned
UPDATE alarms SET ended_at = NULL WHERE alarm_id = %(alarm_id)s AND ended_at IS NOT NULL;

-- name: incident_of_active
SELECT incident_id FROM alarms
WHERE source = %(source)s AND kind = %(kind)s AND drill = %(drill)s AND state IN ('active', 'shelved');

-- name: lock_incident
SELECT incident_id FROM incidents WHERE incident_id = %(incident_id)s FOR UPDATE;

-- name: clear
UPDATE alarms SET state = 'cleared', cleared_at = %(at)s
WHERE source = %(source)s AND kind = %(kind)s AND drill = %(drill)s AND state IN ('active', 'shelved')
RETURNING alarm_id;

-- name: end_condition
UPDATE alarms SET ended_at = %(at)s
WHERE source = %(source)s AND kind = %(kind)s AND drill = %(drill)s AND state IN ('active', 'shelved') AND ended_at IS NULL
RETURNING alarm_id;

-- name: clear_all
UPDATE alarms SET state = 'cleared', cleared_at = %(now)s
WHERE incident_id = %(incident_id)s AND state IN ('active', 'shelved');

-- name: active
SELECT source, kind, drill, at, area FROM alarms
WHERE state IN ('active', 'shelved') AND (%(areas)s::text[] IS NULL OR area = ANY (%(areas)s))
ORDER BY source, kind, drill;
