"""The register on disk, so that buttons reconnect while the database is down. Written whole or not at all, for our eyes only."""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from broker.admission import Credential


class BadSnapshot(ValueError):
    """A snapshot that cannot be read; it is as good as none."""


def save(path: Path, credentials: Mapping[str, Credential]) -> None:
    """Replace the snapshot; on return it is on the disk."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    rows = [[c.code, c.token_sha256.hex(), c.area, c.site, c.profile] for _, c in sorted(credentials.items())]
    # Two callouts may share one path; each writes a draft of its own.
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            json.dump({"version": 1, "credentials": rows}, out)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    _sync_directory(path.parent)


def read(path: Path) -> dict[str, Credential] | None:
    """The register as it was last saved, None when it never was. Raises BadSnapshot, OSError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        document = json.loads(text)
        if document["version"] != 1:
            raise BadSnapshot(f"{path}: expected version 1, got {document['version']}")
        return {row[0]: Credential(row[0], bytes.fromhex(row[1]), *row[2:]) for row in document["credentials"]}
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise BadSnapshot(f"{path}: {error}") from error


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
