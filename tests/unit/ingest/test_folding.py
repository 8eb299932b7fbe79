"""However often one device says the same in one batch, few of it ring, nothing is lost of the count, and nobody else is touched."""

from collections import Counter
from datetime import UTC, datetime
from uuid import NAMESPACE_OID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.folding import folded
from store.new_alarm import NewAlarm

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def press(n: int, source: str = "sos-1", kind: str = "sos", drill: bool = False) -> NewAlarm:
    return NewAlarm(
        alarm_id=uuid5(NAMESPACE_OID, f"{source} {kind} {n}"),
        source=source,
        kind=kind,
        key=str(n),
        device_id=1,
        area="tst001",
        site_id=1,
        zone_id=None,
        senior_id=None,
        gateway="",
        device=source,
        senior="",
        zone="",
        site="home-1",
        drill=drill,
        at=NOW,
        received_at=NOW,
        late_s=0,
        rule_version="test/1",
        reasons=[],
        evidence={},
    )


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_few_presses_all_ring(count: int) -> None:
    news = [press(n) for n in range(count)]
    assert folded(news) == news


@pytest.mark.parametrize("count", [4, 5, 550])
def test_of_many_the_first_and_the_last_two_ring(count: int) -> None:
    raised = folded([press(n) for n in range(count)])
    assert [(new.key, new.folded) for new in raised] == [("0", 0), (str(count - 2), 0), (str(count - 1), count - 3)]


def test_a_drill_and_another_kind_hide_nothing() -> None:
    storm = [press(n) for n in range(50)]
    others = [press(100, drill=True), press(101, kind="fall"), press(102, source="sos-2")]
    raised = folded([*storm[:25], *others, *storm[25:]])
    assert [new.key for new in raised] == ["0", "100", "101", "102", "48", "49"]


SOURCES = st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["sos", "fall"]), st.booleans())


@given(st.lists(SOURCES, max_size=60))
def test_every_press_is_counted_and_order_is_kept(who: list[tuple[str, str, bool]]) -> None:
    news = [press(n, *one) for n, one in enumerate(who)]
    raised = folded(news)
    counted, calls = Counter[tuple[str, str, bool]](), Counter[tuple[str, str, bool]]()
    for new in raised:
        counted[new.source, new.kind, new.drill] += 1 + new.folded
        calls[new.source, new.kind, new.drill] += 1
    assert counted == Counter(who)
    assert all(most <= 3 for most in calls.values())
    assert [int(new.key) for new in raised] == sorted(int(new.key) for new in raised)
