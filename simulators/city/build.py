"""The drawing as files: GeoJSON for the map's ground, streets.npz for the graph. The same seed writes the same bytes."""

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from shapely import Polygon, to_geojson
from shapely.geometry.base import BaseGeometry

from simulators.city.draw import draw, street_names
from simulators.city.oneway import with_oneway
from simulators.city.plan import Plan
from simulators.city.quarters import tiles
from simulators.metres import shape_to_degrees, shape_to_metres, to_degrees

NOTE = "demo; drawn for Vigil, not surveyed; no legal boundary"


def build(plan: Plan, seed: int) -> dict[str, bytes]:
    """Every file of the city by name."""
    split = tiles(plan)
    web = draw(plan, {code: shape_to_metres(tile) for code, tile in split.items()}, seed)
    names = street_names(plan)
    web, oneway = with_oneway(web, names, plan.oneway)
    graph = {
        "lonlat": to_degrees(web.points),
        "edges": web.edges.astype("<i4"),
        "road_class": web.road_class.astype("|u1"),
        "name": web.name.astype("<u2"),
        "oneway": oneway,
        "names": np.array(names),
    }
    return {**_ground(plan, split), "streets.npz": _npz(graph)}


def _ground(plan: Plan, split: Mapping[str, BaseGeometry]) -> dict[str, bytes]:
    wet = _rivers(plan)
    wet += [("lake", f"{zh}湖", f"{en} lake", lake) for zh, (en, _, lake) in plan.parks.items() if lake is not None]
    tracks = [("rail", zh, en, line) for zh, (en, line) in plan.rail.items()]
    parks = [("park", zh, en, ring) for zh, (en, ring, _) in plan.parks.items()]
    stations = [("station", zh, en, point) for zh, (en, point) in plan.stations.items()]
    named = [_feature("subdistrict", q.name_zh, q.name_en, split[q.code], code=q.code) for q in plan.quarters]
    return {
        "outline.geojson": _collection(
            [_feature("district", "河北区", "Hebei District", shape_to_degrees(plan.outline, 3), code="120105")]
        ),
        "subdistricts.geojson": _collection(named),
        "water.geojson": _collection([_feature(k, zh, en, shape_to_degrees(s.simplify(1.5), 5)) for k, zh, en, s in wet]),
        "rail.geojson": _collection([_feature(k, zh, en, shape_to_degrees(s, 5)) for k, zh, en, s in tracks]),
        "landmarks.geojson": _collection([_feature(k, zh, en, shape_to_degrees(s, 5)) for k, zh, en, s in stations]),
        "parks.geojson": _collection([_feature(k, zh, en, shape_to_degrees(s, 5)) for k, zh, en, s in parks]),
    }


def _rivers(plan: Plan) -> list[tuple[str, str, str, BaseGeometry]]:
    """Rivers that do not overlap, so that a map may draw them translucent: where two meet, the first drawn has the water."""
    found: list[tuple[str, str, str, BaseGeometry]] = []
    taken: BaseGeometry = Polygon()
    for zh, (en, line, width) in plan.rivers.items():
        bed = line.buffer(width / 2, cap_style="flat")
        found.append(("river", zh, en, bed.difference(taken)))
        taken = taken.union(bed)
    return found


def _feature(kind: str, name_zh: str, name_en: str, shape: BaseGeometry, **more: str) -> dict[str, Any]:
    properties = {"kind": kind, "name_zh": name_zh, "name_en": name_en, **more, "demo": True}
    return {"type": "Feature", "properties": properties, "geometry": json.loads(to_geojson(shape))}


def _collection(features: list[dict[str, Any]]) -> bytes:
    """One feature a line, so that a change can be read."""
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False, separators=(",", ":")) for feature in features)
    return f'{{"type":"FeatureCollection","demo":true,"note":{json.dumps(NOTE)},"features":[\n{lines}\n]}}\n'.encode()


def _npz(arrays: Mapping[str, np.ndarray[Any, Any]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), member.getvalue(), zipfile.ZIP_DEFLATED)
    return stream.getvalue()
