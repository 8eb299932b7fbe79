-- Whether this very message has rung this incident before is asked at every press: thousands may stand on one incident.
CREATE INDEX trail_rang ON trail (incident_id, (data ->> 'by')) WHERE kind = 'rang_again';
