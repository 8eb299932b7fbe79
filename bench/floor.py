"""The least that storing exactly once can cost in Python: bare paho, a staged COPY, acknowledged after the commit. No detectors,
no register, no health, no repeats in memory; what Vigil adds is measured against this.

`python -m bench.floor` takes an order as one line of JSON and works until it has stored `count` messages.
"""

import json
import select
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import paho.mqtt.client as paho
import psycopg
from paho.mqtt.enums import CallbackAPIVersion

_WAIT_S = 0.1
_TYPES = ("int4", "timestamptz", "text", "int8", "timestamptz", "int2", "float4[]")
_COLUMNS = "device_id, at, b, n, received_at, profile_version, values"
_STAGE = """CREATE TEMP TABLE staged (device_id integer, at timestamptz, b text, n bigint, received_at timestamptz,
    profile_version smallint, values real[]) ON COMMIT DELETE ROWS"""


class _Telemetry(msgspec.Struct):
    t: int
    b: str
    n: int
    v: dict[str, float]


@dataclass(frozen=True, slots=True)
class Order:
    """`client_id` names a persistent session that exists and holds `count` messages; at most `batch` a transaction."""

    host: str
    port: int
    username: str
    password: str
    client_id: str
    dsn: str
    count: int
    batch: int = 1_000


class _Floor:
    def __init__(self, order: Order) -> None:
        self._order = order
        self._decoder = msgspec.json.Decoder(_Telemetry)
        self._waiting: list[tuple[paho.MQTTMessage, datetime]] = []
        self._conn = psycopg.connect(order.dsn)
        self._ids: dict[str, int] = dict(self._conn.execute("SELECT code, device_id FROM devices").fetchall())
        self._conn.execute(_STAGE)
        self._conn.commit()
        self._client = _client(order, clean=False)
        self._client.on_message = lambda _c, _u, message: self._waiting.append((message, datetime.now(UTC)))

    def run(self) -> int:
        """Store until all is stored; how many commits that took."""
        self._client.connect(self._order.host, self._order.port, keepalive=60)
        stored = commits = 0
        while stored < self._order.count:
            self._gather()
            if self._waiting:
                stored += self._store()
                commits += 1
            self._client.loop_misc()
        while self._client.want_write():
            self._client.loop_write()
        self._client.disconnect()
        return commits

    def _gather(self) -> None:
        """A full batch, or what came in a tenth of a second."""
        end = time.monotonic() + _WAIT_S
        while len(self._waiting) < self._order.batch and (left := end - time.monotonic()) > 0:
            sock = self._client.socket()
            if sock is None:
                raise ConnectionError("the broker closed the connection")
            if self._client.want_write():
                self._client.loop_write()
            if select.select([sock], [], [], left)[0]:
                before = -1
                while before < len(self._waiting) < self._order.batch:
                    before = len(self._waiting)
                    self._client.loop_read()

    def _store(self) -> int:
        taken, self._waiting = self._waiting, []
        with self._conn.cursor() as cursor:
            with cursor.copy("COPY pg_temp.staged FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(_TYPES)
                for row in map(self._row, taken):
                    copy.write_row(row)
            cursor.execute(f"INSERT INTO readings ({_COLUMNS}) SELECT {_COLUMNS} FROM pg_temp.staged ON CONFLICT DO NOTHING")
            new = cursor.rowcount  # a message that waited for two seconds comes twice
            self._conn.commit()
        for message, _ in taken:
            self._client.ack(message.mid, message.qos)
        return new

    def _row(self, arrived: tuple[paho.MQTTMessage, datetime]) -> tuple[Any, ...]:
        message, received = arrived
        said = self._decoder.decode(message.payload)
        at = datetime.fromtimestamp(said.t / 1000, UTC)
        return (self._ids[message.topic.split("/", 5)[4]], at, said.b, said.n, received, 1, list(said.v.values()))


def forget(order: Order) -> None:
    """Remove the session."""
    client = _client(order, clean=True)
    client.connect(order.host, order.port)
    while not client.is_connected():
        client.loop(0.1)
    client.disconnect()


def _client(order: Order, clean: bool) -> paho.Client:
    client = paho.Client(
        CallbackAPIVersion.VERSION2, client_id=order.client_id, clean_session=clean, reconnect_on_failure=False, manual_ack=True
    )
    client.username_pw_set(order.username, order.password)
    return client


def main() -> None:
    """One order."""
    order = Order(**json.loads(sys.stdin.readline()))
    floor = _Floor(order)
    print(json.dumps({"ready": True}), flush=True)
    print(json.dumps({"commits": floor.run()}), flush=True)
    sys.stdin.readline()  # alive until it has been measured
    forget(order)
    print(json.dumps({"forgotten": True}), flush=True)


if __name__ == "__main__":
    main()
