"""A suggestion as `testamur suggest` prints it, and persons who decide about it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from registry.learning.suggest.decisions import decider
from registry.learning.suggest.wire import SuggestionPart, suggestion_in

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ANA = decider("Ana Lima", "Programme director")
FRAMEWORK = {"id": "example-information-systems", "title": "Competences in information systems", "version": "1.0"}
CODES = ("A.1", "A.2", "B.1", "B.2", "B.3")


def members(number: int = 1, **other: Any) -> dict[str, Any]:
    """A suggestion as JSON, for `part IS50…` of the programme of the documentation."""
    text = other.pop("text", f"Course {number}. Students model business processes.")
    return {
        "text": text,
        "name": f"Course {number}",
        "where": f"part IS50{number}",
        "language": "en",
        "framework": FRAMEWORK,
        "model": {"name": "hybrid", "version": "bm25s 0.3.16", "data": "ab" * 32},
        "figure": None,
        "weak": False,
        "cut": False,
        "candidates": [
            {
                "rank": rank,
                "code": code,
                "name": f"What {code} is about",
                "uri": "",
                "score": round(0.9 - rank / 10, 4),
                "sentence": "Students model business processes.",
                "tied": False,
            }
            for rank, code in enumerate(CODES, 1)
        ],
        **other,
    }


def suggested(number: int = 1, **other: Any) -> SuggestionPart:
    return suggestion_in(members(number, **other), "here")
