-- name: board
SELECT * FROM cards
WHERE state NOT IN ('closed', 'cancelled') AND (%(scope)s::text IS NULL OR within(%(scope)s, area, site))
ORDER BY priority, raised_at, id;

-- name: by_ids
SELECT * FROM cards
WHERE id = ANY (%(ids)s) AND (%(scope)s::text IS NULL OR within(%(scope)s, area, site))
ORDER BY priority, raised_at, id;

-- name: history
SELECT * FROM cards
WHERE raised_at >= %(since)s AND raised_at < %(until)s AND kind <> 'probe' AND (%(scope)s::text IS NULL OR within(%(scope)s, area, site))
ORDER BY raised_at DESC, id LIMIT %(limit)s;

-- name: dispatches
SELECT * FROM errands WHERE incident = ANY (%(ids)s) ORDER BY offered_at, id;

-- name: dispatches_of_responder
SELECT * FROM errands
WHERE responder = %(code)s AND state IN ('offered', 'accepted', 'en_route', 'arrived', 'entered')
ORDER BY offered_at, id;

-- name: answer_times
-- from reaching us to being answered; what the device buffered before is not the desk's delay, and a drill is not counted
SELECT extract(epoch FROM incidents.acknowledged_at - incidents.received_at)::float8
FROM incidents JOIN sites USING (site_id)
WHERE incidents.received_at >= %(since)s AND incidents.acknowledged_at IS NOT NULL AND NOT incidents.drill
    AND (%(scope)s::text IS NULL OR within(%(scope)s, incidents.area, sites.code))
ORDER BY incidents.received_at;

-- name: alarm_load
SELECT count(*) FROM alarms JOIN sites USING (site_id)
WHERE alarms.stored_at >= %(since)s AND alarms.kind <> 'probe' AND (%(scope)s::text IS NULL OR within(%(scope)s, alarms.area, sites.code));
