"""The message key (device, b, n, t as sent): the one identity a message has, however often it is delivered."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from msgspec import Struct

NAMESPACE = UUID("6d1f8f0a-6b0e-5f0e-9a57-5b6c3f3a7e11")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


class Key(Struct, frozen=True, order=True, gc=False):
    """`device` code, `b` boot mark ("" when `n` never restarts), `n` counter since that boot, `t` device time in ms, as sent."""

    device: str
    b: str
    n: int
    t: int

    def __str__(self) -> str:
        return f"{self.device}|{self.b}|{self.n}|{self.t}"


def instant(t: int) -> datetime:
    """Milliseconds since the epoch as an aware UTC time."""
    return datetime.fromtimestamp(t / 1000, UTC)  # exact up to the year 2100, and twice as fast as adding to the epoch


def milliseconds(at: datetime) -> int:
    """An aware time as whole milliseconds since the epoch."""
    return (at - EPOCH) // _MS


def derived_id(*parts: str) -> UUID:
    """UUIDv5 over the parts: the same facts give the same id on every machine."""
    return uuid5(NAMESPACE, "\x1f".join(parts))
