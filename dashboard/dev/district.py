"""Prints the demo district as JSON for dev/mock.mjs: what /api/district and /api/layers give, with people and responders.

Run from the repository: python dashboard/dev/district.py > district.json
"""

import json
import sys
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from simulators.district import demo_district  # noqa: E402


def plain(value: Any) -> Any:
    """What json cannot write by itself."""
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)


def main() -> None:
    """The whole district, without roads and devices."""
    district = demo_district()
    names = ("areas", "sites", "zones", "seniors", "responders")
    parts = {name: list(getattr(district, name)) for name in names}
    head = {"code": district.code, "name_zh": district.name_zh, "name_en": district.name_en, "timezone": district.timezone, "demo": True}
    json.dump({"district": head, "layers": dict(district.layers), **parts}, sys.stdout, ensure_ascii=False, default=plain)


if __name__ == "__main__":
    main()
