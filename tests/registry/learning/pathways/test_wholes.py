"""A course of a granular award names the award in its evidence: their credits do not count both."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from registry.document.reading import read_document
from registry.learning.items import Accredited, Checked, Fate, Item
from registry.learning.pathways.model import CreditSum, Criteria
from registry.learning.pathways.plan import plan_of
from registry.learning.pathways.progress import progress
from registry.learning.reading import item_of
from registry.levels import bundled_maps
from registry.verify.verdict import Overall
from tests.registry.learning.pathways.credentials import credential
from tests.registry.learning.pathways.made import NOW, pathway, step

GOOD = Checked(Overall.VALID, Fate.GOOD, Accredited.YES, anchored_at=datetime(2025, 6, 1, tzinfo=UTC))


def item(position: int, document: dict[str, Any]) -> Item:
    return item_of(read_document(json.dumps(document).encode(), "a.json"), GOOD, position)


def test_an_award_and_its_courses_count_once() -> None:
    award = credential(1, "Award", "Degree", 20, "6")
    whole = {"id": award["id"], "type": ["Evidence"], "genre": "whole"}
    courses = [credential(at, f"Course {at}", "Course", 8, "6", evidence=[whole]) for at in (2, 3)]
    items = [item(at, document) for at, document in enumerate((award, *courses))]
    assert [each.wholes for each in items] == [(), (award["id"],), (award["id"],)]
    plan = plan_of(pathway(step("a", CreditSum(Fraction(36), Criteria()))), bundled_maps())
    assert progress(plan, items, NOW).steps[0].credits[0].to_dict() == {"have": "20", "need": "36"}
    assert progress(plan, items[1:], NOW).steps[0].credits[0].to_dict() == {"have": "16", "need": "36"}
