"""The index of a facility: every criterion judged, weighed, and each lost point divided among the evidence that lost it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from care import safety_evidence as hung
from care import safety_records as done
from care.safety import CRITERIA, Points, Score, Verdict, score
from care.safety_evidence import Evidence, Found
from care.safety_facts import SafetyFacts

JUDGES: Mapping[str, Callable[[SafetyFacts], Found]] = MappingProxyType(
    {
        one.__name__: one
        for one in (
            hung.coverage, hung.health, hung.self_tests, done.fires, done.false_alarms, done.acknowledged, done.arrived, hung.exits,
            hung.water, hung.electrical, done.inspections, done.hazards, done.drills,
        )
    }
)  # fmt: skip
_ORDER = (Verdict.BAD, Verdict.UNKNOWN, Verdict.GOOD)


@dataclass(frozen=True, slots=True)
class Weighed:
    """A piece of evidence and how many points it costs, lost or not known."""

    evidence: Evidence
    points: float


@dataclass(frozen=True, slots=True)
class Judged:
    """A criterion of one facility. Evidence: what lost points first, then what is not known."""

    key: str
    points: Points
    weighed: tuple[Weighed, ...]


@dataclass(frozen=True, slots=True)
class Alarms:
    """Fire and gas alarms (priority 1) of the last so many days, how many are closed, and how many of those were false and real."""

    days: int
    alarms: int
    closed: int
    false: int
    real: int


@dataclass(frozen=True, slots=True)
class Assessment:
    """One facility at one moment."""

    facts: SafetyFacts
    score: Score
    criteria: Mapping[str, Judged]
    history: tuple[Alarms, ...]


def assess(facts: SafetyFacts) -> Assessment:
    """Judge and weigh everything that is known of a facility."""
    found = {key: judge(facts) for key, judge in JUDGES.items()}
    whole = score({key: one.counted for key, one in found.items()})
    judged = {key: _judged(key, found[key], whole.points[key]) for key in CRITERIA}
    return Assessment(facts, whole, MappingProxyType(judged), tuple(_alarms(facts, days) for days in (30, 90)))


def _judged(key: str, found: Found, points: Points) -> Judged:
    """The lost points of a criterion divided equally among what is bad, those not known among what is unknown."""
    count = {verdict: sum(one.verdict is verdict for one in found.evidence) for verdict in Verdict}
    each = {
        Verdict.BAD: points.lost / max(1, count[Verdict.BAD]),
        Verdict.UNKNOWN: points.unknown / max(1, count[Verdict.UNKNOWN]),
        Verdict.GOOD: 0.0,
    }
    ordered = sorted(found.evidence, key=lambda one: _ORDER.index(one.verdict))
    return Judged(key, points, tuple(Weighed(one, each[one.verdict]) for one in ordered))


def _alarms(facts: SafetyFacts, days: int) -> Alarms:
    since = facts.now - timedelta(days=days)
    recent = [one for one in facts.incidents if one.began_at >= since and one.priority == 1 and one.counted != "test"]
    return Alarms(
        days=days,
        alarms=len(recent),
        closed=sum(one.cause is not None for one in recent),
        false=sum(one.counted in done.FALSE for one in recent),
        real=sum(one.counted in done.REAL for one in recent),
    )
