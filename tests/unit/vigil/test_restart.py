"""Back-off: the pauses double up to a limit, a good run forgets, and nothing ever stops the restarts."""

from hypothesis import given
from hypothesis import strategies as st

from vigil.restart import FIRST_PAUSE_S, GOOD_RUN_S, LONGEST_PAUSE_S, Restarts, ended


def test_the_first_restart_comes_at_once() -> None:
    restarts, pause = ended(Restarts(), 0.1)
    assert (restarts, pause) == (Restarts(failures=1, total=1), FIRST_PAUSE_S)


def test_pauses_double_up_to_the_longest() -> None:
    restarts, pauses = Restarts(), []
    for _ in range(9):
        restarts, pause = ended(restarts, 1.0)
        pauses.append(pause)
    assert pauses[:4] == [0.2, 0.4, 0.8, 1.6]
    assert pauses[-1] == LONGEST_PAUSE_S
    assert pauses == sorted(pauses)


def test_a_good_run_forgets_the_past() -> None:
    restarts, pause = ended(Restarts(failures=12, total=12), GOOD_RUN_S)
    assert (restarts, pause) == (Restarts(failures=1, total=13), FIRST_PAUSE_S)


@given(st.lists(st.floats(min_value=0, max_value=1e6), max_size=200))
def test_every_pause_is_bounded_and_every_end_counts(runs: list[float]) -> None:
    restarts = Restarts()
    for ran in runs:
        restarts, pause = ended(restarts, ran)
        assert FIRST_PAUSE_S <= pause <= LONGEST_PAUSE_S
    assert restarts.total == len(runs)
