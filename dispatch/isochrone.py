"""What can be reached from a place, or from any of several, within some times: nested GeoJSON bands with every node reached.

The arrival times along the streets are laid on a grid of square cells and spread about 50 m to both sides, so that the houses along
a street belong to it; a band is the outline of the cells that are early enough. One grid serves all bands, which keeps them nested.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter

from dispatch.network import Network, Place
from dispatch.plane import Plane

CELL_M = 25.0
MOST_CELLS_ACROSS = 1000
_SPREAD_CELLS = 2  # more than the simplification below can take away again
_SMALLEST_HOLE_CELLS = 16

_NOTHING: shapely.Geometry = shapely.MultiPolygon()

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Field:
    """Seconds of arrival by cell; the lower left corner of cell (0, 0) is (east_m, north_m)."""

    seconds: Floats
    east_m: float
    north_m: float
    cell_m: float


def isochrone(network: Network, lon: float, lat: float, seconds: Sequence[float]) -> list[dict[str, Any]]:
    """One GeoJSON Polygon or MultiPolygon for each limit, in the order given; a longer limit contains every shorter one
    (to the 0.1 m to which coordinates are rounded).

    A limit within which not even the first street is reached gives a MultiPolygon without coordinates.
    """
    return isochrone_of_any([(network, (lon, lat))], seconds)


def isochrone_of_any(starts: Sequence[tuple[Network, Place]], seconds: Sequence[float]) -> list[dict[str, Any]]:
    """As `isochrone`, reached from at least one of the starts; their networks are those of one graph."""
    if not starts:
        return [_geojson(_NOTHING, Plane(0.0, 0.0)) for _ in seconds]
    limit_s = max(seconds, default=0.0)
    earliest: dict[str, tuple[Network, Floats]] = {}
    for network, (lon, lat) in starts:
        times = network.times_from(lon, lat, limit_s)
        known = earliest.get(network.vehicle)
        earliest[network.vehicle] = (network, np.minimum(times, known[1]) if known else times)
    arrivals = [_arrivals(network, times, limit_s) for network, times in earliest.values()]
    return _bands(_field(*(np.concatenate(columns) for columns in zip(*arrivals, strict=True))), seconds, starts[0][0].plane)


def _bands(field: _Field, seconds: Sequence[float], plane: Plane) -> list[dict[str, Any]]:
    band = _NOTHING
    bands = {}
    for limit_s in sorted(set(seconds)):
        band = shapely.union(band, _outline(field, limit_s))  # simplifying alone might cut into the smaller band
        bands[limit_s] = _geojson(band, plane)
    return [bands[limit_s] for limit_s in seconds]


def _arrivals(network: Network, times: Floats, limit_s: float) -> tuple[Floats, Floats, Floats]:
    """East, north and seconds of points close together along every street that is reached, as far as it is reached."""
    east, north = network.plane.to_metres(network.graph.lon, network.graph.lat)
    arcs = network.forward.tocoo()
    tails, heads = arcs.coords
    reached = np.isfinite(times[tails])
    tails, heads, took_s = tails[reached], heads[reached], arcs.data[reached]
    pieces = np.ceil(np.hypot(east[heads] - east[tails], north[heads] - north[tails]) / (CELL_M / 2)).astype(np.intp) + 1
    arc = np.repeat(np.arange(len(pieces)), pieces)
    along = (np.arange(len(arc)) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / np.maximum(pieces[arc] - 1, 1)
    arrival = times[tails[arc]] + along * took_s[arc]
    early = arrival <= limit_s
    tail, head, share = tails[arc[early]], heads[arc[early]], along[early]
    nodes = np.isfinite(times)  # those on no street that leads on
    return (
        np.concatenate([east[tail] + share * (east[head] - east[tail]), east[nodes]]),
        np.concatenate([north[tail] + share * (north[head] - north[tail]), north[nodes]]),
        np.concatenate([arrival[early], times[nodes]]),
    )


def _field(east: Floats, north: Floats, seconds: Floats) -> _Field:
    if not len(seconds):
        return _Field(np.full((1, 1), np.inf), 0.0, 0.0, CELL_M)
    across_m = max(float(np.ptp(east)), float(np.ptp(north)))
    cell_m = max(CELL_M, across_m / MOST_CELLS_ACROSS)
    left, low = (np.floor(axis.min() / cell_m) - _SPREAD_CELLS - 1 for axis in (east, north))
    column, row = (np.floor(east / cell_m) - left).astype(np.intp), (np.floor(north / cell_m) - low).astype(np.intp)
    grid = np.full((int(row.max()) + _SPREAD_CELLS + 2, int(column.max()) + _SPREAD_CELLS + 2), np.inf)
    np.minimum.at(grid, (row, column), seconds)
    spread = minimum_filter(grid, footprint=_disc(), mode="constant", cval=np.inf)
    return _Field(spread, float(left) * cell_m, float(low) * cell_m, cell_m)


def _disc() -> NDArray[np.bool_]:
    side = np.arange(-_SPREAD_CELLS, _SPREAD_CELLS + 1)
    return np.hypot(side[:, None], side) <= _SPREAD_CELLS + 0.5


def _outline(field: _Field, limit_s: float) -> shapely.Geometry:
    """The cells that are early enough, joined row by row, without staircases and without holes of a courtyard's size."""
    early = np.pad(field.seconds <= limit_s, ((0, 0), (1, 1)))
    rows, first = np.nonzero(early[:, 1:] & ~early[:, :-1])
    last = np.nonzero(~early[:, 1:] & early[:, :-1])[1]
    size, west, south = field.cell_m, field.east_m, field.north_m
    runs = shapely.box(west + first * size, south + rows * size, west + last * size, south + (rows + 1) * size)
    return _without_small_holes(shapely.simplify(shapely.union_all(runs), size), _SMALLEST_HOLE_CELLS * size * size)


def _without_small_holes(shape: shapely.Geometry, smallest_m2: float) -> shapely.Geometry:
    return shapely.union_all(
        [
            shapely.Polygon(part.exterior, [hole for hole in part.interiors if shapely.Polygon(hole).area >= smallest_m2])
            for part in _polygons(shape)
        ]
    )


def _polygons(shape: shapely.Geometry) -> list[shapely.Polygon]:
    return [part for part in shapely.get_parts(shape) if isinstance(part, shapely.Polygon) and not part.is_empty]


def _geojson(shape: shapely.Geometry, plane: Plane) -> dict[str, Any]:
    rings = [[_ring(ring, plane) for ring in (part.exterior, *part.interiors)] for part in _polygons(shape)]
    if len(rings) == 1:
        return {"type": "Polygon", "coordinates": rings[0]}
    return {"type": "MultiPolygon", "coordinates": rings}


def _ring(ring: shapely.LinearRing, plane: Plane) -> list[list[float]]:
    lon, lat = plane.to_degrees(*np.asarray(ring.coords).T)
    return [[round(x, 6), round(y, 6)] for x, y in zip(lon.tolist(), lat.tolist(), strict=True)]
