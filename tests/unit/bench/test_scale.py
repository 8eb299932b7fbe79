"""What the scale benchmark makes of its samples."""

from bench.scale import Point, compared, steady

MB = 2**20


def point(devices: int, rss: int, cost: float) -> Point:
    return Point(devices, {"ingest": rss}, cost, stored_all=True)


def test_a_device_costs_what_the_largest_fleet_has_more_than_the_smallest() -> None:
    points = [point(1_000, 100 * MB, 10.0), point(10_000, 300 * MB, 8.0), point(50_000, 100 * MB + 49_000 * 1_500, 9.0)]
    assert compared(points) == {"ingest_bytes_per_device": 1_500, "cost_ratio": 1.25}


def test_one_fleet_compares_with_nothing() -> None:
    assert compared([point(1_000, MB, 1.0)]) == {}


def test_a_soak_is_as_steady_as_its_extremes_after_the_warm_up() -> None:
    samples = [(0.0, 50 * MB), (10.0, 80 * MB), (20.0, 100 * MB), (60.0, 120 * MB), (100.0, 110 * MB)]
    assert steady(samples) == {"low_mb": 100.0, "high_mb": 120.0, "within_pct": 9.1, "growth_pct": 4.5}
    assert steady([(0.0, MB), (100.0, MB)]) == {"low_mb": 1.0, "high_mb": 1.0, "within_pct": 0.0, "growth_pct": 0.0}
