"""Spots: beside streets, inside, dry, apart."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from shapely import Point, box

from simulators.district.ground import ground
from simulators.district.spots import NoRoom, Plots, Spot

AREA = "120105008"


@pytest.fixture(scope="module")
def plots() -> Plots:
    return Plots(ground(), AREA)


def test_one_builds_beside_side_streets_of_the_area_alone(plots: Plots) -> None:
    streets = ground().streets
    assert set(streets.area[plots.edges]) == {AREA}
    assert set(streets.road_class[plots.edges]) == {2, 3, 4}


@pytest.mark.parametrize("seed", range(20))
def test_a_spot_is_inside_and_dry(plots: Plots, seed: int) -> None:
    spot = plots.spot(plots.edges, Random(seed))
    assert ground().tiles[AREA].contains(Point(spot.lon, spot.lat))
    assert not ground().barred.contains(Point(spot.lon, spot.lat))


@pytest.mark.parametrize("seed", range(20))
def test_a_spot_is_a_few_steps_off_its_street(plots: Plots, seed: int) -> None:
    edge = int(plots.edges[seed])
    spot = plots.spot([edge], Random(seed))
    a, b = ground().streets.metres[ground().streets.edges[edge]]
    along = (b - a) / np.hypot(*(b - a))
    step = np.array([spot.east, spot.north]) - a
    assert 12 < abs(along[0] * step[1] - along[1] * step[0]) < 28
    assert 0 < along @ step < np.hypot(*(b - a))


def test_no_room_where_all_is_water() -> None:
    flooded = replace(ground(), barred=box(117, 39, 118, 40))
    drowned = Plots(flooded, AREA)
    with pytest.raises(NoRoom) as caught:
        drowned.spot(drowned.edges, Random(1))
    assert caught.value.area == AREA


def test_near_means_near(plots: Plots) -> None:
    east, north = ground().streets.middles[plots.edges[0]]
    found = plots.near(float(east), float(north), 100.0)
    middles = ground().streets.middles[found]
    assert len(found) >= 1
    assert np.hypot(*(middles - [east, north]).T).max() <= 100


def test_far_from_every_street_the_nearest_one_counts(plots: Plots) -> None:
    assert len(plots.near(50_000.0, 50_000.0, 10.0)) == 1


def test_spread_spots_keep_apart_and_join_the_taken(plots: Plots) -> None:
    taken: list[Spot] = []
    chosen = plots.spread(8, taken, Random(3), candidates=20)
    assert taken == chosen
    apart = [np.hypot(a.east - b.east, a.north - b.north) for a in chosen for b in chosen if a is not b]
    assert min(apart) > 150
