"""When a challenger is adopted: only when it is better, and worse at nothing, by people who taught neither."""

from itertools import product
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.learn.challenge import LEAST, Decision, Pair, at_least, compared, decide, held_back, mcnemar


def pairs(is_fall: bool, champion: int, challenger: int, both: int, neither: int = 0) -> list[Pair]:
    """Trials that only the champion, only the challenger, both or neither got right."""
    rights = [(True, False)] * champion + [(False, True)] * challenger + [(True, True)] * both + [(False, False)] * neither
    return [Pair(f"p{number % 9}", is_fall, one == is_fall, other == is_fall) for number, (one, other) in enumerate(rights)]


def test_fewer_false_alarms_at_the_same_sensitivity_are_better() -> None:
    found = decide({"set": pairs(True, 0, 0, 60) + pairs(False, 1, 12, 80)})
    assert found.adopt
    assert "specificity of all sets together: right where the other was wrong 12 times, the reverse 1 times" in found.why[1]


def test_the_same_is_not_better() -> None:
    assert not decide({"set": pairs(True, 3, 3, 60) + pairs(False, 4, 5, 80)}).adopt


def test_one_set_that_gets_worse_is_enough_to_refuse() -> None:
    better = pairs(True, 0, 20, 60) + pairs(False, 0, 20, 60)
    found = decide({"one": better, "other": pairs(True, 9, 0, 41) + pairs(False, 0, 0, 50)})
    assert found == Decision(False, ("other: sensitivity 82.0 % of 50, the champion's 100.0 %, below its interval (92.9)",))


def test_lower_within_the_interval_but_not_by_chance_is_refused() -> None:
    found = decide({"set": pairs(True, 6, 0, 160, 34) + pairs(False, 0, 20, 60)})
    assert found == Decision(
        False, ("set: sensitivity 80.0 % of 200, the champion's 83.0 %, lower by the paired test (6 lost, 0 gained)",)
    )


def test_by_few_nothing_is_decided() -> None:
    found = decide({"set": pairs(True, 0, LEAST - 1, 0) + pairs(False, 0, LEAST, 0)})
    assert found == Decision(False, (f"expected at least {LEAST} falls and {LEAST} others held back, got 29 and 30",))
    assert not decide({}).adopt


@given(gained=st.integers(0, 60), lost=st.integers(0, 60))
def test_the_paired_test_is_that_of_a_fair_coin(gained: int, lost: int) -> None:
    tosses = gained + lost

    def tail(heads: int) -> float:
        return float(sum(comb(tosses, count) for count in range(heads, tosses + 1)) / 2**tosses)

    assert mcnemar(gained, lost) == pytest.approx(min(1.0, 2.0 * tail(max(gained, lost))))
    assert at_least(gained, tosses) == pytest.approx(tail(gained))


PAIRS = st.lists(st.builds(Pair, st.sampled_from("abcd"), st.booleans(), st.booleans(), st.booleans()), max_size=80)


@given(sets=st.dictionaries(st.sampled_from(["sisfall", "own"]), PAIRS, max_size=2))
def test_nobody_is_better_than_himself_nor_both_better_than_the_other(sets: dict[str, list[Pair]]) -> None:
    def turned(one: Pair, champion: bool, challenger: bool) -> Pair:
        return Pair(one.person, one.is_fall, champion, challenger)

    same = {name: [turned(one, one.champion, one.champion) for one in rows] for name, rows in sets.items()}
    reverse = {name: [turned(one, one.challenger, one.champion) for one in rows] for name, rows in sets.items()}
    assert not decide(same).adopt
    assert not (decide(sets).adopt and decide(reverse).adopt)
    assert decide(sets).why


def test_the_interval_of_the_difference_holds_people_together() -> None:
    rows = [Pair(f"p{who}", True, False, who < 5) for who, _ in product(range(10), range(4))]
    found = compared(rows, 7)["sensitivity"]
    assert (found["gained"], found["lost"], found["difference"]["value"]) == (20, 0, 50.0)
    assert found["difference"]["low"] < 30 < 70 < found["difference"]["high"], "ten people, not forty trials"
    assert compared(rows, 7) == compared(rows, 7)
    assert compared(rows, 7)["specificity"]["difference"] is None


def test_one_of_five_is_held_back_and_always_the_same() -> None:
    names = [f"set/{number}" for number in range(4000)]
    held = [name for name in names if held_back(name)]
    assert 700 < len(held) < 900
    assert held_back("sisfall/SA01") is held_back("sisfall/SA01")
