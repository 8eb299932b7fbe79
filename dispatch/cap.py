"""An incident as a message of the Common Alerting Protocol 1.2 (OASIS, 1 July 2010; ITU-T X.1303 bis) for the fire service. Pure.

Counts of people, never names, telephones or health. What a schema cannot say of a message is checked here (`faults`); the schema
itself is checked by whoever hands the message out.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from dispatch import cap_words as words
from dispatch.alarm import BUILDING_HAZARDS
from dispatch.incident import LIVE, NO_EMERGENCY, IncidentState
from dispatch.instructions import instructions

LASTS = timedelta(hours=1)  # what nobody has updated by then is not to be relied upon
_REAL = frozenset({"real_fire", "real_gas", "real_emergency", "help_needed"})
_HOME_KM, _FACILITY_KM = 0.03, 0.1
_HEADLINE = 160  # characters, section 3.2.2
_SEPARATES = re.compile(r"[\s,<&]")

# instruction -> (urgency, severity, certainty, responseType), section 3.2.2 of the standard
_WEIGHT: dict[str, tuple[str, str, str, str]] = {
    "evacuate": ("Immediate", "Extreme", "Observed", "Evacuate"),
    "verify_fire": ("Immediate", "Severe", "Likely", "Assess"),
    "air_and_shut_off": ("Immediate", "Severe", "Likely", "Avoid"),
    "look_beside_fire": ("Immediate", "Moderate", "Possible", "Assess"),
}
_LOOKING = ("Expected", "Minor", "Possible", "Assess")
_CATEGORIES = {"fire": ("Fire", "Safety"), "gas_co": ("Safety", "Health")}


class NoMessage(ValueError):
    """There is nothing to tell the fire service about this incident."""


@dataclass(frozen=True, slots=True)
class Place:
    """A zone that went."""

    zh: str
    en: str
    floor: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an incident. `area` is the sub-district's code; `demo`: of a demonstration district; degrees WGS-84."""

    incident: UUID
    hazard: str
    kinds: tuple[str, ...]
    state: IncidentState
    cause: str | None
    drill: bool
    demo: bool
    home: bool
    site_zh: str
    site_en: str
    address: str
    area: str
    area_zh: str
    area_en: str
    lon: float
    lat: float
    zones: tuple[Place, ...]
    residents: int
    reduced_mobility: int
    onset: datetime


@dataclass(frozen=True, slots=True)
class Reference:
    """A message that was sent before, as a later one names it; `cancels`: it took back all before it."""

    sender: str
    identifier: str
    sent: datetime
    cancels: bool = False


@dataclass(frozen=True, slots=True)
class Info:
    """What is said in one language."""

    language: str
    event: str
    headline: str
    description: str
    instruction: str
    area: str


@dataclass(frozen=True, slots=True)
class Message:
    """One CAP message, every value as it is written. Times are aware and of the zone in which they are to be read."""

    identifier: str
    sender: str
    sent: datetime
    expires: datetime
    onset: datetime
    status: str
    msg_type: str
    scope: str
    note: str
    references: tuple[Reference, ...]
    incident: str
    categories: tuple[str, ...]
    urgency: str
    severity: str
    certainty: str
    response: str
    circle: str
    geocodes: tuple[tuple[str, str], ...]
    parameters: tuple[tuple[str, str], ...]
    infos: tuple[Info, ...]


def message(facts: Facts, before: Sequence[Reference], sender: str, sent: datetime) -> Message:
    """The message of this moment: the first an Alert, later ones Updates of all before, a Cancel when it was no emergency.

    Nothing names what a Cancel took back: should it have been an emergency after all, an Alert begins anew. `sent` is aware;
    seconds are enough. Raises NoMessage where there is nothing to tell, or nothing to take back.
    """
    over, void, standing = facts.state not in LIVE, taken_back(facts), _standing(before)
    if facts.hazard not in BUILDING_HAZARDS:
        raise NoMessage(f"hazard: expected one of {', '.join(sorted(BUILDING_HAZARDS))}, got {facts.hazard!r}")
    if (over and not before) or (void and not standing):
        raise NoMessage(f"the incident is {facts.state.value}, and nothing that anybody was told of it stands")
    sent = sent.replace(microsecond=0)
    urgency, severity, certainty, response = _WEIGHT.get(instructions(facts.kinds), _LOOKING)
    return Message(
        identifier=f"vigil-{facts.incident}-{len(before) + 1}",
        sender=sender,
        sent=sent,
        expires=sent + LASTS,
        onset=facts.onset.astimezone(sent.tzinfo).replace(microsecond=0),
        status="Exercise" if facts.drill else "Test" if facts.demo else "Actual",
        msg_type="Cancel" if void else "Update" if standing else "Alert",
        scope="Private" if facts.home else "Restricted",
        note=_note(facts, void),
        references=standing,
        incident=str(facts.incident),
        categories=_CATEGORIES[facts.hazard],
        urgency="Past" if over else urgency,
        severity="Unknown" if void else severity,
        certainty="Unlikely" if void else "Observed" if facts.cause in _REAL else certainty,
        response="AllClear" if over else response,
        circle=f"{facts.lat:.5f},{facts.lon:.5f} {_HOME_KM if facts.home else _FACILITY_KM:g}",
        geocodes=_geocodes(facts.area),
        parameters=(("vigil:residents", str(facts.residents)), ("vigil:reducedMobility", str(facts.reduced_mobility))),
        infos=tuple(_info(facts, language, over, void) for language in words.LANGUAGES),
    )


def said(facts: Facts) -> str:
    """A digest of what is to be told: the same facts again are no news, however late; who has taken the incident is none either."""
    told = (replace(facts, state=IncidentState.OPEN), facts.state in LIVE, taken_back(facts))
    return hashlib.sha256(repr(told).encode("utf-8", "surrogatepass")).hexdigest()


def faults(one: Message) -> list[str]:
    """What the standard demands beyond its schema, as sentences; [] when all holds (sections 3.2.1 to 3.2.4)."""
    first, called = one.msg_type == "Alert", one.status != "Actual" or one.msg_type == "Cancel"
    checked = (
        ("identifier: expected some, without space, comma, < or &", _token(one.identifier)),
        ("sender: expected some, without space, comma, < or &", _token(one.sender)),
        ("references: an update or cancel names what it follows", first or bool(one.references)),
        ("references: an alert follows nothing", not (first and one.references)),
        ("references: expected in the order in which they were sent", all(a.sent <= b.sent for a, b in pairwise(one.references))),
        ("note: an exercise, test or cancel says that it is one", bool(one.note) or not called),
        ("expires: expected after sent", one.expires > one.sent),
        ("sent: expected with a time zone of whole minutes", _zoned(one.sent)),
        ("circle: expected latitude,longitude and a radius in km", _round(one.circle)),
        ("info: expected each language once", len({info.language for info in one.infos}) == len(one.infos) > 0),
        ("headline: expected at most 160 characters", all(len(info.headline) <= _HEADLINE for info in one.infos)),
    )
    return [sentence for sentence, holds in checked if not holds]


def taken_back(facts: Facts) -> bool:
    """Whether what was told is taken back: a person has found that it was no emergency. Of "other" it is only known to be over."""
    return facts.state in (IncidentState.CLOSED, IncidentState.CANCELLED) and facts.cause in NO_EMERGENCY


def _standing(before: Sequence[Reference]) -> tuple[Reference, ...]:
    """What nobody has taken back."""
    return tuple(before[max((place for place, one in enumerate(before, 1) if one.cancels), default=0) :])


def _note(facts: Facts, void: bool) -> str:
    why = words.EXERCISE if facts.drill else words.TEST if facts.demo else None
    found = [one for one in (why, words.FALSE if void else None) if one]
    return " · ".join(f"{one.zh} {one.en}" for one in found)


def _geocodes(area: str) -> tuple[tuple[str, str], ...]:
    """The sub-district, and the district around it where the code is one of the state's (GB/T 10114, GB/T 2260)."""
    if not (area.isascii() and area.isdigit() and len(area) >= 6):
        return (("vigil:area", area),)
    return (("GB/T 10114", area), ("GB/T 2260", area[:6])) if len(area) > 6 else (("GB/T 2260", area),)


def _info(facts: Facts, language: str, over: bool, void: bool) -> Info:
    event = words.EVENTS[facts.hazard].of(language)
    site = facts.address if facts.home else _in(language, facts.site_zh, facts.site_en)  # a home may be called after a family
    kinds = [words.KINDS[kind].of(language) for kind in facts.kinds if kind in words.KINDS]
    zones = [words.FLOOR.of(language).format(zone=_in(language, one.zh, one.en), floor=one.floor) for one in facts.zones]
    lines = [
        ", ".join(kinds),
        words.WHERE.of(language).format(zones=", ".join(zones)) if zones else "",
        words.PEOPLE.of(language).format(residents=facts.residents, reduced=facts.reduced_mobility),
    ]
    todo = words.FALSE if void else words.OVER if over else words.INSTRUCTIONS.get(instructions(facts.kinds), words.LOOKING)
    place = site if facts.home else words.PLACE.of(language).format(address=facts.address, site=site)
    return Info(
        language=language,
        event=event,
        headline=f"{event}: {site}"[:_HEADLINE],
        description=". ".join(line for line in lines if line),
        instruction=todo.of(language),
        area=f"{_in(language, facts.area_zh, facts.area_en)}, {place}",
    )


def _in(language: str, zh: str, en: str) -> str:
    return words.Words(zh, en or zh).of(language)


def _token(text: str) -> bool:
    return bool(text) and not _SEPARATES.search(text)


def _zoned(at: datetime) -> bool:
    offset = at.utcoffset()
    return offset is not None and not offset % timedelta(minutes=1)


def _round(circle: str) -> bool:
    try:
        centre, radius = circle.split(" ")
        lat, lon = (float(part) for part in centre.split(","))
        return abs(lat) <= 90 and abs(lon) <= 180 and 0 < float(radius) < 100
    except ValueError:
        return False
