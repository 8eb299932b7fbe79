"""Somebody else's recordings of falls: the unusual is read for what it is, what cannot be meant refused, what is left out said."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.evaluate.recording import Trial
from tests.unit.analytics.motion.made import CALM, motion
from vigil.offline import labelled, recordings, told
from vigil.offline.__main__ import main
from vigil.offline.recordings import Recording
from vigil.offline.task import BadRecording

SIGNAL = motion(CALM[:1])
PEOPLE = {"a": 30, "b": 70}


def samples(**changes: Any) -> pd.DataFrame:
    """Two people with two trials each, numbered 0 to 3: a fall and none."""
    given = [(subject, activity) for subject in PEOPLE for activity in ("F01", "D01")]
    parts = [
        pd.DataFrame(
            {
                "trial": number,
                "subject": subject,
                "position": "WRIST",
                "activity": activity,
                "is_fall": activity == "F01",
                "t_ms": SIGNAL.times_ms.astype(np.int64),
                **{f"a{axis}": SIGNAL.xyz_mg[:, place] for place, axis in enumerate("xyz")},
            }
        )
        for number, (subject, activity) in enumerate(given)
    ]
    return pd.concat(parts, ignore_index=True).assign(**changes)


def about(**changes: Any) -> pd.DataFrame:
    """The table of trials of these."""
    of_each = samples().drop_duplicates("trial")[["trial", "subject", "activity", "is_fall"]]
    return of_each.assign(age=of_each["subject"].map(PEOPLE)).reset_index(drop=True).assign(**changes)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "odd.parquet"


def read(file: Path, given: pd.DataFrame, beside: pd.DataFrame | None = None) -> Recording:
    given.to_parquet(file)
    if beside is not None:
        beside.to_parquet(file.with_name("odd_trials.parquet"))
    return recordings.read(file)


def elderly(found: Recording) -> list[bool | None]:
    return [one.elderly for one in found.trials]


def falls(found: Recording) -> list[bool | None]:
    return [one.is_fall for one in found.trials]


def test_what_is_usual_is_read_as_it_is_and_nothing_is_said(file: Path) -> None:
    found = read(file, samples(), about())
    assert [(one.trial, one.subject, one.activity) for one in found.trials] == [
        *(("0", "a", "F01"), ("1", "a", "D01"), ("2", "b", "F01"), ("3", "b", "D01"))
    ]
    assert (falls(found), elderly(found)) == ([True, False] * 2, [False, False, True, True])
    assert (found.rate_hz, found.median_g, found.split, found.left_out) == (50.0, 1.0, 0, ())


def test_the_figures_come_with_what_is_to_be_said_of_the_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples(trial=1, ax=[np.nan, *samples()["ax"][1:]]).to_parquet(file)
    assert main(["evaluate", "falls", str(file), "--rule", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["trials"], found["falls"], found["split_trials"]) == (4, 2, 1)
    assert (found["rate_hz"], found["median_g"]) == (50, 1)
    assert "1 samples without a time or force, or with an endless one: left out" in found["not_computed"]


def test_trials_of_one_number_are_kept_apart_and_each_is_found_in_the_table(file: Path) -> None:
    by_person = samples()["subject"].map({"a": 1, "b": 2})
    found = read(file, samples(trial=by_person), about(trial=about()["subject"].map({"a": 1, "b": 2})))
    assert [(one.trial, one.subject, one.activity, one.is_fall) for one in found.trials] == [
        *(("1", "a", "F01", True), ("1", "a", "D01", False), ("2", "b", "F01", True), ("2", "b", "D01", False))
    ]
    assert elderly(found) == [False, False, True, True]
    assert (found.split, found.left_out) == (2, ())


def test_two_places_in_one_trial_are_two_trials(file: Path) -> None:
    other = samples(position="WAIST")
    found = read(file, pd.concat([samples(), other.assign(t_ms=other["t_ms"] + 7)]), about())
    assert [one.profile for one in found.trials] == ["wearable_wrist", "wearable_waist"] * 4
    assert {len(one.signal.times_ms) for one in found.trials} == {len(SIGNAL.times_ms)}
    assert (found.split, elderly(found)[:4]) == (4, [False] * 4)


def test_trials_of_one_number_that_nothing_tells_apart_are_told(file: Path) -> None:
    plain = samples().drop(columns=["subject", "activity", "position"])
    found = read(file, plain.assign(trial=plain["trial"] // 3))
    assert found.left_out[0] == "whether 1 of 2 trials are one each: their times begin again, as if several had one number"


def test_a_radio_that_delivers_out_of_order_begins_nothing_again(file: Path) -> None:
    given = samples()
    late = given["t_ms"].between(600, 2000)
    assert read(file, pd.concat([given[~late], given[late]])).left_out == ()


def test_a_sample_that_does_not_say_whose_it_is_belongs_to_its_trial(file: Path) -> None:
    given = samples()
    given.loc[::7, ["subject", "position"]] = None
    found = read(file, given, about())
    assert [(one.subject, one.profile) for one in found.trials] == [(one, "wearable_wrist") for one in "aabb"]
    assert (found.split, found.left_out) == (0, ())


@pytest.mark.parametrize("given", ["True", "true ", "TRUE", 1, 1.0, True, "1"])
def test_a_fall_is_one_however_it_is_written(given: Any, file: Path) -> None:
    assert falls(read(file, samples(is_fall=given))) == [True] * 4


@pytest.mark.parametrize("given", ["False", "false", "FALSE", 0, 0.0, False])
def test_no_fall_is_none_however_it_is_written(given: Any, file: Path) -> None:
    assert falls(read(file, samples(is_fall=given))) == [False] * 4
    assert falls(read(file, samples(is_fall=None), about(is_fall=given))) == [False] * 4


@pytest.mark.parametrize("given", [None, np.nan, ""])
def test_what_is_not_told_is_unknown(given: Any, file: Path) -> None:
    assert falls(read(file, samples(is_fall=given))) == [None] * 4
    assert falls(read(file, samples(), about(is_fall=given))) == [True, False, True, False], "the samples do say it"


def test_a_trial_whose_samples_say_both_is_neither(file: Path) -> None:
    found = read(file, samples(is_fall=[None, True, *samples()["is_fall"][2:-1], True]))
    assert falls(found) == [True, False, True, None]
    assert found.left_out == ("whether 1 of 4 trials are falls: their samples say both",)


@pytest.mark.parametrize("given", ["F01", "no", 2, timedelta(seconds=1)])
def test_a_truth_that_is_none_is_refused(given: Any, file: Path) -> None:
    with pytest.raises(BadRecording, match=r"odd.parquet: expected is_fall as true or false .*, got "):
        read(file, samples(is_fall=given))
    with pytest.raises(BadRecording, match="expected elderly as true or false"):
        read(file, samples(), about(elderly=given))


@pytest.mark.parametrize(
    ("factor", "likely"), [(1e-3, "g"), (9.80665e-3, "m/s²"), (9.80665, "mm/s² or counts"), (0.1, "counts"), (1e3, "µg")]
)
def test_another_unit_of_force_is_refused_and_named(factor: float, likely: str, file: Path) -> None:
    given = samples()
    given[["ax", "ay", "az"]] *= factor
    with pytest.raises(BadRecording, match=f"milli-g, 1000 at rest, got a median force of .*, likely {likely}"):
        read(file, given)


@pytest.mark.parametrize(
    ("factor", "likely"), [(1e-3, "seconds"), (1e3, "microseconds"), (1e6, "nanoseconds"), (0.0, "rounded"), (15.0, "rounded")]
)
def test_another_unit_of_time_is_refused_and_named(factor: float, likely: str, file: Path) -> None:
    with pytest.raises(BadRecording, match=f"t_ms in milliseconds, got a median rate of .* Hz, likely {likely}"):
        read(file, samples(t_ms=samples()["t_ms"] * factor))


@pytest.mark.parametrize("rate_hz", [10.0, 25.0, 200.0])
def test_any_usual_rate_is_read(rate_hz: float, file: Path) -> None:
    assert read(file, samples(t_ms=samples()["t_ms"] * 50 / rate_hz)).rate_hz == rate_hz


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("t_ms", pd.to_timedelta(samples()["t_ms"], unit="ms")),
        ("t_ms", pd.to_datetime(samples()["t_ms"], unit="ms", utc=True)),
        ("az", "strong"),
    ],
)
def test_what_is_no_number_is_refused(column: str, values: Any, file: Path) -> None:
    with pytest.raises(BadRecording, match=f"odd.parquet: expected {column} as numbers, milli.*, got "):
        read(file, samples(**{column: values}))


@pytest.mark.parametrize(
    ("column", "value"), [*(("t_ms", value) for value in (np.inf, -np.inf, np.nan, 1e300)), ("ax", np.inf), ("az", np.nan)]
)
def test_a_sample_without_a_time_or_force_is_left_out(column: str, value: float, file: Path) -> None:
    given = samples().astype({column: np.float64})
    given.loc[[3, 4, 700], column] = value
    found = read(file, given)
    assert found.left_out == ("3 samples without a time or force, or with an endless one: left out",)
    assert sum(len(one.signal.times_ms) for one in found.trials) == len(given) - 3


def test_what_is_of_no_trial_and_too_short_a_trial_are_left_out(file: Path) -> None:
    given = samples().astype({"trial": np.float64})
    given.loc[[3, 4], "trial"] = np.nan
    given.loc[5, "trial"] = 9
    found = read(file, given)
    assert [one.trial for one in found.trials] == ["0", "1", "2", "3"]
    assert found.left_out == ("2 samples without a trial: left out", "1 trials of fewer than two samples: left out")


@pytest.mark.parametrize("changes", [{"age": 70}, {"age": "70"}, {"elderly": True}, {"elderly": "true", "age": 30}])
def test_the_samples_may_say_who_is_old(changes: dict[str, Any], file: Path) -> None:
    assert elderly(read(file, samples(**changes))) == [True] * 4


@pytest.mark.parametrize("age", ["70", 70.0, "60"])
def test_an_age_may_be_text(age: Any, file: Path) -> None:
    assert elderly(read(file, samples(), about(age=age))) == [True] * 4


@pytest.mark.parametrize("age", ["60-75", "old", np.inf])
def test_an_age_that_is_no_number_is_left_out(age: Any, file: Path) -> None:
    found = read(file, samples(), about(age=age))
    assert elderly(found) == [None] * 4
    assert found.left_out == ("whether the people of 4 of 4 trials are old: expected age as a number of years",)


def test_an_interval_that_is_none_is_left_out(file: Path) -> None:
    found = read(file, samples(), about(fall_start_s="1.5", fall_end_s=["2.5", "soon", None, 3]).astype({"fall_end_s": "str"}))
    assert [one.fall_s for one in found.trials] == [(1.5, 2.5), None, None, (1.5, 3.0)]
    assert found.left_out == ("the interval of the fall of 1 of 4 trials: expected fall_start_s and fall_end_s as seconds",)


@pytest.mark.parametrize("kind", [str, float, np.int32, object])
def test_a_trial_is_found_in_the_table_whatever_its_number_was_written_as(kind: Any, file: Path) -> None:
    for given, beside in ((samples(), about().astype({"trial": kind})), (samples().astype({"trial": kind}), about())):
        found = read(file, given, beside)
        assert (elderly(found), found.left_out) == ([False, False, True, True], ())


def test_a_number_may_be_the_index_of_either_file(file: Path) -> None:
    found = read(file, samples().set_index("trial"), about().set_index("trial"))
    assert (elderly(found), found.split) == ([False, False, True, True], 0)


def test_what_the_table_does_not_have_is_said(file: Path) -> None:
    beside = about(subject=["a", "a", "b", "c"])
    found = read(file, samples(), beside[1:])
    assert elderly(found) == [None, False, True, None]
    assert found.left_out == ("what the table of trials says of 2 of 4 trials: it has no row of their trial, subject, activity",)
    assert elderly(read(file, samples(), beside[["trial", "age"]])) == [False, False, True, True], "by number alone"


def test_a_row_may_stand_twice_but_not_say_two_things(file: Path) -> None:
    assert elderly(read(file, samples(), pd.concat([about(), about()]))) == [False, False, True, True]
    expected = r"odd_trials.parquet: expected one row of trial 0, subject a, activity F01, got two .* age"
    with pytest.raises(BadRecording, match=expected):
        read(file, samples(), pd.concat([about(), about(age=50)]))


def test_what_the_installation_has_written_is_read(file: Path) -> None:
    labelled.write(file, [Trial("1", "p", "D01", False, motion(CALM), profile="wearable_waist")])
    found = recordings.read(file)
    assert (found.left_out, found.split, falls(found)) == ((), 0, [False])


@pytest.mark.parametrize(
    ("value", "plain"), [(5, "5"), (5.0, "5"), ("5", "5"), (" 05 ", "5"), (5.5, "5.5"), ("SA05", "SA05"), (None, ""), (np.nan, "")]
)
def test_a_key_is_the_same_text_whatever_it_was(value: Any, plain: str) -> None:
    assert told.text(value) == plain
