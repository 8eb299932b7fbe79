"""The regulator follows a lost point in a real browser: ranking, institution, criterion, evidence, and what it is about."""

import re
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.test_story import open_as
from tests.conftest import Product

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Shot = Callable[[Page, str], Awaitable[None]]


async def test_a_regulator_clicks_a_lost_point_down_to_its_evidence(browser: Browser, product: Product, shot: Shot) -> None:
    page = await open_as(browser, product, "regulator", "/", (1600, 900))
    await page.get_by_role("button", name="消防安全").click()
    rows = page.locator("tbody tr[data-site]")
    await expect(rows).to_have_count(24, timeout=20_000)
    await shot(page, "7-safety-ranking")
    await rows.first.get_by_role("link").click()
    await expect(page).to_have_url(re.compile(r"/safety/inst\d\d$"))

    await page.locator("[data-criterion=drills]").click()
    await expect(page).to_have_url(re.compile(r"/drills$"))
    await page.locator("[data-criterion=self_tests]").click()
    await expect(page.locator("[data-criterion=self_tests]")).to_have_attribute("aria-pressed", "true")
    fact = page.locator("button.fact").first
    device = await fact.get_attribute("data-ref")
    assert device is not None
    await fact.click()
    await expect(page.get_by_role("dialog")).to_contain_text(device)
    await shot(page, "8-safety-evidence")
    await page.keyboard.press("Escape")

    await page.get_by_role("button", name="登记一次").click()
    await page.locator("input[name=by_whom]").fill("区消防救援支队")
    await page.locator("input[name=note]").fill("浏览器里登记的检查")
    await page.get_by_role("button", name="登记", exact=True).click()
    entry = page.locator("[data-check]").filter(has_text="浏览器里登记的检查")
    await expect(entry).to_be_visible()
    await page.reload()
    await expect(entry).to_be_visible(timeout=20_000)
    await entry.get_by_role("button", name="撤回").click()
    await entry.get_by_role("textbox").fill("登记错了机构")
    await entry.get_by_role("button", name="撤回这条登记").click()
    await expect(entry).to_contain_text("登记错了机构")
    await expect(entry).to_have_class(re.compile("gone"))
    await entry.scroll_into_view_if_needed()
    await shot(page, "9-safety-withdrawn")
    await page.go_back()
    await expect(rows).to_have_count(24)
