"""Secrets that are drawn on this machine, once, and kept in files that nobody else reads."""

import os
import secrets
from pathlib import Path

from broker.secrets import load_or_create
from vigil.settings import Settings

PROBE_TOKEN, PROBE_KEY = "probe_token", "probe_key"  # what the probe is let in by as a device, and at its console


def kept(path: Path) -> str:
    """A secret of 256 random bits in hexadecimal, drawn the first time it is asked for."""
    if not path.exists():
        write(path, secrets.token_hex(32))
    return path.read_text().strip()


def write(path: Path, text: str) -> None:
    """Whole or not at all; readable by its owner alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text + "\n")
    draft.replace(path)


def service_password(settings: Settings, user: str) -> str:
    """The password of one of our own at the broker."""
    return load_or_create(settings.secrets / "broker").passwords[user]
