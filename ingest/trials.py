"""The detectors' view of one batch: a trial for every area that it touches, adopted together after the commit or not at all."""

from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime

from analytics.runtime import Trial
from analytics.step import Event, Finding, Reading, Waveform
from ingest import windows
from ingest.alarms import Found, about, new_alarm
from ingest.partition import Partition
from ingest.registry import Registry
from ingest.said import Known, Said
from store import alarms
from store.connect import Connection


class Trials:
    """One trial an area. What an area that is not ours says by mistake is fed where it came in."""

    def __init__(self, partitions: Mapping[str, Partition]) -> None:
        self._partitions = partitions
        self._trials: dict[str, Trial] = {}

    def feed(self, said: Said, item: Reading | Event | Waveform, owner: Hashable) -> list[Finding]:
        """What the detectors find in one item."""
        trial = self._trials.get(said.known.origin.area)
        if trial is not None:
            return trial.feed(item)
        area = said.known.origin.area if said.known.origin.area in self._partitions else str(owner)
        return self._of(area).feed(item) if area in self._partitions else []

    def tick(self, until: datetime) -> list[Finding]:
        """What the passing of time alone finds, in the areas that can be heard."""
        found: list[Finding] = []
        for area, partition in self._partitions.items():
            deadline = partition.runtime.next_deadline()
            if deadline is not None and deadline <= until and partition.link and not partition.deaf:
                found += self._of(area).tick(until)
        return found

    def adopt(self) -> None:
        """The commit holds."""
        for trial in self._trials.values():
            trial.adopt()

    def forget(self) -> None:
        """As if nothing had been fed."""
        self._trials.clear()

    def _of(self, area: str) -> Trial:
        trial = self._trials.get(area)
        if trial is None:
            trial = self._trials[area] = self._partitions[area].runtime.trial()
        return trial


def found(finding: Finding, device: Known, received: datetime) -> Found:
    """A finding about a device, received when it came, or when time ran out."""
    return Found(finding, new_alarm(finding, device, received))


async def apply(conn: Connection, findings: Sequence[Found], now: datetime) -> None:
    """Raise and clear inside the caller's transaction, in an order in which no two workers deadlock; per subject in time order."""
    findings = await windows.without_samples(conn, findings, now)
    place = {id(alarm): number for number, alarm in enumerate(alarms.in_lock_order([one.alarm for one in findings]))}
    for one in sorted(findings, key=lambda each: place[id(each.alarm)]):
        finding = one.finding
        if finding.raised:
            raised = await alarms.raise_alarm(conn, one.alarm, now)
            await windows.keep(conn, one, raised.incident_id, now)
        else:
            await alarms.clear_alarm(conn, finding.source, finding.kind, finding.drill, finding.at, now)


def whose(finding: Finding, said: Said, registry: Registry) -> Known:
    """The device that an alarm found in an item is about: the speaker, unless it is another one's deadline. Raises NoSuchSource."""
    origin = said.known.origin
    if finding.source in (origin.device, origin.zone, origin.site, origin.senior):
        return said.known
    return about(finding, registry.known, registry.zones)
