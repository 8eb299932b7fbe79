"""The documents stay true: every command, setting, route and file they name exists, and every one that exists is named."""

import re
from pathlib import Path

import pytest

from analytics.catalogue import EVENT_LANE, TELEMETRY_LANE
from devices.profiles import PROFILES
from vigil.cli import parser
from vigil.settings import TABLE

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


def _commands() -> set[str]:
    action = next(one for one in parser()._actions if one.dest == "command")
    return set(action.choices or ())


def test_every_command_is_documented_and_no_other() -> None:
    assert set(re.findall(r"^\| `vigil ([a-z-]+)`", OPERATIONS, re.M)) == _commands()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.name)
def test_no_document_names_a_command_that_does_not_exist(document: Path) -> None:
    named = set(re.findall(r"(?<![\w/])vigil ([a-z][a-z-]+)", document.read_text()))
    assert named <= _commands() | {"is"}, f"{document.name} names unknown commands"


def test_every_setting_is_documented_with_its_default() -> None:
    rows = {
        name: (default.strip("`"), meaning)
        for name, default, meaning in re.findall(r"^\| `(VIGIL_\w+)` \| (.*?) \| (.*?) \|$", OPERATIONS, re.M)
    }
    assert rows == {setting.name: (setting.default, setting.meaning) for setting in TABLE}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
        if not target.startswith("http"):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_files_that_architecture_names_exist() -> None:
    for cell in re.findall(r"^\| [^|]+ \| ([^|]+) \|$", ARCHITECTURE, re.M):
        folder = Path()
        for name in re.findall(r"`([\w./-]+?(?:\.py|/))`", cell):
            path = Path(name) if "/" in name else folder / name
            folder = path if name.endswith("/") else path.parent
            assert (ROOT / path).exists(), f"architecture.md: {path}"


def test_every_room_is_on_the_map() -> None:
    rooms = {room.parent.name for room in ROOT.glob("*/__init__.py")} - {"tests"}
    assert rooms | {"dashboard", "tests", "docs"} <= set(re.findall(r"`(\w+)/`", README))


def test_every_room_says_its_promise() -> None:
    for room in ROOT.glob("*/__init__.py"):
        assert room.read_text().startswith('"""'), room


def test_every_detector_is_explained() -> None:
    detectors = (ROOT / "docs" / "detectors.md").read_text()
    for detector in (*EVENT_LANE, *TELEMETRY_LANE):
        assert f"`{detector.name}`" in detectors, detector.name


def test_every_profile_is_documented_as_it_is() -> None:
    devices = (ROOT / "docs" / "devices.md").read_text()
    rows = {row.split("`")[1]: row for row in devices.splitlines() if row.startswith("| `")}
    assert set(rows) == set(PROFILES)
    for name, profile in PROFILES.items():
        for metric in profile.metrics:
            assert f"{metric.name} ({metric.unit}, {metric.low:g} to {metric.high:g})" in rows[name]
        for event in profile.events:
            assert event in rows[name]


def test_make_knows_the_goals_that_the_readme_names() -> None:
    goals = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"\bmake ([a-z]+)\b", README)) - {"something"} <= goals


def test_nothing_names_a_registry_or_a_path_of_one_machine() -> None:
    for pattern in (
        "requirements*.txt",
        "pyproject.toml",
        "Makefile",
        "Dockerfile",
        "dashboard/package-lock.json",
        "dashboard/.npmrc",
    ):
        for file in ROOT.glob(pattern):
            text = file.read_text()
            assert not re.search(r'index-url|"resolved": *"http|registry *= *"?http', text), file
