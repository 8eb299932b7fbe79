-- name: responders
SELECT responders.code, responders.name, responders.kind, responders.skills, responders.vehicle, responders.area,
    sites.code AS station, sites.lon AS station_lon, sites.lat AS station_lat, responders.lon, responders.lat, responders.position_at,
    responders.shifts, EXISTS (
        SELECT FROM dispatches WHERE dispatches.responder_id = responders.responder_id
            AND dispatches.state IN ('offered', 'accepted', 'en_route', 'arrived', 'entered')
    ) AS busy, responders.demo
FROM responders JOIN sites ON sites.site_id = responders.station_id
WHERE (%(scope)s::text IS NULL OR within(%(scope)s, responders.area, sites.code))
    AND (%(code)s::text IS NULL OR responders.code = %(code)s)
ORDER BY responders.code;

-- name: set_position
-- two phones, or one message that overtook another: a position never moves back in time
UPDATE responders SET lon = %(lon)s, lat = %(lat)s, position_at = %(at)s
WHERE code = %(code)s AND (position_at IS NULL OR position_at <= %(at)s)
RETURNING code;

-- name: exists
SELECT EXISTS (SELECT FROM responders WHERE code = %(code)s);
