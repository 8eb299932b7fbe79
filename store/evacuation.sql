-- name: sent_there
SELECT EXISTS (
    SELECT FROM dispatches JOIN accounts USING (responder_id)
    WHERE dispatches.incident_id = %(incident)s AND accounts.account_id = %(account)s
        AND dispatches.state IN ('offered', 'accepted', 'en_route', 'arrived', 'entered')
);
