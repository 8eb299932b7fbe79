"""Who is logged in, seniors as far as they may be seen, responders."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.shapes.shape import Asked, Role, Shape


class Login(Asked):
    login: Annotated[str, Field(min_length=1, max_length=80)]
    password: Annotated[str, Field(min_length=1, max_length=200)]


class Me(Shape):
    """Who is logged in. `responder` is the responder's code where the account is one's own."""

    login: str
    name: str
    role: Role
    scope: str
    responder: str | None
    demo: bool


class SeniorBrief(Shape):
    """As on a card: the name masked."""

    code: str
    name: str
    sex: str
    age: int
    tags: list[str]
    ability_level: int


class ContactShape(Shape):
    name: str
    relation: str
    phone: str


class SeniorPrivate(Shape):
    """What someone who acts needs: whole name, phones, key."""

    name: str
    phone: str
    key_holder: str
    key_note: str
    contacts: list[ContactShape]


class Position(Asked):
    lon: Annotated[float, Field(ge=-180, le=180)]
    lat: Annotated[float, Field(ge=-90, le=90)]


class ResponderPlace(Shape):
    """`position_at` None: not known now; then lon/lat are the station's."""

    code: str
    name: str
    kind: str
    vehicle: str
    skills: list[str]
    area: str
    lon: float
    lat: float
    position_at: datetime | None
    on_duty: bool
    busy: bool
