"""The register in memory: reloaded when it is said to have changed, and before any device is refused as unknown."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from ingest.alarms import by_zone
from ingest.said import Known, known
from store import devices
from store.connect import Connection

_ASK_AGAIN = timedelta(seconds=30)
_REMEMBERED = 10_000


class Registry:
    """`known` by code, `zones` one device of each zone, `loads` counts. `stale` is set when it may have changed."""

    def __init__(self) -> None:
        self.known: dict[str, Known] = {}
        self.zones: dict[str, Known] = {}
        self.stale = True
        self.loads = 0
        self._unknown: dict[str, datetime] = {}

    def changed(self, *_: object) -> None:
        """Take a notice, or the news that notices may have been missed."""
        self.stale = True

    async def load(self, conn: Connection) -> None:
        """Read it whole. What changes meanwhile makes it stale again."""
        self.stale = False
        try:
            self.known = known(await devices.register(conn))
        except BaseException:
            self.stale = True
            raise
        self.zones = by_zone(self.known)
        self.loads += 1

    def doubtful(self, codes: Iterable[str], now: datetime) -> bool:
        """Whether to load again before these are refused: an enrolment may be younger than what is in memory.

        A code that was looked up in vain is not looked up again for a while, so that a foreign network full of lamps costs nothing.
        """
        fresh = [
            code for code in codes if code and now - self._unknown.get(code, datetime.min.replace(tzinfo=now.tzinfo)) > _ASK_AGAIN
        ]
        if len(self._unknown) + len(fresh) > _REMEMBERED:
            self._unknown.clear()
        self._unknown.update(dict.fromkeys(fresh, now))
        return bool(fresh)
