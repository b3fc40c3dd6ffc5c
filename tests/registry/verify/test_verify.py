"""Verdicts: every reason there is, what tampering comes to, and that unknown never comes out as valid."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.anchors import AnchorPlace, AnchorState
from registry.credential.digest import Digest, DigestMethod, Limits, digest_bytes
from registry.document.did_parties import PartyName, party_service
from registry.document.reading import read_document
from registry.errors import ReceiptError
from registry.merkle.tree import Tree
from registry.online.dids import DidDocuments
from registry.proofs.signatures.keys import did_key, did_key_method, write_public_key
from registry.proofs.signatures.suites import sign
from registry.quality.decision import Holder, Identifier, Programme, QualityDecision, Ruling, Subject
from registry.quality.register import IndexedSnapshot
from registry.quality.snapshot import read_snapshot
from registry.receipt import model as receipts
from registry.receipt.model import Receipt, to_cbor, to_json
from registry.recognition.ledger import Accreditation, Change, Kind, Ledger, State
from registry.recognition.scope import Scope
from registry.records import NOTHING_SAID, Anchor, DigestStatus, Reason
from registry.verify.absence import Absence, AbsenceCode, TreeCheck, verify_absence
from registry.verify.checks import (
    Batch,
    BlockRef,
    ChainFacts,
    Check,
    Code,
    DigestedDocument,
    FactsUnavailable,
    Outcome,
    Overall,
    Party,
    Trust,
    Verdict,
    verify,
)
from registry.verify.freshness import evidence_age, head_age
from registry.verify.policy import KnownParty, Policy
from registry.verify.registers import register_of
from registry.verify.status_lists import Listed, ListState
from registry.verify.verdict import CHECK_NAMES, POLICY_CHECK_NAMES, overall, verdict_schema
from tests.carriers import itxt, jwt, png, presentation, sd_jwt
from tests.registry.formats.attested import wrapped_2
from tests.registry.quality.decisions import decision
from tests.registry.quality.test_snapshot import file_of

ROOT = Path(__file__).parents[3]
CHAIN, CONTRACT, ISSUER = "eip155:1", "0x" + "c0" * 20, 7
OTHER_CHAIN = "eip155:10"
REGISTERED = datetime(2025, 1, 1, tzinfo=UTC)
ANCHORED = datetime(2026, 1, 1, tzinfo=UTC)
READ = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TRUST = Trust(frozenset({ISSUER}))
DOWN = FactsUnavailable("chain-unreachable", "no answer from the chain", "Try again later")


def credential(**members: object) -> bytes:
    return json.dumps(
        {
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "type": ["VerifiableCredential", "OpenBadgeCredential"],
            "id": "urn:uuid:5a3c7f0e-6a55-4a8e-9c1d-0a2b3c4d5e6f",
            "issuer": {"id": "did:web:uni.example", "name": "University of Examples"},
            "validFrom": "2025-12-31T00:00:00Z",
            "credentialSubject": {"name": "Ana Horvat", "degree": "Information Systems", "credits": 180.5},
            **members,
        }
    ).encode()


SEEN = Anchor("0x" + "cc" * 20, block_hash=b"b" * 32, log_index=0, transaction=b"t" * 32)
PARTY = Party(
    id=ISSUER,
    uri="https://uni.example/registry.json",
    controller="0x" + "aa" * 20,
    pending_controller=None,
    sequence=3,
    registered_at=REGISTERED,
    retired_at=None,
    profile_hash=b"p" * 32,
)


@dataclass
class World:
    """A chain in memory: one batch of eight, of which the credential at hand is one."""

    document: bytes = field(default_factory=credential)
    name: str = "diploma.json"
    leaves: int = 8
    digest: Digest = field(init=False)
    tree: Tree = field(init=False)
    receipt: Receipt = field(init=False)
    pending: Receipt = field(init=False)
    facts: ChainFacts = field(init=False)

    def __post_init__(self) -> None:
        self.digest = digest_bytes(self.document, self.name)
        others = (hashlib.sha256(bytes([number])).digest() for number in range(self.leaves - 1))
        self.tree = Tree.build([self.digest.value, *others])
        index = self.tree.index_of(self.digest.value)
        assert index is not None
        self.pending = Receipt.of_batch(
            self.digest,
            self.tree.root,
            self.tree.inclusion(index),
            chain=CHAIN,
            contract=CONTRACT,
            issuer=ISSUER,
        )
        self.receipt = self.pending.anchored(
            sequence=3, transaction=b"t" * 32, block_number=100, block_hash=b"b" * 32, timestamp=ANCHORED
        )
        self.facts = ChainFacts(CHAIN, CONTRACT, BlockRef(200, b"h" * 32, READ), PARTY, self.batch(), final=True)

    def batch(self) -> Batch:
        return Batch(
            root=self.tree.root,
            issuer=ISSUER,
            leaf_count=self.tree.leaf_count,
            sequence=3,
            block_number=100,
            anchored_at=ANCHORED,
            anchor=SEEN,
        )

    def ask(self, receipt: Receipt) -> ChainFacts:
        """What this chain says about the receipt's issuer and root, as a client would ask it."""
        anchored = receipt.anchor.issuer == ISSUER and receipt.root == self.tree.root
        return replace(
            self.facts,
            party=self.facts.party if receipt.anchor.issuer == ISSUER else None,
            batch=self.facts.batch if anchored else None,
        )

    def verify(self, **changes: Any) -> Verdict:
        arguments: dict[str, Any] = {
            "document": self.document, "name": self.name, "receipt": self.receipt, "facts": self.facts,
            "now": NOW, "trust": TRUST,
        }  # fmt: skip
        arguments.update(changes)
        document, name = arguments.pop("document"), arguments.pop("name")
        receipt, facts = arguments.pop("receipt"), arguments.pop("facts")
        return verify(document, name, receipt, facts, **arguments)


WORLD = World()
# Their method names no document, so each is a world of its own: a file, a bare digest.
PDF = World(b"%PDF-1.7 diploma", "diploma.pdf")


def with_facts(**changes: object) -> ChainFacts:
    return replace(WORLD.facts, **changes)  # type: ignore[arg-type]


def with_batch(**changes: object) -> ChainFacts:
    return with_facts(batch=replace(WORLD.batch(), **changes))  # type: ignore[arg-type]


def with_party(**changes: object) -> ChainFacts:
    return with_facts(party=replace(PARTY, **changes))  # type: ignore[arg-type]


def receipt_with(part: str, **changes: object) -> Receipt:
    inner = getattr(WORLD.receipt, part).model_copy(update=changes)
    return WORLD.receipt.model_copy(update={part: inner})


def block_with(**changes: object) -> Receipt:
    assert WORLD.receipt.anchor.block
    return receipt_with("anchor", block=WORLD.receipt.anchor.block.model_copy(update=changes))


def issued(**members: object) -> dict[str, Any]:
    """A world's arguments for a credential with these members."""
    world = World(credential(**members))
    return {"document": world.document, "receipt": world.receipt, "facts": world.facts}


KEY, OTHER_KEY = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))


def signed(purpose: str = "assertionMethod", **members: object) -> dict[str, object]:
    """The members of a credential with a signature of `KEY`'s over it."""
    return sign(json.loads(credential(**members)), KEY, did_key_method(KEY), NOW, purpose=purpose)


DID = "did:web:uni.example"
KEY_ID = f"{DID}#key-1"
US = PartyName(CHAIN, CONTRACT, ISSUER)


def did_document(*named: PartyName, lists: bool = True, **of_key: str) -> dict[str, Any]:
    """The document of `DID` with `KEY`, and what it says of that key."""
    method = {"id": KEY_ID, "type": "Multikey", "controller": DID, "publicKeyMultibase": write_public_key(KEY)}
    return {
        "@context": ["https://www.w3.org/ns/did/v1"],
        "id": DID,
        "verificationMethod": [method | of_key],
        "assertionMethod": [KEY_ID] if lists else [],
        "service": [party_service(DID, each) for each in named],
    }


def by_web(
    document: dict[str, Any] | None, *, uri: str = DID, created: datetime = ANCHORED, expires: datetime | None = None
) -> dict[str, Any]:
    """A credential that is signed by a key of `DID`, read with that DID's document, and anchored by a party."""
    members = sign(json.loads(credential(id="urn:a")), KEY, KEY_ID, created, expires=expires)
    case = of_party(uri, issued(**members))
    given_documents = {} if document is None else {DID: document}
    return case | {"document": read_document(case["document"], "a.json").signed_by(DidDocuments(given_documents))}


def whole(case: dict[str, Any]) -> dict[str, Any]:
    """The same, anchored as a file: with its signature in it."""
    reading = case["document"]
    file = next(each for each in reading.own if each.method == DigestMethod.FILE)
    digest = case["receipt"].digest.model_copy(update={"method": DigestMethod.FILE, "value": file.hex})
    return case | {"receipt": case["receipt"].model_copy(update={"digest": digest})}


def by_list(state: ListState, *odd: str) -> dict[str, Any]:
    """What a status list says of the credential."""
    return {"listed": [Listed("credentialStatus", state, "revocation", "did:web:uni.example", "Why not.", odd)]}


def of_party(uri: str, case: dict[str, Any]) -> dict[str, Any]:
    """The same, anchored by a party of this URI."""
    return case | {"facts": replace(case["facts"], party=replace(PARTY, uri=uri))}


def given_receipt() -> Receipt:
    return receipt_with("digest", method=DigestMethod.GIVEN)


AGENCY, NEIGHBOUR, BUREAU = 50, 51, 52
POLICY = Policy(bodies=(KnownParty(party=AGENCY, name="Agency of Examples"),))
STRICT = POLICY.model_copy(update={"require": True})
ISSUING, ACCREDITING, RECOGNISING = Kind.ACCREDIT_TO_ISSUE, Kind.ACCREDIT_TO_ACCREDIT, Kind.RECOGNISE


def link(
    body: int, holder: int, kind: Kind, *later: Change, scope: Scope | None = None, recorded_at: datetime = REGISTERED
) -> Accreditation:
    """A link that is active all year of the anchor, but for later changes."""
    return Accreditation(
        id=0, body=body, holder=holder, kind=kind, scope=scope or Scope(), valid_from=REGISTERED,
        valid_until=datetime(2027, 1, 1, tzinfo=UTC), evidence_hash=bytes(32), evidence_uri="",
        changes=(Change(State.ACTIVE, recorded_at, REGISTERED), *later),
    )  # fmt: skip


def asked_of(*links: Accreditation, policy: Policy = POLICY, trust: Trust = TRUST, **more: Any) -> dict[str, Any]:
    """Arguments of a verifier with a policy and this ledger."""
    accreditations = tuple(replace(each, id=number) for number, each in enumerate(links, 1))
    return {"policy": policy, "ledger": Ledger(accreditations, BlockRef(200, b"h" * 32, READ)), "trust": trust} | more


VOID = Change(State.VOID, READ, REGISTERED, "obtained-by-fraud")
WITHDRAWN = Change(State.WITHDRAWN, READ, READ)
ACCREDITED = link(AGENCY, ISSUER, ISSUING)
ABROAD = (link(AGENCY, NEIGHBOUR, RECOGNISING), link(NEIGHBOUR, ISSUER, ISSUING))
SOFTWARE = {
    "credentialSubject": {
        "achievement": {
            "achievementType": "BachelorDegree",
            "fieldOfStudy": "0613",
            "alignment": [{"targetUrl": "http://data.europa.eu/snb/eqf/6"}],
        }
    }
}

MIRROR = 60
LISTING = Policy(chain=CHAIN, registers=({"register": "deqar", "mirror": MIRROR, "name": "DEQAR"},))  # type: ignore[arg-type]
REQUIRING = Policy(
    chain=CHAIN,
    registers=({"register": "deqar", "mirror": MIRROR, "name": "DEQAR", "require": True},),  # type: ignore[arg-type]
)
BEFORE, AFTER = datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)


def listed_in(
    *decisions: QualityDecision,
    at: datetime = BEFORE,
    later: Sequence[QualityDecision] | None = None,
    policy: Policy = LISTING,
    changes: Mapping[str, Any] | None = None,
    **manifest: Any,
) -> dict[str, Any]:
    """Arguments of a verifier whose policy names a register with a snapshot of these decisions.

    Args:
        later: of another snapshot, published after the anchor.
        changes: of the batches that the chain knows.
    """
    every = [(decisions, at)] if later is None else [(decisions, at), (later, AFTER)]
    mirror = {"chain": CHAIN, "contract": CONTRACT, "party": MIRROR} | manifest
    snapshots = [IndexedSnapshot.of(read_snapshot(file_of(list(each), **mirror))) for each, _ in every]
    batches = {}
    for number, (snapshot, (_, when)) in enumerate(zip(snapshots, every, strict=True), 1):
        said: dict[str, Any] = {"leaf_count": snapshot.leaf_count, "anchored_at": when} | dict(changes or {})
        batches[snapshot.root] = Batch(root=snapshot.root, issuer=MIRROR, sequence=number, block_number=90, **said)
    as_of = BlockRef(200, b"h" * 32, READ)
    known = policy.registers[0]
    register = register_of(
        known, snapshots, batches if changes is None or changes else {}, chain=CHAIN, contract=CONTRACT, as_of=as_of,
        final=95,
    )  # fmt: skip
    return {"policy": policy, "registers": [register]}


UNIVERSITY = Holder((Identifier("deqar", "DEQARINST0001"),), "University of Examples", "HR", ISSUER)
LISTED = decision(holders=(UNIVERSITY,), valid_from=date(2025, 1, 1), valid_until=date(2027, 1, 1))
OF_A_PROGRAMME = replace(
    LISTED, subject=Subject.PROGRAMME, programmes=(Programme((Identifier("local", "urn:programme:1"),)),)
)
NEGATIVE = replace(LISTED, ruling=Ruling.NEGATIVE, number="2")

TOKEN = World(jwt(json.loads(credential())), "diploma.jwt")
NO_RECEIPT = ReceiptError("The receipt lacks this field", where="proof[0].version", code="missing-field")


def baked(content: bytes) -> bytes:
    return png(itxt(content))


P, F, W, U = Outcome.PASS, Outcome.FAIL, Outcome.WARN, Outcome.UNKNOWN

# name of the check, outcome, code, and what makes it so; together they reach every code.
# A bare root, of which nobody has stated the leaf count: a file may be two digests, and an interior node its digest.
PDF_UNSTATED = {
    "document": PDF.document,
    "name": PDF.name,
    "receipt": PDF.receipt,
    "facts": replace(PDF.facts, batch=replace(PDF.batch(), leaf_count=0)),
}


def foreign(old: bytes = b"", new: bytes = b"") -> dict[str, Any]:
    """A world's arguments with a document of others, in which something was changed."""
    data = orjson.dumps(wrapped_2({"name": "a:string:Ada", "issuers": []}, beside=[b"\1" * 32]))
    assert old in data
    return {"document": data.replace(old, new, 1) if old else data, "receipt": None, "facts": None}


ATTESTED = foreign()
NUMBERED = Policy(chain=CHAIN, issuers=(KnownParty(party=ISSUER, name="Uni A"),))


def on_chain(chain: str) -> dict[str, Any]:
    """A world's arguments, as if all of it had happened on that chain."""
    return {"receipt": receipt_with("anchor", chain=chain), "facts": with_facts(chain=chain)}


def aged(age: timedelta) -> ChainFacts:
    """The facts, read while the newest block was so old."""
    return with_facts(head_age=head_age(READ, READ + age))


def brought(age: timedelta) -> ChainFacts:
    """The facts, by evidence that was so old when it was looked at."""
    return with_facts(head_age=evidence_age(READ, READ + age, 31))


def elsewhere(**changes: Any) -> ChainFacts:
    """The facts, and another anchor of the digest by the same issuer."""
    return with_facts(others=(AnchorState(ISSUER, AnchorPlace(b"o" * 32, 4), **changes),))


HERE = AnchorPlace(WORLD.receipt.root, WORLD.receipt.inclusion.leaf_index)

REVOKED = DigestStatus(revoked_at=READ, revocation_reason=Reason.OBTAINED_BY_FRAUD)
SUSPENDED = DigestStatus(suspended_at=READ, suspension_reason=Reason.UNDER_REVIEW)
LATER = DigestStatus(revoked_at=READ + timedelta(seconds=1), revocation_reason=Reason.UNSPECIFIED)

CASES: list[tuple[str, Outcome, str, dict[str, Any]]] = [
    ("integrity", P, "digest-equal", {}),
    ("integrity", P, "digest-given", {"document": WORLD.digest.hex.encode() + b"\n", "receipt": given_receipt()}),
    ("integrity", P, "digest-given", {"document": DigestedDocument(Digest(DigestMethod.GIVEN, WORLD.digest.value))}),
    ("integrity", P, "digest-equal", {"document": DigestedDocument(WORLD.digest, {})}),
    ("integrity", F, "digest-differs", {"document": credential(id="urn:uuid:other")}),
    ("integrity", F, "method-mismatch", {"document": b'{"a": 1}'}),
    ("integrity", F, "method-mismatch", {"document": DigestedDocument(Digest(DigestMethod.FILE, WORLD.digest.value))}),
    ("integrity", F, "syntax", {"document": b"{"}),
    ("integrity", U, "syntax", {"document": b"{", "receipt": None}),
    ("integrity", U, "invalid-utf8", {"document": b'{"a": "\xff"}', "receipt": None}),
    ("integrity", U, "duplicate-key", {"document": b'{"a": 1, "a": 1}', "receipt": None}),
    ("integrity", U, "not-an-object", {"document": b"[]", "receipt": None}),
    ("integrity", U, "too-large", {"document": WORLD.document, "limits": Limits(max_bytes=10), "receipt": None}),
    ("integrity", F, "invalid-utf8", {"document": b'{"a": "\xff"}'}),
    ("integrity", F, "duplicate-key", {"document": b'{"a": 1, "a": 1}'}),
    ("integrity", F, "not-a-number", {"document": b'{"a": NaN}'}),
    ("integrity", F, "integer-range", {"document": b'{"a": 9007199254740993}'}),
    ("integrity", F, "number-range", {"document": b'{"a": 1e999}'}),
    ("integrity", F, "lone-surrogate", {"document": b'{"a": "\\ud800"}'}),
    ("integrity", F, "not-an-object", {"document": b"[]"}),
    ("integrity", U, "too-large", {"document": WORLD.document, "limits": Limits(max_bytes=10)}),
    ("integrity", U, "too-deep", {"document": WORLD.document, "limits": Limits(max_depth=1)}),
    ("integrity", U, "rdf-undefined", {"receipt": receipt_with("digest", method=DigestMethod.VC_RDFC)}),
    ("integrity", U, "not-recomputable", {"receipt": given_receipt(), "document": credential(id="urn:uuid:other")}),
    ("integrity", P, "digest-equal", {"receipt": given_receipt()}),
    ("integrity", U, "no-receipt", {"receipt": None}),
    ("integrity", U, "no-document", {"document": None}),
    ("inclusion", P, "included", {}),
    ("inclusion", F, "root-differs", {"receipt": receipt_with("inclusion", root="0x" + "00" * 32)}),
    ("inclusion", F, "path-length", {"receipt": receipt_with("inclusion", path=())}),
    ("inclusion", F, "index-range", {"receipt": receipt_with("inclusion", leaf_index=8)}),
    ("inclusion", F, "count-range", {"receipt": receipt_with("inclusion", leaf_count=0)}),
    ("inclusion", F, "node-length", {"receipt": receipt_with("inclusion", path=("00",) * 3)}),
    ("inclusion", F, "count-differs", {"facts": with_batch(leaf_count=7)}),
    ("inclusion", W, "count-unstated", {"facts": with_batch(leaf_count=0)}),
    ("inclusion", U, "count-unstated", PDF_UNSTATED),
    ("inclusion", U, "count-unconfirmed", {"facts": DOWN}),
    ("inclusion", U, "count-unconfirmed", {"facts": with_facts(batch=None)}),
    ("inclusion", U, "no-receipt", {"receipt": None}),
    ("anchor", P, "anchored", {}),
    ("anchor", P, "anchored", {"receipt": WORLD.pending}),
    ("anchor", P, "anchored", {"facts": with_batch(anchor=None)}),
    ("anchor", W, "not-final", {"facts": with_facts(final=False)}),
    ("anchor", W, "not-final", {"facts": with_facts(final=False, batch=replace(WORLD.batch(), sequence=4))}),
    ("anchor", W, "receipt-outdated", {"receipt": receipt_with("anchor", sequence=4)}),
    ("anchor", W, "receipt-outdated", {"receipt": receipt_with("anchor", transaction="0x" + "00" * 32)}),
    ("anchor", W, "receipt-outdated", {"receipt": block_with(hash="0x" + "00" * 32)}),
    ("anchor", W, "receipt-outdated", {"receipt": block_with(number=99), "facts": with_batch(anchor=None)}),
    ("anchor", W, "practice-chain", on_chain("eip155:1414747213")),
    ("anchor", W, "practice-chain", on_chain("eip155:11155111")),
    ("anchor", W, "practice-chain", on_chain("eip155:31337")),
    ("anchor", P, "anchored", on_chain("eip155:137")),
    ("anchor", W, "contract-unproved", {"facts": with_facts(contract_proved=False)}),
    ("anchor", W, "contract-unproved",
     {"facts": with_facts(contract_proved=False, final=False)}),
    ("anchor", U, "anchor-unseen",
     {"facts": replace(with_facts(contract_proved=False), batch=replace(WORLD.batch(), anchor=None))}),
    ("anchor", F, "receipt-contradicts", {"receipt": block_with(number=99)}),
    ("anchor", F, "receipt-contradicts", {"receipt": block_with(timestamp=ANCHORED - timedelta(days=365))}),
    ("anchor", F, "not-anchored", {"facts": with_facts(batch=None)}),
    ("anchor", U, "pending", {"facts": with_facts(batch=None), "receipt": WORLD.pending}),
    ("anchor", U, "chain-behind", {"facts": with_facts(batch=None, as_of=BlockRef(99, b"h" * 32, ANCHORED))}),
    ("anchor", U, "chain-not-asked", {"facts": None}),
    ("anchor", U, "chain-unreachable", {"facts": DOWN}),
    ("anchor", U, "other-chain", {"facts": with_facts(chain=OTHER_CHAIN)}),
    ("anchor", U, "other-chain", {"facts": with_facts(contract="0x" + "c1" * 20)}),
    ("anchor", U, "other-batch", {"facts": with_batch(root=b"r" * 32)}),
    ("anchor", U, "other-batch", {"facts": with_batch(issuer=8)}),
    ("anchor", U, "other-batch", {"facts": with_party(id=8)}),
    ("anchor", U, "facts-contradict", {"facts": with_batch(block_number=201)}),
    ("anchor", U, "facts-contradict", {"facts": with_batch(anchored_at=READ + timedelta(seconds=1))}),
    ("anchor", U, "facts-contradict", {"facts": with_facts(party=None)}),
    ("anchor", U, "facts-contradict", {"facts": with_facts(batch=None, revoked=True)}),
    ("anchor", U, "facts-contradict", {"facts": with_party(retired_at=ANCHORED - timedelta(seconds=1))}),
    ("anchor", U, "facts-contradict", {"facts": with_party(registered_at=ANCHORED + timedelta(seconds=1))}),
    ("anchor", U, "no-receipt", {"receipt": None}),
    ("issuer", P, "issuer-trusted", {}),
    ("issuer", P, "issuer-trusted", issued(issuer="https://UNI.example/about")),
    ("issuer", P, "issuer-trusted", issued(issuer="https://uni.example/registry.json")),
    ("issuer", P, "issuer-trusted", issued(issuer={"name": [{"@value": "Uni  A", "@language": "en"}]})
     | {"trust": Trust({ISSUER: "UNI a"})}),
    ("issuer", P, "issuer-trusted", issued(issuer=None, badge={"issuer": {"url": "https://uni.example"}})),
    ("issuer", P, "issuer-trusted", issued(issuer=None)),
    ("issuer", P, "issuer-retired", {"facts": with_party(retired_at=ANCHORED + timedelta(days=1))}),
    ("issuer", W, "issuer-differs", issued(issuer={"id": "did:web:mill.example", "name": "University of Examples"})),
    ("issuer", W, "issuer-differs", issued(issuer="did:key:z6Mk") | {"trust": Trust({ISSUER: "Uni A"})}),
    ("issuer", U, "issuer-not-trusted", {"trust": Trust()}),
    ("issuer", U, "issuer-not-trusted", {"trust": Trust({8: "University of Examples"})}),
    ("issuer", U, "other-chain", {"trust": Trust({ISSUER: "Uni A"}, chain=OTHER_CHAIN)}),
    ("issuer", P, "issuer-trusted", {"trust": Trust({ISSUER: "Uni A"}, chain=CHAIN)}),
    ("issuer", U, "other-chain", on_chain(OTHER_CHAIN) | {"trust": Trust(), "policy": NUMBERED}),
    ("issuer", P, "issuer-trusted", {"trust": Trust(), "policy": NUMBERED}),
    ("issuer", P, "issuer-trusted", on_chain(OTHER_CHAIN) | {"policy": NUMBERED}),
    ("issuer", U, "issuer-not-trusted",
     {"trust": Trust(frozenset({8}), chain=OTHER_CHAIN), "policy": Policy(chain=OTHER_CHAIN)}),
    ("issuer", F, "issuer-unknown", {"facts": with_facts(batch=None, party=None)}),
    ("issuer", U, "chain-behind",
     {"facts": with_facts(batch=None, party=None, as_of=BlockRef(99, b"h" * 32, ANCHORED))}),
    ("issuer", U, "chain-unreachable", {"facts": DOWN}),
    ("issuer", U, "no-receipt", {"receipt": None}),
    ("status", P, "in-force", {}),
    ("status", F, "revoked", {"facts": with_facts(revoked=True, status_reason="obtained-by-fraud")}),
    ("status", F, "revoked", {"facts": with_facts(revoked=True, suspended=True)}),
    ("status", F, "suspended", {"facts": with_facts(suspended=True, status_reason="under-review")}),
    ("status", F, "voided", {"facts": with_batch(voided_at=READ, void_reason=Reason.ISSUED_IN_ERROR)}),
    ("status", P, "in-force", {"facts": elsewhere()}),
    ("status", P, "in-force", {"facts": with_facts(not_looked_at=3)}),
    ("status", P, "in-force", {"facts": with_facts(not_looked_at=3, by_digest=NOTHING_SAID)}),
    ("status", F, "revoked", {"facts": with_facts(by_digest=REVOKED)}),
    ("status", F, "suspended", {"facts": with_facts(by_digest=SUSPENDED)}),
    ("status", F, "revoked", {"facts": with_facts(suspended=True, by_digest=REVOKED)}),
    ("status", F, "revoked", {"facts": with_facts(revoked=True, by_digest=SUSPENDED)}),
    ("status", F, "revoked", {"facts": replace(with_batch(voided_at=READ), by_digest=REVOKED)}),
    ("status", F, "voided", {"facts": replace(with_batch(voided_at=READ), by_digest=SUSPENDED)}),
    ("status", F, "revoked", {"facts": with_facts(batch=None, by_digest=REVOKED), "receipt": WORLD.pending}),
    ("status", U, "no-status", {"facts": with_facts(batch=None, by_digest=NOTHING_SAID), "receipt": WORLD.pending}),
    ("status", U, "head-stale", {"facts": replace(aged(timedelta(days=2)), by_digest=SUSPENDED)}),
    ("status", F, "revoked", {"facts": replace(aged(timedelta(days=2)), by_digest=REVOKED)}),
    ("status", U, "facts-contradict", {"facts": with_facts(by_digest=LATER)}),
    ("status", U, "facts-contradict", {"facts": with_facts(batch=None, party=None, by_digest=REVOKED)}),
    ("status", F, "revoked", {"facts": elsewhere(revoked=True, reason="obtained-by-fraud")}),
    ("status", F, "voided", {"facts": elsewhere(voided=True)}),
    ("status", F, "suspended", {"facts": elsewhere(suspended=True)}),
    ("status", P, "in-force", {"facts": elsewhere(revoked=True, superseded_by=HERE)}),
    ("status", F, "revoked", {"facts": replace(elsewhere(revoked=True, superseded_by=HERE), revoked=True)}),
    ("status", P, "in-force", {"facts": aged(timedelta(minutes=10))}),
    ("status", W, "head-late", {"facts": aged(timedelta(minutes=11))}),
    ("status", U, "head-stale", {"facts": aged(timedelta(days=2))}),
    ("status", W, "status-then", {"facts": brought(timedelta(days=30))}),
    ("status", U, "status-old", {"facts": brought(timedelta(days=32))}),
    ("status", U, "head-ahead", {"facts": brought(timedelta(days=-1))}),
    ("status", F, "revoked", {"facts": replace(brought(timedelta(days=400)), revoked=True)}),
    ("status", W, "head-ahead", {"facts": aged(timedelta(minutes=-2))}),
    ("status", U, "head-ahead", {"facts": aged(timedelta(days=-2))}),
    ("status", F, "revoked", {"facts": replace(aged(timedelta(days=2)), revoked=True)}),
    ("status", U, "head-stale", {"facts": replace(aged(timedelta(days=2)), suspended=True)}),
    ("status", W, "status-list-unread", issued(credentialStatus={"type": "BitstringStatusListEntry"})),
    ("status", F, "revoked",
     (lambda case: case | {"facts": replace(case["facts"], revoked=True)})(issued(credentialStatus=[{"id": "x"}]))),
    ("status", U, "no-status", {"facts": with_facts(batch=None)}),
    ("status", U, "chain-unreachable", {"facts": DOWN}),
    ("status", U, "no-receipt", {"receipt": None}),
    ("dates", P, "within-dates", {}),
    ("dates", P, "within-dates", issued(validUntil="2026-03-01T13:00:00+00:30")),
    ("dates", P, "no-dates", issued(validFrom=None)),
    ("dates", P, "no-dates",
     {"document": PDF.document, "name": PDF.name, "receipt": PDF.receipt, "facts": PDF.facts}),
    ("dates", F, "expired", issued(validUntil="2026-03-01T12:00:00Z")),
    ("dates", F, "expired", issued(expirationDate="2026-02-01T00:00:00+14:00", validUntil="2027-01-01T00:00:00Z")),
    ("dates", F, "expired", issued(expires="2026-02-27")),
    ("dates", F, "expired", issued(validFrom="soon", validUntil="2020-01-01T00:00:00Z")),
    ("dates", F, "not-yet-valid", issued(validFrom="2026-03-01T12:00:01Z")),
    ("dates", F, "not-yet-valid", issued(issuanceDate="2026-03-01T13:00:00.123456789012-01:00")),
    ("dates", F, "not-yet-valid", issued(issuedOn="2026-03-03")),
    ("dates", U, "date-unclear", issued(validUntil="2026-03-01")),
    ("dates", U, "date-unclear", issued(validUntil="2026-03-01T12:30:00")),
    ("dates", W, "date-unclear", issued(validUntil="2027-01-01")),
    ("dates", U, "date-unclear", issued(validFrom="1 January 2066")),
    ("dates", P, "within-dates", issued(validFrom=1767225600)),
    ("dates", P, "within-dates", issued(validFrom=["2026-01-01T00:00:00Z"])),
    ("dates", U, "date-unclear", issued(validUntil="2026-02-30T00:00:00Z")),
    ("dates", P, "within-dates", issued(validUntil="9999-12-31T23:59:59-23:59")),
    ("dates", W, "date-unclear", issued(validFrom="0001-01-01")),
    ("dates", W, "dates-unread", {"document": DigestedDocument(WORLD.digest)}),
    ("dates", W, "dates-unread", {"document": b"{"}),
    ("dates", U, "dates-unread", {"document": b'{"a": 1, "a": 2}'}),
    ("dates", W, "dates-unread", {"document": baked(b"no credential")}),
    ("integrity", W, "digest-inside", {"document": presentation(json.loads(WORLD.document))}),
    ("integrity", F, "method-mismatch", {"document": presentation({"type": "VerifiableCredential"})}),
    ("integrity", U, "presentation-differs", {"document": b"\xef\xbb\xbf" + WORLD.document}),
    ("integrity", U, "presentation-differs", {"document": WORLD.document.decode().encode("utf-16"), "name": "a.txt"}),
    ("integrity", U, "presentation-differs", {"document": baked(b"no credential") + b"x", "receipt": TOKEN.receipt}),
    ("integrity", U, "presentation-differs", {"document": TOKEN.document + b"\n", "receipt": TOKEN.receipt}),
    ("integrity", U, "presentation-differs", {"document": sd_jwt({}, {"a": 1}), "receipt": TOKEN.receipt}),
    ("integrity", U, "presentation-differs",
     {"document": credential(proof={"type": "DataIntegrityProof", "cryptosuite": "ecdsa-sd-2023"}, id="urn:x")}),
    ("integrity", U, "missing-field", {"receipt": NO_RECEIPT}),
    ("inclusion", U, "missing-field", {"receipt": NO_RECEIPT}),
    ("accreditation", U, "missing-field", asked_of(ACCREDITED, receipt=NO_RECEIPT)),
    ("status", W, "status-list-unread", issued(badge={"issuer": {"revocationList": "https://x.example"}})),
    ("status", W, "status-list-unread", issued(issuer={"id": "did:web:uni.example", "revocationList": "https://x"})),
    ("status", W, "status-list-unread", issued(badge="https://x.example", verification={"type": "HostedBadge"})),
    ("signature", P, "no-signature", {}),
    ("signature", W, "signature-unread", issued(proof={"type": "Ed25519Signature2020"})),
    ("signature", W, "signature-unread", {"document": DigestedDocument(WORLD.digest)}),
    ("signature", W, "signature-unread", {"document": None}),
    ("signature", W, "signer-unknown", issued(**signed(id="urn:a"))),
    ("signature", P, "signature-holds", of_party(did_key(KEY), issued(**signed(id="urn:a")))),
    ("signature", W, "signer-unknown", of_party(did_key(OTHER_KEY), issued(**signed(id="urn:a")))),
    ("signature", F, "signature-broken", of_party(did_key(KEY), issued(**signed(id="urn:a") | {"id": "urn:b"}))),
    ("signature", W, "signature-unread", issued(**signed(id="urn:a", purpose="authentication"))),
    ("signature", P, "signature-holds", by_web(did_document(US))),
    ("signature", W, "signature-unread", by_web(None)),
    ("signature", W, "signer-one-way", by_web(did_document())),
    ("signature", W, "signer-one-way", by_web(did_document(US._replace(number=8)))),
    ("signature", W, "signer-one-way", by_web(did_document(US._replace(chain=OTHER_CHAIN)))),
    ("signature", W, "signer-one-way", by_web(did_document(US), uri="https://uni.example")),
    ("signature", W, "signer-other", by_web(did_document(), uri="https://uni.example")),
    ("signature", W, "signer-unknown", by_web(did_document(US)) | {"facts": DOWN}),
    ("signature", F, "signer-not-authorised", by_web(did_document(US, lists=False))),
    ("signature", F, "signer-not-authorised", by_web(did_document(US) | {"id": "did:web:other.example"})),
    ("signature", P, "signature-holds", by_web(did_document(US), expires=NOW + timedelta(seconds=1))),
    ("signature", F, "signature-expired", by_web(did_document(US), expires=NOW)),
    ("signature", P, "signature-holds", by_web(did_document(US, expires="2026-03-02T00:00:00Z"))),
    ("signature", W, "key-ended-since", by_web(did_document(US, expires="2026-01-01T00:00:01Z"))),
    ("signature", W, "signature-unread", by_web(did_document(US, type="Unheard"))),
    ("signature", F, "key-ended", by_web(did_document(US, expires="2026-01-01T00:00:00Z"))),
    ("signature", F, "key-ended", by_web(did_document(US, revoked="2026-01-01T00:00:00Z"))),
    ("signature", W, "key-ended-since", by_web(did_document(US, revoked="2026-02-01T00:00:00Z"))),
    ("signature", P, "signature-holds", whole(by_web(did_document(US, revoked="2026-02-01T00:00:00Z")))),
    ("signature", W, "key-ended-since",
     whole(by_web(did_document(US, revoked="2026-01-01T00:00:00Z"), created=REGISTERED))),
    ("signature", W, "signature-unread", by_web(did_document(US), created=NOW + timedelta(minutes=6))),
    ("signature", P, "signature-holds", by_web(did_document(US), created=NOW + timedelta(minutes=4))),
    ("status", F, "listed-revoked", by_list(ListState.REVOKED)),
    ("status", F, "listed-revoked", by_list(ListState.REVOKED) | {"facts": DOWN}),
    ("status", F, "listed-revoked", by_list(ListState.REVOKED) | {"receipt": None}),
    ("status", F, "listed-suspended", by_list(ListState.SUSPENDED)),
    ("status", F, "revoked", by_list(ListState.SUSPENDED) | {"facts": with_facts(revoked=True)}),
    ("status", P, "in-force", by_list(ListState.IN_FORCE)),
    ("status", W, "status-list-odd", by_list(ListState.IN_FORCE, "it is odd")),
    ("status", W, "status-list-unread", by_list(ListState.UNREAD)),
    ("status", U, "chain-unreachable", by_list(ListState.IN_FORCE) | {"facts": DOWN}),
    ("issuer", P, "issuer-trusted",
     (lambda case: case | {"facts": replace(case["facts"], party=replace(PARTY, uri="https://xn--universitt-y5a.test"))})
     (issued(issuer="did:web:universität.test"))),
    ("issuer", W, "issuer-differs", issued(issuer="https://uni․example")),
    ("issuer", W, "issuer-differs",
     (lambda case: case | {"facts": replace(case["facts"], party=replace(PARTY, uri="https://strasse.test"))})
     (issued(issuer="https://straße.test"))),
    ("issuer", W, "issuer-differs", issued(issuer=5)),
    ("issuer", W, "issuer-differs", issued(issuer=["did:web:mill.example", {"name": ["x"] * 20}])),
    ("issuer", P, "issuer-trusted", issued(issuer=[*["did:web:mill.example"] * 20, "did:web:uni.example"])),
    ("issuer", P, "issuer-accredited", asked_of(ACCREDITED, trust=Trust())),
    ("issuer", P, "issuer-accredited", asked_of(*ABROAD, trust=Trust())),
    ("issuer", P, "issuer-trusted", asked_of(ACCREDITED)),
    ("issuer", P, "issuer-trusted",
     asked_of(trust=Trust(), policy=Policy(issuers=(KnownParty(party=ISSUER, name="Uni A"),)))),
    ("issuer", W, "issuer-differs", issued(issuer="did:web:mill.example") | asked_of(ACCREDITED, trust=Trust())),
    ("issuer", U, "issuer-not-trusted", asked_of(link(AGENCY, ISSUER, ISSUING, VOID), trust=Trust())),
    ("issuer", U, "issuer-not-trusted", asked_of(link(BUREAU, ISSUER, ISSUING), trust=Trust())),
    ("accreditation", P, "accredited", asked_of(ACCREDITED)),
    ("accreditation", P, "accredited", asked_of(link(AGENCY, ISSUER, ISSUING, WITHDRAWN))),
    ("accreditation", P, "accredited", asked_of(*ABROAD)),
    ("accreditation", P, "accredited",
     asked_of(link(AGENCY, ISSUER, ISSUING, scope=Scope("061", (5, 7), frozenset({"bachelor-degree"}), "HR")))
     | issued(**SOFTWARE)),
    ("accreditation", W, "scope-unstated", asked_of(link(AGENCY, ISSUER, ISSUING, scope=Scope("061", (5, 7))))),
    ("accreditation", W, "scope-unstated",
     asked_of(link(AGENCY, NEIGHBOUR, RECOGNISING, scope=Scope("", (6, 8))),
              link(NEIGHBOUR, ISSUER, ISSUING, scope=Scope("06", (1, 7))))),
    ("accreditation", W, "accredited-then", asked_of(link(AGENCY, ISSUER, ISSUING, VOID))),
    ("accreditation", W, "accredited-then",
     asked_of(link(AGENCY, ISSUER, ISSUING, Change(State.WITHDRAWN, READ, ANCHORED)))),
    ("accreditation", F, "accredited-then", asked_of(link(AGENCY, ISSUER, ISSUING, VOID), policy=STRICT)),
    ("accreditation", W, "accredited-since", asked_of(link(AGENCY, ISSUER, ISSUING, recorded_at=READ))),
    ("accreditation", P, "accredited",
     asked_of(link(AGENCY, NEIGHBOUR, RECOGNISING, VOID), link(NEIGHBOUR, ISSUER, ISSUING))),
    ("accreditation", W, "no-accreditation-on-record", asked_of()),
    ("accreditation", W, "no-accreditation-on-record", asked_of(link(BUREAU, ISSUER, ISSUING))),
    ("accreditation", W, "no-accreditation-on-record",
     asked_of(link(AGENCY, ISSUER, ISSUING, scope=Scope("09"))) | issued(**SOFTWARE)),
    ("accreditation", W, "no-accreditation-on-record",
     asked_of(link(AGENCY, ISSUER, ISSUING, scope=Scope(jurisdiction="AT")),
              policy=POLICY.model_copy(update={"jurisdiction": "HR"}))),
    ("accreditation", F, "no-accreditation-on-record", asked_of(policy=STRICT)),
    ("accreditation", U, "no-anchor-time", asked_of(ACCREDITED, facts=with_facts(batch=None))),
    ("accreditation", U, "chain-not-asked", {"policy": POLICY}),
    ("accreditation", U, "chain-unreachable", {"policy": STRICT, "ledger": DOWN}),
    ("accreditation", U, "chain-unreachable", asked_of(ACCREDITED, facts=DOWN)),
    ("accreditation", U, "chain-behind",
     {"policy": POLICY, "ledger": Ledger(as_of=BlockRef(99, b"h" * 32, REGISTERED))}),
    ("accreditation", U, "head-stale", asked_of(ACCREDITED, facts=aged(timedelta(days=2)))),
    ("accreditation", P, "accredited", asked_of(ACCREDITED, facts=aged(timedelta(minutes=11)))),
    ("accreditation", U, "other-chain",
     asked_of(ACCREDITED, policy=POLICY.model_copy(update={"chain": OTHER_CHAIN}))),
    ("accreditation", P, "accredited", asked_of(ACCREDITED, policy=POLICY.model_copy(update={"chain": CHAIN}))),
    ("accreditation", U, "no-receipt", asked_of(ACCREDITED, receipt=None)),
    ("recognition", P, "recognition-not-needed", asked_of(ACCREDITED)),
    ("recognition", P, "recognised", asked_of(*ABROAD)),
    ("recognition", W, "recognised-then",
     asked_of(link(AGENCY, NEIGHBOUR, RECOGNISING, VOID), link(NEIGHBOUR, ISSUER, ISSUING))),
    ("recognition", F, "recognised-then",
     asked_of(link(AGENCY, NEIGHBOUR, RECOGNISING, VOID), link(NEIGHBOUR, ISSUER, ISSUING), policy=STRICT)),
    ("recognition", W, "recognised-since",
     asked_of(link(AGENCY, NEIGHBOUR, RECOGNISING, recorded_at=READ), link(NEIGHBOUR, ISSUER, ISSUING))),
    ("recognition", W, "no-recognition-on-record", asked_of(link(NEIGHBOUR, ISSUER, ISSUING))),
    ("recognition", W, "no-recognition-on-record",
     asked_of(link(AGENCY, BUREAU, RECOGNISING), link(BUREAU, NEIGHBOUR, RECOGNISING), ABROAD[1])),
    ("recognition", U, "no-receipt", asked_of(ACCREDITED, receipt=None)),
    ("recognition", U, "chain-not-asked", {"policy": POLICY}),
    ("integrity", P, "foreign-intact", ATTESTED),
    ("integrity", F, "digest-differs", foreign(b"a:string:Ada", b"a:string:Eve")),
    ("integrity", U, "foreign-unread", foreign(b'"targetHash":"', b'"targetHash":"x')),
    ("dates", F, "expired", foreign(b"Ada", b"Ada\",\"validUntil\":\"a:string:2020-01-01T00:00:00Z")),
    ("inclusion", P, "foreign-included", ATTESTED),
    ("inclusion", F, "root-differs", foreign(b'"proof":["01', b'"proof":["02')),
    ("inclusion", U, "foreign-unread", foreign(b'"targetHash":"', b'"targetHash":"x')),
    ("anchor", U, "foreign-anchor", ATTESTED),
    ("issuer", U, "foreign-anchor", ATTESTED),
    ("status", U, "foreign-anchor", ATTESTED),
    ("accreditation", U, "foreign-anchor", ATTESTED | {"policy": POLICY}),
    ("recognition", U, "foreign-anchor", ATTESTED | {"policy": POLICY}),
    ("register", P, "register-listed", listed_in(LISTED)),
    ("register", P, "register-listed",
     listed_in(LISTED, later=[LISTED, replace(NEGATIVE, holders=(replace(UNIVERSITY, party=9),))])),
    ("register", P, "register-listed",
     listed_in(OF_A_PROGRAMME) | issued(credentialSubject={"achievement": {"id": "urn:programme:1"}})),
    ("register", P, "register-conditional", listed_in(replace(LISTED, ruling=Ruling.CONDITIONAL, condition="Staff."))),
    ("register", W, "register-listed-since", listed_in(LISTED, at=AFTER)),
    ("register", W, "register-listed-since", listed_in(LISTED, at=AFTER, policy=REQUIRING)),
    ("register", W, "register-listed-since", listed_in(NEGATIVE, later=[LISTED])),
    ("register", W, "register-listed-then", listed_in(LISTED, later=[replace(LISTED, valid_from=date(2026, 1, 15))])),
    ("register", F, "register-listed-then", listed_in(LISTED, later=[OF_A_PROGRAMME], policy=REQUIRING)),
    ("register", W, "register-negative", listed_in(NEGATIVE)),
    ("register", F, "register-negative", listed_in(LISTED, later=[NEGATIVE], policy=REQUIRING)),
    ("register", W, "register-no-ruling", listed_in(replace(LISTED, ruling=Ruling.NOT_APPLICABLE))),
    ("register", W, "register-lapsed", listed_in(replace(LISTED, valid_until=date(2026, 1, 1)))),
    ("register", F, "register-lapsed", listed_in(replace(LISTED, valid_until=date(2026, 1, 1)), policy=REQUIRING)),
    ("register", W, "register-not-yet", listed_in(replace(LISTED, valid_from=date(2026, 1, 2)))),
    ("register", W, "register-other-scope", listed_in(OF_A_PROGRAMME)),
    ("register", W, "register-other-scope",
     listed_in(OF_A_PROGRAMME) | issued(credentialSubject={"achievement": {"id": "urn:programme:2"}})),
    ("register", W, "register-not-listed", listed_in(replace(LISTED, holders=(replace(UNIVERSITY, party=9),)))),
    ("register", F, "register-not-listed", listed_in(policy=REQUIRING)),
    ("register", U, "register-ambiguous",
     listed_in(LISTED, replace(NEGATIVE, holders=(replace(UNIVERSITY, identifiers=(Identifier("deqar", "2"),)),)))),
    ("register", U, "register-not-anchored", listed_in(LISTED, changes={})),
    ("register", U, "register-not-anchored", listed_in(LISTED, changes={"leaf_count": 2})),
    ("register", U, "register-voided", listed_in(LISTED, changes={"voided_at": AFTER})),
    ("register", U, "register-other", listed_in(LISTED, party=MIRROR + 1)),
    ("register", U, "register-other", listed_in(LISTED, contract="0x" + "cd" * 20)),
    ("register", U, "register-not-here", {
        "policy": LISTING,
        "registers": [register_of(LISTING.registers[0], [], {}, chain=CHAIN, contract=CONTRACT,
                                  as_of=BlockRef(200, b"h" * 32, READ), final=95)]}),
    ("register", U, "no-receipt", listed_in(LISTED) | {"receipt": None}),
    ("register", U, "chain-not-asked", {"policy": LISTING}),
    ("register", U, "chain-unreachable", {"policy": LISTING, "registers": DOWN}),
    ("register", U, "chain-unreachable", listed_in(LISTED) | {"facts": DOWN}),
    ("register", U, "no-anchor-time", listed_in(LISTED) | {"facts": with_facts(batch=None)}),
    ("register", U, "head-stale", listed_in(LISTED) | {"facts": aged(timedelta(days=2))}),
    ("register", U, "other-chain", {"policy": LISTING.model_copy(update={"chain": OTHER_CHAIN}), "registers": []}),
    ("register", U, "foreign-anchor", ATTESTED | {"policy": LISTING}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "outcome", "code", "changes"), CASES)
def test_reason(name: str, outcome: Outcome, code: str, changes: dict[str, Any]) -> None:
    verdict = WORLD.verify(**changes)
    check = verdict.check(name)
    assert (check.outcome, check.code) == (outcome, code), check.text
    policy = changes.get("policy")
    asked = POLICY_CHECK_NAMES[:2] if policy and policy.bodies else ()
    asked += POLICY_CHECK_NAMES[2:] if policy and policy.registers else ()
    assert tuple(check.name for check in verdict.checks) == (*CHECK_NAMES, *asked)
    assert check.text[0].isupper()
    assert check.text.endswith(".")
    assert ".." not in check.text
    if outcome in (Outcome.FAIL, Outcome.UNKNOWN):
        assert verdict.overall in (Overall.NOT_VALID, Overall.COULD_NOT_BE_CHECKED)
    jsonschema.validate(json.loads(orjson.dumps(verdict.to_dict())), verdict_schema())


def test_every_declared_reason_is_reached() -> None:
    reached = {code for _, _, code, _ in CASES}
    # What the page says that reads no registers, no check here says.
    elsewhere = {Code.REGISTERS_NOT_READ_HERE}
    assert set(Code) - elsewhere <= reached
    foreign = {
        "syntax", "invalid-utf8", "duplicate-key", "not-a-number", "integer-range", "number-range", "lone-surrogate",
        "not-an-object", "too-large", "too-deep", "path-length", "index-range", "count-range", "node-length",
        "chain-unreachable", "missing-field", "rdf-undefined",
    }  # fmt: skip
    assert reached == set(Code) - elsewhere | foreign


def test_every_reason_is_documented() -> None:
    text = (ROOT / "docs/reference/verdict.md").read_text()
    missing = {code for _, _, code, _ in CASES if f"`{code}`" not in text}
    assert not missing | {code for code in AbsenceCode if f"`{code}`" not in text}


def test_the_published_schema_is_the_generated_one() -> None:
    published = json.loads((ROOT / "registry/schemas/verdict.schema.json").read_text())
    assert published == verdict_schema(), "run scripts/build_schemas.py"
    jsonschema.Draft202012Validator.check_schema(published)


def test_a_good_credential_is_valid() -> None:
    verdict = WORLD.verify()
    assert (verdict.overall, verdict.exit_code) == (Overall.VALID, 0)
    assert (verdict.anchored_at, verdict.issuer, verdict.root) == (ANCHORED, ISSUER, WORLD.tree.root)
    assert verdict.as_of == WORLD.facts.as_of


@pytest.mark.parametrize(
    ("changes", "expected", "exit_code"),
    [
        ({"facts": with_facts(final=False)}, Overall.VALID_WITH_WARNING, 0),
        ({"facts": DOWN}, Overall.COULD_NOT_BE_CHECKED, 2),
        ({"facts": DOWN, "document": credential(id="x")}, Overall.NOT_VALID, 1),
        ({"facts": with_facts(batch=None)}, Overall.NOT_VALID, 1),
    ],
)
def test_exit_codes(changes: dict[str, Any], expected: Overall, exit_code: int) -> None:
    verdict = WORLD.verify(**changes)
    assert (verdict.overall, verdict.exit_code, verdict.to_dict()["exitCode"]) == (expected, exit_code, exit_code)


def test_the_time_of_an_anchor_that_does_not_stand_is_not_shown() -> None:
    assert WORLD.verify(facts=with_facts(batch=None)).anchored_at is None
    assert WORLD.verify(receipt=block_with(number=99)).anchored_at is None
    assert WORLD.verify(facts=DOWN).as_of is None


@given(st.lists(st.sampled_from(Outcome), max_size=8))
def test_what_checks_come_to(outcomes: list[Outcome]) -> None:
    result = overall(tuple(Check("dates", outcome, "x", "X.") for outcome in outcomes))
    if result is Overall.VALID:
        assert outcomes
        assert set(outcomes) == {P}
    assert (F in outcomes) == (result is Overall.NOT_VALID)
    if U in outcomes:
        assert result in (Overall.NOT_VALID, Overall.COULD_NOT_BE_CHECKED)


def test_unknown_never_becomes_valid() -> None:
    """Every combination of what a chain may say: only the one in which all of it is good is valid."""
    axes: dict[str, tuple[Any, ...]] = {
        "reach": ("asked", "down", "not asked"),
        "chain": (CHAIN, OTHER_CHAIN),
        "party": (PARTY, replace(PARTY, retired_at=READ), replace(PARTY, id=8), None),
        "batch": ("same", "other count", "other root", "not final", "voided", "later", None),
        "revoked": (False, True),
        "suspended": (False, True),
        "by_digest": (None, NOTHING_SAID, REVOKED, SUSPENDED),
        "trust": (TRUST, Trust()),
        "receipt": (WORLD.receipt, WORLD.pending, None),
    }
    changes: dict[str, dict[str, Any]] = {
        "same": {}, "other count": {"leaf_count": 9}, "other root": {"root": b"r" * 32}, "not final": {},
        "voided": {"voided_at": READ}, "later": {"block_number": 300},
    }  # fmt: skip
    good = 0
    document = DigestedDocument(WORLD.digest, json.loads(WORLD.document))
    for values in itertools.product(*axes.values()):
        case = dict(zip(axes, values, strict=True))
        batch = replace(WORLD.batch(), **changes[case["batch"]]) if case["batch"] else None
        facts = replace(
            WORLD.facts, chain=case["chain"], party=case["party"], batch=batch, final=case["batch"] != "not final",
            revoked=case["revoked"], suspended=case["suspended"], by_digest=case["by_digest"],
        )  # fmt: skip
        answers: dict[str, ChainFacts | FactsUnavailable | None] = {"asked": facts, "down": DOWN, "not asked": None}
        verdict = verify(document, "x.json", case["receipt"], answers[case["reach"]], now=NOW, trust=case["trust"])
        clean = (
            case["reach"] == "asked"
            and case["chain"] == CHAIN
            and case["party"] is not None
            and case["party"].id == ISSUER
            and not case["revoked"]
            and not case["suspended"]
            and case["by_digest"] in (None, NOTHING_SAID)
            and case["trust"] is TRUST
            and case["receipt"] is not None
        )
        assert (verdict.overall is Overall.VALID) == (clean and case["batch"] == "same"), case
        assert (verdict.overall is Overall.VALID_WITH_WARNING) == (clean and case["batch"] == "not final"), case
        good += verdict.overall is Overall.VALID
    assert good == 8  # retired since or not, receipt pending or not, a registry of either edition


def test_without_bodies_in_a_policy_nothing_is_asked() -> None:
    believed = Policy(issuers=(KnownParty(party=ISSUER, name="Uni A"),))
    assert WORLD.verify(policy=Policy()) == WORLD.verify()
    assert WORLD.verify(policy=believed, trust=Trust()).overall is Overall.VALID
    assert "Uni A" in WORLD.verify(policy=believed).check("issuer").text
    named = Trust({ISSUER: "Uni B"})
    assert "Uni B" in WORLD.verify(policy=believed, trust=named).check("issuer").text


def test_a_policy_without_an_answer_is_never_valid() -> None:
    """Whatever keeps the accreditations from being read, the verdict is unknown, or worse."""
    behind = Ledger(asked_of(ACCREDITED)["ledger"].accreditations, BlockRef(99, b"h" * 32, REGISTERED))
    for policy, ledger in itertools.product((POLICY, STRICT), (None, DOWN, behind)):
        assert WORLD.verify(policy=policy, ledger=ledger).overall is Overall.COULD_NOT_BE_CHECKED


def test_a_link_with_conditions_is_told_in_the_verdict() -> None:
    """It holds, as on chain; a person is told whom to ask. Of the other check's links that check tells."""
    conditional = replace(ACCREDITED, condition_hash=b"c" * 32)
    verdict = WORLD.verify(**asked_of(conditional))
    told = " Number 1 is conditional: ask body 50 whether the conditions are met."
    assert (verdict.overall, verdict.check("accreditation").code) == (Overall.VALID, "accredited")
    assert verdict.check("accreditation").text.endswith(f".{told}")
    assert "conditional" not in verdict.check("recognition").text
    assert "conditional" not in WORLD.verify(**asked_of(ACCREDITED)).check("accreditation").text
    recognised = replace(ABROAD[0], condition_hash=b"c" * 32)
    verdict = WORLD.verify(**asked_of(recognised, ABROAD[1]))
    assert verdict.check("recognition").text.endswith(f".{told}")
    assert "conditional" not in verdict.check("accreditation").text
    withdrawn = replace(link(AGENCY, ISSUER, ISSUING, VOID), condition_hash=b"c" * 32)
    assert WORLD.verify(**asked_of(withdrawn)).check("accreditation").text.endswith(told)


def test_a_programme_is_told_by_its_first_digits() -> None:
    programme = "https://uni.example/programmes/nursing"
    named = Scope.from_words(programme=programme)
    stated = issued(credentialSubject={"achievement": {"id": programme}})
    short = f"(0x{named.programme.hex()[:8]}…) by"
    held = WORLD.verify(**stated, **asked_of(link(AGENCY, ISSUER, ISSUING, scope=named))).check("accreditation")
    assert short in held.text
    other = Scope.from_words("0913", programme=programme)
    missing = WORLD.verify(**asked_of(link(AGENCY, ISSUER, ISSUING, scope=other))).check("accreditation")
    assert f"programme 0x{other.programme.hex()[:8]}…" in missing.text
    assert named.programme.hex() not in held.text + missing.text


def test_an_issuer_nobody_named_is_valid_by_its_accreditation() -> None:
    verdict = WORLD.verify(**asked_of(*ABROAD, trust=Trust()))
    assert verdict.overall is Overall.VALID, verdict
    assert verdict.check("accreditation").text == (
        "Accreditation 2: on 2026-01-01T00:00:00Z issuer 7 was accredited for any field, any level, any type of "
        "qualification, in any jurisdiction by body 51."
    )
    assert verdict.check("recognition").text == "Recognition 1: body 50 (Agency of Examples) recognised body 51."


def test_what_is_missing_is_said_as_missing() -> None:
    """A record that is not there says nothing about the issuer."""
    for links in ((), (link(BUREAU, ISSUER, ISSUING),), (link(AGENCY, ISSUER, ISSUING, VOID),)):
        verdict = WORLD.verify(**asked_of(*links))
        texts = " ".join(check.text for check in verdict.checks)
        assert "not recognised" not in texts
        assert "o agreement on record" in texts


def test_what_is_said_of_the_credential_itself_is_told_as_that() -> None:
    revoked = WORLD.verify(facts=with_facts(by_digest=REVOKED)).check("status").text
    assert revoked.startswith(
        "The issuer has revoked it by its digest, wherever it is anchored, on 2026-03-01T00:00:00Z, reason: "
        "obtained-by-fraud; as of block 200 of "
    ), revoked
    suspended = WORLD.verify(facts=with_facts(by_digest=SUSPENDED)).check("status").text
    assert "has suspended it by its digest, wherever it is anchored, on 2026-03-01T00:00:00Z, reason: under-review" in (
        suspended
    )
    # Of a registry in which nobody can say such a thing, nothing is claimed.
    for said, claimed in ((None, False), (NOTHING_SAID, True)):
        text = WORLD.verify(facts=with_facts(not_looked_at=1, by_digest=said)).check("status").text
        assert ("by its digest" in text.lower()) == claimed


class TestTampering:
    """One changed byte of document or receipt never comes out as valid."""

    @given(at=st.integers(0, len(WORLD.document) - 1), flip=st.integers(1, 255))
    @settings(max_examples=250, deadline=None)
    def test_of_the_document(self, at: int, flip: int) -> None:
        changed = bytearray(WORLD.document)
        changed[at] ^= flip
        verdict = WORLD.verify(document=bytes(changed))
        if verdict.overall is Overall.VALID:  # another way to write the same values, such as white space
            assert json.loads(changed) == json.loads(WORLD.document)
        else:
            assert verdict.overall is Overall.NOT_VALID

    @given(at=st.integers(0, len(PDF.document) - 1), flip=st.integers(1, 255))
    @settings(max_examples=60, deadline=None)
    def test_of_a_file(self, at: int, flip: int) -> None:
        changed = bytearray(PDF.document)
        changed[at] ^= flip
        assert PDF.verify(document=bytes(changed)).overall is Overall.NOT_VALID

    @pytest.mark.parametrize("encode", [to_json, to_cbor])
    @given(data=st.data())
    @settings(max_examples=250, deadline=None)
    def test_of_the_receipt(self, encode: Any, data: st.DataObject) -> None:
        changed = bytearray(encode(WORLD.receipt))
        at = data.draw(st.integers(0, len(changed) - 1))
        changed[at] ^= data.draw(st.integers(1, 255))
        try:
            receipt = receipts.parse(bytes(changed))
        except ReceiptError:
            return
        verdict = WORLD.verify(receipt=receipt, facts=WORLD.ask(receipt))
        assert verdict.overall is not Overall.VALID or receipt == WORLD.receipt

    def test_of_each_field_of_the_receipt(self) -> None:
        """Every hex digit, one up: slower to reach at random."""
        text = to_json(WORLD.receipt)
        for at, byte in enumerate(text):
            for other in b"0123456789abcdef":
                if other == byte or byte not in b"0123456789abcdef":
                    continue
                try:
                    receipt = receipts.parse(text[:at] + bytes([other]) + text[at + 1 :])
                except ReceiptError:
                    continue
                assert WORLD.verify(receipt=receipt, facts=WORLD.ask(receipt)).overall is not Overall.VALID

    def test_an_interior_node_does_not_pass_for_a_file(self) -> None:
        """64 bytes that are two nodes of the tree hash to their parent, which is no leaf of a tree with that count."""
        proof = PDF.tree.inclusion(0)
        leaf, sibling = PDF.tree.leaf(0), proof.path[0]
        forged = leaf + sibling
        digest = digest_bytes(forged, "forged.bin")
        for count in (4, 8, 7, 5):
            with pytest.raises(ReceiptError):
                self._receipt(digest, proof.path[1:] if count != 4 else proof.path, count)
        receipt = self._receipt(digest, proof.path[1:], 4)
        verdict = PDF.verify(document=forged, receipt=receipt)
        assert (verdict.overall, verdict.check("inclusion").code) == (Overall.NOT_VALID, "count-differs")

    @staticmethod
    def _receipt(digest: Digest, path: tuple[bytes, ...], count: int) -> Receipt:
        from registry.merkle.proof import InclusionProof

        return Receipt.of_batch(
            digest, PDF.tree.root, InclusionProof(0, count, path), chain=CHAIN, contract=CONTRACT, issuer=ISSUER
        )

    def test_an_expired_credential_does_not_pass_for_a_file(self) -> None:
        """The canonical bytes of a credential, called a file, have the digest of the credential."""
        expired = World(credential(validUntil="2026-01-15T00:00:00Z"))
        canonical = json.dumps(json.loads(expired.document), sort_keys=True, separators=(",", ":")).encode()
        receipt = expired.receipt.model_copy(
            update={"digest": expired.receipt.digest.model_copy(update={"method": DigestMethod.FILE})}
        )
        verdict = expired.verify(document=canonical, name="diploma.txt", receipt=receipt)
        assert verdict.check("integrity").outcome is P
        assert (verdict.overall, verdict.check("dates").code) == (Overall.NOT_VALID, "expired")
        small = expired.verify(document=canonical, receipt=receipt, limits=Limits(max_bytes=100))
        assert small.check("dates").code == "dates-unread"

    def test_embedding_the_receipt_changes_no_verdict(self) -> None:
        carrying = orjson.dumps(receipts.embed(json.loads(WORLD.document), WORLD.receipt))
        [found] = receipts.embedded(json.loads(carrying))
        receipt = found.read
        assert WORLD.verify(document=carrying, receipt=receipt) == WORLD.verify()


def test_what_a_stranger_writes_into_a_credential_raises_nothing() -> None:
    """A document is of any shape; each of these is anchored, so every check gets to see it."""
    odd: list[Any] = [
        None,
        True,
        0,
        1.5,
        "",
        "x",
        "did:web:",
        "http://[",
        [],
        [[]],
        {},
        {"id": 1},
        {"@value": 1},
        "٢٠٢٦-٠١-٠١",
    ]
    policy = asked_of(ACCREDITED)
    for member in ("issuer", "badge", "credentialStatus", "credentialSubject", "validFrom", "validUntil", "expires"):
        for value in odd:
            nested = dict.fromkeys(("issuer", "name", "url", "id", "achievement", "alignment"), value)
            WORLD.verify(**issued(**{member: value}), **policy)
            WORLD.verify(**issued(**{member: nested}), **policy)
            for part in ("achievementType", "fieldOfStudy", "alignment"):
                WORLD.verify(**issued(**{member: {"achievement": [{part: value}]}}), **policy)
            for part in ("targetCode", "targetUrl", "targetFramework"):
                aligned = {"achievement": {"alignment": [{"targetFramework": "ISCED EQF", part: value}]}}
                WORLD.verify(**issued(**{member: aligned}), **policy)


@given(st.datetimes(timezones=st.just(UTC)), st.integers(-24 * 60 + 1, 24 * 60 - 1))
@settings(max_examples=80, deadline=None)
def test_dates_agree_with_the_clock(moment: datetime, offset: int) -> None:
    try:
        local = moment.astimezone(timezone(timedelta(minutes=offset)))
    except OverflowError:
        return
    claims = {"validUntil": local.isoformat()}
    check = verify(DigestedDocument(WORLD.digest, claims), "x", None, None, now=NOW, trust=TRUST).check("dates")
    assert check.code == ("expired" if moment <= NOW else "within-dates")


def test_now_has_a_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        WORLD.verify(now=datetime(2026, 1, 1))


def test_text_for_people() -> None:
    verdict = WORLD.verify(facts=with_facts(revoked=True, status_reason="obtained-by-fraud"), trust=Trust({7: "Uni A"}))
    assert "obtained-by-fraud" in verdict.check("status").text
    assert "Uni A" in verdict.check("issuer").text
    assert verdict.check("anchor").text.startswith("Anchored by issuer 7 on 2026-01-01T00:00:00Z in block 100")
    assert WORLD.verify(facts=DOWN).check("anchor").text == "No answer from the chain. Try again later."
    at = replace(DOWN, what="http://localhost:8545: no answer.")
    assert WORLD.verify(facts=at).check("status").text == "http://localhost:8545: no answer. Try again later."


class TestAbsence:
    """Never issued: only with a proof for each batch."""

    digest = hashlib.sha256(b"never issued").digest()
    trees = tuple(
        Tree.build(hashlib.sha256(bytes([batch, leaf])).digest() for leaf in range(5 + batch)) for batch in range(3)
    )
    batches = tuple(
        Batch(ISSUER, tree.root, ANCHORED, 100 + number, tree.leaf_count, number)
        for number, tree in enumerate(trees, 1)
    )
    as_of = BlockRef(200, b"h" * 32, READ)

    def ask(self, **changes: Any) -> Any:
        arguments: dict[str, Any] = {
            "digest": self.digest,
            "issuer": ISSUER,
            "proofs": {tree.root: tree.absence(self.digest) for tree in self.trees},
            "batches": self.batches,
            "checks": {tree.root: TreeCheck.SORTED for tree in self.trees},
            "sequence": 3,
            "as_of": self.as_of,
        } | changes
        return verify_absence(**arguments)

    def test_absent(self) -> None:
        verdict = self.ask()
        assert (verdict.outcome, verdict.code, verdict.exit_code) == (Absence.ABSENT, "absent", 0)
        assert verdict.text.startswith("Never issued by issuer 7: it is in none of its 3 batches up to block 200")
        assert self.ask(batches=self.batches[::-1]) == verdict
        assert json.loads(orjson.dumps(verdict.to_dict()))["outcome"] == "absent"

    def test_of_a_chain_that_stands_still_nothing_is_absent(self) -> None:
        for age, code in ((timedelta(days=2), "head-stale"), (timedelta(days=-2), "head-ahead")):
            self.unknown(code, age=head_age(READ, READ + age))
        late = self.ask(age=head_age(READ, READ + timedelta(minutes=11)))
        assert (late.outcome, late.code) == (Absence.ABSENT, "absent")
        assert "The newest block is 11 minutes old." in late.text

    def test_an_issuer_without_batches(self) -> None:
        assert self.ask(batches=(), proofs={}, sequence=0).code == "no-batches"

    def test_present(self) -> None:
        digest = self.trees[1].leaf(2)
        proofs = {tree.root: tree.absence(digest) for tree in (self.trees[0], self.trees[2])}
        verdict = self.ask(digest=digest, proofs=proofs | {self.trees[1].root: self.trees[1].inclusion(2)})
        assert (verdict.outcome, verdict.sequences, verdict.exit_code) == (Absence.PRESENT, (2,), 1)
        alone = self.ask(digest=digest, proofs={self.trees[1].root: self.trees[1].inclusion(2)})
        assert alone.outcome is Absence.PRESENT

    def unknown(self, code: str, sequences: tuple[int, ...] = (), **changes: Any) -> None:
        verdict = self.ask(**changes)
        assert (verdict.outcome, verdict.code) == (Absence.COULD_NOT_BE_CHECKED, code)
        assert (verdict.sequences, verdict.exit_code) == (sequences, 2)

    def test_a_missing_batch_or_proof_is_named(self) -> None:
        self.unknown("batch-missing", (4, 5), sequence=5)
        self.unknown("batch-missing", (2,), batches=self.batches[::2])
        self.unknown("proof-missing", (1, 3), proofs={self.trees[1].root: self.trees[1].absence(self.digest)})
        many = self.ask(batches=(), sequence=1000)
        assert "and 990 more" in many.text

    def test_a_proof_that_does_not_hold_is_named(self) -> None:
        proofs = {tree.root: tree.absence(self.digest) for tree in self.trees}
        other = self.trees[0].absence(self.digest)
        self.unknown("proof-refused", (2,), proofs=proofs | {self.trees[1].root: other})
        self.unknown("proof-refused", (2,), proofs=proofs | {self.trees[1].root: self.trees[1].inclusion(0)})

    def test_the_leaf_count_is_the_chain_s(self) -> None:
        shorter = replace(self.batches[0], leaf_count=4)
        self.unknown("proof-refused", (1,), batches=(shorter, *self.batches[1:]))

    def test_a_proof_for_every_leaf_of_the_batch_is_refused(self) -> None:
        """No digest that is in a batch can be shown absent with that batch's own leaves as neighbours."""
        tree = self.trees[0]
        for index in range(tree.leaf_count):
            verdict = self.ask(digest=tree.leaf(index))
            assert verdict.outcome is Absence.COULD_NOT_BE_CHECKED

    def test_an_unreachable_chain(self) -> None:
        verdict = self.ask(batches=DOWN)
        assert (verdict.outcome, verdict.code, verdict.as_of) == (
            Absence.COULD_NOT_BE_CHECKED, "chain-unreachable", None,
        )  # fmt: skip

    @pytest.mark.parametrize(
        "change",
        [{"issuer": 8}, {"sequence": 4}, {"sequence": 0}, {"sequence": 1}, {"block_number": 201},
         {"anchored_at": READ + timedelta(seconds=1)}],
    )  # fmt: skip
    def test_answers_that_cannot_be_true(self, change: dict[str, Any]) -> None:
        self.unknown("facts-contradict", batches=(*self.batches[:2], replace(self.batches[2], **change)))

    def test_the_same_batch_does_not_count_twice(self) -> None:
        twice = replace(self.batches[0], sequence=2)
        self.unknown("facts-contradict", batches=(self.batches[0], twice), sequence=2)

    @pytest.mark.parametrize("check", [TreeCheck.UNCHECKED, TreeCheck.UNSORTED, None])
    def test_neighbours_say_nothing_where_the_leaves_were_not_read_and_found_in_order(
        self, check: TreeCheck | None
    ) -> None:
        checks = {tree.root: TreeCheck.SORTED for tree in self.trees}
        checks |= {} if check is None else {self.trees[1].root: check}
        if check is None:
            del checks[self.trees[1].root]
        self.unknown("tree-unsorted" if check is TreeCheck.UNSORTED else "tree-unchecked", (2,), checks=checks)
        # What is in it is proved without an order.
        digest = self.trees[1].leaf(2)
        proofs = {tree.root: tree.absence(digest) for tree in (self.trees[0], self.trees[2])}
        told = self.ask(digest=digest, checks={}, proofs=proofs | {self.trees[1].root: self.trees[1].inclusion(2)})
        assert told.outcome is Absence.PRESENT

    def test_of_proofs_alone_absent_is_said_under_a_condition(self) -> None:
        checks = {tree.root: TreeCheck.UNATTESTED for tree in self.trees}
        self.unknown("absent-if-sorted", (1, 2, 3), checks=checks)
        checks[self.trees[0].root] = TreeCheck.SORTED
        self.unknown("absent-if-sorted", (2, 3), checks=checks)
        checks[self.trees[1].root] = TreeCheck.UNCHECKED
        self.unknown("tree-unchecked", (2,), checks=checks)

    def test_a_batch_that_states_no_count_is_named(self) -> None:
        bare = (self.batches[0], replace(self.batches[1], leaf_count=0), self.batches[2])
        self.unknown("count-unstated", (2,), batches=bare)

    def test_every_code_is_reached(self) -> None:
        assert set(AbsenceCode) == {
            "absent", "no-batches", "present", "batch-missing", "proof-missing", "proof-refused", "facts-contradict",
            "tree-unsorted", "tree-unchecked", "absent-if-sorted", "count-unstated", "head-stale", "head-ahead",
        }  # fmt: skip
