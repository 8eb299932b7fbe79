"""Sixty responders, six a sub-district, and those who may log in. Passwords are not here.

The rota: three pairs a sub-district, twelve hours on and twenty-four off, so that two people who lift and give first aid are
on duty at every hour of the week; the handover is at 07:30 and 19:30 on the spot.
"""

from collections.abc import Iterator, Sequence
from datetime import time
from random import Random

from care.people import Account, Responder, Shift
from care.places import Area, Site
from simulators.district.ground import CODE
from simulators.district.homes import phone
from simulators.district.seniors import young_name

_MORNING, _EVENING = time(7, 30), time(19, 30)
_PAIRS = 3
_EVERYONE = ("first_aid", "lifting")
_ROLES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("care_staff", ("keys", "dementia_care"), "ebike"),
    ("property", ("keys", "gas_shutoff", "fire"), "ebike"),
    ("nurse", ("nursing", "aed", "driving"), "car"),
    ("care_staff", ("dementia_care", "aed"), "ebike"),
    ("volunteer", ("aed", "driving"), "car"),
    ("fire_warden", ("fire", "gas_shutoff", "keys"), "ebike"),
)
_ON_FOOT = ("volunteer", (), "foot")
_NEIGHBOUR = ("neighbour", ("keys",), "foot")
_COMPACT = {"120105001": _ON_FOOT, "120105003": _NEIGHBOUR, "120105008": _NEIGHBOUR}  # dense enough to walk
_DESKS = ("120105006", "120105008", "120105010")
_WITH_ACCOUNT = "120105008"
CREW = "crew-"  # begins the logins of responders whom the simulator plays
_FACILITY = "颐和养老院"


def responders(areas: Sequence[Area], sites: Sequence[Site], rng: Random) -> Iterator[Responder]:
    """Six a sub-district; they start from its institutions and day-care centres."""
    number = 0
    for area in (area for area in areas if area.parent):
        stations = [site for site in sites if site.area == area.code and site.kind in ("institution", "day_care")]
        roles = [*_ROLES[:4], _COMPACT.get(area.code, _ROLES[4]), _ROLES[5]]
        for member, (kind, skills, vehicle) in enumerate(roles):
            number += 1
            yield Responder(
                code=f"r{number:02d}",
                name=young_name(rng),
                kind=kind,
                skills=(*_EVERYONE, *skills),
                station=stations[member % len(stations)].code,
                area=area.code,
                vehicle=vehicle,
                phone=phone(rng),
                shifts=rota(member // 2),
                demo=True,
            )


def rota(pair: int) -> tuple[Shift, ...]:
    """The shifts of one pair: of the week's fourteen turns (day, night, day …) every third."""
    turns = range(pair, 14, _PAIRS)
    days = tuple(turn // 2 for turn in turns if turn % 2 == 0)
    nights = tuple(turn // 2 for turn in turns if turn % 2 == 1)
    return (Shift(_MORNING, _EVENING, days), Shift(_EVENING, _MORNING, nights))


def accounts(areas: Sequence[Area], sites: Sequence[Site], team: Sequence[Responder], rng: Random) -> Iterator[Account]:
    """The district's desk, three sub-district desks, an institution, a regulator, an operator, the responders.

    Those of one area are for people to play, the others are played by the crew.
    """
    yield Account("duty", young_name(rng), "duty", CODE, demo=True)
    for area in (area for area in areas if area.code in _DESKS):
        yield Account(f"duty-{area.name_en.lower()}", young_name(rng), "duty", area.code, demo=True)
    house = next(site for site in sites if site.name_zh == _FACILITY)
    yield Account("facility", young_name(rng), "duty", f"site:{house.code}", demo=True)
    yield Account("regulator", young_name(rng), "regulator", CODE, demo=True)
    yield Account("admin", young_name(rng), "admin", CODE, demo=True)
    for number, member in enumerate((m for m in team if m.area == _WITH_ACCOUNT), start=1):
        yield Account(f"responder{number}", member.name, "responder", member.area, member.code, demo=True)
    for member in (m for m in team if m.area != _WITH_ACCOUNT):
        yield Account(CREW + member.code, member.name, "responder", member.area, member.code, demo=True)
