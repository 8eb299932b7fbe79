"""Logging in and out, over HTTP against a real server."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.app import ApiSettings
from store.server import Database

pytestmark = pytest.mark.integration
PASSWORD = "night watch 守望"


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(api: Any) -> None:
    browser = await api.browser()
    answer = await browser.post("/api/login", json={"login": "duty-1", "password": PASSWORD})
    assert answer.json() == {
        "login": "duty-1",
        "name": "一号值班",
        "role": "duty",
        "scope": "tst001",
        "responder": None,
        "demo": True,
    }
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    assert len(browser.cookies["vigil_session"]) >= 43
    assert (await browser.get("/api/me")).json()["login"] == "duty-1"


async def test_over_https_the_cookie_is_secure(settings: ApiSettings, start_api: Callable[[ApiSettings], Awaitable[Any]]) -> None:
    browser = await (await start_api(replace(settings, secure_cookies=True))).browser()
    answer = await browser.post("/api/login", json={"login": "duty-1", "password": PASSWORD})
    assert "Secure" in answer.headers["set-cookie"]


async def test_only_the_hash_of_the_token_is_stored(api: Any, field_of: Any) -> None:
    browser = await api.login("duty")
    rows = await (await field_of.conn.execute("SELECT encode(token_sha256, 'escape') FROM sessions")).fetchall()
    assert len(rows) == 1
    assert browser.cookies["vigil_session"] not in str(rows)


@pytest.mark.parametrize("login", ["duty-1", "nobody"])
async def test_a_wrong_password_and_an_unknown_login_answer_alike(api: Any, login: str) -> None:
    browser = await api.browser()
    answer = await browser.post("/api/login", json={"login": login, "password": "wrong"})
    assert (answer.status_code, answer.json()["error"]) == (401, "wrong_credentials")
    assert answer.json()["detail"] == "login and password do not belong together"
    assert "set-cookie" not in answer.headers


async def test_after_five_failures_even_the_right_password_waits(api: Any) -> None:
    browser = await api.browser()
    wrong = {"login": "duty", "password": "wrong"}
    answers = await asyncio.gather(*(browser.post("/api/login", json=wrong) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 3
    answer = await browser.post("/api/login", json={"login": "duty", "password": PASSWORD})
    assert (answer.status_code, answer.json()["error"]) == (429, "too_many_attempts")
    assert 0 < int(answer.headers["retry-after"]) <= 301
    assert (await browser.post("/api/login", json={"login": "admin", "password": PASSWORD})).status_code == 200


async def test_a_flood_of_random_logins_holds_up_only_itself(settings: ApiSettings, start_api: Callable[..., Any]) -> None:
    api = await start_api(settings)
    browser = await api.browser()
    flood = [browser.post("/api/login", json={"login": f"random-{number}", "password": "x"}) for number in range(150)]
    answers = await asyncio.gather(*flood)
    assert {answer.status_code for answer in answers} == {401, 429}
    assert sum(answer.status_code == 401 for answer in answers) <= 60
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 429)


@pytest.mark.parametrize("body", [{"login": "du\0ty", "password": "x"}, {"login": "duty", "password": "\0"}])
async def test_a_nul_in_a_text_is_refused(api: Any, body: dict[str, str]) -> None:
    answer = await (await api.browser()).post("/api/login", json=body)
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")
    assert "NUL" in answer.json()["detail"]


async def test_claiming_other_addresses_buys_no_attempts(api: Any) -> None:
    """`X-Forwarded-For` counts only where a proxy is said to stand in front."""
    browser = await api.browser()
    wrong = {"login": "duty", "password": "wrong"}
    claims = [{"X-Forwarded-For": f"10.0.0.{number}"} for number in range(6)]
    answers = [await browser.post("/api/login", json=wrong, headers=claim) for claim in claims]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]


async def test_a_disabled_account_and_one_without_password_cannot_log_in(api: Any, field_of: Any) -> None:
    await field_of.conn.execute("UPDATE accounts SET disabled_at = now() WHERE login = 'duty'")
    await field_of.conn.execute("UPDATE accounts SET password_argon2 = NULL WHERE login = 'admin'")
    await field_of.conn.commit()
    browser = await api.browser()
    for login in ("duty", "admin"):
        assert (await browser.post("/api/login", json={"login": login, "password": PASSWORD})).status_code == 401


async def test_logging_out_ends_it_everywhere(
    api: Any, settings: ApiSettings, start_api: Callable[[ApiSettings], Awaitable[Any]]
) -> None:
    browser = await api.login("duty")
    console = await api.console(browser)
    token = browser.cookies["vigil_session"]
    assert (await browser.post("/api/logout")).status_code == 204
    await console.until(lambda c: c.closed == 4401)
    again = await api.browser()
    again.cookies.set("vigil_session", token)
    assert (await again.get("/api/me")).json()["error"] == "not_logged_in"
    elsewhere = await (await start_api(settings)).browser()
    elsewhere.cookies.set("vigil_session", token)
    assert (await elsewhere.get("/api/me")).status_code == 401


async def test_a_new_password_ends_the_sessions_of_the_old_one(
    api: Any, settings: ApiSettings, start_api: Callable[[ApiSettings], Awaitable[Any]], database: Database, tmp_path: Path
) -> None:
    """In every process and at once; nobody else's."""
    browser, other = await api.login("duty"), await api.login("admin")
    console, others = await api.console(browser), await api.console(other)
    elsewhere = await (await start_api(settings)).browser()
    elsewhere.cookies.set("vigil_session", browser.cookies["vigil_session"])
    assert (await elsewhere.get("/api/me")).status_code == 200
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "vigil", "users", "passwd", "duty", "--data", str(tmp_path)),
        env={**os.environ, "VIGIL_DATABASE_URL": database.dsn("vigil_owner")},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    await command.communicate(b"a new night watch\n")
    assert command.returncode == 0
    await console.until(lambda c: c.closed == 4401, seconds=2)
    for one in (browser, elsewhere):
        assert (await one.get("/api/me")).status_code == 401
    assert (await other.get("/api/me")).status_code == 200
    assert others.closed is None
    await api.login("duty", "a new night watch")


async def test_a_session_of_another_process_is_known_here_too(
    api: Any, settings: ApiSettings, start_api: Callable[[ApiSettings], Awaitable[Any]]
) -> None:
    other = await start_api(settings)
    browser = await api.login("duty")
    there = await other.browser()
    there.cookies.set("vigil_session", browser.cookies["vigil_session"])
    assert (await there.get("/api/me")).json()["login"] == "duty"


@pytest.mark.parametrize("token", ["", "x", "a" * 5000])
async def test_a_forged_cookie_is_nobody(api: Any, token: str) -> None:
    browser = await api.browser()
    browser.cookies.set("vigil_session", token)
    assert (await browser.get("/api/me")).status_code == 401


@pytest.mark.parametrize(
    "path",
    ["/api/me", "/api/incidents", "/api/district", "/api/layers/water", "/api/responders", "/api/devices", "/api/unprotected",
     "/api/circle", "/api/rejected", "/api/responder/errands", "/api/responders/r-1/isochrone"],
)  # fmt: skip
async def test_nothing_is_shown_without_a_session(api: Any, path: str) -> None:
    answer = await (await api.browser()).get(path)
    assert (answer.status_code, answer.json()["error"]) == (401, "not_logged_in")


async def test_a_write_without_our_header_is_refused(api: Any) -> None:
    browser = await api.login("duty")
    answer = await browser.post("/api/logout", headers={"X-Vigil": ""})
    assert (answer.status_code, answer.json()["error"]) == (403, "csrf")
    assert (await browser.get("/api/me")).status_code == 200


async def test_health_and_metrics(api: Any) -> None:
    browser = await api.browser()
    health = (await browser.get("/api/health")).json()
    assert (health["database"], health["broker"]) == (True, False)
    assert "vigil_api_database_up 1.0" in (await browser.get("/metrics")).text
