"""Metres around the middle of the demo district, and back to WGS-84 degrees."""

from math import cos, radians

import numpy as np
from numpy.typing import NDArray
from shapely import transform
from shapely.geometry.base import BaseGeometry

LON, LAT = 117.207, 39.161
M_PER_LAT = 111_194.9  # mean Earth radius 6,371,008.8 m (IUGG)
M_PER_LON = M_PER_LAT * cos(radians(LAT))
_ORIGIN = np.array([LON, LAT])
_SCALE = np.array([M_PER_LON, M_PER_LAT])

Points = NDArray[np.float64]


def to_metres(lonlat: Points) -> Points:
    """Rows of (lon, lat) as rows of (east, north)."""
    return np.asarray((lonlat - _ORIGIN) * _SCALE)


def to_degrees(metres: Points, decimals: int = 6) -> Points:
    """Rows of (east, north) as rows of (lon, lat)."""
    return np.asarray(np.round(metres / _SCALE + _ORIGIN, decimals))


def shape_to_metres(shape: BaseGeometry) -> BaseGeometry:
    """A geometry of degrees in metres."""
    moved: BaseGeometry = transform(shape, to_metres)
    return moved


def shape_to_degrees(shape: BaseGeometry, decimals: int = 6) -> BaseGeometry:
    """A geometry of metres in degrees."""
    moved: BaseGeometry = transform(shape, lambda rows: to_degrees(rows, decimals))
    return moved
