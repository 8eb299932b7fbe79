"""What a room's findings say: each sign with its value, in words that i18n has."""

from collections.abc import Iterable, Mapping, Sequence

from analytics.detectors import nuisance
from analytics.detectors.room_model import probability
from analytics.detectors.room_signs import CO, GAS, Channel
from analytics.detectors.room_weights import MODEL
from analytics.step import Reason

_TOLD = 0.1  # a sign smaller than this part of its unit is not worth a sentence


def look_reasons(found: Mapping[str, float], confidence: float) -> tuple[Reason, ...]:
    """Why a look is asked for, and within how long."""
    limit = round(probability(MODEL.threshold), 3)
    asked = Reason("fire_score", round(confidence, 3), limit, "", f"ours, model {MODEL.version}")
    within = Reason("look_within", nuisance.LOOK_WITHIN.total_seconds(), None, "s", "ours")
    return (asked, *_seen(found), within)


def check_reasons(confidence: float, looks_like: str | None) -> tuple[Reason, ...]:
    """What a smoke alarm looks like, how far it is believed, and within how long somebody must look."""
    if looks_like is None:
        return ()
    within = Reason("look_within", nuisance.LOOK_WITHIN_NUISANCE.total_seconds(), None, "s", "ours")
    return (_LOOKS_LIKE[looks_like], Reason("confidence", round(confidence, 3), None, "", "ours"), within)


def confirmed_reasons(fire: Sequence[tuple[str, str]]) -> tuple[Reason, ...]:
    """How many devices and quantities agree, and which."""
    devices, kinds = {device for device, _ in fire}, {kind for _, kind in fire}
    reasons = [
        Reason("witnesses", float(len(fire)), 2.0, "", "ours"),
        Reason("witness_devices", float(len(devices)), None, "", "ours"),
    ]
    return (*reasons, *(_VOUCHED[kind] for kind in sorted(kinds)))


def gas_co_reasons(rows: Iterable[Channel], co_ppm: float, gas_pct_lel: float) -> tuple[Reason, ...]:
    """CO of the last minutes and gas of now, where they are at the pre-alarm's limits."""
    reasons: list[Reason] = []
    for _, metric, _, _, fast, slow, _ in rows:
        if metric == CO and slow >= co_ppm:
            reasons.append(Reason("co_look", round(slow, 1), co_ppm, "ppm", "EN 50291-1 lowest gate [M]; ours"))
        elif metric == GAS and fast >= gas_pct_lel:
            reasons.append(Reason("gas_look", round(fast, 1), gas_pct_lel, "%LEL", "GB 15322.2-2019 lower bound [M]; ours"))
    return tuple(reasons)


def _seen(found: Mapping[str, float]) -> list[Reason]:
    told = (
        Reason("sign_temperature", round(found["temperature_growth"], 1), None, "°C", "ours"),
        Reason("sign_co", round(found["co_rise"], 1), None, "ppm", "ours"),
        Reason("sign_smoke", round(found["smoke_obscuration_rise"], 1), None, "%/m", "ours"),
    )
    return [reason for reason in told if reason.value is not None and reason.value >= _TOLD]


_LOOKS_LIKE = {
    "steam": Reason("looks_like_steam", source="ours"),
    "cooking": Reason("looks_like_cooking", source="ours"),
    "dust": Reason("looks_like_dust", source="ours"),
}
_VOUCHED = {
    "smoke": Reason("vouched_smoke", source="fixed rule or the device's own"),
    "heat": Reason("vouched_heat", source="fixed rule or the device's own"),
    "co": Reason("vouched_co", source="fixed rule or the device's own"),
}
