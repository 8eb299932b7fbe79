"""The devices a callout may let in: as the register has them, or had them when it could last be read, where sessions listen.

A device is granted only when the persistent session of its area exists, since what it sent before would be acknowledged and gone.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from broker import snapshot
from broker.admission import Credential
from broker.lanes import SessionSpec, event_lane, telemetry_lane

log = logging.getLogger(__name__)

Load = Callable[[], Awaitable[Mapping[str, Credential]]]
Ensure = Callable[[tuple[SessionSpec, ...]], Awaitable[None]]

_LOAD_S = 15.0


class Register:
    """`granted` is replaced whole and never changed in place. `ready` while there is a register and a session for events."""

    def __init__(self, path: Path, load: Load, ensure: Ensure) -> None:
        self._path = path
        self._load = load
        self._ensure = ensure
        self._known: Mapping[str, Credential] | None = None
        self._saved: Mapping[str, Credential] | None = None
        self._sessions: frozenset[SessionSpec] = frozenset()
        self.granted: Mapping[str, Credential] = {}
        self.ready = asyncio.Event()
        self.failed_loads = 0

    def forget_sessions(self) -> None:
        """The broker went away. It may return without what it had, so nobody is let in until the next refresh has looked."""
        self._sessions = frozenset()
        self.ready.clear()

    async def refresh(self) -> bool:
        """Learn the register anew and make the sessions it needs. False when something should be tried again soon."""
        learned = await self._learn()
        self._grant()  # a revocation does not wait for the sessions of new areas
        made = await self._make_sessions()
        self._grant()
        return learned and made

    async def _learn(self) -> bool:
        try:
            async with asyncio.timeout(_LOAD_S):
                self._known = dict(await self._load())
        except Exception as error:  # whatever the database's driver raises, devices must get in
            self.failed_loads += 1
            log.warning("register: not loaded: %s: %s", type(error).__name__, error)
            if self._known is None:
                self._known = self._saved = self._from_disk()
            return False
        if self._known != self._saved:
            self._to_disk(self._known)
        return True

    def _from_disk(self) -> Mapping[str, Credential] | None:
        try:
            known = snapshot.read(self._path)
        except (snapshot.BadSnapshot, OSError) as error:
            log.error("register: snapshot: %s", error)
            return None
        if known is not None:
            log.warning("register: serving %d devices from the snapshot %s", len(known), self._path)
        return known

    def _to_disk(self, known: Mapping[str, Credential]) -> None:
        try:
            snapshot.save(self._path, known)
            self._saved = known
        except OSError as error:
            log.error("register: snapshot not saved: %s", error)

    async def _make_sessions(self) -> bool:
        areas = {credential.area for credential in (self._known or {}).values()}
        missing = {event_lane(), *map(telemetry_lane, areas)} - self._sessions
        try:
            for spec in sorted(missing, key=lambda one: one.client_id):
                await self._ensure((spec,))
                self._sessions |= {spec}
        except (OSError, TimeoutError) as error:
            log.warning("register: sessions not made: %s", error or type(error).__name__)
            return False
        return True

    def _grant(self) -> None:
        known = self._known or {}
        granted = {code: one for code, one in known.items() if telemetry_lane(one.area) in self._sessions}
        if granted != self.granted:
            self.granted = granted
        if self._known is not None and event_lane() in self._sessions:
            self.ready.set()
