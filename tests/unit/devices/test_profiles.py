"""Profiles as tables: the stored order of metrics is frozen, because rows already written are read by it."""

from datetime import timedelta

import pytest

from devices.profiles import BY_CODE, PROFILES, Profile

STORED_ORDER: dict[str, tuple[str, ...]] = {
    "sos_button": ("battery", "signal"),
    "pull_cord": ("battery", "signal"),
    "wearable": ("heart_rate", "steps", "worn", "battery", "signal"),
    "wearable_wrist": ("heart_rate", "steps", "worn", "battery", "signal"),
    "wearable_waist": ("heart_rate", "steps", "worn", "battery", "signal"),
    "wearable_pocket": ("heart_rate", "steps", "worn", "battery", "signal"),
    "fall_radar": ("presence", "height", "motion", "signal"),
    "smoke_detector": ("smoke_obscuration", "temperature", "signal"),
    "heat_detector": ("temperature", "signal"),
    "co_detector": ("co", "temperature", "signal"),
    "gas_detector": ("gas", "temperature", "signal"),
    "bed_sensor": ("occupied", "heart_rate", "breathing_rate", "movement", "signal"),
    "motion_sensor": ("motion", "temperature", "battery", "signal"),
    "door_contact": ("open", "battery", "signal"),
    "gateway": ("children_online", "uptime", "signal"),
    "air_sensor": ("temperature", "humidity", "co2", "signal"),
    "electrical_monitor": ("residual_current", "cable_temperature", "signal"),
    "exit_monitor": ("blocked", "open", "signal"),
    "water_pressure": ("water_pressure", "signal"),
    "siren": ("sounding", "signal"),
    "probe": ("signal",),
}
HAZARDS = {"person", "fire", "gas_co", "security", "technical"}
every_profile = pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))


@pytest.mark.parametrize("name", STORED_ORDER)
def test_metrics_are_only_ever_appended(name: str) -> None:
    stored = STORED_ORDER[name]
    profile = PROFILES[name]
    assert profile.order[: len(stored)] == stored
    assert profile.version > 1 or profile.order == stored, "a profile that gained a metric has a higher version"


def test_the_frozen_table_knows_every_profile() -> None:
    assert set(PROFILES) == set(STORED_ORDER)


@every_profile
def test_a_metric_has_one_name_one_unit_and_a_range(profile: Profile) -> None:
    assert len(set(profile.order)) == len(profile.metrics)
    for metric in profile.metrics:
        assert metric.low < metric.high
        assert metric.unit


@every_profile
def test_a_metric_means_the_same_in_every_profile_that_has_it(profile: Profile) -> None:
    units = {metric.name: metric.unit for other in PROFILES.values() for metric in other.metrics if metric.name != "motion"}
    assert all(units[metric.name] == metric.unit for metric in profile.metrics if metric.name != "motion")


@every_profile
def test_events_are_named_once_and_every_device_can_be_tested(profile: Profile) -> None:
    assert len(set(profile.events)) == len(profile.events)
    assert "test" in profile.events
    assert profile.hazard in HAZARDS


@every_profile
def test_silence_is_never_noticed_later_than_two_hours_nor_before_two_heartbeats(profile: Profile) -> None:
    assert 2 * profile.cadence < profile.silent_after <= timedelta(hours=2)
    assert ("battery" in profile.order) != profile.mains


def test_names_and_codes_lead_to_one_profile() -> None:
    assert len(BY_CODE) == len(PROFILES)
    assert all(BY_CODE[profile.code] is profile for profile in PROFILES.values())
    assert all(profile.name == name for name, profile in PROFILES.items())
