"""What the fall model learns from: the impacts of trials as recorded, and as another device would have had them.

The label of an impact is whether it lies in the annotated fall, or, where none is annotated, whether it is the hardest of a fall
trial; what follows a fall is not shown. What is worn at the trunk is shown once more as a limb would have turned it: that teaches
only who judges a device of which nobody knows where it is worn (docs/decisions/0064).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from analytics.candidates import impacts
from analytics.evaluate.recording import Signal, Trial
from analytics.fall_features import NAMES, features, window
from analytics.learn.augment import cut_short, limb_turned, worn_otherwise
from analytics.motion import CELL_MS, Samples, lay
from devices.profiles import WAIST

VARIANTS = 4
TRUNK = (WAIST,)
BEFORE_S, AFTER_S, CALM_S = 0.3, 0.8, 2.5  # around the annotated fall, and what is certainly before it
FALL, CALM, UNSURE = 1, 0, -1

Whole = NDArray[np.int64]
_Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Impacts of trials: `rows` (n, features), `labels` (1 fall, 0 not, -1 unsure), `trial` their place in `falls`, `people`,
    `worn` and `shown`, which say of each trial whether it is a fall, whose, of which profile the device, and in how many variants
    it was shown, seen or not. `variant` 0 is the recording; `turned`: as a limb would have had it."""

    rows: Samples
    labels: Whole
    trial: Whole
    variant: Whole
    turned: _Flags
    falls: _Flags
    people: NDArray[np.str_]
    worn: NDArray[np.str_]
    shown: Whole

    def of(self, chosen: _Flags) -> "Examples":
        """Only the impacts of the trials that are chosen, (trials,)."""
        return self._kept(chosen[self.trial])

    def at(self, profile: str) -> "Examples":
        """The trials of devices of this profile as if there were no others: their impacts as they were worn, in the same order."""
        here = self.worn == profile
        found = self._kept(here[self.trial] & ~self.turned)
        place = np.cumsum(here) - 1
        shown = self.shown[here] - (self.shown[here] > 1 if profile in TRUNK else 0)
        of_trials = (self.falls[here], self.people[here], self.worn[here], shown)
        return Examples(found.rows, found.labels, place[found.trial], found.variant, found.turned, *of_trials)

    def worn_at(self, profile: str) -> _Flags:
        """Which of the impacts those of `at` are, (n,)."""
        return np.asarray((self.worn == profile)[self.trial] & ~self.turned)

    def _kept(self, kept: _Flags) -> "Examples":
        rows = (self.rows[kept], self.labels[kept], self.trial[kept], self.variant[kept], self.turned[kept])
        return Examples(*rows, self.falls, self.people, self.worn, self.shown)


def examples(trials: Sequence[Trial], seed: int, variants: int = VARIANTS) -> Examples:
    """What there is to learn from these trials; `is_fall` is known of all."""
    rows, labels, places, kinds, turned = [np.zeros((0, len(NAMES)))], list[int](), list[int](), list[int](), list[bool]()
    for place, one in enumerate(trials):
        for variant in range(_variants(one, variants)):
            chance = np.random.default_rng((seed, place, variant))
            signal = _varied(one, variant, variants, chance)
            windows, told = _impacts(one, signal)
            if told:
                rows.append(features(cut_short(windows, chance) if variant else windows))
                labels += told
                places += [place] * len(told)
                kinds += [variant] * len(told)
                turned += [variant > variants] * len(told)
    return Examples(
        np.concatenate(rows),
        np.array(labels, dtype=np.int64),
        np.array(places, dtype=np.int64),
        np.array(kinds, dtype=np.int64),
        np.array(turned, dtype=np.bool_),
        np.array([bool(one.is_fall) for one in trials]),
        np.array([one.subject for one in trials]),
        np.array([one.profile for one in trials]),
        np.array([_variants(one, variants) for one in trials], dtype=np.int64),
    )


def together(parts: Iterable[Examples]) -> Examples:
    """Examples of several sets as one; people of different sets are different people."""
    parts = list(parts)
    starts = np.cumsum([0, *(len(one.falls) for one in parts)])
    columns = {field.name: [getattr(one, field.name) for one in parts] for field in fields(Examples)}
    columns["trial"] = [one + start for one, start in zip(columns["trial"], starts, strict=False)]
    columns["people"] = [np.array([f"{number}/{name}" for name in one]) for number, one in enumerate(columns["people"])]
    return Examples(**{name: np.concatenate(column) for name, column in columns.items()})


def _variants(trial: Trial, variants: int) -> int:
    return variants + 1 + (trial.profile in TRUNK and variants > 0)


def _varied(trial: Trial, variant: int, variants: int, chance: np.random.Generator) -> Signal:
    """0 as recorded, up to `variants` as another device would have had it, the one beyond as a limb too."""
    if not variant:
        return trial.signal
    signal = limb_turned(trial.signal, bool(trial.is_fall), chance) if variant > variants else trial.signal
    return worn_otherwise(signal, chance)


def _impacts(trial: Trial, signal: Signal) -> tuple[Samples, list[int]]:
    first, cells = lay(signal.times_ms, signal.xyz_mg)
    places = impacts(cells, 0, len(cells))
    if not places:
        return np.zeros((0, 0, 3)), []
    force = (cells[:, :3] ** 2).sum(axis=1)
    hardest = max(places, key=lambda place: float(force[place]))
    labels = [_label(trial, (first + place) * CELL_MS / 1000.0, place == hardest) for place in places]
    return np.stack([window(cells, place) for place in places]), labels


def _label(trial: Trial, at_s: float, hardest: bool) -> int:
    if not trial.is_fall:
        return CALM
    if trial.fall_s is None:
        return FALL if hardest else UNSURE
    start, end = trial.fall_s
    if start - BEFORE_S <= at_s <= end + AFTER_S:
        return FALL
    return CALM if at_s < start - CALM_S else UNSURE
