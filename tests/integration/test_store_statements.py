"""Every SQL statement is understood by the schema: a typo must not wait for production."""

import re

import pytest

from store.connect import Connection
from store.statements import nouns, statements

pytestmark = pytest.mark.integration

_PARAMETER = re.compile(rb"%\((\w+)\)s")
_PREPARED = (b"SELECT", b"INSERT", b"UPDATE", b"DELETE", b"WITH")


def _numbered(statement: bytes) -> bytes:
    names: list[bytes] = []

    def number(match: re.Match[bytes]) -> bytes:
        if match[1] not in names:
            names.append(match[1])
        return b"$%d" % (names.index(match[1]) + 1)

    return _PARAMETER.sub(number, statement).replace(b"%%", b"%")


def _first_word(statement: bytes) -> bytes:
    code = [line for line in statement.splitlines() if line.strip() and not line.lstrip().startswith(b"--")]
    return code[0].split()[0]


@pytest.mark.parametrize("noun", nouns())
async def test_statements_of_a_noun_are_understood(conn: Connection, noun: str) -> None:
    found = statements(noun)
    assert found
    for name, statement in found.items():
        word = _first_word(statement)
        if word == b"COPY":
            async with conn.cursor() as cursor, cursor.copy(statement):
                pass
        elif word in _PREPARED:
            await conn.execute(b"PREPARE one AS " + _numbered(statement))
            await conn.execute(b"DEALLOCATE one")
        else:
            assert not _PARAMETER.search(statement), name
            await conn.execute(statement)


async def test_a_typo_is_found(conn: Connection) -> None:
    """The check above can fail."""
    import psycopg

    with pytest.raises(psycopg.errors.UndefinedColumn):
        await conn.execute(b"PREPARE one AS " + _numbered(b"SELECT areaa FROM sites WHERE code = %(code)s"))
