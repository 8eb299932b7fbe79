"""The bed of a recorded home (tests/data/README.md): when leaving it is no longer by night."""

import csv
import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from analytics.detectors.bed_return import bed_return
from analytics.evaluate.homes import messages, signs
from analytics.learn.routine import learn, table
from analytics.routine import Routine
from analytics.step import Finding

HOME = Path(__file__).parents[2] / "data" / "ordonez_a.csv.gz"


def test_a_late_sleeper_who_gets_up_as_usual_raises_nothing(run: Callable[..., list[Finding]]) -> None:
    with gzip.open(HOME, "rt", encoding="utf-8") as file:
        rows = [
            (datetime.fromisoformat(row["time"]).replace(tzinfo=UTC), row["sensor"], row["value"]) for row in csv.DictReader(file)
        ]
    heard = messages("a", rows)
    usual = learn(table(signs(heard)), "taught", 0)
    in_bed = [one for one in heard if "bed" in one.origin.device]

    def nights(row: Routine) -> int:
        return sum(one.raised for one in run([bed_return(lambda resident: row)], in_bed))

    until_usually_up = replace(usual, up_by_min=tuple(by + 180 for by in usual.up_by_min))
    assert len(in_bed) > 20 and min(usual.up_by_min) > 600
    assert nights(usual) == 0
    assert nights(until_usually_up) > 7, "most of fourteen mornings"
