"""`vigil evaluate falls` and `vigil train falls`."""

import argparse
import json
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analytics import models
from analytics.detectors.fall_motion import fall_motion
from analytics.evaluate.falls import Outcome, outcomes, report
from analytics.evaluate.recording import Trial
from analytics.fall_judge import RULE, FallModel, Judge
from analytics.learn import judging, saved
from analytics.learn.examples import Examples, examples, together
from analytics.learn.falls import train
from analytics.learn.jury import NET, PARAMETERS
from devices.profiles import ANYWHERE
from vigil import adoption
from vigil.offline import cards, feedback, labelled, recordings
from vigil.offline.task import BadRecording, Task
from vigil.settings import Settings

SETS = ("sisfall", "wedafall", "mobifall")  # the first is the main one
VARIANTS = {"sisfall": 2, "wedafall": 5, "mobifall": 5}  # copies as another device: more of the small sets
JUDGED = ("everyone", "across", "as-shipped")
_CHECKOUT = Path(__file__).resolve().parents[2]
_SCORES = _CHECKOUT / "docs" / "scores" / "falls.json"


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        type=Path,
        nargs="?",
        metavar="FILE.parquet",
        help="recordings of wearables; <stem>_trials beside it if there is one",
    )
    parser.add_argument(
        "--store",
        action="store_true",
        help="the installation's own labels in place of a file; of people held back, where the model was trained here",
    )
    parser.add_argument("--model", type=Path, help="another model than the one that judges here (adopted, else the one that ships)")
    parser.add_argument("--rule", action="store_true", help="the plain threshold rule in its place")


def _evaluate(arguments: argparse.Namespace) -> dict[str, Any]:
    if arguments.store == (arguments.file is not None):
        raise BadRecording("expected either FILE.parquet or --store")
    judge = RULE if arguments.rule else _model(arguments.model).judge()
    if arguments.store:
        return _by_own(judge)
    read = recordings.read(arguments.file)
    return read.said_with(_judged(judge, arguments.file.name, read.trials))


def _by_own(judge: Judge) -> dict[str, Any]:
    """By the installation's own labels: none of a person who may have taught this model."""
    rows = labelled.labelled()
    own = labelled.trials(rows, judge.version)
    fair = labelled.unseen(own, judge.version)
    if own and not fair:
        raise BadRecording(
            f"own labels: expected one of a person who only judges, since {judge.version} was trained here, got none"
        )
    left_out = {"trials": len(own) - len(fair), "people": len({one.subject for one in own} - {one.subject for one in fair})}
    about = {"labels": labelled.summary(rows), "left_out_as_they_may_have_taught": left_out, "caution_labels": labelled.CAUTION}
    return _judged(judge, "own labels", fair) | about


def _judged(judge: Judge, name: str, given: Sequence[Trial]) -> dict[str, Any]:
    found = outcomes(fall_motion(judge), given, time.process_time)
    if not found:
        raise BadRecording(f"{name}: expected at least one trial of two samples, got none")
    worn = {
        profile: {"trials": count, "threshold": judge.of(profile).threshold}
        for profile, count in sorted(Counter(one.profile for one in given).items())
    }
    return {
        "evaluation": "falls",
        "file": name,
        "model": judge.version,
        "threshold": judge.threshold,
        "worn": worn,
        **report(found),
    }


def _model(path: Path | None) -> FallModel:
    try:
        if path is None:
            return adoption.choose(adoption.folder(Settings(dict(os.environ)))).model
        return models.load_falls(path)
    except models.BadModel as error:
        raise BadRecording(str(error)) from None


def _say(found: dict[str, Any]) -> str:
    if "trained" in found:
        return feedback.say(found)
    return json.dumps(found, ensure_ascii=False, indent=2)


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help="folder with sisfall.parquet, wedafall.parquet, mobifall.parquet")
    parser.add_argument(
        "--with-feedback",
        action="store_true",
        help="learn from the installation's own labels too; the model is adopted here only if it is better by people held back",
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--judge",
        choices=JUDGED,
        nargs="*",
        help="judge instead of train: everyone left out, taught by the rest of the set; every set left out; people left out, all "
        "sets teaching, as they teach the model that ships (default: all three)",
    )
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS), help="only these (default: all)")
    parser.add_argument("--judged", nargs="+", choices=SETS, help="everyone, as-shipped: only people of these (default: of all)")
    parser.add_argument("--together", type=int, default=1, metavar="N", help="everyone, as-shipped: so many left out at a time")
    parser.add_argument(
        "--model", type=Path, default=models.FALLS, help="where the model goes, its .skops and its card (.json) beside it"
    )
    parser.add_argument("--scores", type=Path, default=_SCORES, help="where the figures go")


def _train(arguments: argparse.Namespace) -> dict[str, Any]:
    if arguments.with_feedback:
        _refuse_what_feedback_ignores(arguments)
        return feedback.run(arguments, VARIANTS)
    if arguments.data is None:
        raise BadRecording("expected --data DIR, the folder of the recordings")
    trials = {name: recordings.trials(arguments.data / f"{name}.parquet") for name in arguments.sets}
    given = {name: examples(rows, arguments.seed, VARIANTS[name]) for name, rows in trials.items()}
    if arguments.judge is not None:
        return _judge(arguments, trials, given)
    model, grown = train(together(given.values()), arguments.seed, f"falls-{datetime.now(UTC):%Y%m%dT%H%M%S}-{arguments.seed}")
    models.save_falls(model, arguments.model)
    saved.save(grown, arguments.model.with_suffix(".skops"))
    card = {
        "model": model.version,
        "sha256": {path.name: adoption.digest(path) for path in (arguments.model, arguments.model.with_suffix(".skops"))},
        "trained_on": {
            name: {"trials": len(rows), "sha256": adoption.digest(arguments.data / f"{name}.parquet")}
            for name, rows in trials.items()
        },
        "seed": arguments.seed,
        "parameters": PARAMETERS | {"net": NET},
        "variants": VARIANTS,
        **cards.judged_by(model),
        "versions": cards.versions(),
    }
    _write(arguments.model.with_suffix(".json"), card)
    return card


def _refuse_what_feedback_ignores(arguments: argparse.Namespace) -> None:
    """A challenger is judged by people held back and goes to VIGIL_MODELS."""
    usual = {"judge": None, "judged": None, "together": 1, "model": models.FALLS, "scores": _SCORES}
    given = [f"--{name}" for name, value in usual.items() if getattr(arguments, name) != value]
    if given:
        raise BadRecording(f"expected --with-feedback without {', '.join(given)}, which it has no use for")


def _judge(arguments: argparse.Namespace, trials: judging.Sets, given: dict[str, Examples]) -> dict[str, Any]:
    """Figures are written as they come: the whole takes most of an hour."""
    scores = json.loads(arguments.scores.read_text()) if arguments.scores.exists() else {}
    scores |= {"seed": arguments.seed, "parameters": PARAMETERS | {"net": NET}, "variants": VARIANTS, "versions": cards.versions()}
    scores["data"] = scores.get("data", {}) | {name: adoption.digest(arguments.data / f"{name}.parquet") for name in trials}
    chosen = arguments.judge or JUDGED
    if "across" in chosen:
        _judge_across(arguments, trials, given, scores)
    if "as-shipped" in chosen:
        _judge_shipped(arguments, trials, given, scores)
    if "everyone" in chosen:
        scores["rule"] = scores.get("rule", {}) | {name: judging.by_rule(rows, time.process_time) for name, rows in trials.items()}
        _judge_people(arguments, trials, given, scores)
    return scores


def _judge_people(arguments: argparse.Namespace, trials: judging.Sets, given: dict[str, Examples], scores: dict[str, Any]) -> None:
    """Everyone left out, taught by the rest of the set."""
    for name in arguments.judged or sorted(trials, key=lambda one: len(trials[one])):
        found: list[Outcome] = []
        for judge, mine in judging.leave_each_out(trials[name], given[name], arguments.seed, (), arguments.together):
            found += judging.found_in(judge, mine, time.process_time)
            _say_how_far(name, found, trials[name])
        _keep_people(arguments, scores, "leave_one_subject_out", name, arguments.together, judging.figures(found))


def _judge_shipped(arguments: argparse.Namespace, trials: judging.Sets, given: dict[str, Examples], scores: dict[str, Any]) -> None:
    """People left out, all sets teaching; enrolled where it is worn, as worn nobody knows where, and wrongly."""
    for name in arguments.judged or sorted(trials, key=lambda one: len(trials[one])):
        others = [rows for other, rows in given.items() if other != name]
        found: defaultdict[str, list[Outcome]] = defaultdict(list)
        for judge, mine in judging.leave_each_out(trials[name], given[name], arguments.seed, others, arguments.together):
            wrongly = {f"enrolled_as_{one}": one for one in judge.worn if one not in {trial.profile for trial in mine}}
            as_enrolled = {kind: judging.enrolled_as(mine, one) for kind, one in {"worn_anywhere": ANYWHERE, **wrongly}.items()}
            for kind, shown in {"taught_by_all_sets": mine, **as_enrolled}.items():
                found[kind] += judging.found_in(judge, shown, time.process_time)
            _say_how_far(name, found["worn_anywhere"], trials[name])
        for kind, all_found in found.items():
            figures = judging.in_short if kind.startswith("enrolled_as_") else judging.figures
            _keep_people(arguments, scores, kind, name, arguments.together, figures(all_found))


def _say_how_far(name: str, found: Sequence[Outcome], trials: Sequence[Trial]) -> None:
    print(f"{name}: {len(found)} of {len(trials)} trials", file=sys.stderr, flush=True)


def _keep_people(
    arguments: argparse.Namespace, scores: dict[str, Any], kind: str, name: str, at_a_time: int, figures: dict[str, Any]
) -> None:
    row = {"left_out_at_a_time": at_a_time, **figures}
    scores[kind] = scores.get(kind, {}) | {name: row}
    _keep(arguments.scores, scores, f"{name}, {kind}", row)


def _judge_across(arguments: argparse.Namespace, trials: judging.Sets, given: dict[str, Examples], scores: dict[str, Any]) -> None:
    for train_sets, test in judging.pairs(list(trials)):
        found, threshold = judging.across([given[name] for name in train_sets], trials[test], arguments.seed, time.process_time)
        row = {"train": "+".join(train_sets), "test": test, "threshold": threshold, **judging.figures(found)}
        others = [one for one in scores.get("cross_dataset", []) if (one["train"], one["test"]) != (row["train"], test)]
        scores["cross_dataset"] = [*others, row]
        _keep(arguments.scores, scores, f"{row['train']} -> {test}", row)


def _keep(path: Path, scores: dict[str, Any], title: str, row: dict[str, Any]) -> None:
    main = scores.get("leave_one_subject_out", {}).get(SETS[0])
    if main:
        scores |= {name: main[name] for name in ("sensitivity", "specificity", "false_alarms_per_scripted_hour")}
    _write(path, scores)
    print(f"{title}: {row['sensitivity']['value']} / {row['specificity']['value']}", file=sys.stderr, flush=True)


def _write(path: Path, found: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n")


EVALUATE = Task("falls of wearers, from the raw signal", _add_evaluate, _evaluate, _say)
TRAIN = Task("the model of falls, from recordings; --judge for its figures", _add_train, _train, _say)
