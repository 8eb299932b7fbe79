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
-- The newest stretch of each device that has said something since then.
SELECT device, at, received_at, b, n, fs, unit, xyz FROM (
    SELECT devices.code AS device, waveforms.at, waveforms.received_at, waveforms.b, waveforms.n, waveforms.fs, waveforms.unit,
        waveforms.xyz, max(waveforms.at) OVER (PARTITION BY device_id) AS newest
    FROM waveforms JOIN devices USING (device_id)
    WHERE devices.area = ANY (%(areas)s) AND waveforms.at >= %(since)s
) AS heard
WHERE at >= newest - %(stretch)s::interval
ORDER BY at, device, n, b;

-- name: empty
TRUNCATE pg_temp.staged_waveforms;
