-- name: keep
-- Of what was only sampled a device keeps so many a day. Its profile is what it is now: it may be enrolled as another later.
INSERT INTO windows (window_id, sampled, incident_id, device_id, senior_id, at, stored_at, model, probability, first_cell, cells,
    profile)
SELECT %(window_id)s, %(sampled)s, %(incident_id)s, %(device_id)s, %(senior_id)s, %(at)s, %(now)s, %(model)s, %(probability)s,
    %(first_cell)s, %(cells)s, (SELECT profile FROM devices WHERE device_id = %(device_id)s)
WHERE NOT %(sampled)s::boolean OR %(most)s::bigint > (
    SELECT count(*) FROM windows
    WHERE sampled AND device_id = %(device_id)s AND stored_at > %(now)s::timestamptz - interval '1 day'
)
ON CONFLICT DO NOTHING;

-- name: around
-- Windows of an incident, those that it has labelled, and those near it that nobody has spoken of.
WITH found AS (
    SELECT window_id, 'alarm' AS basis, probability FROM windows WHERE incident_id = %(incident)s
    UNION
    SELECT windows.window_id, labels.basis, probability FROM labels JOIN windows USING (window_id)
    WHERE labels.incident_id = %(incident)s
    UNION
    SELECT window_id, 'near', probability FROM incidents JOIN windows
        ON windows.senior_id = incidents.senior_id AND windows.sampled
        AND windows.at BETWEEN incidents.raised_at - %(before)s::interval AND incidents.raised_at + %(after)s::interval
    WHERE incidents.incident_id = %(incident)s AND incidents.hazard = 'person' AND NOT incidents.drill
)
SELECT window_id AS id, basis, probability,
    EXISTS (SELECT FROM labels WHERE labels.window_id = found.window_id AND labels.incident_id = %(incident)s) AS labelled
FROM found ORDER BY window_id;

-- name: label
INSERT INTO labels (window_id, incident_id, verdict, basis, cause, role, judged_at)
VALUES (%(window)s, %(incident)s, %(verdict)s, %(basis)s, %(cause)s, %(role)s, %(now)s)
ON CONFLICT (window_id) DO UPDATE
    SET verdict = excluded.verdict, cause = excluded.cause, role = excluded.role, judged_at = excluded.judged_at;

-- name: spoken_of
UPDATE windows SET sampled = false WHERE sampled AND window_id = ANY (%(windows)s);

-- name: counts
SELECT cause, verdict, basis, count(*)::integer AS labels,
    (count(*) FILTER (WHERE EXISTS (SELECT FROM windows WHERE windows.window_id = labels.window_id)))::integer AS kept,
    min(judged_at) AS first_at, max(judged_at) AS last_at
FROM labels GROUP BY cause, verdict, basis ORDER BY cause, verdict, basis;

-- name: labelled
SELECT windows.window_id AS id, coalesce('senior:' || windows.senior_id, 'device:' || windows.device_id) AS person,
    labels.cause, labels.verdict, labels.basis, windows.at, windows.model, windows.probability, windows.first_cell, windows.cells,
    coalesce(windows.profile, devices.profile) AS profile
FROM labels JOIN windows USING (window_id) JOIN devices USING (device_id)
WHERE labels.verdict <> 'unknown'
ORDER BY windows.window_id;

-- name: passed_over
-- Drills and causes make no difference here: near an incident of a person, or a window that an alarm was raised by or somebody has spoken
-- of, nobody can say of the rest that it was none.
SELECT windows.window_id AS id, coalesce('senior:' || windows.senior_id, 'device:' || windows.device_id) AS person,
    'passed_over' AS cause, 'not_fall' AS verdict, 'near' AS basis, windows.at, windows.model, windows.probability,
    windows.first_cell, windows.cells, coalesce(windows.profile, devices.profile) AS profile
FROM windows JOIN devices USING (device_id)
WHERE windows.sampled AND windows.stored_at < %(until)s
    AND NOT EXISTS (
        SELECT FROM incidents
        WHERE incidents.hazard = 'person' AND incidents.senior_id = windows.senior_id
            AND windows.at BETWEEN incidents.raised_at - %(before)s::interval
                AND greatest(incidents.raised_at, coalesce(incidents.resolved_at, incidents.closed_at)) + %(after)s::interval
    )
    AND NOT EXISTS (
        SELECT FROM windows AS other
        WHERE NOT other.sampled AND other.device_id = windows.device_id
            AND windows.at BETWEEN other.at - %(before)s::interval AND other.at + %(after)s::interval
    )
    AND NOT EXISTS (
        SELECT FROM windows AS other
        WHERE NOT other.sampled AND other.senior_id = windows.senior_id
            AND windows.at BETWEEN other.at - %(before)s::interval AND other.at + %(after)s::interval
    )
ORDER BY windows.window_id;
