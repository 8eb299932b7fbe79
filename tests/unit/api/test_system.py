"""The page of the system: unknown is unknown, the dead are not alive, and no report of a part can break it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.shapes import Health, SystemShape
from api.system import FORGOTTEN_AFTER, SILENT_AFTER, state, system
from store.health import WorkerRow

NOW = datetime(2026, 3, 1, 3, 10, tzinfo=UTC)
HEALTH = Health(
    broker=True, broker_since=NOW, database=True, database_since=NOW, database_refuses=None, failing=[], failing_since=NOW
)
SECOND = timedelta(seconds=1)
BUSY: dict[str, Any] = {
    "messages_per_s": 604.2, "batch_size": 31.5, "commit_ms_p50": 4.1, "commit_ms_p99": 22.0, "lag_s": 0.04, "in_flight": 3,
    "messages": 9_000, "rejected": 2, "failures": 0, "limited": 5,
}  # fmt: skip


def row(lane: str = "events", age: timedelta = SECOND, name: str = "", **stats: Any) -> WorkerRow:
    return WorkerRow(name or f"{lane}-1", lane, NOW - timedelta(hours=1), NOW - age, stats)


def page(*rows: WorkerRow) -> SystemShape:
    return system(rows, HEALTH, NOW)


@pytest.mark.parametrize(
    ("worker", "expected"),
    [
        (row(), "working"),
        (row(age=SILENT_AFTER), "working"),
        (row(age=SILENT_AFTER + SECOND), "silent"),
        (row(standing_by=True), "standing_by"),
        (row(standing_by=True, age=SILENT_AFTER + SECOND), "silent"),
        (row(stopped=True, age=SILENT_AFTER + SECOND), "stopped"),
        (row("probe", age=2 * SILENT_AFTER), "working"),
        (row("probe", age=2 * SILENT_AFTER + SECOND), "silent"),
    ],
)
def test_what_a_report_says_now(worker: WorkerRow, expected: str) -> None:
    assert state(worker, NOW) == expected
    (part,) = page(worker).parts or []
    assert (part.state, part.at) == (expected, worker.at)


def test_a_lane_that_works_shows_its_figures() -> None:
    (lane,) = page(row(**BUSY), row("desk", actions=3)).lanes or []
    assert (lane.messages_per_s, lane.batch_size, lane.commit_p99_ms, lane.lag_s) == (604.2, 31.5, 22.0, 0.04)
    assert (lane.messages, lane.rejected, lane.limited, lane.in_flight) == (9_000, 2, 5, 3)


def test_rates_of_a_lane_that_is_silent_are_unknown_and_its_counts_stay() -> None:
    (lane,) = page(row(age=SILENT_AFTER + SECOND, **BUSY)).lanes or []
    assert (lane.messages_per_s, lane.commit_p99_ms, lane.lag_s, lane.in_flight) == (None, None, None, None)
    assert lane.messages == 9_000


def test_what_a_report_does_not_hold_is_unknown_and_not_zero() -> None:
    (lane,) = page(row()).lanes or []
    assert (lane.messages, lane.rejected, lane.messages_per_s) == (None, None, None)
    (callout,) = page(row("callout")).callouts or []
    assert (callout.granted, callout.refused) == (None, None)


def test_refusals_are_by_reason() -> None:
    (callout,) = page(row("callout", granted=10, devices=12, disconnected=1, refused={"wrong_token": 3})).callouts or []
    assert (callout.granted, callout.devices, callout.refused) == (10, 12, {"wrong_token": 3})


def test_parts_that_are_long_gone_are_left_out() -> None:
    assert page(row(age=FORGOTTEN_AFTER + SECOND)).parts == []
    assert len(page(row(age=FORGOTTEN_AFTER)).parts or []) == 1


def test_with_the_database_away_nothing_is_claimed() -> None:
    found = system(None, HEALTH, NOW)
    assert (found.parts, found.lanes, found.callouts, found.probe) == (None, None, None, None)
    assert found.health == HEALTH


def tries(*pairs: tuple[int, float | None]) -> list[list[Any]]:
    return [[int((NOW - ago * SECOND).timestamp() * 1000), ms, "" if ms else "not_shown"] for ago, ms in pairs]


def ago(seconds: int) -> str:
    return (NOW - seconds * SECOND).isoformat()


@pytest.mark.parametrize(
    ("worker", "lost"),
    [
        (row("probe", history=tries((60, 20.0), (3, 30.0)), success_at=ago(3), ms=30.0), None),
        (
            row("probe", history=tries((60, 20.0), (3, None)), success_at=ago(60), ms=20.0),
            "probe_not_shown",
        ),
        (row("probe", age=31 * SECOND, history=tries((60, 20.0)), success_at=ago(60)), "probe_dead"),
    ],
)
def test_the_page_says_of_the_probe_what_the_desk_says(worker: WorkerRow, lost: str | None) -> None:
    found = page(worker).probe
    assert found is not None
    assert found.lost == lost
    assert len(found.tries) == len(worker.stats["history"])


def test_without_a_probe_there_is_none() -> None:
    assert page(row()).probe is None


NAMES = [*BUSY, "refused", "granted", "devices", "standing_by", "stopped", "history", "success_at", "ms"]
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(st.sampled_from(["events", "telemetry", "callout", "desk", "probe", "x"]), st.dictionaries(st.sampled_from(NAMES), ANY))
def test_no_report_breaks_the_page(lane: str, stats: dict[str, Any]) -> None:
    found = page(row(lane, **stats))
    assert SystemShape.model_validate_json(found.model_dump_json()) == found
