"""Passwords are made once, whoever asks first; the port of last time is kept where it can be."""

import socket
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg.conninfo
import pytest

from store import cluster
from store.cluster import DatabaseFailed, WrongMajorVersion
from store.connect import ROLES, Role
from store.errors import NotFound, OutOfScope, StoreError
from store.server import EmbeddedDatabase


def test_password_is_made_once(tmp_path: Path) -> None:
    first = cluster.password(tmp_path, "vigil_api")
    assert len(first) >= 40
    assert cluster.password(tmp_path, "vigil_api") == first
    assert cluster.password(tmp_path, "vigil_worker") != first


def test_processes_that_ask_at_once_agree(tmp_path: Path) -> None:
    def ask(_: int) -> str:
        return cluster.password(tmp_path, "vigil_api")

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(ask, range(32)))) == 1
    assert [file.name for file in (tmp_path / "secrets").iterdir()] == ["vigil_api.password"]


def test_password_file_is_for_us_alone(tmp_path: Path) -> None:
    cluster.password(tmp_path, "vigil_owner")
    assert stat.S_IMODE((tmp_path / "secrets" / "vigil_owner.password").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700


@pytest.mark.parametrize("role", ROLES)
def test_dsn_names_the_role_and_the_loopback(tmp_path: Path, role: Role) -> None:
    database = EmbeddedDatabase(tmp_path, 5999)
    parts = psycopg.conninfo.conninfo_to_dict(database.dsn(role))
    assert (parts["host"], parts["port"], parts["dbname"], parts["user"]) == ("127.0.0.1", "5999", "vigil", role)
    assert parts["password"] == cluster.password(tmp_path, role)


def test_port_is_settled_once_and_kept(tmp_path: Path) -> None:
    first = EmbeddedDatabase(tmp_path)
    first.dsn("vigil_api")
    assert first.port > 0
    again = EmbeddedDatabase(tmp_path)
    again.dsn("vigil_worker")
    assert again.port == first.port


def test_port_that_someone_else_has_is_left_to_them(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        (tmp_path / "port").write_text(str(taken.getsockname()[1]))
        database = EmbeddedDatabase(tmp_path)
        database.dsn("vigil_api")
        assert database.port != taken.getsockname()[1]


def test_errors_say_what_to_do() -> None:
    wrong = WrongMajorVersion(Path("/data/pg"), "17", "18")
    assert str(wrong) == (
        "database: /data/pg was written by PostgreSQL 17, this program runs PostgreSQL 18; "
        "dump it with version 17 and load the dump into an empty directory"
    )
    assert str(DatabaseFailed("why", "last lines")) == "database: why\nlast lines"


def test_out_of_scope_says_no_more_than_not_found() -> None:
    assert str(OutOfScope("incident", 1)) == str(NotFound("incident", 1))
    assert issubclass(OutOfScope, NotFound)
    assert issubclass(WrongMajorVersion, StoreError)
