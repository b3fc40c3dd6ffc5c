"""A register as it was at a time, in one file: what its publisher signed, and every decision, one a line.

The first line is the manifest, a credential; then come the decisions in canonical JSON (RFC 8785), in the order of
their digests. The leaves of the batch that the publisher anchors follow from the file: the manifest, the decisions, and
one leaf for each identifier of a holder, so that its absence can be proved without the file. Whoever has the file makes
the root anew and asks the chain for it. `docs/reference/registers.md` is the specification.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import chain
from typing import Any, BinaryIO, Final

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from registry.chain_names import ANCHOR_CHAIN
from registry.credential.digest import DIGEST_SIZE, Digest, DigestMethod, digest_document, read_json
from registry.credential.strictjson import Limits
from registry.errors import CredentialError, RegistryError, SettingsError
from registry.merkle.tree import Tree
from registry.quality.decision import Identifier, QualityDecision
from registry.quality.wire import REGISTER_PATTERN, Text
from registry.timestamps import read_timestamp, write_timestamp

SNAPSHOT_TYPE: Final = "TestamurRegisterSnapshot"
SUFFIX: Final = ".register"
"""End of the name of a snapshot's file."""
LONGEST_LINE: Final = 1 << 20
MOST_DECISIONS: Final = 4_000_000
"""DEQAR has some 150,000 reports; what is read is kept in memory."""
CONTEXT: Final = ["https://www.w3.org/ns/credentials/v2", {"@vocab": "urn:testamur:register-snapshot:"}]

_LISTING: Final = b"testamur-register-listing"
_MANIFEST_LIMITS: Final = Limits(max_bytes=LONGEST_LINE, max_depth=16)
_AGAIN: Final = "Take the snapshot from whoever publishes it again."


@dataclass(frozen=True, slots=True)
class Source:
    """The file that a snapshot was made of.

    Attributes:
        name: without its folder.
        sha256: of its bytes.
        retrieved: when the mirror read it.
    """

    name: str
    sha256: bytes
    size: int
    retrieved: datetime


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the publisher of a snapshot says of it.

    Attributes:
        register, name, uri: short name of the register, how it is called, and where it is; "" for no URI.
        issuer: the publisher, as the signature has it: a DID or a URN.
        chain, contract, party: of the mirror, which anchors it: CAIP-2, address in lower case, number.
        decisions_root: of the tree over the digests of the decisions alone.
        decisions: how many there are.
        previous: batch root of the snapshot before, or None.
        rules: how the source was read, in sentences.
        left_out: reason → rows of the source that are no decision here.
    """

    register: str
    name: str
    uri: str
    issuer: str
    chain: str
    contract: str
    party: int
    decisions_root: bytes
    decisions: int
    made_at: datetime
    source: Source
    previous: bytes | None = None
    rules: tuple[str, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        """The credential, not signed yet; its digest leaves the proofs out."""
        subject: dict[str, Any] = {
            "register": {"id": self.register, "name": self.name} | ({"uri": self.uri} if self.uri else {}),
            "mirror": {"chain": self.chain, "contract": self.contract, "party": self.party},
            "decisionsRoot": self.decisions_root.hex(),
            "decisions": self.decisions,
            "madeAt": write_timestamp(self.made_at),
            "source": {
                "name": self.source.name,
                "sha256": self.source.sha256.hex(),
                "bytes": self.source.size,
                "retrieved": write_timestamp(self.source.retrieved),
            },
            "rules": list(self.rules),
            "leftOut": dict(self.left_out),
        }
        if self.previous is not None:
            subject["previous"] = self.previous.hex()
        return {
            "@context": CONTEXT,
            "type": ["VerifiableCredential", SNAPSHOT_TYPE],
            "issuer": self.issuer,
            "validFrom": write_timestamp(self.made_at),
            "credentialSubject": subject,
        }

    @classmethod
    def from_document(cls, document: object) -> Manifest:
        """What a manifest says, signed or not; whether its signature holds is not asked here.

        Raises:
            SettingsError: code `snapshot-manifest`.
        """
        try:
            part = _ManifestPart.model_validate(document)
            return _manifest_of(part)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"]))[:200]
            raise _no_manifest(f"{place}: {first['msg']}" if place else first["msg"]) from None
        except ValueError as error:
            raise _no_manifest(str(error)) from None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A register as it was, read whole and found to be what its manifest says.

    Attributes:
        document: the manifest as it stands in the file, with its proofs.
        decisions, digests: in the order of the digests, which are 32 bytes each.
        root, leaf_count: of the batch that is anchored.
    """

    manifest: Manifest
    document: Mapping[str, Any] = field(repr=False)
    decisions: tuple[QualityDecision, ...] = field(repr=False)
    digests: tuple[bytes, ...] = field(repr=False)
    root: bytes
    leaf_count: int

    @property
    def manifest_digest(self) -> Digest:
        """The manifest's own leaf."""
        return digest_document(dict(self.document))

    @property
    def identifiers(self) -> frozenset[Identifier]:
        """Of every holder: each has a leaf of its own."""
        return frozenset(identifiers_of(self.decisions))


class SnapshotReader:
    """Reads a snapshot decision by decision, in bounded memory, and makes every digest and root anew.

    Only once all of it was gone through is it known to be what its publisher made.

    Args:
        lines: with or without their ends; `lines_of` reads them from a stream, each bounded.
        name: of the file, for errors.

    Attributes:
        manifest, document: as of `Snapshot`.

    Raises:
        SettingsError: code `snapshot-manifest` or `snapshot-size`: the first line is none.
    """

    def __init__(self, lines: Iterable[bytes], name: str = ""):
        self._name = name
        self._lines = enumerate(lines, 1)
        number, first = next(self._lines, (1, b""))
        self.document, self.manifest = _first_line(first, _at(name, number))

    def entries(self) -> Iterator[tuple[bytes, QualityDecision, bytes]]:
        """The digest of each decision, the decision, and its line without its end, in the order of digests.

        Raises:
            SettingsError: as `read_snapshot`.
        """
        digests = bytearray()
        before, number = b"", 1
        for number, line in self._lines:
            if number > MOST_DECISIONS + 1 or len(line) > LONGEST_LINE + 1:
                raise self._refused("snapshot-size", "the line is longer than is read, or one too many", number)
            text = line.removesuffix(b"\n")
            digest = sha256(text).digest()
            try:
                decision = QualityDecision.from_line(text)
            except RegistryError as error:
                raise self._refused("snapshot-line", f"the line is damaged: {error.what}", number) from None
            if digest <= before:
                order = "is there twice" if digest == before else "is not in the order of digests"
                raise self._refused("snapshot-line", f"the decision {order}", number)
            if decision.register != self.manifest.register:
                raise self._refused("snapshot-line", "the decision is of another register", number)
            yield digest, decision, text
            digests += digest
            before = digest
        manifest, count = self.manifest, len(digests) // DIGEST_SIZE
        if count != manifest.decisions or decisions_root(parts_of(digests)) != manifest.decisions_root:
            raise self._refused(
                "snapshot-incomplete",
                f"the manifest says {manifest.decisions:,} decisions under the root {manifest.decisions_root.hex()}; "
                f"these {count:,} are not they",
                number,
            )

    def _refused(self, code: str, why: str, number: int) -> SettingsError:
        return _refused(code, why, _at(self._name, number))


def read_snapshot(lines: Iterable[bytes], name: str = "") -> Snapshot:
    """The snapshot in those lines, every digest and both roots made anew.

    Args:
        lines, name: as of `SnapshotReader`.

    Raises:
        SettingsError: with the number of the line: `snapshot-manifest`: the first is none; `snapshot-line`: a decision
            is damaged, out of order, repeated, or of another register; `snapshot-incomplete`: their number or root is
            not what the manifest says; `snapshot-size`: a line is too long, or there are too many.
    """
    reader = SnapshotReader(lines, name)
    decisions: list[QualityDecision] = []
    digests: list[bytes] = []
    for digest, decision, _ in reader.entries():
        decisions.append(decision)
        digests.append(digest)
    manifest = reader.manifest
    leaves = leaf_values(manifest.register, digest_document(reader.document), digests, identifiers_of(decisions))
    with Tree.build(leaves) as tree:
        return Snapshot(manifest, reader.document, tuple(decisions), tuple(digests), tree.root, tree.leaf_count)


def lines_of(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a stream, none longer than one byte above what `read_snapshot` takes."""
    while line := stream.readline(LONGEST_LINE + 2):
        yield line


def snapshot_lines(document: Mapping[str, Any], decisions: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a snapshot's file, each with its end.

    Args:
        document: the signed manifest.
        decisions: canonical lines in the order of their digests, each once.
    """
    yield orjson.dumps(document) + b"\n"
    for line in decisions:
        yield line + b"\n"


def decisions_root(digests: Iterable[bytes]) -> bytes:
    """The root over the digests of decisions alone; 32 zero bytes where there is none."""
    found = iter(digests)
    first = next(found, None)
    if first is None:
        return bytes(DIGEST_SIZE)
    with Tree.build(chain((first,), found)) as tree:
        return tree.root


def parts_of(digests: bytes | bytearray) -> Iterator[bytes]:
    """Digests that lie one behind the other, each by itself."""
    return (bytes(digests[at : at + DIGEST_SIZE]) for at in range(0, len(digests), DIGEST_SIZE))


def listing_leaf(register: str, identifier: Identifier) -> bytes:
    """The leaf that stands for "this identifier is in that register's snapshot": of the method `given`."""
    return sha256(b"\0".join((_LISTING, register.encode(), str(identifier).encode()))).digest()


def identifiers_of(decisions: Iterable[QualityDecision]) -> Iterator[Identifier]:
    """Those of all holders, with repetitions."""
    return (each for decision in decisions for holder in decision.holders for each in holder.identifiers)


def leaf_values(
    register: str, manifest: Digest, decisions: Iterable[bytes], identifiers: Iterable[Identifier]
) -> Iterator[bytes]:
    """Every leaf of the batch, in no order and with repetitions."""
    yield manifest.value
    yield from decisions
    for each in set(identifiers):
        yield listing_leaf(register, each)


def _first_line(line: bytes, where: str) -> tuple[dict[str, Any], Manifest]:
    if len(line) > LONGEST_LINE:
        raise _refused("snapshot-size", "the line is longer than is read", where)
    try:
        digest, document = read_json(line.removesuffix(b"\n"), _MANIFEST_LIMITS)
        if digest.method is not DigestMethod.VC_JCS:
            raise _no_manifest("it is no verifiable credential")
        return document, Manifest.from_document(document)
    except (CredentialError, SettingsError) as error:
        raise _refused("snapshot-manifest", error.what, where) from None


class _Part(BaseModel):
    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", hide_input_in_errors=True, alias_generator=to_camel
    )


class _RegisterPart(_Part):
    id: str = Field(pattern=rf"^{REGISTER_PATTERN}\z")
    name: Text
    uri: Text = ""


class _MirrorPart(_Part):
    chain: str = Field(pattern=rf"^{ANCHOR_CHAIN}\z")
    contract: str = Field(pattern=r"^0x[0-9a-f]{40}\z")
    party: int = Field(ge=1, lt=2**53)


class _SourcePart(_Part):
    name: Text
    sha256: str = Field(pattern=r"^[0-9a-f]{64}\z")
    bytes: int = Field(ge=0, lt=2**53)
    retrieved: str


class _SubjectPart(_Part):
    register_: _RegisterPart = Field(alias="register")
    mirror: _MirrorPart
    decisions_root: str = Field(pattern=r"^[0-9a-f]{64}\z")
    decisions: int = Field(ge=0, le=MOST_DECISIONS)
    made_at: str
    source: _SourcePart
    previous: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}\z")
    rules: list[Text] = Field(max_length=100)
    left_out: dict[Text, int] = Field(max_length=1000)


class _ManifestPart(BaseModel):
    """The members that are looked at; what others a credential has (`proof`, `id`) is the signature's affair."""

    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True, alias_generator=to_camel)

    type: list[str]
    issuer: Text
    credential_subject: _SubjectPart


def _manifest_of(part: _ManifestPart) -> Manifest:
    if SNAPSHOT_TYPE not in part.type:
        raise ValueError(f"its type is not {SNAPSHOT_TYPE}")
    said = part.credential_subject
    read_hex: Callable[[str], bytes] = bytes.fromhex
    return Manifest(
        register=said.register_.id,
        name=said.register_.name,
        uri=said.register_.uri,
        issuer=part.issuer,
        chain=said.mirror.chain,
        contract=said.mirror.contract,
        party=said.mirror.party,
        decisions_root=read_hex(said.decisions_root),
        decisions=said.decisions,
        made_at=read_timestamp(said.made_at),
        source=Source(
            said.source.name, read_hex(said.source.sha256), said.source.bytes, read_timestamp(said.source.retrieved)
        ),
        previous=None if said.previous is None else read_hex(said.previous),
        rules=tuple(said.rules),
        left_out=dict(said.left_out),
    )


def _no_manifest(why: str) -> SettingsError:
    return _refused("snapshot-manifest", f"this is no manifest of a register's snapshot: {why}", None)


def _refused(code: str, why: str, where: str | None) -> SettingsError:
    return SettingsError(why, where=where, remedy=_AGAIN, code=code)


def _at(name: str, number: int) -> str:
    return f"{name}, line {number}" if name else f"line {number}"
