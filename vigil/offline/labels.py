"""`vigil labels`: what staff have said that alarms of falls were, counted, written to a file, and corrected."""

import argparse
import getpass
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from dispatch.incident import CAUSES
from store import labels, register
from store.connect import Connection
from store.corrections import correct_cause
from store.trail import Actor
from vigil.offline import labelled
from vigil.offline.task import BadRecording, Task


def _add_nothing(parser: argparse.ArgumentParser) -> None:
    pass


def _count(arguments: argparse.Namespace) -> dict[str, Any]:
    rows = [asdict(one) for one in labelled.asked(labels.counts)]
    told = [
        {name: value.isoformat(timespec="seconds") if isinstance(value, datetime) else value for name, value in row.items()}
        for row in rows
    ]
    return {"labels": sum(row["labels"] for row in rows), "counts": told}


def _say_counts(found: dict[str, Any]) -> str:
    head = f"{'cause':16} {'was':9} {'basis':6} {'labels':>7} {'kept':>5}"
    lines = [f"{row['cause']:16} {row['verdict']:9} {row['basis']:6} {row['labels']:7} {row['kept']:5}" for row in found["counts"]]
    return "\n".join([head, *lines]) if lines else "no labels yet: they come from the causes with which incidents are closed"


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE.parquet", help="where the windows go; <stem>_trials beside it")


def _export(arguments: argparse.Namespace) -> dict[str, Any]:
    rows = labelled.labelled()
    if not rows:
        raise BadRecording("expected at least one window of which something is known, got none (`vigil labels` counts them)")
    labelled.write(arguments.file, labelled.trials(rows))
    return {"file": str(arguments.file), **labelled.summary(rows)}


def _add_correct(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("incident", type=UUID)
    parser.add_argument("cause", choices=CAUSES)
    parser.add_argument("--note", default="", help="why")


def _correct(arguments: argparse.Namespace) -> dict[str, Any]:
    now = datetime.now(UTC)

    async def work(conn: Connection) -> int:
        cell = await register.cell(conn)
        actor = Actor(f"cli:{getpass.getuser()}", None, "admin", cell.code if cell else "")
        async with conn.transaction():
            return await correct_cause(conn, arguments.incident, arguments.cause, actor, now, arguments.note)

    return {"incident": str(arguments.incident), "cause": arguments.cause, "version": labelled.asked(work)}


def _say(found: dict[str, Any]) -> str:
    return "  ".join(f"{name}={value}" for name, value in found.items())


COUNT = Task("how many labels there are, by cause", _add_nothing, _count, _say_counts)
EXPORT = Task("the labelled windows as recordings, nobody named", _add_export, _export, _say)
CORRECT = Task("give a closed incident another cause; its label follows", _add_correct, _correct, _say)
