"""The fire-safety index of a facility: criteria as a table, and the arithmetic from counted evidence to points.

A point is proven, lost or not known. Lost points are lost by evidence and by nothing else; what nobody knows is neither held
against a facility nor counted for it. Weights are fixed: nothing that happens makes a criterion count that did not count before,
so nothing that happens gives points.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

# How a source was read: F the page itself, F2 a page that quotes it, M from memory (check before quoting), ours.
MARKS = ("F", "F2", "M", "ours")
# Below so many points of 100 known there is no score and no rank: ours.
ENOUGH_KNOWN = 70.0
# Raised whenever the same facts give other points: days judged by other rules are no trend. docs/safety-index.md says what changed.
RULES = 2


class Verdict(StrEnum):
    """What one piece of evidence says."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of the index.

    `weight` in points of 100. Full marks up to `tolerance` of harm, nothing left from `nothing_left` on, a straight line between;
    harm is the share of bad items, or a rate where `safety_evidence` says so. `source` and `mark`: what asks for it.
    """

    key: str
    weight: int
    nothing_left: float
    source: str
    mark: str
    tolerance: float = 0.0


_ALL = (
    Criterion("coverage", 15, 0.20, "GB 50116 / GB 50016: detectors in seniors' rooms and corridors", "F2"),
    Criterion("health", 15, 0.25, "GB 50440: polling at most 2 h; GB 20517-2025 5.11.1: battery", "F2"),
    Criterion("self_tests", 8, 0.50, "GB 25201-2010 7.1.1; Fire Protection Law art. 16(3): every part once a year", "F2"),
    Criterion("fires", 5, 2.0, "every fire or gas escape of the last 90 days", "ours"),
    Criterion(
        "false_alarms", 5, 0.10, "false alarms a detector in 90 days; cf. GB 50440: frequent false alarms are followed up", "ours"
    ),
    Criterion("acknowledged", 7, 0.25, "TSA/TEC: 97.5 % within 60 s", "F", tolerance=0.025),
    Criterion("arrived", 7, 0.50, "plan 2021-2025 §4.2: service circle of 15 minutes; 90 % of cases is ours", "F", tolerance=0.10),
    Criterion("exits", 9, 0.50, "Fire Protection Law art. 28: exits and escape routes are not blocked", "F2"),
    Criterion("water", 7, 0.50, "GB 50974-2014 5.2.2(2): static pressure at the least favourable hydrant at least 0.07 MPa", "F2"),
    Criterion("electrical", 7, 0.50, "GB 14287: residual current, cable temperature; no warning stands open", "M"),
    Criterion(
        "inspections", 6, 1.0, "GB/T 40248-2021 7.3.7 monthly; 养老机构管理办法 art. 38 and GB 25201-2010 7.1.1 yearly", "F2"
    ),
    Criterion("hazards", 4, 1.0, "plan 2021-2025 §4.5: hazards are put right by the day that was set", "ours"),
    Criterion("drills", 5, 1.0, "JGJ/T 484-2019 10.3.1-8: every half year", "F"),
)
CRITERIA: Mapping[str, Criterion] = MappingProxyType({one.key: one for one in _ALL})


@dataclass(frozen=True, slots=True)
class Counted:
    """Evidence of one criterion as two numbers: `harm` as the criterion counts it, `unknown` as a share from 0 to 1."""

    harm: float
    unknown: float


@dataclass(frozen=True, slots=True)
class Points:
    """How the `weight` of a criterion divides."""

    weight: float
    proven: float
    lost: float
    unknown: float


@dataclass(frozen=True, slots=True)
class Score:
    """A facility's points of 100. `score` is what is proven; None where too little is known to say."""

    score: float | None
    proven: float
    lost: float
    unknown: float
    points: Mapping[str, Points]

    @property
    def known(self) -> float:
        """How many points of 100 anything is known about."""
        return 100.0 - self.unknown


def share(verdicts: Iterable[Verdict]) -> Counted:
    """Harm as the share of bad items among all; without any item nothing is known."""
    found = list(verdicts)
    if not found:
        return Counted(0.0, 1.0)
    return Counted(found.count(Verdict.BAD) / len(found), found.count(Verdict.UNKNOWN) / len(found))


def rate(bad: int, base: float, heard: int, unheard: int) -> Counted:
    """Harm as events a unit of `base`; what nobody could have heard (`unheard` of all places) is not known.

    Without an event there is no harm: where somebody listens, that nothing happened is known.
    """
    places = heard + unheard
    unknown = unheard / places if places else 1.0
    return Counted(bad / base if base else float("inf") if bad else 0.0, unknown)


def points(criterion: Criterion, counted: Counted) -> Points:
    """The weight of a criterion divided by its evidence."""
    weight = float(criterion.weight)
    slope = (counted.harm - criterion.tolerance) / (criterion.nothing_left - criterion.tolerance)
    lost = weight * min(1.0, max(0.0, slope))
    unknown = min(weight * counted.unknown, weight - lost)
    return Points(weight, max(0.0, weight - lost - unknown), lost, unknown)


def score(counted: Mapping[str, Counted]) -> Score:
    """The index of one facility; every criterion of the table must be there. Parts add up to 100."""
    divided = {key: points(one, counted[key]) for key, one in CRITERIA.items()}
    proven, lost = sum(one.proven for one in divided.values()), sum(one.lost for one in divided.values())
    unknown = max(0.0, 100.0 - proven - lost)
    return Score(proven if 100.0 - unknown >= ENOUGH_KNOWN else None, proven, lost, unknown, MappingProxyType(divided))


def ranks(scores: Sequence[Score]) -> list[int | None]:
    """The rank of each, 1 the best; equals share one, and who has no score has none. Tenths of a point decide nothing.

    Who is alone has none: there is nobody to be before.
    """
    shown = [None if one.score is None else round(one.score, 1) for one in scores]
    if sum(one is not None for one in shown) < 2:
        return [None] * len(shown)
    return [None if mine is None else 1 + sum(other is not None and other > mine for other in shown) for mine in shown]
