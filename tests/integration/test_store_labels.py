"""Windows and labels in a real database: kept for their own time, labelled by causes, corrected with them, read by the owner."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from dispatch.incident import CAUSES, NotAllowed
from dispatch.incident import IncidentEvent as E
from store import history, incidents, labels, migrate
from store.alarms import raise_alarm
from store.connect import Connection, connect
from store.corrections import correct_cause
from store.devices import RegisteredDevice
from store.errors import OutOfScope
from store.incidents import Actor, UnknownCause
from store.labels import MOST_SAMPLED, NewWindow
from store.new_alarm import NewAlarm
from store.server import Database

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
People = dict[str, Actor]
Known = dict[str, RegisteredDevice]
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
async def fallen(worker_conn: Connection, new_alarm: Callable[..., NewAlarm]) -> UUID:
    """An incident that the motion of a resident's wearable has opened, its window with it."""
    alarm = new_alarm("wear-1", "fall_motion", key="1790000000000")
    raised = await raise_alarm(worker_conn, alarm, NOW)
    await labels.keep(worker_conn, window(alarm, raised.incident_id), NOW)
    await worker_conn.commit()
    return raised.incident_id


def window(alarm: NewAlarm, incident: UUID | None, probability: float = 0.9, ago: timedelta = timedelta(0)) -> NewWindow:
    assert alarm.device_id is not None
    id_ = alarm.alarm_id if incident else uuid4()
    return NewWindow(id_, incident, alarm.device_id, alarm.senior_id, NOW - ago, "test/1", probability, 0, b"\0" * 2400)


async def close(conn: Connection, incident: UUID, cause: str, who: Actor) -> None:
    for event in (E.ACKNOWLEDGE, E.RESOLVE, E.CLOSE):
        await incidents.act(conn, incident, event, who, NOW, cause=cause if event is E.CLOSE else None)


async def said(database: Database) -> list[tuple[str, str, str, str]]:
    async with await connect(database.dsn("vigil_owner")) as conn:
        query = "SELECT cause, verdict, basis, role FROM labels ORDER BY verdict, basis, window_id"
        return [(a, b, c, d) for a, b, c, d in await (await conn.execute(query)).fetchall()]


async def test_closing_with_a_cause_labels_the_window(
    database: Database, conn: Connection, api_conn: Connection, fallen: UUID, accounts: People, known: Known
) -> None:
    await close(api_conn, fallen, "sat_down_hard", accounts["duty"])
    await api_conn.commit()
    assert await said(database) == [("sat_down_hard", "not_fall", "alarm", "duty")]
    (row,) = await labels.labelled(conn)
    assert (row.verdict, row.model, len(row.cells), row.person) == (
        "not_fall",
        "test/1",
        2400,
        f"senior:{known['wear-1'].senior_id}",
    )
    (count,) = await labels.counts(conn)
    assert (count.cause, count.labels, count.kept) == ("sat_down_hard", 1, 1)


async def test_no_label_without_its_commit(database: Database, api_conn: Connection, fallen: UUID, accounts: People) -> None:
    await close(api_conn, fallen, "real_fall", accounts["duty"])
    await api_conn.rollback()
    assert await said(database) == []


async def test_another_cause_is_another_label(
    database: Database, conn: Connection, api_conn: Connection, fallen: UUID, accounts: People
) -> None:
    with pytest.raises(NotAllowed):
        await correct_cause(api_conn, fallen, "real_fall", accounts["duty"], NOW)
    await close(api_conn, fallen, "sat_down_hard", accounts["duty"])
    with pytest.raises(UnknownCause):
        await correct_cause(api_conn, fallen, "magic", accounts["duty"], NOW)
    with pytest.raises(OutOfScope):
        await correct_cause(api_conn, fallen, "real_fall", accounts["duty-inst"], NOW)
    (card,) = await incidents.board(api_conn, None, [fallen])
    version = await correct_cause(api_conn, fallen, "real_fall", accounts["admin"], NOW, note="on the film")
    assert version == card.version + 1
    assert await correct_cause(api_conn, fallen, "real_fall", accounts["duty"], NOW) == version
    await api_conn.commit()
    assert await said(database) == [("real_fall", "fall", "alarm", "admin")]
    detail = await incidents.detail_rows(conn, fallen)
    assert (detail.card.cause, detail.card.state) == ("real_fall", "closed")
    assert detail.trail[-1].kind == "cause_corrected"
    assert detail.trail[-1].data == {"cause": "real_fall", "before": "sat_down_hard", "note": "on the film"}


async def test_a_fall_that_was_passed_over_is_learned_from_who_pressed(
    database: Database, worker_conn: Connection, api_conn: Connection, new_alarm: Callable[..., NewAlarm], accounts: People
) -> None:
    """The resident pressed, it was a real fall: the most probable of what was passed over in the minutes before is it."""
    wear, press = new_alarm("wear-1", "fall_motion"), new_alarm("sos-1", "sos")
    for probability, ago in ((0.1, 2 * MINUTE), (0.4, 3 * MINUTE), (0.6, 20 * MINUTE)):
        await labels.keep(worker_conn, window(wear, None, probability, ago), NOW)
    other = new_alarm("sos-2", "sos")
    await labels.keep(worker_conn, window(other, None, 0.65, MINUTE), NOW)
    raised = await raise_alarm(worker_conn, press, NOW)
    await worker_conn.commit()
    await close(api_conn, raised.incident_id, "real_fall", accounts["duty"])
    await api_conn.commit()
    assert await said(database) == [("real_fall", "fall", "near", "duty")]
    async with await connect(database.dsn("vigil_owner")) as conn:
        assert [round(row.probability, 3) for row in await labels.labelled(conn)] == [0.4]
        assert [round(row.probability, 3) for row in await labels.passed_over(conn, NOW + DAY)] != []
        assert 0.4 not in {round(row.probability, 3) for row in await labels.passed_over(conn, NOW + DAY)}
    await correct_cause(api_conn, raised.incident_id, "help_needed", accounts["duty"], NOW)
    await api_conn.commit()
    assert await said(database) == [("help_needed", "unknown", "near", "duty")]


async def left(conn: Connection, worker: Connection, given: list[NewWindow]) -> list[float]:
    """The probabilities of those that are taken for no falls, in whole hundredths."""
    for one in given:
        await labels.keep(worker, one, NOW)
    await worker.commit()
    return sorted(round(row.probability, 2) for row in await labels.passed_over(conn, NOW + DAY))


@pytest.mark.parametrize("drill", [False, True])
async def test_what_is_near_an_incident_of_its_wearer_is_not_taken_for_no_fall(
    conn: Connection,
    worker_conn: Connection,
    api_conn: Connection,
    new_alarm: Callable[..., NewAlarm],
    accounts: People,
    drill: bool,
) -> None:
    """Whatever its cause says, and though nobody has spoken of the sample: until two minutes after it was resolved."""
    wear, other = new_alarm("wear-1", "fall_motion"), new_alarm("sos-2", "sos")
    raised = await raise_alarm(worker_conn, new_alarm("sos-1", "sos", at=NOW - 30 * MINUTE, drill=drill), NOW)
    await worker_conn.commit()
    await close(api_conn, raised.incident_id, "false_press", accounts["duty"])
    await api_conn.commit()
    ago = ((0.1, 41), (0.2, 39), (0.3, 29), (0.4, 5), (0.5, -1), (0.6, -3))
    given = [window(wear, None, probability, minutes * MINUTE) for probability, minutes in ago]
    assert await left(conn, worker_conn, [*given, window(other, None, 0.7, 30 * MINUTE)]) == [0.1, 0.6, 0.7]


@pytest.mark.parametrize("changes", [{"senior_id": None}, {"device_id": 9999}])
async def test_what_is_near_the_window_of_an_alarm_is_not_taken_for_no_fall(
    conn: Connection, worker_conn: Connection, new_alarm: Callable[..., NewAlarm], changes: dict[str, Any]
) -> None:
    """The same device, or another of the same wearer."""
    wear = new_alarm("wear-1", "fall_motion")
    assert await left(conn, worker_conn, [window(wear, None, 0.2, MINUTE)]) == [0.2]
    alarmed = replace(window(wear, uuid4(), ago=3 * MINUTE), **changes)
    given = [window(wear, None, probability, ago * MINUTE) for probability, ago in ((0.3, 14), (0.4, 12), (0.5, 2), (0.6, 0))]
    assert await left(conn, worker_conn, [alarmed, *given]) == [0.3, 0.6]


async def test_samples_are_bounded_and_alarms_are_not(
    conn: Connection, worker_conn: Connection, fallen: UUID, known: Known
) -> None:
    device = known["wear-1"].device_id
    for number in range(MOST_SAMPLED + 5):
        for incident in (None, fallen):
            row = NewWindow(uuid4(), incident, device, known["wear-1"].senior_id, NOW, "m", 0.2, number, b"x")
            await labels.keep(worker_conn, row, NOW)
            await labels.keep(worker_conn, row, NOW)
    await worker_conn.commit()
    found = await (await conn.execute("SELECT sampled, count(*) FROM windows GROUP BY 1 ORDER BY 1")).fetchall()
    assert found == [(False, MOST_SAMPLED + 6), (True, MOST_SAMPLED)]


async def test_each_class_goes_in_its_time(conn: Connection, worker_conn: Connection, fallen: UUID, known: Known) -> None:
    device = known["wear-1"].device_id
    await labels.keep(worker_conn, NewWindow(uuid4(), None, device, 1, NOW, "m", 0.2, 0, b"x"), NOW)
    await worker_conn.commit()
    left = []
    for days in (29, 31, 1000, 1100):
        while await history.expire(worker_conn, NOW + days * DAY):
            pass
        await worker_conn.commit()
        left.append(await (await conn.execute("SELECT sampled FROM windows ORDER BY 1")).fetchall())
    assert left == [[(False,), (True,)], [(False,)], [(False,)], []]


async def test_a_device_enrolled_as_another_does_not_change_where_its_windows_were_worn(
    conn: Connection,
    worker_conn: Connection,
    api_conn: Connection,
    fallen: UUID,
    new_alarm: Callable[..., NewAlarm],
    accounts: People,
) -> None:
    """Neither that of an alarm nor a sample; what was kept before windows knew it is taken for what its device is now."""
    wear = new_alarm("wear-1", "fall_motion")
    await labels.keep(worker_conn, window(wear, None, 0.2, 3 * DAY), NOW)
    await labels.keep(worker_conn, window(wear, None, 0.3, 5 * DAY), NOW)
    await worker_conn.commit()
    await close(api_conn, fallen, "sat_down_hard", accounts["duty"])
    await api_conn.commit()
    await conn.execute("UPDATE devices SET profile = 'wearable_waist' WHERE code = 'wear-1'")
    await conn.execute("UPDATE windows SET profile = NULL WHERE probability < 0.25")
    await labels.keep(conn, window(wear, None, 0.4, 7 * DAY), NOW)
    assert [row.profile for row in await labels.labelled(conn)] == ["wearable"]
    samples = {round(row.probability, 1): row.profile for row in await labels.passed_over(conn, NOW + DAY)}
    assert samples == {0.2: "wearable_waist", 0.3: "wearable", 0.4: "wearable_waist"}


async def test_what_was_judged_before_windows_knew_their_profile_keeps_it(empty_database: Database) -> None:
    async with await connect(empty_database.dsn("vigil_owner"), autocommit=True) as conn:
        await migrate.apply(conn, [one for one in migrate.migrations() if one.version < 17])
        for statement in (*_BEFORE[:4], *_JUDGED_BEFORE):
            await conn.execute(statement.encode())
        await migrate.apply(conn)
        await conn.execute("UPDATE devices SET profile = 'wearable_waist'")
        found = await (await conn.execute("SELECT sampled, profile FROM windows ORDER BY sampled")).fetchall()
    assert found == [(False, "wearable"), (True, None)]


async def test_the_samples_are_the_owners(worker_conn: Connection, api_conn: Connection, fallen: UUID) -> None:
    for conn in (worker_conn, api_conn):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await conn.execute("SELECT cells FROM windows")
        await conn.rollback()


async def test_what_alarms_have_kept_before_moves(empty_database: Database) -> None:
    """An installation from before: the samples leave the evidence, the numbers stay."""
    async with await connect(empty_database.dsn("vigil_owner"), autocommit=True) as conn:
        await migrate.apply(conn, [one for one in migrate.migrations() if one.version < 11])
        for statement in _BEFORE:
            await conn.execute(statement.encode())
        await migrate.apply(conn)
        evidence = await (await conn.execute("SELECT kind, evidence FROM alarms ORDER BY kind")).fetchall()
        assert evidence == [("fall", {"cells": "no window"}), ("fall_motion", {"impact_g": 3.5, "probability": 0.75})]
        (row,) = await (await conn.execute("SELECT sampled, model, probability, first_cell, cells FROM windows")).fetchall()
        assert row == (False, "falls-x", 0.75, 89_500_000_000, b"\x01\x02\x03\x04")


async def test_what_was_closed_before_there_were_labels_is_labelled(empty_database: Database) -> None:
    """Of each cause an incident with three windows, and one that a person has spoken of since."""
    async with await connect(empty_database.dsn("vigil_owner"), autocommit=True) as conn:
        await migrate.apply(conn, [one for one in migrate.migrations() if one.version < 14])
        for statement in (*_BEFORE[:2], *_CLOSED_BEFORE):
            await conn.execute(statement.encode(), {"causes": [*CAUSES, "told"]})
        await migrate.apply(conn)
        rows = await (await conn.execute(_TOLD)).fetchall()
    unknown, none = ["unknown"] * 3, ["not_fall"] * 3
    taught = {"real_fall": ["unknown", "fall", "unknown"], "sat_down_hard": none, "dropped_device": none}
    assert {cause: verdicts for cause, verdicts, *_ in rows} == {cause: taught.get(cause, unknown) for cause in CAUSES} | {
        "told": ["not_fall"]
    }
    assert {tuple(roles) for cause, _, roles, _ in rows if cause not in ("told", "test")} == {("duty",)}
    assert [roles for cause, _, roles, _ in rows if cause == "test"] == [["unknown"]], "nobody knows who closed it"
    assert {at for *_, at in rows} == {NOW - 400 * DAY, NOW}, "kept as long as if they had been labelled then"


_CLOSED_BEFORE = (
    "INSERT INTO accounts (login, name, role, scope, demo) VALUES ('d', 'd', 'duty', 'a', true)",
    """INSERT INTO incidents (incident_id, hazard, subject_kind, subject, drill, area, site_id, kind, priority, pressed_or_fire,
        state, state_at, cause, raised_at, closed_at)
    SELECT gen_random_uuid(), 'person', 'device', cause, false, 'a', site_id, 'fall_motion', 2, false,
        CASE cause WHEN 'false_press' THEN 'cancelled' ELSE 'closed' END, now(), cause, now(), '2025-10-20T02:00Z'
    FROM sites, unnest(%(causes)s::text[]) AS cause""",
    """INSERT INTO windows SELECT gen_random_uuid(), false, incident_id, 1, NULL, raised_at, raised_at, 'm', probability, 0, ''
    FROM incidents, unnest('{0.7, 0.9, 0.8}'::real[]) AS probability""",
    """INSERT INTO trail (incident_id, at, kind, actor, data)
    SELECT incident_id, closed_at, state, 'd', jsonb_build_object('cause', cause)
    FROM incidents WHERE cause <> 'test'""",
    """INSERT INTO labels SELECT (array_agg(window_id))[1], incident_id, 'not_fall', 'alarm', cause, 'admin', '2026-11-24T02:00Z'
    FROM incidents JOIN windows USING (incident_id) WHERE cause = 'told' GROUP BY 2, 5""",
)
_TOLD = """SELECT labels.cause, array_agg(verdict ORDER BY probability <> 0.7::real, probability DESC), array_agg(DISTINCT role),
        min(judged_at)
    FROM labels JOIN windows USING (window_id) WHERE labels.basis = 'alarm' GROUP BY 1"""

_JUDGED_BEFORE = (
    """INSERT INTO windows SELECT gen_random_uuid(), sampled, NULL, device_id, NULL, now(), now(), 'm', 0.5, 0, ''
    FROM devices, (VALUES (false), (true)) AS one (sampled)""",
)

_BEFORE = (
    """INSERT INTO areas (code, name_zh, name_en, parent, level, outline, demo) VALUES ('a', 'a', 'a', '', 'x', '{}', true)""",
    """INSERT INTO sites (code, kind, name_zh, name_en, area, address, lon, lat, beds, phone, demo)
    VALUES ('h', 'home', 'h', 'h', 'a', '', 0, 0, 0, '', true)""",
    """INSERT INTO devices (code, profile, profile_version, site_id, area, firmware, enrolled_at)
    SELECT 'wear-1', 'wearable', 1, site_id, 'a', '', now() FROM sites""",
    """INSERT INTO incidents (incident_id, hazard, subject_kind, subject, drill, area, site_id, kind, priority, pressed_or_fire,
        state, state_at, raised_at)
    SELECT gen_random_uuid(), 'person', 'device', 'wear-1', false, 'a', site_id, 'fall_motion', 2, false,
        'open', now(), now() FROM sites""",
    """INSERT INTO alarms (alarm_id, incident_id, source, kind, key, device_id, area, site_id, priority, state, drill, at,
        received_at, late_s, rule_version, reasons, evidence)
    SELECT gen_random_uuid(), incident_id, 'wear-1', one.kind, '1', device_id, 'a', incidents.site_id, 2, 'active', false, now(),
        now(), 0, 'fall_motion/1', one.reasons::jsonb, one.evidence::jsonb
    FROM incidents, devices, (VALUES
        ('fall_motion', '[{"rule": "fall_likely", "source": "falls-x"}]',
            '{"impact_g": 3.5, "probability": 0.75, "cells": "AQIDBA==", "cells_first": "89500000000"}'),
        ('fall', '[]', '{"cells": "no window"}')) AS one (kind, reasons, evidence)""",
)
