-- name: cause
SELECT cause FROM incidents WHERE incident_id = %(incident)s;

-- name: unconfirmed
-- whether the last word about its cause is that of the house
SELECT data ? 'by_house' FROM trail
WHERE incident_id = %(incident)s AND kind IN ('cause_corrected', 'cause_confirmed')
ORDER BY trail_id DESC LIMIT 1;
