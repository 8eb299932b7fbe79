"""Devices hang where they should, and know their zone, their senior and their gateway."""

from collections import Counter, defaultdict
from random import Random

import pytest

from care.district import DeviceEntry, District
from care.places import Site
from devices.profiles import PROFILES
from simulators.district.fitout import day_care_devices, institution_devices

SITE = Site("inst99", "institution", "试", "Test", "120105001", "", 117.2, 39.16, 4, "", demo=True)


@pytest.fixture(scope="module")
def by_site(district: District) -> dict[str, list[DeviceEntry]]:
    found = defaultdict(list)
    for device in district.devices:
        found[device.site].append(device)
    return dict(found)


def test_every_profile_is_in_use(district: District) -> None:
    assert {d.profile for d in district.devices} == set(PROFILES) - {"probe", "wearable_wrist", "wearable_waist", "wearable_pocket"}


def test_every_home_has_one_button(district: District, by_site: dict[str, list[DeviceEntry]]) -> None:
    for home in (s for s in district.sites if s.kind == "home"):
        buttons = [d for d in by_site[home.code] if d.profile == "sos_button"]
        assert [d.code for d in buttons] == [f"sos-{home.code}"]


@pytest.mark.parametrize(
    ("profile", "homes"),
    [("smoke_detector", 667), ("gas_detector", 300), ("wearable", 200), ("motion_sensor", 300), ("door_contact", 300)],
)
def test_the_shares_of_homes_with_more(district: District, profile: str, homes: int) -> None:
    at_home = {s.code for s in district.sites if s.kind == "home"}
    assert sum(d.profile == profile for d in district.devices if d.site in at_home) == homes


def test_motion_and_door_come_together(by_site: dict[str, list[DeviceEntry]]) -> None:
    for site, found in by_site.items():
        if site.startswith("h"):
            profiles = {d.profile for d in found}
            assert ("motion_sensor" in profiles) == ("door_contact" in profiles)


def test_a_home_s_devices_know_who_lives_there(district: District) -> None:
    lives = {s.site: s.code for s in district.seniors if not s.zone}
    for device in district.devices:
        if device.site in lives:
            assert (device.senior, device.zone, device.gateway) == (lives[device.site], "", "")


def test_a_device_is_in_its_site_s_area(district: District) -> None:
    areas = {s.code: s.area for s in district.sites}
    assert all(d.area == areas[d.site] for d in district.devices)


def test_a_zone_is_of_the_same_site(district: District) -> None:
    sites = {z.code: z.site for z in district.zones}
    assert all(sites[d.zone] == d.site for d in district.devices if d.zone)


def test_facilities_speak_through_their_gateway(district: District, by_site: dict[str, list[DeviceEntry]]) -> None:
    for site in (s for s in district.sites if s.kind in ("institution", "day_care")):
        gateways = [d.code for d in by_site[site.code] if d.profile == "gateway"]
        assert gateways == [f"gw-{site.code}"]
        assert {d.gateway for d in by_site[site.code] if d.profile != "gateway"} == set(gateways)
        assert next(d for d in by_site[site.code] if d.profile == "gateway").gateway == ""


def test_gateways_come_before_what_they_serve(district: District) -> None:
    seen = {""}
    for device in district.devices:
        assert device.gateway in seen
        seen.add(device.code)


@pytest.mark.parametrize(
    ("kind", "profile"),
    [
        ("room", "smoke_detector"),
        ("corridor", "smoke_detector"),
        ("corridor", "motion_sensor"),
        ("bathroom", "pull_cord"),
        ("kitchen", "heat_detector"),
        ("kitchen", "co_detector"),
        ("kitchen", "gas_detector"),
        ("hall", "door_contact"),
    ],
)
def test_what_every_zone_of_a_kind_has(district: District, kind: str, profile: str) -> None:
    zones = {z.code for z in district.zones if z.kind == kind}
    fitted = Counter(d.zone for d in district.devices if d.profile == profile and d.zone in zones)
    assert set(fitted) == zones
    assert set(fitted.values()) == {1}


@pytest.mark.parametrize(
    ("profile", "kind", "low", "high"), [("fall_radar", "bathroom", 0.1, 0.25), ("bed_sensor", "bed", 0.07, 0.13)]
)
def test_what_some_zones_have(district: District, profile: str, kind: str, low: float, high: float) -> None:
    zones = {z.code for z in district.zones if z.kind == kind}
    fitted = {d.zone for d in district.devices if d.profile == profile}
    assert fitted <= zones
    assert low < len(fitted) / len(zones) < high


def test_a_bed_sensor_knows_who_lies_there(district: District) -> None:
    lies = {s.zone: s.code for s in district.seniors if s.zone}
    sensors = [d for d in district.devices if d.profile == "bed_sensor"]
    assert all(d.senior == lies.get(d.zone, "") for d in sensors)
    assert any(d.senior for d in sensors)


def test_canteens_have_none(district: District, by_site: dict[str, list[DeviceEntry]]) -> None:
    assert not any(s.code in by_site for s in district.sites if s.kind == "canteen")


def test_a_day_care_centre() -> None:
    found = list(day_care_devices(SITE, Random(1)))
    assert [d.profile for d in found] == ["gateway", "smoke_detector", "pull_cord", "door_contact"]


def test_an_institution_without_zones_has_its_gateway() -> None:
    assert [d.code for d in institution_devices(SITE, [], {}, Random(1))] == ["gw-inst99"]


def test_firmware_differs_a_little(district: District) -> None:
    assert 2 <= len({d.firmware for d in district.devices}) <= 4
