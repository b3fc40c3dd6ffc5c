"""What the checks of a verdict look at in a reading, for a reading that travels between processes.

Unpacking a document full of numbers costs whoever receives it tens of milliseconds a megabyte, in one piece. No check
looks at most of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from registry.credential.moments import FROM, UNTIL
from registry.document.reading import Reading
from registry.document.stated_scope import MOST_READ

MOST_VALUES: Final = 10_000
"""Most objects, arrays, texts and numbers in a reading that travels. Credentials have some hundred."""

_Kept = Mapping[str, "_Kept | None"]


def _whole(*names: str) -> dict[str, _Kept | None]:
    return dict.fromkeys(names)


# By member, which of its own members are kept; None for all of it. A number or text where a check looks for objects
# counts as one of which nothing is known, up to as many as are read at all.
_ACHIEVEMENT: Final[_Kept] = _whole("id", "achievementType", "fieldOfStudy", "alignment", "alignments")
_MEMBERS: Final[_Kept] = {
    **_whole(*FROM, *UNTIL, "nbf", "exp", "credentialStatus", "status", "revocationList", "verification", "verify"),
    **_whole("issuer", "iss"),
    "credentialSubject": {"achievement": _ACHIEVEMENT},
    "badge": {**_whole("issuer", "revocationList"), **_ACHIEVEMENT},
}


def projected(reading: Reading) -> Reading | None:
    """A reading on which every check says the same, with at most `MOST_VALUES` values; None where that is too few.

    A reading that has no more is returned as it is.
    """
    if _is_small(reading):
        return reading
    parts = tuple(replace(part, members=_kept(part.members, _MEMBERS)) for part in reading.parts)
    smaller = replace(reading, parts=parts)
    return smaller if _is_small(smaller) else None


def _kept(value: Any, names: _Kept) -> Any:
    if isinstance(value, list):
        return list(_kept_items(value, names))
    if isinstance(value, dict):
        return {
            name: value[name] if inner is None else _kept(value[name], inner)
            for name, inner in names.items()
            if name in value
        }
    return value


def _kept_items(items: list[Any], names: _Kept) -> Iterator[Any]:
    plain = 0
    for item in items:
        if isinstance(item, dict | list):
            yield _kept(item, names)
        elif item is not None and plain <= MOST_READ:
            plain += 1
            yield item


def _is_small(reading: Reading) -> bool:
    """Whether its parts have at most `MOST_VALUES` values, counted without recursion and no further than that."""
    pending: list[Any] = [part.members for part in reading.parts]
    seen = len(pending) + len(reading.unread) + len(reading.signatures)
    while pending and seen <= MOST_VALUES:
        item = pending.pop()
        if isinstance(item, dict):
            seen += 2 * len(item)
            pending.extend(item.values())
        elif isinstance(item, list):
            seen += len(item)
            pending.extend(item)
    return seen <= MOST_VALUES
