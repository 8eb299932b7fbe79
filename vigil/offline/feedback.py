"""`vigil train falls --with-feedback`: a challenger from the recordings that are there and the installation's own labels, judged
beside the champion on people who taught neither, adopted only where it is better.

The model that ships has seen everybody in the recordings; a model of the same recipe without those held back stands for it, else it
would be judged by what it was taught. Both need all recordings that the champion learned from: labels alone hold no ordinary day,
and a model of labels alone might take every step for a fall and nobody would see it here.
"""

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analytics import models
from analytics.detectors.fall_motion import fall_motion
from analytics.evaluate.falls import outcomes, report
from analytics.evaluate.recording import Trial
from analytics.fall_judge import FallModel
from analytics.learn import challenge, saved
from analytics.learn.examples import Examples, examples, together
from analytics.learn.falls import train
from analytics.learn.jury import NET, PARAMETERS
from vigil import adoption
from vigil.offline import cards, labelled, recordings
from vigil.offline.task import BadRecording
from vigil.settings import Settings

OWN_VARIANTS = 5  # copies as another device, as of the small sets


@dataclass(frozen=True, slots=True, eq=False)
class _Set:
    """Trials that teach and trials that judge, of different people; `sha256` of all of it."""

    taught: list[Trial]
    held: list[Trial]
    sha256: str


def run(arguments: argparse.Namespace, variants: Mapping[str, int]) -> dict[str, Any]:
    """Train, judge, write model and card, adopt where it is better."""
    home = adoption.folder(Settings(dict(os.environ)))
    champion, rows = _champion(home), labelled.labelled()
    own = labelled.trials(rows, champion.model.version)
    files = {name: arguments.data / f"{name}.parquet" for name in arguments.sets if arguments.data}
    there = {name: adoption.digest(path) for name, path in files.items() if path.exists()}
    needed = {name: sha256 for name, sha256 in adoption.learned_from(home, champion).items() if name != labelled.OWN}
    lacking = _lacking(own, there, needed)
    if lacking:
        fair = labelled.unseen(own, champion.model.version)
        judged = report(outcomes(fall_motion(champion.model.judge()), fair, time.process_time)) if fair else None
        about = {"model": champion.model.version, "labels": labelled.summary(rows)}
        return {"trained": False, "adopted": False, "why": [lacking], **about, "evaluation": judged}
    given = {name: _split(name, recordings.trials(files[name]), [], sha256) for name, sha256 in there.items()}
    given[labelled.OWN] = _own(own, labelled.trials(labelled.passed_over()))
    taught = {name: examples(one.taught, arguments.seed, variants.get(name, OWN_VARIANTS)) for name, one in given.items()}
    card = _challenged(home, champion, given, taught, arguments.seed) | {
        "labels": labelled.summary(rows),
        "labels_key": labelled.key_hash(),
    }
    path = home / f"{card['model']}.npz"
    cards.write(path, card)
    if card["decision"]["adopt"]:
        adoption.adopt(home, card["model"], datetime.now(UTC), "vigil train")
    decision = {"adopted": card["decision"]["adopt"], "why": card["decision"]["why"]}
    return {"trained": True, **decision, "card": str(path.with_suffix(".md")), **card}


def say(found: dict[str, Any]) -> str:
    """For a terminal."""
    if not found["trained"]:
        told = [*found["why"], f"labels: {json.dumps(found['labels'], ensure_ascii=False)}"]
        judged = found["evaluation"]
        if judged:
            told += [f"{found['model']} on them: sensitivity {judged['sensitivity']}, specificity {judged['specificity']}"]
        return "\n".join(told)
    verdict = "adopted: it judges from the next start of the telemetry workers" if found["adopted"] else "refused"
    return "\n".join([f"{found['model']}: {verdict}", *found["why"], f"card: {found['card']}"])


def _champion(home: Path) -> adoption.Choice:
    try:
        return adoption.choose(home)
    except adoption.UNREADABLE as error:
        raise BadRecording(f"expected a model of falls that judges, got {error}") from None


def _challenged(
    home: Path, champion: adoption.Choice, given: Mapping[str, _Set], taught: Mapping[str, Examples], seed: int
) -> dict[str, Any]:
    """Train and judge; the card of the new model, whose files are written."""
    made_at = datetime.now(UTC)
    model, grown = train(together(taught.values()), seed, f"falls-{made_at:%Y%m%dT%H%M%S}-{seed}")
    stands = _stand_in(champion, [found for name, found in taught.items() if name != labelled.OWN], seed)
    pairs = {name: _pairs(stands, model, one.held) for name, one in given.items()}
    decision = challenge.decide(pairs)
    home.mkdir(parents=True, exist_ok=True)
    path = home / f"{model.version}.npz"
    models.save_falls(model, path)
    saved.save(grown, path.with_suffix(".skops"))
    return {
        **_about(model, given, seed, made_at),
        "sha256": {one.name: adoption.digest(one) for one in (path, path.with_suffix(".skops"))},
        "parent": {"model": champion.model.version, "sha256": champion.sha256, "stand_in": stands is not champion.model},
        "figures": {name: challenge.compared(found, seed) for name, found in pairs.items()},
        "rule": challenge.RULE,
        "decision": {"adopt": decision.adopt, "why": list(decision.why)},
    }


def _lacking(own: Sequence[Trial], there: Mapping[str, str], needed: Mapping[str, str]) -> str:
    """What is missing to train at all; "" where nothing is. SHA-256 by name of recordings: those there, and those that taught the
    champion. In another file of that name the people held back may be others."""
    taught = [one for one in own if not labelled.only_judges(labelled.OWN, one)]
    missing = [name for name in needed if name not in there]
    other = [name for name in needed if name in there and there[name] != needed[name]]
    if there and taught and not missing and not other:
        return ""
    falls, held = sum(bool(one.is_fall) for one in own), len(own) - len(taught)
    count = f"there are {falls} falls and {len(own) - falls} others, {held} of them of people who only judge"
    if not taught:
        return f"expected at least one label that may teach, got none; {count}"
    if other:
        files = ", ".join(f"{name}.parquet with SHA-256 {needed[name][:12]}…, got {there[name][:12]}…" for name in other)
        return f"expected the recordings that the champion learned from: {files}"
    return (
        f"labels alone only judge, since they hold no ordinary day: expected --data DIR with {', '.join(needed) or 'recordings'}, "
        f"missing {', '.join(missing) or 'all'}; a comparison needs {challenge.LEAST} falls and {challenge.LEAST} others of people "
        f"who only judge, recordings and labels together; {count}"
    )


def _own(own: list[Trial], passed_over: list[Trial]) -> _Set:
    """What was passed over only judges: nobody has said that it was none, but nearly all of it was."""
    digest = hashlib.sha256()
    for one in own:
        digest.update(f"{one.subject} {one.activity} {one.is_fall}".encode())
        digest.update(one.signal.xyz_mg.tobytes())
    return _split(labelled.OWN, own, passed_over, digest.hexdigest())


def _split(name: str, trials: Sequence[Trial], judging: Sequence[Trial], digest: str) -> _Set:
    told = [one for one in trials if one.is_fall is not None]
    return _Set(
        [one for one in told if not labelled.only_judges(name, one)],
        [one for one in (*told, *judging) if labelled.only_judges(name, one)],
        digest,
    )


def _stand_in(champion: adoption.Choice, taught: Sequence[Examples], seed: int) -> FallModel:
    if champion.adopted or not taught:
        return champion.model
    return train(together(taught), seed, f"{champion.model.version} without those held back")[0]


def _pairs(champion: FallModel, challenger: FallModel, held: Sequence[Trial]) -> list[challenge.Pair]:
    found = [outcomes(fall_motion(model.judge()), held, time.process_time) for model in (champion, challenger)]
    print(f"{len(held)} held-back trials judged by both", file=sys.stderr, flush=True)
    return challenge.paired(*found)


def _about(model: FallModel, given: Mapping[str, _Set], seed: int, made_at: datetime) -> dict[str, Any]:
    return {
        "model": model.version,
        "made_at": made_at.isoformat(timespec="seconds"),
        "seed": seed,
        "data": {
            name: {
                "trials": len(one.taught),
                "people": len({trial.subject for trial in one.taught}),
                "held_back_trials": len(one.held),
                "held_back_people": len({trial.subject for trial in one.held}),
                "sha256": one.sha256,
            }
            for name, one in given.items()
        },
        "parameters": PARAMETERS | {"net": NET},
        **cards.judged_by(model),
        "versions": cards.versions(),
    }
