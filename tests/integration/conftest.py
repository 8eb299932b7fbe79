"""A real database for every test: one embedded server a session, one migrated template, a fresh database a test made from it."""

import asyncio
import itertools
import json
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from care.district import DeviceEntry, District, problems
from care.people import Account, Contact, Responder, Senior, Shift
from care.places import Area, Site, Zone
from devices.profiles import PROFILES
from store import devices, migrate, people
from store.connect import Connection, connect
from store.devices import RegisteredDevice
from store.incidents import Actor
from store.new_alarm import NewAlarm, of_device
from store.register import load_district
from store.server import Database, EmbeddedDatabase

_TEMPLATE, _LOADED = "template_vigil", "template_loaded"
_TIMESCALE = Path(__file__).resolve().parent.parent / "timescale"
_ENOUGH = 2 * 1024**3
_numbers = itertools.count(1)

# nats-py dials under asyncio.wait_for, which in Python 3.11 forgets a socket that connects in the moment it is cancelled: a callout
# that ends while it comes back leaves one to the collector, which tells whichever test then runs. Other tests still hear of theirs.
_FORGOTTEN = "ignore:Exception ignored in. <(socket.socket|function StreamWriter.__del__|function _SelectorTransport.__del__)"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of the tests in this folder alone."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.filterwarnings(f"{_FORGOTTEN}:pytest.PytestUnraisableExceptionWarning"))


@pytest.fixture
def server_home() -> Iterator[Path]:
    """A directory for a server of one's own. Not under pytest's: every other pytest that starts closes that one to all but root,
    and PostgreSQL does not run as root."""
    with tempfile.TemporaryDirectory(prefix="vigil-test-", dir=_fastest(), ignore_cleanup_errors=True) as home:
        yield Path(home)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedDatabase]:
    """The embedded server, started once; it stops with the session, also when the session is killed."""
    with tempfile.TemporaryDirectory(prefix="vigil-test-", dir=_fastest(), ignore_cleanup_errors=True) as home:
        yield from _served(EmbeddedDatabase(Path(home)))


@pytest.fixture(scope="session")
def superuser(postgres: EmbeddedDatabase) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    """Makes and drops databases."""
    with psycopg.connect(postgres.dsn("postgres", "postgres"), autocommit=True) as conn:
        yield conn


@pytest.fixture(scope="session")
def template(postgres: EmbeddedDatabase, superuser: "psycopg.Connection[tuple[object, ...]]") -> str:
    """The name of a database with the newest schema and nothing in it."""
    make(superuser, _TEMPLATE)
    asyncio.run(_migrate(postgres.dsn("vigil_owner", _TEMPLATE)))
    return _TEMPLATE


@pytest.fixture(scope="session")
def loaded_template(
    postgres: EmbeddedDatabase,
    superuser: "psycopg.Connection[tuple[object, ...]]",
    template: str,
    small_district: District,
    now: datetime,
) -> str:
    """The name of a database with the small district in it."""
    make(superuser, _LOADED, template)
    asyncio.run(_load(postgres.dsn("vigil_owner", _LOADED), small_district, now))
    return _LOADED


@pytest.fixture(scope="session")
def timescale() -> Iterator[str]:
    """How to connect to a real TimescaleDB with the newest schema: one connection at a time, no COPY, started once a session."""
    if shutil.which("node") is None:
        pytest.skip("no Node.js: nothing here is tested on TimescaleDB")
    if not (_TIMESCALE / "node_modules").is_dir():
        pytest.skip("tests/timescale has no packages: nothing here is tested on TimescaleDB; `make prepare` installs them")
    server = subprocess.Popen(["node", "server.mjs"], cwd=_TIMESCALE, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with server:
        assert server.stdin is not None
        assert server.stdout is not None
        port = json.loads(server.stdout.readline())["port"]
        dsn = f"host=127.0.0.1 port={port} user=postgres password=postgres dbname=postgres sslmode=disable"
        try:
            with psycopg.connect(dsn, autocommit=True) as conn:
                conn.execute("CREATE EXTENSION timescaledb")
            asyncio.run(_migrate(dsn))
            yield dsn
        finally:
            server.stdin.close()  # it leaves


@pytest.fixture
def database(
    postgres: EmbeddedDatabase, superuser: "psycopg.Connection[tuple[object, ...]]", request: pytest.FixtureRequest
) -> Iterator[Database]:
    """A fresh database with the newest schema, and with the small district when the test asks for `loaded`.

    `.dsn(role)` is how each role connects.
    """
    template: str = request.getfixturevalue("loaded_template" if "loaded" in request.fixturenames else "template")
    yield from _fresh(postgres, superuser, template)


@pytest.fixture
def empty_database(postgres: EmbeddedDatabase, superuser: "psycopg.Connection[tuple[object, ...]]") -> Iterator[Database]:
    """A fresh database without any schema."""
    yield from _fresh(postgres, superuser, "template1")


@pytest.fixture
async def conn(database: Database) -> AsyncIterator[Connection]:
    """The owner's connection to the fresh database; nothing is committed unless the test does."""
    async with await connect(database.dsn("vigil_owner"), application="test") as connection:
        yield connection


@pytest.fixture
async def worker_conn(database: Database) -> AsyncIterator[Connection]:
    """A connection with the rights of ingest and desk."""
    async with await connect(database.dsn("vigil_worker"), application="test-worker") as connection:
        yield connection


@pytest.fixture
async def api_conn(database: Database) -> AsyncIterator[Connection]:
    """A connection with the rights of the api."""
    async with await connect(database.dsn("vigil_api"), application="test-api") as connection:
        yield connection


@pytest.fixture(scope="session")
def now() -> datetime:
    """A moment that tests agree on: a Tuesday morning in Tianjin."""
    return datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def small_district() -> District:
    """Two sub-districts; a home with a senior and an SOS button; an institution with rooms and one device of every profile;
    a day-care centre; four responders; an account of every role. Area `tst001` holds the home, `tst002` the institution."""
    district = District(
        code="tst",
        name_zh="测试区",
        name_en="Test District",
        timezone="Asia/Shanghai",
        areas=_areas(),
        sites=_sites(),
        zones=_zones(),
        seniors=_seniors(),
        devices=_devices(),
        responders=_responders(),
        accounts=_accounts(),
        layers={"water": {"type": "FeatureCollection", "features": []}},
        roads=b"roads-of-the-test-district",
        demo=True,
    )
    assert problems(district) == []
    return district


@pytest.fixture
def loaded(database: Database, small_district: District) -> District:
    """The small district, loaded and committed at `now`."""
    return small_district


@pytest.fixture(scope="session")
def loaded_people(postgres: EmbeddedDatabase, loaded_template: str) -> tuple[dict[str, RegisteredDevice], dict[str, Actor]]:
    """Devices and accounts of the small district, read once: every copy has the same numbers."""
    return asyncio.run(_people(postgres.dsn("vigil_owner", loaded_template)))


@pytest.fixture
def known(loaded: District, loaded_people: tuple[dict[str, RegisteredDevice], dict[str, Actor]]) -> dict[str, RegisteredDevice]:
    """The register of the small district."""
    return loaded_people[0]


@pytest.fixture
def new_alarm(known: dict[str, RegisteredDevice], now: datetime) -> Callable[..., NewAlarm]:
    """Makes the alarm that a device of the small district raises: `new_alarm("smoke-9", "smoke", key="2", drill=True)`."""

    def new(device: str = "sos-1", kind: str = "sos", key: str = "1", **changes: Any) -> NewAlarm:
        reasons, evidence = [{"rule": "pressed", "value": None}], {"battery": 71.0}
        alarm = of_device(known[device], kind, key, now - timedelta(seconds=2), "sos/1", reasons, evidence)
        alarm = replace(alarm, received_at=now - timedelta(seconds=1))
        return replace(alarm, **changes)

    return new


@pytest.fixture
def accounts(loaded: District, loaded_people: tuple[dict[str, RegisteredDevice], dict[str, Actor]]) -> dict[str, Actor]:
    """Everyone with an account in the small district, by login."""
    return loaded_people[1]


@pytest.fixture
def poisoned(database: Database) -> Callable[[str, str, object], None]:
    """From now on each row of a table in which a column has this value is refused: `poisoned("alarms", "source", "sos-1")`."""

    def poison(table: str, column: str, value: object) -> None:
        function = "CREATE FUNCTION poisoned() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'poisoned'; END $$"
        trigger = SQL(
            "CREATE TRIGGER poisoned BEFORE INSERT OR UPDATE ON {} FOR EACH ROW "
            "WHEN (new.{}::text = {}) EXECUTE FUNCTION poisoned()"
        )
        with psycopg.connect(database.dsn("vigil_owner")) as owner:
            owner.execute(function)
            owner.execute(trigger.format(Identifier(table), Identifier(column), str(value)))

    return poison


def make(superuser: "psycopg.Connection[tuple[object, ...]]", name: str, template: str = "template1") -> None:
    """Create a database of the owner's, as a copy of another."""
    statement = SQL("CREATE DATABASE {} TEMPLATE {} OWNER vigil_owner")
    superuser.execute(statement.format(Identifier(name), Identifier(template)))


def _fresh(postgres: EmbeddedDatabase, superuser: "psycopg.Connection[tuple[object, ...]]", template: str) -> Iterator[Database]:
    name = f"test_{next(_numbers)}"
    make(superuser, name, template)
    yield Database(postgres, name)
    superuser.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def _fastest() -> str | None:
    """Memory where there is enough of it: what these databases hold outlives no test, and every test has a copy of its own."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > _ENOUGH else None


def _served(server: EmbeddedDatabase) -> Iterator[EmbeddedDatabase]:
    server.prepare()
    log = (server.home / "postgres.log").open("ab")
    with log, subprocess.Popen(server.argv(), stdin=subprocess.DEVNULL, stdout=log, stderr=log) as process:
        try:
            asyncio.run(server.wait_ready())
            yield server
        finally:
            process.send_signal(signal.SIGQUIT)  # at once, without writing down what is thrown away next
            process.wait(20)


async def _migrate(dsn: str) -> None:
    async with await connect(dsn) as connection:
        await migrate.apply(connection)


async def _load(dsn: str, district: District, now: datetime) -> None:
    async with await connect(dsn) as connection:
        await load_district(connection, district, now)


async def _people(dsn: str) -> tuple[dict[str, RegisteredDevice], dict[str, Actor]]:
    async with await connect(dsn) as connection:
        rows = await people.list_accounts(connection)
        actors = {row.login: Actor(row.login, row.account_id, row.role, row.scope) for row in rows}
        return await devices.register(connection), actors


def _areas() -> tuple[Area, ...]:
    outline = {"type": "Polygon", "coordinates": [[[117.0, 39.0], [117.1, 39.0], [117.1, 39.1], [117.0, 39.0]]]}
    return (
        Area("tst", "测试区", "Test District", "", "district", outline, True),
        Area("tst001", "一号街道", "First Subdistrict", "tst", "subdistrict", outline, True),
        Area("tst002", "二号街道", "Second Subdistrict", "tst", "subdistrict", outline, True),
    )


def _sites() -> tuple[Site, ...]:
    return (
        Site("home-1", "home", "李家", "Li home", "tst001", "一号路1号2门301", 117.01, 39.01, 0, "", True),
        Site("home-2", "home", "王家", "Wang home", "tst001", "一号路2号1门101", 117.02, 39.01, 0, "", True),
        Site(
            "inst-1", "institution", "第一养老院", "First Care Home", "tst002", "二号路8号", 117.05, 39.05, 4, "02200000001", True
        ),
        Site("day-1", "day_care", "日间照料中心", "Day Care", "tst001", "一号路9号", 117.03, 39.02, 0, "02200000002", True),
    )


def _zones() -> tuple[Zone, ...]:
    return (
        Zone("home-1-bath", "home-1", "", "bathroom", "卫生间", "Bathroom", 3, 0),
        Zone("inst-1-f1", "inst-1", "", "floor", "一层", "Floor 1", 1, 4),
        Zone("inst-1-r101", "inst-1", "inst-1-f1", "room", "101", "101", 1, 2),
        Zone("inst-1-r101-b1", "inst-1", "inst-1-r101", "bed", "101-1", "101-1", 1, 1),
        Zone("inst-1-r101-b2", "inst-1", "inst-1-r101", "bed", "101-2", "101-2", 1, 1),
        Zone("inst-1-r102", "inst-1", "inst-1-f1", "room", "102", "102", 1, 2),
        Zone("inst-1-kitchen", "inst-1", "inst-1-f1", "kitchen", "厨房", "Kitchen", 1, 0),
    )


def _seniors() -> tuple[Senior, ...]:
    daughter = (Contact("李小梅", "daughter", "13800000002"),)
    return (
        Senior("s-1", "home-1", "", "李大爷", "m", 1941, "13800000001", ("lives_alone",), 1, "张邻居", "302", daughter, True),
        Senior("s-2", "home-2", "", "王奶奶", "f", 1938, "13800000003", ("lives_alone", "oxygen"), 2, "", "", (), True),
        Senior("s-3", "inst-1", "inst-1-r101-b1", "赵奶奶", "f", 1935, "", ("dementia",), 3, "", "", (), True),
    )


def _devices() -> tuple[DeviceEntry, ...]:
    homes = (
        DeviceEntry("sos-1", "sos_button", "home-1", "", "s-1", "tst001", "", "1.0"),
        DeviceEntry("wear-1", "wearable", "home-1", "", "s-1", "tst001", "", "1.0"),
        DeviceEntry("smoke-1", "smoke_detector", "home-1", "", "", "tst001", "", "1.0"),
        DeviceEntry("sos-2", "sos_button", "home-2", "", "s-2", "tst001", "", "1.0"),
    )
    gateway = DeviceEntry("gw-9", "gateway", "inst-1", "inst-1-f1", "", "tst002", "", "2.1")
    inside = tuple(
        DeviceEntry(f"{profile.code}-9", profile.name, "inst-1", "inst-1-r101", "", "tst002", "gw-9", "1.0")
        for profile in PROFILES.values()
        if profile.name not in ("gateway", "bed_sensor", "probe")
    )
    bed = DeviceEntry("bed-9", "bed_sensor", "inst-1", "inst-1-r101-b1", "s-3", "tst002", "gw-9", "1.0")
    return (*homes, bed, *inside, gateway)


def _responders() -> tuple[Responder, ...]:
    whole_week = (Shift(time(0), time(0), (0, 1, 2, 3, 4, 5, 6)),)
    days = (Shift(time(8), time(20), (0, 1, 2, 3, 4)),)
    aid = ("first_aid", "lifting")
    return (
        Responder("r-1", "孙护士", "nurse", (*aid, "nursing"), "day-1", "tst001", "ebike", "13900000001", whole_week, True),
        Responder(
            "r-2", "周师傅", "property", ("keys", "gas_shutoff", "fire"), "day-1", "tst001", "foot", "13900000002", days, True
        ),
        Responder("r-3", "吴护工", "care_staff", aid, "inst-1", "tst002", "foot", "13900000003", whole_week, True),
        Responder("r-4", "郑志愿", "volunteer", (), "inst-1", "tst002", "car", "13900000004", days, True),
    )


def _accounts() -> tuple[Account, ...]:
    return (
        Account("admin", "管理员", "admin", "tst", None, True),
        Account("duty", "值班员", "duty", "tst", None, True),
        Account("duty-1", "一号值班", "duty", "tst001", None, True),
        Account("duty-inst", "院内值班", "duty", "site:inst-1", None, True),
        Account("regulator", "监管", "regulator", "tst", None, True),
        Account("resp-1", "孙护士", "responder", "tst001", "r-1", True),
        Account("resp-3", "吴护工", "responder", "tst002", "r-3", True),
    )
