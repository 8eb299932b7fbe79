"""Sessions in memory: begun, used, renewed, over, and reconciled with what the database knows."""

from datetime import UTC, datetime, timedelta

from api.access import Viewer
from api.sessions import LASTS, RENEW_AFTER, Session, Sessions, digest, new_token

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ZHAO = Viewer("zhao", "赵敏", 1, "duty", "120105", None)


def test_tokens_are_long_and_never_repeat() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) >= 43 for token in tokens)
    assert len(digest(new_token())) == 32


def test_only_the_digest_is_kept() -> None:
    sessions = Sessions()
    session = sessions.start("secret", ZHAO, NOON)
    assert "secret" not in repr(session) + repr(vars(sessions))
    assert sessions.find("secret", NOON) == session
    assert sessions.find("Secret", NOON) is None


def test_it_lasts_twelve_hours_from_its_last_use() -> None:
    sessions = Sessions()
    sessions.start("t", ZHAO, NOON)
    assert sessions.find("t", NOON + LASTS - timedelta(seconds=1)) is not None
    assert sessions.find("t", NOON + LASTS + timedelta(hours=11)) is not None
    assert sessions.find("t", NOON + LASTS + timedelta(hours=30)) is None
    assert sessions.find("t", NOON) is None, "what is over does not come back"


def test_a_session_that_is_over_is_over_to_the_second() -> None:
    sessions = Sessions()
    sessions.start("t", ZHAO, NOON)
    assert sessions.find("t", NOON + LASTS) is None


def test_renewals_are_handed_out_once_and_not_with_every_request() -> None:
    sessions = Sessions()
    sessions.start("t", ZHAO, NOON)
    sessions.find("t", NOON + RENEW_AFTER)
    assert sessions.take_renewed() == []
    sessions.find("t", NOON + RENEW_AFTER + timedelta(seconds=1))
    [renewed] = sessions.take_renewed()
    assert renewed.expires_at == NOON + RENEW_AFTER + timedelta(seconds=1) + LASTS
    assert sessions.take_renewed() == []


def test_a_renewed_session_that_ended_is_not_written_down_again() -> None:
    sessions = Sessions()
    sessions.start("t", ZHAO, NOON)
    sessions.find("t", NOON + timedelta(hours=1))
    sessions.end(digest("t"))
    assert sessions.take_renewed() == []
    sessions.end(digest("t"))


def test_what_the_database_no_longer_has_is_over() -> None:
    sessions = Sessions()
    sessions.start("gone", ZHAO, NOON)
    sessions.adopt([], NOON + timedelta(seconds=1))
    assert sessions.find("gone", NOON) is None


def test_what_began_while_the_database_was_read_stays() -> None:
    sessions = Sessions()
    sessions.start("new", ZHAO, NOON)
    sessions.adopt([], NOON)
    assert sessions.find("new", NOON) is not None


def test_sessions_of_before_a_restart_come_back_with_their_present_role() -> None:
    sessions = Sessions()
    sessions.start("t", ZHAO, NOON)
    demoted = Viewer("zhao", "赵敏", 1, "regulator", "120105", None)
    sessions.adopt(
        [
            Session(digest("t"), demoted, NOON + timedelta(hours=1), NOON),
            Session(digest("old"), ZHAO, NOON + timedelta(hours=1), NOON),
        ],
        NOON,
    )
    found, old = sessions.find("t", NOON), sessions.find("old", NOON)
    assert found is not None and found.viewer.role == "regulator"
    assert found.expires_at == NOON + LASTS, "a renewal that was not yet written down is kept"
    assert old is not None


def test_looking_does_not_renew() -> None:
    sessions = Sessions()
    sessions.start("t", ZHAO, NOON)
    sessions.alive(digest("t"), NOON + timedelta(hours=5))
    assert sessions.take_renewed() == []
