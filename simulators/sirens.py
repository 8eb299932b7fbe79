"""A siren of the demo: does as it is told, once, never late, and answers each time. The line is its actor's."""

from dataclasses import dataclass

from devices.codec import BadPayload
from devices.commands import NOTHING, CommandMessage, Heard, Verdict, decode, judge

PROFILE = "siren"
_LONGEST_S = 600.0


@dataclass(slots=True)
class Siren:
    """Until when it sounds, in ms since the epoch, and which commands it has done."""

    heard: Heard = NOTHING
    until_ms: int = 0

    def hear(self, payload: bytes, now_ms: int) -> dict[str, object] | None:
        """The answer to a command; None to what is none. What it cannot do it says so."""
        try:
            command = decode(payload)
        except BadPayload:
            return None
        self.heard, verdict = judge(self.heard, command, now_ms)
        if verdict is Verdict.EXPIRED:
            return {"id": command.id, "done": "expired"}
        if command.do not in (PROFILE, "test"):
            return {"id": command.id, "done": "unknown"}
        if verdict is Verdict.DO and command.do == PROFILE:
            self._obey(command, now_ms)
        return {"id": command.id, "done": command.do}

    def sounding(self, now_ms: int) -> bool:
        """Whether it is heard in the corridor."""
        return now_ms < self.until_ms

    def _obey(self, command: CommandMessage, now_ms: int) -> None:
        seconds = min(max(command.v.get("seconds", 0.0), 0.0), _LONGEST_S)
        self.until_ms = now_ms + int(seconds * 1000) if command.v.get("on", 0.0) else 0
