"""Where the owner's door of the command line leads."""

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from vigil.registry import owner_url
from vigil.settings import Settings
from vigil.state import NotRunning


def test_the_owner_reads_his_password_from_its_file(tmp_path: Path) -> None:
    """As in docker compose, where the address has none."""
    (tmp_path / "password").write_text("a b'c\n")
    url = "postgresql://vigil_owner@database:5432/vigil"
    found = owner_url(Settings({"VIGIL_DATABASE_URL": url, "VIGIL_DATABASE_PASSWORD_FILE": str(tmp_path / "password")}))
    assert conninfo_to_dict(found) == {
        "user": "vigil_owner",
        "password": "a b'c",
        "host": "database",
        "port": "5432",
        "dbname": "vigil",
    }
    assert owner_url(Settings({"VIGIL_DATABASE_URL": url})) == url


def test_without_an_address_the_owner_asks_what_runs_here(tmp_path: Path) -> None:
    with pytest.raises(NotRunning):
        owner_url(Settings({"VIGIL_DATA": str(tmp_path)}))
