"""What the page of the matrix has: a row for each kind of file and each reader of it, as the run found it.

A test module declares its rows as `ROWS` and holds them against what it finds; `scripts/build_interop.py` makes
`docs/reference/interop.md` of the rows of all modules, in the order of their names, and a test compares.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).parents[2]
PAGE: Final = REPOSITORY / "docs" / "reference" / "interop.md"
SCHEMA: Final = "Open Badges 3.0 JSON schema"
TESTAMUR: Final = "testamur"


class Section(StrEnum):
    """The tables of the page."""

    OURS = "Our files in verifiers of others"
    STATUS = "Revocation and suspension, as others see them"
    SIGNED_BY_OTHERS = "What others sign, in our verifier"
    THEIRS = "Files of others in our verifier"


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """One line.

    Attributes:
        file: what is read, in words.
        reader: the package that reads it, by its name in its registry; or `SCHEMA`, or `TESTAMUR`.
        says: what it says, in words.
    """

    section: Section
    file: str
    reader: str
    says: str


def all_rows() -> list[Row]:
    """The rows of all modules."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("test_*.py"))
    modules = [import_module(f"tests.interop.{name}") for name in names]
    return [row for module in modules for row in getattr(module, "ROWS", ())]


def shown(reader: str) -> str:
    """The package with the version that is installed."""
    if reader in (SCHEMA, TESTAMUR):
        return reader
    package = REPOSITORY / "node_modules" / reader / "package.json"
    number = json.loads(package.read_text(encoding="utf-8"))["version"] if package.exists() else version(reader)
    return f"`{reader}` {number}"


def page(rows: list[Row]) -> str:
    """The page, in Markdown."""
    parts = [HEAD]
    for section in Section:
        if mine := [row for row in rows if row.section is section]:
            table = [f"| {row.file} | {shown(row.reader)} | {row.says} |" for row in mine]
            parts += [f"## {section}", NOTES[section], "\n".join(["| file | reader | says |", "|---|---|---|", *table])]
    return "\n\n".join(parts) + "\n"


HEAD: Final = """# What others say of our files, and we of theirs

This page is written by a test run (`tests/interop/`, `scripts/build_interop.py`): the packages are unmodified, of the
versions that are named, and a change of what any of them says makes the run fail. Nothing is fetched: what a package
asks for on the network, it is given from what the product serves and from copies of the contexts and schemas that
others publish.

A verifier of others checks what it knows: the signature, the dates, the status list. Those for Blockcerts know the
anchor of [a bare root](../how-to/blockcerts.md); no other knows any. What the entry `MerkleAnchorProof` is worth says
`testamur verify`, or the page of the lookup service
([the verdict](verdict.md))."""

NOTES: Final = {
    Section.OURS: """Credentials as the product makes them: Open Badges 3.0, signed with `eddsa-rdfc-2022` and
`eddsa-jcs-2022` where nothing else is said. A verifier that knows no suite of a credential's proofs may call that an
invalid signature: what shall be read everywhere needs `eddsa-rdfc-2022`. A verifier of tokens that knows data model 1.1
alone looks for a claim `vc`, which a credential of 2.0 (VC-JOSE-COSE) has not.""",
    Section.STATUS: """The credential names its place in a [named list](status-lists.md#named-lists), which the lookup
service serves. The schema of Open Badges 3.0 takes one entry and no array, so a credential has that of revocation alone
by default.""",
    Section.SIGNED_BY_OTHERS: "Documents that packages of others signed, with keys in their own form.",
    Section.THEIRS: """Samples that the DCC publishes; and documents in the forms of Blockcerts and
OpenAttestation, made for the test by other means than they are read. How much of each kind is checked stands in
[the verdict](verdict.md#documents-of-others).""",
}
