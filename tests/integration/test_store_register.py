"""A district is loaded whole, may be loaded again, and never over another one."""

from datetime import datetime

import pytest

from care.district import District
from store import register
from store.connect import Connection

pytestmark = pytest.mark.integration


async def test_loaded_district_reads_back(conn: Connection, loaded: District, now: datetime) -> None:
    cell = await register.cell(conn)
    assert cell == register.Cell("tst", "测试区", "Test District", "Asia/Shanghai", True, now)
    assert [site.code for site in await register.sites(conn)] == sorted(site.code for site in loaded.sites)
    assert [area.code for area in await register.areas(conn)] == ["tst", "tst001", "tst002"]
    assert await register.roads(conn) == loaded.roads
    assert await register.layer_names(conn) == ["water"]
    assert '"FeatureCollection"' in (await register.layer(conn, "water") or "")
    assert await register.layer(conn, "fire") is None


async def test_empty_database_has_no_cell(conn: Connection) -> None:
    assert await register.cell(conn) is None
    assert await register.roads(conn) == b""
