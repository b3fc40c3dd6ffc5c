"""Parts of the JSON Schemas of what verifying says and reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def closed_object(properties: dict[str, Any], optional: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """An object that has all of these members, maybe some of the optional ones, and no other."""
    return {
        "type": "object",
        "properties": {**properties, **(optional or {})},
        "required": list(properties),
        "additionalProperties": False,
    }
