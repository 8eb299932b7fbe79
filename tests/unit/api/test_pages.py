"""The built dashboard: files, routes of the page itself, what lasts and what does not."""

from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient, Response
from starlette.applications import Starlette
from starlette.routing import Mount

from api.assembly import Pages


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>守望</title>")
    (tmp_path / "assets" / "main-3f2a.js").write_text("1")
    (tmp_path.parent / "secret.txt").write_text("no")
    return tmp_path


async def ask(built: Path, path: str) -> Response:
    app = Starlette(routes=[Mount("/", Pages(built))])
    async with AsyncClient(transport=ASGITransport(app), base_url="http://here") as client:
        return await client.get(path)


@pytest.mark.parametrize("path", ["/", "/index.html", "/responder", "/incidents/42", "/zh/deep/link"])
async def test_every_address_of_the_page_is_the_page(built: Path, path: str) -> None:
    answer = await ask(built, path)
    assert (answer.status_code, answer.text) == (200, "<title>守望</title>")
    assert answer.headers["cache-control"] == "no-cache"


async def test_what_carries_a_hash_lasts(built: Path) -> None:
    assert "immutable" in (await ask(built, "/assets/main-3f2a.js")).headers["cache-control"]


@pytest.mark.parametrize("path", ["/api/none", "/assets/gone.js", "/favicon.ico", "/%2e%2e/secret.txt", "/..%2fsecret.txt"])
async def test_what_is_missing_is_missing(built: Path, path: str) -> None:
    answer = await ask(built, path)
    assert answer.status_code == 404
