"""Enrolment's desk on a real database: scope, the line that stays, what the broker refused, since when we listen."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import psycopg
import pytest

from store import administration, devices, health, refusals
from store.administration import Clerk, Enrolment
from store.connect import Connection
from store.devices import DeviceExists, NotWorn, RegisteredDevice, UnknownDevice, UnknownPlace, UnknownSite
from store.refusals import Mark, Refused

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("loaded")]

FIRST, SECOND, OWNER = Clerk("admin-1", "tst001"), Clerk("admin-2", "tst002"), Clerk("cli:root", None)
NEW = Enrolment("sos-new", "sos_button", "home-1", senior="s-1")


async def test_an_enrolment_keeps_the_hash_and_a_line(api_conn: Connection, now: datetime) -> None:
    await administration.enrol(api_conn, FIRST, NEW, "token", now)
    assert (await devices.credentials(api_conn))["sos-new"].token_sha256 == administration.digest("token")
    [line] = await administration.lines(api_conn, "tst", None, 10)
    assert (line.actor, line.action, line.device, line.site, line.area, line.at) == (
        "admin-1", "enrolled", "sos-new", "home-1", "tst001", now,
    )  # fmt: skip
    assert line.data["senior"] == "s-1"
    assert "token" not in str(line)


async def test_what_was_done_is_never_undone_in_the_log(conn: Connection, now: datetime) -> None:
    await administration.enrol(conn, FIRST, NEW, "token", now)
    for statement in ("UPDATE register_log SET actor = 'x'", "DELETE FROM register_log", "TRUNCATE register_log"):
        with pytest.raises(psycopg.errors.RaiseException):
            async with conn.transaction():
                await conn.execute(statement)
    assert len(await administration.lines(conn, "tst", None, 10)) == 1


@pytest.mark.parametrize(
    ("new", "refusal"),
    [
        (Enrolment("sos-1", "sos_button", "home-1"), DeviceExists),
        (Enrolment("x", "sos_button", "nowhere"), UnknownSite),
        (Enrolment("x", "sos_button", "inst-1"), UnknownSite),
        (Enrolment("x", "toaster", "home-1"), UnknownPlace),
        (Enrolment("x", "sos_button", "home-1", senior="s-3"), UnknownPlace),
    ],
)
async def test_what_cannot_be_enrolled_leaves_no_line(api_conn: Connection, now: datetime, new: Enrolment, refusal: type) -> None:
    with pytest.raises(refusal):
        async with api_conn.transaction():
            await administration.enrol(api_conn, FIRST, new, "token", now)
    assert await administration.lines(api_conn, "tst", None, 10) == []


async def test_out_of_scope_does_not_exist(api_conn: Connection, now: datetime) -> None:
    before = (await devices.one(api_conn, "sos-1")).revoked_at
    for act in (administration.revoke(api_conn, SECOND, "sos-1", now), administration.rotate(api_conn, SECOND, "sos-1", "t", now)):
        with pytest.raises(UnknownDevice):
            await act
    assert before is None
    assert (await devices.one(api_conn, "sos-1")).revoked_at is None
    assert await administration.lines(api_conn, "tst002", None, 10) == []


async def test_where_a_wearable_is_worn_can_be_said_later(conn: Connection, now: datetime) -> None:
    for profile in ("wearable_wrist", "wearable_wrist", "wearable"):
        await administration.worn(conn, OWNER, "wear-1", profile, now)
        assert (await devices.one(conn, "wear-1")).profile == profile
    said = [(line.action, line.data) for line in await administration.lines(conn, "tst", "wear-1", 10)]
    assert said == [
        ("worn", {"profile": "wearable", "before": "wearable_wrist"}),
        ("worn", {"profile": "wearable_wrist", "before": "wearable"}),
    ], "the same again is no line"
    for code, profile in (("sos-1", "wearable_wrist"), ("wear-1", "siren")):
        with pytest.raises(NotWorn, match="expected a device that is worn"):
            await administration.worn(conn, OWNER, code, profile, now)
    with pytest.raises(UnknownDevice):
        await administration.worn(conn, SECOND, "wear-1", "wearable_wrist", now)


async def test_revoked_once_and_for_good(api_conn: Connection, now: datetime) -> None:
    await administration.rotate(api_conn, FIRST, "sos-1", "first", now)
    assert await administration.revoke(api_conn, FIRST, "sos-1", now) == now
    assert await administration.revoke(api_conn, OWNER, "sos-1", now + timedelta(hours=1)) == now, "twice is once"
    with pytest.raises(UnknownDevice):
        await administration.rotate(api_conn, FIRST, "sos-1", "second", now)
    assert "sos-1" not in await devices.credentials(api_conn)
    assert [line.action for line in await administration.lines(api_conn, "tst001", "sos-1", 10)] == ["revoked", "rotated"]


async def test_firmware_is_what_devices_say_and_else_what_they_were_enrolled_with(
    conn: Connection, known: dict[str, RegisteredDevice], now: datetime
) -> None:
    await health.touch_health(conn, [health.HealthRow(known["sos-1"].device_id, now, firmware="1.4")])
    rows = {(row.profile, row.firmware): row for row in await administration.firmware(conn, "tst")}
    assert (rows["sos_button", "1.4"].devices, rows["sos_button", "1.4"].confirmed, rows["sos_button", "1.4"].last_seen_at) == (
        1,
        1,
        now,
    )
    assert (rows["sos_button", "1.0"].devices, rows["sos_button", "1.0"].confirmed) == (2, 0)
    assert {row.profile for row in await administration.firmware(conn, "site:home-2")} == {"sos_button"}


async def test_refusals_add_up_by_device_and_hour(worker_conn: Connection, api_conn: Connection, now: datetime) -> None:
    now += timedelta(minutes=1)
    later = now + timedelta(minutes=30)
    await refusals.count(worker_conn, [Refused("publish", "sos-1", "a", now), Refused("publish", "sos-1", "b", later, 4)])
    await refusals.count(worker_conn, [Refused("publish", "sos-1", "old", now - timedelta(seconds=1))])
    await refusals.count(worker_conn, [Refused("publish", "sos-1", "c", now + timedelta(hours=1))])
    await refusals.count(worker_conn, [Refused("unknown_device", name, "", now) for name in ("mallory", "eve", "\x00")])
    await worker_conn.commit()
    rows = await refusals.listed(api_conn, "tst", now - timedelta(days=1), 10)
    seen = [(row.kind, row.device, row.subject, row.times) for row in rows]
    assert seen == [("publish", "sos-1", "c", 1), ("publish", "sos-1", "b", 6), ("unknown_device", "", "", 3)]
    assert (rows[1].site, rows[1].area, rows[1].first_at, rows[1].last_at) == (
        "home-1",
        "tst001",
        now - timedelta(seconds=1),
        later,
    )
    assert [row.device for row in await refusals.listed(api_conn, "tst002", now - timedelta(days=1), 10)] == [""]
    assert await refusals.totals(api_conn) == {"publish": 7, "unknown_device": 3}


async def test_a_mark_moves(worker_conn: Connection) -> None:
    assert await refusals.mark(worker_conn, "broker") is None
    for place in (10, 20):
        await refusals.set_mark(worker_conn, "broker", Mark(7, place))
    assert await refusals.mark(worker_conn, "broker") == Mark(7, 20)


@pytest.fixture
def say(worker_conn: Connection, now: datetime) -> Callable[[int, int], Awaitable[None]]:
    """A telemetry worker that started at one minute says at another that it lives."""

    async def said(started: int, at: int) -> None:
        times = (now + timedelta(minutes=started), now + timedelta(minutes=at))
        await health.worker_alive(worker_conn, "telemetry-1", "telemetry", *times, {})

    return said


@pytest.mark.parametrize(
    ("reports", "since"),
    [
        ([(0, 0)], 0),
        ([(0, 0), (0, 1), (2, 3)], 0),
        ([(0, 0), (0, 1), (9, 10)], 9),
        ([(0, 0), (0, 30)], 30),
    ],
    ids=["began", "a restart of seconds is none", "a pause is one", "alive but deaf"],
)
async def test_since_when_we_listen(
    worker_conn: Connection, say: Callable[[int, int], Awaitable[None]], now: datetime, reports: list[tuple[int, int]], since: int
) -> None:
    for started, at in reports:
        await say(started, at)
    last = now + timedelta(minutes=reports[-1][1])
    assert await administration.listening_since(worker_conn, last) == now + timedelta(minutes=since)
    assert await administration.listening_since(worker_conn, last + timedelta(minutes=2)) is None, "nobody listens"


async def test_telephones_are_of_ones_scope(api_conn: Connection) -> None:
    assert await administration.phones(api_conn, "tst001", ["s-1", "s-3", "none"]) == {"s-1": "13800000001"}
