-- name: rejected
SELECT lane, topic, area, reason, payload, first_at, last_at, times FROM rejected
WHERE %(scope)s::text IS NULL OR within(%(scope)s, area, '')
ORDER BY last_at DESC LIMIT %(limit)s;

-- name: touch_health
-- newer wins field by field and nothing moves back; rows in device order, so that two lanes wait for each other and do not deadlock
WITH told AS (
    SELECT device_id, max(seen_at) AS seen_at,
        (array_agg(online ORDER BY coalesce(online_at, seen_at) DESC) FILTER (WHERE online IS NOT NULL))[1] AS online,
        max(coalesce(online_at, seen_at)) FILTER (WHERE online IS NOT NULL) AS online_at,
        max(telemetry_at) AS telemetry_at, max(event_at) AS event_at, max(test_at) AS test_at,
        (array_agg(battery ORDER BY seen_at DESC NULLS LAST) FILTER (WHERE battery IS NOT NULL))[1] AS battery,
        max(seen_at) FILTER (WHERE battery IS NOT NULL) AS battery_at,
        (array_agg(signal ORDER BY seen_at DESC NULLS LAST) FILTER (WHERE signal IS NOT NULL))[1] AS signal,
        max(seen_at) FILTER (WHERE signal IS NOT NULL) AS signal_at,
        (array_agg(firmware ORDER BY seen_at DESC NULLS LAST) FILTER (WHERE firmware IS NOT NULL))[1] AS firmware,
        max(clock_wrong_at) AS clock_wrong_at
    FROM json_to_recordset(%(rows)s::json)
        AS r (device_id integer, seen_at timestamptz, online boolean, telemetry_at timestamptz, event_at timestamptz,
            test_at timestamptz, battery real, signal real, firmware text, clock_wrong_at timestamptz, online_at timestamptz)
    GROUP BY device_id
)
INSERT INTO device_health AS old (device_id, seen_at, online, online_at, telemetry_at, event_at, test_at, battery, battery_at, signal,
    signal_at, firmware, clock_wrong_at)
SELECT device_id, seen_at, online, online_at, telemetry_at, event_at, test_at, battery, battery_at, signal, signal_at, firmware,
    clock_wrong_at
FROM told ORDER BY device_id
ON CONFLICT (device_id) DO UPDATE SET
    seen_at = greatest(old.seen_at, excluded.seen_at),
    online = CASE WHEN excluded.online_at >= coalesce(old.online_at, '-infinity') THEN excluded.online ELSE old.online END,
    online_at = greatest(old.online_at, excluded.online_at),
    telemetry_at = greatest(old.telemetry_at, excluded.telemetry_at),
    event_at = greatest(old.event_at, excluded.event_at),
    test_at = greatest(old.test_at, excluded.test_at),
    battery = CASE WHEN excluded.battery_at >= coalesce(old.battery_at, '-infinity') THEN excluded.battery ELSE old.battery END,
    battery_at = greatest(old.battery_at, excluded.battery_at),
    signal = CASE WHEN excluded.signal_at >= coalesce(old.signal_at, '-infinity') THEN excluded.signal ELSE old.signal END,
    signal_at = greatest(old.signal_at, excluded.signal_at),
    firmware = CASE WHEN excluded.seen_at >= coalesce(old.seen_at, '-infinity') THEN coalesce(excluded.firmware, old.firmware)
        ELSE coalesce(old.firmware, excluded.firmware) END,
    clock_wrong_at = greatest(old.clock_wrong_at, excluded.clock_wrong_at);

-- name: touch_readings
-- the same for devices of which there is nothing but readings, one row a device: without what costs most above
INSERT INTO device_health AS old (device_id, seen_at, telemetry_at, battery, battery_at, signal, signal_at)
SELECT device_id, seen_at, telemetry_at, battery, battery_at, signal, signal_at
FROM unnest(%(device_id)s::int4[], %(seen_at)s::timestamptz[], %(telemetry_at)s::timestamptz[], %(battery)s::float4[],
        %(battery_at)s::timestamptz[], %(signal)s::float4[], %(signal_at)s::timestamptz[])
    AS r (device_id, seen_at, telemetry_at, battery, battery_at, signal, signal_at)
ORDER BY device_id
ON CONFLICT (device_id) DO UPDATE SET
    seen_at = greatest(old.seen_at, excluded.seen_at),
    telemetry_at = greatest(old.telemetry_at, excluded.telemetry_at),
    battery = CASE WHEN excluded.battery_at >= coalesce(old.battery_at, '-infinity') THEN excluded.battery ELSE old.battery END,
    battery_at = greatest(old.battery_at, excluded.battery_at),
    signal = CASE WHEN excluded.signal_at >= coalesce(old.signal_at, '-infinity') THEN excluded.signal ELSE old.signal END,
    signal_at = greatest(old.signal_at, excluded.signal_at);

-- name: last_seen
SELECT devices.code, device_health.seen_at
FROM devices LEFT JOIN device_health USING (device_id)
WHERE devices.revoked_at IS NULL AND (%(area)s::text IS NULL OR devices.area = %(area)s);

-- name: worker_alive
INSERT INTO workers (worker, lane, started_at, at, stats) VALUES (%(worker)s, %(lane)s, %(started_at)s, %(at)s, %(stats)s)
ON CONFLICT (worker) DO UPDATE SET lane = excluded.lane, started_at = excluded.started_at, at = excluded.at, stats = excluded.stats;

-- name: workers
SELECT worker, lane, started_at, at, stats FROM workers ORDER BY worker;

-- name: probes
-- every probe of the register with what it said last; the report is the row of the worker that has the device's code for a name
SELECT devices.code, workers.started_at, workers.at, workers.stats
FROM devices LEFT JOIN workers ON workers.worker = devices.code AND workers.lane = 'probe'
WHERE devices.profile = 'probe' AND devices.revoked_at IS NULL
ORDER BY devices.code;
