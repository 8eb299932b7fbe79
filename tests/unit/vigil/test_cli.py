"""The command line names where its commands live, and a part imports only what it needs."""

import argparse
import inspect
import subprocess
import sys
from collections.abc import Iterator

import pytest

from vigil.cli import main, named, parser


def commands(root: argparse.ArgumentParser, name: str = "vigil") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in root._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, one in action.choices.items():
                yield f"{name} {word}", one
                yield from commands(one, f"{name} {word}")


def test_each_command_is_where_its_name_says() -> None:
    found = {name: one.get_default("run") for name, one in commands(parser())}
    assert len(found) > 20
    groups = {name for name, run in found.items() if run is None}
    assert groups == {"vigil devices", "vigil users"}
    for name, run in found.items():
        assert name in groups or inspect.iscoroutinefunction(named(run)), name


@pytest.mark.parametrize(
    ("part", "without"),
    [
        ("callout", {"scipy", "numpy", "fastapi", "simulators.district"}),
        ("ingest", {"scipy", "fastapi", "sklearn", "pandas", "simulators.district"}),
        ("desk", {"fastapi", "sklearn", "pandas", "simulators.district"}),
        ("probe", {"scipy", "numpy", "fastapi", "simulators.district"}),
        ("api", {"sklearn", "pandas", "ingest", "simulators.district"}),
        ("simulator", {"fastapi", "sklearn", "pandas"}),
    ],
)
def test_a_part_loads_no_library_of_another(part: str, without: set[str]) -> None:
    """Each of them is ten processes' worth of memory, and seconds in which a part that died is not back."""
    program = f"import sys, vigil.cli, vigil.parts.{part}; print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split())
    assert not loaded & without


def test_what_a_person_can_act_on_is_one_line(tmp_path: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["users", "list", "--data", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("vigil users: ")
    assert said.count("\n") == 1
