"""The model card has the published figures, and the page of records has the members that records have."""

from __future__ import annotations

import re
from pathlib import Path

from registry.learning.suggest.anomalies import CHANCE, LEAST, Kind
from registry.learning.suggest.wire import EntryPart, SuggestionDecision
from scripts.bench.anomalies import BEGIN, END, WORLDS
from scripts.build_model_card import PAGE, page

RECORDS = (Path(__file__).parents[2] / "docs/reference/suggestion-records.md").read_text(encoding="utf-8")


def test_the_model_card_has_the_figures_that_are_published() -> None:
    assert page() == PAGE.read_text(encoding="utf-8")


def test_every_member_of_a_record_is_described() -> None:
    for part in (EntryPart, SuggestionDecision):
        for name, field in part.model_fields.items():
            assert f"`{field.alias}`" in RECORDS, name


def test_every_kind_of_question_is_described_and_was_measured() -> None:
    for kind in Kind:
        assert f"| `{kind}` |" in RECORDS
    measured = RECORDS.partition(BEGIN)[2].partition(END)[0]
    assert all(f"| {world.name} |" in measured for world in WORLDS)
    assert f"about {CHANCE:.0%}".replace("%", " %") in RECORDS
    assert LEAST == 10
    # The first three columns are ours: no more is asked than is said, but for what 400 trials cannot tell.
    for line in measured.splitlines():
        cells = line.split(" | ")[1:4]
        for share in re.findall(r"[\d.]+(?=%)", " ".join(cells)) if len(line.split(" | ")) == 6 else ():
            assert float(share) <= 100 * CHANCE + 3, line
