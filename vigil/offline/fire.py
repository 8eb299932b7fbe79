"""`vigil evaluate fire` and `vigil train fire`."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analytics.catalogue import TELEMETRY_LANE
from analytics.detectors.room import NAME, judged_by
from analytics.detectors.room_model import Model
from analytics.detectors.room_weights import MODEL
from analytics.evaluate.fire import Played, calm_rooms, play, report
from analytics.evaluate.fire_faults import faults
from analytics.evaluate.fire_recording import Recording
from analytics.learn.fire import as_python, leave_one_out, train
from analytics.step import Detector
from vigil.offline.fire_files import fires, rooms
from vigil.offline.task import BadRecording, Task

_CHECKOUT = Path(__file__).resolve().parents[2]
_WEIGHTS = _CHECKOUT / "analytics" / "detectors" / "room_weights.py"
_SCORES = _CHECKOUT / "docs" / "scores" / "fire.json"
_CAUTION = "Six nodes of one fire are one fire, and few fires prove little. No recorded nuisance smoke was available."


def lane(model: Model) -> tuple[Detector[Any], ...]:
    """The production lane with another model in its rooms."""
    return tuple(judged_by(detector, model) if detector.name == NAME else detector for detector in TELEMETRY_LANE)


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        type=Path,
        metavar="FILE.parquet",
        help="recorded fires; truth in <stem>_experiments, _stations, _alarms beside it if there is any",
    )
    parser.add_argument("--leave-one-out", action="store_true", help="also judge each fire by a model that has not seen it")
    parser.add_argument("--rooms", type=Path, metavar="FILE.parquet", help="also rooms in which nothing burned")
    parser.add_argument("--write", action="store_true", help="keep the result in docs/scores/fire.json")


def _evaluate(arguments: argparse.Namespace) -> dict[str, Any]:
    recordings = fires(arguments.file)
    if not recordings:
        raise BadRecording(f"{arguments.file.name}: expected at least one experiment, got none")
    found: dict[str, Any] = {"evaluation": "fire", "file": arguments.file.name, "model": MODEL.version, "caution": _CAUTION}
    found |= report([play(one, TELEMETRY_LANE) for one in recordings])
    if arguments.leave_one_out:
        found["leave_one_out"] = _left_out(recordings)
    if any(one.flags for one in recordings):
        found["sensor_faults"] = faults(recordings)
    if arguments.rooms is not None:
        found["calm_rooms"] = {"file": arguments.rooms.name, **calm_rooms(rooms(arguments.rooms), TELEMETRY_LANE)}
    if arguments.write:
        _SCORES.parent.mkdir(parents=True, exist_ok=True)
        _SCORES.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return found


def _left_out(recordings: Sequence[Recording]) -> dict[str, Any]:
    models = leave_one_out([one for one in recordings if one.truth is not None])
    played: list[Played] = [play(one, lane(models[one.name])) for one in recordings if one.name in models]
    methods = report(played)["methods"]
    return {name: methods[name] for name in ("pre-alarm", "pre-alarm or alarm")}


def _say(found: dict[str, Any]) -> str:
    lines = [f"{found['fires']} fires, {found['node_hours_before_half']} node-hours before half the time of two real alarms"]
    rows = dict(found["methods"])
    rows |= {f"{name}, model left out": row for name, row in found.get("leave_one_out", {}).items()}
    for name, row in rows.items():
        modes = "; ".join(_mode(mode, said) for mode, said in row.items() if isinstance(said, dict) and "missed" in said)
        early = row.get("premature_per_24_node_hours")
        lines.append(f"{name:50} {modes}" + ("" if early is None else f"; premature {early} per 24 node-hours"))
    if "calm_rooms" in found:
        calm = found["calm_rooms"]
        lines.append(f"calm rooms: {calm['node_hours']} node-hours, raised {calm['raised'] or 'nothing'}")
    return "\n".join([*lines, *(f"cannot: {one}" for one in found["cannot"]), _CAUTION])


def _mode(mode: str, said: dict[str, Any]) -> str:
    return f"{mode} {said['fires'] - said['missed']}/{said['fires']} median {said['median_s']} s"


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE.parquet", help="recorded fires with their truth beside them")
    parser.add_argument("--write", action="store_true", help="put the numbers into analytics/detectors/room_weights.py")


def _train(arguments: argparse.Namespace) -> dict[str, Any]:
    try:
        model = train(fires(arguments.file))
    except ValueError as error:
        raise BadRecording(f"{arguments.file.name}: {error}") from None
    if arguments.write:
        _WEIGHTS.write_text(as_python(model), encoding="utf-8")
    terms = {term.sign: term.weight for term in model.terms}
    return {"model": model.version, "weights": terms, "intercept": model.intercept, "threshold": model.threshold}


def _say_trained(found: dict[str, Any]) -> str:
    return json.dumps(found, indent=2)


EVALUATE = Task("fires, from what the devices of their rooms say", _add_evaluate, _evaluate, _say)
TRAIN = Task("the room's early-warning model", _add_train, _train, _say_trained)
