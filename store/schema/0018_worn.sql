-- Where a wearable is worn can be said later, with a line that stays.

ALTER TABLE register_log DROP CONSTRAINT register_log_action_check;
ALTER TABLE register_log ADD CONSTRAINT register_log_action_check CHECK (action IN ('enrolled', 'rotated', 'revoked', 'worn'));
