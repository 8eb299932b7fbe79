"""The battery that every detector of the catalogue passes, by a script of its own and by chance.

A script tells two episodes of each detector's condition with calm between. A new detector brings its script or fails here.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from analytics.catalogue import EVENT_LANE, TELEMETRY_LANE, learned_lane
from analytics.routine import POPULATION
from analytics.runtime import Runtime
from analytics.saved import restore, save
from analytics.step import Detector, Event, Finding, Listening, Message, Origin, Reading, Reset, Tick
from devices.keys import Key, instant, milliseconds
from devices.profiles import PROFILES
from tests.examples import examples
from tests.unit.analytics.motion.made import CALM, STORY, by_the_second, motion

Run = Callable[..., list[Finding]]
Script = list[Message | Tick]
START = instant(1_790_000_000_000)

# profile, metric, seconds between readings, values: calm, condition, calm, condition
LEVEL_SCRIPTS: dict[str, tuple[str, str, int, list[float]]] = {
    "smoke_level": ("smoke_detector", "smoke_obscuration", 20, [0.5] * 5 + [15.0, 22.0, 15.0] + [0.5] * 6 + [20.0, 21.0]),
    "gas_level": ("gas_detector", "gas", 20, [0.0] * 5 + [11.0, 40.0, 12.0] + [1.0] * 6 + [10.0, 11.0]),
    "heat": ("heat_detector", "temperature", 20, [22.0] * 5 + [40.0, 62.0, 70.0] + [30.0] * 14 + [58.0, 59.0]),
    "co": ("co_detector", "co", 60, [2.0] * 5 + [400.0] * 4 + [2.0] * 8 + [400.0] * 4),
    "residual_current_level": ("electrical_monitor", "residual_current", 20, [30.0] * 5 + [310.0, 400.0] + [30.0] * 6 + [300.0]),
    "cable_heat_level": ("electrical_monitor", "cable_temperature", 20, [30.0] * 5 + [71.0, 80.0] + [30.0] * 6 + [70.0]),
    "room": ("smoke_detector", "temperature", 30, [22.0] * 9 + [26.0, 33.0, 36.0] + [22.0] * 30 + [26.0, 33.0, 36.0]),
    "sensor_fault": ("smoke_detector", "smoke_obscuration", 60, [0.5] * 5 + [99.0] * 8 + [0.5] * 70 + [99.0] * 8),
    "chatter": (
        "smoke_detector",
        "smoke_obscuration",
        30,
        [0.5, *[6.0, 6.0, 0.5, 0.5] * 8, *[0.5] * 130, *[6.0, 6.0, 0.5, 0.5] * 8],
    ),
}
EVENT_SCRIPTS = {
    "press": ("sos_button", "sos"),
    "fall_event": ("wearable", "fall"),
    "device_alarm": ("smoke_detector", "smoke"),
    "probe": ("probe", "probe"),
}

EVENTS = [detector.name for detector in EVENT_LANE]
UNLEARNED = [detector.name for detector in TELEMETRY_LANE]
TELEMETRY = [*UNLEARNED, *(detector.name for detector in learned_lane(lambda _: POPULATION))]
every = pytest.mark.parametrize("name", [*EVENTS, *TELEMETRY])
with_memory = pytest.mark.parametrize("name", TELEMETRY)


@pytest.fixture(scope="session")
def script(
    reading: Callable[..., Reading],
    event: Callable[..., Event],
    at: Callable[[float], datetime],
    person_script: Callable[[str], Script | None],
) -> Callable[[str], Script]:
    def write(name: str) -> Script:
        if (written := person_script(name)) is not None:
            return written
        if name in EVENT_SCRIPTS:
            profile, kind = EVENT_SCRIPTS[name]
            return [event(profile, 0, "test"), event(profile, 60, kind, {"battery": 70.0}), event(profile, 900, kind)]
        if name == "silence":
            minutes = [0, 1, 2, 3, 14, 15, 16]
            return [*(reading("smoke_detector", 60 * minute, {"smoke_obscuration": 0.2}) for minute in minutes), Tick(at(3600))]
        if name == "fall_motion":
            worn = by_the_second(motion((*STORY[:3], (4.0, STORY[3][1]), (15.0, CALM[1][1]), CALM[2], *STORY)), 50.0)
            return [structs.replace(one, origin=replace(one.origin, profile="wearable_waist")) for one in worn]
        if name in ("home", "spread"):
            return in_rooms(name, reading)
        profile, metric, gap, values = LEVEL_SCRIPTS[name]
        return [reading(profile, gap * place, {metric: value}) for place, value in enumerate(values)]

    return write


def in_rooms(name: str, reading: Callable[..., Reading]) -> Script:
    """A home has no zones; a spread has two."""

    def said(seconds: float, zone: str, values: dict[str, float]) -> Reading:
        item = reading("smoke_detector", seconds, values, device=f"smoke-{zone}")
        return structs.replace(item, origin=replace(item.origin, zone=zone))

    if name == "home":
        _, metric, gap, values = LEVEL_SCRIPTS["room"]
        return [said(gap * place, "", {metric: value}) for place, value in enumerate(values)]
    smokes = [0.5] * 3 + [6.0] * 2 + [0.5] * 8 + [6.0] * 2
    return [
        one
        for place, smoke in enumerate(smokes)
        for one in (
            said(60 * place, "za", {"smoke_obscuration": 20.0}),
            said(60 * place + 1, "zb", {"smoke_obscuration": smoke}),
        )
    ]


def told(found: Iterable[Finding]) -> set[tuple[str, str, str, bool]]:
    return {(finding.source, finding.kind, finding.key, finding.raised) for finding in found}


def in_turn(found: Iterable[Finding]) -> bool:
    """Of each source and kind: raised, ended, raised … never twice the same."""
    open_now: dict[tuple[str, str], bool] = {}
    for finding in found:
        condition = (finding.source, finding.kind)
        if open_now.get(condition, False) == finding.raised:
            return False
        open_now[condition] = finding.raised
    return True


def states(runtime: Runtime) -> list[Any]:
    return [state for _, _, state in runtime.states()]


@every
def test_it_is_deterministic(name: str, by_name: Callable[[str], Detector[Any]], script: Callable[[str], Script], run: Run) -> None:
    one, other = Runtime([by_name(name)]), Runtime([by_name(name)])
    assert run([], script(name), one) == run([], script(name), other) != []
    assert states(one) == states(other)


@with_memory
def test_it_fires_once_an_episode_and_arms_again(
    name: str, by_name: Callable[[str], Detector[Any]], script: Callable[[str], Script], run: Run
) -> None:
    found = run([by_name(name)], script(name))
    assert [finding.raised for finding in found] == [True, False, True]
    assert len({finding.key for finding in found}) == 3


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_fires(name: str, by_name: Callable[[str], Detector[Any]], script: Callable[[str], Script], run: Run) -> None:
    found = run([by_name(name)], script(name))
    assert [finding.raised for finding in found] == [True, True]
    assert len(told(found)) == 2


@every
def test_what_it_finds_says_all_that_an_alarm_keeps(
    name: str, by_name: Callable[[str], Detector[Any]], script: Callable[[str], Script], run: Run
) -> None:
    detector = by_name(name)
    for finding in run([detector], script(name)):
        assert finding.kind in detector.kinds
        assert finding.rule_version == detector.rule_version
        assert finding.source
        assert finding.key
        assert finding.reasons
        assert all(reason.rule and reason.source for reason in finding.reasons)


@with_memory
def test_replay_equals_live(name: str, by_name: Callable[[str], Detector[Any]], script: Callable[[str], Script], run: Run) -> None:
    """At every place of the script: open alarms and the memory window rebuild a state that finds the same from there on."""
    detector, items = by_name(name), script(name)
    for cut in range(len(items) + 1):
        live = Runtime([detector])
        before, after = run([], items[:cut], live), run([], items[cut:], live)
        active = {
            (f.source, f.kind): f.at for f in before if f.raised and not any(e.at > f.at and e.kind == f.kind for e in before)
        }
        rebuilt = Runtime([detector], active)
        now = items[cut].at if cut < len(items) else items[-1].at
        run([], [item for item in items[:cut] if item.at >= now - detector.memory], rebuilt)
        assert run([], items[cut:], rebuilt) == after


@every
def test_it_is_proof_against_repeats(
    name: str, by_name: Callable[[str], Detector[Any]], script: Callable[[str], Script], run: Run
) -> None:
    detector, items = by_name(name), script(name)
    expected = run([detector], items)
    doubled = [item for item in items for _ in range(2)]
    echoed = [item for place in range(len(items)) for item in (items[place], *items[max(0, place - 3) : place + 1])]
    for repeated in (doubled, echoed):
        found = run([detector], repeated)
        assert told(found) == told(expected)
        assert name in EVENTS or found == expected


@every
@given(seed=st.integers(0, 10**6))
@settings(max_examples=examples(40))
def test_it_is_proof_against_lateness(
    name: str, by_name: Callable[[str], Detector[Any]], script: Callable[[str], Script], run: Run, seed: int
) -> None:
    """Some messages come up to five places late: nothing is raised twice or ended twice, and no press is lost."""
    detector, items = by_name(name), script(name)
    chance = random.Random(seed)
    late = sorted(range(len(items)), key=lambda place: place + (chance.choice([0, 0, 0, 5.5]) if place + 1 < len(items) else 9))
    found = run([detector], [items[place] for place in late])
    if name == "fall_motion" and not found:
        return  # the second of the impact came after the next ones were judged: a late signal is a lost one
    if name == "not_up" and not found and late != sorted(late):
        return  # the first word of each day came late: a day that was not watched from its beginning is not judged
    assert found
    if name in EVENTS:
        assert told(found) == told(run([detector], items))
    else:
        assert in_turn(found)
        assert found[0].raised


@every
def test_its_state_survives_json(name: str, by_name: Callable[[str], Detector[Any]], script: Callable[[str], Script]) -> None:
    detector = by_name(name)
    items = script(name)
    state = detector.start("x", {})
    for item in items:
        again = restore(detector, save(state))
        assert again == state
        assert save(again) == save(state)
        assert detector.step(again, item) == detector.step(state, item)
        assert detector.deadline(again) == detector.deadline(state)
        state, _ = detector.step(state, item)


@every
def test_it_leaves_what_it_is_given_alone(
    name: str, by_name: Callable[[str], Detector[Any]], script: Callable[[str], Script]
) -> None:
    detector, items = by_name(name), script(name)
    state = detector.start("x", {})
    for item in items:
        saved, written = save(state), repr(item)
        after, _ = detector.step(state, item)
        assert save(state) == saved
        assert repr(item) == written
        state = after


@every
def test_it_hears_without_a_word_what_is_not_for_it(
    name: str, by_name: Callable[[str], Detector[Any]], script: Callable[[str], Script], at: Callable[[float], datetime]
) -> None:
    detector = by_name(name)
    state = detector.start("x", {})
    item = script(name)[0]
    assert not isinstance(item, Tick)
    strangers: list[Any] = [
        Reading(item.origin, item.at, item.now, item.key, {}),
        Event(item.origin, item.at, item.now, item.key, "unheard_of"),
        Tick(at(-1000)),
        Listening(item.origin, item.at, None),
        Reset(item.at, "unheard_of"),
    ]
    for stranger in strangers:
        state, found = detector.step(state, stranger)
        assert found == ()


@pytest.mark.parametrize("name", UNLEARNED)
def test_no_other_detector_takes_a_finding_away(
    name: str, by_name: Callable[[str], Detector[Any]], script: Callable[[str], Script], run: Run
) -> None:
    """Standards are the floor: in the company of all others a detector finds what it finds alone."""
    alone = run([by_name(name)], script(name))
    together = run(TELEMETRY_LANE, script(name))
    assert [finding for finding in together if finding.rule_version == by_name(name).rule_version] == alone


def test_nothing_ends_what_a_person_pressed(by_name: Callable[[str], Detector[Any]]) -> None:
    assert not {"sos", "pull_cord", "fall"} & {kind for detector in TELEMETRY_LANE for kind in detector.kinds}


SAID = st.tuples(st.integers(0, 99), st.integers(0, 9000), st.integers(0, 300), st.floats(0, 1), st.integers(0, 9))


def by_chance(detector: Detector[Any], said: list[tuple[int, int, int, float, int]]) -> Script:
    """Devices that it hears say arbitrary possible things in arbitrary order."""
    everyone = [Origin(name, name, "a", "s", zone, "r") for zone in ("z-w", "") for name in PROFILES]
    heard = [origin for origin in everyone if detector.wants(origin)][:3]
    items: Script = []
    for n, (who, seconds, way, part, what) in enumerate(said):
        origin, at = heard[who % len(heard)], START + timedelta(seconds=seconds)
        profile, now, key = PROFILES[origin.profile], at + timedelta(seconds=way), Key(origin.device, "", n, milliseconds(at))
        if what == 0:
            items.append(Tick(at))
        elif what < 3 or detector.lane == "event":
            items.append(Event(origin, at, now, key, (*profile.events, "unheard_of")[who % (len(profile.events) + 1)]))
        else:
            top = {m.name: min(m.high, 400.0) for m in profile.metrics}
            items.append(Reading(origin, at, now, key, {m.name: m.low + (top[m.name] - m.low) * part for m in profile.metrics}))
    return items


@every
@given(said=st.lists(SAID, max_size=40))
@settings(max_examples=examples(60))
def test_whatever_comes_it_stays_sane(
    name: str, by_name: Callable[[str], Detector[Any]], run: Run, said: list[tuple[int, int, int, float, int]]
) -> None:
    detector = by_name(name)
    items = by_chance(detector, said)
    runtime = Runtime([detector])
    found = run([], items, runtime)
    assert found == run([detector], items)
    assert name in EVENTS or in_turn(found)
    for state in states(runtime):
        assert restore(detector, save(state)) == state
        due = detector.deadline(state)
        if due is not None:
            after, _ = detector.step(state, Tick(due))
            again = detector.deadline(after)
            assert again is None or again > due, "a tick that changes nothing would come for ever"
