"""Credentials, receipts and facts at random, as often in order as not: what verdicts are made of."""

from __future__ import annotations

import base64
import hashlib
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from registry.anchors import AnchorPlace, AnchorState
from registry.credential.digest import Digest, DigestMethod
from registry.document.reading import read_document
from registry.errors import ReceiptError
from registry.merkle.tree import Tree
from registry.proofs.signatures.keys import did_key, did_key_method
from registry.proofs.signatures.suites import Suite, sign
from registry.receipt.model import Receipt, parse, to_cbor, to_json
from registry.records import NOTHING_SAID, Anchor, Batch, BlockRef, DigestStatus, Party, Reason
from registry.verify.freshness import evidence_age, head_age
from registry.verify.policy import KnownParty, Policy
from registry.verify.verdict import Basis, ChainFacts, FactsUnavailable, Ground, Trust
from tests.carriers import jades, jwt, presentation, sd_jwt, sd_jwt_in_json
from tests.web.said import said_json

MADE_BY_BOTH = [method for method in DigestMethod if method is not DigestMethod.VC_RDFC]
"""The page says of the other that it cannot make it (`test_verdicts.py`)."""
NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHAINS: Final = ["eip155:1"] * 6 + [
    "eip155:10",
    "eip155:11155111",
    "eip155:31337",
    "eip155:1414747213",
    "eip155:987654321",
]
CONTRACT: Final = "0x" + "c0" * 20
DATES: Final[list[Any]] = [
    "2025-12-31T00:00:00Z",
    "2025-12-31T00:00:00Z",
    "2025-12-31T10:00:00+01:00",
    "2025-12-31",
    "2025",
    "2025-12",
    "20251231T000000Z",
    "2025/12/31 10:00",
    "2025-12-31T24:00:00Z",
    "2025-12-31T23:59:60Z",
    "31.12.2025",
    "03/04/2016",
    "2026-03-01T12:00:00Z",
    "2026-03-01",
    "2026-03-01T13:00:00.1234567Z",
    "2027-01-01T00:00:00Z",
    "2030",
    "9999-12-31",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01",
    "0000-01-01",
    "2025-02-30",
    "2025-13-01",
    "soon",
    "",
    [],
    None,
    True,
    1735689600,
    1735689600.5,
    1735689600000,
    1e20,
    -5.5,
    -1e16,
    "1735689600",
    "1735689600000.5",
    {"@value": "2025-01-01"},
    ["2025-01-01T00:00:00Z", "2028-01-01T00:00:00Z"],
    {"@value": ["2024", "2025"]},
    {},
    " 2025-06-01T00:00:00Z ",
    "2025-06-01T00:00+0530",
    "2025-06-01T00:00 Z",
    "2026-03-01T12:00:00.000001Z",
    "2025-06-01T00:00:00+25:00",
    0.1,
    1.0000005,
]
ISSUERS: Final[list[Any]] = [
    "did:web:uni.example",
    "did:web:uni.example:people",
    "https://uni.example",
    "https://UNI.example/a?b",
    "http://uni.example:80",
    {"id": "did:web:uni.example", "name": "University of Examples"},
    {"name": "Universität Straße"},
    {"name": "UNIVERSITÄT STRASSE"},
    {"id": "did:web:other.example", "name": "Уніvеrsіty"},
    {"name": ["A", {"@value": "université  d'Exemple"}]},
    {"name": "b\u202eroken"},
    "https://müller.example/",
    "did:web:xn--mller-kva.example",
    "did:web:uni.example%3A8080",
    ["did:web:a.example", {"url": "https://uni.example/x"}],
    {},
    [],
    7,
    None,
    "раураӏ",
    "Κολλέγιο Ελλάδας",
    "東京大学",
    "東京Daigaku",
    "нет school",
    "क्\u200dष",
    "a\u200db",
    {"id": "urn:uuid:1"},
    "https://uni․example",
    "did:web:",
    "x" * 400,
    "𝐔niversity",
    "Ａ",
    "ſchool K",
    "ĳ ı",
    "https://[::1]/",
    "https://a b@uni.example/",
]
KEYS: Final = [Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2)]
CURVE_KEYS: Final = [ec.derive_private_key(5, curve) for curve in (ec.SECP256R1(), ec.SECP384R1())]
OTHER_KEY: Final = Ed25519PrivateKey.from_private_bytes(b"\3" * 32)
NAMES: Final = ["", "", "University of Examples", "Universität Straße", "université d'exemple", "ПРИМЕР", "school k"]


def instant(chance: random.Random, low: int = 2_000, high: int = 400) -> datetime:
    """A moment around now, in whole seconds."""
    return NOW + timedelta(seconds=chance.randint(-low * 86_400, high * 86_400))


def credential(chance: random.Random, *, deep: bool = True) -> dict[str, Any]:
    """A document, of one of the kinds that there are."""
    document: dict[str, Any] = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": chance.choice(
            [
                ["VerifiableCredential"],
                "VerifiableCredential",
                ["VerifiableCredential", "OpenBadgeCredential"],
                "Diploma",
                "Assertion",
            ]
        ),
        "id": f"urn:uuid:{chance.getrandbits(128):032x}",
        "credentialSubject": {
            "name": chance.choice(["Ana", "Zoë", "李"]),
            "gpa": chance.choice([3.9, 1e21, 5, 1e-7]),
            "n": chance.randint(-9, 9),
        },
    }
    if chance.random() < 0.85:
        document["issuer"] = chance.choice(ISSUERS)
    for name in chance.sample(
        ["validFrom", "issuanceDate", "issuedOn", "issued", "validSince"], chance.choice([0, 1, 1, 1, 2])
    ):
        document[name] = chance.choice(DATES[:3] if chance.random() < 0.5 else DATES)
    for name in chance.sample(
        ["validUntil", "expirationDate", "expires", "date_of_expiry", "exp"], chance.choice([0, 0, 1, 1])
    ):
        document[name] = chance.choice(DATES)
    if chance.random() < 0.15:
        document["credentialStatus"] = chance.choice([{"id": "https://x.example/1"}, {}, [], None, 0, 0.0])
    if chance.random() < 0.1:
        document["badge"] = {
            "issuer": chance.choice(ISSUERS),
            "revocationList": chance.choice(["", "https://x.example"]),
        }
        document["verification"] = chance.choice([{"type": "hosted"}, {}, {"revocationList": "u"}])
    if chance.random() < 0.25:
        document["proof"] = chance.choice(
            [
                [{"type": "DataIntegrityProof", "cryptosuite": chance.choice(["eddsa-jcs-2022", "bbs-2023"])}],
                {"type": "Ed25519Signature2020"},
                "x",
                [None, {"type": 5}],
                [{"type": "a\u202eb" * 40}],
            ]
        )
    if chance.random() < 0.06:
        kinds = [["Seal", "Extension"], "DataIntegrityProof", ["\U0001f600", "\uff21"], []]
        document["signature"] = {"type": chance.choice(kinds)}
    if chance.random() < 0.04:
        document |= {"iss": "https://uni.example", "nbf": chance.choice(DATES), "vct": "x"}
    if deep and chance.random() < 0.2:
        inner = credential(chance, deep=False)
        held: Any = chance.choice(
            [
                inner,
                [inner, credential(chance, deep=False)],
                json.dumps(inner),
                "https://x.example/vc",
                jwt(inner).decode(),
                5,
            ]
        )
        where = chance.choice(["verifiableCredential", "credential", "vc", "assertion", "document"])
        if chance.random() < 0.3:
            document["credentialSubject"] = chance.choice(
                [{"verifiableCredential": held}, [{"verifiableCredential": held}, 1]]
            )
        else:
            document[where] = held
    return signed(chance, document) if chance.random() < 0.2 else document


def signed(chance: random.Random, document: dict[str, Any]) -> dict[str, Any]:
    """A document with a signature, as often broken or of a kind that is not checked as not."""
    key = chance.choice([*KEYS, *CURVE_KEYS])
    if chance.random() < 0.5:
        document.pop("proof", None)
    purpose = chance.choice(["assertionMethod"] * 9 + ["authentication"])
    suite = Suite.for_key(key, is_rdf=False)
    expires = chance.choice([None] * 4 + [NOW, NOW + timedelta(seconds=1)])
    made = sign(document, key, did_key_method(key), NOW, suite, purpose=purpose, expires=expires)
    proof = made["proof"][-1] if isinstance(made["proof"], list) else made["proof"]
    change: Callable[[], object] = chance.choice(
        [
            *[lambda: None] * 5,
            lambda: made.update(id="urn:changed"),
            lambda: made.update({"@context": [*made["@context"], "https://more.example"]}),
            lambda: made.update({"@context": made["@context"][0]}),
            lambda: proof.update(proofValue=proof["proofValue"][:-1] + "1"),
            lambda: proof.update(proofValue="z" + "1" * chance.choice([3, 64, 300])),
            lambda: proof.pop("proofValue"),
            lambda: proof.update(verificationMethod="did:web:uni.example#key"),
            lambda: proof.update(verificationMethod=did_key_method(OTHER_KEY)),
            lambda: proof.update(verificationMethod=proof["verificationMethod"] + "x"),
            lambda: proof.update(expires="2020-01-01T00:00:00Z"),
            lambda: proof.update(created="2020-01-01T00:00:00Z"),
            lambda: proof.update(domain="a.example"),
            lambda: proof.update(cryptosuite=chance.choice(["eddsa-jcs-2022", "ecdsa-jcs-2019", "bbs-2023"])),
            lambda: made.update(proof=[proof] * chance.choice([2, 8, 9])),
        ]
    )
    change()
    return made


def written(chance: random.Random) -> tuple[bytes, str]:
    """A file, and its name."""
    document = credential(chance)
    text = json.dumps(document, ensure_ascii=chance.random() < 0.5, indent=chance.choice([None, 1])).encode()
    kind = chance.random()
    name = chance.choice(["diploma.json", "diploma.jsonld", "Diploma.JSON", "diploma.txt", "diploma"])
    if kind < 0.7:
        return text, chance.choice(["diploma.json", "diploma.json", name])
    odd: list[Callable[[], bytes]] = [
        lambda: text[: chance.randrange(len(text))],
        lambda: b"\xef\xbb\xbf" + text,
        lambda: text.decode().encode("utf-16"),
        lambda: text.decode().encode("utf-16-be"),
        lambda: text.replace(b'"id"', b'"issuer":"x","validUntil":"2020-01-01T00:00:00Z","issuer":"y","id"', 1),
        lambda: text.replace(b'"n"', b'"big":100000000000000000000,"n"', 1),
        lambda: text.replace(b'"n"', b'"big":123456789012345678901,"n"', 1),
        lambda: text.replace(b'"n"', b'"bad":NaN,"n"', 1),
        lambda: text.replace(b'"n"', b'"bad":"\\ud800","n"', 1),
        lambda: b"[" + text + b"]",
        lambda: json.dumps(document).encode() + b"\n" + json.dumps(credential(chance)).encode() + b"\n",
        lambda: text.replace(b'"', b"'"),
        lambda: bytes(chance.getrandbits(8) for _ in range(chance.randrange(80))),
        lambda: "A diploma für Zoë".encode(chance.choice(["utf-8", "latin-1"])),
        lambda: b"0x" + hashlib.sha256(text).hexdigest().encode() + b"\n",
        lambda: jwt(document) + chance.choice([b"", b"\n"]),
        lambda: jwt({"vc": document, "exp": chance.choice(DATES), "iss": "https://uni.example"}),
        lambda: sd_jwt(document, {"validUntil": chance.choice(DATES), "name": "Ana"}, shown=chance.random() < 0.6),
        lambda: sd_jwt_in_json(document, {"validUntil": chance.choice(DATES)}, several=chance.random() < 0.5),
        lambda: jades(document, several=chance.random() < 0.5),
        lambda: presentation(document, jwt(document).decode(), credential(chance, deep=False)),
        lambda: json.dumps(
            {"type": "EnvelopedVerifiableCredential", "id": "data:application/vc+jwt," + jwt(document).decode()}
        ).encode(),
        lambda: json.dumps(
            {
                "type": "EnvelopedVerifiableCredential",
                "id": "data:application/json;base64," + base64.b64encode(text).decode(),
            }
        ).encode(),
        lambda: json.dumps({"type": "EnvelopedVerifiableCredential", "id": "data:image/png;q='a',xyz"}).encode(),
        lambda: b"\x1f\x8b\x08",
        lambda: b"null",
        lambda: b"",
    ]
    return chance.choice(odd)(), name


def digest_for(chance: random.Random, document: bytes, name: str) -> Digest:
    """One that a receipt may be of: mostly one that the document has."""
    found = read_document(document, name).digests
    kind = chance.random()
    if found and kind < 0.75:
        return chance.choice(found)
    if found and kind < 0.85:
        return Digest(chance.choice(MADE_BY_BOTH), chance.choice(found).value)
    return Digest(chance.choice(MADE_BY_BOTH), chance.randbytes(32))


def receipt_of(chance: random.Random, digest: Digest) -> Receipt:
    """A receipt of a batch of random others."""
    tree = Tree.build([digest.value, *(chance.randbytes(32) for _ in range(chance.choice([0, 1, 4, 40, 600])))])
    index = tree.index_of(digest.value)
    assert index is not None
    value = digest if chance.random() < 0.95 else Digest(digest.method, chance.randbytes(32))
    receipt = Receipt.of_batch(
        value,
        tree.root,
        tree.inclusion(index),
        chain=chance.choice(CHAINS),
        contract=CONTRACT,
        issuer=chance.choice([7, 7, 8]),
    )
    if chance.random() < 0.15:
        return receipt
    return receipt.anchored(
        sequence=chance.choice([3, 3, 3, 4]),
        transaction=chance.choice([b"t" * 32, b"t" * 32, b"u" * 32]),
        block_number=chance.choice([100, 100, 100, 101, 300]),
        block_hash=chance.choice([b"b" * 32, b"b" * 32, b"B" * 32]),
        timestamp=datetime(2026, 1, chance.choice([1, 1, 1, 2]), tzinfo=UTC),
    )


def status(chance: random.Random) -> DigestStatus:
    """What was said of a digest; mostly nothing."""
    if chance.random() < 0.8:
        return NOTHING_SAID
    revoked, suspended = chance.random() < 0.5, chance.random() < 0.5
    return DigestStatus(
        datetime(2026, 2, 1, tzinfo=UTC) if revoked else None,
        chance.choice(list(Reason)) if revoked else None,
        datetime(2026, chance.choice([2, 2, 3]), 2, tzinfo=UTC) if suspended else None,
        chance.choice(list(Reason)) if suspended else None,
    )


def facts_about(chance: random.Random, receipt: Receipt) -> ChainFacts | FactsUnavailable | None:
    """What a chain may have said of it."""
    kind = chance.random()
    if kind < 0.05:
        return None
    if kind < 0.1:
        return FactsUnavailable(
            "chain-unreachable",
            "no answer from the chain",
            chance.choice(["Try again later.", "https://x.example has help"]),
        )
    issuer, root = receipt.anchor.issuer, receipt.root
    party = Party(
        issuer if chance.random() < 0.97 else 9,
        "0x" + "aa" * 20,
        None,
        datetime(2025, 1, 1, tzinfo=UTC),
        chance.choice([None, None, None, datetime(2026, 2, 1, tzinfo=UTC), datetime(2025, 12, 1, tzinfo=UTC)]),
        3,
        bytes(32),
        chance.choice(
            ["https://uni.example/registry.json", "did:web:uni.example", "https://müller.example", "x:\u202e", "urn:a"]
            + [did_key(KEYS[0])] * 3
            + [did_key(key) for key in CURVE_KEYS]
        ),
    )
    voided = chance.random() < 0.06
    batch = Batch(
        issuer,
        root,
        datetime(2026, 1, 1, tzinfo=UTC),
        chance.choice([100, 100, 100, 100, 250]),
        chance.choice([receipt.inclusion.leaf_count] * 8 + [0, receipt.inclusion.leaf_count + 1]),
        3,
        datetime(2026, 2, 3, tzinfo=UTC) if voided else None,
        chance.choice(list(Reason)) if voided else None,
        chance.choice([None, Anchor("0x" + "cc" * 20, b"b" * 32, 0, b"t" * 32)]),
    )
    place = AnchorPlace(root, receipt.inclusion.leaf_index)
    others = []
    for _ in range(chance.choice([0, 0, 0, 1, 2])):
        others.append(
            AnchorState(
                chance.choice([issuer, issuer, 99]),
                AnchorPlace(chance.choice([root, b"o" * 32, b"p" * 32]), chance.choice([0, 1])),
                chance.random() < 0.3,
                chance.random() < 0.3,
                chance.random() < 0.3,
                chance.choice([None, place, AnchorPlace(b"o" * 32, 0), AnchorPlace(b"p" * 32, 1)]),
                chance.choice([None, "superseded"]),
                status(chance),
            )
        )
    at = chance.choice([NOW - timedelta(seconds=30), instant(chance, 100, 0), datetime(2026, 2, 28, tzinfo=UTC)])
    chain = receipt.anchor.chain if chance.random() < 0.95 else "eip155:5"
    ages = [
        None,
        head_age(at, NOW),
        head_age(at, NOW, pace_seconds=900.0),
        head_age(at + timedelta(days=chance.randint(-1, 40)), NOW),
        evidence_age(at, NOW, 31),
    ]
    basis = chance.choice(
        [
            Basis(Ground.ENDPOINT),
            Basis(Ground.ENDPOINTS, 2, 3),
            Basis(Ground.ENDPOINTS),
            Basis(Ground.CHECKPOINT, 2, 3, ("ministry", "Уніv")),
            Basis(Ground.CHECKPOINT, 0, 0),
            Basis(Ground.SEALS, 1, 1, ("Ministry",)),
        ]
    )
    return ChainFacts(
        chain,
        CONTRACT.upper().replace("0X", "0x") if chance.random() < 0.95 else "0x" + "dd" * 20,
        BlockRef(200, b"h" * 32, at),
        party if chance.random() < 0.95 else None,
        batch if chance.random() < 0.93 else None,
        chance.random() < 0.9,
        chance.random() < 0.04,
        chance.random() < 0.04,
        chance.choice([None, "holder-request"]),
        chance.choice([None, status(chance)]),
        tuple(others),
        chance.choice([None, 0, 1, 1234]),
        chance.choice(ages),
        chance.random() < 0.9,
        basis,
    )


def trust_of(chance: random.Random) -> Trust:
    """Whom a verifier believes."""
    numbers = chance.choice(
        [frozenset(), frozenset({7}), {7: chance.choice(NAMES)}, {7: chance.choice(NAMES), 8: "Other"}]
    )
    return Trust(numbers, chance.choice([None, None, None, "eip155:1", "eip155:10"]))


def policy_of(chance: random.Random) -> Policy | None:
    """A verifier's policy, mostly none."""
    if chance.random() < 0.7:
        return None
    issuers = chance.choice([(), (KnownParty(party=7, name=chance.choice(NAMES) or "x"),)])
    bodies = chance.choice([(), (KnownParty(party=3, name="Agency"),)])
    return Policy(chain=chance.choice([None, "eip155:1", "eip155:10"]), issuers=issuers, bodies=bodies)


@dataclass
class Case:
    """All that a verdict is made of, and the receipt as a file."""

    document: bytes | None
    name: str
    receipt_file: bytes | None
    receipt: Receipt | ReceiptError | None
    facts: ChainFacts | FactsUnavailable | None
    trust: Trust
    policy: Policy | None


def in_order(chance: random.Random, members: Mapping[str, Any] | None = None) -> Case:
    """A credential with nothing wrong with it, or with one thing at the most.

    Args:
        members: more of the document.
    """
    document: dict[str, Any] = {
        "type": ["VerifiableCredential"],
        "id": f"urn:uuid:{chance.getrandbits(128):032x}",
        "issuer": "did:web:uni.example",
        "validFrom": "2025-12-31T00:00:00Z",
    }
    if chance.random() < 0.3:
        document |= chance.choice([{"validUntil": chance.choice(DATES)}, {"issuer": chance.choice(ISSUERS)}])
    text = json.dumps({**document, **(members or {})}).encode()
    reading = read_document(text, "diploma.json")
    digest = reading.digest or reading.own[0]
    tree = Tree.build([digest.value, *(chance.randbytes(32) for _ in range(chance.choice([0, 1, 300])))])
    index = tree.index_of(digest.value)
    assert index is not None
    pending = Receipt.of_batch(digest, tree.root, tree.inclusion(index), chain="eip155:1", contract=CONTRACT, issuer=7)
    receipt = pending.anchored(
        sequence=3,
        transaction=b"t" * 32,
        block_number=100,
        block_hash=b"b" * 32,
        timestamp=datetime(2026, 1, 1, tzinfo=UTC),
    )
    seen = Anchor("0x" + "cc" * 20, b"b" * 32, 0, b"t" * 32)
    at = NOW - timedelta(seconds=30)
    facts = ChainFacts(
        "eip155:1",
        CONTRACT,
        BlockRef(200, b"h" * 32, at),
        Party(7, "0x" + "aa" * 20, None, datetime(2025, 1, 1, tzinfo=UTC), None, 3, bytes(32), "https://uni.example/a"),
        Batch(7, tree.root, datetime(2026, 1, 1, tzinfo=UTC), 100, tree.leaf_count, 3, anchor=seen),
        final=True,
        by_digest=NOTHING_SAID,
        not_looked_at=0,
        head_age=head_age(at, NOW),
        basis=Basis(Ground.ENDPOINTS, 2, 3),
    )
    other = facts_about(chance, receipt)
    if isinstance(other, ChainFacts) and chance.random() < 0.6:
        name = chance.choice(
            [
                "final",
                "by_digest",
                "others",
                "not_looked_at",
                "head_age",
                "contract_proved",
                "basis",
                "batch",
                "party",
            ]
        )
        facts = replace(facts, **{name: getattr(other, name)})
    return Case(text, "diploma.json", to_json(receipt), receipt, facts, Trust(frozenset({7})), None)


def case(chance: random.Random) -> Case:
    """One of them."""
    if chance.random() < 0.3:
        return in_order(chance)
    document, name = written(chance)
    receipt = receipt_of(chance, digest_for(chance, document, name))
    file: bytes | None = (to_cbor if chance.random() < 0.3 else to_json)(receipt)
    read: Receipt | ReceiptError | None = receipt
    kind = chance.random()
    if kind < 0.06:
        file, read = None, None
    elif kind < 0.12:
        assert file is not None
        at = chance.randrange(len(file))
        file = chance.choice([file[:at], file[:at] + chance.randbytes(1) + file[at + 1 :], b"{}", b"x"])
        try:
            read = parse(file)
        except ReceiptError as error:
            read = error
    facts = facts_about(chance, read) if isinstance(read, Receipt) else None
    alone = isinstance(read, Receipt) and chance.random() < 0.03
    return Case(None if alone else document, name, file, read, facts, trust_of(chance), policy_of(chance))


def facts_json(facts: ChainFacts | FactsUnavailable | None) -> Any:
    """Facts as the verifier in JavaScript takes them."""
    if facts is None:
        return None
    if isinstance(facts, FactsUnavailable):
        told = {"code": facts.code, "what": facts.what, "remedy": facts.remedy}
        return told | {"said": said_json(facts.said)} if facts.said else told
    party, batch = facts.party, facts.batch
    return {
        "chain": facts.chain,
        "contract": facts.contract,
        "asOf": {
            "number": facts.as_of.number,
            "hash": hexed(facts.as_of.hash),
            "timestamp": unix(facts.as_of.timestamp),
        },
        "party": party
        and {
            "id": party.id,
            "uri": party.uri,
            "registeredAt": unix(party.registered_at),
            "retiredAt": unix(party.retired_at),
            "sequence": party.sequence,
        },
        "batch": batch
        and {
            "issuer": batch.issuer,
            "root": hexed(batch.root),
            "anchoredAt": unix(batch.anchored_at),
            "blockNumber": batch.block_number,
            "leafCount": batch.leaf_count,
            "sequence": batch.sequence,
            "voidedAt": unix(batch.voided_at),
            "voidReason": None if batch.void_reason is None else batch.void_reason.word,
            "anchor": batch.anchor
            and {"blockHash": hexed(batch.anchor.block_hash), "transaction": hexed(batch.anchor.transaction)},
        },
        "final": facts.final,
        "revoked": facts.revoked,
        "suspended": facts.suspended,
        "statusReason": facts.status_reason,
        "byDigest": status_json(facts.by_digest),
        "others": [
            {
                "issuer": each.issuer,
                "place": place_json(each.place),
                "revoked": each.revoked,
                "suspended": each.suspended,
                "voided": each.voided,
                "supersededBy": place_json(each.superseded_by),
                "reason": each.reason,
                "byDigest": status_json(each.by_digest),
            }
            for each in facts.others
        ],
        "notLookedAt": facts.not_looked_at,
        "headAge": facts.head_age
        and {
            "freshness": str(facts.head_age.freshness),
            "code": facts.head_age.code,
            "said": said_json(facts.head_age.said),
        },
        "contractProved": facts.contract_proved,
        "basis": {
            "ground": str(facts.basis.ground),
            "namedBy": facts.basis.named_by,
            "among": facts.basis.among,
            "names": list(facts.basis.names),
        },
    }


def status_json(said: DigestStatus | None) -> Any:
    """What was said of a digest."""
    return said and {
        "revokedAt": unix(said.revoked_at),
        "revocationReason": None if said.revocation_reason is None else said.revocation_reason.word,
        "suspendedAt": unix(said.suspended_at),
        "suspensionReason": None if said.suspension_reason is None else said.suspension_reason.word,
    }


def place_json(place: AnchorPlace | None) -> Any:
    """Root and index."""
    return place and {"root": hexed(place.root), "leafIndex": place.leaf_index}


def trust_json(trust: Trust) -> Any:
    """Numbers with names."""
    return {"chain": trust.chain, "issuers": [[number, trust.name_of(number) or ""] for number in trust.issuers]}


def policy_json(policy: Policy | None) -> Any:
    """Its numbers with names."""
    return policy and {
        "chain": policy.chain,
        "jurisdiction": policy.jurisdiction,
        "require": policy.require,
        "issuers": list(policy.trusted_issuers.items()),
        "bodies": list(policy.trusted_bodies.items()),
        "accords": list(policy.accord_names.items()),
        "conditions": [[digest.hex(), text] for digest, text in policy.condition_texts.items()],
        "programmes": [[digest.hex(), name] for digest, name in policy.programme_names.items()],
        "registers": [each.name for each in policy.registers],
    }


def unix(moment: datetime | None) -> int | None:
    """Seconds since 1970."""
    return None if moment is None else int(moment.timestamp())


def hexed(value: bytes) -> str:
    """With 0x."""
    return f"0x{value.hex()}"
