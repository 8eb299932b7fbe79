-- What is done beside an incident's handling (a step is stamped, a siren is told, a message is handed out) makes a new version, so that
-- every console reads it again; but an act that was decided on the version before is as good as on this one. `alike` holds the newest
-- run of such versions, first to last; it counts only while the incident's version is in it.

ALTER TABLE incidents ADD COLUMN alike int4range NOT NULL DEFAULT 'empty';
