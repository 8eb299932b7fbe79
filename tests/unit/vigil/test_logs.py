"""Logs: one line an entry for machines, nothing secret in either form, and a wrong setting is said, not ignored."""

import io
import json
import logging
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.logs import Human, Json, blotted, start
from vigil.settings import BadSetting, Settings


@pytest.fixture
def logger() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(Json())
    log = logging.getLogger("test.logs")
    log.addHandler(handler)
    log.propagate = False
    yield log, out
    log.removeHandler(handler)


def test_an_entry_is_one_object_on_one_line(logger: tuple[logging.Logger, io.StringIO]) -> None:
    log, out = logger
    log.warning("device %s refused:\n%s", "sos-1", "守望")
    (line,) = out.getvalue().splitlines()
    entry = json.loads(line)
    assert (entry["level"], entry["logger"], entry["message"]) == ("warning", "test.logs", "device sos-1 refused:\n守望")
    assert datetime.fromisoformat(entry["at"]).utcoffset() is not None


def test_an_error_stays_on_its_line(logger: tuple[logging.Logger, io.StringIO]) -> None:
    log, out = logger
    try:
        raise ConnectionError("postgresql://vigil_worker:s3cret@127.0.0.1/vigil")
    except ConnectionError:
        log.exception("database away")
    (line,) = out.getvalue().splitlines()
    entry = json.loads(line)
    assert entry["error"] == "ConnectionError"
    assert "Traceback" in entry["traceback"]
    assert "s3cret" not in line


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://vigil_api:s3cret@db:5432/vigil",
        "host=db user=vigil password=s3cret dbname=vigil",
        "password='s3cret'",
        '{"password": "s3cret"}',
        '"token": "s3cret"',
        "Authorization: Bearer s3cret",
        "{'Authorization': 'Bearer s3cret'}",
        "Cookie: vigil_session=s3cret",
        "bearer s3cret",
        "TOKEN=s3cret",
    ],
)
def test_secrets_are_blotted_out(text: str) -> None:
    assert "s3cret" not in blotted(text)
    assert "***" in blotted(text)
    entry = logging.LogRecord("x", logging.INFO, "", 0, "%s", (text,), None)
    assert "s3cret" not in Human().format(entry) + Json().format(entry)


@pytest.mark.parametrize(
    "text",
    [
        "device sos-1 refused: wrong token",
        "probe: not reported: connection refused",
        "GET /api/health 200 3 ms",
        "http://127.0.0.1:8400 answers",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert blotted(text) == text


@given(st.text())
def test_any_text_is_a_line(text: str) -> None:
    line = Json().format(logging.LogRecord("x", logging.INFO, "", 0, text.replace("%", ""), (), None))
    assert "\n" not in line
    assert set(json.loads(line)) == {"at", "level", "logger", "message"}


def record(*arguments: object, error: Exception | None = None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("api.access", logging.INFO, "", 0, "%s " * len(arguments), arguments, info)


def shown(entry: logging.LogRecord) -> str:
    """The entry without the time at its head."""
    return Human().format(entry).partition(" INFO ")[2]


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("/api/\x1b[2J\x1b[31m", r"/api/\x1b[2J\x1b[31m"),
        ("/api/x\n2026-11-25 12:00:00,000 INFO api.access forged", r"/api/x\n2026-11-25 12:00:00,000 INFO api.access forged"),
        ("a\rb\tc\x00\x7f\x9b1m", r"a\rb\tc\x00\x7f\x9b1m"),
        ("a\u2028b\u202ec\ud800", r"a\u2028b\u202ec\ud800"),
        ("守望 naïve 🚒", "守望 naïve 🚒"),
    ],
)
def test_what_came_from_outside_moves_no_cursor_and_ends_no_line(given: str, written: str) -> None:
    assert shown(record("127.0.0.1", "GET", given, 404)) == f"api.access 127.0.0.1 GET {written} 404 "


def test_a_traceback_is_set_in_whatever_its_error_says() -> None:
    try:
        raise ValueError("no such\n2026-11-25 12:00:00,000 INFO api.access forged \x1b[2J")
    except ValueError as error:
        first, *below = Human().format(record("failed", error=error)).split("\n")
    assert first.endswith("failed ")
    assert all(line.startswith("  ") for line in below)
    assert below[0] == "  Traceback (most recent call last):"
    assert below[-1] == r"  2026-11-25 12:00:00,000 INFO api.access forged \x1b[2J"


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_one_line_that_can_be_written(text: str) -> None:
    line = Human().format(record(text))
    assert line.splitlines() == [line]
    assert not {unicodedata.category(char) for char in line} & {"Cc", "Cs", "Zl", "Zp"}
    assert line.encode()
    assert Json().format(record(text)).encode()


def test_a_secret_behind_a_broken_line_is_blotted_out() -> None:
    assert "s3cret" not in Human().format(record("password\n= s3cret"))


@pytest.mark.parametrize(("name", "value"), [("VIGIL_LOG_FORMAT", "xml"), ("VIGIL_LOG", "loud")])
def test_a_wrong_setting_is_said(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=f"{name}: expected"):
        start(Settings({name: value}))


def test_a_process_logs_as_it_is_told() -> None:
    settings = "from vigil.settings import Settings; start(Settings({'VIGIL_LOG_FORMAT': 'json'}))"
    code = f"import logging; from vigil.logs import start; {settings}; logging.info('x')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stderr)["message"] == "x"
