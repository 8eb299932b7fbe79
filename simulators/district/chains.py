"""Edges of a graph strung into long lines of one class and name, so that the map draws few and smooth lines."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from dispatch.roads import ROAD_CLASSES

Links = dict[int, list[int]]


def chains(
    edges: NDArray[np.int32], road_class: NDArray[np.uint8], name: NDArray[np.uint16]
) -> Mapping[tuple[str, int], list[list[int]]]:
    """Lines of node numbers by (class, name index); every edge is in exactly one line."""
    groups: dict[tuple[int, int], Links] = {}
    for (a, b), k, n in zip(edges.tolist(), road_class.tolist(), name.tolist(), strict=True):
        links = groups.setdefault((k, n), defaultdict(list))
        links[a].append(b)
        links[b].append(a)
    return {(ROAD_CLASSES[k], n): list(_strung(groups[k, n])) for k, n in sorted(groups)}


def _strung(links: Links) -> Iterator[list[int]]:
    """From every end or fork first, then what is left: rings."""
    for start in sorted(links, key=lambda node: (len(links[node]) == 2, node)):
        while links[start]:
            yield _walk(start, links)


def _walk(start: int, links: Links) -> list[int]:
    line, node = [start], start
    while links[node]:
        onward = links[node].pop(0)
        links[onward].remove(node)
        line.append(onward)
        node = onward
        if len(links[node]) > 1:
            break
    return line
