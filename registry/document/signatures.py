"""Which signatures of a document hold: Data Integrity proofs of `eddsa-jcs-2022` whose key their `did:key` names.

Nothing is fetched: all others are told apart as not checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from registry.errors import ProofError
from registry.formats.dataintegrity import PROOF_TYPE, is_ours, key_of_method, proofs_of, verify_proof

MOST_CHECKED: Final = 8
"""Signatures of one document that are checked: each costs a canonical form of all of it."""
# What of a proof says more than the signature: another proof that it is made over, and until when it is meant.
_SAYS_MORE: Final = ("previousProof", "expires")


@dataclass(frozen=True, slots=True)
class Signatures:
    """The signatures of a document that are not receipts.

    Attributes:
        holding, broken: the `did:key` of those that hold, and of those that do not, each once.
        unchecked: the kinds of all others, each once.
    """

    holding: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()


NOTHING_SIGNED: Final = Signatures()


def check_signatures(credentials: Iterable[Mapping[str, Any]], kinds: Iterable[str]) -> Signatures:
    """Check all that can be checked.

    Args:
        credentials: the members of all that are in the document, each with a single reading.
        kinds: of all signatures that were seen in it, wherever.
    """
    holding: dict[str, None] = {}
    broken: dict[str, None] = {}
    unchecked = dict.fromkeys(kind for kind in kinds if kind != PROOF_TYPE)
    for number, (members, proof) in enumerate(_data_integrity(credentials)):
        signer = _signer(proof) if number < MOST_CHECKED else None
        if signer is None:
            unchecked[PROOF_TYPE] = None
            continue
        try:
            verify_proof(members, proof, key_of_method(proof["verificationMethod"]))
        except ProofError:
            broken[signer] = None
        else:
            holding[signer] = None
    return Signatures(tuple(holding), tuple(broken), tuple(unchecked))


def _data_integrity(
    credentials: Iterable[Mapping[str, Any]],
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Every Data Integrity proof with the credential that it is in."""
    for members in credentials:
        for proof in proofs_of(members):
            if proof.get("type") == PROOF_TYPE:
                yield members, proof


def _signer(proof: Mapping[str, Any]) -> str | None:
    """The `did:key` that a proof says it is of; None where it cannot be checked."""
    method = proof.get("verificationMethod")
    if not is_ours(proof) or not isinstance(method, str) or any(name in proof for name in _SAYS_MORE):
        return None
    try:
        key_of_method(method)
    except ProofError:
        return None
    return method.partition("#")[0]
