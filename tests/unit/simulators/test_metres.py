"""Metres and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point, box

from simulators.metres import LAT, LON, shape_to_degrees, shape_to_metres, to_degrees, to_metres

EAST, NORTH = st.floats(-6000, 6000), st.floats(-6000, 6000)


@given(EAST, NORTH)
def test_there_and_back(east: float, north: float) -> None:
    there = to_metres(to_degrees(np.array([[east, north]]), decimals=9))
    assert np.allclose(there, [[east, north]], atol=0.001)


@given(EAST, NORTH)
def test_six_decimals_are_a_hand_s_breadth(east: float, north: float) -> None:
    assert np.abs(to_metres(to_degrees(np.array([[east, north]]))) - [[east, north]]).max() < 0.06


def test_the_middle_is_nought() -> None:
    assert to_metres(np.array([[LON, LAT]])).tolist() == [[0.0, 0.0]]


def test_a_degree_of_latitude_is_111_km() -> None:
    ((east, north),) = to_metres(np.array([[LON, LAT + 1]]))
    assert east == 0
    assert north == pytest.approx(111_195, abs=1)


def test_shapes_move_as_points_do() -> None:
    square = box(0, 0, 100, 200)
    back = shape_to_metres(shape_to_degrees(square, 9))
    assert back.area == pytest.approx(20_000, rel=1e-5)
    assert shape_to_degrees(Point(0, 0)).equals(Point(LON, LAT))
