"""What is said, as the verifier in JavaScript has it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from registry.language.catalogue import SOURCE, available, content, language
from registry.language.said import Listed, Original, Said, Value
from registry.verify.verdict import Verdict

BEGIN: Final = datetime(1970, 1, 1, tzinfo=UTC)
CONTENTS: Final = {code: content(code) for code in available() if code != SOURCE}
"""The languages but English, as the verifier in JavaScript takes them."""


def said_json(value: Value) -> Any:
    """For JSON."""
    match value:
        case Said(key, values):
            return {"key": key, "values": {name: said_json(each) for name, each in values}}
        case Original(text, code):
            return {"original": text, "code": code}
        case Listed(items):
            return {"items": [said_json(each) for each in items]}
        case tuple():
            return [said_json(each) for each in value]
        case datetime():
            return round((value - BEGIN).total_seconds())
        case _:
            return value


def translated(verdict: Verdict) -> dict[str, list[str]]:
    """What the checks say in each of these languages."""
    return {code: [language(code).text(check.said) for check in verdict.checks] for code in CONTENTS}
