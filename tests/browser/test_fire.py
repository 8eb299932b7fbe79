"""A whole recorded fire, through MQTT to the console: zones in their order, why, their curves, whom to bring out, and
its playbook."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser import sirens
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
    await console.wait_for_timeout(400)  # a click in less time means what stood there before
    await card.click()
    return console.locator("section.panel")


async def press(console: Page, panel: Locator, step: str) -> Locator:
    """Press a step by the digit that it shows; its row."""
    row = panel.locator(f"[data-step={step}]")
    await console.keyboard.press(await row.locator("kbd").inner_text())
    return row


async def work_playbook(console: Page, panel: Locator, product: Product, shot: Shot) -> None:
    """119 with the sheet that is read aloud, the sirens until each has answered, a step that is only done, the CAP message."""
    called = await press(console, panel, "call_119")
    sheet = console.get_by_role("dialog")
    for words in ("要报火警", "101室", "I report a fire", "Room 101"):
        await expect(sheet.locator(".texts")).to_contain_text(words)
    await console.keyboard.press("?")
    await console.keyboard.press("2")
    await expect(console.locator("dialog[open]")).to_have_count(1)
    await shot(console, "9-call-119")
    await sheet.locator("button.go").click()
    await expect(called).to_contain_text("✓")

    async with sirens.powered(product, SITE) as count:
        await press(console, panel, "sound_siren")
        await expect(sheet).to_contain_text(f"{count} 台警报器")
        await sheet.locator("button.go").click()
        await expect(panel.locator("[data-siren] .state.sounding")).to_have_count(count, timeout=15_000)
        await shot(console, "9-playbook")

    moved = await press(console, panel, "evacuate_first")
    await expect(moved).to_contain_text("✓")
    async with console.expect_download() as found:
        await panel.locator("button.cap").click()
    message = await found.value
    assert re.fullmatch(r"vigil-[0-9a-f-]{36}-1\.xml", message.suggested_filename)
    assert "urn:oasis:names:tc:emergency:cap:1.2" in (await message.path()).read_text()


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

    shown = await listed.count()
    await console.keyboard.press("Escape")
    await work_playbook(console, panel, product, shot)

    detail = await asyncio.to_thread(read, product, f"/api/incidents/{incident}")
    stamped = [line["data"]["step"] for line in detail["trail"] if line["kind"] == "step_done"]
    assert stamped == ["call_119", "sound_siren", "evacuate_first"]
    assert {"siren_on", "siren_on_answered", "cap"} <= {line["kind"] for line in detail["trail"]}
    evacuees = detail["fire"]["evacuees"]
    assert len(evacuees) == shown
    cannot_walk = [one["reduced_mobility"] for one in evacuees if one["order"]]
    assert cannot_walk == sorted(cannot_walk, reverse=True) and any(cannot_walk)
    assert [line["data"] for line in detail["trail"] if line["kind"] == "brought_out"] == [
        {"senior": evacuees[0]["senior"]["code"]}
    ]
