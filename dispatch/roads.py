"""The front door of everything about roads: the graph and its bytes, travel over it, and what is reachable in time."""

from dispatch.graph import ROAD_CLASSES, BadGraph, RoadGraph, dump, load
from dispatch.isochrone import isochrone, isochrone_of_any
from dispatch.network import SPEED_MPS, WALK_MPS, Network, Place, Route, Snap, Unreachable, network, route, routes_to

__all__ = [
    "ROAD_CLASSES", "BadGraph", "RoadGraph", "dump", "load",
    "SPEED_MPS", "WALK_MPS", "Network", "Place", "Route", "Snap", "Unreachable", "network", "route", "routes_to",
    "isochrone", "isochrone_of_any",
]  # fmt: skip
