"""The two circles against one route at a time, and their shares against counting by hand."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.circle import PLAN_TRAVEL_S, WHOLE_CIRCLE_S, Coverage, Facility, Home, Post, life_circle, reach, service_circle
from dispatch.roads import RoadGraph, network

Graphs = Callable[..., st.SearchStrategy[RoadGraph]]

PLACES = st.tuples(st.floats(117.19, 117.21), st.floats(39.15, 39.17))
HOMES = st.lists(st.tuples(PLACES, st.floats(0.5, 3)), max_size=8).map(
    lambda drawn: [Home(f"h{i}", lon, lat, weight) for i, ((lon, lat), weight) in enumerate(drawn)]
)
POSTS = st.lists(st.tuples(PLACES, st.sampled_from(["foot", "ebike", "car"])), max_size=5).map(
    lambda drawn: [Post(f"r{i}", lon, lat, vehicle) for i, ((lon, lat), vehicle) in enumerate(drawn)]
)


def at(avenue: RoadGraph, node: int) -> tuple[float, float]:
    return float(avenue.lon[node]), float(avenue.lat[node])


@given(data=st.data(), posts=POSTS, homes=HOMES, within_s=st.floats(10, 1500))
def test_reach_is_one_time_for_each_pair(
    data: st.DataObject, posts: list[Post], homes: list[Home], within_s: float, graphs: Graphs
) -> None:
    graph = data.draw(graphs(least_edges=1))
    reached = reach(graph, posts, homes, within_s)
    assert reached.shape == (len(posts), len(homes))
    for row, post in enumerate(posts):
        net = network(graph, post.vehicle)
        times = net.times_from(post.lon, post.lat)
        for column, home in enumerate(homes):
            snap = net.nearest(home.lon, home.lat)
            whole_s = times[snap.node] + snap.walk_s if snap.node >= 0 else float("inf")
            if abs(whole_s - within_s) > 1e-6:
                assert reached[row, column] == (whole_s <= within_s)


@given(data=st.data(), posts=POSTS, homes=HOMES, within_s=st.floats(10, 1500))
def test_the_circle_counts_weights_and_names_who_is_left_out(
    data: st.DataObject, posts: list[Post], homes: list[Home], within_s: float, graphs: Graphs
) -> None:
    graph = data.draw(graphs(least_edges=1))
    circle = service_circle(graph, posts, homes, within_s)
    reached = reach(graph, posts, homes, within_s)
    by_how_many = {home.code: int(reached[:, i].sum()) for i, home in enumerate(homes)}
    weight = sum(home.weight for home in homes)
    assert circle.outside == tuple(code for code, n in by_how_many.items() if not n)
    assert circle.homes == len(homes)
    for share, at_least in ((circle.share, 1), (circle.doubly, 2)):
        inside = sum(home.weight for home in homes if by_how_many[home.code] >= at_least)
        assert share == pytest.approx(inside / weight if homes else 1.0)


@given(data=st.data(), posts=POSTS, homes=HOMES, within_s=st.floats(10, 1500))
def test_order_changes_nothing_and_more_never_hurts(
    data: st.DataObject, posts: list[Post], homes: list[Home], within_s: float, graphs: Graphs
) -> None:
    graph = data.draw(graphs(least_edges=1))
    circle = service_circle(graph, posts, homes, within_s)
    shuffled = service_circle(graph, posts[::-1], homes[::-1], within_s)
    assert replace(shuffled, outside=shuffled.outside[::-1]) == circle
    assert service_circle(graph, posts[1:], homes, within_s).share <= circle.share
    assert service_circle(graph, posts, homes, within_s * 2).share >= circle.share


def test_ten_minutes_by_ebike_along_a_street(avenue: RoadGraph) -> None:
    """3.6 m/s for 600 s is 2,160 m: from the west end the nodes up to 21 of 40 are inside."""
    homes = [Home(f"h{node}", *at(avenue, node)) for node in range(41)]
    circle = service_circle(avenue, [Post("r", *at(avenue, 0), "ebike")], homes)
    assert circle == Coverage(22 / 41, 0.0, 41, tuple(f"h{node}" for node in range(22, 41)), PLAN_TRAVEL_S)


def test_elders_walk_nine_hundred_metres_in_fifteen_minutes(avenue: RoadGraph) -> None:
    homes = [Home(f"h{node}", *at(avenue, node)) for node in range(41)]
    circle = life_circle(avenue, [Facility("canteen", *at(avenue, 20))], homes)
    assert circle.outside == tuple(f"h{node}" for node in [*range(11), *range(30, 41)])
    assert (circle.share, circle.within_s) == (19 / 41, WHOLE_CIRCLE_S)


def test_weights_count(avenue: RoadGraph) -> None:
    homes = [Home("near", *at(avenue, 0), weight=3.0), Home("far", *at(avenue, 40), weight=1.0)]
    circle = service_circle(avenue, [Post("r", *at(avenue, 0), "ebike")], homes)
    assert (circle.share, circle.outside) == (0.75, ("far",))


def test_doubly_is_what_survives_any_one_leaving(avenue: RoadGraph) -> None:
    homes = [Home(f"h{node}", *at(avenue, node)) for node in (0, 20, 40)]
    posts = [Post("west", *at(avenue, 0), "ebike"), Post("east", *at(avenue, 40), "ebike")]
    circle = service_circle(avenue, posts, homes)
    assert (circle.share, circle.doubly) == (1.0, 1 / 3)


def test_nobody_to_send_leaves_everyone_out_and_nobody_to_serve_leaves_nobody_out(avenue: RoadGraph) -> None:
    homes = [Home("h", *at(avenue, 0))]
    assert service_circle(avenue, [], homes) == Coverage(0.0, 0.0, 1, ("h",), PLAN_TRAVEL_S)
    assert life_circle(avenue, [], homes).outside == ("h",)
    assert service_circle(avenue, [Post("r", *at(avenue, 0), "car")], []).share == 1.0
