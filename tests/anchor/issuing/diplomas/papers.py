"""Credentials as holders have them, with receipts of a batch that no chain has, and how they are printed here."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from random import Random
from typing import Any

from anchor.issuing.credentials import Facts, credentials_of
from anchor.issuing.diplomas.look import Look
from anchor.issuing.templates.model import Layout, Orientation, Template
from registry.credential.digest import digest_document
from registry.merkle.tree import Tree
from registry.receipt.model import Receipt, embed
from tests.anchor.issuing.made import TEMPLATE, row

VERIFY_URL = "https://verify.university.example/verify.html"
LANDSCAPE = Layout(orientation=Orientation.LANDSCAPE)
PORTRAIT = Layout(orientation=Orientation.PORTRAIT)


def look(*languages: str, layout: Layout = LANDSCAPE, template: Template = TEMPLATE) -> Look:
    return Look(VERIFY_URL, layout, languages, template.signatories)


def with_receipt(document: dict[str, Any], others: int = 60) -> bytes:
    """The document with the receipt of a batch in which it is one of several."""
    digest = digest_document(document)
    leaves = sorted([digest.value, *(Random(number).randbytes(32) for number in range(others))])
    tree = Tree.build(leaves)
    proof = tree.inclusion(leaves.index(digest.value))
    receipt = Receipt.of_batch(
        digest, tree.id.root, proof, chain="eip155:1", contract="0x" + "ab" * 20, issuer=7
    ).anchored(
        sequence=3,
        transaction=b"\x01" * 32,
        block_number=21_000_000,
        block_hash=b"\x02" * 32,
        timestamp=datetime(2026, 1, 2, tzinfo=UTC),
    )
    return json.dumps(embed(document, receipt), ensure_ascii=False, indent=2).encode()


def unsigned(holder: str = "Ada Žižek", **achievement: Any) -> dict[str, Any]:
    """A credential of the template, of a person of this name, without a receipt."""
    numbers = iter(range(1_000_000))
    facts = Facts(new_id=lambda: f"urn:uuid:00000000-0000-4000-8000-{next(numbers):012}")
    document = credentials_of(TEMPLATE, row(name=holder), facts)[0].document
    document["credentialSubject"]["achievement"] |= achievement
    return document


def credential(holder: str = "Ada Žižek", **achievement: Any) -> bytes:
    return with_receipt(unsigned(holder, **achievement))
