"""What the desk reads of a probe's report: written by another process, so nothing in it is taken on trust."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.probe import new_alarm, report
from dispatch.alarm import PROBE_LOST
from dispatch.probe import STAGES, Lost, Report
from store.devices import RegisteredDevice
from store.health import ProbeRow

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
DEVICE = RegisteredDevice(7, "probe-1", "probe", 1, 3, "inst-1", "tst002", None, "", None, "", "", "", NOW, None)


def row(**stats: Any) -> ProbeRow:
    return ProbeRow("probe-1", NOW, NOW, stats)


def test_a_report_as_the_probe_writes_it() -> None:
    said = row(success_at=NOW.isoformat(), failed_at=(NOW - timedelta(seconds=9)).isoformat(), stage="not_stored", ms=12.5)
    assert report(said) == Report(NOW, NOW, NOW - timedelta(seconds=9), "not_stored")


def test_a_probe_that_never_reported_has_no_report() -> None:
    assert report(ProbeRow("probe-1", None, None, None)) is None


@pytest.mark.parametrize("value", [None, "", "yesterday", 12, "2026-11-24T03:00:00", ["x"]])
def test_what_cannot_be_read_counts_as_not_said(value: object) -> None:
    found = report(row(success_at=value, failed_at=value, stage=value if not isinstance(value, list) else None))
    assert found == Report(NOW, None, None, "not_shown")


@given(st.dictionaries(st.sampled_from(["success_at", "failed_at", "stage"]), st.none() | st.text() | st.integers()))
def test_nothing_in_it_breaks_the_desk(stats: dict[str, object]) -> None:
    found = report(row(**stats))
    assert found is not None
    assert found.stage in STAGES


def test_the_alarm_is_about_the_probe_and_no_drill() -> None:
    alarm = new_alarm(Lost("probe_dead", NOW - timedelta(seconds=90), "5/0"), DEVICE, NOW)
    assert (alarm.kind, alarm.source, alarm.drill, alarm.site, alarm.about.hazard) == (
        PROBE_LOST,
        "probe-1",
        False,
        "inst-1",
        "technical",
    )
    assert alarm.reasons == [{"rule": "probe_dead", "value": 90.0, "limit": 10.0, "unit": "s", "source": "ours"}]


def test_the_same_outage_is_the_same_alarm() -> None:
    lost = Lost("probe_dead", NOW, "5/0")
    assert new_alarm(lost, DEVICE, NOW).alarm_id == new_alarm(lost, DEVICE, NOW + timedelta(seconds=30)).alarm_id
    assert new_alarm(lost, DEVICE, NOW).alarm_id != new_alarm(Lost("probe_dead", NOW, "5/1"), DEVICE, NOW).alarm_id
