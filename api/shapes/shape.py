"""What all shapes have in common, and the words that several of them use."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

Role = Literal["duty", "responder", "regulator", "admin"]
Hazard = Literal["fire", "gas_co", "person", "security", "technical"]
State = Literal["open", "acknowledged", "dispatched", "on_scene", "resolved", "closed", "cancelled"]
DispatchStateName = Literal["offered", "accepted", "en_route", "arrived", "entered", "done", "declined", "timed_out", "recalled"]
DispatchAction = Literal["accept", "decline", "depart", "arrive", "enter", "finish", "recall"]
SiteKind = Literal["home", "institution", "day_care", "canteen"]
Point = tuple[float, float]  # lon, lat in WGS-84 degrees


class Shape(BaseModel):
    """Immutable, and unknown fields are an error: what was expected is said."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Asked(Shape):
    """What people send: no text in it may hold a NUL, which no text in the database can."""

    @model_validator(mode="before")
    @classmethod
    def _without_nul(cls, given: object) -> object:
        if isinstance(given, dict):
            for name, value in given.items():
                if isinstance(value, str) and "\0" in value:
                    raise ValueError(f"{name}: expected no NUL")
        return given


class Problem(Shape):
    """Every error: `error` is an i18n key (error.<error>), `detail` says what was expected and what came."""

    error: str
    detail: str
    allowed: list[str] = []


class ReasonShape(Shape):
    """`rule` is an i18n key (reason.<rule>); the rest are its numbers."""

    rule: str
    value: float | None
    limit: float | None
    unit: str
    source: str
