-- name: stage
CREATE TEMP TABLE IF NOT EXISTS staged_waveforms (
    device_id integer, at timestamptz, b text, n bigint, received_at timestamptz, fs real, unit text, xyz bytea
) ON COMMIT DELETE ROWS;

-- name: copy
COPY pg_temp.staged_waveforms (device_id, at, b, n, received_at, fs, unit, xyz) FROM STDIN (FORMAT BINARY);

-- name: insert
INSERT INTO waveforms (device_id, at, b, n, received_at, fs, unit, xyz)
SELECT device_id, at, b, n, received_at, fs, unit, xyz FROM pg_temp.staged_waveforms ORDER BY device_id, at, b, n
ON CONFLICT DO NOTHING
RETURNING device_id, at, b, n;

-- name: replay
-- The newest stretch of each device that was heard within that long of the last one of them, however long ago that was: whoever replays
-- may have been away, and the rest still waits at the broker.
WITH last AS (
    SELECT least(%(now)s, max(newest.at)) AS at
    FROM devices CROSS JOIN LATERAL (
        SELECT waveforms.at FROM waveforms WHERE waveforms.device_id = devices.device_id ORDER BY waveforms.at DESC LIMIT 1
    ) AS newest
    WHERE devices.area = ANY (%(areas)s)
)
SELECT device, at, received_at, b, n, fs, unit, xyz FROM (
    SELECT devices.code AS device, waveforms.at, waveforms.received_at, waveforms.b, waveforms.n, waveforms.fs, waveforms.unit,
        waveforms.xyz, max(waveforms.at) OVER (PARTITION BY device_id) AS newest
    FROM waveforms JOIN devices USING (device_id)
    WHERE devices.area = ANY (%(areas)s) AND waveforms.at >= (SELECT last.at FROM last) - %(within)s::interval
) AS heard
WHERE at >= newest - %(stretch)s::interval
ORDER BY at, device, n, b;

-- name: empty
TRUNCATE pg_temp.staged_waveforms;
