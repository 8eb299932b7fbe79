"""Which packet of raw signal follows which, when packets change places and clocks are set.

The counter says in what order a device spoke, its clock when: what is older is passed over, what comes too early may wait for the
one before it, and where the clock was set back the later packet counts. Between two boots only the arrival gives an order.
"""

from enum import StrEnum

from analytics.step import Waveform
from devices.keys import Key, milliseconds

LARGEST_STEP_MS = 120_000  # a clock that is more wrong than that is not believed in the first place
MISSING_MS = 200.0  # silence in which a packet may be missing: the counter alone does not say, since all messages share it
HELD_MS = 1500  # by the clock of the device, from the end of what waits


class Turn(StrEnum):
    """Of a packet, by what was heard before."""

    NEXT = "next"
    OLD = "old"
    EARLY = "early"  # one before it may still come
    BACK = "back"  # the clock was set back


def turn(heard: Key | None, last_ms: float | None, item: Waveform) -> Turn:
    """`heard` is the key of the packet before, `last_ms` when its last sample was taken."""
    if heard is None or last_ms is None:
        return Turn.NEXT
    start_ms = milliseconds(item.at)
    same = item.key.b == heard.b
    if same and item.key.n <= heard.n:  # a counter that began anew without a word makes nobody deaf for long
        return Turn.OLD if start_ms <= last_ms + LARGEST_STEP_MS else Turn.NEXT
    if start_ms + _length_ms(item) / 2 < last_ms:  # less is an overlap
        return Turn.BACK
    missing = same and item.key.n > heard.n + 1 and start_ms > last_ms + MISSING_MS
    return Turn.EARLY if missing else Turn.NEXT


def given_up_ms(early: Waveform) -> int:
    """When this packet has waited long enough for the one before it."""
    return milliseconds(early.at) + round(_length_ms(early)) + HELD_MS


def _length_ms(item: Waveform) -> float:
    """From the first sample of a packet to the one after the last."""
    return len(item.xyz) * 1000.0 / item.fs
