"""An alarm that is to be raised: whose it is, where, when, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from dispatch.alarm import alarm_id, kind_of
from dispatch.incident import About, about
from store.devices import RegisteredDevice


@dataclass(frozen=True, slots=True)
class NewAlarm:
    """What a detector found. `device`, `senior`, `zone`, `site`, `gateway` are codes, "" where there is none.

    `folded`: how many more the same source said between this one and the one before; they ring with it.
    """

    alarm_id: UUID
    source: str
    kind: str
    key: str
    device_id: int | None
    area: str
    site_id: int
    zone_id: int | None
    senior_id: int | None
    gateway: str
    device: str
    senior: str
    zone: str
    site: str
    drill: bool
    at: datetime
    received_at: datetime
    late_s: int
    rule_version: str
    reasons: list[dict[str, Any]]
    evidence: dict[str, Any]
    folded: int = 0

    @property
    def about(self) -> About:
        """Which incident it belongs to."""
        return about(
            kind_of(self.kind).hazard,
            device=self.device,
            senior=self.senior,
            zone=self.zone,
            site=self.site,
            gateway=self.gateway,
            drill=self.drill,
        )


def of_device(
    device: RegisteredDevice,
    kind: str,
    key: str,
    at: datetime,
    rule_version: str,
    reasons: Sequence[dict[str, Any]] = (),
    evidence: Mapping[str, Any] | None = None,
) -> NewAlarm:
    """What is found about a device by whoever has no message of it; known at `at`."""
    return NewAlarm(
        alarm_id=alarm_id(device.code, kind, key),
        source=device.code,
        kind=kind,
        key=key,
        device_id=device.device_id,
        area=device.area,
        site_id=device.site_id,
        zone_id=device.zone_id,
        senior_id=device.senior_id,
        gateway=device.gateway,
        device=device.code,
        senior=device.senior,
        zone=device.zone,
        site=device.site,
        drill=False,
        at=at,
        received_at=at,
        late_s=0,
        rule_version=rule_version,
        reasons=list(reasons),
        evidence=dict(evidence or {}),
    )
