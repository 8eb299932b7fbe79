"""The register in memory: reloaded when it is said to have changed, and before any device is refused as unknown."""

from collections.abc import Collection

from ingest.alarms import by_zone
from ingest.said import Introduced, Known
from store import devices
from store.connect import Connection


class Registry:
    """`known` by code, `zones` one device of each zone, `loads` counts. `stale` is set when it may have changed."""

    def __init__(self) -> None:
        self.known: dict[str, Known] = {}
        self.zones: dict[str, Known] = {}
        self.stale = True
        self.loads = 0

    def changed(self, *_: object) -> None:
        """Take a notice, or the news that notices may have been missed."""
        self.stale = True

    async def load(self, conn: Connection) -> None:
        """Read it whole. What changes meanwhile makes it stale again."""
        self.stale = False
        try:
            found = Introduced(self.known)
            await devices.each(conn, found.add)
        except BaseException:
            self.stale = True
            raise
        self.known, self.zones = found.known, by_zone(found.known)
        self.loads += 1

    async def outdated(self, conn: Connection, codes: Collection[str]) -> bool:
        """Whether one of these unknown codes is enrolled after all: a notice may come later than the device's first word.

        Asked each time, by the index: a foreign network full of lamps costs a question a batch, and no press is refused for them.
        """
        askable = [code for code in codes if code and "\0" not in code]  # a foreign payload names what it likes
        return bool(askable) and await devices.enrolled(conn, askable)
