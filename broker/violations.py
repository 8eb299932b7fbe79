"""What devices tried to say or hear under another's name, as the server's log tells it: no event and no figure of the server does.

The log names a connection by its number alone, since an MQTT client id may be anything; who that is, the server is asked.
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import nats.errors
from nats.aio.client import Client as NatsClient

from broker.warden import held

_LINE = re.compile(
    rb"\[(?P<server>\d+)\] (?P<at>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{1,6}) \[ERR\] \S+ - mid:(?P<cid>\d+) - .*?"
    rb"(?P<what>Publish|Subscription) Violation - (?:.*?)Subject \"(?P<subject>.*)\"(?:, SID .*)?$"
)
_KIND = {b"Publish": "publish", b"Subscription": "subscribe"}
_MOST_BYTES = 256 * 1024
_LONGEST_SUBJECT = 200
_OPEN_OR_CLOSED = 2  # the server's own number for it


@dataclass(frozen=True, slots=True)
class Violation:
    """A publish or subscription that was refused: to which connection of which run of the server, when, for what."""

    server: int
    cid: int
    kind: str
    subject: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a log: its whole lines, which file they are of, and where in it the next piece begins."""

    lines: tuple[bytes, ...]
    inode: int
    place: int


def parse(line: bytes) -> Violation | None:
    """The violation that a line of the log tells of; None for every other line. The log's clock is UTC (broker.config)."""
    found = _LINE.match(line)
    if found is None:
        return None
    at = datetime.strptime(found["at"].decode(), "%Y/%m/%d %H:%M:%S.%f").replace(tzinfo=UTC)
    subject = found["subject"].decode(errors="replace")[:_LONGEST_SUBJECT]
    return Violation(int(found["server"]), int(found["cid"]), _KIND[found["what"]], subject, at)


def read(log: Path, inode: int | None, place: int) -> Chunk | None:
    """The next piece of a log from where it was left; None when there is nothing new.

    A full log is renamed and begun anew: what is left of the old one is read first. `inode` None: from the beginning.
    """
    for path in _files(log, inode):
        try:
            with path.open("rb") as file:
                here = os.fstat(file.fileno())
                start = place if here.st_ino == inode and place <= here.st_size else 0
                file.seek(start)
                piece = file.read(_MOST_BYTES)
        except FileNotFoundError:
            continue
        whole = piece.rfind(b"\n") + 1 or (len(piece) if len(piece) == _MOST_BYTES else 0)  # a line without end is no line
        if whole:
            return Chunk(tuple(piece[:whole].splitlines()), here.st_ino, start + whole)
    return None


class Names:
    """Who is behind the number of a connection, asked of the servers once; closed connections are remembered there for a while."""

    def __init__(self, client: NatsClient) -> None:
        self._client = client
        self._known: dict[tuple[int, int], str] = {}

    async def of(self, violation: Violation) -> str:
        """The device's code; "" when the servers do not know it any more. Raises nats.errors.Error."""
        key = (violation.server, violation.cid)
        if key not in self._known:
            if len(self._known) >= 10_000:
                self._known.clear()
            self._known[key] = await self._ask(violation.cid)
        return self._known[key]

    async def _ask(self, cid: int) -> str:
        question = json.dumps({"auth": True, "cid": cid, "state": _OPEN_OR_CLOSED}).encode()
        try:
            answer = json.loads((await self._client.request("$SYS.REQ.SERVER.PING.CONNZ", question, timeout=5)).data)
        except TimeoutError as error:
            raise nats.errors.Error("the server does not say who that is") from error
        rows = answer.get("data", {}).get("connections", ())
        return next((held("", row).user for row in rows if row.get("cid") == cid), "")


def _files(log: Path, inode: int | None) -> Iterator[Path]:
    """The files to look into, in order: the one that was being read, should it have been renamed, then the log itself."""
    try:
        current = log.stat().st_ino
    except FileNotFoundError:
        current = None
    if inode is not None and inode != current:
        yield from (path for path in sorted(log.parent.glob(f"{log.name}.*")) if path.stat().st_ino == inode)
    yield log
