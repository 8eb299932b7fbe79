"""Who may see and do what. One pure function decides, for REST, websocket and feed alike, and what it does not know it refuses.

Duty acts in its scope; an administrator does that too and sees what was rejected; a responder has only the errands that are his
own; a regulator reads, with everyone de-identified. The platform's own probe sees its press and nothing else, and nobody sees that.
"""

from dataclasses import dataclass
from enum import StrEnum

from care.places import within


class Action(StrEnum):
    """What someone may want."""

    SEE_DISTRICT = "see_district"
    SEE_INCIDENT = "see_incident"
    SEE_PRIVATE = "see_private"
    SEE_RESPONDER = "see_responder"
    SEE_CANDIDATES = "see_candidates"
    SEE_DEVICE = "see_device"
    SEE_UNPROTECTED = "see_unprotected"
    SEE_REJECTED = "see_rejected"
    SEE_FIGURES = "see_figures"
    MANAGE_DEVICES = "manage_devices"
    SEE_ERRANDS = "see_errands"
    ACKNOWLEDGE = "acknowledge"
    DISPATCH = "dispatch"
    RESOLVE = "resolve"
    CLOSE = "close"
    CANCEL = "cancel"
    NOTE = "note"
    RECALL = "recall"
    RUN_ERRAND = "run_errand"
    BRING_OUT = "bring_out"
    STEP = "step"
    SOUND = "sound"
    SEE_CAP = "see_cap"
    SET_POSITION = "set_position"
    MARK_SHOWN = "mark_shown"
    SEE_SYSTEM = "see_system"
    SEE_SAFETY = "see_safety"
    RECORD_CHECK = "record_check"


class Reach(StrEnum):
    """How far a permission goes: nowhere, what is one's own, or everything in one's scope."""

    NONE = "none"
    OWN = "own"
    SCOPE = "scope"


class Mask(StrEnum):
    """How a card looks to a class of people; each card is written once a class."""

    DESK = "desk"
    RESPONDER = "responder"
    REGULATOR = "regulator"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Someone logged in. `responder` is the code of the responder whose account it is."""

    login: str
    name: str
    account_id: int
    role: str
    scope: str
    responder: str | None
    demo: bool = False


@dataclass(frozen=True, slots=True)
class Thing:
    """What is to be seen or done something to: where it is, which responders it belongs to just now, whether it is the probe's."""

    area: str = ""
    site: str = ""
    responders: frozenset[str] = frozenset()
    probe: bool = False


PROBE = "probe"  # the role of the probe's console; no account has it

_A = Action
_DUTY = (
    _A.SEE_DISTRICT, _A.SEE_INCIDENT, _A.SEE_PRIVATE, _A.SEE_RESPONDER, _A.SEE_CANDIDATES, _A.SEE_DEVICE, _A.SEE_UNPROTECTED,
    _A.SEE_FIGURES, _A.ACKNOWLEDGE, _A.DISPATCH, _A.RESOLVE, _A.CLOSE, _A.CANCEL, _A.NOTE, _A.RECALL, _A.RUN_ERRAND, _A.MARK_SHOWN,
    _A.SEE_SYSTEM, _A.SEE_SAFETY, _A.RECORD_CHECK, _A.BRING_OUT, _A.STEP, _A.SOUND, _A.SEE_CAP,
)  # fmt: skip
_RESPONDER = (
    _A.SEE_INCIDENT, _A.SEE_PRIVATE, _A.SEE_RESPONDER, _A.SEE_ERRANDS, _A.RUN_ERRAND, _A.BRING_OUT, _A.STEP, _A.SET_POSITION,
)  # fmt: skip
_REGULATOR = (
    _A.SEE_DISTRICT, _A.SEE_INCIDENT, _A.SEE_RESPONDER, _A.SEE_DEVICE, _A.SEE_UNPROTECTED, _A.SEE_FIGURES, _A.SEE_SAFETY,
    _A.RECORD_CHECK,
)  # fmt: skip

PERMISSIONS: dict[tuple[str, Action], Reach] = {
    **{("duty", action): Reach.SCOPE for action in _DUTY},
    **{("admin", action): Reach.SCOPE for action in (*_DUTY, _A.SEE_REJECTED, _A.MANAGE_DEVICES)},
    **{("responder", action): Reach.OWN for action in _RESPONDER},
    ("responder", _A.SEE_DISTRICT): Reach.SCOPE,
    **{("regulator", action): Reach.SCOPE for action in _REGULATOR},
    **{(PROBE, action): Reach.OWN for action in (_A.SEE_INCIDENT, _A.SEE_FIGURES)},
}

MASKS: dict[str, Mask] = {"duty": Mask.DESK, "admin": Mask.DESK, "responder": Mask.RESPONDER, "regulator": Mask.REGULATOR}


def reach(role: str, action: Action) -> Reach:
    """How far this role's permission goes; an unknown role has none."""
    return PERMISSIONS.get((role, action), Reach.NONE)


def may(viewer: Viewer, action: Action, thing: Thing) -> bool:
    """Whether this person may do this to that thing."""
    if thing.probe or viewer.role == PROBE:
        return thing.probe and reach(viewer.role, action) is Reach.OWN and viewer.role == PROBE
    match reach(viewer.role, action):
        case Reach.SCOPE:
            return within(viewer.scope, thing.area, thing.site)
        case Reach.OWN:
            return bool(viewer.responder) and viewer.responder in thing.responders
        case Reach.NONE:
            return False


def mask_of(role: str) -> Mask:
    """How cards look to this role; to an unknown one as to a regulator, who sees least."""
    return MASKS.get(role, Mask.REGULATOR)
