-- name: responder_id
SELECT responder_id FROM responders WHERE code = %(code)s;

-- name: standing
SELECT dispatch_id FROM dispatches
WHERE incident_id = %(incident)s AND responder_id = %(responder_id)s
    AND state IN ('offered', 'accepted', 'en_route', 'arrived', 'entered');

-- name: attempts
SELECT count(*) FROM dispatches WHERE incident_id = %(incident)s AND responder_id = %(responder_id)s;

-- name: insert
-- dispatches_one_errand decides between two desks that send the same responder at once: the second waits, then gets no row
INSERT INTO dispatches (dispatch_id, incident_id, responder_id, attempt, state, offered_by, offered_at, deadline_at, travel_s,
    distance_m, route, ranking)
VALUES (%(id)s, %(incident)s, %(responder_id)s, %(attempt)s, 'offered', %(account)s, %(now)s, %(deadline)s, %(travel_s)s,
    %(distance_m)s, %(route)s, %(ranking)s)
ON CONFLICT DO NOTHING
RETURNING dispatch_id;

-- name: incident_of
SELECT incident_id FROM dispatches WHERE dispatch_id = %(id)s;

-- name: lock
SELECT dispatches.dispatch_id AS id, dispatches.state, dispatches.responder_id, responders.code AS responder,
    (SELECT count(*) FROM dispatches AS others WHERE others.incident_id = dispatches.incident_id
        AND others.dispatch_id <> dispatches.dispatch_id
        AND others.state IN ('offered', 'accepted', 'en_route', 'arrived', 'entered')) AS others_active
FROM dispatches JOIN responders USING (responder_id)
WHERE dispatches.dispatch_id = %(id)s
FOR UPDATE OF dispatches;

-- name: own
SELECT EXISTS (SELECT FROM accounts WHERE account_id = %(account)s AND responder_id = %(responder_id)s);

-- name: move
UPDATE dispatches SET
    state = %(state)s,
    accepted_at = CASE WHEN %(state)s = 'accepted' THEN %(now)s ELSE accepted_at END,
    en_route_at = CASE WHEN %(state)s = 'en_route' THEN %(now)s ELSE en_route_at END,
    arrived_at = CASE WHEN %(state)s = 'arrived' THEN %(now)s ELSE arrived_at END,
    entered_at = CASE WHEN %(state)s = 'entered' THEN %(now)s ELSE entered_at END,
    ended_at = CASE WHEN %(state)s IN ('done', 'declined', 'timed_out', 'recalled') THEN %(now)s ELSE ended_at END
WHERE dispatch_id = %(id)s;

-- name: incident_clocks
SELECT incident_id, state, state_at, level, escalated_at, kind = 'probe' AS probe FROM incidents
WHERE state IN ('open', 'acknowledged', 'dispatched', 'on_scene') ORDER BY priority, state_at, incident_id;

-- name: dispatch_clocks
SELECT dispatch_id, state, deadline_at, incident_id, accepted_at FROM dispatches
WHERE state IN ('offered', 'accepted') ORDER BY deadline_at, dispatch_id;
