"""Replay: a recording becomes readings in time order, values a detector can say, and nothing that was not recorded."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from care.district import DeviceEntry
from devices import codec
from devices.profiles import PROFILES
from simulators import replay


def _device(code: str, profile: str) -> DeviceEntry:
    return DeviceEntry(code, profile, "inst01", f"zone-{code[-1]}", "", "120105001", "", "1.0")


DEVICES = [
    _device(f"{name}-{n}", profile) for name, profile in (("smoke", "smoke_detector"), ("co", "co_detector")) for n in (1, 2)
]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    rows = 60
    half = rows // 2
    table = pa.table(
        {
            "experiment": ["X1"] * rows,
            "station": ["A"] * half + ["B"] * half,
            "t_s": [float(2 * i) for i in range(half)] * 2,
            "temp_ceiling_c": np.linspace(20, 400, rows),
            "obsc_ceiling_pct_per_m": [*np.linspace(0, 4, half), *np.linspace(0, 60, half)],
            "co_ppm": [float("nan")] * half + [*np.linspace(-40, 200, half)],
        }
    )
    path = tmp_path / "fire.parquet"
    parquet.write_table(table, path)
    return path


def test_the_station_nearest_the_fire_comes_first(recording: Path) -> None:
    assert replay.load(recording).stations == ["B", "A"]


def test_readings_come_in_time_order_and_never_too_often(recording: Path) -> None:
    found = replay.load(recording)
    played = list(replay.play(found, replay.cast(found, DEVICES, "inst01"), every_s=10))
    assert [one.t_s for one in played] == sorted(one.t_s for one in played)
    for device in {one.device.code for one in played}:
        gaps = np.diff([one.t_s for one in played if one.device.code == device])
        assert (gaps >= 10).all()


def test_values_are_what_a_detector_can_say_and_missing_ones_are_not_invented(recording: Path) -> None:
    found = replay.load(recording)
    played = list(replay.play(found, replay.cast(found, DEVICES, "inst01"), every_s=2))
    for one in played:
        codec.check_values(PROFILES[one.device.profile], dict(one.values))
    heard = {one.device.code for one in played}
    assert "co-1" in heard  # station B, whose CO was recorded
    assert "co-2" not in heard  # station A, whose CO was not


def test_a_station_is_one_place(recording: Path) -> None:
    found = replay.load(recording)
    parts = replay.cast(found, [*DEVICES[:2], DEVICES[3]], "inst01")
    assert {station: {one.zone for one in roles.values()} for station, roles in parts.items()} == {"B": {"zone-1"}, "A": {"zone-2"}}
    assert {station: set(roles) for station, roles in parts.items()} == {
        "B": {"smoke_detector"},
        "A": {"smoke_detector", "co_detector"},
    }
    assert set(replay.cast(found, DEVICES[:1], "inst01")) == {"B"}, "there is one place, and it is that of the fire"


def test_an_unknown_experiment_names_those_there_are(recording: Path) -> None:
    with pytest.raises(replay.NotARecording, match="expected one of X1, got 'X9'"):
        replay.load(recording, "X9")


def test_a_file_with_other_columns_names_what_is_missing(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"experiment": ["a"], "t_s": [0.0]}), tmp_path / "other.parquet")
    with pytest.raises(replay.NotARecording, match="missing: station, temp_ceiling_c"):
        replay.load(tmp_path / "other.parquet")


def test_what_is_no_parquet_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_text("hello")
    with pytest.raises(replay.NotARecording, match="expected a Parquet or CSV file"):
        replay.load(tmp_path / "x.parquet")
    with pytest.raises(FileNotFoundError, match="got no file"):
        replay.load(tmp_path / "none.parquet")


def test_a_site_without_smoke_detectors_cannot_play(recording: Path) -> None:
    with pytest.raises(replay.NotARecording, match="expected a site with smoke detectors"):
        replay.cast(replay.load(recording), [DEVICES[2]], "inst01")
