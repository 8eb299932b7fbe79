"""Commands: what is encoded is what is decoded, nothing breaks the decoder, and nothing is ever done twice or late."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codec import BadPayload
from devices.commands import LARGEST_COMMAND, LONGEST_WORTH_MS, NOTHING, CommandMessage, Heard, Verdict, decode, encode, judge

T = 1_790_000_000_000
SIREN = CommandMessage("c-1", "siren", T, T + 30_000, {"on": 1.0, "seconds": 300.0})

names = st.from_regex(r"[a-z][a-z0-9_]{0,39}", fullmatch=True)
ids = st.from_regex(r"[0-9A-Za-z._-]{1,64}", fullmatch=True)
commands = st.builds(
    lambda one, do, t, worth, v: CommandMessage(one, do, t, t + worth, v),
    ids,
    st.sampled_from(["siren", "test"]),
    st.integers(0, 4_000_000_000_000),
    st.integers(1, LONGEST_WORTH_MS),
    st.dictionaries(names, st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=4),
)  # fmt: skip


@given(commands)
def test_what_is_encoded_is_what_is_decoded(command: CommandMessage) -> None:
    assert decode(encode(command)) == command


@given(st.binary(max_size=300))
def test_whatever_comes_is_a_command_or_a_bad_payload(payload: bytes) -> None:
    try:
        found = decode(payload)
    except BadPayload as bad:
        assert bad.reason
    else:
        assert decode(encode(found)) == found


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""}, {"id": "a b"}, {"id": "x" * 65}, {"id": 1}, {"do": "Siren"}, {"do": ""}, {"t": -1}, {"t": "now"}, {"until": T},
        {"until": T - 1}, {"until": T + LONGEST_WORTH_MS + 1}, {"v": {"on": "yes"}}, {"v": {"ON": 1}}, {"v": {"on": 1e300}},
    ],
)  # fmt: skip
def test_what_is_no_command_is_refused(change: dict[str, object]) -> None:
    body = msgspec.to_builtins(SIREN) | change
    with pytest.raises(BadPayload):
        decode(msgspec.json.encode(body))


@pytest.mark.parametrize("name", ["id", "do", "t", "until"])
def test_nothing_may_be_left_out(name: str) -> None:
    body = msgspec.to_builtins(SIREN)
    del body[name]
    with pytest.raises(BadPayload):
        decode(msgspec.json.encode(body))


def test_a_flood_in_one_message_is_refused() -> None:
    with pytest.raises(BadPayload):
        decode(b" " * (LARGEST_COMMAND + 1))


def test_what_no_device_would_take_is_not_sent() -> None:
    with pytest.raises(BadPayload):
        encode(CommandMessage("c-1", "siren", T, T + 30_000, {"on": 0.1}))
    with pytest.raises(BadPayload):
        encode(CommandMessage("c-1", "siren", T, T, {}))


@pytest.mark.parametrize(
    ("after_ms", "verdict"),
    [(0, Verdict.DO), (29_999, Verdict.DO), (30_000, Verdict.EXPIRED), (3_600_000, Verdict.EXPIRED), (-10_000, Verdict.DO),
     (-300_000, Verdict.EXPIRED)],
)  # fmt: skip
def test_a_command_is_worth_something_until_it_has_run_out(after_ms: int, verdict: Verdict) -> None:
    assert judge(NOTHING, SIREN, T + after_ms)[1] is verdict


def test_handed_over_twice_it_is_done_once_and_answered_each_time() -> None:
    heard, first = judge(NOTHING, SIREN, T)
    heard, second = judge(heard, SIREN, T + 10)
    _, late = judge(heard, SIREN, T + 30_000)
    assert (first, second, late) == (Verdict.DO, Verdict.REPEAT, Verdict.EXPIRED)


def test_an_order_that_another_has_overtaken_is_not_done() -> None:
    off = CommandMessage("c-2", "siren", T + 1_000, T + 31_000, {"on": 0.0})
    heard, told = judge(NOTHING, off, T + 2_000)
    heard, late = judge(heard, SIREN, T + 3_000)
    assert (told, late) == (Verdict.DO, Verdict.EXPIRED)
    assert judge(heard, CommandMessage("c-3", "test", T, T + 30_000), T + 3_000)[1] is Verdict.DO, "of another kind"
    assert judge(heard, msgspec.structs.replace(off, id="c-4"), T + 3_000)[1] is Verdict.DO, "given at the same moment"
    heard, _ = judge(heard, SIREN, T + 3_600_000)
    assert heard == NOTHING, "what no order can be older than is forgotten"


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 20_000), st.integers(0, 40_000)), max_size=40))
def test_nothing_is_done_twice_nor_late_however_it_is_replayed(said: list[tuple[str, int, int]]) -> None:
    """Commands are handed over in any order, late and again, on a clock that goes forward."""
    heard: Heard = NOTHING
    done: set[tuple[str, int]] = set()
    now = T
    for name, wait, given_before in said:
        now += wait
        command = CommandMessage(f"{name}-{(now - given_before) // 5_000}", "siren", T, T + 1)
        issued = (now - given_before) // 5_000 * 5_000
        command = msgspec.structs.replace(command, t=issued, until=issued + 30_000)
        heard, verdict = judge(heard, command, now)
        if verdict is Verdict.DO:
            assert now < command.until
            assert (command.id, command.until) not in done
            done.add((command.id, command.until))
        assert len(heard.done) <= len(done)
        assert all(until > now for until in heard.done.values())
