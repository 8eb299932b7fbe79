"""What an adapter understood, in our words, before the register says who the device is; and how foreign fields are read."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec

from devices.codec import LARGEST_PAYLOAD, BadPayload
from devices.keys import milliseconds

_LATEST_MS = 4_102_444_800_000


@dataclass(frozen=True, slots=True)
class Adapted:
    """One foreign message. `codes` are those under which its device may be enrolled.

    (`mark`, `n`, `t`) is its key: `t` is None where the sender gives no time, `unique` when `n` then tells messages apart for
    ever. A metric or an event that the device's profile does not have is of no interest and falls away.
    """

    codes: tuple[str, ...]
    mark: str
    n: int
    t: int | None
    values: Mapping[str, float] = field(default_factory=dict)
    events: tuple[str, ...] = ()
    online: bool | None = None
    unique: bool = False


Read = Callable[[Any], float | None]
Meaning = tuple[str, Read]


def fields(payload: bytes) -> dict[str, Any]:
    """A JSON object. Raises BadPayload."""
    if len(payload) > LARGEST_PAYLOAD:
        raise BadPayload(f"payload: expected at most {LARGEST_PAYLOAD} bytes, got {len(payload)}")
    try:
        found = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadPayload(str(error) or "malformed JSON") from None
    if not isinstance(found, dict):
        raise BadPayload(f"payload: expected an object, got {type(found).__name__}")
    return found


def number_of(identity: bytes) -> int:
    """62 bits that stand for an identity, where a native message has its counter."""
    return int.from_bytes(blake2b(identity, digest_size=8).digest(), "big") >> 2


def values(found: Mapping[str, Any], table: Mapping[str, Iterable[Meaning]]) -> dict[str, float]:
    """Every field that the table knows and that can be read, as our metrics; the first field that gives a metric wins."""
    read: dict[str, float] = {}
    for name, meanings in table.items():
        for metric, reader in meanings if name in found else ():
            value = reader(found[name])
            if value is not None:
                read.setdefault(metric, value)
    return read


def number(value: Any) -> float | None:
    """A number, also one written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        read = float(value)
    except (ValueError, OverflowError):
        return None
    return read if abs(read) < float("inf") else None


_TRUE = frozenset({"true", "on", "yes", "1", "open", "detected", "alarm", "pressed", "occupied", "motion"})
_FALSE = frozenset({"false", "off", "no", "0", "closed", "close", "clear", "normal", "none", "idle", "released", ""})


def truth(value: Any) -> float | None:
    """1 or 0 as the many ways of saying yes and no go; None for anything else."""
    if isinstance(value, bool | int | float):
        return float(bool(value))
    word = value.strip().lower() if isinstance(value, str) else None
    return 1.0 if word in _TRUE else 0.0 if word in _FALSE else None


def untruth(value: Any) -> float | None:
    """The contrary of `truth`: a contact that is closed is not open."""
    said = truth(value)
    return None if said is None else 1.0 - said


def instant_ms(value: Any) -> int | None:
    """Epoch milliseconds from a number or an ISO 8601 time with its offset; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return int(value) if 0 <= value <= _LATEST_MS else None
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return milliseconds(at) if at is not None and at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
