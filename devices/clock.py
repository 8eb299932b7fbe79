"""Whose time counts: the device's, unless it cannot be true; and how late a message came. Decided from two given times."""

from datetime import datetime, timedelta

from msgspec import Struct

from devices.keys import instant

AHEAD = timedelta(minutes=2)
BEHIND = timedelta(days=7)
ON_TIME = timedelta(seconds=60)
_EARLIEST = -AHEAD


class Fixed(Struct, frozen=True, gc=False):
    """When it happened, as far as can be known; `wrong` when the device's clock could not be right and arrival stands in."""

    at: datetime
    wrong: bool


def fix(t: int, received: datetime) -> Fixed:
    """The time of a message that says `t` (ms since the epoch) and arrived at `received`.

    A clock more than two minutes ahead of arrival, or more than seven days behind it (longer than anything buffers), is wrong.
    """
    at = instant(t)
    wrong = not _EARLIEST <= received - at <= BEHIND
    return Fixed(received if wrong else at, wrong)


def late(at: datetime, received: datetime) -> int:
    """Whole seconds that a message spent on its way; 0 up to 60 s, which is on time."""
    way = received - at
    return way // timedelta(seconds=1) if way > ON_TIME else 0
