"""The incidents on the board, in memory: each card is written once a version and class of people, however many look at it."""

from collections.abc import Iterable
from uuid import UUID

from api.access import Mask
from api.cards import card
from dispatch.incident import ON_BOARD, IncidentState
from store.board import CardRow


class Board:
    """Rows by incident; only a higher version replaces what is held."""

    def __init__(self) -> None:
        self.rows: dict[UUID, CardRow] = {}
        self._written: dict[tuple[UUID, Mask], tuple[int, str]] = {}

    def adopt(self, rows: Iterable[CardRow]) -> list[CardRow]:
        """Take what is newer and answer it; what was closed or cancelled leaves the board but is answered too."""
        changed = []
        for row in rows:
            held = self.rows.get(row.id)
            if held is not None and held.version >= row.version:
                continue
            if IncidentState(row.state) in ON_BOARD:
                self.rows[row.id] = row
            else:
                self.rows.pop(row.id, None)
            changed.append(row)
        return changed

    def replace(self, rows: Iterable[CardRow]) -> None:
        """This, and nothing else, is on the board."""
        self.rows = {row.id: row for row in rows}
        self._written = {key: value for key, value in self._written.items() if key[0] in self.rows}

    def body(self, row: CardRow, mask: Mask) -> str:
        """The card as JSON for this class of people."""
        version, text = self._written.get((row.id, mask), (0, ""))
        if version != row.version:
            text = card(row, mask).model_dump_json()
            self._written[row.id, mask] = (row.version, text)
        return text

    def forget(self, incident: UUID) -> None:
        """Drop the written cards of what has left the board."""
        for mask in Mask:
            self._written.pop((incident, mask), None)
