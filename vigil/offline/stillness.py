"""`vigil evaluate stillness` and `vigil train routine`: recorded homes in, figures or learned rows out."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2

from analytics.evaluate.homes import Row, messages, signs
from analytics.evaluate.stillness import Judged, judge
from analytics.learn.routine import learn, population, table
from analytics.routine import Routine
from analytics.step import Message
from vigil.offline import stored
from vigil.offline.task import BadRecording, Task

COLUMNS = ("home", "time", "sensor", "value")
TAUGHT_SHARE, CUTS, SEED = 0.5, 2000, 7
WEEKS = 4.0


def read(path: Path) -> dict[str, list[Message]]:
    """The homes of a file as messages, times taken as UTC. Raises BadRecording."""
    if not path.exists():
        raise BadRecording(f"expected a parquet file, found none at {path}")
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise BadRecording(f"expected a parquet file, got {error}") from error
    missing = [name for name in COLUMNS if name not in frame]
    if missing:
        raise BadRecording(f"expected the columns {', '.join(COLUMNS)}; missing: {', '.join(missing)}")
    frame = frame.sort_values("time", kind="stable")
    return {str(home): messages(str(home), _rows(part)) for home, part in frame.groupby("home", observed=True)}


def _rows(frame: pd.DataFrame) -> list[Row]:
    times = [one.to_pydatetime().replace(tzinfo=UTC) for one in pd.to_datetime(frame["time"])]
    return list(zip(times, frame["sensor"].astype(str), frame["value"].astype(str), strict=True))


def _part(heard: Sequence[Message], since: datetime, until: datetime) -> list[Message]:
    return [item for item in heard if since <= item.at < until]


def _home(heard: Sequence[Message], arguments: argparse.Namespace) -> tuple[Routine, Judged]:
    start, end = heard[0].at, heard[-1].at
    split = start + (end - start) * arguments.taught
    taught = signs(_part(heard, start, split))
    row = learn(table(taught), "evaluated/1", 0)
    found = judge(_part(heard, split, end), split, end, row, taught[-1] if taught else None, arguments.cuts, arguments.seed)
    return row, found


def _cold(name: str, heard: Sequence[Message], rows: dict[str, Routine], arguments: argparse.Namespace) -> Judged:
    """Without a day of one's own: what is usual in the other homes."""
    row = population([other for home, other in rows.items() if home != name], "evaluated/0")
    return judge(heard, heard[0].at, heard[-1].at, row, None, arguments.cuts, arguments.seed)


def _evaluate(arguments: argparse.Namespace) -> dict[str, Any]:
    homes = {name: heard for name, heard in read(arguments.file).items() if len(heard) > 1}
    if not homes:
        raise BadRecording("expected at least one home with events")
    judged = {name: _home(heard, arguments) for name, heard in homes.items()}
    rows = {name: row for name, (row, _) in judged.items()}
    cold = {name: _cold(name, heard, rows, arguments) for name, heard in homes.items()} if len(homes) > 1 else {}
    return {
        "what": "stillness",
        "taught_share": arguments.taught,
        "seed": arguments.seed,
        **_figures([found for _, found in judged.values()]),
        "homes": {name: {"days_taught": row.days, **_figures([found])} for name, (row, found) in judged.items()},
        "cold_start": {name: _figures([found]) for name, found in cold.items()},
        "note": "false alarms are all alarms of no_movement and not_up, since everybody lived; delays are of simulated stillness",
    }


def _figures(found: Sequence[Judged]) -> dict[str, Any]:
    days, false = sum(one.days for one in found), sum(one.false_alarms for one in found)
    day = [hour for one in found for hour in one.day_h]
    night = [hour for one in found for hour in one.night_h]
    judged = len(day) + len(night)
    asked = judged + sum(one.unseen + one.out + one.alarmed for one in found)
    return {
        "resident_days": round(days, 1),
        "false_alarms": false,
        "false_alarms_per_resident_day": round(false / days, 3),
        "false_alarms_per_resident_day_95": _poisson(false, days),
        "delay_day_h": _quantiles(day),
        "delay_night_h": _quantiles(night),
        "cuts": {
            "judged": judged,
            "unseen": sum(one.unseen for one in found),
            "alarm_standing": sum(one.alarmed for one in found),
            "out_share": round(sum(one.out for one in found) / max(asked, 1), 3),
        },
        "raised": {kind: sum(one.raised.get(kind, 0) for one in found) for kind in found[0].raised},
        "when": [text for one in found for text in one.when],
    }


def _quantiles(hours: Sequence[float]) -> dict[str, float | None]:
    if not hours:
        return {"median": None, "p90": None, "longest": None}
    return {name: round(float(np.quantile(hours, share)), 2) for name, share in (("median", 0.5), ("p90", 0.9), ("longest", 1.0))}


def _poisson(count: int, days: float) -> list[float]:
    """The exact 95 % interval of a rate (Garwood 1936)."""
    low = float(chi2.ppf(0.025, 2 * count)) / 2 if count else 0.0
    return [round(low / days, 3), round(float(chi2.ppf(0.975, 2 * count + 2)) / 2 / days, 3)]


def _say(found: dict[str, Any]) -> str:
    def line(name: str, one: dict[str, Any]) -> str:
        low, high = one["false_alarms_per_resident_day_95"]
        rate, day, night = one["false_alarms_per_resident_day"], one["delay_day_h"]["median"], one["delay_night_h"]["median"]
        return (
            f"{name:16} {one['resident_days']:6} days  {rate:.3f} false alarms a day ({low:.3f} to {high:.3f})"
            f"  delay by day {day} h, by night {night} h"
        )

    lines = [line("all", found), *(line(name, one) for name, one in found["homes"].items())]
    return "\n".join([*lines, "cold start:", *(line(name, one) for name, one in found["cold_start"].items()), found["note"]])


def _train(arguments: argparse.Namespace) -> dict[str, Any]:
    if arguments.store:
        return stored.train(arguments.weeks, arguments.version, arguments.senior)
    if arguments.file is None:
        raise BadRecording("expected FILE.parquet, or --store to learn from the database's own readings")
    homes = read(arguments.file)
    rows = {name: learn(table(signs(heard)), arguments.version, arguments.offset) for name, heard in homes.items()}
    shared = population(list(rows.values()), arguments.version)
    return {"population": asdict(shared), "routines": {name: asdict(row) for name, row in rows.items()}}


def _say_rows(found: dict[str, Any]) -> str:
    return json.dumps(found, ensure_ascii=False, indent=1, default=str)


def _add_file(parser: argparse.ArgumentParser, nargs: str | None = None) -> None:
    parser.add_argument("file", type=Path, metavar="FILE.parquet", nargs=nargs, help="recorded homes: home, time, sensor, value")


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    _add_file(parser)
    parser.add_argument("--taught", type=float, default=TAUGHT_SHARE, help="share of each home that teaches (default 0.5)")
    parser.add_argument("--cuts", type=int, default=CUTS, help="moments of simulated stillness a home (default 2000)")
    parser.add_argument("--seed", type=int, default=SEED)


def _add_train(parser: argparse.ArgumentParser) -> None:
    _add_file(parser, nargs="?")
    parser.add_argument("--store", action="store_true", help="learn from the database's own readings, and keep the rows in it")
    parser.add_argument("--weeks", type=float, default=WEEKS, help="with --store: how far back (default 4)")
    parser.add_argument("--senior", help="with --store: one resident's code (default: all)")
    parser.add_argument("--version", default="1", help="what the rows are called in alarms (default 1)")
    parser.add_argument("--offset", type=int, default=0, help="minutes by which the residents' clock is ahead of the file's")


EVALUATE = Task("stillness at home: false alarms and delay", _add_evaluate, _evaluate, _say)
TRAIN = Task("what is usual for each resident, as rows", _add_train, _train, _say_rows)
