"""Least rights: what each role may do is a table here, compared with what the database grants; and nobody sees beyond his scope."""

from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from care.places import within
from store.connect import Connection
from store.server import Database
from tests.examples import examples

pytestmark = pytest.mark.integration

# role -> table -> what it may do to the whole table; columns stand in COLUMNS
S, A, U, D = "SELECT", "INSERT", "UPDATE", "DELETE"
RIGHTS: dict[str, dict[str, set[str]]] = {
    "vigil_worker": {
        **{table: {S} for table in ("cell", "areas", "sites", "zones", "devices", "routines", "absences")},
        "device_health": {S, A, U},
        "safety_checks": {S},
        "safety_withdrawals": {S},
        "safety_days": {S, A},
        **{table: {S} for table in ("retention", "readings_by_minute", "readings_by_hour", "readings_by_day")},
        **{table: {S, A} for table in ("readings", "waveforms", "events", "acks", "clock_fix", "trail")},
        **{table: {S, A, U} for table in ("rejected", "workers", "incidents", "dispatches", "alarms", "refusals", "log_marks")},
        "windows": {A},
        "labels": {S, A, U},
    },
    "vigil_api": {
        **{
            table: {S}
            for table in ("cell", "layers", "areas", "sites", "zones", "seniors", "device_health", "accounts", "responders")
        },
        **{
            table: {S}
            for table in ("readings", "waveforms", "events", "acks", "clock_fix", "rejected", "workers", "alarms", "refusals")
        },
        **{table: {S} for table in ("cards", "errands")},
        **{table: {S} for table in ("retention", "readings_by_minute", "readings_by_hour", "readings_by_day")},
        "devices": {S, A},
        "sessions": {S, A, D},
        "trail": {S, A},
        "register_log": {S, A},
        "safety_checks": {S, A},
        "safety_withdrawals": {S, A},
        "safety_days": {S},
        "playbook_steps": {S, A, U, D},
        **{table: {S, A} for table in ("commands", "cap_messages")},
        **{table: {S, A, U} for table in ("incidents", "dispatches")},
        "labels": {S, A, U},
    },
}
COLUMNS: dict[str, dict[str, dict[str, set[str]]]] = {
    "vigil_worker": {
        "windows": {
            S: {"window_id", "sampled", "incident_id", "device_id", "senior_id", "at", "stored_at", "probability"},
            U: {"sampled"},
        },
        "seniors": {S: {"senior_id", "code", "site_id", "area", "zone_id", "tags", "ability_level", "demo"}},
        "responders": {
            S: {
                "responder_id", "code", "name", "kind", "skills", "station_id", "area", "vehicle", "shifts", "demo", "lon", "lat",
                "position_at",
            }
        },
    },
    "vigil_api": {
        "windows": {S: {"window_id", "sampled", "incident_id", "senior_id", "at", "probability"}, U: {"sampled"}},
        "responders": {U: {"lon", "lat", "position_at"}},
        "accounts": {U: {"password_argon2"}},
        "devices": {U: {"token_sha256", "revoked_at", "firmware"}},
        "sessions": {U: {"expires_at"}},
        "alarms": {U: {"state", "cleared_at", "shelved_until", "shelved_by", "shelved_why"}},
        "commands": {U: {"sent_at", "answered_at", "done", "unanswered_at"}},
    },
}  # fmt: skip


@pytest.mark.parametrize("role", sorted(RIGHTS))
async def test_rights_are_exactly_these(conn: Connection, role: str) -> None:
    rows = await (
        await conn.execute(
            "SELECT table_name, privilege_type FROM information_schema.table_privileges "
            "WHERE grantee = %s AND table_schema = 'public'",
            [role],
        )
    ).fetchall()
    granted: dict[str, set[str]] = {}
    for table, right in rows:
        granted.setdefault(table, set()).add(right)
    assert granted == RIGHTS[role]


@pytest.mark.parametrize("role", sorted(COLUMNS))
async def test_rights_on_single_columns_are_exactly_these(conn: Connection, role: str) -> None:
    rows = await (
        await conn.execute(
            "SELECT table_name, privilege_type, column_name FROM information_schema.column_privileges "
            "WHERE grantee = %s AND table_schema = 'public'",
            [role],
        )
    ).fetchall()
    granted: dict[str, dict[str, set[str]]] = {}
    for table, right, column in rows:
        if right in (S, A, U, D) and right not in RIGHTS[role].get(table, set()):
            granted.setdefault(table, {}).setdefault(right, set()).add(column)
    assert granted == COLUMNS[role]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT cells FROM windows",
        "DELETE FROM labels",
        "SELECT phone FROM seniors",
        "SELECT key_note FROM seniors",
        "SELECT contacts FROM seniors",
        "SELECT phone FROM responders",
        "SELECT * FROM accounts",
        "SELECT * FROM sessions",
        "SELECT * FROM cards",
        "UPDATE readings SET b = ''",
        "DELETE FROM events",
        "UPDATE trail SET actor = ''",
        "DELETE FROM incidents",
        "UPDATE devices SET revoked_at = NULL",
        "INSERT INTO accounts (login, name, role, scope, demo) VALUES ('x', 'x', 'admin', 'tst', false)",
        "CREATE TABLE mine (x integer)",
        "ALTER TABLE trail DISABLE TRIGGER trail_append_only",
    ],
)
async def test_worker_may_not(worker_conn: Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await worker_conn.execute(statement.encode())


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO readings (device_id, at, b, n, received_at, profile_version, values) VALUES (1, now(), '', 1, now(), 1, '{}')",
        "INSERT INTO events SELECT * FROM events",
        "SELECT cells FROM windows",
        "SELECT cells FROM windows_judged",
        "UPDATE windows SET cells = ''",
        "DELETE FROM windows",
        "INSERT INTO alarms SELECT * FROM alarms",
        "UPDATE accounts SET role = 'admin'",
        "UPDATE accounts SET scope = 'tst'",
        "INSERT INTO accounts (login, name, role, scope, demo) VALUES ('x', 'x', 'admin', 'tst', false)",
        "UPDATE alarms SET reasons = '[]'",
        "UPDATE devices SET site_id = 1",
        "DELETE FROM incidents",
        "DELETE FROM trail",
        "TRUNCATE trail",
        "UPDATE seniors SET name = ''",
        "CREATE TABLE mine (x integer)",
        "ALTER ROLE vigil_api CREATEROLE",
    ],
)
async def test_api_may_not(api_conn: Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await api_conn.execute(statement.encode())


@pytest.fixture
def sync_conn(database: Database) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    """For hypothesis, whose examples do not wait."""
    with psycopg.connect(database.dsn("vigil_api"), autocommit=True) as connection:
        yield connection


_AREA = st.sampled_from(["", "tst", "tst001", "tst00", "tst0010", "tst%", "tst_01", "\\", "site:inst-1", "120105001", "é"])
_SITE = st.sampled_from(["", "inst-1", "inst", "inst-10", "home-1", "tst001"])
_SCOPE = st.one_of(_AREA, _SITE.map("site:{}".format), st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=6))


@settings(max_examples=examples(300), suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(scope=_SCOPE, area=_AREA, site=_SITE)
def test_scope_in_sql_is_scope_in_python(
    sync_conn: "psycopg.Connection[tuple[object, ...]]", scope: str, area: str, site: str
) -> None:
    row = sync_conn.execute("SELECT within(%s, %s, %s)", [scope, area, site]).fetchone()
    assert row == (within(scope, area, site),)


async def test_missing_scope_covers_nothing(conn: Connection) -> None:
    for arguments in ([None, "tst", "inst-1"], ["tst", None, "inst-1"], ["site:inst-1", "tst", None]):
        assert await (await conn.execute("SELECT within(%s, %s, %s)", arguments)).fetchone() == (False,)
