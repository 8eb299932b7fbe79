"""Ends the connections that the register no longer grants: a revoked device is disconnected at once, not when it next connects.

Which connections those are is a pure function of what the servers report and the register, so it needs no memory of who was let in:
a callout that starts after a revocation ends what the one before it admitted.
"""

import json
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nats.aio.client import Client as NatsClient

from broker.admission import Credential, fingerprint
from broker.config import CARE, SERVICES

log = logging.getLogger(__name__)

_PAGE = 500
_QUIET_S = 0.5  # no further server answers after this


@dataclass(frozen=True, slots=True)
class Held:
    """A connection that a server holds: its number there, who it is, and the fingerprint of the grant it rests on."""

    server_id: str
    cid: int
    user: str
    fingerprint: str


def stale(held: Iterable[Held], credentials: Mapping[str, Credential]) -> list[Held]:
    """Connections of devices that the register does not grant, or grants otherwise. Services are not ours to judge."""
    granted = {code: fingerprint(credential) for code, credential in credentials.items()}
    return [one for one in held if one.user not in SERVICES and granted.get(one.user) != one.fingerprint]


async def sweep(client: NatsClient, credentials: Mapping[str, Credential]) -> int:
    """End every stale connection on every server; how many there were. Raises nats.errors.Error, TimeoutError."""
    ended = 0
    async for report in reports(client):
        for one in stale(report, credentials):
            log.info("device %.40r: disconnected, no longer granted", one.user)
            await client.request(f"$SYS.REQ.SERVER.{one.server_id}.KICK", json.dumps({"cid": one.cid}).encode(), timeout=5)
            ended += 1
    return ended


async def reports(client: NatsClient) -> AsyncIterator[list[Held]]:
    """Every connection in the devices' account, one list a server, as soon as it is complete."""
    inbox = client.new_inbox()
    answers = await client.subscribe(inbox)
    try:
        await client.publish("$SYS.REQ.SERVER.PING.CONNZ", _page(0), reply=inbox)
        while True:
            try:
                answer = json.loads((await answers.next_msg(_QUIET_S)).data)
            except TimeoutError:
                return
            yield await _whole(client, answer)
    finally:
        await answers.unsubscribe()


def held(server_id: str, row: Mapping[str, Any]) -> Held:
    """One row of a server's report. A device's authorised name is its code and fingerprint, as the callout wrote it."""
    user, _, mark = str(row.get("authorized_user") or "").partition(" ")
    return Held(server_id, int(row["cid"]), user, mark)


async def _whole(client: NatsClient, answer: dict[str, Any]) -> list[Held]:
    """The report of one server, from its first page on."""
    server_id = str(answer["server"]["id"])
    rows: list[Held] = []
    while True:
        page = answer["data"]["connections"]
        rows += [held(server_id, row) for row in page]
        if len(page) < _PAGE:
            return rows
        answer = json.loads((await client.request(f"$SYS.REQ.SERVER.{server_id}.CONNZ", _page(len(rows)), timeout=5)).data)


def _page(offset: int) -> bytes:
    """Sorted by number: who connects meanwhile comes last and moves no page."""
    return json.dumps({"auth": True, "acc": CARE, "sort": "cid", "limit": _PAGE, "offset": offset}).encode()
