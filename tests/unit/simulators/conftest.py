"""The demo district and the drawn plan, made once."""

import json
from importlib.resources import files
from typing import Any

import pytest

from care.district import District
from simulators.city.plan import Plan, plan_of
from simulators.district import demo_district


@pytest.fixture(scope="session")
def district() -> District:
    return demo_district()


@pytest.fixture(scope="session")
def drawn() -> dict[str, Any]:
    """The drawing as it is kept."""
    found: dict[str, Any] = json.loads((files("simulators") / "data" / "plan.json").read_bytes())
    return found


@pytest.fixture(scope="session")
def plan(drawn: dict[str, Any]) -> Plan:
    return plan_of(drawn)
