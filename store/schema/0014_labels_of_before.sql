-- Incidents that had got their cause before there were labels: what that cause says of the windows that were moved here from their
-- alarms, by the table of dispatch/labels.py as it is now. Of a real fall the most probable window is the fall, the others are unknown.
-- What a person has spoken of since then stays.

INSERT INTO labels (window_id, incident_id, verdict, basis, cause, role, judged_at)
SELECT windows.window_id, incidents.incident_id,
    CASE
        WHEN incidents.cause IN ('sat_down_hard', 'dropped_device') THEN 'not_fall'
        WHEN incidents.cause = 'real_fall' AND 1 = row_number() OVER
            (PARTITION BY incidents.incident_id ORDER BY windows.probability DESC, windows.window_id) THEN 'fall'
        ELSE 'unknown'
    END,
    'alarm', incidents.cause, coalesce(said.role, 'unknown'), coalesce(said.at, incidents.closed_at, incidents.state_at)
FROM incidents
JOIN windows ON windows.incident_id = incidents.incident_id AND NOT windows.sampled
LEFT JOIN LATERAL (
    SELECT accounts.role, trail.at FROM trail LEFT JOIN accounts ON accounts.login = trail.actor
    WHERE trail.incident_id = incidents.incident_id AND trail.data ->> 'cause' = incidents.cause
    ORDER BY trail.trail_id DESC LIMIT 1
) AS said ON true
WHERE incidents.state IN ('closed', 'cancelled') AND incidents.cause IS NOT NULL
    AND NOT EXISTS (SELECT FROM labels WHERE labels.incident_id = incidents.incident_id)
ON CONFLICT DO NOTHING;
