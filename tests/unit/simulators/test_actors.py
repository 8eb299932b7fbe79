"""The devices of a living district: what they keep to say, in which order, and how long they wait to say it."""

import asyncio
import json
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from care.district import DeviceEntry, District
from devices import codec
from devices.profiles import PROFILES
from simulators import actors, routine, tokens
from simulators.actors import Actor, cast

SECRET = b"secret"


def entry(profile: str, code: str = "d1", **more: str) -> DeviceEntry:
    blank = {"site": "h1", "zone": "", "senior": "", "area": "a1", "gateway": "", "firmware": "1.2"}
    return DeviceEntry(code=code, profile=profile, **{**blank, **more})


def actor(profile: str = "smoke_detector") -> Actor:
    return Actor(entry(profile), PROFILES[profile], "t", Random(1), routine.draw(Random(1)), "b", 3, 50.0)


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_what_it_says_the_platform_understands(profile: str) -> None:
    one = actor(profile)
    one.measure(12.0)
    (message,) = one.unsaid
    (reading,) = codec.telemetry(message.payload)
    codec.check_values(PROFILES[profile], reading.v)
    assert message.topic == "care/v1/a1/h1/d1/telemetry"
    assert not message.retain
    assert ("battery" in reading.v) is not PROFILES[profile].mains
    status = one.status()
    told = codec.status(status.payload)
    assert (told.online, told.firmware, told.battery is None, status.retain) == (True, "1.2", PROFILES[profile].mains, True)
    assert (reading.b, reading.n, told.n) == ("b", 1, 2)


def test_a_gateway_counts_its_children() -> None:
    gateway = actor("gateway")
    gateway.measure(12.0)
    assert json.loads(gateway.unsaid[0].payload)["v"]["children_online"] == 3


def test_what_could_not_be_said_is_kept_and_does_not_pile_up() -> None:
    one = actor()
    for _ in range(100):
        one.measure(12.0)
    (kept,) = one.unsaid
    assert json.loads(kept.payload)["n"] == 1
    one.unsaid.clear()
    one.measure(12.0)
    assert json.loads(one.unsaid[0].payload)["n"] == 2


def test_a_press_goes_before_everything_else() -> None:
    one = actor("wearable")
    one.measure(12.0)
    assert not one.woken.is_set()
    one.exclaim("event", {"e": "sos"})
    assert one.woken.is_set()
    assert [message.topic.rpartition("/")[2] for message in one.unsaid] == ["event", "telemetry"]
    assert codec.event(one.unsaid[0].payload).e == "sos"


def test_rising_smoke_is_said_in_order() -> None:
    one = actor()
    one.measure(12.0)
    for value in (1.0, 2.0, 3.0):
        one.exclaim("telemetry", {"v": {"smoke_obscuration": value}})
    assert [json.loads(message.payload)["n"] for message in one.unsaid] == [1, 2, 3, 4]


def test_a_thousand_that_lost_their_lines_do_not_return_together() -> None:
    """At first evenly over the given time; then ever less often, at most once a minute, and spread."""
    lost = [replace(actor(), rng=Random(seed), failures=1) for seed in range(1_000)]
    first = Counter(int(one.pause_s(30.0)) for one in lost)
    assert set(first) == set(range(30))
    assert max(first.values()) < 65
    for failures, low, high in ((2, 2.0, 4.0), (4, 8.0, 16.0), (50, 30.0, 60.0)):
        pauses = [replace(one, failures=failures).pause_s(30.0) for one in lost]
        assert low <= min(pauses)
        assert max(pauses) <= high
        assert max(pauses) - min(pauses) > (high - low) * 0.9


@pytest.mark.parametrize("failures", [1, 2, 50])
def test_a_press_is_tried_again_within_two_seconds_for_ever(failures: int) -> None:
    one = actor("sos_button")
    one.exclaim("event", {"e": "sos"})
    one.failures = failures
    assert 0.5 <= one.pause_s(30.0) <= 2.0


def test_a_pulled_plug_keeps_it_away_once() -> None:
    one = actor()
    one.failures, one.unplugged_s = 1, 777.0
    assert one.pause_s(5.0) == 777.0
    assert one.pause_s(5.0) <= 5.0


async def test_rest_ends_in_time_or_when_woken() -> None:
    one = actor()
    async with asyncio.timeout(1):
        await one.rest(0.01)
        one.woken.set()
        await one.rest(60)
    assert not one.woken.is_set()


async def test_rest_is_cancelled_even_when_it_is_woken_at_the_same_moment() -> None:
    one = actor()
    resting = asyncio.create_task(one.rest(60))
    await asyncio.sleep(0)
    one.woken.set()
    resting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await resting


def test_the_whole_district_has_actors_but_for_the_dead(district: District) -> None:
    everyone = cast(district, SECRET, 7)
    assert [one.device.code for one in everyone] == [one.device.code for one in cast(district, SECRET, 7)]
    assert 0 < len(district.devices) - len(everyone) < 20
    assert len({one.token for one in everyone}) == len(everyone)
    for one in everyone[:50]:
        assert one.token == tokens.token(SECRET, one.device.code)
        assert len(one.token) == 64
    assert {one.boot for one in everyone} == {everyone[0].boot}
    assert all(5 <= one.battery <= 100 for one in everyone)


def test_two_runs_in_one_second_differ_in_their_boot_mark(district: District) -> None:
    few = replace(district, devices=district.devices[:1])
    marks = {cast(few, SECRET, 7)[0].boot for _ in range(50)}
    assert len(marks) > 45
    for mark in marks:
        assert codec.telemetry(json.dumps({"t": 1, "n": 1, "b": mark, "v": {"signal": -60}}).encode())[0].b == mark


def test_all_that_one_resident_has_keeps_one_routine(district: District) -> None:
    by_senior: dict[str, set[routine.Routine]] = {}
    for one in cast(district, SECRET, 7):
        if one.device.senior:
            by_senior.setdefault(one.device.senior, set()).add(one.routine)
    assert {len(days) for days in by_senior.values()} == {1}
    assert len({next(iter(days)) for days in by_senior.values()}) > len(by_senior) * 0.9


def test_a_bed_without_a_resident_stays_empty(district: District) -> None:
    beds = [one for one in cast(district, SECRET, 7) if one.profile.name == "bed_sensor" and not one.device.senior]
    assert beds
    assert all(one.routine is routine.NOBODY for one in beds)


def test_batteries_drain_and_never_below_what_a_device_can_run_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors, "_DRAIN", 10.0)
    one, said = actor("sos_button"), []
    for _ in range(6):
        one.measure(1.0)
        said.append(json.loads(one.unsaid.pop().payload)["v"]["battery"])
    assert said == [40, 30, 20, 10, 5, 5]
