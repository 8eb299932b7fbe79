"""The embedded server keeps what it acknowledged, whatever happens to its process, and says plainly why it will not start."""

import asyncio
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from store import cluster, migrate
from store.cluster import DatabaseFailed, DatabaseInUse, WrongMajorVersion
from store.connect import connect
from store.server import EmbeddedDatabase

pytestmark = pytest.mark.integration

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedDatabase:
    """A data directory that has never been served; tests copy it, since making one takes a second."""
    database = EmbeddedDatabase(tmp_path_factory.mktemp("made") / "db")
    database.prepare()
    return database


@pytest.fixture
def database(made: EmbeddedDatabase, server_home: Path) -> EmbeddedDatabase:
    """A server of one's own, not started."""
    home = server_home / "db"
    subprocess.run(["cp", "-a", str(made.home), str(home)], check=True)
    (home / "port").unlink()
    return EmbeddedDatabase(home)


async def count(database: EmbeddedDatabase) -> int:
    async with await connect(database.dsn("vigil_owner")) as conn:
        row = await (await conn.execute("SELECT count(*) FROM kept")).fetchone()
        assert row
        return int(row[0])


async def keep(database: EmbeddedDatabase, rows: int) -> None:
    async with await connect(database.dsn("vigil_owner")) as conn:
        await conn.execute("CREATE TABLE IF NOT EXISTS kept (n integer)")
        await conn.execute("INSERT INTO kept SELECT generate_series(1, %s)", [rows])


async def test_start_stop_and_start_again(database: EmbeddedDatabase) -> None:
    async with database:
        await keep(database, 10)
        port = database.port
    assert database.process is None
    again = EmbeddedDatabase(database.home)
    started = time.monotonic()
    async with again:
        took = time.monotonic() - started
        assert await count(again) == 10
        assert again.port == port
    assert took < 10  # a fifth of a second on a machine with nothing else to do


async def test_committed_rows_survive_kill_9(database: EmbeddedDatabase) -> None:
    await database.start()
    await keep(database, 100)
    assert database.process
    database.process.kill()
    await database.process.wait()
    async with EmbeddedDatabase(database.home) as again:
        assert await count(again) == 100


async def test_kill_9_while_clients_work(database: EmbeddedDatabase) -> None:
    """Children of the killed server are still there for a moment; the next start waits for them."""
    await database.start()
    await keep(database, 1)
    working = await connect(database.dsn("vigil_owner"), autocommit=True)
    sleeping = asyncio.create_task(working.execute("SELECT pg_sleep(60)"))
    await asyncio.sleep(0.1)
    assert database.process
    database.process.kill()
    await database.process.wait()
    async with EmbeddedDatabase(database.home) as again:
        assert await count(again) == 1
    with pytest.raises(psycopg.OperationalError):
        await sleeping
    await working.close()


async def test_pid_file_that_names_someone_else(database: EmbeddedDatabase) -> None:
    """After a container restart the pid in the file may be anyone's, even our own."""
    data = database.home / "pg"
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n1\n5432\n\n127.0.0.1\n  1 1\nready   \n")
    async with database:
        assert await database.healthy()


async def test_second_server_on_the_same_data_is_refused(database: EmbeddedDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_LEAVE_S", 0.2)
    async with database:
        with pytest.raises(DatabaseInUse, match="already served by process") as refused:
            await EmbeddedDatabase(database.home).start()
        assert psutil.pid_exists(refused.value.pid)
        assert await database.healthy()


async def test_data_of_another_major_version_is_refused(database: EmbeddedDatabase) -> None:
    (database.home / "pg" / "PG_VERSION").write_text("13\n")
    with pytest.raises(WrongMajorVersion, match="was written by PostgreSQL 13, this program runs") as refused:
        await database.start()
    assert refused.value.found == "13"
    assert (database.home / "pg").exists()


async def test_port_that_is_taken_is_said_with_the_log(database: EmbeddedDatabase) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(DatabaseFailed, match=r"(?s)ended at once with status 1.*Address already in use"):
            await EmbeddedDatabase(database.home, taken.getsockname()[1]).start()


async def test_port_of_last_time_is_left_to_whoever_has_it_now(database: EmbeddedDatabase) -> None:
    database.prepare()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", database.port))
        taken.listen()
        async with EmbeddedDatabase(database.home) as again:
            assert again.port != database.port


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as someone else, who must get there")
async def test_way_that_someone_closed_is_opened_again(database: EmbeddedDatabase) -> None:
    """As every other pytest does to the directory of temporary ones, and many an administrator to /root."""
    await asyncio.to_thread(database.home.parent.chmod, 0o700)
    async with database:
        assert await database.healthy()


async def test_half_made_directory_never_counts(server_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = EmbeddedDatabase(server_home / "db")

    def dies(home: Path, draft: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(cluster, "_roles_and_database", dies)
        with pytest.raises(KeyboardInterrupt):
            database.prepare()
    assert not (database.home / "pg").exists()
    async with database:
        assert await database.healthy()


async def test_each_role_needs_its_own_password(database: EmbeddedDatabase) -> None:
    async with database:
        for role in ("vigil_owner", "vigil_worker", "vigil_api"):
            async with await connect(database.dsn(role)) as conn:
                assert await (await conn.execute("SELECT current_user::text")).fetchone() == (role,)
        wrong = database.dsn("vigil_api").replace("user=vigil_api", "user=vigil_owner")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            await connect(wrong)


async def test_durable_and_in_utc(database: EmbeddedDatabase) -> None:
    async with database, await connect(database.dsn("vigil_worker"), application="probe") as conn:
        for name, value in (
            ("fsync", "on"),
            ("synchronous_commit", "on"),
            ("full_page_writes", "on"),
            ("timezone", "UTC"),
            ("server_encoding", "UTF8"),
            ("listen_addresses", "127.0.0.1"),
            ("application_name", "probe"),
            ("idle_in_transaction_session_timeout", "1min"),
        ):
            row = await (await conn.execute("SELECT current_setting(%s)", [name])).fetchone()
            assert row == (value,), name


async def test_no_role_is_more_than_it_needs_to_be(database: EmbeddedDatabase) -> None:
    async with database, await connect(database.dsn("vigil_owner")) as conn:
        await migrate.apply(conn)
        rows = await (
            await conn.execute(
                "SELECT rolname::text, rolsuper, rolcreatedb, rolbypassrls FROM pg_roles WHERE rolname ^@ 'vigil' ORDER BY 1"
            )
        ).fetchall()
        assert rows == [(role, False, False, False) for role in ("vigil_analyst", "vigil_api", "vigil_owner", "vigil_worker")]


def test_secrets_are_for_us_alone(made: EmbeddedDatabase) -> None:
    folder = made.home / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = sorted(file.name for file in folder.iterdir())
    assert files == [f"{role}.password" for role in ("postgres", "vigil_api", "vigil_owner", "vigil_worker")]
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert len({file.read_text() for file in folder.iterdir()}) == 4
    assert stat.S_IMODE((made.home / "pg").stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run it as someone else")
async def test_server_of_root_is_not_root(database: EmbeddedDatabase) -> None:
    async with database:
        assert database.process
        process = psutil.Process(database.process.pid)
        assert process.uids().effective == (database.home / "pg").stat().st_uid != 0
        assert Path(process.cwd()) == (database.home / "pg").resolve()


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root to become someone else")
async def test_works_without_root(server_home: Path) -> None:
    """The same from an account that is not root: it makes its own data and runs as itself."""
    await asyncio.to_thread(server_home.chmod, 0o777)
    script = textwrap.dedent(
        """
        import asyncio, os, sys
        from pathlib import Path
        from store.server import EmbeddedDatabase

        async def main() -> None:
            assert os.geteuid() != 0
            async with EmbeddedDatabase(Path(sys.argv[1]) / "db") as database:
                assert await database.healthy()
            print("well")

        asyncio.run(main())
        """
    )
    outside = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    run = await asyncio.to_thread(
        subprocess.run,
        [*outside, sys.executable, "-c", script, str(server_home)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(CHECKOUT), "PATH": os.environ["PATH"], "HOME": "/nonexistent"},
        cwd="/",
    )
    if "Permission denied" in run.stderr and "python" in run.stderr.splitlines()[0]:
        pytest.skip("this Python lies where only root may look")
    assert run.stdout == "well\n", run.stderr


async def test_server_stops_when_its_supervisor_is_killed(database: EmbeddedDatabase) -> None:
    script = textwrap.dedent(
        """
        import asyncio, sys
        from pathlib import Path
        from store.server import EmbeddedDatabase

        async def main() -> None:
            database = EmbeddedDatabase(Path(sys.argv[1]))
            await database.start()
            print(database.process.pid, flush=True)
            await asyncio.sleep(600)

        asyncio.run(main())
        """
    )
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        script,
        str(database.home),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    )
    assert supervisor.stdout
    server = int(await asyncio.wait_for(supervisor.stdout.readline(), 60))
    supervisor.send_signal(signal.SIGKILL)
    await supervisor.wait()
    supervisor.stdout.feed_eof()
    async with asyncio.timeout(20):
        while psutil.pid_exists(server) and psutil.Process(server).status() != psutil.STATUS_ZOMBIE:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    async with EmbeddedDatabase(database.home) as again:
        assert await again.healthy()


async def test_stopping_what_has_ended_is_nothing(database: EmbeddedDatabase) -> None:
    await database.stop()
    await database.start()
    assert database.process
    database.process.kill()
    await database.process.wait()
    await database.stop()
    await database.stop()
