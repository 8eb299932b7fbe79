"""`vigil`: the commands. Each prints a clear error and returns a non-zero status on bad input; `--json` prints one JSON object.

A command names where it lives and is imported when it is called: a worker that died is back in a third of the time, and each of the
ten parts keeps only its own libraries in memory.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from analytics.routine import Absence
from devices.profiles import WORN
from simulators.names import NAMES
from vigil import logs
from vigil.settings import TABLE, Settings


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the process status."""
    arguments = parser().parse_args(argv)
    if getattr(arguments, "data", None):
        os.environ["VIGIL_DATA"] = str(arguments.data)
    settings = Settings(dict(os.environ))
    try:
        logs.start(settings)
        status: int = asyncio.run(named(arguments.run)(arguments, settings))
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if not isinstance(error, named("vigil.errors:EXPECTED")):
            raise
        print(f"vigil {arguments.command}: {error}", file=sys.stderr)
        return 1
    return status


def named(name: str) -> Any:
    """What a `module:name` of ours stands for."""
    module, _, found = name.partition(":")
    return getattr(import_module(module), found)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    root = argparse.ArgumentParser(
        prog="vigil",
        description="Vigil 守望: from an elder's button to a responder at the door.",
        epilog=_settings_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_up(commands)
    _add_parts(commands)
    _add_simulate(commands)
    _add_registry(commands)
    _add_away(commands)
    _add_models(commands)
    measured = commands.add_parser("bench", help="the benchmarks: vigil bench ingest|alarm … (see bench/README.md)")
    measured.add_argument("arguments", nargs=argparse.REMAINDER)
    measured.set_defaults(run="vigil.beside:bench")
    for name, text in (
        ("evaluate", "how well a detector does on recordings: vigil evaluate falls FILE.parquet (see docs/detectors.md)"),
        ("train", "train a detector's model from recordings and judge it (see docs/models)"),
        ("labels", "what staff said that alarms of falls were: count (the default), export FILE.parquet, correct INCIDENT CAUSE"),
    ):
        one = commands.add_parser(name, help=text)
        one.add_argument("arguments", nargs=argparse.REMAINDER)
        one.set_defaults(run="vigil.beside:offline")
    looked = commands.add_parser("doctor", help="name what is missing or broken on this machine and in a running Vigil")
    looked.add_argument("--json", action="store_true")
    looked.set_defaults(run="vigil.doctor:command")
    for one in commands.choices.values():
        if one.get_default("run"):
            _add_data(one)
    return root


def _add_up(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    one = commands.add_parser("up", help="everything on this machine: broker, database, demo district, workers, console")
    one.add_argument("--port", type=_port, help="port of the console (default 8400; taken: the next free one)")
    one.add_argument("--mqtt-port", type=_port, help="port for devices (default 1883; taken: the next free one)")
    _add_tls(one)
    one.add_argument("--no-simulator", action="store_true", help="no simulated life; devices must be real")
    one.add_argument("--workers", type=_count, default=1, help="telemetry workers, which share the areas (default 1)")
    one.add_argument("--speed", type=_speed, default=1.0, help="how much faster than life the simulator runs (default 1)")
    one.add_argument("--seed", type=int, default=7, help="seed of the demo district and its life (default 7)")
    one.set_defaults(run="vigil.up:command")


def _add_parts(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    one = commands.add_parser("ingest", help="one ingest worker (a part of `up`)")
    one.add_argument("--lane", choices=("events", "telemetry"), required=True)
    one.add_argument("--name", default="")
    one.set_defaults(run="vigil.parts.ingest:run")
    for name, run, text in (
        ("desk", "vigil.parts.desk:run", "the loop that never sleeps (a part of `up`)"),
        ("api", "vigil.parts.api:run", "the console, REST and websocket (a part of `up`)"),
        ("callout", "vigil.parts.callout:run", "the judge of each device that connects (a part of `up`)"),
        ("probe", "vigil.parts.probe:run", "the device that presses itself through the whole path (a part of `up`)"),
        ("migrate", "vigil.containers:migrate", "bring the database's schema up to date"),
        ("setup", "vigil.containers:setup", "draw secrets and write the NATS server's configuration (for containers)"),
        ("load-demo", "vigil.containers:load_demo", "load the demo district into an empty database"),
    ):
        one = commands.add_parser(name, help=text)
        one.add_argument("--name", default=name)
        one.set_defaults(run=run)
    _add_tls(commands.choices["setup"])
    commands.choices["setup"].add_argument("--superuser-password", type=Path, help="file for the database superuser's password")
    commands.choices["load-demo"].add_argument("--seed", type=int, default=7)
    life = commands.add_parser("simulator", help="the demo district's life (a part of `up`)")
    life.add_argument("--speed", type=_speed, default=1.0)
    life.add_argument("--seed", type=int, default=7)
    life.set_defaults(run="vigil.parts.simulator:run")


def _add_tls(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--tls", action="store_true", help="devices speak MQTT over TLS, by default on port 8883; none speaks it plainly"
    )
    one.add_argument(
        "--tls-name", action="append", default=[], help="a name or address devices call this machine by; again for more"
    )


def _add_simulate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    one = commands.add_parser("simulate", help="make something happen now, through the devices' own way")
    one.add_argument("scenario", choices=NAMES)
    one.add_argument("--site", default="", help="site code, e.g. h0001 or inst01 (default: the first that has the device)")
    one.add_argument("--drill", action="store_true", help="mark it as a drill")
    one.add_argument("--json", action="store_true")
    one.set_defaults(run="vigil.simulate:command")
    one = commands.add_parser("replay", help="play a recorded fire through the devices of a site")
    one.add_argument("file", type=Path)
    one.add_argument("--experiment", default="", help="which experiment of the file (default: its first)")
    one.add_argument("--site", default="inst01")
    one.add_argument("--speed", type=_speed, default=1.0, help="faster than 1 makes rises look steeper than they were")
    one.add_argument("--json", action="store_true")
    one.set_defaults(run="vigil.simulate:replay_command")


def _add_registry(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    devices = commands.add_parser("devices", help="enrol, rotate, revoke or list devices").add_subparsers(
        dest="action", required=True
    )
    enrol = devices.add_parser("enrol", help="register a device and print its token, once")
    enrol.add_argument("code")
    enrol.add_argument("--profile", required=True)
    enrol.add_argument("--site", required=True)
    enrol.add_argument("--zone", default="")
    enrol.add_argument("--senior", default="")
    enrol.add_argument("--gateway", default="")
    worn = devices.add_parser("worn", help="say where a wearable is worn: falls look otherwise there")
    worn.add_argument("code")
    worn.add_argument("place", choices=tuple(WORN))
    for name, text in (
        ("rotate", "give a device a new token"),
        ("revoke", "refuse a device from now on"),
        ("token", "print a demo device's token"),
    ):
        devices.add_parser(name, help=text).add_argument("code")
    devices.add_parser("list", help="the register").add_argument("--site", default="")
    users = commands.add_parser("users", help="add or list people, set passwords").add_subparsers(dest="action", required=True)
    add = users.add_parser("add")
    add.add_argument("login")
    add.add_argument("--name", required=True)
    add.add_argument("--role", required=True, choices=("duty", "responder", "regulator", "admin"))
    add.add_argument("--scope", required=True, help="area-code prefix such as 120105, or site:<code>")
    add.add_argument("--responder", default="")
    users.add_parser("passwd").add_argument("login")
    users.add_parser("list")
    for group, run in ((devices, "vigil.registry:devices_command"), (users, "vigil.registry:users_command")):
        for one in group.choices.values():
            one.add_argument("--json", action="store_true")
            one.set_defaults(run=run)
            _add_data(one)


def _add_away(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    one = commands.add_parser("away", help="when a resident is away or has visitors; without a time: what is entered")
    one.add_argument("senior", nargs="?", help="the resident's code (default: all, to list)")
    one.add_argument("--from", dest="since", help="a time on the cell's clock, e.g. 2027-02-05T09:30 (default: now)")
    one.add_argument("--to", dest="until", help="when the resident is back, or the visitors have left")
    whys = [why.value for why in Absence]
    one.add_argument("--why", choices=whys, default=Absence.AWAY.value, help="with visitors, no_movement stays on (default: away)")
    one.add_argument("--ended", action="store_true", help="the resident is back: end what is entered")
    one.add_argument("--json", action="store_true")
    one.set_defaults(run="vigil.away:command")


def _add_models(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    one = commands.add_parser("models", help="which models of falls were trained here, and which one judges")
    one.add_argument("action", nargs="?", choices=("list", "adopt", "rollback"), default="list")
    one.add_argument("model", nargs="?", default="", help="with adopt: the model's name")
    one.add_argument("--json", action="store_true")
    one.set_defaults(run="vigil.models:command")


def _add_data(one: argparse.ArgumentParser) -> None:
    one.add_argument("--data", type=Path, help="data folder (default: VIGIL_DATA or ./var)")


def _settings_help() -> str:
    return "settings (environment):\n" + "\n".join(f"  {one.name:30} {one.meaning} [{one.default or '-'}]" for one in TABLE)


def _port(text: str) -> int:
    if text.isdigit() and 1 <= int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected a port from 1 to 65535, got {text!r}")


def _count(text: str) -> int:
    if text.isdigit() and 1 <= int(text) <= 64:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected a number from 1 to 64, got {text!r}")


def _speed(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if 0 < value <= 10_000:
        return value
    raise argparse.ArgumentTypeError(f"expected a number above 0, at most 10000, got {text!r}")
