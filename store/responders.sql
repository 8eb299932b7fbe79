-- name: responders
-- of a scope, and who serves a desk: one of a house has its own staff and those in whose area it lies, one of an area whoever is nearest
SELECT responders.code, responders.name, responders.kind, responders.skills, responders.vehicle, responders.area,
    sites.code AS station, sites.lon AS station_lon, sites.lat AS station_lat, responders.lon, responders.lat, responders.position_at,
    responders.shifts, EXISTS (
        SELECT FROM dispatches WHERE dispatches.responder_id = responders.responder_id
            AND dispatches.state IN ('offered', 'accepted', 'en_route', 'arrived', 'entered')
    ) AS busy, responders.demo
FROM responders JOIN sites ON sites.site_id = responders.station_id
WHERE (%(scope)s::text IS NULL OR within(%(scope)s, responders.area, sites.code))
    AND (%(code)s::text IS NULL OR responders.code = %(code)s)
    AND (%(desk)s::text IS NULL OR (%(desk)s <> '' AND (NOT starts_with(%(desk)s, 'site:') OR EXISTS (
        SELECT FROM sites AS house WHERE 'site:' || house.code = %(desk)s
            AND (house.site_id = responders.station_id OR (responders.area <> '' AND starts_with(house.area, responders.area)))
    ))))
ORDER BY responders.code;

-- name: phones
-- whom an area's desk has sent; a house has those who are on their way to it or stand in it, and its own staff
SELECT DISTINCT responders.code, responders.phone
FROM dispatches JOIN responders USING (responder_id) JOIN sites AS stations ON stations.site_id = responders.station_id
WHERE dispatches.incident_id = %(incident)s AND responders.phone <> ''
    AND (dispatches.state IN ('offered', 'accepted', 'en_route', 'arrived', 'entered')
        OR (%(desk)s <> '' AND NOT starts_with(%(desk)s, 'site:')) OR within(%(desk)s, '', stations.code));

-- name: set_position
-- two phones, or one message that overtook another: a position never moves back in time
UPDATE responders SET lon = %(lon)s, lat = %(lat)s, position_at = %(at)s
WHERE code = %(code)s AND (position_at IS NULL OR position_at <= %(at)s)
RETURNING code;

-- name: exists
SELECT EXISTS (SELECT FROM responders WHERE code = %(code)s);
