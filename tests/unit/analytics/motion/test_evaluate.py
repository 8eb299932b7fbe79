"""Recordings streamed as production would hear them: packets, counts, intervals, and what cannot be computed."""

from pathlib import Path

import numpy as np
import pytest

from analytics.detectors.fall_motion import fall_motion
from analytics.evaluate.falls import Alarm, Outcome, outcomes, report, stream
from analytics.evaluate.recording import Signal, Trial, even, packets
from analytics.evaluate.shares import share, wilson
from analytics.evaluate.worn import worn_at
from analytics.fall_judge import Judge
from devices.profiles import PROFILES, WEARABLES
from tests.unit.analytics.motion.made import CALM, STORY, motion
from vigil.offline import labelled, recordings

FALL = Alarm(5.0, 3.5, 0.9)


def outcome(is_fall: bool | None, alarms: int, subject: str = "a", elderly: bool | None = None) -> Outcome:
    return Outcome("1", subject, "F01" if is_fall else "D01", is_fall, elderly, 36.0, (FALL,) * alarms, 0.01)


def test_wilson_is_the_textbook_interval() -> None:
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=2e-4)  # Newcombe 1998, table I
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=2e-4)
    assert wilson(0, 0) == (0.0, 1.0)
    assert share(0, 0)["value"] is None


def test_every_trial_counts_once() -> None:
    found = [outcome(True, 2), outcome(True, 0), outcome(False, 0), outcome(False, 0, "b"), outcome(False, 3, "b")]
    figures = report(found)
    assert (figures["sensitivity"]["value"], figures["specificity"]["value"]) == (50, 66.67)
    assert (figures["precision"]["value"], figures["f1"]["value"]) == (50, 50)
    assert figures["false_alarms_per_scripted_hour"] == 100
    assert figures["subjects"]["specificity"] == {"worst": 50, "median": 75, "best": 100}
    assert figures["activities"]["F01"]["alarmed"]["value"] == 50
    assert figures["delay_from_impact_s"] == {"median": 3.5, "max": 3.5}
    assert figures["cpu_s_per_hour_of_signal"] == 1.0


def test_what_the_file_does_not_say_is_said() -> None:
    figures = report([outcome(None, 1)])
    assert "sensitivity" not in figures
    assert len(figures["not_computed"]) == 2
    assert figures["alarmed_trials"] == 1


def test_a_radio_that_delivers_in_bursts_samples_evenly() -> None:
    taken = np.arange(500) * 20.0
    arrived = np.ceil((taken + 1) / 100) * 100.0 + np.arange(500) % 5.0
    found = even(arrived)
    assert np.diff(found).min() >= 0
    assert np.abs(np.diff(found)[10:-10] - 20).max() < 12 < np.diff(arrived).max()


def test_a_sensor_that_begins_slowly_moves_no_sample() -> None:
    """A telephone may hand over five samples a second at first, and then ninety."""
    slow, fast = np.arange(8) * 200.0, 1600.0 + np.arange(400) * 11.0
    taken = np.concatenate((slow, fast + np.resize([0.0, 2.0, -1.0, 1.0, -2.0], 400)))
    assert np.abs(even(taken) - taken).max() < 3.0
    signal = Signal(taken, np.stack((taken, taken, taken), axis=1))
    for one in packets(signal):
        told = one.start_ms + np.arange(len(one.xyz_mg)) * 1000.0 / one.rate_hz
        assert np.abs(told - one.xyz_mg[:, 0]).max() <= 5.0


def test_a_pause_begins_a_packet_and_no_packet_is_longer_than_a_second() -> None:
    signal = motion(STORY)
    kept = (signal.times_ms < 2400) | (signal.times_ms >= 3700)
    sent = list(packets(Signal(signal.times_ms[kept], signal.xyz_mg[kept])))
    assert sum(len(one.xyz_mg) for one in sent) == kept.sum()
    assert all(len(one.xyz_mg) <= 50 and one.rate_hz == pytest.approx(50) for one in sent)
    assert 3700.0 in [one.start_ms for one in sent]


def test_a_recorded_fall_is_found_and_ordinary_life_is_not() -> None:
    trials = [
        Trial("1", "a", "F01", True, motion(STORY), True, (5.0, 5.7)),
        Trial("2", "a", "D01", False, motion(CALM), True),
    ]
    fallen, calm = outcomes(fall_motion(), trials, lambda: 0.0)
    assert len(fallen.alarms) == 1
    assert abs(fallen.alarms[0].impact_s - 5.56) < 0.06
    assert 2.9 < fallen.alarms[0].delay_s < 5
    assert calm.alarms == ()


def test_a_recording_that_ends_after_the_impact_is_judged_by_the_deadline() -> None:
    signal = motion(STORY)
    (alarm,) = stream(fall_motion(), Signal(signal.times_ms[:420], signal.xyz_mg[:420]))
    assert alarm.delay_s == pytest.approx(6.0, abs=0.1)


PLACES = {
    "wearable_wrist": ["WRIST", "left wrist", "LEFTWRIST", "wrist_R", "LWrist", "wristband", "wrist2"],
    "wearable_waist": [
        *(
            "WAIST",
            "right hip",
            "RightHip",
            "belt",
            "lumbar",
            "lower back",
            "LowerBack",
            "LOWER_BACK",
            "lowerback",
            "L5",
            "waist/hip",
        ),
        *("belt of the trousers", "front of the waist"),
    ],
    "wearable_pocket": [
        *(
            "TROUSER_POCKET",
            "trouser pocket",
            "RightThigh",
            "RIGHTPOCKET",
            "pocket",
            "left pocket",
            "pocket (right)",
            "front pocket",
        ),
        *("pants pocket", "Right trousers' pocket", "thigh", "RIGHTTROUSERPOCKET", "phone in trouser pocket"),
    ],
    "wearable": [
        *("CHEST", "shirt pocket", "breast pocket", "BreastPocket", "coat pocket", "handbag pocket", "hip pocket", "back pocket"),
        *("apron pocket", "pocket of the jacket", "phone pocket", "front pocket of a shirt", "chest belt", "trunk", "upper back"),
        *("back", "backpack", "waistcoat", "chip", "spaceship", "friendship", "hipster", "L55", "ankle", "3", ""),
        *("wrist and waist", "wrist, pocket", "hip and thigh", "lapel of the waistcoat / ship", "not on wrist: shirt pocket, hip"),
    ],
}


@pytest.mark.parametrize(("position", "profile"), [(place, profile) for profile, places in PLACES.items() for place in places])
def test_where_a_recording_says_that_it_was_worn(position: str, profile: str) -> None:
    assert worn_at(position) == profile
    assert profile in PROFILES


@pytest.mark.parametrize("profile", WEARABLES)
def test_where_it_was_worn_survives_a_file(profile: str, tmp_path: Path) -> None:
    one = Trial("1", "p", "D01", False, motion(CALM), profile=profile)
    labelled.write(tmp_path / "own.parquet", [one])
    (read,) = recordings.trials(tmp_path / "own.parquet")
    assert read.profile == profile


def test_a_trial_is_judged_by_the_judge_of_where_it_was_worn() -> None:
    yes = Judge("wrist", 0.5, lambda row, impact_g: (1.0, ()))
    judge = Judge("never", 0.5, lambda row, impact_g: (0.0, ()), {"wearable_wrist": yes})
    worn = [Trial("1", "p", "F01", True, motion(STORY), profile=profile) for profile in ("wearable_wrist", "wearable_waist")]
    assert [bool(one.alarms) for one in outcomes(fall_motion(judge), worn, lambda: 0.0)] == [True, False]
