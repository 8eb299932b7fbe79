"""Whose fault a failed transaction is: the database's (wait and try again) or a message's (find it and set it aside). Pure.

Only what a message can cause is blamed on messages. A missing table, grant or disk would otherwise reject every press there is.
"""

from enum import Enum

import psycopg

from store.alarms import Contended


class Blame(Enum):
    """What to do about a failed transaction."""

    DATABASE = "database"
    MESSAGE = "message"


# SQLSTATE classes that the content of a row can cause: data, integrity, limits of the program, an exception raised by a trigger.
_BY_CONTENT = ("22", "23", "54", "P0")


def blame(error: Exception) -> Blame:
    """Whose fault it is. What is no database error at all comes from our own code over some message."""
    if isinstance(error, psycopg.DataError) and error.sqlstate is None:
        return Blame.MESSAGE  # refused before it was sent: text with a NUL, a number out of range
    if isinstance(error, psycopg.Error):
        return Blame.MESSAGE if (error.sqlstate or "").startswith(_BY_CONTENT) else Blame.DATABASE
    return Blame.DATABASE if isinstance(error, OSError | Contended) else Blame.MESSAGE
