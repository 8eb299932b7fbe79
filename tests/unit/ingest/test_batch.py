"""Nothing is dropped, repeats are one entry, everything that came is acknowledged, once it is done."""

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from broker.session import Arrived
from ingest.batch import Taken, Window
from tests.examples import examples

Deliver = Callable[..., Arrived]
TOPIC = "care/v1/a/b/c/event"


class Broker:
    """Keeps what was acknowledged."""

    def __init__(self) -> None:
        self.acknowledged: list[tuple[int, int]] = []

    def acknowledge(self, arrived: Sequence[Arrived]) -> None:
        self.acknowledged += [(one.generation, one.mid) for one in arrived]


def add(window: Window, broker: Broker, arrived: Arrived, owner: str = "x") -> bool:
    return window.add(arrived, owner, broker.acknowledge)


def test_in_order_and_acknowledged_when_done(deliver: Deliver) -> None:
    window, broker = Window(), Broker()
    for mid in range(5):
        assert add(window, broker, deliver(TOPIC, {"n": mid}, mid=mid))
    first = window.take(2)
    assert [entry.first.mid for entry in first] == [0, 1]
    assert (len(window), window.waiting, broker.acknowledged) == (5, 3, [])
    window.done(first)
    assert (len(window), broker.acknowledged) == (3, [(1, 0), (1, 1)])
    assert window.payload_bytes == 3 * len(b'{"n":0}')


def test_repeats_are_one_entry_and_all_of_them_are_acknowledged(deliver: Deliver) -> None:
    window, broker = Window(), Broker()
    assert add(window, broker, deliver(TOPIC, {"n": 1}, mid=1))
    assert not add(window, broker, deliver(TOPIC, {"n": 1}, mid=1))
    assert not add(window, broker, deliver(TOPIC, {"n": 1}, mid=9))
    assert (window.waiting, window.repeats) == (1, 2)
    window.done(window.take(10))
    assert broker.acknowledged == [(1, 1), (1, 9)]


def test_what_there_is_no_room_for_stays_with_the_broker(deliver: Deliver) -> None:
    window, broker = Window(most=3), Broker()
    added = [add(window, broker, deliver(TOPIC, {"n": n}, mid=n)) for n in range(5)]
    assert (added, len(window), window.left) == ([True, True, True, False, False], 3, 2)
    assert not add(window, broker, deliver(TOPIC, {"n": 0}, mid=9)), "a repeat needs no room"
    window.done(window.take(10))
    assert broker.acknowledged == [(1, 0), (1, 9), (1, 1), (1, 2)]
    assert add(window, broker, deliver(TOPIC, {"n": 3}, mid=10)), "and finds room when it comes again"


def test_nor_for_more_bytes_than_there_is_room_for(deliver: Deliver) -> None:
    window, broker = Window(most_bytes=1_000), Broker()
    assert [add(window, broker, deliver(TOPIC, bytes([n]) * 600, mid=n)) for n in range(4)] == [True, True, False, False]
    assert window.payload_bytes == 1_200


def test_what_is_done_is_remembered_within_bounds(deliver: Deliver) -> None:
    """By number and by size; the newest longest."""
    window, broker = Window(remembered=2, remembered_bytes=100), Broker()

    def known(payload: bytes, mid: int) -> bool:
        new = add(window, broker, deliver(TOPIC, payload, mid=mid))
        window.done(window.take(1))
        return not new

    assert [known(b"a", 1), known(b"b", 2), known(b"c", 3)] == [False] * 3
    assert [known(b"c", 4), known(b"b", 5), known(b"a", 6)] == [True, True, False]
    assert [known(bytes(101), 7), known(b"a", 8), known(bytes(101), 9)] == [False] * 3


def test_after_a_reconnect_the_new_delivery_is_acknowledged(deliver: Deliver) -> None:
    window, before, after = Window(), Broker(), Broker()
    add(window, before, deliver(TOPIC, {"n": 1}, mid=1, generation=1))
    taken = window.take(1)
    assert not add(window, after, deliver(TOPIC, {"n": 1}, mid=4, generation=2))
    window.done(taken)
    assert (before.acknowledged, after.acknowledged) == ([], [(2, 4)])


def test_repeat_of_what_is_done_is_acknowledged_at_once(deliver: Deliver) -> None:
    window, broker = Window(remembered=2), Broker()
    for n in range(3):
        add(window, broker, deliver(TOPIC, {"n": n}, mid=n))
    window.done(window.take(3))
    assert not add(window, broker, deliver(TOPIC, {"n": 2}, mid=7))
    assert broker.acknowledged[-1] == (1, 7)
    assert add(window, broker, deliver(TOPIC, {"n": 0}, mid=8)), "older than what is remembered: the database knows it"


def test_refused_words_count_each_time(deliver: Deliver) -> None:
    window, broker = Window(), Broker()
    add(window, broker, deliver(TOPIC, b"nonsense", mid=1))
    taken = window.take(1)
    window.done(taken, set(taken))
    assert add(window, broker, deliver(TOPIC, b"nonsense", mid=2))


def test_the_same_status_twice_is_meant_twice(deliver: Deliver) -> None:
    window, broker = Window(), Broker()
    topic = "care/v1/a/b/c/status"
    assert add(window, broker, deliver(topic, {"online": False}, mid=1))
    assert add(window, broker, deliver(topic, {"online": True}, mid=2))
    assert add(window, broker, deliver(topic, {"online": False}, mid=3))
    assert not add(window, broker, deliver(topic, {"online": False}, mid=3)), "the broker's own repeat"
    window.done(window.take(3))
    assert add(window, broker, deliver(topic, {"online": False}, mid=4))


def test_foreign_words_may_come_again_later(deliver: Deliver) -> None:
    window, broker = Window(), Broker()
    topic = "care/v1/a/b/gw/foreign/zigbee2mqtt/x"
    add(window, broker, deliver(topic, {"action": "single"}, mid=1))
    window.done(window.take(1))
    assert add(window, broker, deliver(topic, {"action": "single"}, mid=2))


def test_given_back_is_first_again_in_order_without_what_is_done(deliver: Deliver) -> None:
    window, broker = Window(), Broker()
    for mid in range(5):
        add(window, broker, deliver(TOPIC, {"n": mid}, mid=mid))
    taken = window.take(3)
    window.done(taken[1:2])
    assert [entry.first.mid for entry in window.pending(taken)] == [0, 2]
    window.give_back(taken)
    assert [entry.first.mid for entry in window.take(9)] == [0, 2, 3, 4]


def test_left_to_the_broker(deliver: Deliver) -> None:
    window, broker = Window(), Broker()
    for mid, owner in enumerate(("x", "y", "x", "y")):
        add(window, broker, deliver(TOPIC, {"n": mid}, mid=mid), owner)
    window.leave("x")
    assert [entry.first.mid for entry in window.take(9)] == [1, 3]
    assert add(window, broker, deliver(TOPIC, {"n": 0}, mid=9, generation=2), "x"), "it comes again"


class Deliveries(RuleBasedStateMachine):
    """Any order of arriving, taking, finishing and failing loses nothing and acknowledges only what is done."""

    def __init__(self) -> None:
        super().__init__()
        self.window = Window(remembered=3)
        self.acknowledged: set[int] = set()
        self.stored: set[int] = set()
        self.seen: set[int] = set()
        self.taken: list[Taken] = []
        self.mid = 0

    @rule(n=st.integers(0, 12))
    def arrives(self, n: int) -> None:
        self.mid += 1
        self.seen.add(n)
        self.window.add(_arrived(n, self.mid), "x", self._acknowledge)

    @rule(limit=st.integers(1, 5))
    def take(self, limit: int) -> None:
        if not self.taken:
            self.taken = self.window.take(limit)

    @rule(part=st.integers(0, 5))
    def commit(self, part: int) -> None:
        done = self.window.pending(self.taken)[:part]
        self.stored |= {int(entry.first.payload) for entry in done}
        self.window.done(done)

    @rule()
    def end_of_batch(self) -> None:
        self.window.give_back(self.taken)
        self.taken = []

    def _acknowledge(self, arrived: Sequence[Arrived]) -> None:
        self.acknowledged |= {int(one.payload) for one in arrived}

    @invariant()
    def only_what_is_stored_is_acknowledged(self) -> None:
        assert self.acknowledged <= self.stored

    def teardown(self) -> None:
        self.window.give_back(self.taken)
        for entry in (rest := self.window.take(100)):
            self.stored.add(int(entry.first.payload))
        self.window.done(rest)
        assert self.acknowledged == self.stored == self.seen
        assert (len(self.window), self.window.payload_bytes) == (0, 0)


def _arrived(n: int, mid: int) -> Arrived:
    from datetime import UTC, datetime

    return Arrived(TOPIC, str(n).encode(), False, False, 1, mid, 1, datetime(2026, 1, 1, tzinfo=UTC))


TestDeliveries: Any = Deliveries.TestCase
TestDeliveries.settings = settings(max_examples=examples(60))
