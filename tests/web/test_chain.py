"""Facts of a chain, by proofs of endpoints and by evidence in receipts: JavaScript says of it what Python says."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.chain.editions import first, second
from registry.chain.layout import slots_of
from registry.embedded.chain import EmbeddedChain
from registry.receipt.model import Receipt, to_json
from registry.records import Purpose
from registry.verifier.grounds import FirstOf
from registry.verifier.nothing_known import NothingKnown
from registry.verifier.offline import EvidenceReader
from registry.verifier.stored import StoredRegistry
from registry.verifier.verifier import Verifier
from registry.verify.verdict import Trust
from tests.registry.chain.test_evidence import Registry
from tests.registry.chain.worlds import World
from tests.registry.verifier.test_offline import BASIS, Site
from tests.web.javascript import run_javascript

LEAVES = (0, 1, 2, 3, 30, 255, 256, 258, 299)
LATER = timedelta(hours=3.5)


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Site]]:
    with EmbeddedChain(tmp_path_factory.mktemp("chain")) as chain:
        world = World("embedded", chain.client())
        yield [Site(Registry(world, edition)) for edition in (first(), second())]


def verdict_of(verifier: Verifier, receipt: Receipt) -> dict[str, Any]:
    return verifier.verify_digest(receipt.digest.value, receipt).to_dict()


def offline_cases(site: Site) -> Iterator[dict[str, Any]]:
    registry = site.registry
    made = [site.receipt(index) for index in LEAVES]
    made += [site.receipt(1, registry.void), made[0].without_evidence()]
    # Evidence of another place, and of a block that nobody named.
    assert made[0].evidence is not None
    made.append(made[6].with_evidence(made[0].evidence))
    hashes = [each.hex() for each in site.named.hashes]
    for receipt in made:
        for later in (LATER, timedelta(days=60), timedelta(days=-2)):
            now = site.at + later
            reader = EvidenceReader(registry.contract.address, FirstOf([site.named]), clock=lambda now=now: now)  # type: ignore[misc]
            trust = Trust(frozenset({registry.party}), reader.chain)
            verifier = Verifier(reader, chain=reader.chain, known=NothingKnown(), trust=trust, now=now)
            yield {
                "receipt": base64.b64encode(to_json(receipt)).decode(),
                "digest": receipt.digest.value,
                "contract": registry.contract.address,
                "chain": reader.chain,
                "party": registry.party,
                "now": int(now.timestamp()),
                "hashes": hashes,
                "expect": verdict_of(verifier, receipt),
            }


def node(site: Site) -> dict[str, Any]:
    """What an endpoint says: the newest block, and proofs of every slot that a verifier may ask about."""
    registry, client = site.registry, site.registry.world.client
    head = client.block("latest")
    assert head is not None
    stored = StoredRegistry(slots_of(registry.edition), lambda _: {})
    slots: set[bytes] = {*stored.slots.of_party(registry.party), *stored.slots.of_party(99)}
    # Those of the other edition, which is what is asked about first where the address says nothing.
    for each in (first(), second()):
        others = slots_of(each)
        for party in (registry.party, 99):
            slots.update(others.of_party(party))
            for root in (registry.root, registry.void, bytes(32)):
                slots.add(others.batch(party, root))
                slots.update(others.word(party, root, purpose, word) for purpose in Purpose for word in (0, 1))
            if others.digests is not None:
                slots.update(others.digest(party, registry.digests[index]) for index in LEAVES)
    asked = sorted(slots)
    at = hex(head.number)
    proof = client.request("eth_getProof", [registry.contract.address, ["0x" + each.hex() for each in asked], at])
    return {
        "chainId": hex(site.chain_id),
        "block": client.request("eth_getBlockByNumber", [at, False]),
        "accountProof": proof["accountProof"],
        "storage": {each.hex(): found["proof"] for each, found in zip(asked, proof["storageProof"], strict=True)},
    }


def online_cases(site: Site) -> Iterator[dict[str, Any]]:
    registry, chain = site.registry, f"eip155:{site.chain_id}"
    made = [site.receipt(index).without_evidence() for index in LEAVES] + [site.receipt(1, registry.void)]
    # A root that was never anchored, and a party that does not exist.
    form = json.loads(to_json(made[3]))
    nowhere = form["inclusion"] | {"root": "0x" + "00" * 32}
    made.append(Receipt.model_validate_json(json.dumps(form | {"inclusion": nowhere})))
    made.append(Receipt.model_validate_json(json.dumps(form | {"anchor": form["anchor"] | {"issuer": 99}})))
    now = site.at + timedelta(seconds=20)
    for receipt in made:
        verifier = Verifier(
            registry.contract,
            chain=chain,
            known=NothingKnown(),
            trust=Trust(frozenset({registry.party}), chain),
            now=now,
            clock=lambda: now,
            quorum=1,
        )
        yield {
            "receipt": base64.b64encode(to_json(receipt)).decode(),
            "digest": receipt.digest.value,
            "contract": registry.contract.address,
            "chain": chain,
            "party": registry.party,
            "now": int(now.timestamp()),
            "expect": verdict_of(verifier, receipt),
        }


def test_javascript_says_the_same_of_a_chain(sites: list[Site], tmp_path: Path) -> None:
    offline = [case for site in sites for case in offline_cases(site)]
    codes = {check["code"] for case in offline for check in case["expect"]["checks"]}
    assert codes >= {"status-then", "status-old", "revoked", "voided", "no-evidence", "evidence-missing", "head-ahead"}
    online = [{"node": node(site), "cases": list(online_cases(site))} for site in sites]
    codes = {check["code"] for each in online for case in each["cases"] for check in case["expect"]["checks"]}
    assert codes >= {"in-force", "revoked", "suspended", "voided", "not-anchored", "issuer-unknown"}
    basis = {"ground": str(BASIS.ground), "namedBy": BASIS.named_by, "among": BASIS.among, "names": list(BASIS.names)}
    run_javascript("chain", {"offline": offline, "online": online, "basis": basis}, tmp_path)
