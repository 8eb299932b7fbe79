"""Training of the fall model: from trials and a seed to trees, nets, calibration and threshold, the same every time.

Three jurors (trees and a net each) learn without a third of the people; on that third their scores are calibrated and the threshold
is chosen. The model is the mean of the three, so no person has judged what he taught.

Where a device is known to be worn, three more jurors of that place alone judge together with those of all, calibrated by people who
wore it there: what a waist, a thigh and a wrist do in sitting down is not the same (docs/decisions/0063).
"""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

import numpy as np

from analytics.fall_judge import FallModel
from analytics.learn.calibration import calibrated, threshold
from analytics.learn.examples import CALM, UNSURE, Examples, Whole
from analytics.learn.jury import Juror, as_nets, flattened, scores, taught
from analytics.motion import Samples
from devices.profiles import ANYWHERE

HELD_BACK = 3  # a third of the people score what the others' jurors have learned
LEAST_WORN = 100  # falls and others at a place, of which a model of its own can be made

Juries = dict[str, list[Juror]]
Kept = dict[bytes, tuple[list[Juror], Samples]]


def train(given: Examples, seed: int, version: str, kept: Kept | None = None) -> tuple[FallModel, Juries]:
    """The model, and its jurors as the library keeps them: of everything by ANYWHERE, of each place by its profile. The jury of a
    place that `kept` has of the same examples is not taught again."""
    kept = {} if kept is None else kept
    whole, heard = _jury(given, seed)
    juries, worn = {ANYWHERE: whole}, dict[str, FallModel]()
    for profile in _known_places(given):
        there = given.at(profile)
        name = _digest(there, seed)
        if name not in kept:
            kept[name] = _jury(there, seed)
        own, own_heard = kept[name]
        juries[profile] = own
        worn[profile] = _model(there, (heard[given.worn_at(profile)] + own_heard) / 2, (*whole, *own), version)
    return replace(_model(given, heard, whole, version), worn=worn), juries


def _digest(given: Examples, seed: int) -> bytes:
    """By what these examples teach the same."""
    found = sha256(f"{seed} {given.people.tolist()}".encode())
    for part in (given.rows, given.labels, given.trial):
        found.update(part.tobytes())
    return found.digest()


def _known_places(given: Examples) -> list[str]:
    """Where enough was worn to judge it apart, if there is anything else."""
    places = sorted(set(given.worn.tolist()))
    if len(places) < 2 and not given.turned.any():
        return []
    falls = {one: given.falls[given.worn == one] for one in places if one != ANYWHERE}
    return [one for one, fell in falls.items() if min(np.count_nonzero(fell), np.count_nonzero(~fell)) >= LEAST_WORN]


def _jury(given: Examples, seed: int) -> tuple[list[Juror], Samples]:
    """Jurors, each without a group of the people, and what they score on the impacts of that group, (n, 2)."""
    groups, heard = _groups(given, seed)[given.trial], np.full((len(given.rows), 2), np.nan)
    jurors = []
    for group in range(HELD_BACK):
        held = groups == group
        sure = ~held & (given.labels != UNSURE)
        jurors.append(taught(given.rows[sure], given.labels[sure], seed))
        if held.any():
            heard[held] = scores(jurors[-1:], given.rows[held])
    return jurors, heard


def _model(given: Examples, heard: Samples, jurors: Sequence[Juror], version: str) -> FallModel:
    """Jurors with calibration and threshold by what was scored without having been seen."""
    slopes, offset = calibrated(heard, given.labels)
    limit = threshold(given, heard @ np.array(slopes) + offset)
    ordinary = given.rows[(given.labels == CALM) & (given.variant == 0)]
    return FallModel(version, flattened(jurors), as_nets(jurors), slopes, offset, limit, np.nanmedian(ordinary, axis=0))


def _groups(given: Examples, seed: int) -> Whole:
    """Of each trial: which of the held-back groups its person belongs to."""
    people = np.unique(given.people)
    number = dict(zip(np.random.default_rng(seed).permutation(people), np.arange(len(people)) % HELD_BACK, strict=True))
    return np.array([number[name] for name in given.people], dtype=np.int64)
