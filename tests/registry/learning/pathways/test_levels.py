"""Which levels are within a range of another framework: yes, no, or not known."""

from __future__ import annotations

import pytest

from registry.learning.pathways.levels import UnknownLevel, levels_known, names_of, within
from registry.learning.pathways.matching import Match
from registry.learning.pathways.model import LevelRange
from registry.levels import bundled_maps

MAPS = bundled_maps()
NAMES = dict(names_of(MAPS))
MASTER = LevelRange("eqf", "7", "7")

KNOWN = {
    "of the framework itself": (MASTER, [("EQF", "7")], Match.YES),
    "by its whole name": (MASTER, [("european qualifications framework", " 7")], Match.YES),
    "another one of it": (MASTER, [("eqf", "6")], Match.NO),
    "referenced": (MASTER, [("ie-nfq", "9")], Match.YES),
    "referenced elsewhere": (MASTER, [("ie-nfq", "8")], Match.NO),
    "of two beside it only one is asked for": (LevelRange("ie-nfq", "8", "8"), [("eqf", "6")], Match.PERHAPS),
    "of two beside it both are": (LevelRange("ie-nfq", "7", "8"), [("eqf", "6")], Match.YES),
    "compared by a report alone": (MASTER, [("au-aqf", "9")], Match.PERHAPS),
    "compared with nothing": (MASTER, [("ba-okvir", "7")], Match.PERHAPS),
    "by another reference framework": (MASTER, [("aqrf", "7")], Match.PERHAPS),
    "a framework of nobody": (MASTER, [("Our own levels", "7")], Match.NO),
    "a level that there is not": (MASTER, [("eqf", "9")], Match.NO),
    "one within and one without": (MASTER, [("eqf", "6"), ("ie-nfq", "9")], Match.YES),
    "one without and one not known": (MASTER, [("eqf", "6"), ("ba-okvir", "7")], Match.NO),
    "of competences at work": (MASTER, [("e-cf", "e-4")], Match.NO),
    "nothing": (MASTER, [], Match.NO),
    "from a level on": (LevelRange("eqf", "6"), [("eqf", "8")], Match.YES),
    "up to a level": (LevelRange("eqf", "", "6"), [("eqf", "7")], Match.NO),
}


@pytest.mark.parametrize("name", KNOWN)
def test_whether_a_level_is_within(name: str) -> None:
    asked, stated, answer = KNOWN[name]
    assert within(asked, MAPS).match(levels_known(stated, NAMES)) is answer


def test_a_range_that_makes_no_sense_is_refused() -> None:
    for asked in (LevelRange("zz", "1"), LevelRange("eqf", "9"), LevelRange("eqf", "7", "6")):
        with pytest.raises(UnknownLevel):
            within(asked, MAPS)
