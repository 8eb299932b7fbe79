"""What the cause of a closed incident says about the motion that was judged in it: a fall, none, or nothing.

One cause stands for a whole incident. Where several windows were taken for a fall in it, a real fall was the most probable of them
and nothing is known of the others; where none was, it is the most probable of those beside it that were passed over.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID


class Verdict(StrEnum):
    """What a window was. Nothing is learned from the unknown."""

    FALL = "fall"
    NOT_FALL = "not_fall"
    UNKNOWN = "unknown"


class Basis(StrEnum):
    """Whether an alarm was raised by the window, or it was only near."""

    ALARM = "alarm"
    NEAR = "near"


# Every cause of dispatch.incident.CAUSES. What is said of a button, a room or a line is unknown of a motion; a test is acted,
# neither a resident's fall nor a resident's day; an emergency may have begun with a fall or not.
VERDICTS: Mapping[str, Verdict] = {
    "real_fall": Verdict.FALL,
    "sat_down_hard": Verdict.NOT_FALL,
    "dropped_device": Verdict.NOT_FALL,
    "real_emergency": Verdict.UNKNOWN,
    "real_fire": Verdict.UNKNOWN,
    "real_gas": Verdict.UNKNOWN,
    "help_needed": Verdict.UNKNOWN,
    "false_press": Verdict.UNKNOWN,
    "cooking_steam": Verdict.UNKNOWN,
    "device_fault": Verdict.UNKNOWN,
    "link_restored": Verdict.UNKNOWN,
    "test": Verdict.UNKNOWN,
    "other": Verdict.UNKNOWN,
}

# A window that was passed over is near an incident of its wearer from so long before it was raised until so long after.
NEAR_BEFORE, NEAR_AFTER = timedelta(minutes=10), timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Window:
    """A window of an incident, or near it. `labelled`: this incident has labelled it before."""

    id: UUID
    basis: Basis
    probability: float
    labelled: bool = False


def verdicts(cause: str, windows: Iterable[Window]) -> dict[UUID, Verdict]:
    """What each window was, those left out of which nothing is to be said. A cause that the table does not know says nothing."""
    said = VERDICTS.get(cause, Verdict.UNKNOWN)
    ordered = sorted(windows, key=lambda one: (-one.probability, one.id))
    alarmed = [one for one in ordered if one.basis is Basis.ALARM]
    near = [one for one in ordered if one.basis is Basis.NEAR]
    of_all = Verdict.UNKNOWN if said is Verdict.FALL else said
    found = {one.id: of_all for one in alarmed} | {one.id: Verdict.UNKNOWN for one in near if one.labelled}
    return found | {one.id: said for one in (alarmed or near)[:1] if said is Verdict.FALL}
