"""A whole recorded fire, through MQTT to the console: zones in their order, why, their curves, and whom to bring out."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.test_story import open_as
from tests.conftest import Product

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Shot = Callable[[Page, str], Awaitable[None]]
RECORDING = Path(__file__).parents[1] / "data" / "nist_sdc07_rooms.csv.gz"
SITE = "inst09"
# The positions of the recording, B the room of origin, by when smoke passes 10 %/m: 55, 83, 95, 107, 139 and 153 s after ignition.
ROOMS = ("101室", "102室", "103室", "104室", "105室", "106室")
SPEED = 15
HEAT = re.compile(r"超过 8\.3 °C/min|达到报警限 58 °C")  # which of the two is first depends on how fast it is played


async def burn(product: Product) -> str:
    """Play the recording through the detectors of the first six rooms; the incident."""
    arguments = ("replay", str(RECORDING), "--site", SITE, "--speed", str(SPEED))
    return (await asyncio.to_thread(product.ask, *arguments, timeout=120))["incident"]


def read(product: Product, path: str) -> Any:
    """What the api answers to the duty officer."""
    with httpx.Client(base_url=product.url, headers={"X-Vigil": "1"}) as desk:
        desk.post("/api/login", json={"login": "duty", "password": product.passwords["duty"]}).raise_for_status()
        return desk.get(path).json()


async def look_at(console: Page, product: Product, site: str = SITE, patience_s: float = 60) -> Locator:
    """Select the fire of the site as soon as it stands in the queue; its panel."""
    sites = (await asyncio.to_thread(read, product, "/api/district"))["sites"]
    name = next(one["name_zh"] for one in sites if one["code"] == site)
    card = console.locator("button.card").filter(has_text=name).filter(has_text=re.compile("烟雾|火情")).first
    await expect(card).to_be_visible(timeout=patience_s * 1000)
    await card.click()
    return console.locator("section.panel")


async def test_a_recorded_fire_from_the_first_room_to_the_evacuation_list(browser: Browser, product: Product, shot: Shot) -> None:
    console = await open_as(browser, product, "duty", "/", (1600, 900))
    await expect(console.locator(".live.on")).to_be_visible(timeout=15_000)
    fire = asyncio.create_task(burn(product))
    panel = await look_at(console, product)
    incident = await fire
    rungs = panel.locator(".ladder > li")
    await expect(rungs).to_have_count(len(ROOMS), timeout=15_000)
    await expect(panel.locator(".instruction")).to_contain_text("火情已确认")
    for rung, room in zip(await rungs.all(), ROOMS, strict=True):
        await expect(rung.locator(".name")).to_contain_text(room)
        await expect(rung.locator("svg path").first).to_have_attribute("d", re.compile(r"M.+L.+"))
    await shot(console, "7-fire")

    await rungs.first.locator("button.rung").click()
    whole = rungs.first.locator(".whole")
    for words in ("达到报警限 10 %/m", "EN 54-7", HEAT, "个独立迹象一致", "秒前的值"):
        await expect(whole).to_contain_text(words)
    assert await whole.locator("line.limit").count() == 2

    people = panel.locator(".evacuation li")
    await expect(people.first.locator(".chip.warn").first).to_be_visible()
    await panel.locator(".people button").click()
    listed = console.get_by_role("dialog").locator("li")
    first = listed.first
    bed = await first.locator(".bed").inner_text()
    await first.get_by_role("button").click()
    await expect(first).to_contain_text("✓")
    await shot(console, "8-evacuation")
    await console.emulate_media(media="print")
    await expect(console.locator(".paper")).to_contain_text(bed)
    await expect(console.locator("#app")).to_be_hidden()
    await console.emulate_media(media="screen")

    detail = await asyncio.to_thread(read, product, f"/api/incidents/{incident}")
    evacuees = detail["fire"]["evacuees"]
    assert len(evacuees) == await listed.count()
    cannot_walk = [one["reduced_mobility"] for one in evacuees if one["order"]]
    assert cannot_walk == sorted(cannot_walk, reverse=True) and any(cannot_walk)
    assert [line["data"] for line in detail["trail"] if line["kind"] == "brought_out"] == [
        {"senior": evacuees[0]["senior"]["code"]}
    ]
