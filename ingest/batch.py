"""What has arrived and is not yet acknowledged: repeats are recognised, batches taken in order, nothing ever dropped. Pure.

The broker hands an unacknowledged message over again every two seconds and after every reconnect, so while the database
is away each message in here comes again and again. It is one entry however often it comes; all its deliveries are acknowledged.
"""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Container, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from broker.session import Arrived
from ingest.said import Decoded

# A status has no key: the same words may be said again and meant again, so only the broker's own repeats are repeats.
_STATUS = "/status"
# Foreign messages may have no key either: equal ones merge for 60 s only, which is decided later.
_FOREIGN = "/foreign/"


Acknowledge = Callable[[Sequence[Arrived]], None]


@dataclass(slots=True, eq=False)
class Taken:
    """One message with all its `deliveries` by the newest connection; `first` decides when it arrived, `owner` whose session it
    came by. `decoded`: what it says, by the register of that number (`ingest.judged`)."""

    first: Arrived
    owner: Hashable
    acknowledge: Acknowledge
    identity: Hashable
    deliveries: list[Arrived]
    decoded: tuple[int, Decoded] | None = None
    over: bool = False


class Window:
    """Entries in order of arrival: waiting ones, and those taken into a batch that is not yet done.

    The last `remembered` that are done (at most `remembered_bytes` of payload) are still known, since repeats of them may be under
    way: they are acknowledged at once. What comes beyond `most` entries or `most_bytes` of payload is not taken in, so the broker
    keeps it and hands it over again.
    """

    def __init__(
        self,
        remembered: int = 16_384,
        most: int = 65_536,
        most_bytes: int = 64 * 1024 * 1024,
        remembered_bytes: int = 16 * 1024 * 1024,
    ) -> None:
        self._entries: dict[Hashable, Taken] = {}
        self._waiting: deque[Taken] = deque()
        self._done: OrderedDict[Hashable, int] = OrderedDict()  # a plain one is slow to give its oldest
        self._done_bytes = 0
        self._remembered, self._remembered_bytes = remembered, remembered_bytes
        self._most, self._most_bytes = most, most_bytes
        self.repeats = 0
        self.left = 0
        self.payload_bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def waiting(self) -> int:
        """How many wait to be taken."""
        return len(self._waiting)

    def add(self, arrived: Arrived, owner: Hashable, acknowledge: Acknowledge) -> bool:
        """Take a delivery in. False when it is a repeat, or there is no room."""
        identity = _identity(arrived)
        entry = self._entries.get(identity)
        if entry is not None:
            self._again(entry, arrived, acknowledge)
            return False
        if identity in self._done:
            self.repeats += 1
            acknowledge((arrived,))
            return False
        if len(self._entries) >= self._most or self.payload_bytes >= self._most_bytes:
            self.left += 1
            return False
        entry = self._entries[identity] = Taken(arrived, owner, acknowledge, identity, [arrived])
        self._waiting.append(entry)
        self.payload_bytes += len(arrived.payload)
        return True

    def take(self, limit: int) -> list[Taken]:
        """The oldest waiting entries, at most `limit`."""
        return [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]

    def next(self, limit: int) -> list[Taken]:
        """Those that `take` will give, left where they are."""
        return list(islice(self._waiting, limit))

    def done(self, taken: Iterable[Taken], refused: Container[Taken] = ()) -> None:
        """They are stored: acknowledge them, and know them for a while. Not what was refused: it counts each time it is said."""
        deliveries: defaultdict[Acknowledge, list[Arrived]] = defaultdict(list)
        for entry in taken:
            self._remove(entry)
            if _lasting(entry.first) and entry not in refused:
                self._done[entry.identity] = len(entry.first.payload)
                self._done_bytes += len(entry.first.payload)
            deliveries[entry.acknowledge] += entry.deliveries
        for acknowledge, arrived in deliveries.items():
            acknowledge(arrived)
        while len(self._done) > self._remembered or self._done_bytes > self._remembered_bytes:
            self._done_bytes -= self._done.popitem(last=False)[1]

    def pending(self, taken: Iterable[Taken]) -> list[Taken]:
        """Those of them that are not done."""
        return [entry for entry in taken if not entry.over]

    def give_back(self, taken: Iterable[Taken]) -> None:
        """Those of them that are not done are not stored: put them back in front, in their order."""
        self._waiting.extendleft(reversed(self.pending(taken)))

    def leave(self, owner: Hashable) -> None:
        """Leave what waits from this session to the broker, which hands it over again. For when the session is left, not before."""
        left = [entry for entry in self._waiting if entry.owner == owner]
        self._waiting = deque(entry for entry in self._waiting if entry.owner != owner)
        for entry in left:
            self._remove(entry)

    def _again(self, entry: Taken, arrived: Arrived, acknowledge: Acknowledge) -> None:
        self.repeats += 1
        entry.acknowledge = acknowledge
        if entry.deliveries[0].generation < arrived.generation:
            entry.deliveries = [arrived]  # those of an earlier connection can no longer be acknowledged
        elif all(one.mid != arrived.mid for one in entry.deliveries):
            entry.deliveries.append(arrived)

    def _remove(self, entry: Taken) -> None:
        entry.over = True
        del self._entries[entry.identity]
        self.payload_bytes -= len(entry.first.payload)


def _identity(arrived: Arrived) -> Hashable:
    if arrived.topic.endswith(_STATUS):
        return (arrived.topic, arrived.generation, arrived.mid)
    return (arrived.topic, arrived.payload)


def _lasting(arrived: Arrived) -> bool:
    return not arrived.topic.endswith(_STATUS) and _FOREIGN not in arrived.topic
