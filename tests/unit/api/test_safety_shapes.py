"""The ranking as JSON and as a file: order, ranks, and cells that no spreadsheet runs."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.access import Viewer
from api.safety import ENTERS, detail_among, ranking
from api.safety_csv import HEADS, safe, written
from care.people import ROLES
from care.safety import CRITERIA
from care.safety_facts import SafetyFacts, SafetyZone
from care.safety_index import Assessment, assess

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
WHO = Viewer("fire", "某", 1, "regulator", "120105", None)


def house(code: str, name: str = "某院", zones: int = 0) -> Assessment:
    rooms = tuple(SafetyZone(code, f"{code}-{n}", "", "room", "", "") for n in range(zones))
    return assess(SafetyFacts(code, "120105001", name, "A home", 9, NOW, date(2026, 11, 24), NOW, rooms))


def test_those_without_a_score_have_no_rank_and_stand_last() -> None:
    found = ranking([house("inst02"), house("inst01", zones=3)], {}, NOW)
    assert [(row.site, row.rank, row.score) for row in found.rows] == [("inst01", None, None), ("inst02", None, None)]
    assert found.rows[0].lost > found.rows[1].lost == 0


def test_an_institution_has_the_rank_that_the_ranking_gives_it() -> None:
    scores = (("inst01", 80.0), ("inst02", 90.0), ("inst03", None))
    assessed = [replace(house(code), score=replace(house(code).score, score=score)) for code, score in scores]
    ranked = {row.site: row for row in ranking(assessed, {}, NOW).rows}
    moved = {"drills": -5.0}
    for code, rank in (("inst01", 2), ("inst02", 1), ("inst03", None)):
        found = detail_among(assessed, code, WHO, {}, moved)
        assert found is not None
        assert found.row == ranked[code]
        assert found.row.rank == rank
        assert {one.part.key: one.moved for one in found.judged if one.moved is not None} == moved
    assert detail_among(assessed, "inst04", WHO, {}, {}) is None


def test_every_column_has_its_words() -> None:
    assert set(CRITERIA) < set(HEADS)
    assert all(zh and en for zh, en in HEADS.values())


def test_only_known_roles_enter_checks() -> None:
    assert set(ENTERS) < set(ROLES)
    assert "authority" not in ENTERS["duty"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1"])
def test_a_cell_never_begins_a_formula(text: str) -> None:
    assert safe(text)[0] == "'"
    assert safe("河北区=1") == "河北区=1"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20), st.booleans())
def test_any_name_comes_back_as_it_was(name: str, english: bool) -> None:
    text = written(ranking([house("inst01", name)], {}, NOW), english).decode("utf-8-sig")
    _, line = csv.reader(io.StringIO(text, newline=""))
    assert line[2] == ("A home" if english else safe(name))
