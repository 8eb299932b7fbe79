"""Labelled scenarios: each is something that its devices can say, and ends in the kind of alarm that it names."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.district import DeviceEntry, District
from devices import codec
from devices.profiles import PROFILES, WEARABLES
from dispatch.alarm import KINDS
from simulators import tokens
from simulators.names import NAMES
from simulators.scenarios import SCENARIOS, NobodyToSayIt, Scenario, speaker

BOTH = [(name, profile) for name, one in SCENARIOS.items() for profile in one.profiles]


@pytest.mark.parametrize(("name", "profile"), BOTH)
def test_every_device_of_a_scenario_can_say_all_of_it(name: str, profile: str) -> None:
    for said in SCENARIOS[name].script:
        if said.channel == "waveform":
            assert profile in WEARABLES
            assert codec.waveform(json.dumps({"n": 1, **said.told(1_000_000)}).encode()).xyz
            continue
        values = dict(said.body["v"]) if isinstance(said.body["v"], dict) else {}
        codec.check_values(PROFILES[profile], {key: codec.float32(value, key) for key, value in values.items()})
        if said.channel == "event":
            codec.check_event(PROFILES[profile], str(said.body["e"]))
        else:
            assert said.channel == "telemetry"
            assert values


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_a_script_begins_at_once_and_goes_forward(scenario: Scenario) -> None:
    times = [said.after_s for said in scenario.script]
    assert times[0] == 0
    assert times == sorted(set(times))
    assert times[-1] < 10


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_the_alarm_that_must_follow_exists(scenario: Scenario) -> None:
    assert KINDS[scenario.kind].hazard == scenario.hazard
    assert scenario.truth


@given(st.binary(min_size=1), st.text(), st.text())
def test_tokens_are_256_bits_and_differ_by_device(secret: bytes, one: str, other: str) -> None:
    first, second = tokens.token(secret, one), tokens.token(secret, other)
    assert len(bytes.fromhex(first)) == 32
    assert (first == second) == (one == other)


def test_the_table_knows_each_by_its_name() -> None:
    assert {name: one.name for name, one in SCENARIOS.items()} == {name: name for name in NAMES}
    assert {one.hazard for one in SCENARIOS.values()} == {"person", "fire", "gas_co"}


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_the_demo_district_has_somebody_for_each(district: District, scenario: Scenario) -> None:
    found = speaker(scenario, district.devices, "")
    assert found.profile in scenario.profiles
    assert speaker(scenario, district.devices, found.site) == found


def test_the_best_device_speaks_and_always_the_same() -> None:
    devices = [device("w1", "wearable"), device("s2", "sos_button"), device("s1", "sos_button"), device("s0", "sos_button", "h2")]
    assert speaker(SCENARIOS["sos"], devices, "h1").code == "s1"
    assert speaker(SCENARIOS["sos"], reversed(devices), "h1").code == "s1"
    assert speaker(SCENARIOS["sos"], devices, "").code == "s0"
    assert speaker(SCENARIOS["sos"], devices[:1], "h1").code == "w1"


@pytest.mark.parametrize(("site", "where"), [("h1", "at h1"), ("", "in this district")])
def test_nobody_there_to_say_it(site: str, where: str) -> None:
    with pytest.raises(NobodyToSayIt, match=f"sos: expected a sos_button or wearable {where}, got none"):
        speaker(SCENARIOS["sos"], [device("m1", "motion_sensor")], site)


def device(code: str, profile: str, site: str = "h1") -> DeviceEntry:
    return DeviceEntry(code, profile, site, "", "", "a1", "", "")
