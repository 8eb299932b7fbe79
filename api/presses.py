"""Presses that were heard but are not known to be stored: what the degraded path shows, and when it may stop.

Ids are derived with the same pure functions as in ingest, so a press carries the id that its incident will have, unless the subject
already has a live incident: then it is that one's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

import msgspec

from analytics.runtime import judge
from analytics.step import Event, Finding, Origin
from api.access import Mask, Thing
from api.cards import about_of, senior_brief, site_brief, zone_brief
from api.register import Register
from api.shapes import Hazard, Press
from devices import codec, topics
from devices.clock import fix
from devices.codec import BadPayload
from devices.keys import Key
from devices.profiles import PROFILES
from devices.topics import BadTopic
from dispatch.alarm import PROBE, alarm_id, kind_of
from dispatch.incident import LIVE, About, IncidentState, about, incident_id
from store.board import CardRow
from store.devices import RegisteredDevice
from store.register import SeniorRow, SiteRow, ZoneRow

PATIENCE = timedelta(seconds=1)
StoreKey = tuple[int, str, int, int]


@dataclass(frozen=True, slots=True)
class Unstored:
    """A press and everything that a page needs to show it. `key` is the database's key of its event."""

    alarm: UUID
    incident: UUID
    about: About
    key: StoreKey
    kind: str
    at: datetime
    received_at: datetime
    device: RegisteredDevice
    site: SiteRow
    zone: ZoneRow | None
    senior: SeniorRow | None

    @property
    def thing(self) -> Thing:
        """What access judges."""
        return Thing(self.device.area, self.device.site, probe=self.kind == PROBE)


class Presses:
    """One press a device and kind: the earliest that is not stored stands for those after it."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str, bool], Unstored] = {}
        self._shown: set[UUID] = set()

    def hear(self, press: Unstored) -> None:
        """A press has reached us; the database may or may not have it."""
        self._held.setdefault(_slot(press), press)

    def due(self, now: datetime) -> list[Unstored]:
        """What nobody has confirmed for a second and is not yet shown."""
        return [one for one in self._held.values() if one.alarm not in self._shown and now - one.received_at >= PATIENCE]

    def shown(self, presses: Iterable[Unstored]) -> None:
        """These are on the consoles now."""
        self._shown |= {one.alarm for one in presses}

    def keys(self) -> list[StoreKey]:
        """What to ask the database about."""
        return [one.key for one in self._held.values()]

    def stored(self, keys: set[StoreKey]) -> list[Unstored]:
        """These are stored: forget them; answers those that consoles show."""
        gone = [one for one in self._held.values() if one.key in keys]
        for one in gone:
            del self._held[_slot(one)]
        on_consoles = [one for one in gone if one.alarm in self._shown]
        self._shown -= {one.alarm for one in gone}
        return on_consoles

    def standing(self, incidents: set[UUID]) -> list[Unstored]:
        """What consoles show under one of these incidents and is still not stored."""
        return [one for one in self._held.values() if one.alarm in self._shown and one.incident in incidents]

    def retarget(self, press: Unstored, rows: Iterable[CardRow]) -> Unstored:
        """The same press under the incident that is its now."""
        aimed = replace(press, incident=self.incident_for(press.about, press.alarm, rows))
        self._held[_slot(press)] = aimed
        return aimed

    def incident_for(self, subject: About, alarm: UUID, rows: Iterable[CardRow]) -> UUID:
        """The live incident of this subject, else that of an earlier unstored press of it, else the one this alarm will open."""
        for row in rows:
            if IncidentState(row.state) in LIVE and about_of(row) == subject:
                return row.id
        first = next((one for one in self._held.values() if one.about == subject), None)
        return incident_id(first.alarm if first else alarm)


def heard(topic: str, payload: bytes, received: datetime, known: Mapping[str, RegisteredDevice]) -> Event | None:
    """The event of an enrolled device; None for what ingest would reject."""
    try:
        device = known.get(topics.parse(topic).device)
        profile = PROFILES.get(device.profile) if device else None
        if device is None or profile is None or device.revoked_at is not None:
            return None
        message = _message(payload)
        codec.check_event(profile, message.e)
    except (BadTopic, BadPayload):
        return None
    origin = Origin(device.code, device.profile, device.area, device.site, device.zone, device.senior, device.gateway)
    key = Key(device.code, message.b, message.n, message.t)
    return Event(origin, fix(message.t, received).at, received, key, message.e, message.v, message.drill)


def presses_of(event: Event, register: Register, held: Presses, rows: Iterable[CardRow]) -> list[Unstored]:
    """What the event lane will make of an event, as presses under the ids that they will have."""
    return [_press(event, finding, register, held, rows) for finding in judge(event) if finding.raised]


def press_body(press: Unstored, mask: Mask) -> str:
    """A press as JSON for a class of people."""
    kind = kind_of(press.kind)
    return Press(
        incident=press.incident,
        alarm=press.alarm,
        kind=press.kind,
        hazard=cast(Hazard, press.about.hazard),
        priority=kind.priority,
        drill=press.about.drill,
        at=press.at,
        received_at=press.received_at,
        area=press.device.area,
        device=press.device.code,
        site=site_brief(press.site, mask),
        zone=zone_brief(press.zone) if press.zone else None,
        senior=senior_brief(press.senior, press.at) if press.senior else None,
    ).model_dump_json()


def _press(event: Event, finding: Finding, register: Register, held: Presses, rows: Iterable[CardRow]) -> Unstored:
    device = register.devices[event.origin.device]
    alarm = alarm_id(finding.source, finding.kind, finding.key)
    subject = about(
        kind_of(finding.kind).hazard,
        device=device.code,
        senior=device.senior,
        zone=device.zone,
        site=device.site,
        gateway=device.gateway,
        drill=finding.drill,
    )
    return Unstored(
        alarm=alarm,
        incident=held.incident_for(subject, alarm, rows),
        about=subject,
        key=(device.device_id, event.key.b, event.key.n, event.key.t),
        kind=finding.kind,
        at=event.at,
        received_at=event.now,
        device=device,
        site=register.sites[device.site],
        zone=register.zones.get(device.zone),
        senior=register.seniors.get(device.senior),
    )


def _message(payload: bytes) -> codec.EventMessage:
    """As ingest reads it: context that is nonsense is dropped rather than the press. Raises BadPayload."""
    try:
        return codec.event(payload)
    except BadPayload as refused:
        try:
            found = msgspec.json.decode(payload[: codec.LARGEST_PAYLOAD], type=dict[str, msgspec.Raw])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise refused from None
        found.pop("v", None)
        return codec.event(msgspec.json.encode(found))


def _slot(press: Unstored) -> tuple[str, str, bool]:
    return press.device.code, press.kind, press.about.drill
