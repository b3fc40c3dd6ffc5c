"""What a holder gets for Blockcerts verifiers: the credential with its Merkle proof first, and behind it the signature.

They refuse a file that has any proof they do not know, so the receipt stays beside, and proofs over JSON are left out.
What stands before the Merkle proof would be part of the hash that is anchored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from anchor.books.batches import BatchRow
from registry.credential.digest import DigestMethod, Limits, digest_rdfc, parse_json
from registry.errors import ReceiptError, SettingsError, StoreError
from registry.formats.blockcerts import WRITTEN_FOR, write_proof
from registry.privatefiles import refuse_readable
from registry.proofs.signatures.keys import SigningKey, read_key
from registry.proofs.signatures.suites import Suite, proofs_of, sign, suite_of
from registry.receipt.model import Receipt

DEFAULT_KEY_NAME: Final = "key-1"


@dataclass(frozen=True, slots=True)
class Holders:
    """How the files are made.

    Attributes:
        key: signs each credential by `eddsa-rdfc-2022`; None to keep such signatures as they are there.
        account: that sent the root, checksummed. Their verifier looks up its key as the method of the Merkle proof, and
            compares it with the sender of the transaction.
        method: of the key, as verifiers find it; None for `#key-1` of the issuer's DID.
        created: the time that the proofs state.
    """

    account: str
    key: SigningKey | None
    method: str | None
    created: datetime

    def of(self, original: bytes, receipt: Receipt, limits: Limits) -> bytes:
        """The file, as indented JSON.

        Args:
            original: the credential as it was anchored, signed or not.

        Raises:
            CredentialError: it has no canonical RDF.
            ReceiptError: code `other-document`, or as `write_proof`.
            SettingsError: code `signing-method`: nothing says what its issuer's key is called.
            SignerError: the key is none of the suite's.
        """
        document = parse_json(original, limits)
        if digest_rdfc(document).hex != receipt.digest.value:
            raise ReceiptError("it is not the document that was anchored", code="other-document")
        method = self.method or _method_of(document)
        unsigned = {name: value for name, value in document.items() if name != "proof"}
        signed = document
        if self.key is not None:
            signed = sign(unsigned, self.key, method, self.created, Suite.EDDSA_RDFC)
        kept = [proof for proof in proofs_of(signed) if suite_of(proof) is Suite.EDDSA_RDFC]
        proofs = [write_proof(receipt, method_of_account(method, self.account), self.created), *kept]
        return orjson.dumps({**unsigned, "proof": proofs}, option=orjson.OPT_INDENT_2)


def refuse_unfit(row: BatchRow, methods: Mapping[DigestMethod, int], chain: str) -> str:
    """The account that sent a batch; one of which no such file can be made is refused before the first is written.

    Args:
        methods: how many leaves were digested by which.

    Raises:
        StoreError: code `not-anchored`, `not-bare`, `chain-unnamed`, or `not-rdfc`.
    """
    root = f"0x{row.root.hex()}"
    if row.sequence is None or row.transaction_hash is None or row.sender is None:
        raise StoreError(
            "the batch is not on chain yet, and such a file names its transaction",
            where=root,
            remedy="`testamur anchor --resume --wait` sees to it.",
            code="not-anchored",
        )
    if not row.bare:
        raise StoreError(
            "the batch was anchored by a call, and Blockcerts verifiers look for a transaction whose data is the root",
            where=root,
            remedy="Anchor such batches with --bare.",
            code="not-bare",
        )
    if chain not in WRITTEN_FOR:
        raise StoreError(
            f"Blockcerts verifiers cannot name the chain {chain}, so they could not ask it",
            where=root,
            remedy=f"Anchor on one that they know: {' or '.join(WRITTEN_FOR)} (Ethereum, and Sepolia for tests).",
            code="chain-unnamed",
        )
    if others := {method: count for method, count in methods.items() if method is not DigestMethod.VC_RDFC}:
        told = ", ".join(f"{count:,} by {method}" for method, count in others.items())
        raise StoreError(
            f"Blockcerts verifiers hash the canonical N-Quads of a credential (vc-rdfc); the batch has digests {told}",
            where=root,
            remedy="Anchor verifiable credentials alone, with --bare.",
            code="not-rdfc",
        )
    return row.sender


def signing_key(file: Path) -> SigningKey:
    """The key in a file that its owner alone can read.

    Raises:
        SettingsError: it cannot be read.
        SignerError: others can read it, or there is no key in it.
    """
    try:
        refuse_readable(file)
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise SettingsError(f"the key that signs credentials cannot be read: {reason}", where=str(file)) from None
    return read_key(text, where=str(file))


def method_of_account(controller: str, account: str) -> str:
    """What the key of an account is called in the DID document of a controller, or beside another method of it."""
    return f"{controller.partition('#')[0]}#{account}"


def _method_of(document: Mapping[str, Any]) -> str:
    issuer = document.get("issuer")
    named = issuer.get("id") if isinstance(issuer, dict) else issuer
    if not isinstance(named, str) or not named.startswith("did:"):
        raise SettingsError(
            "the credential's issuer is no DID, so nothing says what its key is called",
            remedy="Name the key with --method, such as did:web:university.example#key-1.",
            code="signing-method",
        )
    return f"{named}#{DEFAULT_KEY_NAME}"
