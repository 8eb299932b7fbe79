"""`python -m vigil.offline evaluate|train|labels WHAT …`, which is how `vigil evaluate`, `vigil train` and `vigil labels` run."""

import argparse
import json
import sys
from collections.abc import Sequence

from vigil import errors
from vigil.offline import bed_exit, falls, fire, labels, stillness
from vigil.offline.task import BadRecording, Task

TASKS: dict[str, dict[str, Task]] = {
    "evaluate": {"falls": falls.EVALUATE, "fire": fire.EVALUATE, "stillness": stillness.EVALUATE, "bed-exit": bed_exit.EVALUATE},
    "train": {"falls": falls.TRAIN, "routine": stillness.TRAIN, "fire": fire.TRAIN},
    "labels": {"count": labels.COUNT, "export": labels.EXPORT, "correct": labels.CORRECT},
}


_EXPECTED: tuple[type[Exception], ...] = (BadRecording, OSError, *errors.EXPECTED)


def main(argv: Sequence[str] | None = None) -> int:
    """Do one piece of work; the process status."""
    arguments = parser().parse_args(argv)
    task: Task = arguments.task
    try:
        found = task.run(arguments)
    except _EXPECTED as error:
        print(f"vigil {arguments.command} {arguments.what}: {error}", file=sys.stderr)
        return 1
    print(json.dumps(found, ensure_ascii=False) if arguments.json else task.say(found), flush=True)
    return int(bool(found.get("failed")))


def parser() -> argparse.ArgumentParser:
    """The command line of all of them."""
    root = argparse.ArgumentParser(prog="vigil")
    commands = root.add_subparsers(dest="command", required=True)
    for command, tasks in TASKS.items():
        kinds = commands.add_parser(command).add_subparsers(dest="what", required=True)
        for what, task in tasks.items():
            one = kinds.add_parser(what, help=task.help)
            task.add(one)
            one.add_argument("--json", action="store_true", help="one JSON object")
            one.set_defaults(task=task)
    return root


if __name__ == "__main__":
    sys.exit(main())
