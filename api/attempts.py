"""How often someone may try a password: five failures within five minutes a login and address, then a wait that is said plainly.

The count is taken before the password is looked at, so that many tries at once count too.
"""

from collections import OrderedDict
from datetime import datetime, timedelta

MOST = 5
WINDOW = timedelta(minutes=5)
_REMEMBERED = 10_000


class TooManyAttempts(Exception):
    """Too many attempts to log in; `retry_after` is how long to wait."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(f"too many attempts: try again in {int(retry_after.total_seconds()) + 1} s")
        self.retry_after = retry_after


class Attempts:
    """Recent attempts by (login, address); the oldest are forgotten when there are very many."""

    def __init__(self) -> None:
        self._recent: OrderedDict[tuple[str, str], list[datetime]] = OrderedDict()

    def take(self, login: str, address: str, now: datetime) -> None:
        """Count one attempt. Raises TooManyAttempts."""
        who = (login, address)
        recent = [at for at in self._recent.get(who, ()) if now - at < WINDOW]
        if len(recent) >= MOST:
            raise TooManyAttempts(recent[0] + WINDOW - now)
        self._recent[who] = [*recent, now]
        self._recent.move_to_end(who)
        while len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)

    def succeeded(self, login: str, address: str) -> None:
        """The right password clears the count."""
        self._recent.pop((login, address), None)
