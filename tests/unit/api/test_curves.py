"""Which curves speak about an incident, and how much of each."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.detectors import co, fixed_thresholds, heat
from analytics.detectors.fixed_thresholds import LEVELS
from analytics.step import Finding, Origin, Reading
from api.curves import (
    AFTER,
    BEFORE,
    FEW,
    LIMITS,
    MOST_CURVES,
    MOST_FIRE_CURVES,
    MOST_POINTS,
    about_person,
    in_milliseconds,
    thinned,
    wanted,
    wanted_of_fire,
    window,
)
from care.privacy import VITAL_SIGNS
from devices.keys import Key
from devices.profiles import PROFILES
from store.devices import RegisteredDevice

ONSET = datetime(2026, 3, 1, 3, 10, tzinfo=UTC)
FIXED = (*fixed_thresholds.DETECTORS, *heat.DETECTORS, *co.DETECTORS)


def device(code: str, profile: str, zone: str = "", site: str = "inst-1", revoked: bool = False) -> RegisteredDevice:
    return RegisteredDevice(
        sum(map(ord, code)),
        code,
        profile,
        1,
        1,
        site,
        "120105001",
        None,
        zone,
        None,
        "",
        "",
        "1.0",
        ONSET,
        ONSET if revoked else None,
    )


def register(*devices: RegisteredDevice) -> dict[str, RegisteredDevice]:
    return {one.code: one for one in devices}


def points(every_s: float, minutes: float = 30) -> list[tuple[datetime, float]]:
    count = int(minutes * 60 / every_s)
    return [(ONSET + timedelta(seconds=i * every_s), float(i)) for i in range(-count, count + 1)]


def test_the_devices_that_raised_it_come_first() -> None:
    known = register(device("a-bed", "bed_sensor", "r1"), device("z-radar", "fall_radar", "r1"))
    assert [one.device for one in wanted(["z-radar"], "r1", "inst-1", "person", known)][:3] == ["z-radar"] * 3


def test_the_order_of_metrics_is_that_of_the_stored_array() -> None:
    known = register(device("smoke-1", "smoke_detector"))
    found = wanted(["smoke-1"], "", "inst-1", "fire", known)
    assert [(one.metric, one.index, one.unit) for one in found] == [("smoke_obscuration", 0, "%/m"), ("temperature", 1, "°C")]
    assert PROFILES["smoke_detector"].order[:2] == ("smoke_obscuration", "temperature")


def test_battery_and_signal_are_no_curves() -> None:
    assert wanted(["sos-1"], "", "inst-1", "person", register(device("sos-1", "sos_button"))) == []


def test_in_a_zone_its_devices_speak_and_no_others() -> None:
    known = register(
        device("sos-1", "sos_button", "r1"),
        device("bed-1", "bed_sensor", "r1"),
        device("bed-2", "bed_sensor", "r2"),
        device("bed-3", "bed_sensor", "r1", site="inst-2"),
        device("bed-4", "bed_sensor", "r1", revoked=True),
    )
    assert {one.device for one in wanted(["sos-1"], "r1", "inst-1", "person", known)} == {"bed-1"}


def test_in_a_building_those_of_its_hazard_speak() -> None:
    known = register(
        device("smoke-1", "smoke_detector", "r1"), device("heat-1", "heat_detector", "r9"), device("bed-1", "bed_sensor")
    )
    assert {one.device for one in wanted(["smoke-1"], "", "inst-1", "fire", known)} == {"smoke-1", "heat-1"}


def test_a_raiser_that_is_no_longer_registered_is_left_out() -> None:
    assert wanted(["gone"], "r1", "inst-1", "person", {}) == []


def test_there_are_never_too_many() -> None:
    known = register(*(device(f"bed-{i}", "bed_sensor", "r1") for i in range(50)))
    assert len(wanted([], "r1", "inst-1", "person", known)) == MOST_CURVES


def test_two_minutes_where_they_say_enough() -> None:
    found = window(points(1), ONSET)
    assert (found[0][0], found[-1][0]) == (ONSET - BEFORE, ONSET + AFTER)


def test_a_slow_device_gets_a_wider_window() -> None:
    found = window(points(60), ONSET)
    assert len(found) == FEW
    assert found == sorted(found)
    assert abs(found[0][0] - ONSET) <= timedelta(minutes=FEW)


def test_the_slowest_shows_what_there_is() -> None:
    assert len(window(points(1800), ONSET)) == 3
    assert window([], ONSET) == []


def test_a_very_fast_one_is_bounded() -> None:
    assert len(window(points(0.1, minutes=2), ONSET)) == MOST_POINTS


@given(st.lists(st.tuples(st.integers(-1800, 1800), st.floats(-10, 10)), max_size=80, unique_by=lambda p: p[0]))
def test_a_window_is_sorted_and_takes_what_is_near(raw: list[tuple[int, float]]) -> None:
    given_points = sorted((ONSET + timedelta(seconds=s), v) for s, v in raw)
    found = window(given_points, ONSET)
    assert found == sorted(found)
    assert set(found) <= set(given_points)
    assert len(found) >= min(FEW, len(given_points))


def test_points_travel_as_milliseconds() -> None:
    assert in_milliseconds([(datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC), 2.5)]) == [(1500, 2.5)]


def test_of_a_fire_each_zone_that_went_speaks_in_its_order_with_the_limits_of_its_criteria() -> None:
    known = register(
        device("smoke-1", "smoke_detector", "r1"),
        device("co-2", "co_detector", "r2"),
        device("bed-1", "bed_sensor", "r1"),
        device("smoke-9", "smoke_detector", "r9"),
        device("smoke-0", "smoke_detector", "r1", revoked=True),
        device("smoke-x", "smoke_detector", "r1", site="inst-2"),
    )
    found = wanted_of_fire([], ["r2", "r1"], "inst-1", known)
    assert [(one.zone, one.device, one.metric, one.limit, one.limit_source) for one in found] == [
        ("r2", "co-2", "co", 300.0, "EN 50291-1 [M]"),
        ("r1", "smoke-1", "smoke_obscuration", 10.0, "EN 54-7 [M]"),
        ("r1", "smoke-1", "temperature", 58.0, "EN 54-5 A1 [M]"),
    ]


def test_what_hangs_in_no_zone_is_at_the_site_itself() -> None:
    known = register(device("smoke-1", "smoke_detector"), device("smoke-2", "smoke_detector", "r1"))
    assert {one.device for one in wanted_of_fire([], ["inst-1"], "inst-1", known)} == {"smoke-1"}


def test_a_great_fire_has_many_curves_but_not_all() -> None:
    known = register(*(device(f"smoke-{i:02d}", "smoke_detector", f"r{i:02d}") for i in range(40)))
    zones = [f"r{i:02d}" for i in range(40)]
    assert len(wanted_of_fire([], zones, "inst-1", known)) == MOST_FIRE_CURVES


def test_of_many_curves_those_of_what_alarmed_are_never_left_out_and_stand_first() -> None:
    """A corridor full of detectors went first; the one that burns hangs in the zone that went last."""
    known = register(
        *(device(f"smoke-{i:02d}", "smoke_detector", "r1") for i in range(40)), device("smoke-x", "smoke_detector", "r2")
    )
    found = [one.device for one in wanted_of_fire(["smoke-x", "smoke-39"], ["r1", "r2"], "inst-1", known)]
    assert found[:6] == ["smoke-39"] * 2 + ["smoke-x"] * 2 + ["smoke-00"] * 2
    assert len(found) == MOST_FIRE_CURVES


@pytest.mark.parametrize(("profile", "metric"), sorted(LIMITS))
def test_a_limit_is_that_at_which_the_detector_itself_alarms_and_names_the_same_source(profile: str, metric: str) -> None:
    limit, source = LIMITS[(profile, metric)]
    known = {(level.profile, level.metric): level.source for level in LEVELS}
    origin = Origin("d", profile, "a", "s")
    for value, alarms in ((limit, True), (limit - 0.2, False)):
        found: list[Finding] = []
        for one in (one for one in FIXED if one.wants(origin)):
            state = one.start("d", {})
            for second in (0, 62):  # CO counts when it has lasted a minute
                at = ONSET + timedelta(seconds=second)
                state, findings = one.step(state, Reading(origin, at, at, Key("d", "", second, second), {metric: value}))
                found += findings
        assert [reason.source for finding in found for reason in finding.reasons] == ([source] if alarms else [])
    assert source == known.get((profile, metric), source)


@given(st.lists(st.floats(-10, 10), max_size=300), st.integers(8, 40))
def test_a_thinned_curve_keeps_its_ends_and_its_extremes(values: list[float], most: int) -> None:
    whole = [(ONSET + timedelta(seconds=i), value) for i, value in enumerate(values)]
    found = thinned(whole, most)
    assert len(found) <= most
    assert found == sorted(found)
    assert set(found) <= set(whole)
    if whole:
        assert (found[0], found[-1]) == (whole[0], whole[-1])
        assert {max(v for _, v in found), min(v for _, v in found)} == {max(values), min(values)}


@pytest.mark.parametrize("profile", [*PROFILES, "of-another-version"])
def test_what_measures_a_person_is_about_a_person_and_what_measures_fire_is_not(profile: str) -> None:
    metrics = {metric.name for metric in PROFILES[profile].metrics} if profile in PROFILES else {"heart_rate"}
    if metrics & (VITAL_SIGNS | {"steps", "occupied", "height"}):
        assert about_person(device("d", profile))
    if metrics & {"smoke_obscuration", "co", "gas", "co2"} or profile == "heat_detector":
        assert not about_person(device("d", profile))
