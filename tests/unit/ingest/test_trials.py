"""A batch's view of the detectors: adopted whole or not at all, in the right area, silent where nobody can be heard."""

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from analytics.catalogue import TELEMETRY_LANE
from analytics.runtime import Runtime
from analytics.step import Finding, Reading
from devices.keys import Key, milliseconds
from ingest.alarms import NoSuchSource
from ingest.partition import Partition, lock_name
from ingest.registry import Registry
from ingest.said import Known, Register, Said
from ingest.trials import Trials, whose


def partition(area: str) -> Partition:
    """An area held, without a link."""
    return Partition(area, Runtime(TELEMETRY_LANE), {})


def reading(known: Known, at: datetime, obscuration: float) -> tuple[Said, Reading]:
    item = Reading(known.origin, at, at, Key(known.code, "", 1, milliseconds(at)), {"smoke_obscuration": obscuration})
    return Said(known, item), item


def test_a_trial_that_is_thrown_away_never_was(register: Register, now: datetime) -> None:
    held = {"tst001": partition("tst001")}
    burning = reading(register["smoke-1"], now, 60.0)
    for _ in range(3):
        (finding,) = Trials(held).feed(*burning, "tst001")
        assert (finding.kind, finding.raised) == ("smoke", True)
    kept = Trials(held)
    kept.feed(*burning, "tst001")
    kept.adopt()
    assert Trials(held).feed(*reading(register["smoke-1"], now + timedelta(seconds=5), 60.0), "tst001") == []


def test_one_batch_remembers_within_itself(register: Register, now: datetime) -> None:
    trials = Trials({"tst001": partition("tst001")})
    assert len(trials.feed(*reading(register["smoke-1"], now, 60.0), "tst001")) == 1
    assert trials.feed(*reading(register["smoke-1"], now + timedelta(seconds=1), 60.0), "tst001") == []


def test_what_came_in_at_the_wrong_area_is_fed_at_home_if_that_is_ours(register: Register, now: datetime) -> None:
    held = {"tst001": partition("tst001"), "tst002": partition("tst002")}
    trials = Trials(held)
    trials.feed(*reading(register["smoke-1"], now, 60.0), "tst002")
    trials.adopt()
    assert list(held["tst001"].runtime.states())
    assert not list(held["tst002"].runtime.states())


def test_and_where_it_came_in_if_home_is_not_ours(register: Register, now: datetime) -> None:
    trials = Trials({"tst002": partition("tst002")})
    assert len(trials.feed(*reading(register["smoke-1"], now, 60.0), "tst002")) == 1, "a fire is a fire"
    assert Trials({}).feed(*reading(register["smoke-1"], now, 60.0), "tst002") == []


def test_time_alone_finds_nothing_where_nobody_can_be_heard(register: Register, now: datetime) -> None:
    held = {"tst001": partition("tst001")}
    trials = Trials(held)
    trials.feed(*reading(register["smoke-1"], now, 0.1), "tst001")
    trials.adopt()
    assert held["tst001"].runtime.next_deadline() is not None
    assert Trials(held).tick(now + timedelta(hours=5)) == [], "the link is down: that is not the device's silence"


def test_without_a_link_nobody_is_told_that_we_listen(register: Register, now: datetime) -> None:
    held = partition("tst001")
    held.listen(register, now)
    assert held.deaf and not held.link
    assert held.runtime.next_deadline() is None


def test_a_revoked_device_is_forgotten(register: Register, now: datetime) -> None:
    held = partition("tst001")
    trials = Trials({"tst001": held})
    trials.feed(*reading(register["smoke-1"], now, 0.1), "tst001")
    trials.adopt()
    smoke = register["smoke-1"]
    held.forget({**register, "smoke-1": replace(smoke, revoked_at=now)})
    assert held.runtime.next_deadline() is None


def test_a_device_that_went_to_another_area_falls_silent_there(register: Register, now: datetime) -> None:
    held = partition("tst001")
    trials = Trials({"tst001": held})
    smoke = register["smoke-1"]
    trials.feed(*reading(smoke, now, 0.1), "tst001")
    trials.adopt()
    assert held.runtime.next_deadline() is not None
    held.forget({**register, "smoke-1": replace(smoke, origin=dataclasses.replace(smoke.origin, area="tst002"))})
    assert held.runtime.next_deadline() is None


def _finding(source: str, now: datetime) -> Finding:
    return Finding(True, "silence", source, now, "1", "silence/1")


def test_whose_finding(register: Register, now: datetime) -> None:
    registry = Registry()
    registry.known = dict(register)
    said, _ = reading(register["smoke-1"], now, 1)
    origin = register["smoke-1"].origin
    for source in (origin.device, origin.zone, origin.site, origin.senior):
        assert whose(_finding(source, now), said, registry).code == "smoke-1"
    assert whose(_finding("gw-1", now), said, registry).code == "gw-1"
    with pytest.raises(NoSuchSource):
        whose(_finding("elsewhere", now), said, registry)


def test_locks_are_named_by_area(now: datetime) -> None:
    names: Callable[[str], str] = lock_name
    assert names("tst001") != names("tst002")
