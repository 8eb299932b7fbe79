"""How often someone may try a password: five failures within five minutes a login and address, then a wait that is said plainly.

An address may also fail only so often a minute over all logins, or one that tries random names would keep everybody waiting behind
its own. The count is taken before the password is looked at, so that many tries at once count too.
"""

from collections import OrderedDict
from collections.abc import Hashable
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

MOST = 5
WINDOW = timedelta(minutes=5)
MOST_OF_ADDRESS = 20
MOST_OF_THIS_MACHINE = 60  # a proxy that does not say for whom it asks looks like this
ADDRESS_WINDOW = timedelta(minutes=1)
_REMEMBERED = 10_000


class TooManyAttempts(Exception):
    """Too many attempts to log in; `retry_after` is how long to wait."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(f"too many attempts: try again in {int(retry_after.total_seconds()) + 1} s")
        self.retry_after = retry_after


class Attempts:
    """Recent attempts by (login, address) and by address; the oldest are forgotten when there are very many."""

    def __init__(self) -> None:
        self._recent: OrderedDict[Hashable, list[datetime]] = OrderedDict()
        self._of_address: OrderedDict[Hashable, list[datetime]] = OrderedDict()

    def take(self, login: str, address: str, now: datetime) -> None:
        """Count one attempt. Raises TooManyAttempts."""
        who, (source, most) = (login, address), _source(address)
        mine = _within(self._recent, who, now, WINDOW, MOST)
        of_address = _within(self._of_address, source, now, ADDRESS_WINDOW, most)
        _keep(self._recent, who, [*mine, now])
        _keep(self._of_address, source, [*of_address, now])

    def succeeded(self, login: str, address: str) -> None:
        """The right password clears the count of its login, and costs its address nothing."""
        self._recent.pop((login, address), None)
        _take_back(self._of_address, _source(address)[0])

    def unheard(self, login: str, address: str) -> None:
        """The password was not looked at, so this was no attempt."""
        _take_back(self._recent, (login, address))
        _take_back(self._of_address, _source(address)[0])


def _source(address: str) -> tuple[str, int]:
    """Whom an address stands for, and how often he may fail. Whoever has one IPv6 address has all of its /64."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address, MOST_OF_ADDRESS
    if parsed.version == 6 and parsed.ipv4_mapped is not None:
        return _source(str(parsed.ipv4_mapped))
    if parsed.is_loopback:
        return str(parsed), MOST_OF_THIS_MACHINE
    return str(ip_network((int(parsed), 64), strict=False)) if parsed.version == 6 else str(parsed), MOST_OF_ADDRESS


def _within(
    counts: OrderedDict[Hashable, list[datetime]], who: Hashable, now: datetime, window: timedelta, most: int
) -> list[datetime]:
    recent = [at for at in counts.get(who, ()) if now - at < window]
    if len(recent) >= most:
        raise TooManyAttempts(recent[0] + window - now)
    return recent


def _keep(counts: OrderedDict[Hashable, list[datetime]], who: Hashable, attempts: list[datetime]) -> None:
    counts[who] = attempts
    counts.move_to_end(who)
    while len(counts) > _REMEMBERED:
        counts.popitem(last=False)


def _take_back(counts: OrderedDict[Hashable, list[datetime]], who: Hashable) -> None:
    if attempts := counts.get(who):
        attempts.pop()
