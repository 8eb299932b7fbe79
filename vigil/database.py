"""Where the database is, by the settings."""

from psycopg.conninfo import make_conninfo

from vigil.settings import Settings


def database_url(settings: Settings) -> str:
    """Where the database is, the password from its file where the address has none. Raises MissingSetting."""
    url = settings.needed("VIGIL_DATABASE_URL")
    password = settings.path("VIGIL_DATABASE_PASSWORD_FILE")
    return make_conninfo(url, password=password.read_text().strip()) if password else url
