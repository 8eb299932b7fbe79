"""Redraw the demo city: `python -m simulators.city [seed]` writes the files of simulators/data that come from plan.json."""

import json
import sys
from pathlib import Path

from simulators.city.build import build
from simulators.city.plan import plan_of

DATA = Path(__file__).parent.parent / "data"
SEED = 7


def main(arguments: list[str]) -> int:
    """Write every file; print its size."""
    plan = plan_of(json.loads((DATA / "plan.json").read_text(encoding="utf-8")))
    for name, content in build(plan, int(arguments[0]) if arguments else SEED).items():
        (DATA / name).write_bytes(content)
        sys.stdout.write(f"{name} {len(content)} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
