"""What a file is that was named for something else: the files that verifiers name are easily taken for each other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import orjson

from registry.errors import EvidenceError
from registry.proofs.notes import read_verifier_key
from registry.untrusted.toml import NotToml, parse_toml
from registry.verify.policy import Policy

_ENTRY: Final = re.compile(rb"^eip155:[0-9]+ [0-9]+ 0x[0-9a-f]{64} ", re.MULTILINE)
_WITNESSES: Final = re.compile(rb"^(?:log|witness|quorum|group)[ \t]", re.MULTILINE)
_KEYS_OF_POLICY: Final = frozenset(Policy.model_fields)
LIST: Final = "a checkpoint list (--checkpoints)"
WITNESSES: Final = "a witnesses file (--witnesses)"
RECEIPT: Final = "a receipt"
POLICY: Final = "a policy (--policy)"
_TYPES: Final = {
    "TestamurAbsence": "a proof of absence (`testamur verify FILE --absence`)",
    "TestamurReceipt": RECEIPT,
    "TestamurVerdict": "a verdict",
}


def kind_of(data: bytes) -> str | None:
    """What a file seems to be, with the option that it is for; None where that is not clear."""
    if data.startswith(b"PRIVATE+KEY+"):
        return "a private key (--key)"
    if _ENTRY.search(data):
        return LIST
    if _WITNESSES.search(data):
        return WITNESSES
    if data.lstrip()[:1] == b"{":
        return _of_json(data)
    return "a public key" if is_public_key(data) else _of_toml(data)


def is_public_key(data: bytes) -> bool:
    """Whether a text is the public half of a key."""
    try:
        read_verifier_key(data.decode().strip())
    except (EvidenceError, UnicodeDecodeError):
        return False
    return True


def is_url(path: Path) -> bool:
    """Whether what was named as a file is an address; a path has one slash where that has two."""
    return str(path).lower().startswith(("http:/", "https:/"))


def _of_json(data: bytes) -> str | None:
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    if isinstance(found.get("anchors"), list):
        return "an answer of a lookup service, whose receipts are within it (`jq .anchors[0].receipt`)"
    return _TYPES.get(found["type"]) if isinstance(found.get("type"), str) else None


def _of_toml(data: bytes) -> str | None:
    try:
        members = parse_toml(data)
    except NotToml:
        return None
    return POLICY if members and members.keys() <= _KEYS_OF_POLICY else None
