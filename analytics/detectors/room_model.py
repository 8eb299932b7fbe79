"""How much a room's signs look like a fire that begins: a logistic score, so that every part of it can be said in a sentence.

The score of a room is `intercept + sum(weight · log(1 + min(sign, cap) / scale))`. It only ever asks for a look; nothing that a
fixed rule raises goes through here. The numbers are `room_weights.MODEL`, made by `vigil train fire`.
"""

import math
from collections.abc import Mapping

from msgspec import Struct


class Term(Struct, frozen=True, gc=False):
    """One sign's part of the score; `scale` and `cap` in the sign's unit."""

    sign: str
    scale: float
    cap: float
    weight: float


class Model(Struct, frozen=True):
    """`threshold` is on the score, in logits: from there on a look is asked for."""

    version: str
    terms: tuple[Term, ...]
    intercept: float
    threshold: float


def shaped(term: Term, signs: Mapping[str, float]) -> float:
    """What one sign is before its weight: its logarithm, so that the first degrees count most and a wild value counts no more."""
    sign = signs[term.sign]
    return math.log1p((term.cap if sign > term.cap else sign) / term.scale) if sign > 0 else 0.0


def score(model: Model, signs: Mapping[str, float]) -> float:
    """The score of a room's signs, in logits."""
    total = 0.0
    for term in model.terms:
        total += term.weight * shaped(term, signs)
    return model.intercept + total


def probability(logits: float) -> float:
    """A score as what people can read: 0 to 1."""
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, logits))))
