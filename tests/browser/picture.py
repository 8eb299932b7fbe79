"""Make docs/fire.jpg: the console while the recorded fire goes from room to room, at a running product with its simulated life.

python -m tests.browser.picture DATA     DATA is the folder of `vigil up`
"""

import asyncio
import json
import sys
from pathlib import Path

from playwright.async_api import async_playwright

from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.test_fire import RECORDING, ROOMS, look_at
from tests.browser.test_story import open_as
from tests.conftest import ROOT, Product

PICTURE = ROOT / "docs" / "fire.jpg"
SITE = "inst11"
SPEED = 1  # as it was: two minutes and a half until the sixth room


def running(data: Path) -> Product:
    """A product that somebody else has started."""
    state = json.loads((data / "run.json").read_text())
    passwords = json.loads((data / "secrets" / "demo_passwords.json").read_text())
    return Product(data, state["url"], state["mqtt_port"], passwords, None)  # type: ignore[arg-type]


async def main(data: Path) -> None:
    """Play, wait for the last room, open the first, take the picture."""
    product = running(data)
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        console = await open_as(browser, product, "duty", "/", (1600, 1240))
        arguments = ("replay", str(RECORDING), "--site", SITE, "--speed", str(SPEED))
        fire = asyncio.create_task(asyncio.to_thread(product.ask, *arguments, timeout=600))
        panel = await look_at(console, product, SITE, 200)
        await panel.locator(".ladder > li").nth(len(ROOMS) - 1).wait_for(timeout=300_000)
        await console.keyboard.press("a")
        await panel.locator("button.rung").first.click()
        await console.wait_for_timeout(11_000)  # the curves are read again every ten seconds
        await console.screenshot(path=PICTURE, type="jpeg", quality=80)
        await fire
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
