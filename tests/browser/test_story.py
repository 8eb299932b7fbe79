"""The story in a real browser: a press rings; it is acknowledged; a responder is sent, arrives, enters; it is closed."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.browser.conftest import LISTEN
from tests.conftest import Product

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Shot = Callable[[Page, str], Awaitable[None]]
STAMPS = (
    "raised",
    "received",
    "stored",
    "shown",
    "acknowledged",
    "offered",
    "accepted",
    "en_route",
    "arrived",
    "entered",
    "resolved",
    "closed",
)


async def open_as(browser: Browser, product: Product, login: str, path: str, size: tuple[int, int]) -> Page:
    """Log in as a person would, at a screen of this size."""
    context = await browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="zh-CN")
    page = await context.new_page()
    await page.add_init_script(LISTEN)
    await page.goto(product.url + path)
    await page.fill("input[name=login]", login)
    await page.fill("input[name=password]", product.passwords[login])
    await page.keyboard.press("Enter")
    return page


def responder_on_duty(product: Product) -> tuple[str, str, str]:
    """A demo account whose responder is on duty and free now: its login, code and name."""
    for login in (name for name in product.passwords if name.startswith("responder")):
        with httpx.Client(base_url=product.url, headers={"X-Vigil": "1"}) as client:
            client.post("/api/login", json={"login": login, "password": product.passwords[login]}).raise_for_status()
            me = client.get("/api/me").json()
        with httpx.Client(base_url=product.url, headers={"X-Vigil": "1"}) as desk:
            desk.post("/api/login", json={"login": "duty", "password": product.passwords["duty"]}).raise_for_status()
            for one in desk.get("/api/responders").json():
                if one["code"] == me["responder"] and one["on_duty"] and not one["busy"]:
                    return login, one["code"], one["name"]
    raise AssertionError("expected a responder with a demo account on duty, got none")


def trail(product: Product, incident: str) -> dict[str, Any]:
    with httpx.Client(base_url=product.url, headers={"X-Vigil": "1"}) as desk:
        desk.post("/api/login", json={"login": "duty", "password": product.passwords["duty"]}).raise_for_status()
        detail: dict[str, Any] = desk.get(f"/api/incidents/{incident}").json()
    return detail


async def send(console: Page, name: str) -> None:
    """Dispatch this responder from the list of candidates."""
    await console.keyboard.press("d")
    await console.keyboard.press("Enter")  # before there is anybody to choose: it sends nobody and closes nothing
    option = console.get_by_role("option").filter(has_text=name)
    await option.click()
    await console.get_by_role("dialog").locator("button.go").click()


async def late(route: Route) -> None:
    """The server does it at once and the board is told; its answer to who asked comes a second later."""
    answer = await route.fetch()
    await asyncio.sleep(1.0)
    await route.fulfill(response=answer)


async def test_from_the_button_to_the_closed_incident(browser: Browser, product: Product, shot: Shot) -> None:
    login, _, name = await asyncio.to_thread(responder_on_duty, product)
    console = await open_as(browser, product, "duty", "/", (1600, 900))
    await expect(console.locator(".live.on")).to_be_visible(timeout=15_000)
    await console.mouse.click(800, 800)  # the first gesture lets a page make sound
    silent = await console.evaluate("window.tones")

    shown = await asyncio.to_thread(product.ask, "simulate", "sos", "--site", "h1500")
    incident = shown["incident"]
    card = console.locator("button.card.p1.open").filter(has_text="紧急呼叫").first
    await expect(card).to_be_visible(timeout=5_000)
    await console.wait_for_function("before => window.tones > before", arg=silent, timeout=5_000)
    await console.wait_for_timeout(400)  # a click in less time means what stood there before
    await card.click()
    await expect(console.locator("[data-action=acknowledge]")).to_be_enabled()
    await expect(console.locator(".maplibregl-canvas")).to_be_visible()
    await expect(console.locator(".marks button.p1").first).to_be_visible()
    await shot(console, "1-rings")

    await console.route("**/candidates", late)
    await console.route("**/acknowledge", late)  # who presses A and then D must not lose what D opened
    await console.keyboard.press("a")
    await expect(console.locator("button.card.acknowledged")).to_be_visible()
    await send(console, name)
    await expect(console.locator("button.card.dispatched")).to_be_visible()
    await shot(console, "2-dispatched")

    phone = await open_as(browser, product, login, "/r", (360, 740))
    for step in ("accept", "depart", "arrive", "enter"):
        button = phone.locator(f"[data-action={step}]")
        await expect(button).to_be_visible(timeout=10_000)
        await shot(phone, f"3-phone-{step}")
        await button.click()
    await expect(console.locator("button.card.on_scene")).to_be_visible(timeout=5_000)
    await phone.locator("[data-action=finish]").click()
    await phone.get_by_role("button", name="人没事，已安顿").click()
    await expect(phone.locator("section.idle")).to_be_visible()

    await console.keyboard.press("r")
    await console.get_by_role("dialog").locator("button.go").click()
    await expect(console.locator("button.card.resolved")).to_be_visible()
    await shot(console, "4-resolved")
    await console.keyboard.press("x")
    await expect(console.get_by_role("radio").first).to_be_focused()
    await console.keyboard.press("5")
    await expect(console.get_by_role("radio").filter(has_text="需要帮助")).to_be_focused()
    await console.get_by_role("dialog").locator("button.go").click()
    await expect(console.locator("button.card.resolved")).to_have_count(0)

    detail = await asyncio.to_thread(trail, product, incident)
    assert detail["card"]["state"] == "closed"
    assert detail["card"]["cause"] == "help_needed"
    missing = [stamp for stamp in STAMPS if detail["card"]["stamps"][stamp] is None]
    assert not missing


async def test_a_console_that_loses_the_server_says_so_and_misses_nothing(browser: Browser, product: Product, shot: Shot) -> None:
    console = await open_as(browser, product, "duty", "/", (1366, 768))
    await expect(console.locator(".live.on")).to_be_visible(timeout=15_000)
    await console.context.set_offline(True)
    await console.evaluate("window.dispatchEvent(new Event('offline'))")
    await expect(console.locator("header.bar.dead")).to_be_visible(timeout=10_000)
    await shot(console, "5-disconnected")
    shown = json.loads(json.dumps(await asyncio.to_thread(product.ask, "simulate", "sos", "--site", "h0777")))
    await console.context.set_offline(False)
    await expect(console.locator("header.bar.dead")).to_have_count(0, timeout=15_000)
    await expect(console.locator("button.card.open").filter(has_text="紧急呼叫").first).to_be_visible()
    stamps = (await asyncio.to_thread(trail, product, shown["incident"]))["card"]["stamps"]
    assert stamps["shown"] is not None


async def test_the_console_speaks_english_too(browser: Browser, product: Product, shot: Shot) -> None:
    console = await open_as(browser, product, "duty", "/", (1600, 900))
    await expect(console.locator(".live.on")).to_be_visible(timeout=15_000)
    await console.get_by_role("button", name="中文 / EN").click()
    await expect(console.get_by_text("Institutions", exact=False).first).to_be_visible()
    await shot(console, "6-english")
