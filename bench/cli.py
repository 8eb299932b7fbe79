"""`python -m bench`: every benchmark, or one; each prints one JSON object with versions, machine, parameters and figures."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from bench import alarm, falls, fire, history, ingest, outage, parts, scale


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is asked for; the process status."""
    arguments = parser().parse_args(argv)
    names = [name for name in _BENCHMARKS if name not in _LONG] if arguments.benchmark == "all" else [arguments.benchmark]
    # told to end, it ends as by ^C: servers stop and their data goes; in the background of a shell ^C would be ignored
    before = signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for name in names:
            found = asyncio.run(_BENCHMARKS[name](arguments))
            print(json.dumps(found, ensure_ascii=False, indent=None if arguments.json else 2), flush=True)
    except history.NoRoom as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    root = argparse.ArgumentParser(prog="bench", description="Vigil's benchmarks; every figure that is claimed comes from here.")
    root.add_argument("benchmark", nargs="?", choices=("all", *_BENCHMARKS), default="all")
    root.add_argument("--seconds", type=_positive, default=15.0, help="how long the steady part lasts (default 15)")
    root.add_argument("--rate", type=_positive, help="messages a second of the steady part (ingest: 60 %% of drained; alarm: 2000)")
    root.add_argument("--messages", type=_count, default=60_000, help="ingest: backlog to drain (default 60,000)")
    root.add_argument("--backlog", type=_count, help="alarm: backlog that drains under the burst (default 60,000)")
    root.add_argument(
        "--full", action="store_true", help="a backlog of 360,000, as after ten minutes without a database; history: 100 M readings"
    )
    root.add_argument("--readings", type=_count, help="history: readings that lie there (default 2,000,000)")
    root.add_argument("--soak", type=_positive, metavar="MINUTES", help="scale: then keep a fleet talking for so long")
    root.add_argument("--minutes", type=_positive, default=10.0, help="outage: how long the database is away (default 10)")
    root.add_argument("--devices", type=_count, default=5_000)
    root.add_argument("--areas", type=_count, default=4)
    root.add_argument("--json", action="store_true", help="one line each")
    return root


def _ingest(arguments: argparse.Namespace) -> ingest.Parameters:
    messages = 360_000 if arguments.full else arguments.messages
    return ingest.Parameters(arguments.devices, arguments.areas, messages, arguments.seconds, arguments.rate or 0.0)


def _alarm(arguments: argparse.Namespace) -> alarm.Parameters:
    backlog = arguments.backlog or (360_000 if arguments.full else 60_000)
    return alarm.Parameters(arguments.devices, arguments.areas, arguments.rate or 2_000.0, arguments.seconds, backlog)


def _history(arguments: argparse.Namespace) -> history.Parameters:
    full = arguments.full and arguments.benchmark == "history"  # 23 GB on the disk: never as a part of all
    return history.Parameters(arguments.readings or (100_000_000 if full else 2_000_000))


def _parts(arguments: argparse.Namespace) -> parts.Parameters:
    return parts.Parameters(arguments.devices, arguments.areas, arguments.messages, arguments.rate or 10_000.0)


def _scale(arguments: argparse.Namespace) -> scale.Parameters:
    return scale.Parameters(soak_minutes=arguments.soak or 0.0)


def _outage(arguments: argparse.Namespace) -> outage.Parameters:
    return outage.Parameters(arguments.minutes, arguments.rate or 600.0, devices=arguments.devices, areas=arguments.areas)


_LONG = ("scale", "outage")  # a quarter of an hour each: never as a part of all
_BENCHMARKS: dict[str, Callable[[argparse.Namespace], Coroutine[Any, Any, dict[str, Any]]]] = {
    "ingest": lambda arguments: ingest.run(_ingest(arguments)),
    "alarm": lambda arguments: alarm.run(_alarm(arguments)),
    "history": lambda arguments: history.run(_history(arguments)),
    "scale": lambda arguments: scale.run(_scale(arguments)),
    "outage": lambda arguments: outage.run(_outage(arguments)),
    "parts": lambda arguments: parts.run(_parts(arguments)),
    "falls": lambda arguments: falls.run(falls.Parameters()),
    "fire": lambda arguments: fire.run(fire.Parameters(seconds=max(2, round(arguments.seconds)))),
}


def _positive(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"expected more than 0, got {text}")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {text}")
    return value


if __name__ == "__main__":
    sys.exit(main())
