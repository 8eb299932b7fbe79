"""Who is outside the service circle now: asked for in one click, computed at once, never a figure of a while ago."""

from datetime import datetime

from api.access import Viewer, mask_of
from api.cards import senior_brief, site_brief
from api.hub import Hub
from api.listings import CircleShape, OutsideShape
from api.register import Register
from api.roads import Roads, circle, free, graph_of

MOST = 2_000


async def circle_now(roads: Roads, hub: Hub, register: Register, who: Viewer, now: datetime) -> CircleShape:
    """The circle of everyone free in the cell over the homes of this person's scope. Raises NotFound when no roads are loaded."""
    posts = free(hub.everyone())
    covered = await circle(roads, graph_of(register), register.homes_in(who.scope), posts)
    outside = _residents(register, frozenset(covered.outside), who, now)
    return CircleShape(
        at=now,
        share=covered.share,
        doubly=covered.doubly,
        within_s=covered.within_s,
        free=len(posts),
        outside_count=len(outside),
        outside=outside[:MOST],
    )


def _residents(register: Register, sites: frozenset[str], who: Viewer, now: datetime) -> list[OutsideShape]:
    mask = mask_of(who.role)
    found = [one for one in register.seniors.values() if one.site in sites]
    shown = [OutsideShape(senior=senior_brief(one, now), site=site_brief(register.sites[one.site], mask)) for one in found]
    return sorted(shown, key=lambda one: (-one.senior.age, one.senior.code))
