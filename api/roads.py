"""Everything about roads that takes longer than a blink, in threads of its own: isochrones and the share inside the circle."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from api.people import Place
from api.problems import NotFound
from api.register import Register
from api.shapes import Isochrones
from dispatch.circle import Coverage, Home, Post, reach, service_circle
from dispatch.roads import RoadGraph, isochrone, network

T = TypeVar("T")

BANDS_S = (900.0, 600.0, 300.0)
_THREADS = 2


class Roads:
    """The threads that search roads."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="roads")

    async def compute(self, work: Callable[[], T]) -> T:
        """Do this beside the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def graph_of(register: Register) -> RoadGraph:
    """The district's roads. Raises NotFound when none are loaded."""
    if register.graph is None:
        raise NotFound("no road graph is loaded")
    return register.graph


async def isochrones(roads: Roads, found: Place, register: Register, now: datetime) -> Isochrones:
    """What a responder reaches from where we take him to be."""
    graph, homes = graph_of(register), register.homes
    bands, inside = await roads.compute(lambda: _bands(graph, found.vehicle, found.lon, found.lat, homes))
    return Isochrones(
        responder=found.code,
        at=found.position_at or now,
        from_station=found.position_at is None,
        bands=bands,
        seconds=list(BANDS_S),
        seniors_inside=inside,
    )


def free(places: Sequence[Place]) -> list[Post]:
    """Those who are on duty and have no errand, where we take them to be."""
    return [Post(one.code, one.lon, one.lat, one.vehicle) for one in places if one.on_duty and not one.busy]


async def circle(roads: Roads, graph: RoadGraph, homes: Sequence[Home], posts: Sequence[Post]) -> Coverage:
    """Which of these homes one of these responders reaches within the planned travel time, and which nobody does."""
    return await roads.compute(lambda: service_circle(graph, posts, homes))


@lru_cache(maxsize=128)
def _bands(graph: RoadGraph, vehicle: str, lon: float, lat: float, homes: tuple[Home, ...]) -> tuple[list[dict[str, Any]], int]:
    bands = isochrone(network(graph, vehicle), lon, lat, BANDS_S)
    reached = reach(graph, [Post("", lon, lat, vehicle)], homes, BANDS_S[0])[0]
    return bands, int(sum(home.weight for home, inside in zip(homes, reached, strict=True) if inside))
