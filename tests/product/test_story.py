"""The whole product, as its users meet it: a foreign press reaches the console; commands answer; a second start goes on."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import paho.mqtt.client as paho
import pytest
import websockets
from paho.mqtt.enums import CallbackAPIVersion

from tests.conftest import Product, start_product, stop_product

pytestmark = pytest.mark.slow


@contextmanager
def login(product: Product, name: str = "duty") -> Iterator[httpx.Client]:
    with httpx.Client(base_url=product.url, headers={"X-Vigil": "1"}) as client:
        answer = client.post("/api/login", json={"login": name, "password": product.passwords[name]})
        assert answer.status_code == 200, answer.text
        yield client


def press_with_paho(product: Product, device: str, topic: str, n: int = 1) -> None:
    """Ten lines of a foreign client."""
    token = product.ask("devices", "token", device)["token"]
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"foreign-{device}")
    client.username_pw_set(device, token)
    client.connect("127.0.0.1", product.mqtt_port)
    client.loop_start()
    body = {"t": int(time.time() * 1000), "b": f"f{time.time_ns() % 10**9}", "n": n, "e": "sos"}
    sent = client.publish(topic, json.dumps(body), qos=1)
    sent.wait_for_publish(10)
    assert sent.is_published()
    client.disconnect()
    client.loop_stop()


async def next_incident(product: Product, client: httpx.Client, act: Callable[[], None], site: str) -> dict[str, Any]:
    """What the live feed shows for a site after `act`."""
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    address = product.url.replace("http://", "ws://") + "/api/live"
    async with websockets.connect(address, additional_headers={"Cookie": cookie}, origin=websockets.Origin(product.url)) as feed:
        while json.loads(await asyncio.wait_for(feed.recv(), 10))["type"] != "snapshot":
            pass
        await asyncio.to_thread(act)
        async with asyncio.timeout(10):
            while True:
                message = json.loads(await feed.recv())
                if message["type"] == "incident" and message["incident"]["site"]["code"] == site:
                    found: dict[str, Any] = message["incident"]
                    return found


async def test_a_press_of_a_foreign_client_is_on_the_console(product: Product) -> None:
    with login(product) as client:
        site = next(one for one in client.get("/api/district").json()["sites"] if one["code"] == "h0003")
        topic = f"care/v1/{site['area']}/h0003/sos-h0003/event"
        card = await next_incident(product, client, lambda: press_with_paho(product, "sos-h0003", topic), "h0003")
    assert (card["kind"], card["hazard"], card["priority"], card["state"]) == ("sos", "person", 1, "open")


def test_the_story_from_button_to_closed_leaves_its_whole_trail(product: Product) -> None:
    incident = product.ask("simulate", "sos", "--site", "h0010")["incident"]
    with login(product) as desk:
        detail = desk.post(f"/api/incidents/{incident}/acknowledge", json={}).json()
        assert detail["card"]["acknowledged_by"] == "duty"
        detail = desk.post(f"/api/incidents/{incident}/dispatches", json={}).json()
        errand = detail["dispatch_list"][0]
        assert any(choice["chosen"] for choice in errand["ranking"])
        assert len(errand["route"]) >= 2
        for action in ("accept", "depart", "arrive", "enter", "finish"):
            done = desk.post(f"/api/dispatches/{errand['id']}/{action}", json={})
            assert done.status_code == 200, done.text
        assert desk.post(f"/api/incidents/{incident}/resolve", json={"note": "扶起，无伤"}).status_code == 200
        closed = desk.post(f"/api/incidents/{incident}/close", json={"cause": "help_needed", "note": ""})
        assert closed.status_code == 200, closed.text
    stamps = closed.json()["card"]["stamps"]
    order = [
        "raised",
        "received",
        "stored",
        "acknowledged",
        "offered",
        "accepted",
        "en_route",
        "arrived",
        "entered",
        "resolved",
        "closed",
    ]
    times = [stamps[name] for name in order]
    assert None not in times
    assert times[2:] == sorted(times[2:])
    assert closed.json()["card"]["state"] == "closed"


@pytest.mark.parametrize(
    ("scenario", "site", "hazard"),
    [("fall", "", "person"), ("fall_motion", "h0028", "person"), ("smoke", "inst03", "fire"), ("gas", "", "gas_co")],
)
def test_simulated_scenarios_reach_the_console(product: Product, scenario: str, site: str, hazard: str) -> None:
    shown = product.ask("simulate", scenario, *(["--site", site] if site else []))
    with login(product) as client:
        card = client.get(f"/api/incidents/{shown['incident']}").json()["card"]
    assert card["hazard"] == hazard
    assert card["alarms"] >= 1


def test_bad_input_of_commands_is_one_clear_line(product: Product) -> None:
    refused = product.vigil("simulate", "sos", "--site", "nowhere")
    assert refused.returncode == 1
    assert "expected a sos_button or wearable at nowhere, got none" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_second_up_on_the_same_folder_is_refused(product: Product) -> None:
    again = product.vigil("up", "--no-simulator")
    assert again.returncode == 1
    assert "another `vigil up` runs on this data folder" in again.stderr


def test_doctor_finds_it_well(product: Product) -> None:
    looked = product.vigil("doctor", "--json")
    report = json.loads(looked.stdout)
    broken = [one for one in report["checks"] if not one["ok"] and one["name"] != "console build"]
    assert not broken
    assert "part ingest-events" in {one["name"] for one in report["checks"]}


def test_a_revoked_device_is_refused_at_once_and_a_new_one_let_in(product: Product) -> None:
    enrolled = product.ask("devices", "enrol", "sos-new-1", "--profile", "sos_button", "--site", "h0011")
    where = {"hostname": "127.0.0.1", "port": product.mqtt_port}
    assert _lets_in(where, "sos-new-1", enrolled["token"], within_s=5)
    product.ask("devices", "revoke", "sos-new-1")
    assert not _lets_in(where, "sos-new-1", enrolled["token"], within_s=0)


def _lets_in(where: dict[str, Any], name: str, token: str, within_s: float) -> bool:
    """Whether the broker lets this device in, tried for so many seconds."""
    end = time.monotonic() + within_s
    while True:
        answers: list[bool] = []
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"try-{name}-{time.time_ns()}")
        client.username_pw_set(name, token)
        client.on_connect = lambda c, u, f, reason, p, answers=answers: answers.append(not reason.is_failure)
        client.connect(where["hostname"], where["port"])
        patience = time.monotonic() + 5
        while not answers and time.monotonic() < patience:
            client.loop(0.1)
        client.disconnect()
        if answers == [True]:
            return True
        if time.monotonic() > end:
            return False
        time.sleep(0.3)


def test_a_killed_part_comes_back_and_nothing_is_lost(product: Product) -> None:
    before = product.pids()
    for part in ("ingest-events", "api", "desk"):
        os.kill(before[part], signal.SIGKILL)
    shown = None
    end = time.monotonic() + 40
    while shown is None and time.monotonic() < end:
        done = product.vigil("simulate", "sos", "--site", "h0020", "--json")
        shown = json.loads(done.stdout) if done.returncode == 0 else None
    assert shown is not None
    with login(product) as client:
        assert client.get(f"/api/incidents/{shown['incident']}").json()["card"]["state"] == "open"


def test_the_second_start_continues_with_its_data(product: Product) -> None:
    """The one that all tests share is stopped and started again: they go on with what they left."""
    before = product.url, dict(product.passwords)
    incident = product.ask("simulate", "sos", "--site", "h0001")["incident"]
    assert stop_product(product) == 0
    arguments = ("--port", product.url.rpartition(":")[2], "--mqtt-port", str(product.mqtt_port), "--no-simulator")
    second = start_product(product.data, *arguments)
    product.process = second.process
    assert (second.url, second.passwords) == before
    with login(second) as client:
        card = client.get(f"/api/incidents/{incident}").json()["card"]
    assert card["state"] == "open"
