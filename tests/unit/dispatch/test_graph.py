"""Road graphs as bytes: what was written is read, the same is written the same, and damage is refused."""

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch import graph as graph_module
from dispatch.roads import ROAD_CLASSES, BadGraph, RoadGraph, dump, load
from tests.examples import examples

Graphs = Callable[..., st.SearchStrategy[RoadGraph]]
Make = Callable[..., RoadGraph]


def same(a: RoadGraph, b: RoadGraph) -> bool:
    return all(
        getattr(a, field.name).dtype == getattr(b, field.name).dtype
        and np.array_equal(getattr(a, field.name), getattr(b, field.name))
        for field in fields(RoadGraph)
    )


@pytest.fixture
def small(make_graph: Make) -> RoadGraph:
    return make_graph([(117.2, 39.1), (117.21, 39.1), (117.2, 39.11)], [(0, 1, 860.5, 0, True), (1, 2, 1400.25, 4, False)])


def repacked(data: bytes, **changed: bytes | None) -> bytes:
    """The archive with some members replaced, or left out when None."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
        members = {name: old.read(name) for name in old.namelist()}
        members |= {f"{name}.npy": content for name, content in changed.items() if content is not None}
        for name, content in members.items():
            if name.removesuffix(".npy") not in changed or changed[name.removesuffix(".npy")] is not None:
                new.writestr(name, content)
    return stream.getvalue()


def npy(array: Any, *, allow_pickle: bool = False) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=allow_pickle)
    return stream.getvalue()


@given(data=st.data())
@settings(max_examples=examples(50))
def test_what_was_written_is_read(data: st.DataObject, graphs: Graphs) -> None:
    graph = data.draw(graphs())
    assert same(load(dump(graph)), graph)


def test_the_same_graph_gives_the_same_bytes_whatever_the_clock(small: RoadGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    first = dump(small)
    monkeypatch.setattr("time.time", lambda: 1e9)
    assert dump(load(first)) == first


def test_numpy_itself_can_read_the_bytes(small: RoadGraph) -> None:
    with np.load(io.BytesIO(dump(small))) as archive:
        assert archive["length_m"].tolist() == [860.5, 1400.25]


def test_a_graph_without_streets_or_nodes_is_a_graph(make_graph: Make) -> None:
    empty = make_graph([], [])
    assert same(load(dump(empty)), empty)


def test_every_flipped_byte_is_refused_or_changes_nothing(small: RoadGraph) -> None:
    data = dump(small)
    refused = 0
    for i in range(len(data)):
        damaged = data[:i] + bytes([data[i] ^ 0xFF]) + data[i + 1 :]
        try:
            assert same(load(damaged), small), f"byte {i} changed the graph unnoticed"
        except BadGraph:
            refused += 1
    assert refused > len(data) / 2


def test_every_cut_is_refused(small: RoadGraph) -> None:
    data = dump(small)
    for i in range(len(data)):
        with pytest.raises(BadGraph):
            load(data[:i])


@given(st.binary(max_size=200))
def test_other_bytes_are_refused_with_their_size(data: bytes) -> None:
    with pytest.raises(BadGraph, match=f"got {len(data)} bytes that cannot be read"):
        load(data)


def test_a_pickle_is_refused_and_never_run(small: RoadGraph) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return pytest.fail, ("a pickle was run",)

    objects = np.empty(3, dtype=object)
    objects[:] = Bomb()
    with pytest.raises(BadGraph, match="Object arrays cannot be loaded"):
        load(repacked(dump(small), lon=npy(objects, allow_pickle=True)))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"oneway": None}, "expected end.npy, lat.npy, length_m.npy, lon.npy, oneway.npy, road_class.npy, start.npy, got end.npy"),
        ({"extra": npy([1])}, "got end.npy, extra.npy"),
        ({"lon": npy(np.zeros(3, np.float32))}, "lon: expected one dimension of <f8, got 1 of <f4"),
        ({"lat": npy(np.zeros((3, 1)))}, "lat: expected one dimension of <f8, got 2 of <f8"),
        ({"lat": npy(np.zeros(2))}, "expected lon, lat of one length, got 3, 2"),
        ({"oneway": npy(np.zeros(1, bool))}, "expected start, end, length_m, road_class, oneway of one length, got 2, 2, 2, 2, 1"),
        ({"end": npy(np.array([1, 3], np.int32))}, "end: expected 0 to 2, got 3"),
        ({"start": npy(np.array([-1, 0], np.int32))}, "start: expected 0 to 2, got -1"),
        ({"road_class": npy(np.array([0, 5], np.uint8))}, "road_class: expected 0 to 4, got 5"),
        ({"length_m": npy(np.array([1, np.nan], np.float32))}, "length_m: expected 0 to 1e+06, got nan"),
        ({"length_m": npy(np.array([1, -1], np.float32))}, "length_m: expected 0 to 1e+06, got -1.0"),
        ({"lon": npy(np.array([0.0, 181.0, 0.0]))}, "lon: expected -180 to 180, got 181.0"),
        ({"lat": npy(np.array([0.0, np.inf, 0.0]))}, "lat: expected -90 to 90, got inf"),
    ],
)
def test_what_does_not_fit_is_said(small: RoadGraph, changed: dict[str, bytes | None], message: str) -> None:
    with pytest.raises(BadGraph, match=re.escape(message)) as caught:
        load(repacked(dump(small), **changed))
    assert message in caught.value.reason


def test_a_bomb_is_refused_before_it_is_unpacked(small: RoadGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_module, "LARGEST_BYTES", 100)
    with pytest.raises(BadGraph, match="expected at most 100 bytes unpacked"):
        load(dump(small))


def test_a_graph_that_does_not_fit_together_is_never_written(small: RoadGraph) -> None:
    with pytest.raises(BadGraph, match="end: expected 0 to 2, got 7"):
        dump(replace(small, end=np.array([7, 1], dtype=np.int32)))


def test_road_classes_keep_their_codes() -> None:
    assert ROAD_CLASSES == ("trunk", "primary", "secondary", "residential", "path")
