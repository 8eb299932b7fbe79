"""The installation's own labels as recordings: trials of the windows that staff have spoken of, nobody in them named.

A person is a keyed hash of the register's number (HMAC-SHA256, the key among the installation's secrets): the same person is the
same word for ever, so that people can be held back, and without the key nobody can be found again. No time of day leaves either. By
another key other people would be held back, who have taught the model that judges: then nothing is done.
"""

import asyncio
import hashlib
import hmac
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from analytics.evaluate.recording import Trial
from analytics.evaluate.windows import trial_of
from analytics.evaluate.worn import position
from analytics.learn import challenge
from analytics.motion import CELL_MS, Track
from devices.keys import milliseconds
from devices.profiles import ANYWHERE, WEARABLES
from store import labels
from store.connect import Connection
from store.labels import LabelledWindow
from vigil import adoption, drawn
from vigil.offline.task import BadRecording
from vigil.registry import owner
from vigil.settings import Settings

CAUTION = (
    "labels are of what a model raised, or nearly raised, here: the model that raised them looks perfectly sensitive and never "
    "specific on them by construction; only the comparison of two models says something"
)
OWN = "own"  # the name of these labels as a set
KEY_FILE = "labels.key"
SPOKEN_WITHIN = timedelta(days=2)  # what nobody has spoken of by then, nobody has missed

Found = TypeVar("Found")


def asked(work: Callable[[Connection], Awaitable[Found]]) -> Found:
    """What the database answers its owner."""

    async def answer() -> Found:
        async with owner(Settings(dict(os.environ))) as conn:
            return await work(conn)

    return asyncio.run(answer())


def labelled() -> list[LabelledWindow]:
    """Every window of which something is known."""
    return asked(labels.labelled)


def passed_over() -> list[LabelledWindow]:
    """Samples below the threshold of which nobody has spoken in time."""
    return asked(lambda conn: labels.passed_over(conn, datetime.now(UTC) - SPOKEN_WITHIN))


def trials(rows: Sequence[LabelledWindow], model: str = "") -> list[Trial]:
    """The windows as trials, in an order that tells nothing of when they were. Raises BadRecording where the key is not the one by
    which people were held back from the adopted models and from this one."""
    key = _key(Settings(dict(os.environ)), model)
    ordered = sorted(rows, key=lambda one: _hashed(key, str(one.id)))
    return [_trial(number, one, key) for number, one in enumerate(ordered, 1)]


def unseen(given: Sequence[Trial], model: str) -> list[Trial]:
    """Those of the installation's own by which a model may be judged: where it was trained here, people who only judge."""
    if not adoption.trained_here(adoption.folder(Settings(dict(os.environ))), model):
        return list(given)
    return [one for one in given if only_judges(OWN, one)]


def only_judges(name: str, one: Trial) -> bool:
    """Whether the person of this trial of a set is held back."""
    return challenge.held_back(f"{name}/{one.subject}")


def key_hash() -> str:
    """What a card keeps of the key, to know it again: the first 16 digits of its SHA-256."""
    return _short(_key(Settings(dict(os.environ)), ""))


def write(path: Path, given: Sequence[Trial]) -> None:
    """As parquet with the columns that `vigil evaluate falls` reads, and `<stem>_trials` beside it."""
    pd.concat([_samples(one) for one in given]).to_parquet(path, index=False)
    told = [
        {
            "trial": int(one.trial),
            "subject": one.subject,
            "activity": one.activity,
            "is_fall": one.is_fall,
            "fall_start_s": one.fall_s[0] if one.fall_s else None,
            "fall_end_s": one.fall_s[1] if one.fall_s else None,
        }
        for one in given
    ]
    pd.DataFrame(told).to_parquet(path.with_name(f"{path.stem}_trials.parquet"), index=False)


def summary(rows: Sequence[LabelledWindow]) -> dict[str, Any]:
    """How many there are: by cause, by what they were, by basis, and of how many people."""
    return {
        "windows": len(rows),
        "people": len({one.person for one in rows}),
        **{name: dict(sorted(Counter(str(getattr(one, name)) for one in rows).items())) for name in ("verdict", "cause", "basis")},
    }


def _key(settings: Settings, model: str) -> str:
    path, home = settings.secrets / KEY_FILE, adoption.folder(settings)
    for name in (*adoption.adopted(home), model):
        expected = adoption.labels_key(home, name)
        found = _short(path.read_text().strip()) if expected and path.exists() else ""
        if expected != found:
            raise BadRecording(
                f"{path}: expected the key by which people were held back from {name} (SHA-256 {expected}…), got "
                f"{f'another ({found}…)' if found else 'none'}; put it back from a backup, or leave models of another key: "
                "`vigil models rollback`"
            )
    return drawn.kept(path)


def _short(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def _trial(number: int, one: LabelledWindow, key: str) -> Trial:
    subject = f"p-{_hashed(key, one.person)[:12]}"
    is_fall = one.verdict == "fall"
    track, impact = Track(one.first_cell, one.cells), milliseconds(one.at) // CELL_MS
    profile = one.profile if one.profile in WEARABLES else ANYWHERE  # a device that is something else by now
    return trial_of(number, subject, one.cause, is_fall, track, impact, profile)


def _hashed(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), "sha256").hexdigest()


def _samples(one: Trial) -> pd.DataFrame:
    force = np.rint(one.signal.xyz_mg).astype(np.int16)
    about = {"trial": int(one.trial), "subject": one.subject, "position": position(one.profile)}
    about |= {"activity": one.activity, "is_fall": one.is_fall}
    return pd.DataFrame(
        {**about, "t_ms": one.signal.times_ms.astype(np.int64), **{f"a{axis}": force[:, place] for place, axis in enumerate("xyz")}}
    )
