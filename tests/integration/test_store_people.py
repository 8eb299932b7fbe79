"""Accounts and sessions: only hashes are kept, and a disabled account is out at once."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from care.district import District
from store import people, register
from store.connect import Connection
from store.errors import NotFound
from store.incidents import Actor
from store.people import AccountExists, BadAccount

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ONE, TWO = bytes(32), bytes([1] * 32)
People = dict[str, Actor]


async def test_account_by_login(api_conn: Connection, loaded: District) -> None:
    found = await people.account_by_login(api_conn, "resp-1")
    assert found
    assert (found.role, found.scope, found.responder) == ("responder", "tst001", "r-1")
    assert (found.password_argon2, found.disabled_at) == (None, None)
    assert await people.account_by_login(api_conn, "nobody") is None
    assert await people.account_by_login(api_conn, "Duty") is None


async def test_accounts_by_login(api_conn: Connection, loaded: District) -> None:
    assert [one.login for one in await people.list_accounts(api_conn)] == sorted(one.login for one in loaded.accounts)


async def test_password_is_kept_through_a_reload(conn: Connection, loaded: District) -> None:
    await people.set_password_hash(conn, "duty", "$argon2id$…")
    await register.load_district(conn, loaded, NOW)
    found = await people.account_by_login(conn, "duty")
    assert found
    assert found.password_argon2 == "$argon2id$…"
    with pytest.raises(NotFound, match="account nobody"):
        await people.set_password_hash(conn, "nobody", "x")


async def test_api_may_renew_a_hash(api_conn: Connection, loaded: District) -> None:
    await people.set_password_hash(api_conn, "duty", "$argon2id$…")


async def test_add_account(conn: Connection, loaded: District) -> None:
    await people.add_account(conn, "night", "夜班", "duty", "site:inst-1")
    await people.add_account(conn, "resp-2", "周师傅", "responder", "tst001", "r-2")
    found = await people.account_by_login(conn, "resp-2")
    assert found
    assert (found.responder, found.demo) == ("r-2", False)
    with pytest.raises(AccountExists, match="night"):
        await people.add_account(conn, "night", "夜班", "duty", "tst")


@pytest.mark.parametrize(
    ("role", "scope", "responder"),
    [("root", "tst", None), ("duty", "", None), ("responder", "tst", None), ("responder", "tst", ""), ("duty", "tst", "r-1")],
)
async def test_account_that_could_never_be_used(
    conn: Connection, loaded: District, role: str, scope: str, responder: str | None
) -> None:
    with pytest.raises(BadAccount):
        await people.add_account(conn, "new", "新人", role, scope, responder)


async def test_account_of_an_unknown_responder(conn: Connection, loaded: District) -> None:
    with pytest.raises(NotFound, match="responder r-0"):
        await people.add_account(conn, "new", "新人", "responder", "tst", "r-0")


async def test_session_until_it_ends(api_conn: Connection, accounts: People) -> None:
    account_id = accounts["resp-1"].account_id
    assert account_id
    await people.create_session(api_conn, ONE, account_id, NOW, NOW + HOUR)
    found = await people.session_account(api_conn, ONE, NOW)
    assert found
    assert (found.login, found.role, found.responder, found.expires_at) == ("resp-1", "responder", "r-1", NOW + HOUR)
    assert await people.session_account(api_conn, TWO, NOW) is None
    assert await people.session_account(api_conn, ONE, NOW + HOUR) is None
    await people.delete_session(api_conn, ONE)
    await people.delete_session(api_conn, ONE)
    assert await people.session_account(api_conn, ONE, NOW) is None


async def test_session_is_prolonged_never_shortened_nor_taken_over(api_conn: Connection, accounts: People) -> None:
    duty, admin = accounts["duty"].account_id or 0, accounts["admin"].account_id or 0
    await people.create_session(api_conn, ONE, duty, NOW, NOW + HOUR)
    await people.create_session(api_conn, ONE, duty, NOW, NOW + 2 * HOUR)
    await people.create_session(api_conn, ONE, duty, NOW, NOW + HOUR)
    await people.create_session(api_conn, ONE, admin, NOW, NOW + 9 * HOUR)
    found = await people.all_sessions(api_conn, NOW)
    assert [(one.login, one.expires_at, one.created_at) for one in found] == [("duty", NOW + 2 * HOUR, NOW)]


async def test_a_session_that_was_ended_is_not_renewed(conn: Connection, api_conn: Connection, accounts: People) -> None:
    duty, admin = accounts["duty"].account_id or 0, accounts["admin"].account_id or 0
    await people.create_session(api_conn, ONE, duty, NOW, NOW + HOUR)
    await people.create_session(api_conn, TWO, admin, NOW, NOW + HOUR)
    await people.renew_session(api_conn, TWO, NOW + 2 * HOUR)
    await people.renew_session(api_conn, TWO, NOW + HOUR)
    await api_conn.commit()
    assert await people.end_sessions(conn, "duty") == 1
    assert await people.end_sessions(conn, "nobody") == 0
    await conn.commit()
    await people.renew_session(api_conn, ONE, NOW + 2 * HOUR)
    found = await people.all_sessions(api_conn, NOW)
    assert [(one.login, one.expires_at) for one in found] == [("admin", NOW + 2 * HOUR)]


async def test_all_sessions_that_have_not_ended(api_conn: Connection, accounts: People) -> None:
    account_id = accounts["duty"].account_id or 0
    await people.create_session(api_conn, ONE, account_id, NOW, NOW + HOUR)
    await people.create_session(api_conn, TWO, account_id, NOW + HOUR, NOW + 2 * HOUR)
    row = await (await api_conn.execute("SELECT count(*) FROM sessions")).fetchone()
    assert row == (1,)  # what is over was forgotten when the next one began
    assert [one.token_sha256 for one in await people.all_sessions(api_conn, NOW + HOUR)] == [TWO]


async def test_disabled_account_has_no_session(conn: Connection, accounts: People) -> None:
    await people.create_session(conn, ONE, accounts["duty"].account_id or 0, NOW, NOW + HOUR)
    await conn.execute("UPDATE accounts SET disabled_at = %s WHERE login = 'duty'", [NOW])
    assert await people.session_account(conn, ONE, NOW) is None
    assert await people.all_sessions(conn, NOW) == []


async def test_token_itself_is_never_stored(conn: Connection, accounts: People) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        await people.create_session(conn, b"the token itself", accounts["duty"].account_id or 0, NOW, NOW + HOUR)
