"""Named SQL statements from the `.sql` file beside a module: `-- name: xyz` opens one, the next name or the end closes it."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from store.errors import StoreError

_HERE = Path(__file__).parent
_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)\s*$", re.MULTILINE)


class RepeatedStatement(StoreError):
    """Two statements of one file have the same name."""

    def __init__(self, file: str, name: str) -> None:
        super().__init__(f"{file}: statement {name} expected once, got twice")
        self.file = file
        self.name = name


def statements(noun: str, directory: Path = _HERE) -> Mapping[str, bytes]:
    """The statements of `<noun>.sql` by name, without the closing semicolon. Raises RepeatedStatement."""
    parts = _NAME.split((directory / f"{noun}.sql").read_text(encoding="utf-8"))
    found: dict[str, bytes] = {}
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        if name in found:
            raise RepeatedStatement(f"{noun}.sql", name)
        found[name] = body.strip().removesuffix(";").encode()
    return MappingProxyType(found)


def nouns(directory: Path = _HERE) -> list[str]:
    """Every noun that has statements."""
    return sorted(file.stem for file in directory.glob("*.sql"))
