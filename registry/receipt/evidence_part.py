"""The evidence in a receipt: `registry.proofs.evidence` as a member of one, read and written in its JSON form."""

from __future__ import annotations

from itertools import chain
from typing import Annotated, Any, Final

from pydantic import PlainSerializer, PlainValidator, ValidationInfo
from pydantic.json_schema import WithJsonSchema
from pydantic_core import PydanticCustomError

from registry.errors import EvidenceError
from registry.proofs.evidence import Evidence, evidence_schema

MAX_SLOTS: Final = 128
"""Most slots in the evidence of one receipt. A verdict needs some ten of them: the batch, two words of statuses, what
was said of the digest, the party's five, and one for each 32 bytes of a URI. The rest is room for a URI of 3,700 bytes.
Evidence of all statuses of a batch has up to 1,024, which travel between processes in tens of milliseconds, and is no
holder's."""

_MEMBERS_AND_TWO_TEXTS: Final = 8  # `evidence` and its five members; header and address


def count_texts(evidence: Evidence) -> int:
    """How many keys and texts the JSON form has, with the key that it stands under: each node is there once."""
    nodes = set(chain(evidence.account, *evidence.slots.values()))
    return _MEMBERS_AND_TWO_TEXTS + len(nodes) + len(evidence.slots)


def _read(given: object, info: ValidationInfo) -> Evidence:
    if info.data.get("version") == 1:
        raise PydanticCustomError("unknown-field", "evidence is in receipts of version 2")
    try:
        form = given.to_dict() if isinstance(given, Evidence) else given
        # Also what was given as evidence: its nodes become tuples, so that equal receipts are equal.
        return Evidence.from_dict(form, most_slots=MAX_SLOTS)
    except EvidenceError as error:
        kind = "evidence-size" if error.code == "evidence-size" else "evidence-form"
        raise PydanticCustomError(kind, "{why}", {"why": error.what}) from None


_SCHEMA: Final[dict[str, Any]] = {
    "title": "Evidence",
    "description": "What the contract stores about the batch, the place, the digest and the issuer, provable against "
    "the hash of a block; docs/reference/evidence.md has its form. Proofs name nodes by their numbers.",
    **evidence_schema(MAX_SLOTS),
}

EvidencePart = Annotated[
    Evidence,
    PlainValidator(_read),
    PlainSerializer(Evidence.to_dict, return_type=dict[str, Any]),
    WithJsonSchema(_SCHEMA),
]
"""The member `evidence`: read from its JSON form or from evidence, after `version`; what is wrong with it is an error
of type `evidence-form`, `evidence-size`, or `unknown-field` in version 1."""
