"""Names that one connection at a time may hold: whoever dies lets go. They decide who serves a lane or an area."""

from store.connect import Connection
from store.rows import one_value
from store.statements import statements

_SQL = statements("locks")


async def try_lock(conn: Connection, name: str) -> bool:
    """Take it for as long as this connection lives, if nobody else has it. Taken twice it must be given back twice."""
    return bool(await one_value(conn, _SQL["try_lock"], {"name": name}))


async def unlock(conn: Connection, name: str) -> bool:
    """Give it back. False when this connection did not hold it."""
    return bool(await one_value(conn, _SQL["unlock"], {"name": name}))


async def connected(conn: Connection) -> frozenset[str]:
    """The names under which this role is connected to this database now: who died is not among them."""
    return frozenset(name for (name,) in await (await conn.execute(_SQL["connected"])).fetchall())
