"""From what a detector found to the alarm that the store keeps: whose it is, where, how late, and why. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from analytics.step import Finding
from devices.clock import late
from dispatch.alarm import alarm_id
from ingest.said import Known, Register
from store.new_alarm import NewAlarm


class NoSuchSource(LookupError):
    """A finding about a device, zone or senior that the register does not have."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(f"{finding.kind}: expected a device, zone or senior of the register, got {finding.source!r}")
        self.finding = finding


@dataclass(frozen=True, slots=True)
class Found:
    """A finding with the alarm that it raises or ends."""

    finding: Finding
    alarm: NewAlarm


def new_alarm(finding: Finding, about: Known, received: datetime) -> NewAlarm:
    """The alarm that a finding raises. `about`: the device that spoke, or whose deadline passed; `received`: when it reached us."""
    return NewAlarm(
        alarm_id=alarm_id(finding.source, finding.kind, finding.key),
        source=finding.source,
        kind=finding.kind,
        key=finding.key,
        device_id=about.device_id,
        area=about.area,
        site_id=about.site_id,
        zone_id=about.zone_id,
        senior_id=about.senior_id,
        gateway=about.code if about.profile.name == "gateway" else about.gateway,
        device=about.code,
        senior=about.senior,
        zone=about.zone,
        site=about.site,
        drill=finding.drill,
        at=finding.at,
        received_at=received,
        late_s=late(finding.at, received),
        rule_version=finding.rule_version,
        reasons=[asdict(reason) for reason in finding.reasons],
        evidence=dict(finding.evidence),
    )


def about(finding: Finding, register: Register, zones: Mapping[str, Known]) -> Known:
    """The device that a finding without a message is about: its source, or one of its zone or senior. Raises NoSuchSource."""
    found = register.get(finding.source) or zones.get(finding.source)
    if found is None:
        raise NoSuchSource(finding)
    return found


def by_zone(register: Register) -> dict[str, Known]:
    """One device of every zone and of every senior, always the same one. A senior's is in use, where one is."""
    ordered = sorted(register.items(), reverse=True)
    seniors = sorted((known for _, known in ordered if known.senior), key=lambda known: known.revoked_at is None)
    zones = {known.zone: known for _, known in ordered if known.zone}
    return {known.senior: known for known in seniors} | zones
