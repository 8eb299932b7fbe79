"""The ranking as a file for spreadsheets: UTF-8 with a mark, so that Chinese opens as Chinese; no cell begins a formula."""

import csv
import io
from collections.abc import Iterator, Mapping

from api.shapes.safety import SafetyRanking

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
HEADS: Mapping[str, tuple[str, str]] = {
    "rank": ("名次", "rank"),
    "site": ("机构代码", "site"),
    "name": ("机构", "institution"),
    "area": ("街道代码", "area"),
    "beds": ("床位", "beds"),
    "score": ("得分", "score"),
    "proven": ("已证实", "proven"),
    "lost": ("失分", "lost"),
    "unknown": ("未知", "unknown"),
    "coverage": ("探测器覆盖", "detector coverage"),
    "health": ("设备完好", "device health"),
    "self_tests": ("设备测试", "device tests"),
    "fires": ("火情燃气事故", "fires and gas escapes"),
    "false_alarms": ("误报", "false alarms"),
    "acknowledged": ("确认及时", "acknowledged in time"),
    "arrived": ("到场及时", "arrived in time"),
    "exits": ("疏散出口", "exits"),
    "water": ("消防水压", "water pressure"),
    "electrical": ("电气火灾预警", "electrical warnings"),
    "inspections": ("消防检查", "inspections"),
    "hazards": ("隐患整改", "hazards put right"),
    "drills": ("消防演练", "drills"),
}
_OF_PART = {"lost": ("失分", "lost"), "unknown": ("未知", "unknown")}


def written(ranking: SafetyRanking, english: bool) -> bytes:
    """The whole file."""
    language = int(english)
    out = io.StringIO()
    table = csv.writer(out)
    fixed = ("rank", "site", "name", "area", "beds", "score", "proven", "lost", "unknown")
    parts = [f"{HEADS[one.key][language]} {said[language]}" for one in ranking.criteria for said in _OF_PART.values()]
    table.writerow([*(HEADS[key][language] for key in fixed), *parts])
    table.writerows(_lines(ranking, english))
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _lines(ranking: SafetyRanking, english: bool) -> Iterator[list[str]]:
    for one in ranking.rows:
        name = (one.name_en if english else one.name_zh) or one.name_zh
        rank = "" if one.rank is None else str(one.rank)
        places = (rank, safe(one.site), safe(name), safe(one.area), str(one.beds))
        figures = [one.score, one.proven, one.lost, one.unknown]
        for part in one.parts:
            figures += [part.lost, part.unknown]
        yield [*places, *("" if figure is None else f"{figure:.1f}" for figure in figures)]
