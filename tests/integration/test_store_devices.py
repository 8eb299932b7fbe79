"""The register decides where a device is; tokens and revocations reach those who judge connections."""

from dataclasses import replace
from datetime import datetime, timedelta

import psycopg
import pytest

from care.district import District
from store import devices, register
from store.connect import Connection
from store.devices import DeviceExists, UnknownDevice, UnknownPlace, UnknownSite

pytestmark = pytest.mark.integration

TOKEN = bytes(range(32))


async def notices(conn: Connection) -> list[tuple[str, str]]:
    """What this connection has heard by now."""
    await conn.commit()
    return [(notice.channel, notice.payload) async for notice in conn.notifies(timeout=0.2)]


async def test_register_has_every_device_with_its_places(conn: Connection, loaded: District, now: datetime) -> None:
    found = await devices.register(conn)
    assert sorted(found) == sorted(device.code for device in loaded.devices)
    bed, button = found["bed-9"], found["sos-1"]
    assert (bed.zone, bed.senior, bed.gateway, bed.site, bed.area) == ("inst-1-r101-b1", "s-3", "gw-9", "inst-1", "tst002")
    assert (button.zone, button.zone_id, button.gateway, button.senior) == ("", None, "", "s-1")
    assert button.enrolled_at == now
    assert await devices.one(conn, "bed-9") == bed


async def test_devices_of_one_place_share_its_name(conn: Connection, loaded: District) -> None:
    """A register of fifty thousand names a few hundred places: each name is one object."""
    of: dict[str, set[int]] = {}
    for one in (await devices.register(conn)).values():
        for name in (one.area, one.site, one.profile):
            of.setdefault(name, set()).add(id(name))
    assert len(of) < 2 * len(loaded.devices)
    assert all(len(objects) == 1 for objects in of.values())


async def test_unknown_device_is_named(conn: Connection, loaded: District) -> None:
    with pytest.raises(UnknownDevice, match="'nobody' is not in the register"):
        await devices.one(conn, "nobody")


async def test_credentials_are_those_with_a_token_and_not_revoked(api_conn: Connection, loaded: District, now: datetime) -> None:
    assert await devices.credentials(api_conn) == {}
    assert await devices.set_tokens(api_conn, {"sos-1": TOKEN, "sos-2": TOKEN}) == 2
    await devices.revoke(api_conn, "sos-2", now)
    found = await devices.credentials(api_conn)
    assert found == {"sos-1": devices.DeviceCredential("sos-1", TOKEN, "tst001", "home-1", "sos_button")}


async def test_setting_the_same_tokens_changes_nothing(conn: Connection, loaded: District) -> None:
    await devices.set_tokens(conn, {"sos-1": TOKEN})
    assert await devices.set_tokens(conn, {"sos-1": TOKEN}) == 0


async def test_token_of_an_unknown_device_is_refused(conn: Connection, loaded: District) -> None:
    with pytest.raises(UnknownDevice):
        await devices.set_tokens(conn, {"sos-1": TOKEN, "nobody": TOKEN})
    assert await devices.credentials(conn) == {}


async def test_token_of_a_wrong_length_is_refused(conn: Connection, loaded: District) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        await devices.set_tokens(conn, {"sos-1": b"short"})


async def test_enrol(api_conn: Connection, loaded: District, now: datetime) -> None:
    await devices.enrol(api_conn, "bed-10", "bed_sensor", "inst-1", "inst-1-r101-b2", "", "gw-9", TOKEN, now)
    found = await devices.one(api_conn, "bed-10")
    assert (found.area, found.zone, found.gateway, found.profile_version, found.revoked_at) == (
        "tst002",
        "inst-1-r101-b2",
        "gw-9",
        1,
        None,
    )
    assert "bed-10" in await devices.credentials(api_conn)


async def test_enrol_twice(conn: Connection, loaded: District, now: datetime) -> None:
    with pytest.raises(DeviceExists, match="sos-1"):
        await devices.enrol(conn, "sos-1", "sos_button", "home-1", "", "", "", None, now)


@pytest.mark.parametrize(
    ("wrong", "noun"),
    [
        ({"site": "nowhere"}, "site"),
        ({"zone": "home-1-bath"}, "zone"),  # of another site
        ({"senior": "s-1"}, "senior"),  # who lives elsewhere
        ({"gateway": "gw-0"}, "gateway"),
        ({"profile": "toaster"}, "profile"),
    ],
)
async def test_enrol_at_a_place_that_does_not_exist(
    conn: Connection, loaded: District, now: datetime, wrong: dict[str, str], noun: str
) -> None:
    given = {"profile": "bed_sensor", "site": "inst-1", "zone": "", "senior": "", "gateway": "", **wrong}
    with pytest.raises(UnknownSite if noun == "site" else UnknownPlace) as refused:
        await devices.enrol(
            conn, "new-1", given["profile"], given["site"], given["zone"], given["senior"], given["gateway"], None, now
        )
    assert refused.value.noun == noun
    assert "new-1" not in await devices.register(conn)


@pytest.mark.parametrize("code", ["", "Ü", "a" * 41, "a/b", "+", "A"])
async def test_code_that_no_topic_can_carry(conn: Connection, loaded: District, now: datetime, code: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        await devices.enrol(conn, code, "sos_button", "home-1", "", "", "", None, now)


async def test_revoked_once(conn: Connection, loaded: District, now: datetime) -> None:
    await devices.revoke(conn, "sos-1", now)
    await devices.revoke(conn, "sos-1", now + timedelta(hours=1))
    assert (await devices.one(conn, "sos-1")).revoked_at == now
    with pytest.raises(UnknownDevice):
        await devices.revoke(conn, "nobody", now)


async def test_changes_are_noticed_after_the_commit(conn: Connection, loaded: District, now: datetime) -> None:
    await conn.execute("LISTEN vigil_register")
    await conn.commit()
    await devices.revoke(conn, "sos-1", now)
    await devices.set_tokens(conn, {"sos-2": TOKEN})
    await devices.enrol(conn, "new-1", "sos_button", "home-1", "", "s-1", "", None, now)
    await register.load_district(conn, loaded, now)
    assert await notices(conn) == [("vigil_register", "sos-1"), ("vigil_register", ""), ("vigil_register", "new-1")]


async def test_rolled_back_change_is_never_noticed(conn: Connection, loaded: District, now: datetime) -> None:
    await conn.execute("LISTEN vigil_register")
    await conn.commit()
    await devices.revoke(conn, "sos-1", now)
    await conn.rollback()
    assert await notices(conn) == []


async def test_health_unknown_is_unknown(conn: Connection, loaded: District) -> None:
    rows = await devices.health(conn, "site:home-2")
    assert [row.code for row in rows] == ["sos-2"]
    assert (rows[0].seen_at, rows[0].online, rows[0].battery, rows[0].firmware) == (None, None, None, "1.0")


async def test_health_by_scope_and_site(conn: Connection, loaded: District, now: datetime) -> None:
    everywhere = {row.code for row in await devices.health(conn)}
    assert everywhere == {device.code for device in loaded.devices}
    assert {row.site for row in await devices.health(conn, "tst001")} == {"home-1", "home-2"}
    assert await devices.health(conn, "tst001", "inst-1") == []
    assert {row.site for row in await devices.health(conn, "tst", "inst-1")} == {"inst-1"}
    await devices.revoke(conn, "sos-2", now)
    assert await devices.health(conn, "site:home-2") == []


async def test_reload_keeps_token_and_revocation(conn: Connection, loaded: District, now: datetime) -> None:
    await devices.set_tokens(conn, {"sos-1": TOKEN, "sos-2": TOKEN})
    await devices.revoke(conn, "sos-2", now)
    moved = replace(loaded, devices=tuple(replace(d, firmware="3.0") for d in loaded.devices))
    await register.load_district(conn, moved, now + timedelta(days=1))
    assert list(await devices.credentials(conn)) == ["sos-1"]
    assert (await devices.one(conn, "sos-1")).firmware == "3.0"
    assert (await devices.one(conn, "sos-1")).enrolled_at == now


async def test_worker_may_not_enrol(worker_conn: Connection, loaded: District, now: datetime) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await devices.enrol(worker_conn, "new-1", "sos_button", "home-1", "", "", "", None, now)
