"""From a person's press to a siren and back: broker, callout, event lane, downlink and a siren, all real; forgeries do nothing."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from time import time
from typing import Any
from uuid import UUID

import pytest

from api.database import Database
from api.downlink import Downlink
from api.unending import Ongoing
from broker.session import Session
from devices.commands import CommandMessage, decode, encode
from dispatch.siren import Act
from ingest.events import run_events
from simulators.sirens import Siren
from simulators.wire import Endpoint, Line, Refused, line
from store import alarms, commands
from store.connect import connect
from store.incidents import Actor
from store.new_alarm import NewAlarm

pytestmark = pytest.mark.integration

TOPIC = "care/v1/tst002/inst-1/siren-9"
TRAIL = "SELECT kind, actor FROM trail WHERE kind LIKE 'siren%' ORDER BY trail_id"


class Post:
    """The siren of the small district on its own line: what it is told, and how often it answers."""

    def __init__(self) -> None:
        self.siren = Siren()
        self.heard: list[bytes] = []
        self.mute = False
        self._n = 0
        self._own: Line | None = None
        self._answers: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def listening(self, port: int) -> AsyncIterator[None]:
        async with line(Endpoint("127.0.0.1", port), "siren-9", "token of siren-9", on_command=self.told) as own:
            self._own = own
            await own.listen(f"{TOPIC}/cmd")
            yield
            await asyncio.gather(*self._answers)

    def sounding(self) -> bool:
        return self.siren.sounding(int(time() * 1000))

    def told(self, payload: bytes) -> None:
        self.heard.append(payload)
        answer = self.siren.hear(payload, int(time() * 1000))
        if answer is not None and not self.mute:
            self._answers.add(asyncio.ensure_future(self.say(answer)))

    async def say(self, answer: dict[str, object]) -> None:
        assert self._own is not None
        self._n += 1
        body = {"t": int(time() * 1000), "b": "s", "n": self._n, **answer}
        await self._own.publish(f"{TOPIC}/ack", json.dumps(body).encode())


@pytest.fixture
async def incident(place: Any, new_alarm: Callable[..., NewAlarm], loaded: object) -> UUID:
    """Smoke in inst-1."""
    async with await connect(place.dsn("vigil_owner"), autocommit=False) as conn:
        raised = await alarms.raise_alarm(conn, new_alarm("smoke-9", "smoke"), datetime.now(UTC))
        await conn.commit()
    return raised.incident_id


@pytest.fixture
async def downlink(place: Any) -> AsyncIterator[asyncio.Event]:
    """The api's downlink at work; the event that wakes it."""
    ordered = asyncio.Event()
    passwords = place.broker.secrets.passwords
    session = Session(
        host="127.0.0.1", port=place.broker.endpoint.mqtt_port, client_id="vigil-api-test", username="api",
        password=passwords["api"], filters=(), clean=True, on_message=lambda _: None,
    )  # fmt: skip
    async with Database(place.dsn("vigil_api"), 2, lambda up: None) as database, session:
        assert await database.reached(10)
        await session.connected(10)
        task = asyncio.ensure_future(Downlink(database, session, ordered).run(Ongoing("sirens")))
        yield ordered
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def duty(accounts: dict[str, Actor]) -> Actor:
    return accounts["duty"]


async def order(place: Any, incident: UUID, duty: Actor, act: Act = Act.ON) -> UUID:
    async with await connect(place.dsn("vigil_api")) as conn:
        found = await commands.order(conn, incident, "siren-9", act, duty, datetime.now(UTC))
        await conn.commit()
    return found


async def until(holds: Callable[[], bool], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - other processes get there
            await asyncio.sleep(0.02)


async def test_a_siren_sounds_answers_and_the_trail_has_both(
    place: Any, incident: UUID, duty: Actor, downlink: asyncio.Event
) -> None:
    post = Post()
    async with place.running(run_events), post.listening(place.broker.endpoint.mqtt_port):
        first = await order(place, incident, duty)
        assert await order(place, incident, duty) == first, "two clicks at once"
        downlink.set()
        await until(post.sounding)
        await place.until("SELECT done FROM commands", [("siren",)])
        await order(place, incident, duty, Act.OFF)
        downlink.set()
        await until(lambda: not post.sounding())
        said = [("siren_on", "duty"), ("siren_on_answered", "device:siren-9")]
        await place.until(TRAIL, [*said, ("siren_off", "duty"), ("siren_off_answered", "device:siren-9")])
    assert len({decode(payload).id for payload in post.heard}) == 2


async def test_an_answer_counts_only_from_the_siren_that_was_told(
    place: Any, incident: UUID, duty: Actor, downlink: asyncio.Event
) -> None:
    post = Post()
    post.mute = True
    async with place.running(run_events), post.listening(place.broker.endpoint.mqtt_port):
        told = await order(place, incident, duty)
        downlink.set()
        await until(lambda: bool(post.heard))
        other = await place.device("heat-9")
        await other.say("ack", place.message(id=str(told), done="siren"))
        await place.until("SELECT count(*) FROM acks", [(1,)])
        await post.say({"id": "a command that nobody gave", "done": "siren"})
        await place.until("SELECT count(*) FROM acks", [(2,)])
        await place.change("UPDATE commands SET at = at - interval '8 s'")
        downlink.set()
        await place.until("SELECT kind FROM trail WHERE kind LIKE 'siren%' ORDER BY trail_id", [("siren_on",), ("siren_silent",)])
        assert await place.rows("SELECT answered_at FROM commands") == [(None,)]
        await post.say({"id": str(told), "done": "siren"})
        await place.until("SELECT done FROM commands", [("siren",)])


async def test_nobody_but_the_platform_gives_orders_and_nobody_hears_anothers(place: Any) -> None:
    """A device, a gateway and the ingest service publish on a siren's command topic: swallowed. Their subscription: refused."""
    post = Post()
    now = int(time() * 1000)
    forged = encode(CommandMessage("forged", "siren", now, now + 60_000, {"on": 1.0, "seconds": 60.0}))
    own = encode(CommandMessage("real", "siren", now, now + 60_000, {"on": 1.0, "seconds": 60.0}))
    port, passwords = place.broker.endpoint.mqtt_port, place.broker.secrets.passwords
    async with post.listening(port):
        for code in ("heat-9", "gw-9", "siren-9"):
            async with line(Endpoint("127.0.0.1", port), code, f"token of {code}", client_id=f"{code}-attack") as attacker:
                await attacker.publish(f"{TOPIC}/cmd", forged)
                await attacker.publish(f"{TOPIC}/cmd", forged, retain=True)
                if code != "siren-9":
                    with pytest.raises(Refused):
                        await attacker.listen(f"{TOPIC}/cmd")
        for user in ("ingest", "api"):
            session = Session(
                host="127.0.0.1", port=port, client_id=f"vigil-{user}-attack", username=user, password=passwords[user], filters=(),
                clean=True, on_message=lambda _: None,
            )  # fmt: skip
            async with session:
                await session.connected(10)
                await session.publish(f"{TOPIC}/cmd", forged if user == "ingest" else own)
        await until(lambda: bool(post.heard))
    assert post.heard == [own]


async def test_a_siren_that_was_away_does_not_start_late(place: Any, incident: UUID, duty: Actor, downlink: asyncio.Event) -> None:
    """Its order has run out before it comes back: it hears nothing, and what a broker might replay it refuses."""
    told = await order(place, incident, duty)
    downlink.set()
    await place.until("SELECT sent_at IS NOT NULL FROM commands", [(True,)])
    await place.change("UPDATE commands SET at = at - interval '40 s', expires_at = expires_at - interval '40 s'")
    downlink.set()
    await place.until(TRAIL, [("siren_on", "duty"), ("siren_silent", "system")])
    post = Post()
    async with place.running(run_events), post.listening(place.broker.endpoint.mqtt_port):
        await post.say({"id": "i am back", "done": "test"})
        await place.until("SELECT count(*) FROM acks", [(1,)])
        assert post.heard == [], "nothing was kept for it"
        long_ago = int((datetime.now(UTC) - timedelta(minutes=2)).timestamp() * 1000)
        replayed = encode(CommandMessage(str(told), "siren", long_ago, long_ago + 30_000, {"on": 1.0, "seconds": 60.0}))
        post.told(replayed)
        downlink.set()
        await place.until("SELECT done FROM commands", [("expired",)])
    assert not post.sounding()
    assert await place.rows("SELECT kind FROM trail WHERE kind = 'siren_refused'") == [("siren_refused",)]
