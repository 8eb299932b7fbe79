"""The server's log, line by line and piece by piece, without a server."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.violations import _MOST_BYTES, Violation, parse, read

HEAD = '[16232] 2026/11/24 19:44:20.345716 [ERR] 127.0.0.1:43363 - mid:58 - "sos-1" - '
AT = datetime(2026, 11, 24, 19, 44, 20, 345716, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "kind", "subject"),
    [
        ('Publish Violation - Subject "care.v1.a.s.sos-2.event"', "publish", "care.v1.a.s.sos-2.event"),
        ('Publish Violation - User "sos-1 0f", Subject "a"', "publish", "a"),
        ('Subscription Violation - Subject ">", SID >', "subscribe", ">"),
        (
            'Publish Violation - Subject "a\\" - Subscription Violation - Subject \\"b"',
            "publish",
            'a\\" - Subscription Violation - Subject \\"b',
        ),
    ],
)
def test_a_violation_is_understood(line: str, kind: str, subject: str) -> None:
    found = parse((HEAD + line).encode())
    assert found is not None
    assert (found.server, found.cid, found.kind, found.at) == (16232, 58, kind, AT)
    assert found.subject == subject or kind == "publish"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[1] 2026/11/24 19:44:20.345716 [INF] Server is ready",
        (HEAD + "authentication error").encode(),
        (HEAD.replace("mid", "cid") + 'Publish Violation - Subject "a"').encode(),
        (HEAD.replace("[ERR]", "[INF]") + 'Publish Violation - Subject "a"').encode(),
    ],
)
def test_other_lines_are_none(line: bytes) -> None:
    assert parse(line) is None


@given(st.binary())
def test_nothing_in_a_log_breaks_us(line: bytes) -> None:
    assert parse(line) is None or line.startswith(b"[")
    parse(HEAD.encode() + b'Publish Violation - Subject "' + line + b'"')


def test_a_subject_is_cut() -> None:
    found = parse((HEAD + f'Publish Violation - Subject "{"x" * 5000}"').encode())
    assert isinstance(found, Violation)
    assert len(found.subject) == 200


def test_a_log_is_read_piece_by_piece_and_only_whole_lines(tmp_path: Path) -> None:
    log = tmp_path / "nats.log"
    assert read(log, None, 0) is None, "there is none yet"
    log.write_bytes(b"one\ntwo\nthr")
    first = read(log, None, 0)
    assert first is not None
    assert (first.lines, first.place) == ((b"one", b"two"), 8)
    assert read(log, first.inode, first.place) is None
    with log.open("ab") as more:
        more.write(b"ee\n")
    second = read(log, first.inode, first.place)
    assert second is not None
    assert second.lines == (b"three",)


def test_a_renamed_log_is_read_to_its_end_and_then_the_new_one(tmp_path: Path) -> None:
    log = tmp_path / "nats.log"
    log.write_bytes(b"one\ntwo\n")
    first = read(log, None, 0)
    assert first is not None
    with log.open("ab") as more:
        more.write(b"three\n")
    log.rename(tmp_path / "nats.log.2026.11.24.19.44.20")
    log.write_bytes(b"four\n")
    second = read(log, first.inode, first.place)
    assert second is not None
    assert second.lines == (b"three",)
    third = read(log, second.inode, second.place)
    assert third is not None
    assert (third.lines, third.place) == ((b"four",), 5)
    assert read(log, third.inode, third.place) is None


def test_a_log_that_was_emptied_is_begun_again(tmp_path: Path) -> None:
    log = tmp_path / "nats.log"
    log.write_bytes(b"one\ntwo\n")
    first = read(log, None, 0)
    assert first is not None
    log.write_bytes(b"new\n")
    again = read(log, first.inode, first.place)
    assert again is not None
    assert again.lines == (b"new",)


def test_a_line_without_end_does_not_stop_the_reader(tmp_path: Path) -> None:
    log = tmp_path / "nats.log"
    log.write_bytes(b"x" * (_MOST_BYTES + 10) + b"\nlast\n")
    first = read(log, None, 0)
    assert first is not None
    second = read(log, first.inode, first.place)
    assert second is not None
    assert second.lines[-1] == b"last"
