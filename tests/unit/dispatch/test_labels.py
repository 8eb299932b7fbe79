"""Causes and windows become labels: every cause has its say, a real fall is one window of its incident, the unknown stays so."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from dispatch.incident import CAUSES
from dispatch.labels import VERDICTS, Basis, Verdict, Window, verdicts

WINDOWS = st.lists(
    st.builds(Window, st.uuids(), st.sampled_from(Basis), st.floats(0, 1), st.booleans()), max_size=6, unique_by=lambda one: one.id
)


def test_every_cause_is_in_the_table_and_no_other() -> None:
    assert set(VERDICTS) == set(CAUSES)


def test_what_teaches() -> None:
    taught = {cause: verdict for cause, verdict in VERDICTS.items() if verdict is not Verdict.UNKNOWN}
    assert taught == {"real_fall": Verdict.FALL, "sat_down_hard": Verdict.NOT_FALL, "dropped_device": Verdict.NOT_FALL}


@given(cause=st.sampled_from([*CAUSES, "unheard_of"]), windows=WINDOWS)
def test_the_cause_decides(cause: str, windows: list[Window]) -> None:
    said, by_id = verdicts(cause, windows), {one.id: one for one in windows}
    alarmed = {one.id for one in windows if one.basis is Basis.ALARM}
    spoken = alarmed | {one.id for one in windows if one.labelled}
    falls = [one for one, verdict in said.items() if verdict is Verdict.FALL]
    assert spoken <= set(said) <= set(by_id)
    if VERDICTS.get(cause) is Verdict.FALL:
        assert len(falls) == min(1, len(windows))
        assert all((one in alarmed) == bool(alarmed) for one in falls)
        most = max((by_id[one].probability for one in alarmed or by_id), default=None)
        assert [by_id[one].probability for one in falls] == ([] if most is None else [most])
        assert set(said.values()) <= {Verdict.FALL, Verdict.UNKNOWN}
    else:
        assert {said[one] for one in alarmed} <= {VERDICTS.get(cause, Verdict.UNKNOWN)}
        assert all(said[one] is Verdict.UNKNOWN for one in set(said) - alarmed)


@given(causes=st.lists(st.sampled_from(CAUSES), min_size=1, max_size=4), windows=WINDOWS)
def test_only_the_last_cause_counts(causes: list[str], windows: list[Window]) -> None:
    """Corrected as often as one likes: what was labelled on the way ends as if the last cause had been the first, or unknown."""
    start = [Window(one.id, one.basis, one.probability) for one in windows]
    labelled: dict[UUID, Verdict] = {}
    for cause in causes:
        labelled |= verdicts(cause, [Window(one.id, one.basis, one.probability, one.id in labelled) for one in start])
    at_once = verdicts(causes[-1], start)
    assert {one: verdict for one, verdict in labelled.items() if one in at_once} == at_once
    assert all(verdict is Verdict.UNKNOWN for one, verdict in labelled.items() if one not in at_once)
