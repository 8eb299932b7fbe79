"""`vigil evaluate falls` and `vigil train falls`."""

import argparse
import json
from pathlib import Path
from typing import Any

from vigil.offline.task import BadRecording, Task


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, metavar="FILE.parquet", help="recordings of wearables; <stem>_trials beside it if there is one"
    )


def _evaluate(arguments: argparse.Namespace) -> dict[str, Any]:
    if not arguments.file.exists():
        raise BadRecording(f"expected a parquet file, found none at {arguments.file}")
    raise BadRecording("there is no detector of falls from raw signals yet")


def _say(found: dict[str, Any]) -> str:
    return json.dumps(found, ensure_ascii=False, indent=2)


EVALUATE = Task("falls of wearers, from the raw signal", _add_evaluate, _evaluate, _say)
