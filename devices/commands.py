"""Commands of the contract v1, platform to device: the payload of `cmd`, and how a device judges one. Pure, total.

A command carries its own id and the moment from which it is worth nothing. A broker may hand it over twice, or hours late to a
device that was away, or after the one that followed it: the same id is done once and answered each time; what has run out, or was
given before what has been done since, is answered, never done.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from devices.codec import BadPayload, float32

LARGEST_COMMAND = 4 * 1024
LONGEST_WORTH_MS = 5 * 60_000  # more is a mistake of the platform's, or of one of the clocks

_Millis = Annotated[int, Meta(ge=0, le=4_102_444_800_000)]
_Id = Annotated[str, Meta(pattern=r"^[0-9A-Za-z._-]{1,64}\Z")]
_Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}\Z")]


class CommandMessage(Struct, frozen=True, gc=False):
    """Do this: `id` names it, `t` is when it was given, from `until` on it is worth nothing; `v` are its numbers."""

    id: _Id
    do: _Name
    t: _Millis
    until: _Millis
    v: dict[_Name, float] = {}


class Verdict(StrEnum):
    """What a device makes of a command; also what its answer says when it does nothing."""

    DO = "do"
    REPEAT = "repeat"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Heard:
    """What a device remembers: the ids it has done, each until it runs out by itself; of each `do` when the newest was given."""

    done: Mapping[str, int]
    newest: Mapping[str, int]


NOTHING = Heard({}, {})
_decoder = msgspec.json.Decoder(CommandMessage)


def encode(command: CommandMessage) -> bytes:
    """The payload. Raises BadPayload for what no device would take."""
    payload = msgspec.json.encode(command)
    if decode(payload) != command:
        raise BadPayload(f"command {command.id}: values that no float32 holds")
    return payload


def decode(payload: bytes) -> CommandMessage:
    """A command. Raises BadPayload."""
    if len(payload) > LARGEST_COMMAND:
        raise BadPayload(f"command: expected at most {LARGEST_COMMAND} bytes, got {len(payload)}")
    try:
        found = _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadPayload(str(error) or "malformed JSON") from None
    if not 0 < found.until - found.t <= LONGEST_WORTH_MS:
        raise BadPayload(f"until: expected 1 to {LONGEST_WORTH_MS} ms after t, got {found.until - found.t}")
    return msgspec.structs.replace(found, v={name: float32(value, name) for name, value in found.v.items()})


def judge(heard: Heard, command: CommandMessage, now_ms: int) -> tuple[Heard, Verdict]:
    """What to do with a command that has come at `now_ms` by the device's clock, and what to remember.

    An id is forgotten once its command would be refused as expired anyway, so nothing is ever done twice. A command from further in
    the future than one can be worth means that a clock is wrong: it counts as expired. So does one that was given before the newest
    of its `do` that was done: told to be silent, a siren does not start because an older order comes late.
    """
    kept = {one: until for one, until in heard.done.items() if until > now_ms}
    newest = {do: t for do, t in heard.newest.items() if t > now_ms - LONGEST_WORTH_MS}
    if not now_ms < command.until <= now_ms + LONGEST_WORTH_MS:
        return Heard(kept, newest), Verdict.EXPIRED
    if command.id in kept:
        return Heard(kept, newest), Verdict.REPEAT
    if command.t < newest.get(command.do, command.t):
        return Heard(kept, newest), Verdict.EXPIRED
    return Heard(kept | {command.id: command.until}, newest | {command.do: command.t}), Verdict.DO
