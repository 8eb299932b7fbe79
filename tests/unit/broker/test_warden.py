"""Which connections are to be ended: a pure function of what the servers report and what the register grants."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.admission import Credential, fingerprint, token_digest
from broker.config import SERVICES
from broker.warden import Held, held, stale

ONE = Credential("sos-1", token_digest("t"), "a", "s", "sos_button")
TWO = Credential("sos-2", token_digest("u"), "a", "s", "sos_button")
REGISTER = {"sos-1": ONE, "sos-2": TWO}


def connection(credential: Credential, cid: int = 1) -> Held:
    return Held("NSERVER", cid, credential.code, fingerprint(credential))


def test_who_is_granted_stays() -> None:
    assert stale([connection(ONE), connection(TWO, 2), connection(ONE, 3)], REGISTER) == []


def test_who_is_revoked_goes_with_every_connection() -> None:
    mine = [connection(ONE, 1), connection(ONE, 3)]
    assert stale([*mine, connection(TWO, 2)], {"sos-2": TWO}) == mine


@pytest.mark.parametrize("changed", [replace(ONE, token_sha256=token_digest("new")), replace(ONE, profile="gateway")])
def test_who_is_granted_otherwise_goes_and_may_come_back(changed: Credential) -> None:
    assert stale([connection(ONE)], {"sos-1": changed}) == [connection(ONE)]
    assert stale([connection(changed)], {"sos-1": changed}) == []


def test_who_moved_stays() -> None:
    assert stale([connection(ONE)], {"sos-1": replace(ONE, area="b", site="t")}) == []


@pytest.mark.parametrize("service", SERVICES)
def test_services_are_left_alone(service: str) -> None:
    assert stale([Held("NSERVER", 1, service, "")], {}) == []


@given(st.dictionaries(st.sampled_from(["sos-1", "sos-2", "sos-3"]), st.sampled_from(["t", "u", "v"])), st.data())
def test_what_remains_is_granted(register: dict[str, str], data: st.DataObject) -> None:
    known = {code: replace(ONE, code=code, token_sha256=token_digest(token)) for code, token in register.items()}
    seen = [
        connection(
            replace(ONE, code=data.draw(st.sampled_from(["sos-1", "sos-2", "sos-4"])), token_sha256=token_digest(token)), cid
        )
        for cid, token in enumerate(data.draw(st.lists(st.sampled_from(["t", "u"]), max_size=6)))
    ]
    gone = stale(seen, known)
    assert all(one.user in known and fingerprint(known[one.user]) == one.fingerprint for one in seen if one not in gone)
    assert all(one.user not in known or fingerprint(known[one.user]) != one.fingerprint for one in gone)


def test_a_row_of_the_report_is_read() -> None:
    assert held("N1", {"cid": 52, "authorized_user": "sos-1 abc"}) == Held("N1", 52, "sos-1", "abc")
    assert held("N1", {"cid": 52, "authorized_user": "ingest"}) == Held("N1", 52, "ingest", "")
    assert held("N1", {"cid": 52}) == Held("N1", 52, "", "")


def test_a_connection_without_a_name_is_ended() -> None:
    """Nobody is in the devices' account without one; if somebody is, it was not us who let them in."""
    nameless = held("N1", {"cid": 52})
    assert stale([nameless], REGISTER) == [nameless]
