"""A district is loaded whole, may be loaded again, and never over another one."""

import asyncio
import time
from dataclasses import replace
from datetime import datetime, timedelta

import psutil
import pytest

from care.district import District
from care.people import Contact
from care.places import Area
from simulators.district import demo_district
from store import people, register
from store.connect import Connection, connect
from store.devices import register as devices_of
from store.dispatches import candidates, set_position
from store.register import BadDistrict, DifferentCell
from store.server import Database

pytestmark = pytest.mark.integration


async def test_loaded_district_reads_back(api_conn: Connection, loaded: District, now: datetime) -> None:
    cell = await register.cell(api_conn)
    assert cell == register.Cell("tst", "测试区", "Test District", "Asia/Shanghai", True, now)
    assert [site.code for site in await register.sites(api_conn)] == sorted(site.code for site in loaded.sites)
    assert [area.code for area in await register.areas(api_conn)] == ["tst", "tst001", "tst002"]
    assert await register.roads(api_conn) == loaded.roads
    assert await register.layer_names(api_conn) == ["water"]
    assert '"FeatureCollection"' in (await register.layer(api_conn, "water") or "")
    assert await register.layer(api_conn, "fire") is None


async def test_every_value_reads_back_as_it_was_given(api_conn: Connection, loaded: District) -> None:
    for zone in await register.zones(api_conn):
        given_zone = next(one for one in loaded.zones if one.code == zone.code)
        assert all(
            getattr(zone, name) == getattr(given_zone, name) for name in ("site", "parent", "kind", "name_zh", "floor", "beds")
        )
    for senior in await register.seniors(api_conn):
        given = next(one for one in loaded.seniors if one.code == senior.code)
        assert (senior.site, senior.zone, senior.name, senior.sex) == (given.site, given.zone, given.name, given.sex)
        assert (senior.birth_year, tuple(senior.tags), senior.ability_level) == (given.birth_year, given.tags, given.ability_level)
    for site in await register.sites(api_conn):
        given_site = next(one for one in loaded.sites if one.code == site.code)
        assert (site.lon, site.lat, site.address, site.beds) == (
            given_site.lon,
            given_site.lat,
            given_site.address,
            given_site.beds,
        )


async def test_what_someone_who_acts_needs(api_conn: Connection, loaded: District) -> None:
    found = await register.senior_private(api_conn, "s-1")
    assert found
    assert (found.name, found.phone, found.key_holder, found.key_note) == ("李大爷", "13800000001", "张邻居", "302")
    assert found.contacts == [Contact("李小梅", "daughter", "13800000002")]
    assert await register.senior_private(api_conn, "s-0") is None


async def test_sites_and_seniors_of_a_scope(api_conn: Connection, loaded: District) -> None:
    assert [site.code for site in await register.sites(api_conn, "tst002")] == ["inst-1"]
    assert [senior.code for senior in await register.seniors(api_conn, "site:home-2")] == ["s-2"]
    assert await register.sites(api_conn, "") == []


async def test_empty_database_has_no_cell(conn: Connection) -> None:
    assert await register.cell(conn) is None
    assert await register.roads(conn) == b""
    assert await register.areas(conn) == []


async def test_loading_again_brings_up_to_date(conn: Connection, loaded: District, now: datetime) -> None:
    await set_position(conn, "r-1", 117.2, 39.2, now)
    before = {code: device.device_id for code, device in (await devices_of(conn)).items()}
    changed = replace(
        loaded,
        name_en="Renamed",
        roads=b"other roads",
        sites=tuple(replace(site, name_en="New name") for site in loaded.sites),
        responders=tuple(replace(one, vehicle="car") for one in loaded.responders),
        accounts=tuple(replace(one, scope="tst002") for one in loaded.accounts),
        layers={**loaded.layers, "fire": {"type": "FeatureCollection", "features": []}},
    )
    later = now + timedelta(days=1)
    await register.load_district(conn, changed, later)
    cell = await register.cell(conn)
    assert cell
    assert (cell.name_en, cell.loaded_at) == ("Renamed", later)
    assert await register.roads(conn) == b"other roads"
    assert {site.name_en for site in await register.sites(conn)} == {"New name"}
    assert await register.layer_names(conn) == ["fire", "water"]
    one = next(row for row in await candidates(conn, None) if row.code == "r-1")
    assert (one.vehicle, one.lon, one.position_at) == ("car", 117.2, now)
    assert {row.scope for row in await people.list_accounts(conn)} == {"tst002"}
    assert {code: device.device_id for code, device in (await devices_of(conn)).items()} == before


async def test_what_the_file_no_longer_names_stays(conn: Connection, loaded: District, now: datetime) -> None:
    """Messages and incidents refer to it; a device is taken out by revoking it."""
    await register.load_district(conn, replace(loaded, devices=loaded.devices[:1]), now)
    assert len(await devices_of(conn)) == len(loaded.devices)


async def test_gateway_that_a_device_lost(conn: Connection, loaded: District, now: datetime) -> None:
    alone = tuple(replace(device, gateway="") for device in loaded.devices)
    await register.load_district(conn, replace(loaded, devices=alone), now)
    assert {device.gateway for device in (await devices_of(conn)).values()} == {""}


async def test_another_cell_is_refused(conn: Connection, loaded: District, now: datetime) -> None:
    with pytest.raises(DifferentCell, match="the database holds cell tst, not oth"):
        await register.load_district(conn, replace(loaded, code="oth"), now)
    await conn.rollback()
    assert await register.cell(conn) is not None


async def test_district_that_does_not_fit_is_refused_whole(conn: Connection, small_district: District, now: datetime) -> None:
    broken = replace(
        small_district,
        areas=(*small_district.areas, Area("x", "x", "x", "nowhere", "subdistrict", {})),
        devices=(*small_district.devices, replace(small_district.devices[0], code="new-1", profile="toaster")),
    )
    with pytest.raises(BadDistrict, match="toaster") as refused:
        await register.load_district(conn, broken, now)
    assert len(refused.value.problems) == 2
    assert await register.cell(conn) is None


async def test_two_loaders_at_once(database: Database, small_district: District, now: datetime) -> None:
    async def load() -> None:
        async with await connect(database.dsn("vigil_owner")) as conn:
            await register.load_district(conn, small_district, now)

    await asyncio.gather(load(), load())
    async with await connect(database.dsn("vigil_owner")) as conn:
        assert len(await register.sites(conn)) == len(small_district.sites)


async def test_whole_cell_loads_in_seconds(conn: Connection, now: datetime) -> None:
    """The demo cell: 6,500 devices, 4,536 beds and what they stand in. Work of both sides counts, not waiting for others."""
    district = demo_district(1)
    assert len(district.devices) > 6_000
    assert sum(zone.kind == "bed" for zone in district.zones) == 4_536
    server = psutil.Process(conn.info.backend_pid)

    def worked() -> float:
        return sum(server.cpu_times()[:2]) + time.process_time()

    before = worked()
    await register.load_district(conn, district, now)
    assert worked() - before < 3
    assert len(await devices_of(conn)) == len(district.devices)
