"""How the room's model comes to be: logistic regression on few signs, every experiment with the same weight, thresholds by margin.

Six stations of one fire are one fire: whatever is split is split by experiment. Rows before half the time of two real alarms are
negatives, rows from that time on positives, what lies between teaches nothing. The threshold is the highest score that any node
reached too early, plus one logit.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from analytics.detectors.room_model import Model, Term, score, shaped
from analytics.detectors.room_signs import Channels, heard, signs
from analytics.evaluate.fire_recording import DEVICES, Recording, messages, seconds_of
from devices.keys import milliseconds

SIGNS = (("temperature_growth", 1.0, 50.0), ("co_rise", 10.0, 300.0))
MARGIN_LOGITS = 1.0
VERSION = "fire-room-1"
_Rows = list[tuple[float, dict[str, float]]]


def signs_of(recording: Recording) -> dict[str, _Rows]:
    """(second, signs) of every node, as the production step computes them."""
    channels: dict[str, Channels] = {}
    found: dict[str, _Rows] = {}
    for item in messages(recording, DEVICES):
        zone = item.origin.zone
        channels[zone], in_hand = heard(channels.get(zone, Channels()), item.origin.device, milliseconds(item.at), item.values)
        rows = found.setdefault(zone, [])
        t_s = seconds_of(item.at)
        if rows and rows[-1][0] == t_s:
            rows.pop()
        rows.append((t_s, signs(in_hand)))
    return found


def train(recordings: Sequence[Recording]) -> Model:
    """The model that these experiments teach; without the time of two real alarms they teach nothing. Raises ValueError."""
    inputs: list[list[float]] = []
    labels: list[int] = []
    weights: list[float] = []
    start = _terms([0.0] * len(SIGNS))
    early: list[list[dict[str, float]]] = []
    for recording in recordings:
        two = None if recording.truth is None else recording.truth.two_alarms_s
        if two is None:
            continue
        rows = [(t, found, node) for node, series in signs_of(recording).items() for t, found in series]
        early += [[found for t, found, name in rows if name == node and t < two / 2] for node in {name for _, _, name in rows}]
        taught = [(t, found) for t, found, _ in rows if t < two / 2 or t >= two]
        for label in (0, 1):
            of_label = [found for t, found in taught if (t >= two) == bool(label)]
            inputs += [[shaped(term, found) for term in start] for found in of_label]
            labels += [label] * len(of_label)
            weights += [50.0 / len(of_label)] * len(of_label)
    if len(set(labels)) < 2:
        raise ValueError("expected experiments with the time of two real alarms, got none")
    fitted: Any = LogisticRegression(max_iter=2000).fit(np.array(inputs), np.array(labels), sample_weight=np.array(weights))
    terms = _terms([float(weight) for weight in fitted.coef_[0]])
    model = Model(VERSION, terms, round(float(fitted.intercept_[0]), 4), 0.0)
    return Model(VERSION, terms, model.intercept, round(_highest(model, early) + MARGIN_LOGITS, 4))


def leave_one_out(recordings: Sequence[Recording]) -> dict[str, Model]:
    """For each experiment the model that has not seen it."""
    return {one.name: train([other for other in recordings if other.name != one.name]) for one in recordings}


def as_python(model: Model) -> str:
    """The module that holds a model's numbers."""
    terms = "".join(f'        Term("{one.sign}", scale={one.scale}, cap={one.cap}, weight={one.weight}),\n' for one in model.terms)
    return (
        '"""The numbers of the room\'s model, written by `vigil train fire FILE.parquet --write`: do not edit by hand."""\n\n'
        "from analytics.detectors.room_model import Model, Term\n\n"
        f'MODEL = Model(\n    version="{model.version}",\n    terms=(\n{terms}    ),\n'
        f"    intercept={model.intercept},\n    threshold={model.threshold},\n)\n"
    )


def _terms(weights: Iterable[float]) -> tuple[Term, ...]:
    rows = zip(SIGNS, weights, strict=True)
    return tuple(Term(name, scale, cap, round(weight, 4)) for (name, scale, cap), weight in rows)


def _highest(model: Model, early: Iterable[Sequence[dict[str, float]]]) -> float:
    """The highest score that a node held for two readings before half the time."""
    best = model.intercept
    for rows in early:
        scores = [score(model, found) for found in rows]
        best = max([best, *(min(pair) for pair in pairwise(scores))])
    return best
