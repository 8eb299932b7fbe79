"""The register in memory: what the live path needs to name a press when the database is away. Reloaded when it changes."""

import asyncio
import logging
from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

from care.places import within
from dispatch.circle import Home
from dispatch.roads import BadGraph, RoadGraph, load
from store import devices, people
from store import register as store
from store.connect import Connection

log = logging.getLogger(__name__)


class Register:
    """The last register that was read; empty before the first."""

    def __init__(self) -> None:
        self.cell: store.Cell | None = None
        self.timezone = ZoneInfo("UTC")
        self.areas: list[store.AreaRow] = []
        self.sites: dict[str, store.SiteRow] = {}
        self.zones: dict[str, store.ZoneRow] = {}
        self.seniors: dict[str, store.SeniorRow] = {}
        self.devices: dict[str, devices.RegisteredDevice] = {}
        self.layers: list[str] = []
        self.accounts: list[people.AccountRow] = []
        self.homes: tuple[Home, ...] = ()
        self.graph: RoadGraph | None = None
        self._graph_of: datetime | None = None

    async def load(self, conn: Connection) -> None:
        """Read everything anew; the road graph only when the district was loaded again."""
        self.areas = await store.areas(conn)
        self.sites = {site.code: site for site in await store.sites(conn)}
        self.zones = {zone.code: zone for zone in await store.zones(conn)}
        self.seniors = {senior.code: senior for senior in await store.seniors(conn)}
        self.devices = await devices.register(conn)
        self.layers = await store.layer_names(conn)
        self.accounts = await people.list_accounts(conn)
        self.homes = self._homes()
        cell = await store.cell(conn)
        if cell is not None and cell.loaded_at != self._graph_of:
            self.graph = await _graph(await store.roads(conn))
            self._graph_of = cell.loaded_at
        self.timezone = ZoneInfo(cell.timezone if cell else "UTC")
        self.cell = cell

    def homes_in(self, scope: str) -> list[Home]:
        """The homes of one scope."""
        return [home for home in self.homes if within(scope, self.sites[home.code].area, home.code)]

    def _homes(self) -> tuple[Home, ...]:
        """Where seniors live, weighted by how many."""
        living = Counter(senior.site for senior in self.seniors.values())
        return tuple(Home(code, self.sites[code].lon, self.sites[code].lat, n) for code, n in living.items() if code in self.sites)


async def _graph(data: bytes) -> RoadGraph | None:
    """The roads; without them everything but travel still works."""
    try:
        return await asyncio.to_thread(load, data)
    except BadGraph as error:
        log.error("the district's roads cannot be read: %s", error)
        return None
