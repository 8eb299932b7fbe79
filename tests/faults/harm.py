"""What is done to a part of the running product: the processes behind it, killed, frozen and thawed, or asked to end."""

import contextlib
import os
import signal
from dataclasses import dataclass
from enum import StrEnum

import psutil

from store.server import STOP_SIGNAL
from tests.conftest import Product


class Fault(StrEnum):
    """The three columns of the matrix."""

    KILL = "kill -9"
    FREEZE = "SIGSTOP"
    RESTART = "restart"


class Part(StrEnum):
    """The six rows, named as the supervisor names its children."""

    BROKER = "broker"
    DATABASE = "database"
    EVENTS = "ingest-events"
    TELEMETRY = "ingest-telemetry"
    DESK = "desk"
    API = "api"


@dataclass(frozen=True, slots=True)
class Cell:
    """One part, one fault."""

    part: Part
    fault: Fault

    def __str__(self) -> str:
        return f"{self.part}, {self.fault}"


ALL = tuple(Cell(part, fault) for part in Part for fault in Fault)
SHORT = (
    Cell(Part.BROKER, Fault.KILL),
    Cell(Part.DATABASE, Fault.FREEZE),
    Cell(Part.EVENTS, Fault.KILL),
    Cell(Part.TELEMETRY, Fault.KILL),
    Cell(Part.DESK, Fault.RESTART),
    Cell(Part.API, Fault.KILL),
)


def kill(product: Product, part: Part) -> None:
    """As the kernel kills it: without a word."""
    os.kill(product.pids()[part], signal.SIGKILL)


def ask_to_end(product: Product, part: Part) -> None:
    """As a service manager ends it."""
    os.kill(product.pids()[part], STOP_SIGNAL if part is Part.DATABASE else signal.SIGTERM)


def freeze(product: Product, part: Part) -> list[psutil.Process]:
    """Stop it and, for the database, every one of its backends; what must be thawed again."""
    head = psutil.Process(product.pids()[part])
    frozen = [head]
    head.suspend()  # first: it must not fork meanwhile
    for child in head.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            child.suspend()
            frozen.append(child)
    return frozen


def thaw(frozen: list[psutil.Process]) -> None:
    """Let them go on, those that are still there."""
    for process in reversed(frozen):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.resume()
