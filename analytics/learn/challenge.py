"""Champion and challenger: whether a new model of falls is better than the one that judges, by people who taught neither.

Who is held back is decided by a hash of set and person, the same for ever: no model that was ever adopted has learned from them.
Both models stream the same trials. The challenger is adopted if on no set one of its two figures falls below the 95 % interval of
the champion's (Wilson 1927), nor is found lower by the exact paired test of McNemar (1947), and if over all sets together it is
right about falls, or about what is none, more often than chance allows. Trials of one person are not independent, so each
difference is also told with an interval of whole people drawn again (bootstrap, Efron 1979).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from scipy.stats import binomtest

from analytics.evaluate.falls import Outcome
from analytics.evaluate.shares import share, wilson

FIFTH = 5  # one person of five is held back
ALPHA = 0.05
LEAST = 30  # held-back falls, and as many others, without which nothing is decided
DRAWS = 2000
FIGURES = ("sensitivity", "specificity")
RULE = (
    "adopted if, by people held back, no set shows its sensitivity or specificity below the champion's 95 % interval or lower by "
    f"the exact paired test (p < {ALPHA}), and over all sets together one of the two is higher by that test; at least {LEAST} "
    f"falls and {LEAST} others held back"
)


@dataclass(frozen=True, slots=True)
class Pair:
    """One held-back trial: whose, whether it is a fall, and whether each model raised an alarm in it."""

    person: str
    is_fall: bool
    champion: bool
    challenger: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the challenger is adopted, and why, or why not: a sentence each."""

    adopt: bool
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Counts:
    """Of one figure: trials, right answers of both, and those that only one of them has right."""

    of: int
    champion: int
    challenger: int
    gained: int
    lost: int


def held_back(name: str) -> bool:
    """Whether the person of this name, as "set/subject", only ever judges."""
    return int.from_bytes(sha256(name.encode()).digest()[:8], "big") % FIFTH == 0


def paired(champion: Sequence[Outcome], challenger: Sequence[Outcome]) -> list[Pair]:
    """What both found in the same trials, whose truth is known."""
    return [
        Pair(one.subject, bool(one.is_fall), bool(one.alarms), bool(other.alarms))
        for one, other in zip(champion, challenger, strict=True)
    ]


def mcnemar(gained: int, lost: int) -> float:
    """How likely as uneven a split would be by chance, two-sided and exact: 1 where nothing differs."""
    return float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0


def at_least(heads: int, tosses: int) -> float:
    """The probability of at least so many heads of a fair coin."""
    return float(binomtest(heads, tosses, alternative="greater").pvalue) if tosses else 1.0


def compared(pairs: Sequence[Pair], seed: int) -> dict[str, Any]:
    """The figures of both on one set, in %, and their difference."""
    found: dict[str, Any] = {"people": len({one.person for one in pairs}), "trials": len(pairs)}
    for figure in FIGURES:
        own = _of(pairs, figure)
        count = _counts(own, figure)
        found[figure] = {
            "champion": share(count.champion, count.of),
            "challenger": share(count.challenger, count.of),
            "gained": count.gained,
            "lost": count.lost,
            "p": round(mcnemar(count.gained, count.lost), 4),
            "difference": _difference(own, figure, seed),
        }
    return found


def decide(sets: Mapping[str, Sequence[Pair]]) -> Decision:
    """By the rule above, over held-back trials by set."""
    everything = [one for pairs in sets.values() for one in pairs]
    falls = sum(one.is_fall for one in everything)
    if min(falls, len(everything) - falls) < LEAST:
        return Decision(False, (f"expected at least {LEAST} falls and {LEAST} others held back, got {_split(everything)}",))
    worse = [why for name, pairs in sets.items() for figure in FIGURES if (why := _worse(name, pairs, figure))]
    if worse:
        return Decision(False, tuple(worse))
    counts = {figure: _counts(_of(everything, figure), figure) for figure in FIGURES}
    told = tuple(
        f"{figure} of all sets together: right where the other was wrong {one.gained} times, the reverse {one.lost} times, "
        f"p = {mcnemar(one.gained, one.lost):.4f}"
        for figure, one in counts.items()
    )
    return Decision(any(one.gained > one.lost and mcnemar(one.gained, one.lost) < ALPHA for one in counts.values()), told)


def _worse(name: str, pairs: Sequence[Pair], figure: str) -> str:
    """Why one figure of a set is worse than the champion's; "" where it is not."""
    one = _counts(_of(pairs, figure), figure)
    if not one.of:
        return ""
    low = wilson(one.champion, one.of)[0]
    told = f"{name}: {figure} {100 * one.challenger / one.of:.1f} % of {one.of}, the champion's {100 * one.champion / one.of:.1f} %"
    if one.challenger / one.of < low:
        return f"{told}, below its interval ({100 * low:.1f})"
    if one.lost > one.gained and at_least(one.lost, one.gained + one.lost) < ALPHA:
        return f"{told}, lower by the paired test ({one.lost} lost, {one.gained} gained)"
    return ""


def _of(pairs: Sequence[Pair], figure: str) -> list[Pair]:
    return [one for one in pairs if one.is_fall == (figure == "sensitivity")]


def _counts(own: Sequence[Pair], figure: str) -> _Counts:
    right = [(one.champion == one.is_fall, one.challenger == one.is_fall) for one in own]
    return _Counts(
        len(right),
        sum(champion for champion, _ in right),
        sum(challenger for _, challenger in right),
        sum(challenger and not champion for champion, challenger in right),
        sum(champion and not challenger for champion, challenger in right),
    )


def _difference(own: Sequence[Pair], figure: str, seed: int) -> dict[str, float] | None:
    """Challenger minus champion in percentage points, with the 95 % interval of whole people drawn again."""
    if not own:
        return None
    people = sorted({one.person for one in own})
    place = {name: number for number, name in enumerate(people)}
    trials, gain = np.zeros(len(people)), np.zeros(len(people))
    for one in own:
        trials[place[one.person]] += 1
        gain[place[one.person]] += int(one.challenger == one.is_fall) - int(one.champion == one.is_fall)
    drawn = np.random.default_rng(seed).integers(0, len(people), (DRAWS, len(people)))
    low, high = np.quantile(gain[drawn].sum(axis=1) / trials[drawn].sum(axis=1), (0.025, 0.975))
    return {"value": _percent(gain.sum() / trials.sum()), "low": _percent(low), "high": _percent(high)}


def _percent(part: float) -> float:
    return round(100.0 * float(part), 2)


def _split(pairs: Sequence[Pair]) -> str:
    falls = sum(one.is_fall for one in pairs)
    return f"{falls} and {len(pairs) - falls}"
