"""The ground that the demo district stands on: areas, map layers and streets, read from the package's data."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely import contains_xy, union_all
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from care.places import Area
from dispatch.roads import RoadGraph
from simulators.district.chains import chains
from simulators.metres import Points, to_metres

CODE = "120105"
_GROUND = ("outline", "subdistricts", "water", "rail", "parks", "landmarks")


@dataclass(frozen=True, slots=True, eq=False)
class Streets:
    """The drawn streets: nodes in degrees and metres, edges with class and name; `area` is where the middle of an edge lies."""

    lonlat: Points
    metres: Points
    edges: NDArray[np.int32]
    road_class: NDArray[np.uint8]
    name: NDArray[np.uint16]
    oneway: NDArray[np.bool_]
    names: tuple[str, ...]
    area: NDArray[np.str_]

    @property
    def middles(self) -> Points:
        """The middle of every edge, in metres."""
        return np.asarray(self.metres[self.edges].mean(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Areas, the outlines of sub-districts by code, what cannot be built on, streets and map layers."""

    areas: tuple[Area, ...]
    tiles: Mapping[str, BaseGeometry]
    barred: BaseGeometry
    streets: Streets
    layers: Mapping[str, Mapping[str, Any]]


@cache
def ground() -> Ground:
    """Read once; nobody changes it."""
    layers = {name: json.loads(_data(f"{name}.geojson")) for name in _GROUND}
    tiles = {feature["properties"]["code"]: shape(feature["geometry"]) for feature in layers["subdistricts"]["features"]}
    barred = union_all([shape(feature["geometry"]) for name in ("water", "parks") for feature in layers[name]["features"]])
    drawn = _streets(tiles)
    layers["streets"] = _street_layer(drawn)
    areas = tuple(_area(feature) for name in ("outline", "subdistricts") for feature in layers[name]["features"])
    return Ground(areas, tiles, barred, drawn, layers)


@cache
def words() -> Mapping[str, Any]:
    """What names are made of."""
    found: Mapping[str, Any] = json.loads(_data("names.json"))
    return found


@cache
def homes_by_area() -> Mapping[str, int]:
    """How many homes each sub-district has."""
    return {q["code"]: int(q["homes"]) for q in json.loads(_data("plan.json"))["subdistricts"]}


def road_graph(streets: Streets) -> RoadGraph:
    """The streets as the dispatcher travels them."""
    step = streets.metres[streets.edges[:, 1]] - streets.metres[streets.edges[:, 0]]
    return RoadGraph(
        lon=np.ascontiguousarray(streets.lonlat[:, 0]),
        lat=np.ascontiguousarray(streets.lonlat[:, 1]),
        start=np.ascontiguousarray(streets.edges[:, 0]),
        end=np.ascontiguousarray(streets.edges[:, 1]),
        length_m=np.hypot(step[:, 0], step[:, 1]).astype(np.float32),
        road_class=streets.road_class,
        oneway=streets.oneway,
    )


def _data(name: str) -> bytes:
    return (files("simulators") / "data" / name).read_bytes()


def _area(feature: Mapping[str, Any]) -> Area:
    named = feature["properties"]
    top = named["code"] == CODE
    level = "district" if top else "subdistrict"
    return Area(named["code"], named["name_zh"], named["name_en"], "" if top else CODE, level, feature["geometry"], demo=True)


def _streets(tiles: Mapping[str, BaseGeometry]) -> Streets:
    with np.load(io.BytesIO(_data("streets.npz"))) as saved:
        arrays = {name: saved[name] for name in saved.files}
    middles = arrays["lonlat"][arrays["edges"]].mean(axis=1)
    area = np.full(len(middles), "", dtype="<U16")
    for code, tile in tiles.items():
        area[contains_xy(tile, middles[:, 0], middles[:, 1])] = code
    return Streets(
        arrays["lonlat"], to_metres(arrays["lonlat"]), arrays["edges"], arrays["road_class"], arrays["name"], arrays["oneway"],
        tuple(str(name) for name in arrays["names"]), area,
    )  # fmt: skip


def _street_layer(streets: Streets) -> dict[str, Any]:
    features = []
    for (road_class, name), lines in chains(streets.edges, streets.road_class, streets.name).items():
        coordinates = [streets.lonlat[line].round(5).tolist() for line in lines]
        properties = {"class": road_class, "name": streets.names[name], "demo": True}
        features.append(
            {"type": "Feature", "properties": properties, "geometry": {"type": "MultiLineString", "coordinates": coordinates}}
        )
    return {"type": "FeatureCollection", "demo": True, "features": features}
