"""A fire as it goes: what to do, the zones in the order in which they went, whom to bring out."""

from datetime import datetime

from api.shapes.people import SeniorBrief
from api.shapes.places import ZoneBrief
from api.shapes.shape import ReasonShape, Shape


class FireZone(Shape):
    """A zone that went; `zone` None: the site has none. `at`: of its first alarm. `stands`: an alarm of it does.

    `reasons`: the first of each kind of alarm, in the order in which they were raised.
    """

    order: int
    zone: ZoneBrief | None
    at: datetime
    kinds: list[str]
    devices: list[str]
    stands: bool
    reasons: list[ReasonShape]


class EvacueeShape(Shape):
    """Somebody to be brought out: `order` is his zone's, 0 where another zone of his floor went; `aids` are i18n keys (aid.<aid>).

    `name` is whole for those who act. `out_at`, `out_by`: when and by whose word he was brought out.
    """

    senior: SeniorBrief
    name: str
    bed: ZoneBrief | None
    order: int
    reduced_mobility: bool
    aids: list[str]
    out_at: datetime | None
    out_by: str


class FireShape(Shape):
    """What a fire or gas incident adds: what to do (i18n key instruction.<instruction>), zones in the order in which they went,
    residents in the order in which to bring them out; empty while there is only something to look at."""

    instruction: str
    zones: list[FireZone]
    evacuees: list[EvacueeShape]
