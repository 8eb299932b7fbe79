"""docker-compose.yml: valid against the compose specification, and true to the product: real commands, real settings, no secret."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from vigil.cli import parser
from vigil.settings import TABLE

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "docker-compose.yml"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return loaded


def test_it_follows_the_compose_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_mistake_would_be_found(tmp_path: Path) -> None:
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(FILE.read_text().replace("depends_on:", "depends_upon:", 1))
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(broken)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1


def test_the_database_is_timescale_2_23_on_postgresql_17(compose: dict[str, Any]) -> None:
    assert re.fullmatch(r"timescale/timescaledb:2\.23\.\d+-pg17", compose["services"]["database"]["image"])


def test_every_part_of_the_design_is_there(compose: dict[str, Any]) -> None:
    wanted = {"database", "broker", "callout-a", "callout-b", "ingest-events", "ingest-telemetry", "desk", "api", "simulator"}
    assert wanted <= set(compose["services"])
    assert compose["services"]["simulator"]["profiles"] == ["demo"]


def test_no_two_parts_report_under_one_name(compose: dict[str, Any]) -> None:
    ours = [one["command"] for one in compose["services"].values() if one.get("image", "").startswith("vigil:")]
    names = [command[command.index("--name") + 1] if "--name" in command else command[0] for command in ours]
    assert len(set(names)) == len(names)


def test_devices_speak_over_tls_alone_and_every_part_can_prove_the_broker(compose: dict[str, Any]) -> None:
    setup, broker = compose["services"]["setup"], compose["services"]["broker"]
    assert broker["ports"] == ["8883:8883"]
    asked = parser().parse_args([str(word) for word in setup["command"]])
    assert asked.tls
    assert "broker" in asked.tls_name, "our own parts check the name by which they call it"
    for name, service in compose["services"].items():
        if service.get("image", "").startswith("vigil:"):
            environment = service["environment"]
            assert environment["VIGIL_MQTT_HOST"] == "broker", name
            assert environment["VIGIL_MQTT_PORT"] == "8883", name
            assert environment["VIGIL_MQTT_CA"] == "/data/secrets/tls/ca.pem", name


def test_what_stays_up_has_a_healthcheck_and_what_runs_once_does_not_restart(compose: dict[str, Any]) -> None:
    once = {"setup", "migrate", "load"}
    for name, service in compose["services"].items():
        if name in once:
            assert service["restart"] == "no", name
        else:
            assert service["restart"] == "unless-stopped", name
            assert "healthcheck" in service or name == "simulator", name


def test_commands_and_settings_are_the_products_own(compose: dict[str, Any]) -> None:
    known = {setting.name for setting in TABLE}
    for name, service in compose["services"].items():
        if service.get("image", "").startswith("vigil:"):
            parser().parse_args([str(word) for word in service["command"]])
            assert set(service["environment"]) <= known, name


def test_devices_are_judged_once_broker_and_register_are_there(compose: dict[str, Any]) -> None:
    for name in ("callout-a", "callout-b"):
        needed = compose["services"][name]["depends_on"]
        assert needed == {"load": {"condition": "service_completed_successfully"}, "broker": {"condition": "service_healthy"}}


def test_volumes_are_declared_and_dependencies_exist(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in compose["volumes"], name
        for other in service.get("depends_on", {}):
            assert other in compose["services"], name


def test_the_console_is_not_open_to_the_network_by_itself(compose: dict[str, Any]) -> None:
    assert compose["services"]["api"]["ports"] == ["127.0.0.1:8400:8400"]
    assert "ports" not in compose["services"]["database"]


def test_there_is_no_secret_in_it() -> None:
    for line in FILE.read_text().splitlines():
        if re.search(r"(?i)(password|secret|token|key)\s*:", line):
            assert re.search(r":\s*(/|\")", line), f"looks like a secret: {line}"
    assert not re.search(r"://[^/\s:@]+:[^/\s@]+@", FILE.read_text())


def test_the_image_copies_every_room_of_the_product() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    rooms = {room.parent.name for room in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert rooms == set(re.findall(r"^COPY (\w+) \1$", dockerfile, re.M)) - {"dashboard"}
    assert "USER vigil" in dockerfile
