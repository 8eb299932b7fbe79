-- name: outcomes
-- closed incidents of fire, gas and people, an incident once a device; those before a device's last task have had their task
SELECT DISTINCT devices.code AS device, incidents.raised_at AS at, incidents.cause, incidents.incident_id
FROM incidents
JOIN alarms USING (incident_id)
JOIN devices ON devices.device_id = alarms.device_id
WHERE incidents.raised_at >= %(since)s AND incidents.raised_at <= %(now)s AND incidents.state = 'closed'
    AND incidents.hazard <> 'technical' AND NOT incidents.drill AND incidents.cause IS NOT NULL AND devices.revoked_at IS NULL
    AND (NOT %(untold)s OR NOT EXISTS (
        SELECT FROM alarms AS tasks
        WHERE tasks.source = devices.code AND tasks.kind = 'maintenance_due' AND tasks.at >= incidents.raised_at
    ));

-- name: open_tasks
SELECT source AS device, incident_id AS incident, at FROM alarms
WHERE kind = 'maintenance_due' AND state IN ('active', 'shelved') ORDER BY source;
