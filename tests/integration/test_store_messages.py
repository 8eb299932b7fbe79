"""A message is stored once, however often, however late and by however many workers it is delivered."""

import asyncio
import hashlib
import math
import random
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from care.district import District
from store import messages
from store.connect import Connection, connect
from store.devices import register
from store.health import Heard, touch_readings
from store.messages import AckRow, ClockFixRow, EventRow, HealthRow, ReadingRow, RejectedRow, Stored
from store.server import Database
from store.waveforms import WaveformRow, insert_waveforms

pytestmark = pytest.mark.integration

AT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def reading(
    n: int, *, device_id: int = 1, at: datetime = AT, b: str = "7f3a", values: list[float | None] | None = None, t: int = -1
) -> ReadingRow:
    return ReadingRow(device_id, at, b, n, at + SECOND, 1, values or [0.5, None], t)


def event(n: int, *, device_id: int = 1, kind: str = "sos") -> EventRow:
    return EventRow(device_id, "7f3a", n, 1_790_000_000_000, "tst001", 1, kind, AT, AT + SECOND, {"battery": 71.0}, False, ["late"])


@asynccontextmanager
async def two_workers(database: Database) -> AsyncIterator[tuple[Connection, Connection]]:
    async with await connect(database.dsn("vigil_worker")) as one, await connect(database.dsn("vigil_worker")) as two:
        yield one, two


async def count(conn: Connection, table: str) -> int:
    row = await (await conn.execute(f"SELECT count(*) FROM {table}".encode())).fetchone()
    assert row
    return int(row[0])


async def test_reading_delivered_again_is_not_new(worker_conn: Connection) -> None:
    rows = [reading(1), reading(2)]
    assert await messages.insert_readings(worker_conn, rows) == Stored(frozenset(), {})
    await worker_conn.commit()
    assert await messages.insert_readings(worker_conn, [reading(3), *rows]) == Stored(frozenset({1, 2}), {})
    assert await count(worker_conn, "readings") == 3


async def test_two_batches_in_one_transaction_do_not_mix(worker_conn: Connection) -> None:
    await messages.insert_readings(worker_conn, [reading(1)])
    assert await messages.insert_readings(worker_conn, [reading(2)]) == Stored(frozenset(), {})
    assert await count(worker_conn, "readings") == 2


async def test_a_time_that_was_decided_before_is_the_time_of_the_reading(worker_conn: Connection) -> None:
    """Whatever its device's clock looks like by now; also in one batch with others, and when it comes again."""
    await messages.insert_clock_fixes(worker_conn, [ClockFixRow(1, "7f3a", 2, 1_790_000_000_000, AT - SECOND)])
    rows = [reading(1, t=1_790_000_000_000), reading(2, t=1_790_000_000_000), reading(2, at=AT + SECOND, t=1_790_000_000_001)]
    assert await messages.insert_readings(worker_conn, rows) == Stored(frozenset(), {1: AT - SECOND})
    assert await messages.insert_readings(worker_conn, rows) == Stored(frozenset({0, 1, 2}), {1: AT - SECOND})
    found = await (await worker_conn.execute("SELECT at, n FROM readings ORDER BY at")).fetchall()
    assert found == [(AT - SECOND, 2), (AT, 1), (AT + SECOND, 2)]


async def test_empty_batches_are_nothing(worker_conn: Connection) -> None:
    assert await messages.insert_readings(worker_conn, []) == Stored(frozenset(), {})
    assert await messages.insert_events(worker_conn, []) == set()
    assert await messages.insert_acks(worker_conn, []) == set()
    assert await insert_waveforms(worker_conn, []) == set()
    assert await messages.insert_clock_fixes(worker_conn, []) == {}
    await messages.reject(worker_conn, [])
    await messages.touch_health(worker_conn, [])
    await touch_readings(worker_conn, [])


@pytest.mark.parametrize(
    "values",
    [[0.1], [None, None], [-40.0, 1e-38, 3.4e38], [math.nan, math.inf], [0.0, -0.0], [float(i) for i in range(40)]],
)
async def test_values_come_back_as_float32(worker_conn: Connection, values: list[float | None]) -> None:
    await messages.insert_readings(worker_conn, [reading(1, values=values)])
    row = await (await worker_conn.execute("SELECT values FROM readings", binary=True)).fetchone()
    assert row
    expected = [None if value is None else struct.unpack("<f", struct.pack("<f", value))[0] for value in values]
    assert struct.pack(f"<{len(expected)}d", *[v or 0.0 for v in row[0]]) == struct.pack(
        f"<{len(expected)}d", *[v or 0.0 for v in expected]
    )
    assert [v is None for v in row[0]] == [v is None for v in expected]


async def test_readings_of_any_shape_share_a_batch(worker_conn: Connection) -> None:
    """Their values travel as one array: each must get back its own part of it."""
    shapes: list[list[float | None]] = [[1.0], [], [None, 2.0, None], [3.0, 4.0], [None]]
    rows = [ReadingRow(number, AT, "bß" * number, 2**62, AT, 1, values) for number, values in enumerate(shapes)]
    await messages.insert_readings(worker_conn, rows)
    found = await (await worker_conn.execute("SELECT device_id, b, n, values FROM readings ORDER BY device_id")).fetchall()
    assert found == [(row.device_id, row.b, row.n, row.values) for row in rows]


async def test_rolled_back_batch_can_be_stored_after_all(worker_conn: Connection) -> None:
    """The staging table was made inside the transaction that failed; the next batch makes it again."""
    window = WaveformRow(1, AT, "", 1, AT, 50.0, "mg", [(1.0, -2.0, 0.5)])
    await messages.insert_readings(worker_conn, [reading(1)])
    await insert_waveforms(worker_conn, [window])
    await worker_conn.rollback()
    assert await messages.insert_readings(worker_conn, [reading(1)]) == Stored(frozenset(), {})
    assert await insert_waveforms(worker_conn, [window]) == {(1, AT, "", 1)}


async def test_two_workers_with_the_same_messages_in_opposite_order(database: Database) -> None:
    """A partition that changed hands: each message is new to exactly one of them, and neither deadlocks."""
    rows = [reading(n) for n in range(500)]
    async with two_workers(database) as (one, two):

        async def store(conn: Connection, batch: list[ReadingRow]) -> set[int]:
            async with conn.transaction():
                stored = await messages.insert_readings(conn, batch)
            return {row.n for place, row in enumerate(batch) if place not in stored.old}

        first, second = await asyncio.gather(store(one, rows), store(two, rows[::-1]))
        assert len(first) + len(second) == 500
        assert not first & second
        assert await count(one, "readings") == 500


async def test_events_are_stored_once_with_all_they_say(worker_conn: Connection) -> None:
    assert await messages.insert_events(worker_conn, [event(1), event(2), event(1)]) == {
        (1, "7f3a", 1, 1_790_000_000_000),
        (1, "7f3a", 2, 1_790_000_000_000),
    }
    assert await messages.insert_events(worker_conn, [event(2)]) == set()
    row = await (await worker_conn.execute("SELECT kind, at, received_at, values, drill, flags FROM events WHERE n = 1")).fetchone()
    assert row == ("sos", AT, AT + SECOND, {"battery": 71.0}, False, ["late"])


async def test_two_workers_with_the_same_events(database: Database) -> None:
    rows = [event(n) for n in range(50)]
    async with two_workers(database) as (one, two):

        async def store(conn: Connection, batch: list[EventRow]) -> set[messages.MessageKey]:
            async with conn.transaction():
                return await messages.insert_events(conn, batch)

        first, second = await asyncio.gather(store(one, rows), store(two, rows[::-1]))
        assert len(first) + len(second) == 50


async def test_largest_counters_survive(worker_conn: Connection) -> None:
    """JSON carries the counters; none may pass through a float."""
    largest = 2**62
    row = EventRow(1, "", largest, 4_102_444_800_000, "tst001", 1, "sos", AT, AT, {}, False, [])
    assert await messages.insert_events(worker_conn, [row]) == {(1, "", largest, 4_102_444_800_000)}


async def test_text_with_nul_is_stored_replaced(worker_conn: Connection) -> None:
    """A device chooses the text of an acknowledgement; PostgreSQL has no NUL: the batch must not fail for ever."""
    row = AckRow(1, "", 1, 1, "a\x00b", "shown\\u0000", AT, AT)
    assert await messages.insert_acks(worker_conn, [row]) == {(1, "", 1, 1)}
    stored = await (await worker_conn.execute("SELECT command FROM acks")).fetchone()
    assert stored == ("a\ufffdb",)
    await messages.reject(worker_conn, [RejectedRow("events", "care/\x00\ud800", b"\x00\xff", "bad \x00", "", AT)])
    assert (await messages.rejected(worker_conn, None, 10))[0].payload == b"\x00\xff"


async def test_waveform_keeps_its_samples(worker_conn: Connection) -> None:
    row = WaveformRow(1, AT, "", 1, AT, 50.0, "mg", [(1.0, -2.0, 0.5), (3.0, 4.0, 5.0)])
    assert await insert_waveforms(worker_conn, [row, row]) == {(1, AT, "", 1)}
    stored = await (await worker_conn.execute("SELECT fs, unit, xyz FROM waveforms")).fetchone()
    assert stored
    assert stored[:2] == (50.0, "mg")
    assert struct.unpack("<6f", stored[2]) == (1.0, -2.0, 0.5, 3.0, 4.0, 5.0)


async def test_first_clock_fix_stays(worker_conn: Connection) -> None:
    key = (1, "", 7, 0)
    assert await messages.clock_fixes(worker_conn, [key]) == {}
    assert await messages.insert_clock_fixes(worker_conn, [ClockFixRow(*key, AT)]) == {key: AT}
    assert await messages.insert_clock_fixes(worker_conn, [ClockFixRow(*key, AT + SECOND)]) == {key: AT}
    assert await messages.clock_fixes(worker_conn, [key, (1, "", 8, 0)]) == {key: AT}


async def test_two_workers_fix_a_clock_alike(database: Database) -> None:
    key = (1, "", 7, 0)
    async with two_workers(database) as (one, two):
        first = await messages.insert_clock_fixes(one, [ClockFixRow(*key, AT)])
        waiting = asyncio.create_task(messages.insert_clock_fixes(two, [ClockFixRow(*key, AT + SECOND)]))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await one.commit()
        assert await waiting == first == {key: AT}


async def test_same_nonsense_within_the_hour_is_one_row(worker_conn: Connection) -> None:
    def nonsense(at: datetime, payload: bytes = b"{") -> RejectedRow:
        return RejectedRow("events", "care/v1/tst001/x/y/event", payload, "malformed JSON", "tst001", at)

    await messages.reject(worker_conn, [nonsense(AT), nonsense(AT + SECOND), nonsense(AT, b"[")])
    await messages.reject(worker_conn, [nonsense(AT + 2 * SECOND)])
    await messages.reject(worker_conn, [nonsense(AT + timedelta(hours=1))])
    rows = await messages.rejected(worker_conn, "tst001", 10)
    assert [(row.payload, row.times) for row in rows] == [(b"{", 1), (b"{", 3), (b"[", 1)]
    assert (rows[1].first_at, rows[1].last_at) == (AT, AT + 2 * SECOND)
    assert await messages.rejected(worker_conn, "tst002", 10) == []


async def test_long_payload_is_cut_but_told_apart(worker_conn: Connection) -> None:
    long = [RejectedRow("events", "t", b"x" * 5000 + end, "too long", "", AT) for end in (b"1", b"2")]
    await messages.reject(worker_conn, long)
    rows = await messages.rejected(worker_conn, None, 10)
    assert [len(row.payload) for row in rows] == [4096, 4096]
    digests = await (await worker_conn.execute("SELECT digest FROM rejected ORDER BY digest")).fetchall()
    assert digests == sorted((hashlib.sha256(row.payload).digest(),) for row in long)


async def test_health_never_moves_back(worker_conn: Connection, loaded: District) -> None:
    device_id = (await register(worker_conn))["sos-1"].device_id
    newer = HealthRow(device_id, AT + SECOND, online=True, telemetry_at=AT + SECOND, battery=71.0, firmware="2.0")
    await messages.touch_health(worker_conn, [newer])
    await messages.touch_health(
        worker_conn, [HealthRow(device_id, AT, online=False, telemetry_at=AT, battery=99.0, firmware="1.0")]
    )
    row = await (
        await worker_conn.execute(
            "SELECT seen_at, online, online_at, telemetry_at, battery, battery_at, firmware, signal, event_at FROM device_health"
        )
    ).fetchone()
    later = AT + SECOND
    assert row == (later, True, later, later, 71.0, later, "2.0", None, None)


async def test_health_keeps_what_the_newer_message_does_not_tell(worker_conn: Connection, loaded: District) -> None:
    device_id = (await register(worker_conn))["sos-1"].device_id
    await messages.touch_health(worker_conn, [HealthRow(device_id, AT, online=True, battery=71.0)])
    await messages.touch_health(worker_conn, [HealthRow(device_id, AT + SECOND, event_at=AT + SECOND)])
    row = await (await worker_conn.execute("SELECT seen_at, online, online_at, battery, event_at FROM device_health")).fetchone()
    assert row == (AT + SECOND, True, AT, 71.0, AT + SECOND)


async def test_health_of_one_device_many_times_in_a_batch(worker_conn: Connection, loaded: District) -> None:
    device_id = (await register(worker_conn))["sos-1"].device_id
    batch = [HealthRow(device_id, AT + i * SECOND, online=i % 2 == 0, battery=float(i) if i < 5 else None) for i in (3, 9, 1, 4)]
    await messages.touch_health(worker_conn, batch)
    row = await (await worker_conn.execute("SELECT seen_at, online, battery, battery_at FROM device_health")).fetchone()
    assert row == (AT + 9 * SECOND, False, 4.0, AT + 4 * SECOND)


async def test_last_will_is_not_a_sign_of_life(worker_conn: Connection, loaded: District) -> None:
    device_id = (await register(worker_conn))["sos-1"].device_id
    await messages.touch_health(worker_conn, [HealthRow(device_id, AT, online=True)])
    will = HealthRow(device_id, None, online=False, online_at=AT + SECOND)
    await messages.touch_health(worker_conn, [will, HealthRow(device_id, AT - SECOND, battery=50.0)])
    row = await (await worker_conn.execute("SELECT seen_at, online, online_at, battery FROM device_health")).fetchone()
    assert row == (AT, False, AT + SECOND, 50.0)
    await messages.touch_health(worker_conn, [HealthRow(device_id, AT, online=True)])  # an old status again
    assert (await (await worker_conn.execute("SELECT online FROM device_health")).fetchone()) == (False,)


async def test_last_will_of_a_device_never_heard(worker_conn: Connection, loaded: District) -> None:
    device_id = (await register(worker_conn))["sos-1"].device_id
    await messages.touch_health(worker_conn, [HealthRow(device_id, None, online=False, online_at=AT)])
    assert (await messages.last_seen(worker_conn))["sos-1"] is None


async def test_readings_tell_of_health_what_their_rows_would(worker_conn: Connection, loaded: District) -> None:
    """The short way for readings alone against the long way, batch after batch, in whatever order they come."""
    chance, known = random.Random(5), await register(worker_conn)
    long, short = known["smoke-1"].device_id, known["smoke-9"].device_id
    for _ in range(30):
        told = [
            (AT + chance.randrange(60) * SECOND, chance.choice([None, 1.0, 2.5]), chance.choice([None, -60.0])) for _ in range(4)
        ]
        told = list({seen: (seen, battery, signal) for seen, battery, signal in told}.values())
        rows = [HealthRow(long, seen, telemetry_at=seen - SECOND, battery=one, signal=two) for seen, one, two in told]
        await messages.touch_health(worker_conn, rows)
        folded: dict[int, Heard] = {}
        for seen, one, two in told:
            heard = folded.setdefault(short, Heard(short, seen, seen - SECOND))
            heard.fold(seen, seen - SECOND, one, two)
        await touch_readings(worker_conn, folded.values())
        statement = """SELECT seen_at, telemetry_at, battery, battery_at, signal, signal_at, online, firmware FROM device_health
            ORDER BY device_id = %s"""
        first, second = await (await worker_conn.execute(statement, (long,))).fetchall()
        assert first == second


async def test_two_lanes_touch_the_same_devices_in_opposite_order(database: Database, conn: Connection, loaded: District) -> None:
    ids = sorted(device.device_id for device in (await register(conn)).values())
    await conn.commit()
    async with two_workers(database) as (one, two):

        async def touch(lane: Connection, order: list[int], at: datetime) -> None:
            for n in range(20):
                async with lane.transaction():
                    await messages.touch_health(lane, [HealthRow(device_id, at + n * SECOND, online=True) for device_id in order])

        await asyncio.gather(touch(one, ids, AT), touch(two, ids[::-1], AT))
        seen = await messages.last_seen(one)
        assert set(seen.values()) == {AT + 19 * SECOND}
        assert len(seen) == len(ids)


async def test_replay_is_in_time_order_and_only_of_these_areas(worker_conn: Connection, loaded: District) -> None:
    devices = await register(worker_conn)
    home, inside = devices["smoke-1"].device_id, devices["smoke-9"].device_id
    rows = [reading(n, device_id=home, at=AT + (9 - n) * SECOND) for n in range(3)]
    await messages.insert_readings(worker_conn, [*rows, reading(1, device_id=inside), reading(0, device_id=home, at=AT - SECOND)])
    replayed = await messages.replay(worker_conn, ["tst001"], AT)
    assert [(row.device, row.n, row.at) for row in replayed] == [("smoke-1", n, AT + (9 - n) * SECOND) for n in (2, 1, 0)]
    assert replayed[0].values == [0.5, None]
    assert {row.device for row in await messages.replay(worker_conn, ["tst001", "tst002"], AT)} == {"smoke-1", "smoke-9"}


async def test_replay_knows_the_time_as_sent(worker_conn: Connection, loaded: District) -> None:
    """An alarm's id comes from the message key; replay must give the same one also where the clock was wrong."""
    home = (await register(worker_conn))["smoke-1"].device_id
    odd = AT + timedelta(milliseconds=123)
    await messages.insert_clock_fixes(worker_conn, [ClockFixRow(home, "7f3a", 1, 42, AT)])
    await messages.insert_readings(worker_conn, [reading(1, device_id=home), reading(2, device_id=home, at=odd)])
    sent = {row.n: row.t for row in await messages.replay(worker_conn, ["tst001"], AT)}
    assert sent == {1: 42, 2: int(odd.timestamp() * 1000)}


async def test_series_is_the_newest_values_in_time_order(worker_conn: Connection) -> None:
    rows = [reading(n, at=AT + n * SECOND, values=[float(n), None if n % 2 else 1.0]) for n in range(6)]
    await messages.insert_readings(worker_conn, rows)
    until = AT + 5 * SECOND
    assert await messages.series(worker_conn, 1, 0, AT, until, 2) == [(AT + 3 * SECOND, 3.0), (AT + 4 * SECOND, 4.0)]
    assert [at for at, _ in await messages.series(worker_conn, 1, 1, AT, until, 10)] == [AT, AT + 2 * SECOND, AT + 4 * SECOND]
    assert await messages.series(worker_conn, 1, 7, AT, until, 10) == []


async def test_worker_says_how_it_is_doing(worker_conn: Connection) -> None:
    await messages.worker_alive(worker_conn, "ingest-1", "events", AT, AT, {"stored": 1})
    await messages.worker_alive(worker_conn, "ingest-1", "events", AT, AT + SECOND, {"stored": 2})
    assert await messages.workers(worker_conn) == [messages.WorkerRow("ingest-1", "events", AT, AT + SECOND, {"stored": 2})]


async def test_batch_leaves_nothing_in_the_catalogue(worker_conn: Connection) -> None:
    async def catalogue() -> int:
        return await count(worker_conn, "pg_class")

    async with worker_conn.transaction():
        await insert_waveforms(worker_conn, [WaveformRow(1, AT, "", 0, AT, 50.0, "mg", [])])
    before = await catalogue()
    for n in range(1, 4):
        async with worker_conn.transaction():
            await messages.insert_readings(worker_conn, [reading(n)])
            await insert_waveforms(worker_conn, [WaveformRow(1, AT, "", n, AT, 50.0, "mg", [])])
    assert await catalogue() == before


async def test_api_may_not_write_what_devices_said(api_conn: Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await messages.insert_readings(api_conn, [reading(1)])
    await api_conn.rollback()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await messages.insert_events(api_conn, [event(1)])
