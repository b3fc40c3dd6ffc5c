"""From a roster to a portfolio that is shared without marks: the courses are in it, and no mark, nor what tells one."""

from __future__ import annotations

import json
import re
from pathlib import Path

from registry.document.portfolio import Portfolio, PortfolioItem, portfolio_bytes, read_portfolio
from tests.anchor.begun import begun, issuer
from tests.anchor.cli.test_correct import Office, person
from tests.conftest import Run

__all__ = ["begun", "issuer"]

SHARE = ("--purpose", "Job", "--audience", "B", "--yes")
UUID = re.compile(rb"urn:uuid:[0-9a-f-]{36}")


def test_courses_are_shared_without_their_marks(run: Run, issuer: int) -> None:
    assert issuer == 1
    office = Office(run, granular=True, marks_apart=True)
    told = office.ask("template", "check", "award.toml")
    root = office.issue(
        person(1, "Ada", course__security="2.3", competence__development="yes"), person(2, "Bob", course__security="")
    )
    parts = [each["part"] for each in office.ask("issue", "status", root)["rows"]]
    assert told["credentialsARow"] == 7
    assert len(parts) == 7 + 4
    office.ask("deliver", root, "-o", "letters", "--from", "r@university.example", "--json-only")
    (folder,) = (each for each in Path("letters/files").iterdir() if b"Ada" in (each / "credential.json").read_bytes())
    assert office.ask("portfolio", "make", str(folder), "-o", "whole.json")["withoutReceipt"] == []
    shared = office.ask("portfolio", "share", "whole.json", "--without", "marks", "-o", "part.json", *SHARE)
    shown = ["competence-development.json", "course-databases.json", "course-security.json", "credential.json"]
    left = ["mark-course-databases.json", "mark-course-security.json", "marks.json"]
    assert [sorted(Path(name).name for name in shared[key]) for key in ("items", "leftOut")] == [shown, left]
    verified = office.ask("portfolio", "show", "part.json", "--trust", "1")
    assert {each["fate"] for each in verified["items"]} == {"good"}

    # Of a mark that was left out, nothing random is in the share: who has its digest cannot try marks.
    whole, part = (read_portfolio(Path(name).read_bytes()) for name in ("whole.json", "part.json"))
    content = portfolio_bytes(part) + b"".join(each.content for each in items(part))
    assert len(items(part)) == 4
    for item in items(whole):
        members = json.loads(item.content)
        if Path(item.name).name in left:
            (result,) = members["credentialSubject"]["result"]
            assert not {members["id"].encode(), result["id"].encode()} & set(UUID.findall(content))
        else:
            assert members["id"].encode() in content
    for mark in (b'"1.3"', b'"2.3"', b'"1.7"'):
        assert mark not in content


def items(found: Portfolio) -> list[PortfolioItem]:
    return [each for each in found.items if isinstance(each, PortfolioItem)]
