"""The playbook of an incident: its steps with their stamps, the sirens of its site, and what a person reads aloud to 119."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from api.shapes.places import ZoneBrief
from api.shapes.shape import Asked, Shape

StepDo = Literal["do", "skip", "undo"]
DoerName = Literal["desk", "staff", "responder"]
SirenAct = Literal["siren_on", "siren_off"]


class StampShape(Shape):
    """`device` is what it was clicked on, as that calls itself; `undo_until` while it can be taken back."""

    state: Literal["done", "skipped"]
    at: datetime
    by: str
    by_name: str
    device: str
    reason: str
    undo_until: datetime | None


class StepShape(Shape):
    """`key` is an i18n key (step.<key>). `calls`: the number that a person dials. `wanted` False: only its stamp keeps it here."""

    key: str
    doers: list[DoerName]
    by_person: bool
    calls: str
    sounds: bool
    may_skip: bool
    wanted: bool
    stamp: StampShape | None
    allowed: list[StepDo]


class CommandShape(Shape):
    """A command to a siren. `late_at`: from then on its silence is to be shown; `done` is what the device says that it did."""

    id: UUID
    act: SirenAct
    at: datetime
    by: str
    by_name: str
    late_at: datetime
    expires_at: datetime
    sent_at: datetime | None
    answered_at: datetime | None
    done: str | None


class SirenUse(Shape):
    """Another open incident that has a siren sounding, and who told it to."""

    incident: UUID
    kind: str
    drill: bool
    at: datetime
    by: str
    by_name: str


class SirenShape(Shape):
    """A siren of the site. `online` None is unknown; `sounds_until` as far as its own answers tell. Who silences a siren with
    `used_by` confirms that he knows of those incidents.
    """

    device: str
    zone_zh: str
    zone_en: str
    online: bool | None
    seen_at: datetime | None
    sounds_until: datetime | None
    command: CommandShape | None
    used_by: list[SirenUse]


class CallSheet(Shape):
    """What to read aloud to 119 or 120. Counts, never names. `entrance` is empty where the register knows none.

    `reduced_mobility` of `residents` cannot leave by themselves; `_in_zones` counts those in the zones that went.
    """

    site_zh: str
    site_en: str
    address: str
    callback: str
    kinds: list[str]
    zones: list[ZoneBrief]
    floors: int
    residents: int
    residents_in_zones: int
    reduced_mobility: int
    reduced_mobility_in_zones: int
    entrance_zh: str
    entrance_en: str
    drill: bool


class PlaybookShape(Shape):
    """`instruction` names the playbook (playbook.<instruction>), "" where there is none; `next` is the step to be done next."""

    incident: UUID
    version: int
    instruction: str
    next: str
    steps: list[StepShape]
    sirens: list[SirenShape]
    sheet: CallSheet | None
    may_sound: bool
    may_cap: bool


class StepPress(Asked):
    """`device`: what this is clicked on, as it calls itself; `reason` is needed to skip."""

    do: StepDo
    device: Annotated[str, Field(max_length=60)] = ""
    reason: Annotated[str, Field(max_length=200)] = ""


class SirenPress(Asked):
    """`confirm`: silence it although it sounds for other open incidents (409 `siren_in_use` without)."""

    act: SirenAct
    confirm: bool = False
