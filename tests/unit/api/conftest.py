"""Rows as the store would give them, with everything that a test does not care about filled in."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from api.access import Viewer
from store.board import CardRow, DispatchRow

NIGHT = datetime(2026, 3, 1, 3, 10, tzinfo=UTC)

_CARD: dict[str, Any] = {
    "id": UUID(int=1),
    "version": 1,
    "hazard": "person",
    "subject_kind": "senior",
    "subject": "s-1",
    "kind": "sos",
    "kinds": ["sos"],
    "priority": 1,
    "state": "open",
    "state_at": NIGHT,
    "drill": False,
    "rings": 1,
    "level": 0,
    "escalated_at": None,
    "late_s": 0,
    "alarms": 1,
    "active_alarms": 1,
    "area": "120105001",
    "site": "home-1",
    "site_kind": "home",
    "site_name_zh": "金鹏里7-2-402",
    "site_name_en": "Jinpengli 7-2-402",
    "site_address": "王串场街道金鹏里7号楼2门402室",
    "site_lon": 117.2,
    "site_lat": 39.15,
    "zone": "",
    "zone_kind": "",
    "zone_name_zh": "",
    "zone_name_en": "",
    "zone_floor": 0,
    "senior": "s-1",
    "senior_name": "李秀英",
    "senior_sex": "f",
    "senior_birth_year": 1940,
    "senior_tags": ["lives_alone"],
    "senior_ability_level": 2,
    "device": "sos-1",
    "acknowledged_by": None,
    "cause": None,
    "note": "",
    "pressed_or_fire": True,
    "raised_at": NIGHT,
    "received_at": NIGHT,
    "stored_at": NIGHT,
    **dict.fromkeys(
        (
            "shown_at", "acknowledged_at", "offered_at", "accepted_at", "en_route_at", "arrived_at", "entered_at", "resolved_at",
            "closed_at",
        )
    ),
}  # fmt: skip

_ERRAND: dict[str, Any] = {
    "id": UUID(int=100),
    "incident": UUID(int=1),
    "responder": "r-1",
    "responder_name": "孙护士",
    "responder_kind": "nurse",
    "vehicle": "ebike",
    "attempt": 1,
    "state": "offered",
    "offered_by": "duty",
    "offered_at": NIGHT,
    "deadline_at": NIGHT,
    "accepted_at": None,
    "en_route_at": None,
    "arrived_at": None,
    "entered_at": None,
    "ended_at": None,
    "travel_s": 240.0,
    "distance_m": 900.0,
    "route": [[117.2, 39.15], [117.21, 39.16]],
    "ranking": [],
}


@pytest.fixture(scope="session")
def card_row() -> Callable[..., CardRow]:
    """An open SOS of Li Xiuying at home, or what a test makes of it; `number` is its id."""

    def row(number: int = 1, **changes: Any) -> CardRow:
        return CardRow(**{**_CARD, "id": UUID(int=number), **changes})

    return row


@pytest.fixture(scope="session")
def errand_row() -> Callable[..., DispatchRow]:
    """An offer to r-1, or what a test makes of it."""

    def row(**changes: Any) -> DispatchRow:
        return DispatchRow(**{**_ERRAND, **changes})

    return row


@pytest.fixture
def viewer() -> Callable[..., Viewer]:
    """Someone of a role, in 120105 unless said otherwise."""

    def someone(role: str, scope: str = "120105", responder: str | None = None) -> Viewer:
        return Viewer(role, "某", 1, role, scope, responder)

    return someone
