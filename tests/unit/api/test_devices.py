"""Which devices are silent, and who has nothing left that could call for help."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from api.figures import Facts, figures, percentile
from api.protection import LIFE_PROFILES, silent, state_of, unprotected_among
from devices.profiles import PROFILES, WEARABLES
from store.devices import DeviceHealth, RegisteredDevice
from store.health import WorkerRow

NOW = datetime(2026, 3, 1, 3, 10, tzinfo=UTC)
FRESH = NOW - timedelta(minutes=1)
LONG_AGO = NOW - timedelta(days=1)


def device(
    code: str, profile: str = "sos_button", senior: str = "s-1", revoked: bool = False, area: str = "120105001"
) -> RegisteredDevice:
    return RegisteredDevice(
        sum(map(ord, code)), code, profile, 1, 1, "home-1", area, None, "", 1, senior, "", "1.0", LONG_AGO, NOW if revoked else None
    )


def health(code: str, seen_at: datetime | None = FRESH, online: bool | None = None, **changes: Any) -> DeviceHealth:
    values: dict[str, Any] = {
        "code": code,
        "profile": "sos_button",
        "site": "home-1",
        "area": "120105001",
        "zone": "",
        "senior": "s-1",
        "seen_at": seen_at,
        "online": online,
        **dict.fromkeys(("online_at", "telemetry_at", "event_at", "test_at", "battery", "battery_at", "signal", "signal_at")),
        "firmware": "1.0",
        "clock_wrong_at": None,
        "enrolled_at": LONG_AGO,
    }
    return DeviceHealth(**{**values, **changes})


def by_code(*rows: DeviceHealth) -> dict[str, DeviceHealth]:
    return {row.code: row for row in rows}


def test_what_can_call_for_help() -> None:
    assert {"sos_button", "pull_cord", *WEARABLES, "fall_radar"} == LIFE_PROFILES


@pytest.mark.parametrize("profile", PROFILES)
def test_silence_begins_after_the_profiles_limit(profile: str) -> None:
    limit = PROFILES[profile].silent_after
    assert not silent(profile, NOW - limit, NOW)
    assert silent(profile, NOW - limit - timedelta(seconds=1), NOW)
    assert not silent(profile, None, NOW), "never heard is not silent, it is unknown"


def test_an_unknown_profile_has_no_limit() -> None:
    assert not silent("toaster", NOW - timedelta(days=9), NOW)


@pytest.mark.parametrize(
    ("revoked", "row", "expected"),
    [
        (False, health("a"), "fine"),
        (False, health("a", online=True), "fine"),
        (False, health("a", online=False), "offline"),
        (False, health("a", seen_at=NOW - timedelta(hours=3)), "silent"),
        (False, health("a", seen_at=None), "never_seen"),
        (False, None, "never_seen"),
        (True, health("a"), "revoked"),
    ],
)
def test_what_keeps_a_device_from_calling(revoked: bool, row: DeviceHealth | None, expected: str) -> None:
    assert state_of(device("a", revoked=revoked), row, NOW, LONG_AGO) == expected


def test_one_working_device_protects() -> None:
    devices = [device("a"), device("b", "wearable"), device("c", "pull_cord", revoked=True)]
    assert unprotected_among(devices, by_code(health("a", seen_at=None), health("b")), NOW, LONG_AGO) == []


def test_devices_that_cannot_call_do_not_protect() -> None:
    devices = [device("a"), device("bed", "bed_sensor"), device("smoke", "smoke_detector")]
    rows = by_code(health("a", seen_at=None), health("bed", profile="bed_sensor"), health("smoke", profile="smoke_detector"))
    [found] = unprotected_among(devices, rows, NOW, LONG_AGO)
    assert (found.senior, found.why, found.devices) == ("s-1", "never_seen", ("a",))


def test_who_never_had_one_is_not_counted_and_the_shared_belong_to_nobody() -> None:
    assert unprotected_among([device("bed", "bed_sensor"), device("cord", "pull_cord", senior="")], {}, NOW, LONG_AGO) == []


TROUBLES = {
    "offline": (False, health("x", online=False)),
    "silent": (False, health("x", seen_at=NOW - timedelta(hours=3))),
    "never_seen": (False, health("x", seen_at=None)),
    "revoked": (True, health("x")),
}


@pytest.mark.parametrize(("one", "two"), list(product(TROUBLES, TROUBLES)))
def test_the_trouble_named_is_that_of_the_device_nearest_to_working(one: str, two: str) -> None:
    order = list(TROUBLES)
    devices = [device("a", revoked=TROUBLES[one][0]), device("b", revoked=TROUBLES[two][0])]
    rows = {"a": TROUBLES[one][1], "b": TROUBLES[two][1]}
    [found] = unprotected_among(devices, rows, NOW, LONG_AGO)
    assert found.why == order[min(order.index(one), order.index(two))]


def test_since_is_when_the_last_of_them_was_heard() -> None:
    earlier, later = NOW - timedelta(hours=9), NOW - timedelta(hours=4)
    rows = by_code(health("a", seen_at=earlier), health("b", seen_at=later))
    [found] = unprotected_among([device("a"), device("b")], rows, NOW, LONG_AGO)
    assert found.since == later


def facts(*rows: DeviceHealth, workers: list[WorkerRow] | None = None) -> Facts:
    return Facts(list(rows), workers or [], {"120105": [3.0, 9.0, 12.0]}, {"120105": 4}, LONG_AGO)


def test_the_figures_count_what_is_in_scope() -> None:
    rows = (
        health("a"),
        health("b", online=False),
        health("c", seen_at=NOW - timedelta(hours=3)),
        health("d", seen_at=None),
        health("elsewhere", area="120106001"),
    )
    devices = [device(code) for code in "abcd"] + [device("elsewhere", senior="s-9", area="120106001")]
    found = figures("120105", facts(*rows), devices, 0.96, NOW)
    assert (found.devices, found.online, found.silent, found.unprotected) == (4, 1, 1, 0)
    assert (found.circle_share, found.answer_p90_s, found.answer_n, found.alarms_10min) == (0.96, 12.0, 3, 4)
    assert (found.ingest_per_s, found.ingest_p99_ms) == (None, None)


def test_a_dead_worker_has_no_rate_and_percentiles_are_not_averaged() -> None:
    def worker(name: str, at: datetime, rate: float, p99: float | None) -> WorkerRow:
        return WorkerRow(name, "telemetry", NOW, at, {"messages_per_s": rate, "commit_ms_p99": p99})

    workers = [
        worker("a", NOW, 10, 20.0),
        worker("b", NOW, 5, 50.0),
        worker("c", NOW, 1, None),
        worker("d", NOW - timedelta(minutes=1), 99, 99.0),
    ]
    found = figures("120105", facts(workers=workers), [], None, NOW)
    assert (found.ingest_per_s, found.ingest_p99_ms, found.circle_share) == (16, 50, None)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ([], None),
        ([7.0], 7.0),
        ([1.0, 2.0], 2.0),
        ([float(n) for n in range(1, 11)], 9.0),
        ([float(n) for n in range(100, 0, -1)], 90.0),
    ],
)
def test_a_percentile_is_a_time_that_someone_waited(samples: list[float], expected: float | None) -> None:
    assert percentile(samples, 0.9) == expected
