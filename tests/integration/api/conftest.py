"""What the api's integration tests share."""

import contextlib
import signal
from collections.abc import Callable, Iterator

import psutil
import pytest

from store.server import EmbeddedDatabase


@pytest.fixture
def frozen(postgres: EmbeddedDatabase) -> Callable[[], contextlib.AbstractContextManager[None]]:
    """Within it no process of the database server runs: it accepts connections and answers nothing."""

    @contextlib.contextmanager
    def freeze() -> Iterator[None]:
        postmaster = psutil.Process(int((postgres.home / "pg" / "postmaster.pid").read_text().splitlines()[0]))
        stopped: list[psutil.Process] = []
        try:
            for process in (postmaster, *postmaster.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGSTOP)
                    stopped.append(process)
            yield
        finally:
            for process in stopped:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGCONT)

    return freeze
