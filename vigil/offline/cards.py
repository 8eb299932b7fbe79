"""The card of a model that was trained here, for a program and for a person: data, hashes, figures with intervals, date, seed."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from analytics.fall_judge import FallModel

CAUTION = (
    "Recordings are acted and scripted; labels are of what models took, or nearly took, for a fall. Neither gives a sensitivity in "
    "life or a rate a day (docs/models/falls.md)."
)


def write(path: Path, card: Mapping[str, Any]) -> None:
    """`path` with .json and .md."""
    path.with_suffix(".json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n")
    path.with_suffix(".md").write_text(_words(card))


def versions() -> dict[str, str]:
    """Of the libraries that make a model."""
    return {name: version(name) for name in ("numpy", "scikit-learn", "skops")}


def judged_by(model: FallModel) -> dict[str, Any]:
    """Threshold and calibration; those of a place by its profile."""
    found: dict[str, Any] = {"threshold": model.threshold, "calibration": {"slopes": list(model.slopes), "offset": model.offset}}
    return found | {"worn": {profile: judged_by(one) for profile, one in sorted(model.worn.items())}} if model.worn else found


def _words(card: Mapping[str, Any]) -> str:
    decision, parent = card["decision"], card["parent"]
    slopes, offset = " + ".join(f"{one:.4f} x" for one in card["calibration"]["slopes"]), card["calibration"]["offset"]
    verdict = "better than the champion" if decision["adopt"] else "not better than the champion: it does not judge"
    taught = "\n".join(_data(name, one) for name, one in card["data"].items())
    figures = "\n".join(_row(name, figure, one[figure]) for name, one in card["figures"].items() for figure in _FIGURES)
    files = "\n".join(f"- `{name}`: SHA-256 `{digest}`" for name, digest in card["sha256"].items())
    return f"""# Card: {card["model"]}

Trained {card["made_at"]} with seed {card["seed"]}; {verdict}.
It challenged {parent["model"]} (`{parent["sha256"][:16]}`){_stood_for(parent)}.
{CAUTION}

| data | taught, trials | people | held back, trials | people | SHA-256 |
|---|---|---|---|---|---|
{taught}

Own labels: {json.dumps(card["labels"], ensure_ascii=False)}. Who of them only judges is by the key with
SHA-256 `{card["labels_key"]}`….

By people held back, in % with 95 % intervals (difference: whole people drawn again):

| judged on | figure | champion | challenger | of | only the challenger right | only the champion right | p | difference |
|---|---|---|---|---|---|---|---|---|
{figures}

**Rule.** {card["rule"]}.

**Decision.** {"; ".join(decision["why"])}.

Threshold {card["threshold"]}, calibration {slopes} {offset:+.4f} of the scores of forest and nets;
those of where a device is known to be worn, parameters and versions in the .json beside this.

{files}
"""


_FIGURES = ("sensitivity", "specificity")


def _stood_for(parent: Mapping[str, Any]) -> str:
    return ", for which a model of the same recipe stood that had not seen the people held back" if parent["stand_in"] else ""


def _data(name: str, one: Mapping[str, Any]) -> str:
    counts = " | ".join(str(one[count]) for count in ("trials", "people", "held_back_trials", "held_back_people"))
    return f"| {name} | {counts} | `{one['sha256'][:16]}` |"


def _row(name: str, figure: str, one: Mapping[str, Any]) -> str:
    shares = " | ".join(_share(one[who]) for who in ("champion", "challenger"))
    difference = "" if one["difference"] is None else "{value:+} ({low:+} to {high:+})".format(**one["difference"])
    of = one["champion"]["of"]
    return f"| {name} | {figure} | {shares} | {of} | {one['gained']} | {one['lost']} | {one['p']} | {difference} |"


def _share(one: Mapping[str, Any]) -> str:
    return "–" if one["value"] is None else f"{one['value']} ({one['low']}–{one['high']})"
