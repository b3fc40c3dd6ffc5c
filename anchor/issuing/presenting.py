"""What a holder shows of an SD-JWT: what can be left out of it, by names that a person can type, and the rest of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from anchor.issuing.credentials import BIRTH_DATE_TYPE
from registry.errors import IntakeError
from registry.proofs.signatures.sdjwt import Disclosed, SdJwt, disclosed_in, present_sd_jwt

MOST_BYTES: Final = 8 << 20
_IDENTITIES: Final = {BIRTH_DATE_TYPE: "birth-date"}
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Shown:
    """Something that can be left out.

    Attributes:
        key: `name`, `birth-date`, `result.KEY` or `course.KEY` as the roster had it, or what else the claim is called;
            without a name, its number.
        says: its value, in words.
    """

    key: str
    says: str
    disclosure: str


def shown_in(given: SdJwt) -> list[Shown]:
    """What can be left out of an SD-JWT, in the order in which it is there.

    Raises:
        ProofError: its disclosures do not belong to it (code `proof-fails`).
    """
    return [
        Shown(_key(each) or str(number), _says(each.value), each.disclosure)
        for number, each in enumerate(disclosed_in(given), start=1)
    ]


def without(given: SdJwt, words: Sequence[str]) -> tuple[str, list[str]]:
    """The same credential without what the words name, and the keys of that.

    Args:
        words: keys, or their beginning up to a point: `course` is every course.

    Raises:
        IntakeError: code `not-shown`: a word names nothing that can be left out.
        ProofError: as `shown_in`.
    """
    every = shown_in(given)
    left_out = [each for each in every if any(_is_meant(each.key, word) for word in words)]
    for word in words:
        if not any(_is_meant(each.key, word) for each in left_out):
            known = ", ".join(dict.fromkeys(each.key for each in every)) or "nothing"
            raise IntakeError(
                f"{word[:_LONGEST]!r} is nothing that can be left out of it",
                remedy=f"What can be left out: {known[: 5 * _LONGEST]}.",
                code="not-shown",
            )
    return present_sd_jwt(given, {each.disclosure for each in left_out}), [each.key for each in left_out]


def _is_meant(key: str, word: str) -> bool:
    return key == word or key.startswith(f"{word}.")


def _key(claim: Disclosed) -> str:
    """What a claim is called; "" for an element of an array of which nothing says what it is."""
    if claim.name is not None:
        return claim.name
    said: dict[str, Any] = claim.value if isinstance(claim.value, dict) else {}
    kind, described = said.get("identityType"), said.get("resultDescription")
    if isinstance(kind, str):
        return _IDENTITIES.get(kind, kind)
    return described.rpartition("#")[2] if isinstance(described, str) else ""


def _says(value: Any) -> str:
    return ", ".join(_texts(value))[:_LONGEST]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        plain = [value[name] for name in ("identityHash", "value", "status") if isinstance(value.get(name), str)]
        yield from plain or [orjson.dumps(value).decode()]
    else:
        yield value if isinstance(value, str) else orjson.dumps(value).decode()
