"""Scenarios: whoever plays them can say every line, and what must follow is a kind of alarm that the platform knows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.district import DeviceEntry
from devices import codec
from devices.profiles import PROFILES
from dispatch.alarm import KINDS
from simulators import tokens
from simulators.scenarios import SCENARIOS, NobodyToSayIt, speaker


def _device(code: str, profile: str, site: str) -> DeviceEntry:
    return DeviceEntry(code, profile, site, "", "", "120105001", "", "1.0")


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_the_alarm_that_must_follow_exists(name: str) -> None:
    scenario = SCENARIOS[name]
    assert KINDS[scenario.kind].hazard == scenario.hazard
    assert scenario.truth


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_line_is_one_that_each_able_device_can_say(name: str) -> None:
    scenario = SCENARIOS[name]
    for profile in (PROFILES[one] for one in scenario.profiles):
        for said in scenario.script:
            body = dict(said.body)
            codec.check_values(profile, {str(k): float(v) for k, v in dict(body["v"]).items()})  # type: ignore[call-overload]
            if said.channel == "event":
                codec.check_event(profile, str(body["e"]))


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_lines_come_in_order(name: str) -> None:
    times = [said.after_s for said in SCENARIOS[name].script]
    assert times == sorted(times)
    assert times[0] == 0


def test_the_best_device_at_the_site_speaks() -> None:
    devices = [_device("wear-1", "wearable", "h1"), _device("sos-1", "sos_button", "h1"), _device("sos-0", "sos_button", "h0")]
    assert speaker(SCENARIOS["sos"], devices, "h1").code == "sos-1"
    assert speaker(SCENARIOS["sos"], devices, "").code == "sos-0"
    assert speaker(SCENARIOS["sos"], devices[:1], "h1").code == "wear-1"


def test_a_site_without_one_says_what_was_expected() -> None:
    with pytest.raises(NobodyToSayIt, match="smoke: expected a smoke_detector at h1, got none"):
        speaker(SCENARIOS["smoke"], [_device("sos-1", "sos_button", "h1")], "h1")


@given(st.binary(min_size=1), st.text(), st.text())
def test_tokens_are_256_bits_and_differ_by_device(secret: bytes, one: str, other: str) -> None:
    first, second = tokens.token(secret, one), tokens.token(secret, other)
    assert len(bytes.fromhex(first)) == 32
    assert (first == second) == (one == other)
