"""`vigil evaluate bed-exit`: recordings of a chest tag in, figures out. Who is judged is never among those who teach."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analytics.evaluate.bed_exit import Seen, Trial, score, trial
from analytics.evaluate.shares import share
from analytics.learn.rising import ROUNDS, THRESHOLDS, fit, judged, threshold
from vigil.offline.task import BadRecording, Task

COLUMNS = ("room", "trial", "t", "a_front", "a_vert", "a_lat", "rssi", "antenna", "label")
SAMPLE = ["a_front", "a_vert", "a_lat", "rssi", "antenna"]
SEED = 7


def read(path: Path) -> list[Trial]:
    """The trials of a file. They are grouped by `subject` where the file names subjects, else by `sex`. Raises BadRecording."""
    if not path.exists():
        raise BadRecording(f"expected a parquet file, found none at {path}")
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise BadRecording(f"expected a parquet file, got {error}") from error
    group = next((name for name in ("subject", "sex") if name in frame), "")
    missing = [name for name in COLUMNS if name not in frame]
    if missing or not group:
        raise BadRecording(
            f"expected the columns {', '.join(COLUMNS)} and subject or sex; missing: {', '.join(missing) or 'subject'}"
        )
    parts = frame.sort_values("t", kind="stable").groupby(["room", "trial"], sort=True)
    return [_trial(part, group) for _, part in parts]


def _trial(part: pd.DataFrame, group: str) -> Trial:
    samples = [tuple(map(float, row)) for row in part[SAMPLE].itertuples(index=False)]
    times = _growing(part["t"].astype(float).tolist())
    return trial(str(part[group].iloc[0]), times, samples, part["label"].astype(int).tolist())  # type: ignore[arg-type]


def _growing(times: list[float]) -> list[float]:
    """Two readings of one moment are a millisecond apart."""
    for place in range(1, len(times)):
        times[place] = max(times[place], times[place - 1] + 0.001)
    return times


def _evaluate(arguments: argparse.Namespace) -> dict[str, Any]:
    trials = read(arguments.file)
    groups = sorted({one.group for one in trials})
    if len(groups) < 2:
        raise BadRecording(f"expected at least two groups of people, got {', '.join(groups) or 'none'}")
    chosen: dict[str, float] = {}
    at: dict[float, Seen] = {one: Seen() for one in THRESHOLDS}
    total = Seen()
    for group in groups:
        others, own = [one for one in trials if one.group != group], [one for one in trials if one.group == group]
        chosen[group] = threshold(others, arguments.seed, arguments.rounds)
        ups = judged(fit(others, arguments.seed, arguments.rounds), own)
        for one, up in zip(own, ups, strict=True):
            total += score(one, up, chosen[group])
            for limit in THRESHOLDS:
                at[limit] += score(one, up, limit)
    return {
        "what": "bed-exit",
        "trials": len(trials),
        "judged_by": "each group by a model that the others taught; the threshold too is the others'",
        "groups": groups,
        "thresholds": chosen,
        **_figures(total),
        "by_threshold": {f"{limit:g}": _figures(found) for limit, found in at.items()},
    }


def _figures(found: Seen) -> dict[str, Any]:
    return {
        "exits": found.exits,
        "seen": share(found.seen, found.exits),
        "from_bed": share(found.bed_seen, found.bed),
        "from_chair": share(found.seen - found.bed_seen, found.exits - found.bed),
        "fresh": share(found.fresh, found.exits),
        "alarms": found.alarms,
        "false_alarms": found.false_alarms,
        "false_alarms_per_hour": round(found.false_alarms / max(found.hours, 1e-9), 1),
        "rest_under_alarm_pct": round(100 * found.rest_under_alarm_s / max(found.rest_s, 1e-9), 1),
        "hours": round(found.hours, 2),
    }


def _say(found: Mapping[str, Any]) -> str:
    def line(name: str, one: Mapping[str, Any]) -> str:
        seen, fresh = one["seen"], one["fresh"]
        return (
            f"{name:>8}: {seen['value']} % of {one['exits']} exits seen ({seen['low']} to {seen['high']}),"
            f" {fresh['value']} % told within 5 s of it; {one['false_alarms_per_hour']} false alarms an hour,"
            f" {one['rest_under_alarm_pct']} % of rest under alarm"
        )

    rows: Sequence[str] = [line(name, one) for name, one in found["by_threshold"].items()]
    return "\n".join([line("chosen", found), *rows, found["judged_by"]])


def _add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE.parquet", help="recordings of a chest tag, labelled reading by reading")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="trees of the judge (default 60)")


EVALUATE = Task("rising from bed or chair, by a tag on the chest", _add, _evaluate, _say)
