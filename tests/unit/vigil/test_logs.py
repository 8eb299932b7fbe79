"""Logs: one line an entry for machines, nothing secret in either form, and a wrong setting is said, not ignored."""

import io
import json
import logging
import subprocess
import sys
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
    record = logging.LogRecord("x", logging.INFO, "", 0, "%s", (text,), None)
    assert "s3cret" not in Human().format(record) + Json().format(record)


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


@pytest.mark.parametrize(("name", "value"), [("VIGIL_LOG_FORMAT", "xml"), ("VIGIL_LOG", "loud")])
def test_a_wrong_setting_is_said(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=f"{name}: expected"):
        start(Settings({name: value}))


def test_a_process_logs_as_it_is_told() -> None:
    settings = "from vigil.settings import Settings; start(Settings({'VIGIL_LOG_FORMAT': 'json'}))"
    code = f"import logging; from vigil.logs import start; {settings}; logging.info('x')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stderr)["message"] == "x"
