-- name: cell
SELECT cell.code, cell.timezone, cell.demo OR coalesce(areas.demo, false) AS demo, coalesce(areas.name_zh, '') AS area_zh,
    coalesce(areas.name_en, '') AS area_en
FROM cell LEFT JOIN areas ON areas.code = %(area)s;

-- name: of_incident
SELECT identifier, msg_type, sender, sent, expires, said, body FROM cap_messages WHERE incident_id = %(incident)s ORDER BY number;

-- name: add
INSERT INTO cap_messages (identifier, incident_id, number, msg_type, sender, sent, expires, said, body, by)
VALUES (%(identifier)s, %(incident)s, %(number)s, %(msg_type)s, %(sender)s, %(sent)s, %(expires)s, %(said)s, %(body)s, %(by)s);
