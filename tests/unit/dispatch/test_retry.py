"""What fails is tried again by itself: later each time, never too late, and after the others."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dispatch.retry import LONGEST_PAUSE, Retries, pause

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_what_fails_every_time_is_tried_after_growing_pauses_and_after_the_others() -> None:
    retries, tried = Retries[str](), []
    for second in range(40):
        now = NOW + second * SECOND
        order = retries.to_try(["bad", "good"], now)
        assert order in (["good"], ["bad", "good"] if not second else ["good", "bad"]), "the others at each look"
        if "bad" in order:
            tried.append(second)
            retries.failed("bad", now)
        retries.done("good")
    assert tried == [0, 1, 3, 7, 15, 23, 31, 39]


def test_what_was_done_or_is_wanted_no_more_is_forgotten() -> None:
    retries = Retries[str]()
    for key in ("done", "gone", "stays"):
        retries.failed(key, NOW)
    retries.done("done")
    assert retries.to_try(["done", "stays"], NOW) == ["done"]
    assert len(retries) == 1
    assert retries.to_try(["gone", "stays"], NOW) == ["gone"]
    assert retries.to_try(["gone", "stays"], NOW + SECOND) == ["gone", "stays"]


@given(st.integers(min_value=0, max_value=10**6))
def test_no_pause_is_longer_than_the_longest_or_shorter_than_the_one_before(before: int) -> None:
    assert timedelta(0) < pause(before) <= pause(before + 1) <= LONGEST_PAUSE
