"""Who may see and do what: the full product of roles and actions, in scope, out of scope, and as one's own."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.access import PERMISSIONS, Action, Mask, Reach, Thing, Viewer, mask_of, may, reach
from care.people import ROLES

HERE = Thing("120105003", "inst-7", frozenset({"r-1"}))

ACTS = {Action.ACKNOWLEDGE, Action.DISPATCH, Action.RESOLVE, Action.CLOSE, Action.CANCEL, Action.NOTE, Action.RECALL}
EXPECTED: dict[str, set[Action]] = {
    "duty": ACTS
    | {
        Action.SEE_DISTRICT,
        Action.SEE_INCIDENT,
        Action.SEE_PRIVATE,
        Action.SEE_RESPONDER,
        Action.SEE_CANDIDATES,
        Action.SEE_DEVICE,
        Action.SEE_UNPROTECTED,
        Action.SEE_FIGURES,
        Action.RUN_ERRAND,
        Action.MARK_SHOWN,
        Action.SEE_SYSTEM,
        Action.SEE_SAFETY,
        Action.RECORD_CHECK,
        Action.STEP,
        Action.SOUND,
        Action.SEE_CAP,
        Action.BRING_OUT,
    },
    "regulator": {
        Action.SEE_DISTRICT,
        Action.SEE_INCIDENT,
        Action.SEE_RESPONDER,
        Action.SEE_DEVICE,
        Action.SEE_UNPROTECTED,
        Action.SEE_FIGURES,
        Action.SEE_SAFETY,
        Action.RECORD_CHECK,
    },
    "responder": {
        Action.SEE_DISTRICT,
        Action.SEE_INCIDENT,
        Action.SEE_PRIVATE,
        Action.SEE_RESPONDER,
        Action.SEE_ERRANDS,
        Action.RUN_ERRAND,
        Action.STEP,
        Action.SET_POSITION,
        Action.BRING_OUT,
    },
}
EXPECTED["admin"] = EXPECTED["duty"] | {Action.SEE_REJECTED, Action.MANAGE_DEVICES}


def viewer(role: str, scope: str = "120105", responder: str | None = None) -> Viewer:
    return Viewer("x", "某", 1, role, scope, responder)


def test_every_role_is_expected() -> None:
    assert set(EXPECTED) == set(ROLES)


@pytest.mark.parametrize(("role", "action"), list(product(ROLES, Action)))
def test_what_a_role_may_do_with_what_is_its_own(role: str, action: Action) -> None:
    who = viewer(role, responder="r-1" if role == "responder" else None)
    assert may(who, action, HERE) == (action in EXPECTED[role])


@pytest.mark.parametrize(("role", "action"), list(product(ROLES, Action)))
@pytest.mark.parametrize("scope", ["120105004", "site:inst-8", "", "1201050031", "site:", "site:inst", "x"])
def test_nobody_does_anything_out_of_scope(role: str, action: Action, scope: str) -> None:
    assert not may(viewer(role, scope, "r-2"), action, HERE)


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", ["", "root", "Duty", "duty ", "nurse"])
def test_an_unknown_role_may_nothing(role: str, action: Action) -> None:
    assert reach(role, action) is Reach.NONE
    assert not may(viewer(role, responder="r-1"), action, HERE)


@pytest.mark.parametrize("action", [a for a in Action if reach("responder", a) is Reach.OWN])
@pytest.mark.parametrize("responder", [None, "", "r-2"])
def test_a_responder_has_only_what_is_his_own(action: Action, responder: str | None) -> None:
    assert not may(viewer("responder", "120105", responder), action, HERE)


def test_a_responder_without_code_does_not_own_what_belongs_to_nobody() -> None:
    assert not may(viewer("responder", "120105", ""), Action.SEE_INCIDENT, Thing("120105003", "inst-7", frozenset({""})))


@pytest.mark.parametrize("scope", ["1", "120105", "120105003", "site:inst-7"])
def test_a_scope_is_an_area_prefix_or_a_site(scope: str) -> None:
    assert may(viewer("duty", scope), Action.ACKNOWLEDGE, HERE)


def test_only_administrators_see_what_was_rejected() -> None:
    assert [role for role in ROLES if reach(role, Action.SEE_REJECTED) is not Reach.NONE] == ["admin"]


def test_nobody_who_only_reads_can_act() -> None:
    assert not [action for action in ACTS | {Action.RUN_ERRAND, Action.MARK_SHOWN} if ("regulator", action) in PERMISSIONS]


@pytest.mark.parametrize(
    ("role", "mask"),
    [("duty", Mask.DESK), ("admin", Mask.DESK), ("responder", Mask.RESPONDER), ("regulator", Mask.REGULATOR), ("", Mask.REGULATOR)],
)
def test_the_mask_of_a_role(role: str, mask: Mask) -> None:
    assert mask_of(role) is mask


@given(st.text(max_size=12), st.text(max_size=12), st.sampled_from(list(Action)), st.sampled_from(ROLES))
def test_permission_never_exceeds_scope_or_ownership(scope: str, area: str, action: Action, role: str) -> None:
    allowed = may(viewer(role, scope, "r-9"), action, Thing(area, "s"))
    assert not allowed or (scope and (area.startswith(scope) or scope == "site:s"))
