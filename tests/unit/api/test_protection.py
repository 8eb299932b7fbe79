"""Nobody cries wolf, and nothing is called fine that is not known to be."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from analytics.detectors.spoken import BATTERY_LOW
from api.devices import Wanted, silent_groups
from api.protection import BATTERY_LOW_PCT, BY_HOPE, heard_of, state_of, unprotected_among
from api.register import Register
from devices.profiles import PROFILES
from store.devices import DeviceHealth, RegisteredDevice

NOW = datetime(2026, 3, 1, 3, 10, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=9)
LIMIT = PROFILES["sos_button"].silent_after
ROW = DeviceHealth(
    "sos-1",
    "sos_button",
    "home-1",
    "120105001",
    "",
    "s-1",
    NOW,
    True,
    NOW,
    None,
    None,
    None,
    None,
    None,
    None,
    None,
    "1",
    None,
    LONG_AGO,
)
DEVICE = RegisteredDevice(1, "sos-1", "sos_button", 1, 1, "home-1", "120105001", None, "", 1, "s-1", "", "1", LONG_AGO, None)


def test_one_limit_for_alarm_and_list() -> None:
    assert BATTERY_LOW_PCT == BATTERY_LOW


@pytest.mark.parametrize(
    ("seen", "listening", "state"),
    [
        (timedelta(0), timedelta(days=1), "fine"),
        (timedelta(0), timedelta(minutes=1), "fine"),
        (timedelta(days=1), timedelta(minutes=1), "not_yet_known"),
        (timedelta(days=1), LIMIT, "not_yet_known"),
        (timedelta(days=1), LIMIT + timedelta(seconds=1), "silent"),
        (LIMIT + timedelta(seconds=1), timedelta(days=1), "silent"),
        (None, timedelta(minutes=1), "not_yet_known"),
        (None, LIMIT + timedelta(seconds=1), "never_seen"),
        (timedelta(days=1), None, "not_yet_known"),
        (None, None, "not_yet_known"),
        (timedelta(0), None, "fine"),
    ],
)
def test_what_we_had_no_time_to_hear_is_not_known(seen: timedelta | None, listening: timedelta | None, state: str) -> None:
    row = replace(ROW, seen_at=None if seen is None else NOW - seen)
    since = None if listening is None else NOW - listening
    assert heard_of(row, NOW, since) == state
    assert state_of(DEVICE, row, NOW, since) == state


def test_a_device_enrolled_just_now_has_its_own_time() -> None:
    new = replace(ROW, seen_at=None, enrolled_at=NOW - LIMIT)
    assert heard_of(new, NOW, LONG_AGO) == "not_yet_known"
    assert heard_of(new, NOW + timedelta(seconds=1), LONG_AGO) == "never_seen"
    assert state_of(replace(DEVICE, enrolled_at=NOW), None, NOW, LONG_AGO) == "not_yet_known"
    assert state_of(DEVICE, None, NOW, LONG_AGO) == "never_seen"


def test_the_link_and_the_battery_speak_only_where_the_device_is_heard() -> None:
    assert heard_of(replace(ROW, online=False), NOW, LONG_AGO) == "offline"
    assert heard_of(replace(ROW, battery=19.9), NOW, LONG_AGO) == "battery_low"
    assert heard_of(replace(ROW, battery=20.0), NOW, LONG_AGO) == "fine"
    assert heard_of(replace(ROW, battery=5.0, online=False), NOW, LONG_AGO) == "offline"


@pytest.mark.parametrize(("why", "counts"), [(why, why not in ("not_yet_known", "battery_low")) for why in BY_HOPE])
def test_who_may_yet_call_is_not_counted(why: str, counts: bool) -> None:
    rows = {
        "battery_low": replace(ROW, battery=3.0),
        "not_yet_known": replace(ROW, seen_at=None, enrolled_at=NOW),
        "offline": replace(ROW, online=False),
        "silent": replace(ROW, seen_at=NOW - timedelta(days=1)),
        "never_seen": replace(ROW, seen_at=None),
        "revoked": ROW,
    }
    device = replace(DEVICE, revoked_at=NOW) if why == "revoked" else DEVICE
    devices = [] if why == "no_device" else [device]
    [found] = unprotected_among(devices, {"sos-1": rows.get(why, ROW)}, NOW, LONG_AGO, [("s-1", "home-1")])
    assert (found.why, found.counts) == (why, counts)


def test_the_shared_devices_of_a_house_protect_who_has_none() -> None:
    cord = replace(DEVICE, code="cord-1", profile="pull_cord", senior="", site="inst-1")
    row = replace(ROW, code="cord-1", profile="pull_cord", site="inst-1", senior="")
    residents = [("s-7", "inst-1"), ("s-8", "inst-2")]
    found = unprotected_among([cord], {"cord-1": row}, NOW, LONG_AGO, residents)
    assert [(one.senior, one.why) for one in found] == [("s-8", "no_device")]
    quiet = replace(row, seen_at=NOW - timedelta(days=1))
    found = unprotected_among([cord], {"cord-1": quiet}, NOW, LONG_AGO, residents)
    assert [(one.senior, one.why) for one in found] == [("s-7", "silent"), ("s-8", "no_device")]


def test_ones_own_broken_button_is_not_mended_by_a_cord_in_the_house() -> None:
    cord = replace(DEVICE, code="cord-1", profile="pull_cord", senior="")
    rows = {"sos-1": replace(ROW, online=False), "cord-1": replace(ROW, code="cord-1")}
    [found] = unprotected_among([DEVICE, cord], rows, NOW, LONG_AGO, [("s-1", "home-1")])
    assert found.why == "offline"


def test_silences_are_grouped_by_what_they_hang_on() -> None:
    register = Register()
    rows = []
    for number in range(6):
        code = f"smoke-{number}"
        register.devices[code] = replace(
            DEVICE, code=code, profile="smoke_detector", site="inst-1", gateway="gw-1" if number < 4 else ""
        )
        rows.append(replace(ROW, code=code, site="inst-1", seen_at=NOW - timedelta(minutes=number)))
    register.devices["gw-1"] = replace(DEVICE, code="gw-1", profile="gateway", site="inst-1")
    rows.append(replace(ROW, code="gw-1", profile="gateway", site="inst-1", seen_at=None))
    quiet = [row for row in rows if row.code not in ("smoke-0", "smoke-5")]
    groups = [(one.gateway, one.silent, one.devices, one.since) for one in silent_groups(quiet, rows, register)]
    assert groups == [("gw-1", 4, 5, NOW - timedelta(minutes=3)), ("", 1, 2, NOW - timedelta(minutes=4))]


@pytest.mark.parametrize(
    ("wanted", "covered"),
    [
        (Wanted(), True),
        (Wanted(site="home-1", area="1201", profile="sos_button", code="s-1"), True),
        (Wanted(site="home"), False),
        (Wanted(area="120106"), False),
        (Wanted(profile="sos"), False),
        (Wanted(code="sos-2"), False),
    ],
)
def test_which_devices_are_asked_for(wanted: Wanted, covered: bool) -> None:
    assert wanted.covers(ROW) is covered
