"""The drawn city: repeatable, as committed, and never one-way into a corner."""

import io
import json
from importlib.resources import files

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from simulators.city.__main__ import SEED
from simulators.city.build import build
from simulators.city.oneway import with_oneway
from simulators.city.plan import Plan
from simulators.city.weave import Web

NAMES = ("", "甲路", "乙路")


@pytest.fixture(scope="module")
def built(plan: Plan) -> dict[str, bytes]:
    return build(plan, SEED)


def _web(
    points: list[tuple[float, float]], edges: list[tuple[int, int]], names: list[int], classes: list[int] | None = None
) -> Web:
    kinds = np.array(classes if classes is not None else [3] * len(edges))
    return Web(np.array(points, dtype=float), np.array(edges), kinds, np.array(names))


SQUARE = [(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0)]
ROUND = [(0, 1), (1, 2), (2, 3), (3, 0)]


def test_what_is_committed_is_what_the_plan_draws(built: dict[str, bytes]) -> None:
    """If this fails: run python -m simulators.city and commit what it writes."""
    for name, content in built.items():
        assert (files("simulators") / "data" / name).read_bytes() == content, name


def test_every_file_is_marked_as_demo(built: dict[str, bytes]) -> None:
    for name, content in built.items():
        if name.endswith(".geojson"):
            layer = json.loads(content)
            assert layer["demo"] is True
            assert "no legal boundary" in layer["note"]


def test_the_files_are_small(built: dict[str, bytes]) -> None:
    assert sum(map(len, built.values())) < 200_000


def test_the_arrays_need_no_pickle(built: dict[str, bytes]) -> None:
    with np.load(io.BytesIO(built["streets.npz"]), allow_pickle=False) as saved:
        assert set(saved.files) == {"lonlat", "edges", "road_class", "name", "oneway", "names"}
        assert saved["edges"].max() == len(saved["lonlat"]) - 1
        assert saved["name"].max() < len(saved["names"])


def test_a_one_way_street_runs_one_way() -> None:
    web, oneway = with_oneway(_web(SQUARE, [*ROUND, (0, 2)], [0, 0, 0, 0, 1]), NAMES, ["甲路"])
    assert oneway.tolist() == [False, False, False, False, True]
    assert web.edges[:4].tolist() == [list(edge) for edge in ROUND]


def test_turns_alternate_from_street_to_street() -> None:
    web = _web(SQUARE, [*ROUND, (0, 2), (0, 2)], [0, 0, 0, 0, 1, 2])
    turned, oneway = with_oneway(web, NAMES, ["甲路", "乙路"])
    assert oneway.tolist()[4:] == [True, True]
    assert turned.edges[4].tolist() == turned.edges[5].tolist()[::-1]


def test_a_dead_end_is_never_one_way() -> None:
    web, oneway = with_oneway(_web([*SQUARE, (200.0, 0.0)], [*ROUND, (1, 4)], [0, 0, 0, 0, 1]), NAMES, ["甲路"])
    assert not oneway.any()
    assert web.edges.tolist() == [list(edge) for edge in [*ROUND, (1, 4)]]


def test_a_footpath_of_that_name_stays_free() -> None:
    _, oneway = with_oneway(_web(SQUARE, [*ROUND, (0, 2)], [0, 0, 0, 0, 1], [3, 3, 3, 3, 4]), NAMES, ["甲路"])
    assert not oneway.any()


def test_cars_can_leave_every_place_they_reach(built: dict[str, bytes]) -> None:
    with np.load(io.BytesIO(built["streets.npz"])) as saved:
        edges, oneway, cars, n = saved["edges"], saved["oneway"], saved["road_class"] != 4, len(saved["lonlat"])
    both = np.vstack([edges[cars], edges[cars & ~oneway][:, ::-1]])
    links = coo_array((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(n, n))
    part = connected_components(links, connection="strong")[1]
    assert len(set(part[np.unique(both)].tolist())) == 1
    assert oneway.any()
