"""The api's own ear on the broker: presses that reach a console even when nothing can be stored, and the state of the link itself.

A clean session at QoS 0: it animates and warns; what must survive is ingest's. A press that nobody has confirmed within a second is
shown as not yet stored. A dead broker is noticed within five seconds.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from api.database import Database, Lane, StoreUnavailable
from api.hub import Hub
from api.presses import Presses, StoreKey, Unstored, heard, presses_of
from api.register import Register
from api.settings import ApiSettings
from api.unending import Ongoing
from broker.session import Arrived, Session
from devices.topics import ROOT
from store import messages

log = logging.getLogger(__name__)

_ASK_S = 0.5
_LOOK_S = 0.1


class Feed:
    """Hears events, waits a second for the database's word, and speaks up where none comes."""

    def __init__(self, hub: Hub, register: Register, database: Database) -> None:
        self.presses = Presses()
        self._hub = hub
        self._register = register
        self._database = database

    def session(self, settings: ApiSettings, client_id: str) -> Session:
        """The MQTT session to run while the api lives."""
        return Session(
            host=settings.mqtt_host,
            port=settings.mqtt_port,
            client_id=client_id,
            username=settings.mqtt_username,
            password=settings.mqtt_password,
            filters=(f"{ROOT}/+/+/+/event",),
            qos=0,
            clean=True,
            on_message=self.hear,
            on_link=lambda up: self._hub.health_is(datetime.now(UTC), broker=up),
            tls_ca=settings.mqtt_tls_ca,
            keepalive=2,
        )

    def hear(self, arrived: Arrived) -> None:
        """One delivery; what ingest would reject is none of ours."""
        event = heard(arrived.topic, arrived.payload, arrived.at, self._register.devices)
        if event is None:
            return
        for press in presses_of(event, self._register, self.presses, self._hub.board.rows.values()):
            self.presses.hear(press)

    async def watch(self, ongoing: Ongoing) -> None:
        """Show what comes due, for ever."""
        while True:
            await asyncio.sleep(_LOOK_S)
            due = self.presses.due(datetime.now(UTC))
            if due:
                await self._show(due)
            ongoing.well()

    async def _show(self, due: list[Unstored]) -> None:
        """Whatever comes of the question: what is not known to be on the consoles is shown."""
        try:
            with contextlib.suppress(StoreUnavailable):
                await self._settled(due)
        finally:
            self._speak_up()

    async def _settled(self, due: list[Unstored]) -> None:
        """While the board is not current, to be stored is not to be seen."""
        if self._hub.current:
            keys = [one.key for one in due]
            work = self._database.run(lambda conn: messages.stored_events(conn, keys), within_s=_ASK_S, lane=Lane.OWN)
            self.settle(await work, ())

    def _speak_up(self) -> None:
        late = self.presses.due(datetime.now(UTC))
        self.presses.shown(late)
        for press in late:
            log.warning("press of %s (%s) is not yet stored", press.device.code, press.alarm)
            self._hub.press(self.presses.retarget(press, self._hub.board.rows.values()))

    def settle(self, stored: set[StoreKey], changed: Iterable[UUID]) -> None:
        """The database has these; `changed` are the incidents that consoles have just been told of.

        Consoles drop a press when a card of its incident comes. Where it went into another incident they get a snapshot; where the
        card spoke of something else the press is shown again.
        """
        told = set(changed)
        gone = self.forget(stored)
        for press in self.presses.standing(told):
            self._hub.press(self.presses.retarget(press, self._hub.board.rows.values()))
        if any(press.incident not in told for press in gone):
            self._hub.resend()

    def forget(self, stored: set[StoreKey]) -> list[Unstored]:
        """The database has these; answers those that consoles show, for whoever must tell them."""
        gone = self.presses.stored(stored)
        for press in gone:
            self._hub.press_stored(press.alarm)
        return gone
