"""One MQTT connection, from CONNECT until it ends: paho over a wire on the event loop, no thread, acknowledged by hand.

A connection is never used twice. What was in flight when it ended belongs to the broker again, which hands it over to the next one;
so paho resends nothing, and a message that a caller was told had failed is not sent behind its back.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Any, TypeVar

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from broker.deliveries import Arrived, BadPacket, cut
from broker.transport import Address, reach
from broker.wire import Wire

log = logging.getLogger(__name__)
T = TypeVar("T")

_OPEN_S = 10.0  # TCP, TLS and CONNACK; the broker may be asking the callout
_CLOSE_S = 3.0  # the broker reads all that was acknowledged; one that is frozen does not
_MISC_S = 0.5
_PUBACK = bytes([0x40, 2])


class Refused(ConnectionError):
    """The broker said no: to the credentials or to a subscription."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what} refused: {reason}")
        self.what = what
        self.reason = reason


class PublishFailed(ConnectionError):
    """No PUBACK came: the message may or may not have been delivered."""

    def __init__(self, topic: str, reason: str) -> None:
        super().__init__(f"publish to {topic}: {reason}")
        self.topic = topic
        self.reason = reason


class Connection:
    """An open connection. `ended` resolves with the reason when it is over."""

    def __init__(self, address: Address, generation: int, on_message: Callable[[Arrived], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._address = address
        self._generation = generation
        self._on_message = on_message
        self._rest = b""
        self._acked: asyncio.Future[None] = self._loop.create_future()
        self._granted: dict[int, asyncio.Future[list[bool]]] = {}
        self._published: dict[int, asyncio.Future[None]] = {}
        self._misc: asyncio.TimerHandle | None = None
        self._client: _Client | None = None
        self.ended: asyncio.Future[str] = self._loop.create_future()

    async def open(self) -> None:
        """Connect and wait for CONNACK. Raises OSError (Refused: the broker said no) or TimeoutError; then nothing stays open."""
        try:
            async with asyncio.timeout(_OPEN_S):
                self._client = self._wired(await reach(self._address))
                self._client.connect(self._address.host, self._address.port, self._address.keepalive)
                self._tick()
                await self._unless_ended(self._acked)
        except BaseException:
            self._drop("not opened")
            raise

    async def subscribe(self, filters: Sequence[str], qos: int) -> None:
        """Subscribe and wait for SUBACK. Raises Refused when any filter is denied, ConnectionError when the link goes."""
        client = self._living()
        answer: asyncio.Future[list[bool]] = self._loop.create_future()
        _, mid = client.subscribe([(one, qos) for one in filters])
        self._granted[mid or 0] = answer
        async with asyncio.timeout(_OPEN_S):
            granted = await self._unless_ended(answer)
        denied = [one for one, ok in zip(filters, granted, strict=True) if not ok]
        if denied:
            raise Refused("subscription", ", ".join(denied))

    def acknowledge(self, mids: Iterable[int]) -> None:
        """Send a PUBACK for each, in one write with all that is said before the loop goes round."""
        if self._client is not None and not self.ended.done():
            self._client.wire.send(b"".join([_PUBACK + mid.to_bytes(2, "big") for mid in mids]))

    async def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> None:
        """Publish and wait for PUBACK (at QoS 0: for the write). Raises ConnectionError when the link goes first."""
        info = self._living().publish(topic, payload, qos, retain)
        answer: asyncio.Future[None] = self._loop.create_future()
        self._published[info.mid] = answer
        try:
            await self._unless_ended(answer)
        finally:
            self._published.pop(info.mid, None)

    async def close(self) -> None:
        """Send what is queued and DISCONNECT, and wait until the broker has read it; insist after a while.

        A persistent session stays with the broker, and whoever comes to it next finds what was acknowledged gone.
        """
        try:
            if self._client is not None:
                if not self.ended.done():
                    self._client.leave()
                if self._client.wire.leaving:
                    await asyncio.wait({self._client.wire.gone}, timeout=_CLOSE_S)
        finally:
            self._drop("closed")

    def _living(self) -> "_Client":
        if self._client is None or self.ended.done():
            raise ConnectionError("the link is down")
        return self._client

    async def _unless_ended(self, answer: asyncio.Future[T]) -> T:
        either: set[asyncio.Future[Any]] = {answer, self.ended}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            raise ConnectionError(f"the link went down: {self.ended.result()}")
        return answer.result()

    def _drop(self, reason: str) -> None:
        """Let go of everything, whatever state it is in. Never from inside a callback of paho's: its locks do not nest."""
        if self._misc is not None:
            self._misc.cancel()
        if self._client is not None:
            self._client.abandon()
        self._end(reason)

    def _end(self, reason: str) -> None:
        if not self.ended.done():
            self.ended.set_result(reason)

    def _wired(self, ready: socket.socket) -> "_Client":
        client = _Client(Wire(ready, self._read), self._address)
        client.on_socket_register_write = self._write_soon
        client.on_connect = self._on_connect
        client.on_disconnect = lambda _c, _u, _flags, reason, _properties: self._end(str(reason))
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        return client

    def _read(self) -> None:
        """Take what has come: deliveries by ourselves, all else through paho."""
        client = self._client
        if client is None:
            return
        data = self._rest + client.wire.read()
        try:
            found = cut(data, self._generation, datetime.now(UTC))
        except BadPacket as error:
            self._end(str(error))
            client.wire.drop()
            return
        self._rest = data[found.used :]
        client.wire.feed(found.others)
        while (client.wire.fed or client.wire.over) and client.loop_read() == paho.MQTT_ERR_SUCCESS:
            pass
        if found.arrived:
            client.heard()
            self._take(found.arrived)

    def _take(self, arrived: Sequence[Arrived]) -> None:
        for one in arrived:
            try:
                self._on_message(one)
            except Exception:
                # Not acknowledged, so it comes again; the link itself is sound.
                log.exception("a delivery on %s could not be taken", one.topic)

    def _write_soon(self, client: paho.Client, _userdata: Any, _sock: Any) -> None:
        self._loop.call_soon(client.loop_write)

    def _tick(self) -> None:
        """Keep-alive, for as long as the connection lives."""
        if self._client is not None and not self.ended.done():
            self._client.loop_misc()
            self._misc = self._loop.call_later(_MISC_S, self._tick)

    def _on_connect(self, _client: Any, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if self._acked.done():
            return
        if reason.is_failure:
            self._acked.set_exception(Refused("connection", str(reason)))
        else:
            self._acked.set_result(None)

    def _on_subscribe(self, _client: Any, _userdata: Any, mid: int, reasons: Any, _properties: Any) -> None:
        answer = self._granted.pop(mid, None)
        if answer is not None and not answer.done():
            answer.set_result([not reason.is_failure for reason in reasons])

    def _on_publish(self, _client: Any, _userdata: Any, mid: int, _reason: Any, _properties: Any) -> None:
        answer = self._published.get(mid)
        if answer is not None and not answer.done():
            answer.set_result(None)


class _Client(paho.Client):
    """paho over a wire that is connected already, so that nothing in it blocks the loop."""

    def __init__(self, wire: Wire, address: Address) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=address.client_id,
            clean_session=address.clean,
            protocol=paho.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        self.wire = wire
        self.username_pw_set(address.username, address.password)
        self.max_inflight_messages_set(0)  # no limit of paho's own: the caller waits for each PUBACK

    def _create_socket(self) -> Wire:
        return self.wire

    def heard(self) -> None:
        """Something came that paho has not seen, so the broker lives."""
        self._last_bytes_received = monotonic()

    def leave(self) -> None:
        """DISCONNECT, after all that is queued."""
        self.wire.leave()
        self.disconnect()
        self.loop_write()

    def abandon(self) -> None:
        self._sock_close()
        self.wire.drop()
