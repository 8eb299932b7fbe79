"""Travel over random graphs against plain Dijkstra, and the rules of roads one by one."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from math import inf, isinf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from care.people import VEHICLES
from dispatch.roads import (
    ROAD_CLASSES,
    SPEED_MPS,
    WALK_MPS,
    Network,
    Place,
    RoadGraph,
    Route,
    Unreachable,
    network,
    route,
    routes_to,
)
from tests.examples import examples

Graphs = Callable[..., st.SearchStrategy[RoadGraph]]
Reference = Callable[[RoadGraph, str, int], list[float]]
Make = Callable[..., RoadGraph]

PLACES = st.tuples(st.floats(117.185, 117.215), st.floats(39.145, 39.175))
IN_TOWN = st.tuples(st.floats(117.2, 117.25), st.floats(39.15, 39.2))
VEHICLE = st.sampled_from(sorted(SPEED_MPS))
A, B, C, D = (117.20, 39.16), (117.201, 39.16), (117.202, 39.16), (117.203, 39.16)


def reversed_graph(graph: RoadGraph) -> RoadGraph:
    return replace(graph, start=graph.end, end=graph.start)


def seconds(way: Route | Unreachable) -> float:
    return way.seconds if isinstance(way, Route) else inf


def is_route(way: Route | Unreachable, seconds: float, metres: float, line: tuple[Place, ...]) -> bool:
    return isinstance(way, Route) and way.seconds == pytest.approx(seconds) and (way.metres, way.line) == (metres, line)


def stops_by_hand(graph: RoadGraph, vehicle: str, reference: Reference) -> set[int]:
    """Nodes on a usable street whose strongly connected part holds a tenth of the largest part or more."""
    n = len(graph.lon)
    times = [reference(graph, vehicle, node) for node in range(n)]
    parts = [{b for b in range(n) if not isinf(times[a][b]) and not isinf(times[b][a])} for a in range(n)]
    usable = [SPEED_MPS[vehicle][road_class] > 0 for road_class in graph.road_class]
    used = {int(node) for ends in (graph.start, graph.end) for node, yes in zip(ends, usable, strict=True) if yes}
    largest = max((len(part) for part in parts), default=0)
    return {node for node in used if len(parts[node]) >= 0.1 * largest}


@given(data=st.data(), vehicle=VEHICLE, place=PLACES)
def test_places_snap_to_the_nearest_node_one_can_leave_and_reach(
    data: st.DataObject, vehicle: str, place: Place, graphs: Graphs, reference_times: Reference
) -> None:
    graph = data.draw(graphs())
    net = network(graph, vehicle)
    candidates = stops_by_hand(graph, vehicle, reference_times)
    metres = {node: net.plane.distance_m(place, (float(graph.lon[node]), float(graph.lat[node]))) for node in candidates}
    snap = net.nearest(*place)
    assert snap.metres == pytest.approx(min(metres.values(), default=inf))
    assert snap.walk_s == pytest.approx(snap.metres / (1.0 if vehicle == "elder" else WALK_MPS))
    assert (snap.node in candidates) if candidates else (snap.node == -1)


@given(data=st.data(), vehicle=VEHICLE, place=PLACES)
def test_times_from_a_place_are_those_of_plain_dijkstra(
    data: st.DataObject, vehicle: str, place: Place, graphs: Graphs, reference_times: Reference
) -> None:
    graph = data.draw(graphs(least_edges=1))
    net = network(graph, vehicle)
    snap = net.nearest(*place)
    times = net.times_from(*place)
    expected = [snap.walk_s + t for t in reference_times(graph, vehicle, snap.node)] if snap.node >= 0 else [inf] * len(graph.lon)
    assert times.dtype == np.float64
    assert times.tolist() == pytest.approx(expected)


@given(data=st.data(), vehicle=VEHICLE, place=PLACES)
def test_times_to_a_place_are_times_from_it_with_every_street_turned_around(
    data: st.DataObject, vehicle: str, place: Place, graphs: Graphs
) -> None:
    graph = data.draw(graphs())
    there, back = network(graph, vehicle), network(reversed_graph(graph), vehicle)
    assert there.nearest(*place).metres == back.nearest(*place).metres
    if there.nearest(*place).node == back.nearest(*place).node:  # two nodes may lie on one spot
        assert there.times_to(*place).tolist() == pytest.approx(back.times_from(*place).tolist())


@given(data=st.data(), vehicle=VEHICLE, a=PLACES, b=PLACES)
def test_without_oneways_the_way_back_takes_as_long(data: st.DataObject, vehicle: str, a: Place, b: Place, graphs: Graphs) -> None:
    net = network(data.draw(graphs(oneways=False)), vehicle)
    assert seconds(route(net, a, b)) == pytest.approx(seconds(route(net, b, a)))


@given(data=st.data(), vehicle=st.sampled_from(["foot", "elder"]), a=PLACES, b=PLACES)
def test_whoever_walks_may_go_against_a_oneway(data: st.DataObject, vehicle: str, a: Place, b: Place, graphs: Graphs) -> None:
    net = network(data.draw(graphs()), vehicle)
    assert seconds(route(net, a, b)) == pytest.approx(seconds(route(net, b, a)))


@given(data=st.data(), vehicle=VEHICLE, a=PLACES, b=PLACES, c=PLACES)
def test_no_detour_is_a_short_cut(data: st.DataObject, vehicle: str, a: Place, b: Place, c: Place, graphs: Graphs) -> None:
    net = network(data.draw(graphs()), vehicle)
    assert seconds(route(net, a, c)) <= seconds(route(net, a, b)) + seconds(route(net, b, c)) + 1e-6


@given(data=st.data(), vehicle=VEHICLE, to=PLACES, origins=st.lists(PLACES, max_size=5))
def test_a_route_costs_what_its_parts_cost(
    data: st.DataObject, vehicle: str, to: Place, origins: list[Place], graphs: Graphs, reference_times: Reference
) -> None:
    graph = data.draw(graphs(apart=True))
    net = network(graph, vehicle)
    end = net.nearest(*to)
    for origin, way in zip(origins, routes_to(net, to, origins), strict=True):
        begin = net.nearest(*origin)
        road_s = reference_times(graph, vehicle, begin.node)[end.node] if begin.node >= 0 else inf
        if isinf(road_s):
            assert way == Unreachable(origin, to)
            continue
        assert isinstance(way, Route)
        assert (way.line[0], way.line[-1]) == (origin, to)
        if begin.node == end.node:
            assert way.metres == pytest.approx(net.plane.distance_m(origin, to), abs=1e-6)
            assert way.seconds == pytest.approx(way.metres / net.walk_mps)
        else:
            assert way.seconds == pytest.approx(begin.walk_s + road_s + end.walk_s)
            assert way.metres == pytest.approx(begin.metres + metres_along(graph, vehicle, way.line[1:-1]) + end.metres)


def metres_along(graph: RoadGraph, vehicle: str, line: tuple[Place, ...]) -> float:
    """The length of the fastest street between each two neighbours on the line; nodes are found by their coordinates."""
    total = 0.0
    for a, b in pairwise(line):
        streets = [
            (float(graph.length_m[i]) / SPEED_MPS[vehicle][graph.road_class[i]], float(graph.length_m[i]))
            for i in range(len(graph.start))
            for s, e in ((graph.start[i], graph.end[i]), (graph.end[i], graph.start[i]))
            if SPEED_MPS[vehicle][graph.road_class[i]] > 0
            and ((graph.lon[s], graph.lat[s]), (graph.lon[e], graph.lat[e])) == (a, b)
            and (s == graph.start[i] or not graph.oneway[i] or vehicle in ("foot", "elder"))
        ]
        total += min(streets)[1]
    return total


@given(
    data=st.data(),
    vehicle=VEHICLE,
    origins=st.lists(PLACES, max_size=4),
    destinations=st.lists(PLACES, max_size=4),
    limit_s=st.floats(1, 5000),
)
def test_many_at_once_is_one_by_one(
    data: st.DataObject, vehicle: str, origins: list[Place], destinations: list[Place], limit_s: float, graphs: Graphs
) -> None:
    net = network(data.draw(graphs()), vehicle)
    table = net.times_between(origins, destinations)
    limited = net.times_between(origins, destinations, limit_s)
    assert table.shape == limited.shape == (len(origins), len(destinations))
    for row, origin in enumerate(origins):
        for column, destination in enumerate(destinations):
            begin, end = net.nearest(*origin), net.nearest(*destination)
            single = float(net.times_from(*origin)[end.node]) + end.walk_s if begin.node >= 0 else inf
            assert table[row, column] == pytest.approx(single)
            assert limited[row, column] == (table[row, column] if table[row, column] <= limit_s else inf)


@given(data=st.data(), vehicle=VEHICLE, place=PLACES, limit_s=st.floats(0, 3000))
def test_a_limit_hides_only_what_lies_beyond(
    data: st.DataObject, vehicle: str, place: Place, limit_s: float, graphs: Graphs
) -> None:
    net = network(data.draw(graphs()), vehicle)
    whole, limited = net.times_from(*place), net.times_from(*place, limit_s)
    clear = np.abs(whole - limit_s) > 1e-6  # on the very limit rounding decides
    assert limited[clear].tolist() == [t if t <= limit_s else inf for t in whole[clear].tolist()]


def test_a_car_stays_off_paths_and_obeys_oneways(make_graph: Make) -> None:
    ring = [(0, 1, 100.0, 3, True), (1, 2, 100.0, 3, True), (2, 0, 500.0, 3, True), (0, 2, 10.0, 4, False)]
    net = network(make_graph([A, B, C], ring), "car")
    assert is_route(route(net, A, C), 200 / 4.2, 200.0, (A, A, B, C, C))
    assert is_route(route(net, C, A), 500 / 4.2, 500.0, (C, C, A, A))


def test_of_parallel_streets_the_fastest_counts_once(make_graph: Make) -> None:
    streets = [(0, 1, 150.0, 3, False), (0, 1, 90.0, 3, False), (1, 0, 200.0, 3, False)]
    way = route(network(make_graph([A, B], streets), "ebike"), A, B)
    assert is_route(way, 90 / 3.6, 90.0, (A, A, B, B))


def test_of_parallel_streets_the_fastest_may_be_the_longest(make_graph: Make) -> None:
    streets = [(0, 1, 100.0, 3, False), (0, 1, 150.0, 0, False)]  # 4.2 and 11 m/s
    assert is_route(route(network(make_graph([A, B], streets), "car"), A, B), 150 / 11.0, 150.0, (A, A, B, B))


def test_a_short_cut_by_time_may_be_longer(make_graph: Make) -> None:
    slow_and_fast = [(0, 3, 300.0, 3, False), (0, 1, 200.0, 0, False), (1, 3, 200.0, 0, False)]
    way = route(network(make_graph([A, B, C, D], slow_and_fast), "car"), A, D)
    assert is_route(way, 400 / 11.0, 400.0, (A, A, B, D, D))


def test_a_crossing_of_no_length_is_crossed(make_graph: Make) -> None:
    net = network(make_graph([A, B, C], [(0, 1, 0.0, 3, False), (1, 2, 100.0, 3, False)]), "foot")
    assert seconds(route(net, A, C)) == pytest.approx(100 / WALK_MPS)


def test_nobody_is_stranded_on_an_island_of_the_map(make_graph: Make) -> None:
    """Twenty-one nodes hang together; two lie nearer, joined to nothing but each other, and one ends a one-way street."""
    main = [(117.21 + i * 0.001, 39.16) for i in range(21)]
    nodes = [*main, A, B, (117.2095, 39.16)]
    streets = [(i, i + 1, 86.0, 3, False) for i in range(20)] + [(21, 22, 86.0, 3, False), (0, 23, 40.0, 3, True)]
    net = network(make_graph(nodes, streets), "car")
    assert net.nearest(*A).node == 0
    assert net.nearest(117.2095, 39.16).node == 0
    assert isinstance(route(net, A, main[20]), Route)


def test_people_in_one_building_do_not_walk_to_the_corner_and_back(make_graph: Make) -> None:
    net = network(make_graph([A, B], [(0, 1, 86.0, 3, False)]), "car")
    inside = (A[0], A[1] + 0.0005)
    assert route(net, inside, inside) == Route(0.0, 0.0, (inside, inside))


@pytest.mark.parametrize("place", [(float("nan"), 39.16), (117.2, inf)])
def test_a_position_that_is_no_position_reaches_nothing(make_graph: Make, place: Place) -> None:
    net = network(make_graph([A, B], [(0, 1, 86.0, 3, False)]), "foot")
    assert net.nearest(*place).node == -1
    assert net.times_to(*place).tolist() == [inf, inf]
    assert route(net, place, A) == Unreachable(place, A)
    assert route(net, A, place) == Unreachable(A, place)


def test_where_there_is_no_road_for_a_vehicle_there_is_no_way(make_graph: Make) -> None:
    net = network(make_graph([A, B], [(0, 1, 86.0, 4, False)]), "car")
    assert route(net, A, B) == Unreachable(A, B)
    assert net.times_between([A], [B]).tolist() == [[inf]]


def test_a_network_is_built_once(town: RoadGraph) -> None:
    assert network(town, "car") is network(town, "car")
    assert network(town, "car") is not network(town, "foot")


def test_an_unknown_vehicle_is_refused(town: RoadGraph) -> None:
    with pytest.raises(KeyError, match="helicopter"):
        network(town, "helicopter")


def test_every_vehicle_of_the_register_has_a_speed_for_every_class() -> None:
    assert set(VEHICLES) < set(SPEED_MPS)
    assert {len(speeds) for speeds in SPEED_MPS.values()} == {len(ROAD_CLASSES)}
    assert [vehicle for vehicle, speeds in SPEED_MPS.items() if 0 in speeds] == ["car"]


@settings(max_examples=examples(10))
@given(a=IN_TOWN, b=IN_TOWN)
def test_in_a_town_anyone_reaches_anywhere(a: Place, b: Place, town: RoadGraph) -> None:
    nets: list[Network] = [network(town, vehicle) for vehicle in VEHICLES]
    assert all(isinstance(route(net, a, b), Route) for net in nets)
