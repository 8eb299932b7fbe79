"""Signs of life: written while the loop turns; silence is counted in looks and only after the first sign."""

import asyncio
import os
from collections.abc import Iterator

import pytest

from vigil import alive
from vigil.supervisor import Pulse


@pytest.fixture
def pipe() -> Iterator[tuple[Pulse, int]]:
    reading, writing = os.pipe()
    pulse = Pulse(reading)
    yield pulse, writing
    pulse.close()
    os.close(writing)


def test_silence_counts_from_the_first_sign_and_every_sign_ends_it(pipe: tuple[Pulse, int]) -> None:
    pulse, writing = pipe
    assert [pulse.silent() for _ in range(3)] == [0, 0, 0]
    os.write(writing, b".")
    assert [pulse.silent() for _ in range(4)] == [0, 1, 2, 3]
    os.write(writing, b"..")
    assert [pulse.silent() for _ in range(2)] == [0, 1]


async def test_a_turning_loop_beats_at_once_and_again(pipe: tuple[Pulse, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alive, "BEAT_S", 0.02)
    pulse, writing = pipe
    alive.beat({alive.VARIABLE: str(writing)})
    assert not os.get_inheritable(writing)
    for _ in range(3):
        await asyncio.sleep(0.1)
        assert pulse.silent() == 0


@pytest.mark.parametrize("environ", [{}, {alive.VARIABLE: ""}, {alive.VARIABLE: "x"}, {alive.VARIABLE: "987654"}])
async def test_without_a_pipe_nothing_happens(environ: dict[str, str]) -> None:
    alive.beat(environ)


async def test_a_full_pipe_and_one_that_nobody_reads_disturb_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alive, "BEAT_S", 0.01)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(writing, b"." * 4096)
    alive.beat({alive.VARIABLE: str(writing)})
    await asyncio.sleep(0.05)
    os.close(reading)
    await asyncio.sleep(0.05)
    os.close(writing)
