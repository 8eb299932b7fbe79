"""docs/api.md says what there is: every route, every error, every close code, and no other."""

import re
from pathlib import Path

from api import client
from api.assembly import described
from api.problems import _BY_STATUS
from api.refusals import TABLE

DOCUMENT = (Path(__file__).resolve().parents[3] / "docs" / "api.md").read_text()


def test_every_route_is_documented_and_no_other() -> None:
    paths = described().openapi()["paths"]
    routes = {f"{method.upper()} {path}" for path, operations in paths.items() for method in operations}
    assert set(re.findall(r"^\| `((?:GET|POST|PUT|DELETE) [^`]+)`", DOCUMENT, re.M)) == routes | {"GET /metrics"}


def test_every_error_is_documented_and_no_other() -> None:
    rows = re.findall(r"^\| (\d{3}) \| (.+) \|$", DOCUMENT, re.M)
    documented = {(int(status), error) for status, errors in rows for error in re.findall(r"`(\w+)`", errors)}
    ours = set(TABLE.values()) | set(_BY_STATUS.items()) | {(422, "invalid"), (500, "unexpected"), (403, "csrf")}
    assert documented == ours


def test_every_close_code_is_documented() -> None:
    codes = {client.GOING_AWAY, client.BAD_MESSAGE, client.NOT_LOGGED_IN, client.TOO_SLOW}
    assert {int(code) for code in re.findall(r"^\| (\d{4}) \|", DOCUMENT, re.M)} == codes
    assert f"{client.MOST_MESSAGES} messages waited" in DOCUMENT
