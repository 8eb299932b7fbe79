"""CAP messages against the official schema and the standard: what we make is valid whatever the register says; faults are found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.cap import BadMessage, checked, violations
from care.places import SITE_KINDS
from dispatch import cap_words
from dispatch.alarm import BUILDING_HAZARDS, KINDS
from dispatch.cap import LASTS, Facts, Message, NoMessage, Place, Reference, faults, message, said
from dispatch.cap_xml import NAMESPACE, when, xml
from dispatch.incident import CAUSES, LIVE, NO_EMERGENCY, IncidentState
from dispatch.instructions import INSTRUCTIONS
from tests.examples import examples

SENT = datetime(2026, 11, 24, 10, 0, 5, 123456, tzinfo=ZoneInfo("Asia/Shanghai"))
FACTS = Facts(
    incident=UUID(int=7), hazard="fire", kinds=("smoke",), state=IncidentState.OPEN, cause=None, drill=False, demo=False,
    home=False, site_zh="颐和养老院", site_en="Yihe Care Home", address="王串场街道 12 号", area="120105008",
    area_zh="王串场街道", area_en="Wangchuanchang", lon=117.22, lat=39.16, zones=(Place("厨房", "Kitchen", 2),), residents=80,
    reduced_mobility=31, onset=SENT - timedelta(minutes=1),
)  # fmt: skip
BEFORE = (Reference("vigil.t", "vigil-7-1", SENT), Reference("vigil.t", "vigil-7-2", SENT + timedelta(minutes=1)))
TAKEN_BACK = (*BEFORE, Reference("vigil.t", "vigil-7-3", SENT + timedelta(minutes=2), cancels=True))
FIRE = sorted(kind for kind, row in KINDS.items() if row.hazard in BUILDING_HAZARDS)


def made(**changes: Any) -> Message:
    before = changes.pop("before", ())
    return message(replace(FACTS, **changes), before, "vigil.t", SENT)


@pytest.mark.parametrize(("state", "cause", "before"), list(product(IncidentState, (None, *CAUSES), ((), BEFORE, TAKEN_BACK))))
def test_every_state_and_outcome_makes_a_valid_message_or_none(
    state: IncidentState, cause: str | None, before: tuple[Any, ...]
) -> None:
    if not before and state not in LIVE:
        with pytest.raises(NoMessage):
            made(state=state, cause=cause, before=before)
        return
    ended = state in (IncidentState.CLOSED, IncidentState.CANCELLED)
    if ended and cause in NO_EMERGENCY and before == TAKEN_BACK:
        with pytest.raises(NoMessage):
            made(state=state, cause=cause, before=before)
        return
    one = made(state=state, cause=cause, before=before)
    assert checked(one)
    assert one.msg_type == ("Cancel" if ended and cause in NO_EMERGENCY else "Update" if before == BEFORE else "Alert")
    assert one.references == (BEFORE if before == BEFORE else ())
    assert (one.urgency == "Past") is (one.response == "AllClear") is (state not in LIVE)
    assert one.identifier == f"vigil-{FACTS.incident}-{len(before) + 1}"


@pytest.mark.parametrize(("kind", "demo", "drill", "home"), list(product(FIRE, (True, False), (True, False), (True, False))))
def test_every_kind_of_alarm_makes_a_valid_message(kind: str, demo: bool, drill: bool, home: bool) -> None:
    one = made(kinds=(kind,), hazard=KINDS[kind].hazard, demo=demo, drill=drill, home=home)
    body = checked(one).decode()
    assert one.status == ("Exercise" if drill else "Test" if demo else "Actual")
    assert one.scope == ("Private" if home else "Restricted")
    assert ("<addresses>" in body) is home
    assert ("<restriction>" in body) is not home
    assert ("<note>" in body) is (drill or demo)


def test_what_it_says() -> None:
    body = checked(made()).decode()
    for part in (
        f'xmlns="{NAMESPACE}"', "<sent>2026-11-24T10:00:05+08:00</sent>", "<expires>2026-11-24T11:00:05+08:00</expires>",
        "<language>zh-CN</language>", "<language>en</language>", "<category>Fire</category>", "<urgency>Immediate</urgency>",
        "<severity>Severe</severity>", "<certainty>Likely</certainty>", "<circle>39.16000,117.22000 0.1</circle>",
        "<valueName>GB/T 10114</valueName><value>120105008</value>", "感烟报警", "厨房（2 层）",
        "登记在住 80 人，其中 31 人行动不便", "Kitchen (floor 2)", "Yihe Care Home",
    ):  # fmt: skip
        assert part in body, part


def test_an_update_names_all_before_it_in_order() -> None:
    body = checked(made(before=BEFORE)).decode()
    said_before = "vigil.t,vigil-7-1,2026-11-24T10:00:05+08:00 vigil.t,vigil-7-2,2026-11-24T10:01:05+08:00"
    assert f"<references>{said_before}</references>" in body


def test_only_what_is_known_to_have_been_nothing_is_taken_back() -> None:
    """CAP 1.2, 3.2.1: a Cancel cancels what was said; what is merely over is an Update of it, "AllClear"."""
    ends = {cause: made(state=IncidentState.CLOSED, cause=cause, before=BEFORE) for cause in (None, *CAUSES)}
    assert {cause for cause, one in ends.items() if one.msg_type == "Update"} == {
        None, "real_emergency", "real_fall", "real_fire", "real_gas", "help_needed", "other",
    }  # fmt: skip
    assert {(one.msg_type, one.severity) for one in ends.values()} == {("Update", "Severe"), ("Cancel", "Unknown")}


def test_what_was_taken_back_and_was_real_after_all_is_alerted_anew_and_may_be_taken_back_again() -> None:
    real = made(state=IncidentState.CLOSED, cause="real_fire", before=TAKEN_BACK)
    assert (real.msg_type, real.references, real.certainty) == ("Alert", (), "Observed")
    assert real.identifier.endswith("-4"), "no identifier is used twice"
    fourth = Reference(real.sender, real.identifier, real.sent)
    again = made(state=IncidentState.CLOSED, cause="cooking_steam", before=(*TAKEN_BACK, fourth))
    assert (again.msg_type, again.references) == ("Cancel", (fourth,))
    assert checked(real) and checked(again)


def test_a_confirmed_fire_weighs_most() -> None:
    one = made(kinds=("fire_confirmed", "smoke"))
    assert (one.urgency, one.severity, one.certainty, one.response) == ("Immediate", "Extreme", "Observed", "Evacuate")


def test_words_for_every_kind_and_only_for_what_the_service_is_told() -> None:
    assert set(cap_words.KINDS) == set(FIRE) == set(INSTRUCTIONS)
    for one in (*cap_words.KINDS.values(), *cap_words.EVENTS.values(), *cap_words.INSTRUCTIONS.values()):
        assert one.zh and one.en and one.en.isascii()
    with pytest.raises(NoMessage):
        made(hazard="person", kinds=("sos",))


def test_who_has_taken_the_incident_is_no_news_and_what_burns_is() -> None:
    taken = replace(FACTS, state=IncidentState.ACKNOWLEDGED)
    assert said(FACTS) == said(taken)
    changes: tuple[dict[str, Any], ...] = (
        {"kinds": ("fire_confirmed", "smoke")}, {"zones": ()}, {"state": IncidentState.RESOLVED}, {"reduced_mobility": 30},
    )  # fmt: skip
    digests = {said(replace(FACTS, **change)) for change in changes}
    assert len({said(FACTS), *digests}) == 5


def test_utc_is_written_as_the_standard_wants_it() -> None:
    assert when(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00-00:00"


text = st.text(max_size=200)


@settings(max_examples=examples(30))
@given(text, text, text, st.lists(st.builds(Place, text, text, st.integers(-3, 200)), max_size=4), st.sampled_from(SITE_KINDS))
def test_no_name_in_a_register_breaks_a_message(zh: str, en: str, address: str, zones: list[Place], kind: str) -> None:
    one = made(site_zh=zh, site_en=en, address=address, zones=tuple(zones), home=kind == "home", area_zh=zh, area_en=en)
    assert b"<!DOCTYPE" not in checked(one)


@settings(max_examples=examples(100))
@given(
    st.floats(-90, 90), st.floats(-180, 180), st.integers(0, 10_000), st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True),
    st.integers(946_684_800, 4_102_444_800).map(lambda s: datetime.fromtimestamp(s, UTC)),
    st.sampled_from(["Asia/Shanghai", "UTC", "America/St_Johns"]),
)  # fmt: skip
def test_any_place_and_time_makes_a_valid_message(lat: float, lon: float, n: int, area: str, at: datetime, zone: str) -> None:
    facts = replace(FACTS, lat=lat, lon=lon, residents=n, area=area, onset=at)
    assert checked(message(facts, (), "vigil.t", at.astimezone(ZoneInfo(zone))))


VALID = xml(made())
NAIVE = SENT.replace(tzinfo=None)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<status>Actual</status>", b"<status>Real</status>"),
        (b"<status>Actual</status>", b""),
        (b"+08:00</sent>", b"Z</sent>"),
        (b"<sent>2026-11-24T", b"<sent>2026-13-24T"),
        (b"<urgency>Immediate</urgency>", b"<urgency>Now</urgency>"),
        (b"<category>Fire</category>", b"<category>Flood</category>"),
        (b"<msgType>Alert</msgType>", b"<msgType>Alarm</msgType>"),
        (b"<scope>Restricted</scope>", b"<scope>Secret</scope>"),
        (b"<identifier>", b"<note>out of order</note><identifier>"),
        (b"cap:1.2", b"cap:1.1"),
        (b"</alert>", b""),
        (b"<areaDesc>", b"<areaDescription>"),
    ],
)
def test_what_the_schema_forbids_is_found(old: bytes, new: bytes) -> None:
    assert violations(VALID) == []
    assert old in VALID
    assert violations(VALID.replace(old, new)) != []


def test_an_entity_is_not_opened() -> None:
    bomb = VALID.replace(b"<alert", b'<!DOCTYPE alert [<!ENTITY e SYSTEM "file:///etc/passwd">]><alert', 1)
    assert violations(bomb) == ["xml: expected no document type"]
    assert "root:" not in "".join(violations(bomb.replace(b"<status>Actual", b"<status>&e;")))


@pytest.mark.parametrize(
    "change",
    [
        {"identifier": "with space"}, {"identifier": ""}, {"sender": "a,b"}, {"sender": "a<b"}, {"references": BEFORE},
        {"msg_type": "Update"}, {"msg_type": "Cancel"}, {"status": "Test"}, {"expires": SENT - LASTS}, {"circle": "200,0 1"},
        {"circle": "39.1,117.2"}, {"infos": ()}, {"sent": NAIVE, "expires": NAIVE + LASTS},
        {"msg_type": "Update", "references": BEFORE[::-1]},
    ],
)  # fmt: skip
def test_what_the_standard_forbids_beyond_its_schema_is_found(change: dict[str, Any]) -> None:
    one = replace(made(), **change)
    assert faults(made()) == []
    assert faults(one) != []
    with pytest.raises(BadMessage):
        checked(one)
