"""Every score has one level, and a worse score is never a better level."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.ability import GB_T_42195_2022, LEVELS, ScoreOutOfRange, level_of

scores = st.integers(0, 90)


@pytest.mark.parametrize(("score", "level"), [(90, 0), (89, 1), (66, 1), (65, 2), (46, 2), (45, 3), (30, 3), (29, 4), (0, 4)])
def test_the_cut_offs(score: int, level: int) -> None:
    assert level_of(score).level == level


@given(scores, scores)
def test_a_worse_score_is_never_a_better_level(one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert level_of(low).level >= level_of(high).level


@given(scores)
def test_a_risk_event_is_one_level_worse_and_a_coma_the_worst(score: int) -> None:
    assert level_of(score, risk_event=True).level == min(4, level_of(score).level + 1)
    assert level_of(score, comatose=True) == LEVELS[4]
    assert level_of(score, comatose=True, risk_event=True) == LEVELS[4]


@pytest.mark.parametrize("score", [-1, 91, 1000])
def test_a_score_outside_the_table_is_refused(score: int) -> None:
    with pytest.raises(ScoreOutOfRange, match=f"expected 0 to 90, got {score}") as caught:
        level_of(score)
    assert (caught.value.score, caught.value.highest) == (score, 90)


def test_unverified_cut_offs_say_so() -> None:
    assert not GB_T_42195_2022.verified
    assert "[M]" in GB_T_42195_2022.source
