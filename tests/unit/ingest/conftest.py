"""A small register: one device of every profile in one home behind one gateway, one of them elsewhere, one revoked."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from broker.session import Arrived
from devices.keys import milliseconds
from devices.profiles import PROFILES
from ingest.said import Register, known
from store.devices import RegisteredDevice

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)

Deliver = Callable[..., Arrived]
Enrolled = Callable[..., RegisteredDevice]


@pytest.fixture(scope="session")
def now() -> datetime:
    """When everything arrives, unless a test says otherwise."""
    return NOW


@pytest.fixture(scope="session")
def t(now: datetime) -> int:
    """The same moment as devices write it."""
    return milliseconds(now)


@pytest.fixture(scope="session")
def enrolled() -> Enrolled:
    """Makes a device of the register."""
    return _enrolled


@pytest.fixture(scope="session")
def register() -> Register:
    """`<profile code>-1`; `sos-2` lives elsewhere, `sos-3` was revoked an hour ago, `far-gw` is another site's gateway."""
    devices = [_enrolled(f"{profile.code}-1", profile.name, number) for number, profile in enumerate(PROFILES.values(), 1)]
    devices += [
        _enrolled("sos-2", "sos_button", 101, site="home-2", site_id=2, gateway=""),
        _enrolled("sos-3", "sos_button", 102, revoked_at=NOW - timedelta(hours=1)),
        _enrolled("far-gw", "gateway", 103, site="home-2", site_id=2, gateway=""),
        _enrolled("0x00158d0001234567", "smoke_detector", 104),
        _enrolled("24e124535b316056", "sos_button", 105),
        _enrolled("kin-1", "sos_button", 106, gateway=""),
    ]
    return known({device.code: device for device in devices})


@pytest.fixture(scope="session")
def deliver() -> Deliver:
    """Makes a delivery; a payload that is not bytes is written as JSON."""
    return _deliver


def _enrolled(code: str, profile: str, device_id: int, **more: Any) -> RegisteredDevice:
    place = {"site_id": 1, "site": "home-1", "area": "tst001", "zone_id": 7, "zone": "home-1-bath", "gateway": "gw-1"}
    return RegisteredDevice(
        **{
            "device_id": device_id,
            "code": code,
            "profile": profile,
            "profile_version": 1,
            "senior_id": 3,
            "senior": "s-1",
            "firmware": "1.0",
            "enrolled_at": NOW - timedelta(days=30),
            "revoked_at": None,
            **place,
            **more,
        }
    )


def _deliver(topic: str, payload: Any, *, at: datetime = NOW, mid: int = 1, generation: int = 1, retained: bool = False) -> Arrived:
    sent = payload if isinstance(payload, bytes) else msgspec.json.encode(payload)
    return Arrived(topic=topic, payload=sent, retained=retained, dup=False, qos=1, mid=mid, generation=generation, at=at)
