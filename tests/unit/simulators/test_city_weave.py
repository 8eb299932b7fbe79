"""Weaving lines into a graph."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely import LineString

from simulators.city.blocks import Street
from simulators.city.weave import Web, weave

NAMES = ("", "甲路", "乙路")
PLACE = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda p: (p[0] * 60.0, p[1] * 60.0))
CLASS = st.sampled_from(["trunk", "primary", "secondary", "residential", "path"])


def _street(*points: tuple[float, float], road_class: str = "residential", name: str = "") -> Street:
    return Street(LineString(points), road_class, name)


def _lengths(web: Web) -> list[float]:
    step = web.points[web.edges[:, 0]] - web.points[web.edges[:, 1]]
    return [float(length) for length in np.hypot(step[:, 0], step[:, 1])]


def _degrees(web: Web) -> list[int]:
    return sorted(np.bincount(web.edges.ravel(), minlength=len(web.points)).tolist())


def test_two_crossing_streets_meet() -> None:
    web = weave([_street((-80, 0), (80, 0)), _street((0, -80), (0, 80))], NAMES)
    assert _degrees(web) == [1, 1, 1, 1, 4]
    assert _lengths(web) == pytest.approx([80] * 4)


def test_a_street_that_ends_at_another_meets_it() -> None:
    web = weave([_street((-80, 0), (80, 0)), _street((0.0, 0.4), (0, 80))], NAMES)
    assert _degrees(web) == [1, 1, 1, 3]


def test_long_streets_get_nodes_on_the_way() -> None:
    web = weave([_street((0, 0), (1000, 0))], NAMES)
    assert max(_lengths(web)) <= 92
    assert sum(_lengths(web)) == pytest.approx(1000)


def test_class_and_name_follow_the_line() -> None:
    web = weave([_street((-80, 0), (80, 0), road_class="primary", name="甲路"), _street((0, -80), (0, 80), name="乙路")], NAMES)
    of = {(int(k), int(n)) for k, n in zip(web.road_class, web.name, strict=True)}
    assert of == {(1, 1), (3, 2)}


def test_where_two_lines_lie_on_each_other_the_greater_road_counts() -> None:
    lines = [_street((0, 0), (80, 0)), _street((0, 0), (80, 0), road_class="trunk", name="甲路")]
    web = weave(lines, NAMES)
    assert (web.road_class.tolist(), web.name.tolist()) == ([0], [1])


def test_crossings_a_few_steps_apart_become_one_on_the_greater_road() -> None:
    main = _street((-80, 0), (80, 0), road_class="primary")
    web = weave([main, _street((0, 80), (0, 0)), _street((9, -80), (9, 0))], NAMES)
    assert _degrees(web) == [1, 1, 1, 1, 4]
    (crossing,) = web.points[np.bincount(web.edges.ravel()) == 4].tolist()
    assert crossing[1] == 0


def test_stubs_are_cut() -> None:
    web = weave([_street((-80, 0), (80, 0)), _street((0, 0), (0, 26))], NAMES)
    assert _degrees(web) == [1, 1, 2]


def test_what_hangs_loose_is_dropped() -> None:
    web = weave([_street((0, 0), (80, 0), (80, 80)), _street((500, 500), (560, 500))], NAMES)
    assert web.points.max() == 80


@given(st.lists(st.tuples(PLACE, PLACE, CLASS).filter(lambda row: row[0] != row[1]), min_size=1, max_size=14))
def test_any_heap_of_lines_gives_a_sound_graph(rows: list[tuple[tuple[float, float], tuple[float, float], str]]) -> None:
    web = weave([_street(a, b, road_class=k) for a, b, k in rows], NAMES)
    pairs = np.sort(web.edges, axis=1)
    n = len(web.points)
    assert (pairs[:, 0] != pairs[:, 1]).all()
    assert len(np.unique(pairs, axis=0)) == len(pairs)
    assert set(web.edges.ravel().tolist()) == set(range(n))
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    assert connected_components(links, directed=False)[0] == 1
    assert max(_lengths(web)) < 92 + 4 * 20  # a chain of short edges may be drawn together


def test_the_same_lines_give_the_same_graph() -> None:
    lines = [_street((-80, 0), (80, 0)), _street((0, -80), (0, 80))]
    a, b = weave(lines, NAMES), weave(lines, NAMES)
    assert np.array_equal(a.points, b.points)
    assert np.array_equal(a.edges, b.edges)
