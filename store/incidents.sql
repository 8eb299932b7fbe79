-- name: lock
SELECT incidents.incident_id AS id, incidents.state, incidents.version, incidents.area, sites.code AS site, incidents.state_at,
    incidents.level, incidents.escalated_at, incidents.acknowledged_by, incidents.pressed_or_fire,
    incidents.kind = 'probe' AS probe,
    CASE WHEN incidents.alike @> incidents.version THEN lower(incidents.alike) ELSE incidents.version END AS alike_from
FROM incidents JOIN sites USING (site_id)
WHERE incidents.incident_id = %(id)s
FOR UPDATE OF incidents;

-- name: login
SELECT login FROM accounts WHERE account_id = %(account)s;

-- name: move
UPDATE incidents SET
    state = %(state)s,
    state_at = CASE WHEN state = %(state)s THEN state_at ELSE %(now)s END,
    version = version + 1,
    alike = CASE WHEN %(aside)s THEN int4range(CASE WHEN alike @> version THEN lower(alike) ELSE version END, version + 2) ELSE alike END,
    rings = rings + %(rings)s,
    escalated_at = CASE WHEN %(event)s = 'expire' THEN NULL ELSE escalated_at END,
    acknowledged_by = CASE %(event)s WHEN 'acknowledge' THEN %(account)s WHEN 'expire' THEN NULL ELSE acknowledged_by END,
    cause = coalesce(%(cause)s, cause),
    note = CASE WHEN %(note)s = '' THEN note ELSE %(note)s END,
    acknowledged_at = CASE WHEN %(stamp)s = 'acknowledged' THEN coalesce(acknowledged_at, %(now)s) ELSE acknowledged_at END,
    offered_at = CASE WHEN %(stamp)s = 'offered' THEN coalesce(offered_at, %(now)s) ELSE offered_at END,
    accepted_at = CASE WHEN %(stamp)s = 'accepted' THEN coalesce(accepted_at, %(now)s) ELSE accepted_at END,
    en_route_at = CASE WHEN %(stamp)s = 'en_route' THEN coalesce(en_route_at, %(now)s) ELSE en_route_at END,
    arrived_at = CASE WHEN %(stamp)s = 'arrived' THEN coalesce(arrived_at, %(now)s) ELSE arrived_at END,
    entered_at = CASE WHEN %(stamp)s = 'entered' THEN coalesce(entered_at, %(now)s) ELSE entered_at END,
    resolved_at = CASE WHEN %(stamp)s = 'resolved' THEN coalesce(resolved_at, %(now)s) ELSE resolved_at END,
    closed_at = CASE WHEN %(stamp)s = 'closed' THEN coalesce(closed_at, %(now)s) ELSE closed_at END
WHERE incident_id = %(id)s
RETURNING version;

-- name: escalate
UPDATE incidents SET version = version + 1, rings = rings + 1, level = %(level)s, escalated_at = %(now)s
WHERE incident_id = %(id)s
RETURNING version;

-- name: offers
SELECT dispatch_id, state, deadline_at, incident_id, accepted_at FROM dispatches
WHERE incident_id = %(id)s AND state IN ('offered', 'accepted');

-- name: end_dispatches
UPDATE dispatches SET ended_at = %(now)s,
    state = CASE WHEN state IN ('arrived', 'entered') THEN 'done' ELSE 'recalled' END
FROM responders
WHERE responders.responder_id = dispatches.responder_id AND dispatches.incident_id = %(id)s
    AND dispatches.state IN ('offered', 'accepted', 'en_route', 'arrived', 'entered')
RETURNING dispatches.dispatch_id, responders.code, dispatches.state;

-- name: mark_shown
-- in the order of alarms.in_lock_order, so that consoles that render the same incidents, and workers that raise alarms in them, wait
-- for each other and do not deadlock
WITH unseen AS (
    SELECT incident_id FROM incidents JOIN sites USING (site_id)
    WHERE incident_id = ANY (%(ids)s) AND shown_at IS NULL
        AND (%(scope)s::text IS NULL OR within(%(scope)s, incidents.area, sites.code))
    ORDER BY hazard COLLATE "C", subject_kind COLLATE "C", subject COLLATE "C", drill, incident_id FOR UPDATE OF incidents
)
UPDATE incidents SET shown_at = %(now)s, version = version + 1,
    alike = int4range(CASE WHEN alike @> version THEN lower(alike) ELSE version END, version + 2)
FROM unseen WHERE incidents.incident_id = unseen.incident_id AND incidents.shown_at IS NULL
RETURNING incidents.incident_id, incidents.version;
