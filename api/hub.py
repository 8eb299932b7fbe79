"""The live hub: subscribes each console before it hands it a snapshot, in one step of the loop, so that nothing falls between.

Memory alone, no waiting: whoever reads the database tells the hub what changed, and the hub tells every console that may see it.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from api.access import Action, Viewer, may
from api.board import Board
from api.cards import thing_of
from api.client import GOING_AWAY, NOT_LOGGED_IN, Client
from api.people import Place, place_body
from api.presses import Unstored, press_body
from api.shapes import Failing, Figures, Health, HelloMessage
from store.board import CardRow
from store.refusing import Refusal

UNKNOWN = Figures(
    devices=0,
    online=None,
    silent=None,
    unprotected=None,
    circle_share=None,
    answer_p90_s=None,
    answer_n=0,
    alarms_10min=0,
    ingest_per_s=None,
    ingest_p99_ms=None,
    probe_at=None,
    probe_ms=None,
)


class Hub:
    """What everybody sees, and who is looking."""

    def __init__(self, version: str, now: datetime) -> None:
        self.board = Board()
        self.clients: set[Client] = set()
        self.health = Health(
            broker=False, broker_since=now, database=False, database_since=now, database_refuses=None, failing=[], failing_since=now
        )
        self._version = version
        self._places: dict[str, Place] = {}
        self._figures: dict[str, Figures] = {}
        self._presses: dict[UUID, Unstored] = {}

    def join(self, viewer: Viewer, session: bytes) -> Client:
        """A console that hears everything from now on and begins with a snapshot."""
        hello = HelloMessage(seq=0, server_time=datetime.now(UTC), version=self._version)
        client = Client(viewer, session, hello.model_dump_json(exclude={"seq"}))
        self.clients.add(client)
        self._snapshot(client)
        return client

    def leave(self, client: Client) -> None:
        self.clients.discard(client)

    def end_session(self, session: bytes, why: str) -> None:
        """Close the consoles of a session that is over."""
        for client in [one for one in self.clients if one.session == session]:
            client.end(NOT_LOGGED_IN, why)

    def close(self) -> None:
        """Let everyone go: this process stops."""
        for client in list(self.clients):
            client.end(GOING_AWAY, "the api stops")

    def visible(self, viewer: Viewer) -> list[CardRow]:
        """What stands on the board for this person."""
        return [row for row in self.board.rows.values() if may(viewer, Action.SEE_INCIDENT, thing_of(row))]

    def changed(self, rows: Iterable[CardRow], noticed: float | None = None) -> list[CardRow]:
        """Incidents as just read from the database; answers those that were news. `noticed`: when we heard of it (monotonic)."""
        news = self.board.adopt(rows)
        for row in news:
            for client in self.clients:
                self._tell(client, row, noticed)
            if row.id not in self.board.rows:
                self.board.forget(row.id)
        return news

    def reload(self, rows: Iterable[CardRow]) -> None:
        """Notices may have been missed: the whole board anew, and a snapshot to everyone."""
        self.board.replace(rows)
        self.resend()

    def resend(self) -> None:
        """A snapshot to everyone."""
        for client in self.clients:
            self._snapshot(client)

    def press(self, press: Unstored) -> None:
        """Show a press that is not yet stored, or show it again."""
        self._presses[press.alarm] = press
        for client in self.clients:
            if may(client.viewer, Action.SEE_FIGURES, press.thing):
                client.put(f'{{"type":"press","press":{press_body(press, client.mask)}}}')

    def press_stored(self, alarm: UUID) -> None:
        """It is stored now: its incident stands for it."""
        self._presses.pop(alarm, None)

    def responders_are(self, places: Iterable[Place]) -> None:
        """Where the responders are now; only what changed is told."""
        before, self._places = self._places, {place.code: place for place in places}
        for code, place in self._places.items():
            if before.get(code) != place:
                for client in self.clients:
                    if may(client.viewer, Action.SEE_RESPONDER, place.thing):
                        client.put(f'{{"type":"responder","responder":{place_body(place)}}}')

    def responder(self, code: str) -> Place | None:
        """One responder."""
        return self._places.get(code)

    def everyone(self) -> list[Place]:
        """All responders of the cell."""
        return list(self._places.values())

    def responders_for(self, viewer: Viewer) -> list[Place]:
        """The responders that this person may see."""
        return [place for place in self._places.values() if may(viewer, Action.SEE_RESPONDER, place.thing)]

    @property
    def unstored(self) -> int:
        """How many presses are shown that are not yet stored."""
        return len(self._presses)

    def scopes(self) -> set[str]:
        """Whose figures are wanted."""
        return {client.viewer.scope for client in self.clients if client.viewer.scope}

    def figures_are(self, figures: dict[str, Figures], now: datetime) -> None:
        """The figures of every scope that is looked at."""
        self._figures = figures
        self._tell_figures(now)

    def health_is(self, now: datetime, *, broker: bool | None = None, database: bool | None = None) -> None:
        """What works has changed: told at once."""
        held = self.health
        change: dict[str, object] = {}
        if broker is not None and broker != held.broker:
            change |= {"broker": broker, "broker_since": now}
        if database is not None and database != held.database:
            change |= {"database": database, "database_since": now}
        if change:
            self.health = held.model_copy(update=change)
            self._tell_figures(now)

    def refusal_is(self, now: datetime, why: Refusal | None) -> None:
        """Why a database that is there stores nothing; None when it does. Told at once."""
        self.health = self.health.model_copy(update={"database_refuses": why, "database_since": now})
        self._tell_figures(now)

    @property
    def current(self) -> bool:
        """Whether the board is what the database has, as far as we know."""
        return "board" not in self.health.failing

    def failing_is(self, now: datetime, what: Failing, failing: bool) -> None:
        """Something that runs behind the api has begun to fail, or is well again. Told at once."""
        held = self.health.failing
        names = sorted({*held, what} if failing else {*held} - {what})
        if names != held:
            self.health = self.health.model_copy(update={"failing": names, "failing_since": now})
            self._tell_figures(now)

    def _tell_figures(self, now: datetime) -> None:
        written: dict[str, str] = {}
        for client in self.clients:
            scope = client.viewer.scope
            body = written.get(scope)
            if body is None:
                body = written[scope] = f'{{"type":"figures","at":"{now.isoformat()}",{self._state(scope)}}}'
            client.put(body)

    def _tell(self, client: Client, row: CardRow, noticed: float | None) -> None:
        """An incident that has just left someone's sight is told once more, so that it leaves the page too."""
        sees = may(client.viewer, Action.SEE_INCIDENT, thing_of(row))
        if not sees and row.id not in client.holds:
            return
        client.put(f'{{"type":"incident","incident":{self.board.body(row, client.mask)}}}', noticed)
        if sees and row.id in self.board.rows:
            client.holds.add(row.id)
        else:
            client.holds.discard(row.id)

    def _snapshot(self, client: Client) -> None:
        rows = self.visible(client.viewer)
        presses = [one for one in self._presses.values() if may(client.viewer, Action.SEE_FIGURES, one.thing)]
        parts = (
            f'"at":"{datetime.now(UTC).isoformat()}"',
            f'"incidents":[{",".join(self.board.body(row, client.mask) for row in rows)}]',
            f'"presses":[{",".join(press_body(one, client.mask) for one in presses)}]',
            f'"responders":[{",".join(place_body(place) for place in self.responders_for(client.viewer))}]',
            self._state(client.viewer.scope),
        )
        client.restart(f'{{"type":"snapshot",{",".join(parts)}}}', {row.id for row in rows})

    def _state(self, scope: str) -> str:
        figures = self._figures.get(scope, UNKNOWN)
        return f'"figures":{figures.model_dump_json()},"health":{self.health.model_dump_json()}'
