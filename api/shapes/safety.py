"""The JSON of the fire-safety index: the ranking, one institution down to its evidence, and the register of checks."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from api.shapes.shape import Asked, Shape
from care.safety_facts import MOST_DEFECTS

Mark = Literal["F", "F2", "M", "ours"]
VerdictName = Literal["good", "bad", "unknown"]
CheckKind = Literal["inspection", "system_test", "authority", "drill", "recheck"]
CheckResult = Literal["passed", "defects"]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]


class CriterionShape(Shape):
    """A line of the table (i18n keys safety.criterion.<key>, safety.full.<key>).

    Full marks up to `tolerance` of harm, nothing left from `nothing_left` on. `mark`: how `source` was read; F the page itself, F2
    one that quotes it, M from memory.
    """

    key: str
    weight: int
    tolerance: float
    nothing_left: float
    source: str
    mark: Mark


class PointsShape(Shape):
    """How the weight of a criterion divides, and how many pieces of evidence say so."""

    key: str
    weight: float
    proven: float
    lost: float
    unknown: float
    good: int
    bad: int
    not_known: int


class SafetyDayShape(Shape):
    """The index of one day. `score` None: too little was known. `demo`: invented."""

    day: date
    score: float | None
    proven: float
    lost: float
    unknown: float
    demo: bool


class SafetyRow(Shape):
    """An institution: proven, lost and unknown are points of 100. `score` is what is proven.

    Where too little is known, `score` and `rank` are None. `rank` is among the institutions of one's scope, None where there is no
    other that has a score.
    """

    site: str
    area: str
    name_zh: str
    name_en: str
    beds: int
    rank: int | None
    score: float | None
    proven: float
    lost: float
    unknown: float
    parts: list[PointsShape]
    trend: list[SafetyDayShape]


class SafetyRanking(Shape):
    """Every institution of one's scope, the best first, without a score last. `enough_known`: a score from so many points on."""

    at: datetime
    enough_known: float
    criteria: list[CriterionShape]
    rows: list[SafetyRow]


class EvidenceShape(Shape):
    """A fact and the points that it costs, lost or not known (i18n key safety.why.<why>).

    `kind` says what `ref` is: the code of a zone, device or site, the id of an incident or check. `what`: its own kind.
    """

    kind: Literal["zone", "device", "incident", "check", "site"]
    ref: str
    verdict: VerdictName
    why: str
    points: float
    at: datetime | None
    day: date | None
    value: float | None
    limit: float | None
    unit: str
    what: str
    zone_zh: str
    zone_en: str


class JudgedShape(Shape):
    """A criterion with its evidence, what lost points first; at most 500 pieces, `more` were left out, all of them good.

    `moved`: how much more it had proven on the last day of the trend that has a score than on the first; None without two.
    """

    part: PointsShape
    evidence: list[EvidenceShape]
    more: int
    moved: float | None


class AlarmsShape(Shape):
    """Fire and gas alarms of the last so many days; of the closed ones, how many were false and how many real."""

    days: int
    alarms: int
    closed: int
    false: int
    real: int


class CheckShape(Shape):
    """A line of the register of inspections and drills. `mine`: one may withdraw it."""

    id: UUID
    kind: CheckKind
    done_on: date
    result: CheckResult
    defects: int
    rectify_by: date | None
    follows: UUID | None
    by_whom: str
    note: str
    entered_by: str
    entered_at: datetime
    demo: bool
    mine: bool


class WithdrawnShape(Shape):
    """A line of the register that counts no more: whose word that is, when and why. It stays on record."""

    check: CheckShape
    by: str
    at: datetime
    why: str


class SafetyChecks(Shape):
    """A page of the register, the newest first. `older`: `before` of the next page; None where there is nothing older."""

    checks: list[CheckShape]
    withdrawn: list[WithdrawnShape]
    older: UUID | None


class SafetyDetail(Shape):
    """One institution. `today`: the day there. `checks` count, `withdrawn` ones do not. `may_enter`: which kinds one may enter.

    Of the register it has the newest 100 lines of a year and all that is evidence or had defects; pages from `older` on have the
    rest, and perhaps some of these again. None: there is nothing older.
    """

    at: datetime
    today: date
    enough_known: float
    row: SafetyRow
    criteria: list[CriterionShape]
    judged: list[JudgedShape]
    alarms: list[AlarmsShape]
    checks: list[CheckShape]
    withdrawn: list[WithdrawnShape]
    older: UUID | date | None
    may_enter: list[CheckKind]


class CheckForm(Asked):
    """A check to be entered. `id` is drawn by the page, so that sending twice enters once. `follows`: what a recheck is of."""

    id: UUID
    kind: CheckKind
    done_on: date
    result: CheckResult
    defects: int = Field(default=0, ge=0, le=MOST_DEFECTS)
    rectify_by: date | None = None
    follows: UUID | None = None
    by_whom: Line
    note: str = Field(default="", max_length=1000)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.result == "defects") != (self.defects > 0):
            raise ValueError("defects: expected at least 1 when there are defects, else 0")
        if self.rectify_by is not None and (self.result == "passed" or self.rectify_by < self.done_on):
            raise ValueError("rectify_by: expected a day not before done_on, and only when there are defects")
        if (self.kind == "recheck") != (self.follows is not None):
            raise ValueError("follows: expected the check that a recheck is of, and nothing for other kinds")
        return self


class Withdrawal(Asked):
    """Why a check no longer counts."""

    why: Line
