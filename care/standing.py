"""How a device in service is, by what was last heard of it: one rule for the devices page and for the fire-safety index.

Nobody cries wolf: a device that has not been heard since we began to listen, and has not had the time that its profile may be
silent, is not yet known. Not fine, and not silent either.
"""

from datetime import datetime, timedelta
from typing import Literal

Heard = Literal["fine", "battery_low", "not_yet_known", "offline", "silent", "never_seen"]

BATTERY_LOW_PCT = 20.0  # as the battery alarm's own limit (analytics.detectors.spoken); a test holds them together


def heard(
    seen_at: datetime | None,
    enrolled_at: datetime,
    silent_after: timedelta | None,
    now: datetime,
    listening: datetime | None,
    *,
    online: bool | None,
    battery: float | None,
) -> Heard:
    """`silent_after` None: its silence says nothing. `listening`: since when it could be heard; None: nobody listens now."""
    fresh = seen_at is not None and not quiet(seen_at, silent_after, now)
    if not fresh and had_no_time(seen_at, enrolled_at, silent_after, now, listening):
        return "not_yet_known"
    if seen_at is None:
        return "never_seen"
    if not fresh:
        return "silent"
    if online is False:
        return "offline"
    return "battery_low" if battery is not None and battery < BATTERY_LOW_PCT else "fine"


def quiet(seen_at: datetime, silent_after: timedelta | None, now: datetime) -> bool:
    """Whether a device that was heard once has said nothing for longer than it may, whoever listened."""
    return silent_after is not None and now - seen_at > silent_after


def had_no_time(
    seen_at: datetime | None, enrolled_at: datetime, silent_after: timedelta | None, now: datetime, listening: datetime | None
) -> bool:
    """Whether we have not listened to a device for as long as it may be silent, and have not heard it since we do."""
    if listening is None:
        return True
    if seen_at is not None and seen_at >= listening:
        return False
    return silent_after is not None and now - max(listening, enrolled_at) <= silent_after
