"""What is measured with must be what devices really say: valid, quiet, spread evenly, and of the size that is claimed."""

import itertools
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from analytics.catalogue import TELEMETRY_LANE
from analytics.runtime import Runtime
from analytics.step import Origin, Reading
from bench.cli import parser
from bench.fleet import Fleet, area_codes, buttons, district, talkers, topic
from bench.publisher import Order, messages
from care.district import problems
from devices import codec, topics
from devices.keys import Key
from devices.profiles import PROFILES

FLEET = Fleet(devices=30, areas=4, buttons=8)
ORDER = Order("host", 1, "user", "password", devices=30, areas=4, count=0, rate=0, first=90)


def test_the_district_fits_together() -> None:
    assert problems(district(FLEET)) == []


def test_devices_are_spread_over_areas_and_profiles() -> None:
    counts = Counter(one.area for one in talkers(FLEET))
    assert set(counts) == set(area_codes(FLEET))
    assert max(counts.values()) - min(counts.values()) <= 1
    assert len({one.profile for one in talkers(FLEET)}) == 3


def test_every_button_is_its_own() -> None:
    assert len({one.code for one in buttons(FLEET)}) == 8


def test_topics_are_of_the_contract() -> None:
    for device in (*talkers(FLEET), *buttons(FLEET)):
        assert topics.parse(topic(device, "event")).device == device.code


def test_every_message_is_valid_and_of_the_claimed_size() -> None:
    profiles = {one.code: PROFILES[one.profile] for one in talkers(FLEET)}
    for number, (where, payload) in enumerate(itertools.islice(messages(ORDER), 100), 90):
        assert len(payload) == ORDER.payload
        [reading] = codec.telemetry(payload)
        codec.check_values(profiles[topics.parse(where).device], reading.v)
        assert (reading.n, len(reading.v)) == (number, 3)


def test_devices_take_turns() -> None:
    first_round = [where for where, _ in itertools.islice(messages(ORDER), 30)]
    assert len(set(first_round)) == 30


def test_what_is_published_raises_nothing_whatever_the_pace() -> None:
    """Else alarms would be measured, not telemetry."""
    profiles = {one.code: one.profile for one in talkers(FLEET)}
    for pause in (timedelta(milliseconds=1), timedelta(seconds=1), timedelta(minutes=1)):
        trial, began = Runtime(TELEMETRY_LANE).trial(), datetime.now(UTC)
        for number, (where, payload) in enumerate(itertools.islice(messages(replace(ORDER, first=0)), 1_200)):
            place, now = topics.parse(where), began + number // 30 * pause
            origin = Origin(place.device, profiles[place.device], place.area, place.site)
            [one] = codec.telemetry(payload)
            assert trial.feed(Reading(origin, now, now, Key(place.device, one.b, one.n, one.t), one.v)) == []


@pytest.mark.parametrize("wrong", [["--seconds", "0"], ["--rate", "-1"], ["--messages", "0"], ["nosuch"]])
def test_nonsense_is_refused(wrong: list[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(wrong)
