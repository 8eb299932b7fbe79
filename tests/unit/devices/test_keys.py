"""Keys tell messages apart and ids come out the same everywhere."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from devices.keys import EPOCH, Key, derived_id, instant, milliseconds

names = st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True)
boots = st.from_regex(r"[0-9A-Za-z._-]{0,16}", fullmatch=True)
moments = st.integers(1_000_000, 4_000_000_000_000_000).map(lambda us: EPOCH + timedelta(microseconds=us))
facts = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x1f")), min_size=1)
keys = st.builds(Key, names, boots, st.integers(0, 2**62), st.integers(0, 4_102_444_800_000))


@given(keys, keys)
def test_two_keys_read_the_same_only_when_they_are_the_same(one: Key, other: Key) -> None:
    assert (str(one) == str(other)) == (one == other)


@given(keys)
def test_a_key_can_be_taken_apart_again(key: Key) -> None:
    device, b, n, t = str(key).split("|")
    assert Key(device, b, int(n), int(t)) == key


@given(st.integers(0, 4_102_444_800_000))
def test_milliseconds_survive_the_round_trip(t: int) -> None:
    assert milliseconds(instant(t)) == t


@given(moments)
def test_an_instant_loses_less_than_a_millisecond(at: datetime) -> None:
    assert timedelta(0) <= at - instant(milliseconds(at)) < timedelta(milliseconds=1)


def test_the_same_instant_in_another_timezone_is_the_same_number() -> None:
    tianjin = datetime(2026, 9, 21, 11, 0, tzinfo=timezone(timedelta(hours=8)))
    assert milliseconds(tianjin) == milliseconds(datetime(2026, 9, 21, 3, 0, tzinfo=UTC))
    assert instant(0) == EPOCH


def test_ids_are_frozen_for_ever() -> None:
    assert str(derived_id("alarm", "sos-0001", "sos", "sos-0001||1|1790000000000")) == "61225640-2d84-508a-9d9c-86228004be2e"
    assert str(derived_id("")) == "ad9cefc7-bc36-5967-a114-f61a5f4e1d26"


@given(
    facts,
    facts,
)
def test_different_facts_give_different_ids(one: list[str], other: list[str]) -> None:
    assert (derived_id(*one) == derived_id(*other)) == (one == other)
