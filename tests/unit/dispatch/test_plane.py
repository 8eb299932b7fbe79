"""Degrees to metres and back, against the haversine formula."""

from math import asin, cos, radians, sin, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.plane import Plane, plane_of

TIANJIN = Plane(117.2, 39.16)
PLACES = st.tuples(st.floats(117.1, 117.3), st.floats(39.06, 39.26))


def haversine_m(a: tuple[float, float], b: tuple[float, float]) -> float:
    (lon1, lat1), (lon2, lat2) = [(radians(lon), radians(lat)) for lon, lat in (a, b)]
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * 6_371_008.8 * asin(sqrt(half))


@given(PLACES, PLACES)
def test_distances_agree_with_the_sphere(a: tuple[float, float], b: tuple[float, float]) -> None:
    assert TIANJIN.distance_m(a, b) == pytest.approx(haversine_m(a, b), rel=2e-3, abs=0.01)


@given(PLACES)
def test_there_and_back_again(place: tuple[float, float]) -> None:
    assert TIANJIN.to_degrees(*TIANJIN.to_metres(*place)) == pytest.approx(place, abs=1e-9)


def test_the_plane_touches_in_the_middle() -> None:
    assert plane_of(np.array([1.0, 3.0, 1.5]), np.array([10.0, 30.0, 10.0])) == Plane(2.0, 20.0)
    assert plane_of(np.array([]), np.array([])) == Plane(0.0, 0.0)
