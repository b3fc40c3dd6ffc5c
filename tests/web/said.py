"""What is said, as the verifier in JavaScript has it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from registry.language.said import Listed, Original, Said, Value

BEGIN: Final = datetime(1970, 1, 1, tzinfo=UTC)


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
