"""What the fall model is worth, on people and sets that it has not seen: everyone left out once, every set left out once.

The trials of the person (or set) that is judged teach neither trees nor calibration nor threshold. They are streamed through the
production step, as `evaluate` does. The plain rule stands beside each figure.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from analytics.detectors.fall_motion import fall_motion
from analytics.evaluate.falls import Outcome, counted, outcomes, report
from analytics.evaluate.recording import Trial
from analytics.fall_judge import RULE, Judge
from analytics.learn.examples import Examples, together
from analytics.learn.falls import Kept, train

Clock = Callable[[], float]
Sets = Mapping[str, Sequence[Trial]]
_KEPT = ("trials", "falls", "sensitivity", "specificity", "precision", "f1", "false_alarms_per_scripted_hour")
_MORE = ("delay_from_impact_s", "subjects", "activities")


def leave_each_out(
    trials: Sequence[Trial], given: Examples, seed: int, beside: Sequence[Examples] = (), together_out: int = 1
) -> Iterator[tuple[Judge, list[Trial]]]:
    """Person by person: a judge taught by all the others, and this one's trials. `given` are the examples of `trials`; those of
    sets `beside` teach too, as they teach the model that ships. With `together_out` above 1 so many people are left out at a
    time: fewer models to grow, each of which knows less."""
    people = np.unique(given.people)
    groups = -(-len(people) // together_out)
    kept: Kept = {}  # who leaves one place leaves the others as they were
    for group in range(groups):
        own = np.isin(given.people, people[group::groups])
        others = given.of(~own)
        model, _ = train(together((others, *beside)) if beside else others, seed, "left-out", kept)
        mine = [one for one, is_own in zip(trials, own, strict=True) if is_own]
        yield model.judge(), mine


def found_in(judge: Judge, trials: Sequence[Trial], cpu: Clock) -> list[Outcome]:
    """What production would find in these trials."""
    return outcomes(fall_motion(judge), trials, cpu)


def enrolled_as(trials: Sequence[Trial], profile: str) -> list[Trial]:
    """The same trials of devices that the register knows as worn elsewhere, or, as ANYWHERE, does not know where."""
    return [replace(one, profile=profile) for one in trials]


def across(given: Iterable[Examples], test: Sequence[Trial], seed: int, cpu: Clock) -> tuple[list[Outcome], float]:
    """What a model of some sets finds in another, and its threshold."""
    model, _ = train(together(given), seed, "across")
    return found_in(model.judge(), test, cpu), model.threshold


def pairs(sets: Sequence[str]) -> list[tuple[tuple[str, ...], str]]:
    """Which sets teach and which is judged: the first alone on each other, then all but one on that one."""
    alone = [((sets[0],), other) for other in sets[1:]]
    return alone + [(tuple(one for one in sets if one != other), other) for other in sets if len(sets) > 2]


def figures(found: Sequence[Outcome]) -> dict[str, Any]:
    """What the score file keeps of a set of outcomes, the old apart."""
    full = report(found)
    kept = {name: full[name] for name in _KEPT}
    fallers = {one.subject for one in found if one.elderly and one.is_fall}
    old = [one for one in found if one.elderly]
    if old:
        kept["elderly"] = counted(old)
    if fallers:
        kept["elderly_who_fall"] = {"people": sorted(fallers), **counted([one for one in found if one.subject in fallers])}
    return kept | {name: full[name] for name in _MORE}


def in_short(found: Sequence[Outcome]) -> dict[str, Any]:
    """Counts and shares alone."""
    full = report(found)
    return {name: full[name] for name in _KEPT}


def by_rule(trials: Sequence[Trial], cpu: Clock) -> dict[str, Any]:
    """The plain threshold rule on the same trials."""
    return in_short(found_in(RULE, trials, cpu))
