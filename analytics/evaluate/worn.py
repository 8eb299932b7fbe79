"""Where recordings say that a device was worn, as the profile of such a device: better nobody knows where than wrongly."""

import re

from devices.profiles import ANYWHERE, POCKET, WAIST, WORN, WRIST

PLACES = {
    **dict.fromkeys(("wrist", "wrists", "wristband", "wristwatch"), WRIST),
    **dict.fromkeys(("waist", "waistband", "belt", "hip", "hips", "lumbar", "l3", "l4", "l5"), WAIST),
    **dict.fromkeys(("thigh", "thighs"), POCKET),
}
ELSEWHERE = frozenset(
    re.findall(
        r"\w+",
        """
        apron arm armband back backpack bag blouse bra breast cardigan chest coat collar gown handbag head hoodie
        jacket lapel neck necklace pack pendant purse robe rucksack satchel shirt shoulder sternum sweater torso trunk
        upper vest waistcoat ankle calf foot knee shank shin shoe
        """,
    )
)
_POCKETS = frozenset(("pocket", "pockets"))
_OF_TROUSERS = frozenset(("trouser", "trousers", "pant", "pants", "jeans", "front", "thigh", "thighs"))
_SIDES = frozenset(("left", "right", "l", "r", "in", "of", "the"))
_KNOWN = frozenset((*PLACES, *ELSEWHERE, *_POCKETS, *_OF_TROUSERS, "left", "right", "lower"))
_ONE = "|".join(sorted(_KNOWN, key=lambda word: (-len(word), word)))
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"l[1-5](?![a-z0-9])|[^\W\d_]+")


def worn_at(position: str) -> str:
    """The profile of a device worn at such a place, as recordings name them (WRIST, RightThigh, trouser pocket, lower back). By
    whole words; a pocket is one of trousers where it says so or says nothing more. Of what is worn on the upper body, carried in a
    bag, or worn at more than one place nobody knows where it is."""
    words = _words(position)
    if words & ELSEWHERE:
        return ANYWHERE
    found = {PLACES[word] for word in words if word in PLACES}
    if words & _POCKETS:
        found.add(POCKET if words & _OF_TROUSERS or words <= _POCKETS | _SIDES else ANYWHERE)
    return found.pop() if len(found) == 1 else ANYWHERE


def position(profile: str) -> str:
    """Where a device of this profile is worn, as `worn_at` reads it; "" where nobody knows."""
    return next((place.upper() for place, one in WORN.items() if one == profile != ANYWHERE), "")


def _words(position: str) -> frozenset[str]:
    """Its words, those that are written together apart (LEFTWRIST), the lower back as the lumbar that it is."""
    parts: list[str] = []
    for word in _WORD.findall(_HUMP.sub(" ", position).lower()):
        together = word not in _KNOWN and re.fullmatch(f"(?:{_ONE})+", word)
        parts += re.findall(_ONE, word) if together else [word]
    return frozenset(re.sub(r"\blower back\b", "lumbar", " ".join(parts)).split())
