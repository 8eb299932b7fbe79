-- Where TimescaleDB is (compose), readings and waveforms become hypertables: a day and an hour a chunk, readings compressed after a
-- week, waveforms dropped after two hours. Where it is not, the same tables stay plain and everything else is the same.

DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        PERFORM create_hypertable('readings', by_range('at', INTERVAL '1 day'), create_default_indexes => false, migrate_data => true);
        PERFORM create_hypertable('waveforms', by_range('at', INTERVAL '1 hour'), create_default_indexes => false, migrate_data => true);
        ALTER TABLE readings SET
            (timescaledb.compress, timescaledb.compress_segmentby = 'device_id', timescaledb.compress_orderby = 'at, b, n');
        PERFORM add_compression_policy('readings', compress_after => INTERVAL '7 days');
        PERFORM add_retention_policy('waveforms', drop_after => INTERVAL '2 hours');
    END IF;
END $$;
