"""A flat map of one district: degrees to metres and back, exact to about 1 part in 1,000 over 20 km.

Equirectangular about the middle latitude, mean Earth radius 6,371,008.8 m (IUGG).
"""

from dataclasses import dataclass
from math import cos, hypot, pi, radians
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

METRES_PER_DEGREE = 6_371_008.8 * pi / 180

Number = TypeVar("Number", float, NDArray[np.float64])


@dataclass(frozen=True, slots=True)
class Plane:
    """A plane that touches the Earth at (lon, lat) degrees."""

    lon: float
    lat: float

    def to_metres(self, lon: Number, lat: Number) -> tuple[Number, Number]:
        """East and north of the middle, in metres."""
        return (lon - self.lon) * (METRES_PER_DEGREE * cos(radians(self.lat))), (lat - self.lat) * METRES_PER_DEGREE

    def to_degrees(self, east_m: Number, north_m: Number) -> tuple[Number, Number]:
        """Longitude and latitude of a point of the plane."""
        return east_m / (METRES_PER_DEGREE * cos(radians(self.lat))) + self.lon, north_m / METRES_PER_DEGREE + self.lat

    def distance_m(self, a: tuple[float, float], b: tuple[float, float]) -> float:
        """The straight line between two (lon, lat) places."""
        (ax, ay), (bx, by) = self.to_metres(*a), self.to_metres(*b)
        return hypot(ax - bx, ay - by)


def plane_of(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Plane:
    """The plane in the middle of these points; of none, at (0, 0)."""
    if not len(lon):
        return Plane(0.0, 0.0)
    return Plane(float(lon.min() + lon.max()) / 2, float(lat.min() + lat.max()) / 2)
