"""Commands to sirens: one press is one command, its silence is shown in time, and what has run out is pressed anew."""

from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import uuid4

import pytest

from dispatch.siren import (
    ANSWER_WITHIN,
    SOUNDS,
    WORTH,
    Act,
    Command,
    command_id,
    given_up,
    sounding,
    sounds_for,
    standing,
    unanswered,
)

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def command(act: Act = Act.ON, at: datetime = NOW, answered: bool = False) -> Command:
    return Command(uuid4(), act, at, at + WORTH, at + SECOND if answered else None)


def test_nothing_stands_where_nothing_was_ordered() -> None:
    assert standing([], Act.ON, NOW) is None
    assert not sounding(None, NOW)


@pytest.mark.parametrize(("was", "wanted", "answered"), list(product(Act, Act, (True, False))))
def test_the_same_press_again_is_the_same_command_until_it_has_run_out(was: Act, wanted: Act, answered: bool) -> None:
    one = command(was, answered=answered)
    lasts = SOUNDS if answered and was is Act.ON else WORTH
    assert standing([one], wanted, NOW + lasts - SECOND) == (one if was is wanted else None)
    assert standing([one], wanted, NOW + lasts) is None


def test_only_the_newest_counts() -> None:
    on, off = command(Act.ON, answered=True), command(Act.OFF, NOW + SECOND)
    assert standing([on, off], Act.ON, NOW + 2 * SECOND) is None, "silenced, it may sound again"
    assert standing([off, on], Act.OFF, NOW + 2 * SECOND) == off


def test_silence_is_shown_before_the_command_has_run_out() -> None:
    assert ANSWER_WITHIN < WORTH
    assert not unanswered(command(), NOW + ANSWER_WITHIN - SECOND)
    assert unanswered(command(), NOW + ANSWER_WITHIN)
    assert not unanswered(command(answered=True), NOW + ANSWER_WITHIN)


def test_it_sounds_as_far_as_its_own_answers_tell() -> None:
    assert sounding(command(answered=True), NOW + SOUNDS - SECOND)
    assert not sounding(command(answered=True), NOW + SOUNDS)
    assert not sounding(command(), NOW + SECOND)
    assert not sounding(command(Act.OFF, answered=True), NOW + SECOND)


def test_a_command_has_one_id_and_another_has_another() -> None:
    incident = uuid4()
    assert command_id(incident, "siren-1", 1) == command_id(incident, "siren-1", 1)
    assert len({command_id(incident, device, number) for device, number in product(("siren-1", "siren-2"), (1, 2))}) == 4


def test_it_sounds_for_whoever_told_it_to_until_somebody_silences_it() -> None:
    fire, gas = uuid4(), uuid4()
    told = [(fire, command()), (gas, command(at=NOW + SECOND)), (fire, command(at=NOW + 2 * SECOND))]
    assert sounds_for(reversed(told), NOW + 3 * SECOND) == [fire, gas]
    assert sounds_for(told, NOW + SOUNDS + SECOND) == [fire], "each order wears off by itself"
    assert sounds_for([*told, (gas, command(Act.OFF, NOW + 3 * SECOND))], NOW + 3 * SECOND) == [], "for everybody"
    assert sounds_for([(gas, command(Act.OFF)), told[1]], NOW + 3 * SECOND) == [gas]


def test_at_another_site_a_siren_is_told_to_be_silent_and_not_to_sound() -> None:
    assert {(act, moved) for act in Act for moved in (True, False) if given_up(act, moved=moved)} == {(Act.ON, True)}
