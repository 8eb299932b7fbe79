"""Synthetic seniors: one in every home, residents in most beds. Names are drawn from common ones; likeness is chance."""

from collections.abc import Iterable, Iterator
from random import Random

from care.people import Contact, Senior
from care.places import Site, Zone
from simulators.district.ground import words
from simulators.district.homes import phone

DRAWN_IN = 2026  # ages are as of this year: nothing here reads a clock
OCCUPIED = 0.85
_AT_HOME = (("lives_alone", 0.62), ("anticoagulant", 0.14), ("oxygen", 0.03), ("wheelchair", 0.06), ("dementia", 0.07))
_IN_CARE = (("anticoagulant", 0.2), ("oxygen", 0.07), ("wheelchair", 0.26), ("bedridden", 0.14), ("dementia", 0.33))
_ANYWHERE = (("hearing_loss", 0.22), ("heart_disease", 0.27), ("diabetes", 0.21))
_LEVELS_AT_HOME = (46, 30, 15, 7, 2)
_LEVELS_IN_CARE = (8, 20, 28, 26, 18)
_RELATIONS = (
    ("儿子", "men", True),
    ("女儿", "women", True),
    ("儿媳", "women", False),
    ("女婿", "men", False),
    ("侄子", "men", True),
)
_KEYS = (
    ("物业", "物业值班室有备用钥匙"),
    ("邻居", "对门邻居有备用钥匙"),
    ("子女", "子女有备用钥匙"),
    ("居委会", "居委会有备用钥匙"),
    ("", ""),
)
_KEY_WEIGHTS = (46, 18, 16, 12, 8)


def at_home(homes: Iterable[Site], rng: Random) -> Iterator[Senior]:
    """One senior a home."""
    for home in homes:
        holder, note = rng.choices(_KEYS, _KEY_WEIGHTS)[0]
        tags = _tags((*_AT_HOME, *_ANYWHERE), rng)
        yield _senior(f"s-{home.code}", home.code, "", rng.randint(65, 97), tags, _level(_LEVELS_AT_HOME, rng), (holder, note), rng)


def in_care(beds: Iterable[Zone], rng: Random) -> Iterator[Senior]:
    """Residents of most beds."""
    for bed in beds:
        if rng.random() < OCCUPIED:
            level = _level(_LEVELS_IN_CARE, rng)
            tags = _tags((*_IN_CARE, *_ANYWHERE), rng)
            yield _senior(f"s-{bed.code}", bed.site, bed.code, rng.randint(70, 101), tags, level, ("", ""), rng)


def young_name(rng: Random) -> str:
    """A name of someone who works."""
    return _name(rng.choice(words()["surnames"]), rng.choice(("men", "women")), rng)


def _senior(
    code: str, site: str, zone: str, age: int, tags: tuple[str, ...], level: int, key: tuple[str, str], rng: Random
) -> Senior:
    sex = "f" if rng.random() < 0.57 else "m"
    surname = rng.choice(words()["surnames"])
    return Senior(
        code=code,
        site=site,
        zone=zone,
        name=_name(surname, "elder_women" if sex == "f" else "elder_men", rng),
        sex=sex,
        birth_year=DRAWN_IN - age,
        phone=phone(rng) if not zone else "",
        tags=tags,
        ability_level=level,
        key_holder=key[0],
        key_note=key[1],
        contacts=tuple(_contact(surname, rng) for _ in range(rng.choice((1, 1, 2, 2, 3)))),
        demo=True,
    )


def _contact(surname: str, rng: Random) -> Contact:
    relation, given, same_surname = rng.choice(_RELATIONS)
    return Contact(_name(surname if same_surname else rng.choice(words()["surnames"]), given, rng), relation, phone(rng))


def _name(surname: str, given: str, rng: Random) -> str:
    return surname + str(rng.choice(words()[given]))


def _tags(odds: Iterable[tuple[str, float]], rng: Random) -> tuple[str, ...]:
    return tuple(tag for tag, share in odds if rng.random() < share)


def _level(weights: tuple[int, ...], rng: Random) -> int:
    return rng.choices(range(5), weights)[0]
