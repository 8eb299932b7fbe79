"""The benchmark of the parts does the product's own work, all of it, and says where the time went."""

import pytest

from bench import parts

pytestmark = pytest.mark.integration


async def test_everything_is_stored_once_and_every_second_belongs_to_a_part() -> None:
    report = await parts.run(parts.Parameters(devices=60, areas=2, messages=6_000, rate=100))
    figures = report["figures"]
    assert (figures["lost"], figures["duplicates"]) == (0, 0)
    assert figures["cpu_s_per_100k"] > 0
    assert sum(figures["parts"].values()) == pytest.approx(figures["cpu_s_per_100k"], abs=0.2)
    assert "decode" in figures["parts"], "a tenth of some two hundred samples"
    assert any(part.startswith("detector") for part in figures["parts"])
