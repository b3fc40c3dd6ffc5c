"""The learner's page without a browser: what it reads, proves and computes is what Python does, to the letter."""

from __future__ import annotations

import json
import zlib
from base64 import b64encode, urlsafe_b64encode
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from anchor.learning.portfolios import with_links, with_own_receipt
from registry.credential.digest import digest_document
from registry.document.portfolio import (
    Portfolio,
    PortfolioItem,
    Share,
    UnreadItem,
    portfolio_bytes,
    read_portfolio,
)
from registry.document.reading import read_document
from registry.errors import IntakeError, ProofError, RegistryError
from registry.learning.achieved import Achieved
from registry.learning.items import Accredited, Checked, Fate
from registry.learning.portfolio.link import link_of, portfolio_in_link
from registry.learning.reading import achieved_in, item_of
from registry.merkle.multiproof import MultiProof, check_multiproof, expanded, joined, multiproof_of
from registry.merkle.tree import Tree
from registry.receipt.model import Receipt, embed, to_json
from registry.timestamps import write_timestamp
from registry.verify.verdict import Overall
from scripts.build_pathway_vectors import FILE, case
from tests.registry.document.test_portfolio import BROKEN, NOW, REFUSED, SHARED, form, made, with_receipts
from tests.registry.learning.documents import EUROPASS, OPEN_BADGE_2, OPEN_BADGE_3, RECORD
from tests.registry.learning.pathways.made import Maker
from tests.registry.receipt.made import about, vectors
from tests.registry.receipt.test_batches import of_one_batch
from tests.web.javascript import run_javascript
from tests.web.mutations import mutated

MILLION = 1_000_000
ANY = Checked(Overall.VALID, Fate.GOOD, Accredited.NOT_ASKED)
COURSE = {**OPEN_BADGE_3, "evidence": [{"id": "urn:award", "genre": "whole"}, {"id": "urn:other", "genre": "part"}]}
SUBJECT: dict[str, Any] = OPEN_BADGE_3["credentialSubject"]
TOGETHER = {**OPEN_BADGE_3, "credentialSubject": {**SUBJECT, "achievement": [SUBJECT["achievement"], {"id": "urn:b"}]}}
NOTHING_EARNED = {**OPEN_BADGE_3, "credentialSubject": {**SUBJECT, "creditsEarned": 0}}
OF_TWO = {**OPEN_BADGE_3, "credentialSubject": [SUBJECT, {**SUBJECT, "id": "did:example:other"}]}
NOT_RECEIVED = json.loads(json.dumps(EUROPASS).replace('"point": "30"', '"point": "0"'))
UNREAD_RECEIVED = json.loads(json.dumps(EUROPASS).replace('"point": "30"', '"point": "many"'))
DOCUMENTS = (
    *(OPEN_BADGE_2, OPEN_BADGE_3, EUROPASS, RECORD, COURSE),
    *(TOGETHER, NOTHING_EARNED, OF_TWO, NOT_RECEIVED, UNREAD_RECEIVED),
)
MUTATIONS = 30
"""Of each document."""


@pytest.fixture
def random() -> Random:
    return Random(19)


def told(achieved: Achieved) -> dict[str, Any]:
    """An achievement in the form of the page."""
    return {
        "identifier": achieved.identifier,
        "name": dict(achieved.name),
        "kind": achieved.kind,
        "description": dict(achieved.description),
        "criteria": dict(achieved.criteria),
        "credits": [{"amount": int(each.amount * MILLION), "system": each.system} for each in achieved.credits],
        "levels": [list(each) for each in achieved.levels],
        "alignments": [
            {name: getattr(each, name) for name in ("framework", "code", "url", "name", "kind")}
            for each in achieved.alignments
        ],
        "results": [
            {name: getattr(each, name) for name in ("name", "kind", "value", "level")} for each in achieved.results
        ],
        "whole": achieved.whole,
    }


def moment(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()[:19]


def read_cases(random: Random) -> list[dict[str, Any]]:
    documents = [*DOCUMENTS, *(mutated(each, random) for each in DOCUMENTS for _ in range(MUTATIONS))]
    cases = []
    for document in documents:
        data = json.dumps(document).encode()
        reading = read_document(data, "a.json")
        item = item_of(reading, ANY, 0)
        cases.append(
            {
                "data": b64encode(data).decode(),
                "expect": {
                    "identifier": item.identifier,
                    "issuerName": item.issuer_name,
                    "issuerId": item.issuer_id,
                    "subject": item.subject,
                    "validFrom": moment(item.valid_from),
                    "validUntil": moment(item.valid_until),
                    "achieved": [told(each) for each in achieved_in(reading)],
                    "language": item.language,
                    "wholes": list(item.wholes),
                },
            }
        )
    return cases


def test_what_was_achieved_is_read_as_python_reads_it(random: Random, tmp_path: Path) -> None:
    run_javascript("achieved", read_cases(random), tmp_path)


def shown(proof: MultiProof) -> dict[str, Any]:
    return {
        "leafCount": proof.leaf_count,
        "leafIndices": list(proof.leaf_indices),
        "nodes": [each.hex() for each in proof.nodes],
    }


def forged(proof: MultiProof, digests: list[bytes], random: Random) -> tuple[MultiProof, list[bytes]]:
    """The proof with something changed in it."""
    count, indices, nodes = proof.leaf_count, list(proof.leaf_indices), list(proof.nodes)
    match random.randrange(9):
        case 0:
            count += random.choice((-1, 1, -count, 2**32))
        case 1:
            indices[random.randrange(len(indices))] += random.choice((-1, 1, -(2**33), 2**33))
        case 2:
            indices = random.choice(([], indices[::-1], [*indices, indices[-1]], indices[1:]))
        case 3:
            nodes = random.choice((nodes[1:], [*nodes, bytes(32)], nodes[::-1]))
        case 4 if nodes:
            nodes[random.randrange(len(nodes))] = random.choice((bytes(32), bytes(31), b""))
        case 5:
            digests = random.choice((digests[1:], [*digests, bytes(32)], [bytes(32), *digests[1:]], digests[::-1]))
        case 6:
            digests = [digests[0][:-1], *digests[1:]]
        case 7 if len(nodes) > 1:
            # An interior node where a leaf should be.
            digests, nodes = [nodes[-1], *digests[1:]], [digests[0], *nodes[1:]]
        case _:
            indices = [each // 2 for each in indices]
    return MultiProof(count, tuple(indices), tuple(nodes)), digests


def outcome(proof: MultiProof, digests: list[bytes], root: bytes) -> str:
    try:
        check_multiproof(digests, root, proof)
    except ProofError as error:
        return str(error.code)
    return "holds"


def multiproof_cases(random: Random) -> list[dict[str, Any]]:
    cases = []
    for _ in range(60):
        tree = Tree.build([random.randbytes(32) for _ in range(random.choice((1, 2, 3, random.randint(4, 70))))])
        chosen = sorted(random.sample(range(tree.leaf_count), random.randint(1, min(tree.leaf_count, 12))))
        proof, digests = multiproof_of(tree, chosen), [tree.leaf(each) for each in chosen]
        singles = [tree.inclusion(each) for each in chosen]
        assert joined(list(zip(digests, singles, strict=True))) == proof
        assert expanded(digests, proof) == tuple(singles)
        tries = [(proof, digests), *(forged(proof, digests, random) for _ in range(6))]
        cases.append(
            {
                "root": tree.root.hex(),
                "tries": [
                    {**shown(each), "digests": [one.hex() for one in those], "expect": outcome(each, those, tree.root)}
                    for each, those in tries
                ],
                "singles": [
                    {
                        "leafIndex": each.leaf_index,
                        "leafCount": each.leaf_count,
                        "path": [one.hex() for one in each.path],
                    }
                    for each in singles
                ],
            }
        )
    return cases


def test_one_proof_of_several_holds_and_is_refused_as_in_python(random: Random, tmp_path: Path) -> None:
    cases = multiproof_cases(random)
    outcomes = {each["expect"] for case in cases for each in case["tries"]}
    assert outcomes >= {
        "holds",
        "no-leaves",
        "index-order",
        "index-range",
        "digest-count",
        "node-count",
        "root-differs",
    }
    run_javascript("multiproof", cases, tmp_path)


def told_receipt(receipt: Receipt | None) -> Any:
    if receipt is None:
        return None
    digest, inclusion, anchor = receipt.digest, receipt.inclusion, receipt.anchor
    slots = None if receipt.evidence is None else ["0x" + slot.hex() for slot in sorted(receipt.evidence.slots)]
    return [
        digest.method, digest.value, inclusion.root, inclusion.leaf_count, inclusion.leaf_index, list(inclusion.path),
        anchor.chain, anchor.contract, anchor.issuer, anchor.sequence,
        None if anchor.block is None else anchor.block.number, slots,
    ]  # fmt: skip


def told_item(item: PortfolioItem | UnreadItem) -> Any:
    if isinstance(item, UnreadItem):
        return {"name": item.name, "code": str(item.error.code), "where": item.error.where}
    return {"name": item.name, "content": item.content.hex(), "receipt": told_receipt(item.receipt)}


def told_portfolio(data: bytes) -> Any:
    """What Python reads in a portfolio, or by which code it is refused."""
    try:
        read = read_portfolio(data)
    except RegistryError as error:
        return {"code": str(error.code)}
    share = read.share
    return {
        "identifier": read.identifier,
        "name": read.name,
        "holder": read.holder,
        "holderId": read.holder_id,
        "madeAt": write_timestamp(read.made_at),
        "partial": read.partial,
        "share": None
        if share is None
        else [
            share.purpose,
            share.audience,
            write_timestamp(share.agreed_at),
            None if share.until is None else write_timestamp(share.until),
            share.left_out,
        ],
        "items": [told_item(each) for each in read.items],
        "links": [[each.kind, each.source, each.target] for each in read.links],
        "strays": [told_item(each) for each in read.strays],
    }


def with_evidence() -> Portfolio:
    evidence = next(each for each in vectors() if len(each.slots) > 2)
    slots = sorted(evidence.slots)
    one, other, third = of_one_batch(9, [1, 2, 5])
    receipts = (about(one, evidence.of(slots[:2])), about(other, evidence.of(slots[1:])), third)
    return made([PortfolioItem(f"{at}.json", b"{}", each) for at, each in enumerate(receipts)])


NUMBERS = {"id": "urn:a", "name": "N", "x": [1.0, 1e16, 1e17, 1.5e-05, 1e-07, 0.001, -2.5, 0.0, 123456.75, 1e22, 7]}


def of_several() -> Portfolio:
    """Receipts of several batches, one whose path leads elsewhere, one for two items, and one that is pending."""
    good = of_one_batch(30, [1, 2, 9])
    bad = good[1].model_copy(update={"inclusion": good[1].inclusion.model_copy(update={"path": ("00" * 32,) * 5})})
    receipts = [*good, good[0], bad, *of_one_batch(7, [6], salt=1), *of_one_batch(30, [4], is_pending=True)]
    return made([PortfolioItem(f"{at}.json", b"{}", each) for at, each in enumerate(receipts)], achievements=(NUMBERS,))


PORTFOLIOS = (
    made(),
    SHARED,
    made(share=Share("", "", NOW, left_out=3)),
    with_receipts(),
    with_evidence(),
    of_several(),
)


def portfolio_cases(random: Random) -> dict[str, Any]:
    files = [portfolio_bytes(each) for each in PORTFOLIOS]
    small = [json.loads(each) for each in files[1:]]
    forged = [json.dumps(mutated(random.choice(small), random, 2)).encode() for _ in range(150)]
    forged += [form(change) for _, change in (*REFUSED, *BROKEN)]
    return {
        "whole": [{"data": b64encode(each).decode(), "expect": told_portfolio(each)} for each in files],
        "forged": [{"data": b64encode(each).decode(), "expect": told_portfolio(each)} for each in forged],
    }


def test_a_portfolio_is_read_written_and_refused_as_in_python(random: Random, tmp_path: Path) -> None:
    cases = portfolio_cases(random)
    run_javascript("portfolio", cases, tmp_path)


def issued(number: int, **more: Any) -> dict[str, Any]:
    """A credential of a granular award: a course, or the award that names its courses."""
    award = {"id": f"https://uni.example/{number}", "type": ["Achievement"], "name": f"N{number}"}
    told = {"description": "D", "criteria": {"narrative": "C"}} if number != 3 else {}
    subject = {"achievement": {**award, **told, "related": [{"id": "https://uni.example/2"}]}}
    return {
        "id": f"urn:uuid:{number}",
        "type": ["VerifiableCredential"],
        "credentialSubject": subject,
        "credits": 5.0,
        **more,
    }


def made_cases() -> list[dict[str, Any]]:
    """Files with the receipts that are beside or in them, and the portfolio that Python makes of them."""
    evidence = {"evidence": [{"id": "urn:uuid:1", "genre": "whole"}, {"id": "urn:uuid:3", "genre": "part"}]}
    record = issued(4, credentialSubject={"association": [
        {"associationType": "precedes", "sourceId": "https://uni.example/1", "targetId": "https://uni.example/2"},
        {"associationType": "follows", "sourceId": "https://uni.example/1", "targetId": "https://uni.example/2"},
        {"associationType": "isPartOf", "sourceId": "https://uni.example/1", "targetId": "https://elsewhere.example"},
    ]})  # fmt: skip
    documents = [issued(1), issued(2, **evidence), issued(3), record, issued(5, proof=[{"type": "DataIntegrityProof"}])]
    digests = [digest_document(each) for each in documents]
    leaves = sorted(each.value for each in digests)
    tree = Tree.build(leaves)
    receipts = [
        Receipt.of_batch(
            each,
            tree.root,
            tree.inclusion(leaves.index(each.value)),
            chain="eip155:1",
            contract=f"0x{'ab' * 20}",
            issuer=7,
        )
        for each in digests
    ]
    inside = [embed(document, receipt) for document, receipt in zip(documents, receipts, strict=True)]
    twice = {**documents[0], "proof": inside[0]["proof"] + inside[1]["proof"]}
    of_another = {**documents[0], "proof": inside[1]["proof"]}
    files: list[tuple[str, dict[str, Any], Receipt | None]] = [
        *((f"{at}.json", each, None) for at, each in enumerate(inside)),
        ("beside.json", documents[0], receipts[0]),
        ("both.json", inside[1], receipts[1]),
        ("twice.json", twice, None),
        ("of another.json", of_another, None),
        ("none.json", documents[2], None),
    ]
    cases = []
    for name, document, receipt in files:
        data = json.dumps(document, indent=1).encode()
        item = with_own_receipt(PortfolioItem(name, data, receipt), read_document(data, name))
        beside = None if receipt is None else to_json(receipt).decode()
        cases.append({"name": name, "data": b64encode(data).decode(), "receipt": beside, "item": item})
    portfolio = with_links(
        Portfolio("urn:a", "Name", "Holder", "urn:b", NOW, tuple(each.pop("item") for each in cases))
    )
    return [{"files": cases, "expect": b64encode(portfolio_bytes(portfolio)).decode()}]


def link_cases() -> list[dict[str, Any]]:
    whole = portfolio_bytes(made())
    link = link_of(whole, "https://verify.example/learner")
    packed = zlib.compress(whole)
    wrong = packed[:-1] + bytes([packed[-1] ^ 1])
    forms = [packed[:-3], packed + b"x", wrong, zlib.compress(bytes(9 << 20)), b"", whole, packed[2:-4]]
    texts = [
        link,
        link[:-9],
        f"{link}*",
        link.replace("p1.", "p2."),
        link.partition("#")[2],
        f" {link}\n",
        "p1.",
        "p1.A",
    ]
    texts += [f"#p1.{urlsafe_b64encode(each).decode().rstrip('=')}" for each in forms]
    cases = []
    for text in texts:
        try:
            expect = {"content": portfolio_in_link(text).hex()}
        except IntakeError as error:
            expect = {"code": str(error.code)}
        cases.append({"text": text, "expect": expect})
    return cases


def test_a_portfolio_is_made_and_linked_as_in_python(tmp_path: Path) -> None:
    run_javascript("making", {"made": made_cases(), "links": link_cases()}, tmp_path)


def pathway_cases() -> dict[str, Any]:
    """The vectors of pathways, random cases besides, and forms that are none."""
    vectors = json.loads(FILE.read_bytes())
    makers = [Maker(seed) for seed in range(100_000, 100_300)]
    more = [case(f"seed {seed}", make.pathway(), make.items()) for seed, make in enumerate(makers)]
    return {"pathways": vectors["pathways"], "cases": vectors["cases"], "more": more}


def test_progress_is_what_python_computes(tmp_path: Path) -> None:
    run_javascript("progress", pathway_cases(), tmp_path)
