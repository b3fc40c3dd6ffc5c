"""Documents of others that are anchored otherwise than here: Blockcerts and OpenAttestation, and what of them holds.

Whether such a document is what its Merkle proof is of, and where the proof leads, follows from the document alone. Who
anchored that root says a chain, DNS or a DID of theirs, of which nothing is asked here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from registry.credential.digest import Digest, DigestMethod
from registry.errors import CredentialError
from registry.formats import blockcerts, openattestation
from registry.untrusted.text import terminal_text

_LONGEST_WORD: Final = 200


class Anchoring(StrEnum):
    """What is known of the transaction that a proof names, and that may be one of the registry that is asked.

    NOT_ASKED: nobody was asked. ELSEWHERE: it anchored nothing in this registry under that root. UNCOUNTED: it did, and
    how many leaves the batch has is not on record, or not a number that the path is possible for.
    """

    NOT_ASKED = "not-asked"
    ELSEWHERE = "elsewhere"
    UNCOUNTED = "uncounted"


@dataclass(frozen=True, slots=True)
class Foreign:
    """What a document of others says of its anchor, and what of that holds.

    Attributes:
        kind: of document, for people: `Blockcerts v3`.
        where: in the file it was found; "" for the document itself.
        unread: why its proof cannot be read; "" where it can, and then root and target are there.
        root, target: of the proof, 32 bytes each; the target is the hash that the document should have.
        computed: the hash that it has.
        uncomputed: why that cannot be told; "" where it can.
        leads: whether the path leads from the target to the root.
        places: where it says that the root is: transactions, and the chain of each in words.
        issuers: where it says that its issuer is found; both as strangers wrote them, and safe to be shown.
        proof: of Blockcerts, whose transactions may be of a chain that can be asked.
        anchoring: what is known of these.
    """

    kind: str
    where: str
    unread: str = ""
    root: bytes | None = None
    target: bytes | None = None
    computed: bytes | None = None
    uncomputed: str = ""
    leads: bool = False
    places: tuple[tuple[str, str], ...] = ()
    issuers: tuple[str, ...] = ()
    proof: blockcerts.MerkleProof | None = None
    anchoring: Anchoring = Anchoring.NOT_ASKED

    @property
    def digest(self) -> Digest | None:
        """The hash of the document as a digest of this registry's, which a batch of it may hold."""
        if self.proof is None or self.computed is None:
            return None
        return Digest(DigestMethod.VC_RDFC, self.computed)


def foreign_of(members: Mapping[str, Any], where: str) -> Foreign | None:
    """What a document of others says of its anchor; None where it is no such document.

    Args:
        members: of one document, with a single reading.
    """
    if (block := blockcerts.find_proof(members)) is not None:
        return _of_blockcerts(block, where)
    if (attested := openattestation.find_proof(members)) is not None:
        return _of_openattestation(attested, where)
    return None


def is_merkle_proof(entry: Mapping[str, Any]) -> bool:
    """Whether an entry of a `proof` leads to an anchor of others, and signs nothing."""
    return blockcerts.is_merkle_proof(entry) or openattestation.is_merkle_proof(entry)


def _of_blockcerts(found: blockcerts.Found, where: str) -> Foreign:
    kind, proof = f"Blockcerts v{found.version}", found.read
    if isinstance(proof, str):
        return Foreign(kind, where, unread=proof)
    # Loaded where it is asked for, as by `digest_rdfc`.
    from registry.rdf.shapes import canonical_form

    computed, uncomputed = None, ""
    try:
        computed = hashlib.sha256(canonical_form(found.signed)).digest()
    except CredentialError as error:
        uncomputed = error.what
    return Foreign(
        kind,
        where,
        root=proof.root,
        target=proof.target,
        computed=computed,
        uncomputed=uncomputed,
        leads=proof.holds,
        places=tuple((_shown_hash(anchor), _shown(anchor.chain_words)) for anchor in proof.anchors),
        proof=proof,
    )


def _of_openattestation(found: openattestation.Found, where: str) -> Foreign:
    kind, proof = f"OpenAttestation v{found.version}", found.read
    if isinstance(proof, str):
        return Foreign(kind, where, unread=proof)
    return Foreign(
        kind,
        where,
        root=proof.root,
        target=proof.target,
        computed=proof.computed,
        leads=proof.holds,
        issuers=tuple(map(_shown, proof.stores)),
    )


def _shown_hash(anchor: blockcerts.Anchor) -> str:
    return anchor.transaction if anchor.chain is None else f"0x{anchor.transaction}"


def _shown(text: str) -> str:
    return terminal_text(text, _LONGEST_WORD)
