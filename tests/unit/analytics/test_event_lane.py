"""What a device says is believed: every press, fall and sounding is an alarm, with its battery and its drill mark."""

from collections.abc import Callable
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.catalogue import EVENT_LANE
from analytics.runtime import judge
from analytics.step import Event, Origin, Reading
from devices.keys import Key
from devices.profiles import PROFILES

MakeEvent = Callable[..., Event]
SPOKEN = ("sos", "pull_cord", "fall", "smoke", "heat", "co", "gas", "probe")
SAYABLE = sorted({(profile.name, kind) for profile in PROFILES.values() for kind in profile.events})


@pytest.mark.parametrize(("profile", "kind"), SAYABLE)
def test_every_event_of_every_profile_is_an_alarm_or_none(event: MakeEvent, profile: str, kind: str) -> None:
    found = judge(event(profile, 0, kind))
    assert [finding.kind for finding in found] == ([kind] if kind in SPOKEN else [])


@pytest.mark.parametrize("kind", SPOKEN)
def test_an_alarm_says_what_where_when_and_why(event: MakeEvent, at: Callable[[float], datetime], kind: str) -> None:
    said = event("wearable", 7, kind, {"battery": 71.0})
    (found,) = judge(said)
    assert found.raised
    assert (found.source, found.at, found.key, found.drill) == ("wearable-1", at(7), str(said.key), False)
    assert found.evidence == {"battery": 71.0}
    assert len(found.reasons) == 1
    assert found.rule_version in {detector.rule_version for detector in EVENT_LANE}


@pytest.mark.parametrize(("battery", "low"), [(0.0, True), (19.9, True), (20.0, False), (100.0, False)])
def test_a_low_battery_still_alarms_and_says_so(event: MakeEvent, battery: float, low: bool) -> None:
    (found,) = judge(event("sos_button", 0, "sos", {"battery": battery}))
    assert [reason.rule for reason in found.reasons] == (["pressed", "battery_low"] if low else ["pressed"])


def test_a_drill_is_an_alarm_that_says_it_is_a_drill(event: MakeEvent) -> None:
    (found,) = judge(event("pull_cord", 0, "pull_cord", drill=True))
    assert found.drill


def test_a_detector_that_sounds_is_believed_though_its_readings_look_calm(event: MakeEvent) -> None:
    (found,) = judge(event("smoke_detector", 0, "smoke", {"smoke_obscuration": 0.0}))
    assert found.raised


@pytest.mark.parametrize("kind", ["test", "tamper", "low_battery", "mains_loss", "motion", "bed_exit", "opened", "unheard_of"])
def test_what_is_no_call_for_help_is_no_alarm(event: MakeEvent, kind: str) -> None:
    assert judge(event("sos_button", 0, kind)) == []


def test_a_press_counts_whatever_kind_of_device_it_came_from(event: MakeEvent, origin: Callable[..., Origin]) -> None:
    for profile in (*PROFILES, "something-new"):
        assert [finding.kind for finding in judge(event(profile, 0, "sos"))] == ["sos"]


@given(st.sampled_from(SAYABLE), st.integers(0, 10**6), st.dictionaries(st.sampled_from(["battery", "impact"]), st.floats(0, 100)))
def test_the_same_event_is_the_same_alarm_however_often_it_comes(said: tuple[str, str], n: int, values: dict[str, float]) -> None:
    profile, kind = said
    now = datetime.fromisoformat("2026-09-21T03:00:00+00:00")
    spoken = Event(Origin("dev-1", profile, "a", "s"), now, now, Key("dev-1", "", n, 1), kind, values)
    again = Event(spoken.origin, now, now.replace(hour=5), spoken.key, kind, values)
    assert judge(spoken) == judge(again)


def test_readings_mean_nothing_to_the_event_lane(reading: Callable[..., Reading]) -> None:
    item = reading("smoke_detector", 0, {"smoke_obscuration": 99.0})
    for detector in EVENT_LANE:
        assert detector.step(detector.start("x", {}), item) == (None, ())
        assert detector.deadline(None) is None
