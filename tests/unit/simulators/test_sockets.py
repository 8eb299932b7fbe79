"""Room for sockets: the limit is raised only as far as needed, and what does not fit is said."""

import logging
import resource
from collections.abc import Iterator

import pytest

from simulators.sockets import make_room

FILES = resource.RLIMIT_NOFILE


@pytest.fixture
def hard() -> Iterator[int]:
    """The hard limit; the soft one is put back after the test."""
    soft, hard = resource.getrlimit(FILES)
    yield hard
    resource.setrlimit(FILES, (soft, hard))


def test_a_low_soft_limit_is_raised_as_far_as_needed(hard: int) -> None:
    resource.setrlimit(FILES, (256, hard))
    assert make_room(400)
    assert resource.getrlimit(FILES) == (500, hard)


def test_a_limit_that_is_high_enough_is_left_alone(hard: int) -> None:
    resource.setrlimit(FILES, (600, hard))
    assert make_room(400)
    assert resource.getrlimit(FILES) == (600, hard)


def test_what_does_not_fit_is_said(hard: int, caplog: pytest.LogCaptureFixture) -> None:
    if hard == resource.RLIM_INFINITY:
        pytest.skip("this system has no hard limit of open files")
    resource.setrlimit(FILES, (256, hard))
    with caplog.at_level(logging.ERROR):
        assert not make_room(hard)
    assert resource.getrlimit(FILES) == (hard, hard)
    assert f"expected a limit of at least {hard + 100}, got {hard}" in caplog.text
