"""What goes over the websocket, both ways."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from api.shapes.incidents import IncidentCard, Press
from api.shapes.people import ResponderPlace
from api.shapes.shape import Shape
from api.shapes.system import Figures, Health


class HelloMessage(Shape):
    type: Literal["hello"] = "hello"
    seq: int
    server_time: datetime
    version: str


class SnapshotMessage(Shape):
    """Everything open in scope; replaces what the client held."""

    type: Literal["snapshot"] = "snapshot"
    seq: int
    at: datetime
    incidents: list[IncidentCard]
    presses: list[Press]
    responders: list[ResponderPlace]
    figures: Figures
    health: Health


class IncidentMessage(Shape):
    """An incident changed: adopt it if its version is higher than the one held; closed and cancelled leave the board."""

    type: Literal["incident"] = "incident"
    seq: int
    incident: IncidentCard


class PressMessage(Shape):
    type: Literal["press"] = "press"
    seq: int
    press: Press


class ResponderMessage(Shape):
    type: Literal["responder"] = "responder"
    seq: int
    responder: ResponderPlace


class FiguresMessage(Shape):
    type: Literal["figures"] = "figures"
    seq: int
    at: datetime
    figures: Figures
    health: Health


class PongMessage(Shape):
    type: Literal["pong"] = "pong"
    seq: int
    number: int
    server_time: datetime


ServerMessage = Annotated[
    HelloMessage | SnapshotMessage | IncidentMessage | PressMessage | ResponderMessage | FiguresMessage | PongMessage,
    Field(discriminator="type"),
]


class ShownItem(Shape):
    id: UUID
    version: int


class ShownMessage(Shape):
    """The console has rendered these: the stamp *shown* is theirs."""

    type: Literal["shown"] = "shown"
    incidents: list[ShownItem]


class PingMessage(Shape):
    """Measures the live mark's latency: answered by `pong` with the same number."""

    type: Literal["ping"] = "ping"
    number: int


ClientMessage = Annotated[ShownMessage | PingMessage, Field(discriminator="type")]
