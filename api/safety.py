"""The fire-safety index as people may see it: from assessments to JSON, and what someone may enter into the register."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from operator import attrgetter
from uuid import UUID

from api.access import Viewer
from api.shapes.safety import (
    AlarmsShape,
    CheckForm,
    CheckKind,
    CheckShape,
    CriterionShape,
    EvidenceShape,
    JudgedShape,
    PointsShape,
    SafetyChecks,
    SafetyDayShape,
    SafetyDetail,
    SafetyRanking,
    SafetyRow,
    WithdrawnShape,
)
from care.places import is_house
from care.safety import CRITERIA, ENOUGH_KNOWN, Verdict, ranks
from care.safety_evidence import Evidence
from care.safety_facts import SafetyCheck, SafetyFacts
from care.safety_index import Assessment, Judged, Weighed
from care.safety_records import RECTIFY_WITHIN
from store.safety import NotPossible, SafetyDay, whole_since

MOST_EVIDENCE = 500
MOST_LINES = 100  # of the register, with an institution
PAGE = 50  # of what is older
_OWN: tuple[CheckKind, ...] = ("inspection", "system_test", "drill", "recheck")
# Whose word a check is: an institution enters its own, the authority its inspections and what it saw put right.
ENTERS: Mapping[str, tuple[CheckKind, ...]] = {
    "duty": _OWN,
    "regulator": ("authority", "recheck"),
    "admin": (*_OWN, "authority"),
}
Days = Mapping[str, Sequence[SafetyDay]]

CRITERIA_SHAPES = [
    CriterionShape(
        key=one.key,
        weight=one.weight,
        tolerance=one.tolerance,
        nothing_left=one.nothing_left,
        source=one.source,
        mark=one.mark,  # type: ignore[arg-type]
    )
    for one in CRITERIA.values()
]


def ranking(assessed: Sequence[Assessment], days: Days, now: datetime) -> SafetyRanking:
    """The best first; who has no score comes last, by name of its code: nothing is said about them."""
    placed = zip(ranks([one.score for one in assessed]), assessed, strict=True)
    ordered = sorted(placed, key=lambda both: (both[0] is None, both[0] or 0, both[1].facts.site))
    rows = [row(one, rank, days) for rank, one in ordered]
    return SafetyRanking(at=now, enough_known=ENOUGH_KNOWN, criteria=CRITERIA_SHAPES, rows=rows)


def row(one: Assessment, rank: int | None, days: Days) -> SafetyRow:
    """One institution of the ranking."""
    facts, score = one.facts, one.score
    return SafetyRow(
        site=facts.site,
        area=facts.area,
        name_zh=facts.name_zh,
        name_en=facts.name_en,
        beds=facts.beds,
        rank=rank,
        score=score.score,
        proven=score.proven,
        lost=score.lost,
        unknown=score.unknown,
        parts=[_part(judged) for judged in one.criteria.values()],
        trend=[_day(day) for day in days.get(facts.site, ())],
    )


def detail_among(
    assessed: Sequence[Assessment], site: str, who: Viewer, days: Days, moved: Mapping[str, float], older: bool = False
) -> SafetyDetail | None:
    """One institution of a ranking, with its rank there; None: it is not in it. `older`: whether more is in its register."""
    placed = zip(assessed, ranks([one.score for one in assessed]), strict=True)
    return next((detail(one, who, days, rank, moved, older) for one, rank in placed if one.facts.site == site), None)


def detail(one: Assessment, who: Viewer, days: Days, rank: int | None, moved: Mapping[str, float], older: bool) -> SafetyDetail:
    """One institution down to its evidence. `moved`: by how much each criterion has proven more over these days."""
    zones = {zone.code: (zone.name_zh, zone.name_en) for zone in one.facts.zones}
    of_device = {device.code: device.zone for device in one.facts.devices}
    named = {code: zones.get(zone, ("", "")) for code, zone in of_device.items()} | zones
    judged = [_judged(judged, named, moved.get(judged.key)) for judged in one.criteria.values()]
    newest, after = _newest(one.facts)
    shown = newest | {found.ref for part in judged for found in part.evidence if found.kind == "check"}
    return SafetyDetail(
        at=one.facts.now,
        today=one.facts.today,
        enough_known=ENOUGH_KNOWN,
        row=row(one, rank, days),
        criteria=CRITERIA_SHAPES,
        judged=judged,
        alarms=[AlarmsShape.model_validate(span, from_attributes=True) for span in one.history],
        checks=[_check(check, who) for check in one.facts.checks if str(check.id) in shown or check.result == "defects"],
        withdrawn=list(_withdrawn((line for line in one.facts.withdrawn if str(line.id) in newest), who)),
        older=after if older or isinstance(after, UUID) else None,
        may_enter=list(ENTERS.get(who.role, ())),
    )


def page(lines: Sequence[SafetyCheck], who: Viewer) -> SafetyChecks:
    """What was read of the register, one line more than a page where there is more."""
    shown = lines[:PAGE]
    return SafetyChecks(
        checks=[_check(line, who) for line in shown if line.withdrawn_at is None],
        withdrawn=list(_withdrawn(shown, who)),
        older=shown[-1].id if len(lines) > PAGE else None,
    )


def entered(form: CheckForm, facts: SafetyFacts, who: Viewer, now: datetime) -> SafetyCheck:
    """The check that someone enters. Raises NotPossible for a day to come, a day for putting right that is
    too far, or a recheck of what had no defects."""
    if form.done_on > facts.today:
        raise NotPossible(f"done_on: expected a day up to {facts.today}, got {form.done_on}")
    latest = form.done_on + RECTIFY_WITHIN
    authority = who.role == "regulator" or (form.kind == "authority" and not is_house(who.scope))
    if form.rectify_by is not None and form.rectify_by > latest and not authority:
        raise NotPossible(
            f"rectify_by: expected a day up to {latest}, {RECTIFY_WITHIN.days} days after the check, got {form.rectify_by}"
        )
    if form.follows is not None:
        followed = next((one for one in facts.checks if one.id == form.follows), None)
        if followed is None or followed.result != "defects" or followed.done_on > form.done_on:
            raise NotPossible("follows: expected an earlier check of this institution that had defects")
        if followed.kind == "authority" and "authority" not in ENTERS[who.role]:
            raise NotPossible("follows: what the authority found, the authority finds put right")
    return SafetyCheck(**form.model_dump(), site=facts.site, entered_by=who.login, entered_at=now, demo=False)


def may_withdraw(entered_by: str, who: Viewer) -> bool:
    """A mistake is withdrawn by whoever made it, or by an administrator."""
    return who.role == "admin" or entered_by == who.login


def _newest(facts: SafetyFacts) -> tuple[set[str], UUID | date]:
    """The newest lines of the register that are there without a gap, and after what the older ones come."""
    whole = whole_since(facts.now)
    lines = sorted((*facts.checks, *facts.withdrawn), key=attrgetter("id"))
    lines = sorted((one for one in lines if one.done_on >= whole), key=attrgetter("done_on", "entered_at"), reverse=True)
    shown = lines[:MOST_LINES]
    return {str(one.id) for one in shown}, shown[-1].id if len(lines) > MOST_LINES else whole


def _part(judged: Judged) -> PointsShape:
    count = Counter(one.evidence.verdict for one in judged.weighed)
    points = judged.points
    return PointsShape(
        key=judged.key,
        weight=points.weight,
        proven=points.proven,
        lost=points.lost,
        unknown=points.unknown,
        good=count[Verdict.GOOD],
        bad=count[Verdict.BAD],
        not_known=count[Verdict.UNKNOWN],
    )


def _day(day: SafetyDay) -> SafetyDayShape:
    return SafetyDayShape(day=day.day, score=day.score, proven=day.proven, lost=day.lost, unknown=day.unknown, demo=day.demo)


def _judged(judged: Judged, named: Mapping[str, tuple[str, str]], moved: float | None) -> JudgedShape:
    costly = sum(one.evidence.verdict is not Verdict.GOOD for one in judged.weighed)
    shown = judged.weighed[: max(MOST_EVIDENCE, costly)]
    return JudgedShape(
        part=_part(judged), evidence=list(_evidence(shown, named)), more=len(judged.weighed) - len(shown), moved=moved
    )


def _evidence(weighed: Iterable[Weighed], named: Mapping[str, tuple[str, str]]) -> Iterable[EvidenceShape]:
    for one in weighed:
        found = one.evidence
        at, day = _when(found)
        zh, en = named.get(found.ref, ("", ""))
        yield EvidenceShape(
            kind=found.kind,  # type: ignore[arg-type]
            ref=found.ref,
            verdict=found.verdict.value,
            why=found.why,
            points=one.points,
            at=at,
            day=day,
            value=found.value,
            limit=found.limit,
            unit=found.unit,
            what=found.what,
            zone_zh=zh,
            zone_en=en,
        )


def _when(found: Evidence) -> tuple[datetime | None, date | None]:
    if isinstance(found.at, datetime):
        return found.at, None
    return None, found.at


def _check(check: SafetyCheck, who: Viewer) -> CheckShape:
    shown = {name: getattr(check, name) for name in CheckShape.model_fields if name != "mine"}
    stands = check.withdrawn_at is None
    return CheckShape(**shown, mine=stands and check.kind in ENTERS.get(who.role, ()) and may_withdraw(check.entered_by, who))


def _withdrawn(checks: Iterable[SafetyCheck], who: Viewer) -> Iterable[WithdrawnShape]:
    for one in checks:
        if one.withdrawn_at is not None:
            yield WithdrawnShape(check=_check(one, who), by=one.withdrawn_by, at=one.withdrawn_at, why=one.withdrawn_why)
