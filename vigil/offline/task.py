"""What one piece of offline work is: a row of the table in `__main__`."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class BadRecording(ValueError):
    """A recording that cannot be read: it says what was expected and what came."""


@dataclass(frozen=True, slots=True)
class Task:
    """`add` declares the arguments; `run` answers the JSON object; `say` puts it into words for a terminal."""

    help: str
    add: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], dict[str, Any]]
    say: Callable[[dict[str, Any]], str]
