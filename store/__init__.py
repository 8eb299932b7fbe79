"""The database: schema, one module a noun, the embedded server. Nobody else writes SQL."""
