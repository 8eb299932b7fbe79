"""Which model judges falls here: the one that this installation adopted, if its file is still the one that was adopted and its card
still says so, else the one that ships. Whatever is wrong with the first is said loudly and never stops a worker.

In VIGIL_MODELS (else VIGIL_DATA/models), `falls/`: for each model that was trained here `<name>.npz`, `<name>.skops` and its card
(`.json` and `.md`); `adopted.json` says which is adopted, and which were before.
"""

import hashlib
import json
import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import msgspec

from analytics import models
from analytics.fall_judge import FallModel
from vigil.settings import BadSetting, Settings

SHIPPED = "shipped"
UNREADABLE = (OSError, ValueError)  # BadModel and NotAdopted are of the latter
_STATE = "adopted.json"

log = logging.getLogger("vigil.models")


class NotAdopted(BadSetting):
    """A model that may not be adopted, or nothing that could be taken back: it says why."""


class _Decision(TypedDict):
    adopt: bool
    why: list[str]


class _Named(TypedDict):
    model: str
    sha256: str


class _Data(TypedDict):
    sha256: str


class _Card(TypedDict):
    """What is read of a card that `vigil train falls --with-feedback` has written."""

    made_at: str
    decision: _Decision
    sha256: dict[str, str]
    parent: _Named
    data: dict[str, _Data]
    labels_key: NotRequired[str]  # cards of before have none


class _Shipped(TypedDict):
    trained_on: dict[str, _Data]


class _State(TypedDict):
    adopted: list[_Named]
    log: list[dict[str, str]]


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
    found = None
    try:
        found = _usable(home)
    except UNREADABLE as error:
        log.error("the adopted model of falls cannot be used, the one that ships judges in its place: %s", error)
    return found or Choice(models.load_falls(models.FALLS), digest(models.FALLS), False)


def fault(home: Path) -> str:
    """Why the adopted model cannot be used; "" where it can be, or none is adopted."""
    try:
        _usable(home)
    except UNREADABLE as error:
        return str(error)
    return ""


def adopt(home: Path, name: str, now: datetime, by: str) -> None:
    """Let this model judge from the workers' next start on.

    Raises NotAdopted unless it was better than the one that judges now and is what was judged.
    """
    state = _state(home)
    if state["adopted"] and state["adopted"][-1]["model"] == name and not fault(home):
        return
    if name not in _names(home):
        raise NotAdopted(f"models: expected one that was trained here ({', '.join(_names(home)) or 'none yet'}), got {name!r}")
    card = _card(home, name)
    if not card["decision"]["adopt"]:
        raise NotAdopted(f"{name}: was not better than the model that judged: {'; '.join(card['decision']['why'])}")
    found = digest(_npz(home, name))
    if found != _judged(card, name):
        raise NotAdopted(f"{name}: expected the file that was judged ({_judged(card, name)[:12]}…), got {found[:12]}…")
    champion = _judging(home)
    if card["parent"]["sha256"] != champion.sha256:
        raise NotAdopted(
            f"{name}: was better than {card['parent']['model']}, but {champion.model.version} judges now; `vigil models rollback` "
            "goes back, `vigil train falls --with-feedback` compares anew"
        )
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
    judges = standing["model"] if standing and not fault(home) else SHIPPED
    rows: list[dict[str, Any]] = [{"model": SHIPPED, "made_at": None, "better": None, "judges": judges == SHIPPED, "whole": True}]
    for name in _names(home):
        row = {"model": name, "made_at": None, "better": None, "judges": judges == name, "whole": False}
        try:
            card = _card(home, name)
            whole = digest(_npz(home, name)) == _judged(card, name)
            rows.append({**row, "made_at": card["made_at"], "better": card["decision"]["adopt"], "whole": whole})
        except UNREADABLE as error:
            rows.append({**row, "error": str(error)})
    return rows


def trained_here(home: Path, name: str) -> bool:
    """Whether a model of this name was trained here, so that people of this installation may have taught it."""
    return name in _names(home)


def learned_from(home: Path, champion: Choice) -> dict[str, str]:
    """What a model has learned from: SHA-256 by name of the data. Raises NotAdopted where its card does not say."""
    if champion.adopted:
        try:
            return {name: one["sha256"] for name, one in _card(home, champion.model.version)["data"].items()}
        except NotAdopted as error:
            raise NotAdopted(f"{error}; `vigil models rollback` goes on without") from None
    taught: dict[str, _Data] = _decoded(models.FALLS_CARD, _Shipped)["trained_on"]
    return {name: one["sha256"] for name, one in taught.items()}


def adopted(home: Path) -> list[str]:
    """The names of the adopted models, the one that judges last. Raises NotAdopted."""
    return [one["model"] for one in _state(home)["adopted"]]


def labels_key(home: Path, name: str) -> str:
    """The short hash of the key by which people were held back from a model that was trained here; "" where nothing says."""
    try:
        return _card(home, name).get("labels_key", "")
    except NotAdopted:
        return ""


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _judging(home: Path) -> Choice:
    try:
        return choose(home)
    except UNREADABLE as error:
        raise NotAdopted(f"models: expected one that judges, to compare with, got {error}") from None


def _npz(home: Path, name: str) -> Path:
    return home / f"{name}.npz"


def _names(home: Path) -> list[str]:
    return sorted(path.stem for path in home.glob("*.npz"))


def _card(home: Path, name: str) -> _Card:
    found: _Card = _decoded(home / f"{name}.json", _Card)
    return found


def _decoded(path: Path, kind: Any) -> Any:
    """A JSON file as a TypedDict. Raises NotAdopted."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NotAdopted(f"{path.name}: expected what is known of the model as JSON, got {error}") from None


def _usable(home: Path) -> Choice | None:
    """The adopted model; None where none is. Raises what stands in its way: state, file or card is gone, damaged or another."""
    adopted = _standing(home)
    if adopted is None:
        return None
    name, expected, path = adopted["model"], adopted["sha256"], _npz(home, adopted["model"])
    for what, found in ((path.name, digest(path)), (f"{name}.json", _judged(_card(home, name), name))):
        if found != expected:
            raise NotAdopted(f"{what}: expected the model that was adopted ({expected[:12]}…), got {found[:12]}…")
    return Choice(models.load_falls(path), expected, True)


def _judged(card: _Card, name: str) -> str:
    """SHA-256 of the file that the card is about; "" where it is about another."""
    return card["sha256"].get(f"{name}.npz", "")


def _state(home: Path) -> _State:
    path = home / _STATE
    try:
        found: _State = _decoded(path, _State) if path.exists() else {"adopted": [], "log": []}
    except NotAdopted as error:
        raise NotAdopted(f"{error}; without {path} the shipped model judges") from None
    return found


def _standing(home: Path) -> _Named | None:
    adopted = _state(home)["adopted"]
    return adopted[-1] if adopted else None


def _write(home: Path, state: _State, now: datetime, by: str, act: str, name: str) -> None:
    state["log"].append({"at": now.isoformat(timespec="seconds"), "by": by, "act": act, "model": name})
    draft = home / f"{_STATE}.new"
    draft.write_text(json.dumps(state, ensure_ascii=False, indent=1) + "\n")
    draft.replace(home / _STATE)
