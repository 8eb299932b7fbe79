"""Ability of older people by GB/T 42195-2022: five levels from a score of at most 90 points, worst level 4.

The cut-offs are [M]: quoted from memory and not yet checked against the standard, so they live in a versioned table and
whatever shows a level shows `AbilityTable.source` and `verified` beside it. Structure (five levels, 90 points, the two
overriding rules) is second-hand [F2].
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AbilityLevel:
    """One level: `at_least` is the lowest score that still belongs to it."""

    level: int
    at_least: int
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class AbilityTable:
    """A version of the cut-offs. `verified` stays false until someone has read the standard itself."""

    version: str
    source: str
    verified: bool
    highest_score: int
    levels: tuple[AbilityLevel, ...]


class ScoreOutOfRange(ValueError):
    """A score the table does not know: expected 0 to the highest score."""

    def __init__(self, score: int, highest: int) -> None:
        super().__init__(f"score: expected 0 to {highest}, got {score}")
        self.score = score
        self.highest = highest


GB_T_42195_2022 = AbilityTable(
    version="GB/T 42195-2022/1",
    source="GB/T 42195-2022 老年人能力评估规范; cut-offs [M] unverified",
    verified=False,
    highest_score=90,
    levels=(
        AbilityLevel(0, 90, "能力完好", "fully able"),
        AbilityLevel(1, 66, "能力轻度受损", "mildly impaired"),
        AbilityLevel(2, 46, "能力中度受损", "moderately impaired"),
        AbilityLevel(3, 30, "能力重度受损", "severely impaired"),
        AbilityLevel(4, 0, "能力完全丧失", "fully dependent"),
    ),
)

LEVELS: dict[int, AbilityLevel] = {level.level: level for level in GB_T_42195_2022.levels}


def level_of(score: int, comatose: bool = False, risk_event: bool = False, table: AbilityTable = GB_T_42195_2022) -> AbilityLevel:
    """The level of a score. A coma is the worst level at once; a risk event makes the level one worse [F2]."""
    if not 0 <= score <= table.highest_score:
        raise ScoreOutOfRange(score, table.highest_score)
    worst = table.levels[-1]
    if comatose:
        return worst
    place = next(i for i, level in enumerate(table.levels) if score >= level.at_least)
    return table.levels[min(place + risk_event, len(table.levels) - 1)]
