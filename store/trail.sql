-- name: add
INSERT INTO trail (incident_id, at, kind, actor, data) VALUES (%(incident)s, %(at)s, %(kind)s, %(actor)s, %(data)s);

-- name: of_incident
SELECT trail_id AS id, at, kind, actor, data FROM trail WHERE incident_id = %(incident)s ORDER BY trail_id;
