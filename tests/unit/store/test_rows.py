"""Whatever a device puts into a text, PostgreSQL can store the rows that carry it."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from store.rows import as_json

_TEXT = st.text(st.characters(codec="utf-8"), max_size=20) | st.text(st.sampled_from("\0\\u0\"'"), max_size=20)


@given(_TEXT)
def test_only_nul_is_replaced(text: str) -> None:
    assert json.loads(as_json([{"text": text}])) == [{"text": text.replace("\0", "\ufffd")}]


@given(_TEXT)
def test_no_nul_is_left_escaped(text: str) -> None:
    written = as_json([text, {text: text}])
    assert "\0" not in written
    assert "\0" not in json.dumps(json.loads(written), ensure_ascii=False)


@given(st.integers(min_value=-(2**62), max_value=2**62), st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_exact(whole: int, real: float) -> None:
    assert json.loads(as_json([whole, real])) == [whole, real]


def test_values_become_objects() -> None:
    @dataclass(frozen=True, slots=True)
    class Row:
        at: datetime
        payload: bytes
        flags: list[str]

    row = Row(datetime(2026, 11, 24, 2, 0, 0, 123456, tzinfo=UTC), b"\x00\xff", ["late"])
    assert json.loads(as_json([row])) == [{"at": "2026-11-24T02:00:00.123456Z", "payload": "AP8=", "flags": ["late"]}]
