-- By which rules (care.safety.RULES) a day was judged. Days of different rules are not compared: a line through both would show a change
-- of the institution where the index has changed. What stands there was judged by the first.

ALTER TABLE safety_days ADD COLUMN rules smallint NOT NULL DEFAULT 1;
ALTER TABLE safety_days ALTER COLUMN rules DROP DEFAULT;
