-- name: add
INSERT INTO trail (incident_id, at, kind, actor, data) VALUES (%(incident)s, %(at)s, %(kind)s, %(actor)s, %(data)s);

-- name: note
-- once under an id of its writer's
INSERT INTO trail (incident_id, at, kind, actor, data) VALUES (%(incident)s, %(at)s, 'note', %(actor)s, %(data)s)
ON CONFLICT (incident_id, actor, (data ->> 'id')) WHERE kind = 'note' DO NOTHING RETURNING trail_id;

-- name: noted
SELECT data ->> 'note' FROM trail
WHERE incident_id = %(incident)s AND kind = 'note' AND actor = %(actor)s AND data ->> 'id' = %(id)s;

-- name: of_incident
SELECT trail_id AS id, at, kind, actor, data FROM trail WHERE incident_id = %(incident)s ORDER BY trail_id;
