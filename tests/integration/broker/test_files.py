"""What is kept on disk: secrets that processes agree on, a snapshot whole or not there, a register that outlives its database."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from broker import snapshot
from broker.admission import Credential, token_digest
from broker.lanes import SessionSpec, event_lane, telemetry_lane
from broker.register import Register
from broker.secrets import USERS, load_or_create, public_key

pytestmark = pytest.mark.integration

ONE = Credential("sos-1", token_digest("t"), "120105001", "home-1", "sos_button")
TWO = Credential("gw-1", token_digest("g"), "120105002", "home-守望", "gateway")
REGISTER = {"sos-1": ONE, "gw-1": TWO}


class Database:
    """A register to load from that can be taken away."""

    def __init__(self, rows: Mapping[str, Credential]) -> None:
        self.rows = dict(rows)
        self.down = False

    async def load(self) -> Mapping[str, Credential]:
        if self.down:
            raise ConnectionError("down")
        return self.rows


class Sessions:
    """Sessions as they are made, one after the other, unless the broker refuses."""

    def __init__(self) -> None:
        self.made: list[SessionSpec] = []
        self.refused: set[str] = set()

    async def ensure(self, specs: tuple[SessionSpec, ...]) -> None:
        for spec in specs:
            if spec.client_id in self.refused:
                raise ConnectionError(spec.client_id)
            self.made.append(spec)


def register(path: Path, database: Database, sessions: Sessions) -> Register:
    return Register(path / "snapshot.json", database.load, sessions.ensure)


def test_secrets_are_made_once(tmp_path: Path) -> None:
    first, second = load_or_create(tmp_path / "s"), load_or_create(tmp_path / "s")
    assert first == second
    assert set(first.passwords) == set(USERS)
    assert len(set(first.passwords.values())) == len(USERS)
    assert first.issuer == public_key(first.callout_seed)
    assert first.issuer.startswith("A")


def test_secrets_are_closed_even_when_found_open(tmp_path: Path) -> None:
    load_or_create(tmp_path)
    tmp_path.chmod(0o755)
    for file in tmp_path.iterdir():
        file.chmod(0o644)
    load_or_create(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}


def test_a_lost_secret_is_made_anew_and_the_others_stay(tmp_path: Path) -> None:
    before = load_or_create(tmp_path)
    (tmp_path / "api.password").unlink()
    after = load_or_create(tmp_path)
    assert [user for user in USERS if before.passwords[user] != after.passwords[user]] == ["api"]
    assert before.callout_seed == after.callout_seed


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    for number in range(20):
        with ThreadPoolExecutor(8) as together:
            made = list(together.map(load_or_create, [tmp_path / str(number)] * 8))
        assert all(one == made[0] for one in made)
        assert not [file for file in (tmp_path / str(number)).iterdir() if file.name.startswith(".")]


def test_a_snapshot_comes_back_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "deeper" / "snapshot.json"
    assert snapshot.read(file) is None
    snapshot.save(file, REGISTER)
    assert snapshot.read(file) == REGISTER
    snapshot.save(file, {})
    assert snapshot.read(file) == {}
    assert file.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in file.parent.iterdir()] == ["snapshot.json"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"version": 2, "credentials": []}',
        '{"version": 1, "credentials": [["a", "zz", "", "", ""]]}',
        '{"version": 1, "credentials": [[]]}',
        '{"version": 1, "credentials": [["a", "00"]]}',
    ],
)
def test_a_torn_snapshot_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "snapshot.json").write_text(text)
    with pytest.raises(snapshot.BadSnapshot, match=r"snapshot\.json"):
        snapshot.read(tmp_path / "snapshot.json")


async def test_a_register_is_granted_once_its_sessions_exist(tmp_path: Path) -> None:
    sessions = Sessions()
    known = register(tmp_path, Database(REGISTER), sessions)
    assert not known.ready.is_set()
    assert await known.refresh()
    assert known.ready.is_set()
    assert known.granted == REGISTER
    assert set(sessions.made) == {event_lane(), telemetry_lane("120105001"), telemetry_lane("120105002")}
    assert await known.refresh()
    assert len(sessions.made) == 3
    assert snapshot.read(tmp_path / "snapshot.json") == REGISTER


async def test_without_the_event_lane_nobody_is_judged(tmp_path: Path) -> None:
    sessions = Sessions()
    sessions.refused.add("vigil-event")
    known = register(tmp_path, Database(REGISTER), sessions)
    assert not await known.refresh()
    assert not known.ready.is_set()
    assert known.granted == {}


async def test_an_area_without_a_session_waits_alone(tmp_path: Path) -> None:
    sessions = Sessions()
    sessions.refused.add("vigil-telemetry-120105002")
    known = register(tmp_path, Database(REGISTER), sessions)
    assert not await known.refresh()
    assert known.ready.is_set()
    assert known.granted == {"sos-1": ONE}
    sessions.refused.clear()
    assert await known.refresh()
    assert known.granted == REGISTER


async def test_a_revocation_does_not_wait_for_a_session(tmp_path: Path) -> None:
    sessions, database = Sessions(), Database({"sos-1": ONE})
    known = register(tmp_path, database, sessions)
    await known.refresh()
    database.rows = {"gw-1": TWO}
    sessions.refused.add("vigil-telemetry-120105002")
    assert not await known.refresh()
    assert known.granted == {}


async def test_the_register_outlives_its_database(tmp_path: Path) -> None:
    database = Database(REGISTER)
    known = register(tmp_path, database, Sessions())
    await known.refresh()
    database.down = True
    assert not await known.refresh()
    assert known.granted == REGISTER
    assert known.failed_loads == 1
    later = register(tmp_path, database, Sessions())
    assert not await later.refresh()
    assert later.ready.is_set()
    assert later.granted == REGISTER
    database.down, database.rows = False, {"sos-1": replace(ONE, site="home-2")}
    assert await later.refresh()
    assert later.granted == database.rows
    assert snapshot.read(tmp_path / "snapshot.json") == database.rows


async def test_a_snapshot_that_is_no_longer_true_never_replaces_what_is_known(tmp_path: Path) -> None:
    database = Database(REGISTER)
    known = register(tmp_path, database, Sessions())
    await known.refresh()
    snapshot.save(tmp_path / "snapshot.json", {})
    database.down = True
    await known.refresh()
    assert known.granted == REGISTER


async def test_neither_database_nor_snapshot(tmp_path: Path) -> None:
    database = Database(REGISTER)
    database.down = True
    known = register(tmp_path, database, Sessions())
    assert not await known.refresh()
    assert not known.ready.is_set()
    database.down = False
    assert await known.refresh()
    assert known.ready.is_set()


async def test_an_unwritable_snapshot_keeps_nobody_out(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    known = Register(blocked / "snapshot.json", Database(REGISTER).load, Sessions().ensure)
    assert await known.refresh()
    assert known.granted == REGISTER


async def test_a_broker_that_returns_is_looked_at_anew(tmp_path: Path) -> None:
    sessions = Sessions()
    known = register(tmp_path, Database(REGISTER), sessions)
    await known.refresh()
    known.forget_sessions()
    assert not known.ready.is_set()
    waiting = asyncio.create_task(known.ready.wait())
    await known.refresh()
    await asyncio.wait_for(waiting, 1)
    assert len(sessions.made) == 6


def test_no_draft_is_left_when_the_disk_refuses(tmp_path: Path) -> None:
    (tmp_path / "snapshot.json").mkdir()
    with pytest.raises(OSError, match="snapshot"):
        snapshot.save(tmp_path / "snapshot.json", REGISTER)
    assert [entry.name for entry in tmp_path.iterdir()] == ["snapshot.json"]
