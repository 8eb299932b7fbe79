-- A note is written once under the id that the page drew for it, however often it is sent; notes without one are told apart by nothing.

CREATE UNIQUE INDEX trail_notes_once ON trail (incident_id, actor, (data ->> 'id')) WHERE kind = 'note';
