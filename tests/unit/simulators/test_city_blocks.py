"""Filling a block: streets inside it, at the quarter's angle, repeatable, with the gaps asked for."""

from dataclasses import replace
from itertools import cycle

import numpy as np
import pytest
from numpy.random import default_rng
from shapely import LineString, Point, STRtree, box
from shapely.geometry import MultiLineString

from simulators.city.blocks import Street, fringe, streets
from simulators.city.lanes import lanes
from simulators.city.plan import Quarter

QUARTER = Quarter("1", "西", "West", Point(0, 0), (), 30.0, (100, 150), 0.2, 0.5, ("甲路", "乙路"))
BLOCK = box(-500, -400, 500, 400)


def _fill(quarter: Quarter = QUARTER, seed: int = 1) -> list[Street]:
    return streets(BLOCK, quarter, cycle(quarter.streets), default_rng(seed))


def _total(found: list[Street]) -> float:
    return sum(s.line.length for s in found)


@pytest.mark.parametrize("seed", range(8))
def test_streets_stay_inside(seed: int) -> None:
    found = _fill(seed=seed)
    assert found
    assert all(BLOCK.buffer(1e-6).covers(s.line) for s in found)
    assert {s.road_class for s in found} == {"secondary", "residential"}


@pytest.mark.parametrize("angle", [0.0, 20.0, 45.0, -30.0])
def test_streets_run_at_the_quarter_s_angle(angle: float) -> None:
    found = _fill(replace(QUARTER, angle_deg=angle))
    steps = np.array([np.subtract(s.line.coords[-1], s.line.coords[0]) for s in found if s.line.length > 200])
    off = (np.degrees(np.arctan2(steps[:, 1], steps[:, 0])) - angle + 45) % 90 - 45
    assert abs(np.median(off)) < 6


def test_secondary_streets_have_names_and_residential_none() -> None:
    assert all(bool(s.name) == (s.road_class == "secondary") for s in _fill())


def test_losing_links_shortens_the_streets() -> None:
    assert _total(_fill(replace(QUARTER, loss=0.5))) < 0.8 * _total(_fill(replace(QUARTER, loss=0.0)))


def test_density_follows_the_spacing() -> None:
    wide = _total(_fill(replace(QUARTER, spacing_m=(200, 260), loss=0.0)))
    narrow = _total(_fill(replace(QUARTER, spacing_m=(100, 130), loss=0.0)))
    assert 1.6 < narrow / wide < 2.6


def test_the_same_chance_gives_the_same_streets() -> None:
    assert [s.line.wkt for s in _fill(seed=5)] == [s.line.wkt for s in _fill(seed=5)]
    assert [s.line.wkt for s in _fill(seed=5)] != [s.line.wkt for s in _fill(seed=6)]


def test_a_block_too_small_for_a_street_gets_none() -> None:
    assert streets(box(0, 0, 60, 60), QUARTER, cycle(["甲路"]), default_rng(1)) == []


def test_the_fringe_is_where_no_road_was_drawn() -> None:
    south = LineString([(-500, -400), (500, -400)])
    found = fringe(BLOCK, south, default_rng(3))
    assert found
    assert all(s.line.intersection(south.buffer(0.4)).length == 0 for s in found)
    assert all(BLOCK.boundary.buffer(4.1).covers(s.line) for s in found)
    assert {(s.road_class, s.name) for s in found} == {("residential", "")}


def test_a_block_between_drawn_roads_has_no_fringe() -> None:
    assert fringe(BLOCK, MultiLineString([BLOCK.exterior.coords[:]]), default_rng(3)) == []


def _lanes(barred: object = None, share: float = 1.0) -> list[Street]:
    sides = [LineString([(0, 0), (90, 0)]), LineString([(0, 120), (90, 120)])]
    nothing = Point(9_999, 9_999).buffer(1)
    quarter = replace(QUARTER, lanes=share)
    return lanes(sides * 20, quarter, STRtree(sides), nothing if barred is None else box(-500, 50, 500, 70), default_rng(4))


def test_lanes_leave_at_a_right_angle_and_never_cross_a_street() -> None:
    found = _lanes()
    assert found
    for lane in found:
        (ax, ay), (bx, by) = lane.line.coords
        assert ax == pytest.approx(bx)
        assert lane.road_class == "path"
        assert min(ay, by) > -171
        assert max(ay, by) < 292
        assert not (min(ay, by) < -1 and max(ay, by) > 1)


def test_some_lanes_go_through_and_most_are_blind() -> None:
    between = [lane.line.length for lane in _lanes() if 0 <= lane.line.centroid.y <= 120]
    through = sum(length > 119 for length in between)
    assert 0 < through < len(between) / 2


def test_no_lane_enters_what_is_barred() -> None:
    assert all(not lane.line.intersects(box(-500, 50, 500, 70)) for lane in _lanes(barred=True))


def test_no_lanes_where_none_are_asked_for() -> None:
    assert _lanes(share=0.0) == []


def test_a_street_too_short_has_no_lane() -> None:
    short = [LineString([(0, 0), (60, 0)])]
    everywhere = replace(QUARTER, lanes=1.0)
    assert lanes(short, everywhere, STRtree(short), Point(9_999, 0).buffer(1), default_rng(1)) == []
