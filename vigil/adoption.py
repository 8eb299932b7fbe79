"""Which model judges falls here: the one that this installation adopted, if its file is still the one that was adopted, else the
one that ships. Whatever is wrong with the first is said loudly and never stops a worker.

In VIGIL_MODELS (else VIGIL_DATA/models), `falls/`: for each model that was trained here `<name>.npz`, `<name>.skops` and its card
(`.json` and `.md`); `adopted.json` says which is adopted, and which were before.
"""

import hashlib
import json
import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from analytics import models
from analytics.fall_judge import FallModel
from vigil.settings import BadSetting, Settings

SHIPPED = "shipped"
UNREADABLE = (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile)
_STATE = "adopted.json"

log = logging.getLogger("vigil.models")


class NotAdopted(BadSetting):
    """A model that may not be adopted, or nothing that could be taken back: it says why."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The model that judges. `adopted`: it was trained here."""

    model: FallModel
    sha256: str
    adopted: bool


def folder(settings: Settings) -> Path:
    """Where this installation keeps its models of falls."""
    return (settings.path("VIGIL_MODELS") or settings.data / "models") / "falls"


def choose(home: Path) -> Choice:
    """The adopted model, else the one that ships. Raises what reading the latter raises."""
    try:
        adopted = _standing(home)
        if adopted is not None:
            path = _npz(home, adopted["model"])
            return Choice(models.load_falls(_as_adopted(path, adopted["sha256"])), adopted["sha256"], True)
    except UNREADABLE as error:
        log.error("the adopted model of falls cannot be used, the one that ships judges in its place: %s", error)
    return Choice(models.load_falls(), digest(models.FALLS), False)


def adopt(home: Path, name: str, now: datetime, by: str) -> None:
    """Let this model judge from the workers' next start on. Raises NotAdopted unless it was better and is what was judged."""
    card = _card(home, name)
    if card is None:
        raise NotAdopted(f"models: expected one that was trained here ({', '.join(_names(home)) or 'none yet'}), got {name!r}")
    if not card["decision"]["adopt"]:
        raise NotAdopted(f"{name}: was not better than the model that judged: {'; '.join(card['decision']['why'])}")
    found = digest(_npz(home, name))
    if found != card["sha256"][f"{name}.npz"]:
        raise NotAdopted(f"{name}: expected the file that was judged ({card['sha256'][f'{name}.npz'][:12]}…), got {found[:12]}…")
    state = _state(home)
    if state["adopted"] and state["adopted"][-1]["model"] == name:
        return
    state["adopted"].append({"model": name, "sha256": found})
    _write(home, state, now, by, "adopt", name)


def rollback(home: Path, now: datetime, by: str) -> str:
    """Take the newest adoption back; the name of what judges from the next start on. Raises NotAdopted where none is left."""
    state = _state(home)
    if not state["adopted"]:
        raise NotAdopted("models: expected an adopted model to take back, got none: the one that ships judges")
    state["adopted"].pop()
    name: str = state["adopted"][-1]["model"] if state["adopted"] else SHIPPED
    _write(home, state, now, by, "rollback", name)
    return name


def listed(home: Path) -> list[dict[str, Any]]:
    """Every model that could judge here: the one that ships, then those trained here; which one judges, and whether it is whole."""
    standing = _standing(home)
    judges = standing["model"] if standing else SHIPPED
    rows: list[dict[str, Any]] = [{"model": SHIPPED, "made_at": None, "better": None, "judges": judges == SHIPPED, "whole": True}]
    for name in _names(home):
        card = _card(home, name)
        if card is not None:
            whole = _npz(home, name).exists() and digest(_npz(home, name)) == card["sha256"][f"{name}.npz"]
            row = {"model": name, "made_at": card["made_at"], "better": card["decision"]["adopt"], "judges": judges == name}
            rows.append({**row, "whole": whole})
    return rows


def learned_from(home: Path, name: str) -> list[str]:
    """The names of the data that a model which was trained here has learned from. Raises NotAdopted without its card."""
    card = _card(home, name)
    if card is None:
        raise NotAdopted(
            f"{name}: expected its card beside it, which says what it learned from; `vigil models rollback` goes on without"
        )
    return list(card["data"])


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _npz(home: Path, name: str) -> Path:
    return home / f"{name}.npz"


def _names(home: Path) -> list[str]:
    return sorted(path.stem for path in home.glob("*.npz"))


def _card(home: Path, name: str) -> dict[str, Any] | None:
    path = home / f"{name}.json"
    if name not in _names(home) or not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def _as_adopted(path: Path, expected: str) -> Path:
    found = digest(path)
    if found != expected:
        raise models.BadModel(f"{path.name}: expected the file that was adopted ({expected[:12]}…), got {found[:12]}…")
    return path


def _state(home: Path) -> dict[str, Any]:
    path = home / _STATE
    try:
        found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"adopted": [], "log": []}
    except ValueError as error:
        raise NotAdopted(
            f"{path}: expected what was adopted as JSON, got {error}; without the file the shipped model judges"
        ) from None
    return found


def _standing(home: Path) -> dict[str, str] | None:
    adopted: list[dict[str, str]] = _state(home)["adopted"]
    return adopted[-1] if adopted else None


def _write(home: Path, state: dict[str, Any], now: datetime, by: str, act: str, name: str) -> None:
    state["log"].append({"at": now.isoformat(timespec="seconds"), "by": by, "act": act, "model": name})
    draft = home / f"{_STATE}.new"
    draft.write_text(json.dumps(state, ensure_ascii=False, indent=1) + "\n")
    draft.replace(home / _STATE)
