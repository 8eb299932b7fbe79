"""An incident's playbook: which steps its alarms call for, who does each, and what may be done to a step. Tables, pure functions.

The steps follow the most urgent instruction that any alarm of the incident has had, so a playbook only ever escalates; what has
been stamped stays on it. What moves people, flames or switches is a person's to do: the platform shows, and stamps who did it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dispatch.incident import NotAllowed
from dispatch.instructions import instructions


class Doer(StrEnum):
    """Who does a step: the desk itself, staff in the building (the desk or a responder writes it down), a responder on the way."""

    DESK = "desk"
    STAFF = "staff"
    RESPONDER = "responder"


class StepState(StrEnum):
    """Where a step stands."""

    OPEN = "open"
    DONE = "done"
    SKIPPED = "skipped"


class StepEvent(StrEnum):
    """What a person does to a step."""

    DO = "do"
    SKIP = "skip"
    UNDO = "undo"


_S, _E = StepState, StepEvent
STEP_TABLE: dict[tuple[StepState, StepEvent], StepState] = {
    (_S.OPEN, _E.DO): _S.DONE,
    (_S.OPEN, _E.SKIP): _S.SKIPPED,
    (_S.SKIPPED, _E.DO): _S.DONE,  # it was done after all
    (_S.SKIPPED, _E.UNDO): _S.OPEN,
    (_S.DONE, _E.UNDO): _S.OPEN,
}
# The same click again, or from two consoles at once: it stands already, nothing is stamped twice.
_STANDS = {_E.DO: _S.DONE, _E.SKIP: _S.SKIPPED, _E.UNDO: _S.OPEN}

# A stamp is evidence: what was clicked by mistake is taken back at once or not at all.
UNDO_WITHIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. `by_person`: no machine may do or stamp it. `calls`: the number that a person dials.

    `sounds`: doing it sounds the sirens of the site, which cannot be undone.
    """

    key: str
    doers: tuple[Doer, ...]
    by_person: bool = True
    calls: str = ""
    sounds: bool = False


_DESK, _STAFF, _BOTH, _THERE = (Doer.DESK,), (Doer.STAFF,), (Doer.STAFF, Doer.RESPONDER), (Doer.RESPONDER, Doer.STAFF)
_ALL = (
    Step("phone_site", _DESK),
    Step("phone_person", _DESK),
    Step("look", _BOTH, by_person=False),  # a camera or a facility's own system may answer what a look would
    Step("look_neighbours", _BOTH, by_person=False),
    Step("verify", _BOTH, by_person=False),
    Step("call_119", _DESK, calls="119"),
    Step("call_120", _DESK, calls="120"),
    Step("sound_siren", _DESK, sounds=True),
    Step("evacuate_first", _BOTH),
    Step("evacuate", _BOTH),
    Step("close_doors", _BOTH),
    Step("cut_gas", _BOTH),
    Step("cut_power", _BOTH),
    Step("open_vents", _BOTH),
    Step("air_room", _BOTH),
    Step("meet_engine", _STAFF),
    Step("headcount", _BOTH),
    Step("call_electrician", _DESK),
    Step("do_not_move", _THERE),
    Step("first_aid", _THERE),
    Step("check_after", _THERE),
    Step("tell_family", _DESK),
)
STEPS: dict[str, Step] = {step.key: step for step in _ALL}

# Order within a playbook is the order in which to do it; `!` may not be skipped there.
_FIRE = "verify! call_119 sound_siren close_doors cut_gas cut_power"
_PLAYBOOKS = {
    "look": "phone_site look! close_doors",
    "look_nuisance": "phone_site look! air_room",
    "look_beside_fire": "phone_site look_neighbours! close_doors",
    "look_and_air": "phone_site look! air_room",
    "electrician": "phone_site look cut_power call_electrician!",
    "verify_fire": f"phone_site {_FIRE} meet_engine",
    "evacuate": "call_119! sound_siren! evacuate_first! evacuate! close_doors cut_gas cut_power open_vents meet_engine! headcount!",
    "air_and_shut_off": "phone_site cut_gas! air_room! evacuate_first evacuate call_119 meet_engine headcount",
    "answer_press": "phone_person call_120 first_aid check_after tell_family",
    "lift": "phone_person do_not_move! call_120 first_aid check_after! tell_family",
}
PLAYBOOKS: dict[str, tuple[str, ...]] = {name: tuple(text.replace("!", "").split()) for name, text in _PLAYBOOKS.items()}
MUST: dict[str, frozenset[str]] = {
    name: frozenset(word.rstrip("!") for word in text.split() if word.endswith("!")) for name, text in _PLAYBOOKS.items()
}

# What people's alarms call for; those of fire and gas have their own table.
_PERSON = {
    "lift": ("fall", "fall_motion", "long_lie", "on_floor"),
    "answer_press": ("sos", "pull_cord"),
}


class UnknownStep(KeyError):
    """That step is not on this incident's playbook."""

    def __init__(self, key: str, known: Iterable[str]) -> None:
        super().__init__(key)
        self.key = key
        self.allowed = tuple(known)

    def __str__(self) -> str:
        return f"step: expected one of {', '.join(self.allowed) or 'none'}, got {self.key!r}"


class ReasonNeeded(ValueError):
    """A step is skipped with a reason, or not at all."""


class PersonNeeded(ValueError):
    """That step is done by a person, never by a machine."""


class NotTheirs(ValueError):
    """That step is another's to do."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What stands for a step: `by` a login, `device` what it was clicked on; `reason` of a skip."""

    state: StepState
    at: datetime
    by: str
    device: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """A step on an incident's playbook: `may_skip` with a reason; `wanted` False where only its stamp keeps it there."""

    step: Step
    may_skip: bool
    wanted: bool
    stamp: Stamp | None

    @property
    def state(self) -> StepState:
        return self.stamp.state if self.stamp else StepState.OPEN


def instruction_of(kinds: Iterable[str]) -> str:
    """The key of the playbook that these kinds of alarm call for; "" where none does. Raises UnknownKind."""
    given = frozenset(kinds)
    key = instructions(given)
    return key or next((name for name, theirs in _PERSON.items() if given.intersection(theirs)), "")


def plan(kinds: Iterable[str], stamps: Mapping[str, Stamp]) -> tuple[Planned, ...]:
    """The steps in the order in which to do them: first those of an earlier instruction that were stamped, then what is wanted now.

    `kinds` are those of all alarms that the incident ever had. Raises UnknownKind.
    """
    key = instruction_of(kinds)
    wanted, must = PLAYBOOKS.get(key, ()), MUST.get(key, frozenset())
    earlier = sorted((one for one in stamps if one in STEPS and one not in wanted), key=lambda one: (stamps[one].at, one))
    return (
        *(Planned(STEPS[one], True, False, stamps[one]) for one in earlier),
        *(Planned(STEPS[one], one not in must, True, stamps.get(one)) for one in wanted),
    )


def next_step(planned: Iterable[Planned], doer: Doer | None = None) -> str:
    """The key of the first step that is open, for this doer or for anybody; "" when all is stamped."""
    return next((one.step.key for one in planned if one.stamp is None and (doer is None or doer in one.step.doers)), "")


def pressed(
    one: Planned, event: StepEvent, now: datetime, *, machine: bool = False, doer: Doer = Doer.DESK, reason: str = ""
) -> StepState | None:
    """The state after the event; None where it stands already and nothing is to be stamped. The desk may write down anybody's step.

    Raises NotAllowed, NotTheirs, ReasonNeeded, PersonNeeded.
    """
    if doer is not Doer.DESK and doer not in one.step.doers:
        raise NotTheirs(f"{one.step.key}: is done by {' or '.join(one.step.doers)}")
    if machine and one.step.by_person:
        raise PersonNeeded(f"{one.step.key}: is done by a person, never by a machine")
    if one.state is _STANDS[event]:
        return None
    possible = allowed(one, now)
    if event not in possible:
        raise NotAllowed(f"{one.step.key}: {event.value}", one.state.value, tuple(item.value for item in possible))
    if event is StepEvent.SKIP and not reason.strip():
        raise ReasonNeeded(f"{one.step.key}: skipped with a reason, or not at all")
    return STEP_TABLE[(one.state, event)]


def allowed(one: Planned, now: datetime) -> tuple[StepEvent, ...]:
    """What may be done to a step now."""
    return tuple(event for (state, event) in STEP_TABLE if state is one.state and _may(one, event, now))


def _may(one: Planned, event: StepEvent, now: datetime) -> bool:
    if event is StepEvent.SKIP:
        return one.may_skip
    if event is StepEvent.UNDO and one.stamp is not None:
        sounded = one.step.sounds and one.stamp.state is StepState.DONE
        return not sounded and now - one.stamp.at <= UNDO_WITHIN
    return True
