"""Every error as Problem JSON."""

from datetime import timedelta

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from api.attempts import TooManyAttempts
from api.problems import OURS, NotFound, install
from api.reads import AT_ONCE, MAY_WAIT, TooManyReads
from api.shapes import Login, Problem
from dispatch.incident import NotAllowed


async def answer_to(raised: Exception) -> Response:
    app = FastAPI()
    install(app, OURS)

    @app.get("/boom")
    async def boom() -> None:
        raise raised

    async with AsyncClient(transport=ASGITransport(app, raise_app_exceptions=False), base_url="http://here") as client:
        return await client.get("/boom")


@pytest.mark.parametrize("kind", [kind for kind in OURS if kind not in (NotAllowed, TooManyAttempts, TooManyReads)])
async def test_each_of_ours_answers_as_the_table_says(kind: type[Exception]) -> None:
    answer = await answer_to(kind("why"))
    assert answer.status_code == OURS[kind][0]
    assert Problem.model_validate_json(answer.content) == Problem(error=OURS[kind][1], detail="why")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_what_is_not_allowed_says_what_is() -> None:
    answer = await answer_to(NotAllowed("close", "open", ("acknowledge", "cancel")))
    assert (answer.status_code, answer.json()["allowed"]) == (409, ["acknowledge", "cancel"])
    assert "while open" in answer.json()["detail"]


async def test_too_many_attempts_say_when_to_come_again() -> None:
    answer = await answer_to(TooManyAttempts(timedelta(seconds=12.5)))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "13")


async def test_too_many_questions_say_what_was_expected_and_when_to_ask_again() -> None:
    answer = await answer_to(TooManyReads())
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert f"expected at most {AT_ONCE} at once and {MAY_WAIT} waiting" in answer.json()["detail"]


async def test_without_words_the_docstring_speaks() -> None:
    assert "not for you" in (await answer_to(NotFound())).json()["detail"]


async def test_a_fault_of_our_own_tells_nothing_of_itself() -> None:
    answer = await answer_to(RuntimeError("password=hunter2 at /srv/x.py"))
    assert (answer.status_code, answer.json()["error"]) == (500, "unexpected")
    assert "hunter2" not in answer.text


async def test_what_does_not_fit_is_named_but_never_repeated() -> None:
    app = FastAPI()
    install(app, OURS)

    @app.post("/login")
    async def login(body: Login) -> None:
        raise AssertionError

    async with AsyncClient(transport=ASGITransport(app), base_url="http://here") as client:
        answer = await client.post("/login", json={"login": "zhao", "password": "hunter2" * 100, "more": 1})
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")
    assert "body.password" in answer.json()["detail"]
    assert "body.more" in answer.json()["detail"]
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "error"), [("GET", "/no", 404, "not_found"), ("POST", "/boom", 405, "wrong_method")]
)
async def test_what_does_not_exist(method: str, path: str, status: int, error: str) -> None:
    app = FastAPI()
    install(app, OURS)

    @app.get("/boom")
    async def boom() -> None: ...

    async with AsyncClient(transport=ASGITransport(app), base_url="http://here") as client:
        answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
