"""Strings of edges: every edge once, no line jumps."""

from collections import Counter
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simulators.district.chains import chains

EDGE = st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda e: e[0] != e[1])


def _strung(edges: list[tuple[int, int]], classes: list[int], names: list[int]) -> dict[tuple[str, int], list[list[int]]]:
    return dict(chains(np.array(edges, dtype=np.int32).reshape(-1, 2), np.array(classes, np.uint8), np.array(names, np.uint16)))


@given(st.lists(st.tuples(EDGE, st.integers(0, 4), st.integers(0, 2)), max_size=40, unique_by=lambda row: frozenset(row[0])))
def test_every_edge_is_in_one_line_of_its_class_and_name(rows: list[tuple[tuple[int, int], int, int]]) -> None:
    order = ("trunk", "primary", "secondary", "residential", "path")
    found = _strung([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows])
    drawn = Counter((key, frozenset(step)) for key, lines in found.items() for line in lines for step in pairwise(line))
    assert drawn == Counter(((order[k], n), frozenset(edge)) for edge, k, n in rows)


def test_a_street_is_one_line() -> None:
    assert _strung([(2, 3), (1, 2), (0, 1)], [1, 1, 1], [5, 5, 5]) == {("primary", 5): [[0, 1, 2, 3]]}


def test_a_ring_is_one_line() -> None:
    ((line,),) = _strung([(0, 1), (1, 2), (2, 0)], [3, 3, 3], [0, 0, 0]).values()
    assert len(line) == 4
    assert line[0] == line[-1]


def test_a_fork_ends_a_line() -> None:
    ((*lines,),) = _strung([(0, 1), (1, 2), (1, 3)], [3, 3, 3], [0, 0, 0]).values()
    assert sorted(len(line) for line in lines) in ([2, 2, 2], [2, 3])


def test_nothing_from_nothing() -> None:
    assert _strung([], [], []) == {}
