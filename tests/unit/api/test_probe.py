"""The probe's press is seen by the probe alone; its key opens that and nothing else; what it reports is never taken on trust."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.access import Action, Thing, Viewer, may
from api.cards import thing_of
from api.hub import Hub
from api.live import probe_session
from api.probe import Try, latest
from care.people import ROLES
from store.board import CardRow
from store.health import WorkerRow

NOW = datetime(2026, 3, 1, 3, 10, tzinfo=UTC)
KEY = "k" * 64
OWN = Thing("120105001", "inst-1", probe=True)
OTHER = Thing("120105001", "inst-1", frozenset({""}))
Cards = Callable[..., CardRow]
Viewers = Callable[..., Viewer]


def watcher() -> Viewer:
    session = probe_session({"authorization": f"Bearer {KEY}"}, KEY)
    assert session is not None
    return session.viewer


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", [*ROLES, "", "root"])
def test_nobody_sees_or_touches_the_probes_press(role: str, action: Action) -> None:
    assert not may(Viewer("x", "某", 1, role, "120105", "r-1"), action, OWN)


@pytest.mark.parametrize("action", Action)
def test_the_probe_sees_its_press_and_nothing_else(action: Action) -> None:
    assert may(watcher(), action, OWN) == (action in {Action.SEE_INCIDENT, Action.SEE_FIGURES})
    assert not may(watcher(), action, OTHER)


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", f"Basic {KEY}", f"Bearer {KEY}x", f"Bearer {KEY[:-1]}", KEY, "Bearer é"]
)
def test_only_the_key_opens_the_probes_console(header: str) -> None:
    assert probe_session({"authorization": header}, KEY) is None


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer x"])
def test_without_a_key_there_is_no_such_console(header: str) -> None:
    assert probe_session({"authorization": header} if header else {}, "") is None


def test_the_key_is_not_kept() -> None:
    session = probe_session({"authorization": f"bearer {KEY}"}, KEY)
    assert session is not None
    assert KEY not in repr(session)


async def test_the_hub_tells_the_probe_alone(card_row: Cards, viewer: Viewers) -> None:
    here = Hub("test", NOW)
    everyone = [here.join(viewer(role), role.encode()) for role in ("duty", "admin", "regulator", "responder")]
    probe = here.join(watcher(), b"p")
    here.changed([card_row(1, kind="probe", drill=True, senior="")])
    here.changed([card_row(2)])
    told = {
        client: [json.loads(await client.next()) for _ in range(3 if client is probe else 2)] for client in (probe, *everyone[:3])
    }
    assert [one["incident"]["kind"] for one in told[probe] if one["type"] == "incident"] == ["probe"]
    assert not [one for client in everyone[:3] for one in told[client] if one.get("incident", {}).get("kind") == "probe"]
    assert here.scopes() == {"120105"}, "nobody computes figures for the probe"


def test_a_probes_card_is_known_by_its_kind(card_row: Cards) -> None:
    assert thing_of(card_row(kind="probe")).probe
    assert not thing_of(card_row(kind="probe_lost")).probe


def worker(at: datetime = NOW, lane: str = "probe", **stats: Any) -> WorkerRow:
    return WorkerRow("probe-1", lane, NOW, at, stats)


def test_the_newest_report_counts() -> None:
    old = worker(NOW - timedelta(minutes=1), success_at=(NOW - timedelta(hours=1)).isoformat(), ms=99.0)
    new = worker(success_at=NOW.isoformat(), ms=12.5, history=[[int(NOW.timestamp() * 1000), 12.5, ""], [5, None, "not_shown"]])
    found = latest([new, old, worker(lane="events")])
    assert found is not None
    assert (found.success_at, found.ms, found.at) == (NOW, 12.5, NOW)
    assert found.tries == (Try(NOW, 12.5, ""), Try(datetime.fromtimestamp(0.005, UTC), None, "not_shown"))
    assert latest([worker(lane="events")]) is None


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=4)
)


@given(st.dictionaries(st.sampled_from(["success_at", "ms", "history"]), ANY))
def test_no_report_breaks_the_figures(stats: dict[str, Any]) -> None:
    found = latest([worker(**stats)])
    assert found is not None
    assert len(found.tries) <= 60
