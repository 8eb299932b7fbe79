"""Every kind of fire and gas alarm has instructions, and the most urgent of what stands is said."""

import pytest

from dispatch.alarm import KINDS, UnknownKind
from dispatch.instructions import INSTRUCTIONS, instructions


def test_every_kind_of_fire_and_gas_has_instructions_and_no_other() -> None:
    assert set(INSTRUCTIONS) == {name for name, kind in KINDS.items() if kind.hazard in ("fire", "gas_co")}


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ([], ""),
        (["sos"], ""),
        (["fire_look"], "look"),
        (["fire_look", "smoke"], "verify_fire"),
        (["smoke", "smoke_check"], "verify_fire"),
        (["heat", "fire_confirmed", "fire_look"], "evacuate"),
        (["gas_co_look", "gas"], "air_and_shut_off"),
    ],
)
def test_the_most_urgent_counts(kinds: list[str], expected: str) -> None:
    assert instructions(kinds) == expected
    assert instructions(reversed(kinds)) == expected


@pytest.mark.parametrize("kind", sorted(INSTRUCTIONS))
def test_each_alone_is_said(kind: str) -> None:
    assert instructions([kind]) == INSTRUCTIONS[kind]


def test_the_three_levels_differ() -> None:
    assert len({INSTRUCTIONS[kind] for kind in ("fire_look", "smoke", "fire_confirmed")}) == 3
    assert KINDS["fire_look"].priority > KINDS["smoke"].priority


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(UnknownKind):
        instructions(["earthquake"])
