"""From a closed incident to the model that judges: labels are exported and evaluated, challengers adopted or refused."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from analytics import models
from analytics.detectors.fall_motion import fall_motion
from analytics.evaluate.windows import trial_of
from analytics.fall_judge import Judge
from analytics.learn import falls as learn
from analytics.learn import jury
from analytics.learn.challenge import held_back
from analytics.learn.examples import Examples, examples
from analytics.motion import CELL_MS, Samples, Track, lay
from analytics.runtime import Runtime
from analytics.step import Finding, Waveform
from dispatch.incident import IncidentEvent as E
from ingest.alarms import Found
from ingest.trials import apply
from store import incidents
from store.connect import Connection, connect
from store.new_alarm import NewAlarm
from store.server import Database
from tests.unit.analytics.motion.made import STORY, TRIPPING, by_the_second, motion
from vigil import adoption, cli
from vigil.offline import falls, feedback, labelled, recordings
from vigil.offline.__main__ import main

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SURE = Judge("sure/1", 0.5, lambda row, impact_g: (0.9, ()))
PEOPLE, EACH = 60, 6  # windows of each: half are falls


@dataclass(frozen=True, slots=True)
class House:
    """An installation: its commands, and where its models lie."""

    dsn: str
    home: Path
    capsys: pytest.CaptureFixture[str]

    async def run(self, *order: str) -> dict[str, Any]:
        """What a command answers."""
        status = await asyncio.to_thread(main, [*order, "--json"])
        said = self.capsys.readouterr()
        assert status == 0, said.err
        found: dict[str, Any] = json.loads(said.out)
        return found

    async def refused(self, *order: str) -> str:
        """Why a command did nothing."""
        assert await asyncio.to_thread(main, list(order)) == 1
        return self.capsys.readouterr().err

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        async with await connect(self.dsn) as conn:
            return await (await conn.execute(statement.encode())).fetchall()

    async def change(self, statement: str, rows: list[dict[str, Any]]) -> None:
        async with await connect(self.dsn) as conn, conn.cursor() as cursor:
            await cursor.executemany(statement.encode(), rows)


@pytest.fixture
def house(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> House:
    monkeypatch.setenv("VIGIL_DATABASE_URL", database.dsn("vigil_owner"))
    monkeypatch.setenv("VIGIL_DATA", str(tmp_path))
    key = tmp_path / "secrets" / labelled.KEY_FILE
    key.parent.mkdir()
    key.write_text("the key of this test")
    return House(database.dsn("vigil_owner"), tmp_path / "models" / "falls", capsys)


def fall(parts: Any = STORY) -> Finding:
    """What the detector finds in a motion that is made by hand."""
    runtime, found = Runtime([fall_motion(SURE)]), list[Finding]()
    items: list[Waveform] = by_the_second(motion(parts), 50.0)
    for item in items:
        trial = runtime.trial()
        found += trial.feed(item)
        trial.adopt()
    return found[0]


async def closed(worker: Connection, api: Connection, alarm: NewAlarm, cause: str, who: incidents.Actor) -> UUID:
    """An incident that a fall by motion has opened, closed with a cause."""
    finding = fall()
    given = replace(alarm, at=finding.at, key=finding.key)
    await apply(worker, [Found(finding, given)], NOW)
    await worker.commit()
    ((incident,),) = await (await api.execute("SELECT incident_id FROM incidents")).fetchall()
    for event in (E.ACKNOWLEDGE, E.RESOLVE, E.CLOSE):
        await incidents.act(api, incident, event, who, NOW, cause=cause if event is E.CLOSE else None)
    await api.commit()
    return UUID(str(incident))


async def test_what_staff_say_reaches_the_evaluation(
    house: House,
    worker_conn: Connection,
    api_conn: Connection,
    new_alarm: Callable[..., NewAlarm],
    accounts: dict[str, incidents.Actor],
    tmp_path: Path,
) -> None:
    assert "got none" in await house.refused("labels", "export", str(tmp_path / "none.parquet"))
    incident = await closed(worker_conn, api_conn, new_alarm("wear-1", "fall_motion"), "sat_down_hard", accounts["duty"])
    counted = await house.run("labels", "count")
    assert [(one["cause"], one["verdict"], one["labels"]) for one in counted["counts"]] == [("sat_down_hard", "not_fall", 1)]

    file = tmp_path / "own.parquet"
    told = await house.run("labels", "export", str(file))
    assert (told["windows"], told["people"]) == (1, 1)
    written = pd.read_parquet(file)
    assert list(written) == ["trial", "subject", "position", "activity", "is_fall", "t_ms", "ax", "ay", "az"]
    (wearer,) = await house.rows(_WEARER)
    assert wearer[:3] == ("wear-1", "s-1", "李大爷")
    assert betrayed(file, wearer) == [], "nobody is named, nor when"
    (read,), (kept,) = recordings.trials(file), labelled.trials(await asyncio.to_thread(labelled.labelled))
    assert np.allclose(read.signal.times_ms, kept.signal.times_ms)
    assert np.array_equal(read.signal.xyz_mg, np.rint(kept.signal.xyz_mg))
    dated = replace(kept.signal, times_ms=kept.signal.times_ms + 1000 * NOW.timestamp())
    for spoiled in (*(replace(kept, subject=f"p-{name}") for name in wearer), replace(kept, signal=dated)):
        labelled.write(tmp_path / "spoiled.parquet", [spoiled])
        assert betrayed(tmp_path / "spoiled.parquet", wearer), "what would betray them is found"

    by_file = await house.run("evaluate", "falls", str(file), "--rule")
    by_store = await house.run("evaluate", "falls", "--store", "--rule")
    assert by_file["falls"] == by_store["falls"] == 0
    assert by_file["specificity"] == by_store["specificity"]
    assert list(by_store["activities"]) == ["sat_down_hard"]
    assert by_store["labels"]["cause"] == {"sat_down_hard": 1}
    assert "by construction" in by_store["caution_labels"]
    assert "either" in await house.refused("evaluate", "falls")

    await house.run("labels", "correct", str(incident), "real_fall", "--note", "seen on the film")
    assert (await house.run("evaluate", "falls", "--store", "--rule"))["falls"] == 1
    found = await house.run("train", "falls", "--with-feedback")
    assert (found["trained"], found["adopted"]) == (False, False)
    assert "expected" in found["why"][0]
    assert found["evaluation"]["falls"] == 1


_WEARER = """SELECT devices.code, seniors.code, seniors.name, 'senior:' || seniors.senior_id, windows.window_id::text
    FROM windows JOIN devices USING (device_id) JOIN seniors ON seniors.senior_id = windows.senior_id"""
_LATEST = 20_000  # whatever of a time one writes is more: days, seconds, cells since 1970; a force or a place in a window is less


def betrayed(file: Path, names: tuple[str, ...]) -> list[str]:
    """What the two files of an export say of who it was, or when."""
    found = list[str]()
    for path in (file, file.with_name(f"{file.stem}_trials.parquet")):
        table, about = pd.read_parquet(path), pq.read_schema(path)
        texts = [str(about), *(str(value) for column in table for value in table[column].unique())]
        found += [f"{path.name}: {name}" for name in names if any(name in text for text in texts)]
        numbers = table.select_dtypes("number")
        found += [f"{path.name}: a time in {column}" for column in numbers if numbers[column].abs().max() >= _LATEST]
        found += [f"{path.name}: a time in {column}" for column in table.select_dtypes(["datetime", "datetimetz", "timedelta"])]
    return found


def shaken(parts: Any, chance: np.random.Generator) -> Track:
    """A window around the impact of a motion, as another day would have it."""
    signal = motion(parts)
    first, cells = lay(signal.times_ms, signal.xyz_mg)
    cells[:, :3] = np.clip(cells[:, :3] * chance.uniform(0.9, 1.1) + chance.normal(size=(len(cells), 3)) * 25.0, -2000, 2000)
    cells[:, 3] = np.sqrt((cells[:, :3] ** 2).sum(axis=1))
    hardest = int(cells[:, 3].argmax())
    low = hardest - 150
    return Track(first + low, np.rint(cells[low : hardest + 150]).astype("<i2").tobytes())


def sitting(t: Samples) -> Samples:
    return np.stack((0.02 * np.sin(2 * t), 0.05 + 0 * t, 1.0 + 0.02 * np.cos(3 * t)), axis=1)


SAT = (*TRIPPING[:-1], (8.0, sitting))


async def live(
    house: House, worker: Connection, api: Connection, alarm: NewAlarm, who: incidents.Actor, people: int = PEOPLE
) -> dict[int, bool]:
    """Months in which many fell and many sat down hard; of each person, by the register's number, whether he only judges."""
    incident = await closed(worker, api, alarm, "other", who)
    chance, windows, said = np.random.default_rng(3), list[dict[str, Any]](), list[dict[str, Any]]()
    for person in range(1000, 1000 + people):
        for number in range(EACH):
            is_fall = number % 2 == 0
            track = shaken(TRIPPING if is_fall else SAT, chance)
            row = {
                "window": UUID(int=person * EACH + number),
                "person": person,
                "at": datetime.fromtimestamp((track.first + 150) * CELL_MS / 1000, UTC),
            }
            windows.append({**row, "first": track.first, "cells": track.cells, "now": NOW})
            verdict, cause = ("fall", "real_fall") if is_fall else ("not_fall", "sat_down_hard")
            said.append({"window": row["window"], "incident": incident, "verdict": verdict, "cause": cause, "now": NOW})
    await house.change(
        "INSERT INTO windows (window_id, sampled, incident_id, device_id, senior_id, at, stored_at, model, probability, "
        "first_cell, cells) VALUES (%(window)s, false, NULL, 1, %(person)s, %(at)s, %(now)s, 'sure/1', 0.9, %(first)s, %(cells)s)",
        windows,
    )
    await house.change(
        "INSERT INTO labels VALUES (%(window)s, %(incident)s, %(verdict)s, 'alarm', %(cause)s, 'duty', %(now)s)", said
    )
    rows = await asyncio.to_thread(labelled.labelled)
    one = {row.person: labelled.trials([row])[0].subject for row in rows}
    return {int(person.split(":")[1]): held_back(f"own/{subject}") for person, subject in one.items()}


SWAP = (
    "UPDATE labels SET verdict = CASE verdict WHEN 'fall' THEN 'not_fall' ELSE 'fall' END FROM windows "
    "WHERE windows.window_id = labels.window_id AND senior_id = %(person)s"
)


async def test_the_better_one_is_adopted_and_the_worse_one_refused(
    house: House,
    worker_conn: Connection,
    api_conn: Connection,
    new_alarm: Callable[..., NewAlarm],
    accounts: dict[str, incidents.Actor],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    for name, value in (("max_iter", 8), ("min_samples_leaf", 3)):
        monkeypatch.setitem(jury.PARAMETERS, name, value)
    monkeypatch.setattr(feedback, "OWN_VARIANTS", 0)
    judging = await live(house, worker_conn, api_conn, new_alarm("wear-1", "fall_motion"), accounts["duty"])
    assert 8 <= sum(judging.values()) <= 20

    await _recorded(tmp_path, ["mobifall"])
    champion = _never(house, {"mobifall": adoption.digest(tmp_path / "mobifall.parquet")})
    alone = await house.run("train", "falls", "--with-feedback")
    assert (alone["trained"], alone["adopted"]) == (False, False)
    assert "labels alone only judge" in alone["why"][0]
    assert "missing mobifall" in alone["why"][0]
    assert alone["evaluation"]["sensitivity"]["value"] == 0.0
    monkeypatch.setattr(falls, "VARIANTS", {"mobifall": 0})
    order = ("train", "falls", "--with-feedback", "--data", str(tmp_path))
    first = await house.run(*order)
    assert first["adopted"], first["why"]
    assert first["parent"] == {"model": champion, "sha256": first["parent"]["sha256"], "stand_in": False}
    assert first["figures"]["own"]["sensitivity"]["champion"]["value"] == 0.0
    assert first["figures"]["own"]["sensitivity"]["challenger"]["value"] > 90
    assert first["data"]["own"]["held_back_people"] == sum(judging.values())
    assert first["data"]["own"]["people"] == PEOPLE - sum(judging.values())
    assert adoption.choose(house.home).model.version == first["model"]
    card = (house.home / f"{first['model']}.md").read_text()
    assert "better than the champion" in card
    assert first["sha256"][f"{first['model']}.npz"] in card

    own = await house.run("evaluate", "falls", "--store")
    assert own["trials"] == sum(judging.values()) * EACH, "of whoever has taught it, nothing"
    assert own["left_out_as_they_may_have_taught"] == {
        "trials": first["data"]["own"]["trials"],
        "people": first["data"]["own"]["people"],
    }
    await _without_its_key(house, first["model"], order)

    await house.change(SWAP, [{"person": person} for person, judges in judging.items() if not judges])
    second = await house.run(*order)
    assert not second["adopted"]
    assert second["parent"]["model"] == first["model"]
    assert any(why.startswith("own: sensitivity") and "below its interval" in why for why in second["why"])
    assert adoption.choose(house.home).model.version == first["model"], "the champion stays"

    listed = await asyncio.to_thread(_models, capsys, "list")
    judges = {one["model"]: one["judges"] for one in listed}
    assert judges == {"shipped": False, champion: False, first["model"]: True, second["model"]: False}
    assert await asyncio.to_thread(cli.main, ["models", "adopt", second["model"]]) == 1
    assert "was not better" in capsys.readouterr().err
    assert (await asyncio.to_thread(_models, capsys, "rollback"))["judges"] == champion
    assert (await asyncio.to_thread(_models, capsys, "adopt", first["model"]))["judges"] == first["model"]


async def test_for_the_model_that_ships_one_stands_that_has_not_seen_who_judges(
    house: House,
    worker_conn: Connection,
    api_conn: Connection,
    new_alarm: Callable[..., NewAlarm],
    accounts: dict[str, incidents.Actor],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for name, value in (("max_iter", 8), ("min_samples_leaf", 3)):
        monkeypatch.setitem(jury.PARAMETERS, name, value)
    monkeypatch.setattr(feedback, "OWN_VARIANTS", 0)
    monkeypatch.setattr(falls, "VARIANTS", dict.fromkeys(falls.SETS, 0))
    await live(house, worker_conn, api_conn, new_alarm("wear-1", "fall_motion"), accounts["duty"], people=14)
    await _recorded(tmp_path, falls.SETS)
    card = {"trained_on": {name: {"sha256": adoption.digest(tmp_path / f"{name}.parquet")} for name in falls.SETS}}
    monkeypatch.setattr(models, "FALLS_CARD", tmp_path / "shipped.json")
    models.FALLS_CARD.write_text(json.dumps(card))
    (tmp_path / "sisfall.parquet").rename(tmp_path / "other.parquet")
    short = await house.run("train", "falls", "--with-feedback", "--data", str(tmp_path))
    assert not short["trained"], "the model that ships learned from more"
    assert "missing sisfall" in short["why"][0]
    (tmp_path / "other.parquet").rename(tmp_path / "sisfall.parquet")
    models.FALLS_CARD.write_text(json.dumps({"trained_on": {**card["trained_on"], "wedafall": {"sha256": "ab" * 32}}}))
    other = await house.run("train", "falls", "--with-feedback", "--data", str(tmp_path))
    assert not other["trained"], "a file of that name is not enough"
    found_sha256 = card["trained_on"]["wedafall"]["sha256"]
    assert other["why"][0].endswith(f"wedafall.parquet with SHA-256 abababababab…, got {found_sha256[:12]}…")
    models.FALLS_CARD.write_text(json.dumps(card))
    trained = list[set[str]]()
    original = learn.train

    def spy(given: Examples, seed: int, version: str) -> Any:
        trained.append(set(given.people.tolist()))
        return original(given, seed, version)

    monkeypatch.setattr(feedback, "train", spy)
    found = await house.run("train", "falls", "--with-feedback", "--data", str(tmp_path))
    assert found["parent"]["stand_in"]
    assert set(found["data"]) == {"sisfall", "wedafall", "mobifall", "own"}
    challenger, champion = trained
    assert champion < challenger
    for number, name in enumerate(("sisfall", "wedafall", "mobifall")):
        people = {one.subject for one in recordings.trials(tmp_path / f"{name}.parquet")}
        held = {one for one in people if held_back(f"{name}/{one}")}
        assert {one.partition("/")[2] for one in champion if one.startswith(f"{number}/")} == people - held
        assert held


async def _without_its_key(house: House, model: str, order: tuple[str, ...]) -> None:
    """By another key others would be held back, who have taught the model: nothing is done, and no key is drawn."""
    path = house.home.parents[1] / "secrets" / labelled.KEY_FILE
    key = path.read_text()
    for refused in (order, ("evaluate", "falls", "--store"), ("labels", "export", str(house.home / "out.parquet"))):
        path.unlink()
        assert f"people were held back from {model} (SHA-256" in (said := await house.refused(*refused))
        assert "got none; put it back from a backup" in said
        assert not path.exists()
        path.write_text("another")
        assert "got another (ae448ac86c4e8e4d…)" in await house.refused(*refused)
    path.write_text(f"{key}\n")


async def _recorded(folder: Path, names: Sequence[str]) -> None:
    """Recordings of twenty people, made of the windows that there are."""
    there = (await asyncio.to_thread(labelled.labelled))[:40]
    given = labelled.trials([replace(one, person=str(number % 20)) for number, one in enumerate(there)])
    for name in names:
        labelled.write(folder / f"{name}.parquet", given)


def _never(house: House, data: Mapping[str, str]) -> str:
    """A champion that takes nothing for a fall, adopted before."""
    house.home.mkdir(parents=True)
    path = house.home / "never.npz"
    models.save_falls(replace(models.load_falls(), version="never", threshold=2.0), path)
    card = {
        "made_at": "",
        "data": {name: {"sha256": sha256} for name, sha256 in data.items()},
        "parent": {"model": "shipped", "sha256": adoption.digest(models.FALLS)},
        "decision": {"adopt": True, "why": []},
        "sha256": {path.name: adoption.digest(path)},
    }
    path.with_suffix(".json").write_text(json.dumps(card))
    adoption.adopt(house.home, "never", NOW, "test")
    return "never"


def _models(capsys: pytest.CaptureFixture[str], *order: str) -> Any:
    assert cli.main(["models", *order, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_window_of_this_test_is_one_impact() -> None:
    track = shaken(TRIPPING, np.random.default_rng(1))
    trial = trial_of(1, "p", "real_fall", True, track, track.first + 150)
    assert examples([trial], 1, 0).labels.tolist() == [1]
