-- name: alarms
SELECT alarms.alarm_id AS id, alarms.incident_id AS incident, alarms.source, alarms.kind, devices.code AS device, devices.profile,
    coalesce(zones.code, '') AS zone, alarms.device_id, alarms.priority, alarms.state, alarms.at, alarms.received_at, alarms.stored_at, alarms.cleared_at,
    alarms.ended_at, alarms.late_s, alarms.rule_version, alarms.reasons, alarms.evidence, alarms.drill
FROM alarms LEFT JOIN devices USING (device_id) LEFT JOIN zones ON zones.zone_id = alarms.zone_id
WHERE alarms.incident_id = %(incident)s
ORDER BY alarms.stored_at, alarms.alarm_id;
