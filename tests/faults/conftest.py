"""The product, a console and the load, started once for all cells; the table at the end."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

import httpx
import pytest
import pytest_asyncio

from devices.profiles import WEARABLES
from simulators.district import demo_district
from simulators.wire import Endpoint
from tests.conftest import ROOT, Product, free_port, start_product, stop_product
from tests.faults.harm import ALL, SHORT
from tests.faults.load import Load
from tests.faults.refusing import OFTEN, Refusal
from tests.faults.table import Row, markdown, page
from tests.faults.watcher import Watcher
from vigil import demo, state

_TELLERS = 100
_ROWS: list[Row] = []


@dataclass(slots=True)
class Stage:
    """Everything a cell needs. `rows` is where it leaves its figures; `frozen_s` how long it freezes."""

    product: Product
    dsn: str
    load: Load
    watcher: Watcher
    client: httpx.AsyncClient
    frozen_s: float
    rows: list[Row] = field(default_factory=lambda: _ROWS)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("faults")
    group.addoption(
        "--faults", choices=("short", "all"), default="short", help="how many cells of the fault matrix (all: ten minutes)"
    )
    group.addoption("--write-table", action="store_true", help="write docs/faults.md")


def _all(config: pytest.Config) -> bool:
    # A run that begins elsewhere loads this file too late for its options.
    return bool(config.getoption("faults", default="short") == "all")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    every = _all(metafunc.config)
    if "cell" in metafunc.fixturenames:
        metafunc.parametrize("cell", ALL if every else SHORT, ids=str)
    if "refusal" in metafunc.fixturenames:
        metafunc.parametrize("refusal", tuple(Refusal) if every else OFTEN, ids=str)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with folder() as data:
        arguments = ("--port", str(free_port()), "--mqtt-port", str(free_port()), "--no-simulator")
        product = await asyncio.to_thread(start_product, data / "var", *arguments)
        try:
            async with AsyncExitStack() as stack:
                yield await furnished(stack, product, 30.0 if _all(request.config) else 4.0)
        finally:
            assert await asyncio.to_thread(stop_product, product) == 0


@contextmanager
def folder() -> Iterator[Path]:
    """Not under pytest's own: any other pytest that starts closes that one to all but root, as whom PostgreSQL does not run."""
    with tempfile.TemporaryDirectory(prefix="vigil-faults-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


async def furnished(stack: AsyncExitStack, product: Product, frozen_s: float) -> Stage:
    """A console that watches, and devices that will talk, around a running product."""
    client = await stack.enter_async_context(httpx.AsyncClient(base_url=product.url, headers={"X-Vigil": "1"}, timeout=20))
    answer = await client.post("/api/login", json={"login": "duty", "password": product.passwords["duty"]})
    assert answer.status_code == 200, answer.text
    watcher = Watcher(product.url, "; ".join(f"{name}={value}" for name, value in client.cookies.items()))
    watching = asyncio.create_task(watcher.run())
    stack.push_async_callback(_ended, watching)
    load = await stack.enter_async_context(_load(product))
    async with asyncio.timeout(20):
        while not watcher.connected:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
    return Stage(product, state.database(product.data).dsn("vigil_owner"), load, watcher, client, frozen_s)


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _load(product: Product) -> Load:
    district = demo_district(state.read(product.data).seed)
    wearables = [one for one in district.devices if one.profile in WEARABLES][:_TELLERS]
    buttons = [one for one in district.devices if one.profile == "sos_button"]
    secret = demo.seed(product.data / "secrets")
    return Load(Endpoint("127.0.0.1", product.mqtt_port), secret, wearables, buttons, f"f{token_hex(5)}")


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not _ROWS:
        return
    terminalreporter.section("fault matrix")
    terminalreporter.write_line(markdown(_ROWS))
    if config.getoption("write_table", default=False):
        (ROOT / "docs" / "faults.md").write_text(page(_ROWS, datetime.now(UTC).date()))
