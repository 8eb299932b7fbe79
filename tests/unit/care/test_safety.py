"""The arithmetic of the index: weights are 100, parts add up, and evidence of harm never raises anything."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.safety import CRITERIA, ENOUGH_KNOWN, MARKS, Counted, Criterion, Verdict, points, ranks, rate, score, share

GOOD, BAD, UNKNOWN = Verdict.GOOD, Verdict.BAD, Verdict.UNKNOWN
VERDICTS = st.lists(st.sampled_from(list(Verdict)), max_size=40)
EVERY = st.fixed_dictionaries(dict.fromkeys(CRITERIA, VERDICTS))
# Criteria whose harm is a rate of what happened; beside it stands where it would have been heard.
RATES = ("fires", "false_alarms", "acknowledged", "arrived")


def counted(verdicts: dict[str, list[Verdict]]) -> dict[str, Counted]:
    def one(key: str, found: list[Verdict]) -> Counted:
        if key in RATES:
            return rate(found.count(BAD), 10, found.count(GOOD), found.count(UNKNOWN))
        return share(found)

    return {key: one(key, found) for key, found in verdicts.items()}


def test_the_weights_are_a_hundred_points() -> None:
    assert sum(one.weight for one in CRITERIA.values()) == 100


@pytest.mark.parametrize("criterion", CRITERIA.values(), ids=list(CRITERIA))
def test_every_criterion_says_what_asks_for_it(criterion: Criterion) -> None:
    assert criterion.weight > 0
    assert criterion.source
    assert criterion.mark in MARKS
    assert 0 <= criterion.tolerance < criterion.nothing_left


@given(EVERY)
def test_parts_add_up_to_a_hundred(verdicts: dict[str, list[Verdict]]) -> None:
    found = score(counted(verdicts))
    assert found.proven + found.lost + found.unknown == pytest.approx(100)
    assert min(found.proven, found.lost, found.unknown) >= -1e-9
    for one in found.points.values():
        assert one.proven + one.lost + one.unknown == pytest.approx(one.weight)
    assert found.score is None or (found.score == found.proven and found.known >= ENOUGH_KNOWN)


@given(EVERY, st.sampled_from(list(CRITERIA)), st.data())
def test_harm_never_raises_a_score(verdicts: dict[str, list[Verdict]], key: str, data: Any) -> None:
    """One more bad item, or one that was good or unknown turns out bad."""
    before = score(counted(verdicts))
    old = verdicts[key]
    worse = [*old, BAD]
    # what is a rate counts what happened beside what was heard: there nothing turns from the one into the other
    at = data.draw(st.integers(-1, -1 if key in RATES else len(old) - 1))
    if at >= 0:
        worse = [*old[:at], BAD, *old[at + 1 :]]
    after = score(counted({**verdicts, key: worse}))
    assert after.proven <= before.proven + 1e-9
    assert after.points[key].lost >= before.points[key].lost - 1e-9
    assert all(after.points[other] == before.points[other] for other in CRITERIA if other != key)
    assert before.score is None or after.score is None or after.score <= before.score + 1e-9


@given(EVERY, st.sampled_from(list(CRITERIA)))
def test_what_is_no_longer_known_proves_nothing_and_costs_nothing_new(verdicts: dict[str, list[Verdict]], key: str) -> None:
    before, unknown = score(counted(verdicts)), [UNKNOWN if one is GOOD else one for one in verdicts[key]]
    after = score(counted({**verdicts, key: unknown}))
    assert after.proven <= before.proven + 1e-9
    assert after.lost == pytest.approx(before.lost)


def test_who_shows_nothing_neither_scores_nor_loses() -> None:
    nothing = score(counted({key: [UNKNOWN] for key in CRITERIA}))
    assert (nothing.score, nothing.proven, nothing.lost, nothing.unknown) == (None, 0, 0, 100)


def test_all_good_is_a_hundred_also_without_an_alarm_to_answer() -> None:
    all_good: dict[str, list[Verdict]] = {key: [GOOD] * 3 for key in CRITERIA}
    quiet = {**counted(all_good), "acknowledged": rate(0, 0, 3, 0), "arrived": rate(0, 0, 3, 0)}
    assert score(quiet).score == pytest.approx(100)
    assert {key: one.weight for key, one in score(quiet).points.items()} == {key: one.weight for key, one in CRITERIA.items()}


def test_where_nobody_listens_no_alarm_proves_nothing() -> None:
    all_good: dict[str, list[Verdict]] = {key: [GOOD] * 3 for key in CRITERIA}
    deaf = score({**counted(all_good), "acknowledged": rate(0, 0, 0, 3), "arrived": rate(0, 0, 1, 1)})
    assert (deaf.points["acknowledged"].unknown, deaf.points["arrived"].unknown, deaf.lost) == (7, 3.5, 0)


@pytest.mark.parametrize(("harm", "lost"), [(0.0, 0), (0.025, 0), (0.1375, 5), (0.25, 10), (1.0, 10), (float("inf"), 10)])
def test_points_fall_on_a_straight_line(harm: float, lost: float) -> None:
    line = Criterion("x", 10, 0.25, "", "ours", tolerance=0.025)
    assert points(line, Counted(harm, 0)).lost == pytest.approx(lost)


def test_what_is_lost_comes_before_what_is_not_known() -> None:
    half_lost = points(Criterion("x", 10, 0.5, "", "ours"), Counted(0.25, 0.9))
    assert (half_lost.lost, half_lost.unknown, half_lost.proven) == (5, 5, 0)


def test_what_has_no_item_is_not_known() -> None:
    assert share([]) == Counted(0, 1)


def test_a_rate_without_a_base_is_not_known_until_something_happens() -> None:
    assert rate(0, 0, 0, 0) == Counted(0, 1)
    assert rate(1, 0, 1, 0) == Counted(float("inf"), 0)


def test_ranks_are_shared_and_kept_from_those_without_a_score() -> None:
    def of(good: int, bad: int, unknown: int) -> dict[str, list[Verdict]]:
        return {key: [GOOD] * good + [BAD] * bad + [UNKNOWN] * unknown for key in CRITERIA}

    scores = [score(counted(of(*one))) for one in ((9, 1, 0), (20, 0, 0), (9, 1, 0), (1, 0, 9), (0, 20, 0))]
    assert ranks(scores) == [2, 1, 2, None, 4]
    assert (ranks(scores[:1]), ranks([scores[3], scores[0]])) == ([None], [None, None]), "nobody to be before"


def test_the_document_has_the_table_of_the_program() -> None:
    document = (Path(__file__).resolve().parents[3] / "docs" / "safety-index.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|.*\| (\w+) \|$", document, re.M)
    assert rows == [(key, str(one.weight), one.mark) for key, one in CRITERIA.items()]
