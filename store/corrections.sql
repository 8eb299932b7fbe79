-- name: cause
SELECT cause FROM incidents WHERE incident_id = %(incident)s;
