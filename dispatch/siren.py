"""Commands to sirens: how long one is worth anything, when its silence is a fault, and which press is the same press again. Pure.

A siren sounds because a person pressed, never because a machine found something; a command that comes late is worse than none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from devices.keys import derived_id


class Act(StrEnum):
    """What a siren is told."""

    ON = "siren_on"
    OFF = "siren_off"


# Who hears nothing within half a minute presses again: a siren that starts later frightens people out of a building that is safe.
WORTH = timedelta(seconds=30)
ANSWER_WITHIN = timedelta(seconds=8)
# Evacuation signals sound until stopped; a siren that lost us must still fall silent by itself.
SOUNDS = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Command:
    """One command as it stands. `sent_at`: the broker has it; `answered_at`: the device has answered."""

    id: UUID
    act: Act
    at: datetime
    expires_at: datetime
    answered_at: datetime | None = None


def command_id(incident: UUID, device: str, number: int) -> UUID:
    """The one id of the n-th command (from 1) of this incident to this siren: two clicks at once make one command."""
    return derived_id("command", str(incident), device, str(number))


def standing(commands: Iterable[Command], act: Act, now: datetime) -> Command | None:
    """The command that this press would repeat: the newest to the siren, when it says the same and has not run out."""
    newest = max(commands, key=lambda one: (one.at, str(one.id)), default=None)
    if newest is None or newest.act is not act:
        return None
    lasts = SOUNDS if newest.answered_at and act is Act.ON else newest.expires_at - newest.at
    return newest if now < newest.at + lasts else None


def sounds_for(commands: Iterable[tuple[UUID, Command]], now: datetime) -> list[UUID]:
    """The incidents about which one siren was told to sound, where nobody has silenced it since; what it refused is left out."""
    found: list[UUID] = []
    for incident, one in sorted(commands, key=lambda pair: (pair[1].at, str(pair[1].id))):
        if one.act is Act.OFF:
            found.clear()
        elif now < one.at + SOUNDS and incident not in found:
            found.append(incident)
    return found


def unanswered(command: Command, now: datetime) -> bool:
    """Whether its silence is to be shown."""
    return command.answered_at is None and now >= command.at + ANSWER_WITHIN


def given_up(act: Act, *, moved: bool) -> bool:
    """Whether it is not sent any more. At another site a siren would sound for no fire; told to be silent it is wherever it is."""
    return moved and act is Act.ON


def sounding(newest: Command | None, now: datetime) -> bool:
    """Whether the siren sounds, as far as its own answers tell."""
    return newest is not None and newest.act is Act.ON and newest.answered_at is not None and now < newest.at + SOUNDS
