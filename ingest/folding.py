"""A stuck or hostile button must not hold up everybody else's: of what one device says over and over in one batch, few ring.

Every press is stored all the same, and counted: the last that rings says how many were folded into it. Pure.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from store.new_alarm import NewAlarm

# The first, which begins it, and the last two, which say that it goes on.
_MOST = 3


def folded(news: Sequence[NewAlarm]) -> list[NewAlarm]:
    """What is raised of these alarms of one batch: at most three of each source, kind and drill, in the order they came in."""
    same: defaultdict[tuple[str, str, bool], list[int]] = defaultdict(list)
    for number, new in enumerate(news):
        same[new.source, new.kind, new.drill].append(number)
    raised = {number: news[number] for numbers in same.values() for number in (numbers[0], *numbers[1:][1 - _MOST :])}
    for numbers in same.values():
        if len(numbers) > _MOST:
            raised[numbers[-1]] = replace(news[numbers[-1]], folded=len(numbers) - _MOST)
    return [raised[number] for number in sorted(raised)]
