"""Names and phone numbers as someone who need not know them sees them: 李**, 138****1234. What is masked is gone."""

import re

# What of an alarm's evidence and reasons is somebody's health (analytics.detectors.vital_signs; a test holds them together).
VITAL_SIGNS = frozenset({"heart_rate", "breathing_rate", "heart_climbs", "climb", "news2_points"})

_HIDDEN = "****"
_MARKS = (re.compile("号楼"), re.compile("号院"), re.compile("号(?![路街线巷])"))  # 二号路 is the name of a street
_DIGIT = re.compile(r"\d")
_HEAD, _TAIL = 3, 4


def mask_name(name: str) -> str:
    """The first character (the surname), then a star for each hidden one, two at least: a short name hides its length."""
    name = name.strip()
    return name[:1] + "*" * max(2, len(name) - 1) if name else ""


def mask_phone(phone: str) -> str:
    """First three and last four digits of a long number; of a shorter one only the last two; separators are dropped."""
    digits = "".join(character for character in phone if character.isdigit())
    if not digits:
        return ""
    if len(digits) > _HEAD + _TAIL:
        return digits[:_HEAD] + _HIDDEN + digits[-_TAIL:]
    return _HIDDEN + (digits[-2:] if len(digits) > 3 else "")


def mask_address(address: str) -> str:
    """The address without what identifies the door: what follows the first 号楼, 号院 or 号 is hidden, else the first digit on."""
    for mark in _MARKS:
        found = mark.search(address)
        if found and found.end() < len(address):
            return address[: found.end()] + _HIDDEN
    first_digit = _DIGIT.search(address)
    if first_digit is None or address.endswith("号"):
        return address
    return address[: first_digit.start()] + _HIDDEN
