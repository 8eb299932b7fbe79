-- name: doubts
SELECT devices.code AS device, alarms.at, alarms.reasons, alarms.evidence
FROM alarms JOIN devices USING (device_id)
WHERE alarms.kind = 'sensor_fault' AND alarms.state IN ('active', 'shelved') AND NOT alarms.drill
    AND (%(devices)s::text[] IS NULL OR devices.code = ANY (%(devices)s))
ORDER BY devices.code;
