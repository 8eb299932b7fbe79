"""Evidence of what happened in a facility and of what was done there: alarms and their answers, inspections, hazards, drills.

A function a criterion, as in `care.safety_evidence`. A check that was never entered may have been done: it is not known. Where no
detector is heard, nothing is known of alarms and of their answers.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from care.safety import Counted, Verdict, rate, share
from care.safety_evidence import TESTED, WINDOW, Evidence, Found, ear_count, ears, site
from care.safety_facts import SafetyCheck, SafetyFacts, SafetyIncident

ANSWER_S, ARRIVE_S = 60.0, 900.0
CHECK_EVERY: Mapping[str, int] = {"inspection": 31, "authority": 365, "system_test": 365, "drill": 183}  # days
REAL = frozenset({"real_fire", "real_gas"})
FALSE = frozenset({"cooking_steam", "device_fault", "false_press"})
# For hazards for which nobody set a day, until the next own inspection is due: ours.
NO_DAY_SET = timedelta(days=CHECK_EVERY["inspection"])
# As it is said, and as it was before the house corrected it about itself.
_REAL, _FALSE = ("real", "real_before"), ("false", "false_before")
# Why an answer was in time, late, or never came.
_ACKNOWLEDGED = ("acknowledged", "acknowledge_late", "unacknowledged")
_ARRIVED = ("arrived", "arrive_late", "not_arrived")
_YEAR = timedelta(days=365)
CHECKS_WITHIN = _YEAR + timedelta(days=2)  # wherever the house is, its day is less than two from ours
RECTIFY_WITHIN = timedelta(days=90)  # how far a house may set its own day for putting right: ours
_INSPECTED = ("inspection", "authority", "system_test")
_GOOD, _BAD, _UNKNOWN = Verdict.GOOD, Verdict.BAD, Verdict.UNKNOWN


def fires(facts: SafetyFacts) -> Found:
    """No fire and no gas escape within 90 days. Harm: how many. What a house says itself to have been one counts at once; what it
    says not to have been one counts as before, until somebody else says so too."""
    real = [_case(one, _BAD, _said(one, REAL, _REAL)) for one in _recent(facts) if one.cause in REAL or one.counted in REAL]
    return _rated(facts, real, 1)


def false_alarms(facts: SafetyFacts) -> Found:
    """No false alarm within 90 days. Harm: how many a detector. Who was only asked to look was not alarmed."""
    recent = [one for one in _recent(facts) if one.counted in FALSE and one.priority == 1]
    false = [_case(one, _BAD, _said(one, FALSE, _FALSE)) for one in recent]
    return _rated(facts, false, sum(one.profile in TESTED for one in facts.devices))


def acknowledged(facts: SafetyFacts) -> Found:
    """Every alarm of 90 days was acknowledged within a minute; a missing stamp is a failure. Harm: the share that was not."""
    return _answered(
        facts, (_timed(one, one.began_at, one.acknowledged_at, ANSWER_S, facts.now, _ACKNOWLEDGED) for one in _recent(facts))
    )


def arrived(facts: SafetyFacts) -> Found:
    """Somebody was there, or it was over, within 15 minutes of every emergency of 90 days. Harm: the share that was not.

    The time runs from the first alarm of priority 1: who went for a look before it is early. A missing stamp is a failure.
    """
    emergencies = (one for one in _recent(facts) if one.priority == 1)
    return _answered(facts, (_there(one, facts.now) for one in emergencies))


def inspections(facts: SafetyFacts) -> Found:
    """Own inspection every month, the authority's and a test of the whole system every year."""
    return _checked(facts, _INSPECTED)


def drills(facts: SafetyFacts) -> Found:
    """A drill every half year."""
    return _checked(facts, ("drill",))


def hazards(facts: SafetyFacts) -> Found:
    """What inspections found has been put right by the day that was set. Harm: how many inspections wait for that."""
    done = {one.follows for one in facts.checks if one.kind == "recheck" and one.result == "passed"}
    wanted = (one for one in facts.checks if one.kind in _INSPECTED and (_waits(one, done) or one.done_on > facts.today - _YEAR))
    found = [_hazard(one, one.id in done, facts.today) for one in wanted]
    shown = found or [site(facts, "no_record")]
    harm = sum(one.verdict is _BAD for one in shown)
    return Found(tuple(shown), Counted(harm, share(one.verdict for one in shown).unknown))


def _recent(facts: SafetyFacts) -> list[SafetyIncident]:
    """Those of 90 days, and those that nobody has ended yet, however old."""
    since = facts.now - WINDOW
    return [one for one in facts.incidents if one.began_at >= since or one.resolved_at is None]


def _rated(facts: SafetyFacts, happened: Sequence[Evidence], base: float) -> Found:
    """Harm as what is bad of that which happened, a unit of `base`; not known where nobody would have heard of it."""
    places = list(ears(facts))
    bad = sum(one.verdict is _BAD for one in happened)
    return Found((*happened, *places), rate(bad, base, *ear_count(places)))


def _answered(facts: SafetyFacts, timed: Iterable[Evidence | None]) -> Found:
    """Harm as the share of alarms that were not answered in time; no alarm, no harm."""
    happened = [one for one in timed if one is not None]
    return _rated(facts, happened, len(happened))


def _case(one: SafetyIncident, verdict: Verdict, why: str) -> Evidence:
    return Evidence("incident", str(one.id), verdict, why, one.began_at, what=one.kind)


def _said(one: SafetyIncident, causes: frozenset[str], whys: tuple[str, str]) -> str:
    return whys[0] if one.cause in causes else whys[1]


def _first(*times: datetime | None) -> datetime | None:
    return min((at for at in times if at is not None), default=None)


def _there(one: SafetyIncident, now: datetime) -> Evidence | None:
    return _timed(one, one.emergency_at or one.began_at, _first(one.arrived_at, one.resolved_at), ARRIVE_S, now, _ARRIVED)


def _timed(
    one: SafetyIncident, since: datetime, done_at: datetime | None, limit: float, now: datetime, whys: tuple[str, str, str]
) -> Evidence | None:
    """None while there is still time."""
    took = ((done_at or now) - since).total_seconds()
    if done_at is None and took <= limit and one.resolved_at is None:
        return None
    good, late, missing = whys
    verdict, why = (_BAD, missing) if done_at is None else (_BAD, late) if took > limit else (_GOOD, good)
    value = None if done_at is None else max(0.0, took)
    return Evidence("incident", str(one.id), verdict, why, since, value, limit, "s", one.kind)


def _checked(facts: SafetyFacts, kinds: Iterable[str]) -> Found:
    found = tuple(_check(facts, kind) for kind in kinds)
    return Found(found, share(one.verdict for one in found))


def _check(facts: SafetyFacts, kind: str) -> Evidence:
    """The newest one of a kind against its term; what was never entered may have been done."""
    limit = float(CHECK_EVERY[kind])
    done = [one for one in facts.checks if one.kind == kind and one.done_on <= facts.today]
    if not done:
        return Evidence("site", facts.site, _UNKNOWN, "no_record", limit=limit, unit="d", what=kind)
    last = max(done, key=lambda one: (one.done_on, one.entered_at))
    age = float((facts.today - last.done_on).days)
    verdict, why = (_BAD, "overdue") if age > limit else (_GOOD, "in_time")
    return Evidence("check", str(last.id), verdict, why, last.done_on, age, limit, "d", kind)


def _waits(one: SafetyCheck, done: set[UUID | None]) -> bool:
    return one.result == "defects" and one.id not in done


def _hazard(one: SafetyCheck, done: bool, today: date) -> Evidence:
    def said(verdict: Verdict, why: str) -> Evidence:
        return Evidence("check", str(one.id), verdict, why, one.rectify_by or one.done_on, float(one.defects), what=one.kind)

    if one.result == "passed":
        return said(_GOOD, "no_hazard")
    if done:
        return said(_GOOD, "put_right")
    if one.rectify_by is None:
        return said(_BAD, "hazard_left") if one.done_on + NO_DAY_SET < today else said(_UNKNOWN, "hazard_no_day")
    return said(_BAD, "hazard_overdue") if one.rectify_by < today else said(_GOOD, "hazard_in_time")
