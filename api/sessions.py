"""Who is logged in: opaque 256-bit tokens, kept in memory so that consoles stay logged in while the database is away.

Only the SHA-256 of a token is kept. A session lasts 12 hours from its last use; renewals are written down now and then, not with
every request.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from api.access import Viewer

LASTS = timedelta(hours=12)
RENEW_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Session:
    """A login that has not ended. `digest` is the SHA-256 of its token; `kept_at` when the database was last told."""

    digest: bytes
    viewer: Viewer
    expires_at: datetime
    kept_at: datetime


def new_token() -> str:
    """256 bits of chance, fit for a cookie."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


class Sessions:
    """The sessions that this process knows."""

    def __init__(self) -> None:
        self._known: dict[bytes, Session] = {}
        self._renewed: set[bytes] = set()

    def start(self, token: str, viewer: Viewer, now: datetime) -> Session:
        """A session that begins now; the caller has told the database."""
        session = Session(digest(token), viewer, now + LASTS, now)
        self._known[session.digest] = session
        return session

    def find(self, token: str, now: datetime) -> Session | None:
        """The session of a token, renewed by being used; None when unknown or over."""
        return self.alive(digest(token), now, renew=True)

    def alive(self, key: bytes, now: datetime, *, renew: bool = False) -> Session | None:
        """The session of a digest unless it is over."""
        session = self._known.get(key)
        if session is None:
            return None
        if session.expires_at <= now:
            self.end(key)
            return None
        if renew and now + LASTS - session.expires_at > RENEW_AFTER:
            session = self._known[key] = replace(session, expires_at=now + LASTS)
            self._renewed.add(key)
        return session

    def end(self, key: bytes) -> None:
        """Forget a session."""
        self._known.pop(key, None)
        self._renewed.discard(key)

    def adopt(self, stored: Iterable[Session], as_of: datetime) -> None:
        """What the database knew at `as_of`: what it no longer has is over (logged out elsewhere, account disabled)."""
        rows = {session.digest: session for session in stored}
        for key, session in list(self._known.items()):
            if key not in rows and session.kept_at < as_of:
                self.end(key)
        for key, row in rows.items():
            mine = self._known.get(key)
            later = row.expires_at if mine is None else max(row.expires_at, mine.expires_at)
            self._known[key] = replace(row, expires_at=later)

    def take_renewed(self) -> list[Session]:
        """Renewals that the database has not been told yet; each is handed out once."""
        renewed = [self._known[key] for key in self._renewed if key in self._known]
        self._renewed.clear()
        return renewed
