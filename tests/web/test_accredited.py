"""Accreditations of a real chain, proved by endpoints of which some lie: JavaScript says of them what Python says."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest

from registry.chain.editions import Edition, first, second
from registry.chain.rpc.connect import connect
from registry.embedded.chain import EmbeddedChain
from registry.merkle.tree import Tree
from registry.receipt.model import Receipt, to_json
from registry.recognition.scope import Scope
from registry.records import Kind, Reason
from registry.verifier.nothing_known import NothingKnown
from registry.verifier.verifier import Verifier
from registry.verify.policy import KnownParty, Policy
from registry.verify.verdict import Trust
from tests.registry.chain.test_evidence import Registry
from tests.registry.chain.worlds import World, anvil
from tests.registry.verifier.test_offline import Site
from tests.web.endpoints import endpoints
from tests.web.javascript import run_javascript
from tests.web.made import policy_json

ISSUER, AGENCY, COLLEGE, ABROAD, LAPSED, STRANGER = range(1, 7)
ISSUE, ACCREDIT, RECOGNISE = Kind.ACCREDIT_TO_ISSUE, Kind.ACCREDIT_TO_ACCREDIT, Kind.RECOGNISE
NARROW = Scope("0613", (6, 7), frozenset({"bachelor-degree", "badge"}), "HR")
LATEST = 2**48 - 1


class Accredited(Site):
    """An issuer with accreditations of several bodies, and batches before and after these."""

    def __init__(self, world: World, edition: Edition):
        registry = Registry(world, edition)
        super().__init__(registry)
        assert registry.party == ISSUER
        # All that follows is of a minute later at least: many blocks may have one time.
        if world.name == "anvil":
            world.client.request("evm_increaseTime", [60])
            later: AbstractContextManager[object] = nullcontext()
        else:
            later = patch("registry.embedded.evm.time", SimpleNamespace(time=lambda: time.time() + 60))
        with later:
            for party in (AGENCY, COLLEGE, ABROAD, LAPSED, STRANGER):
                registry.call("registerParty", f"did:web:party{party}.example", bytes(32))
        self.link(AGENCY, COLLEGE, ACCREDIT)
        self.link(COLLEGE, ISSUER, ISSUE, NARROW, condition=b"c" * 32)
        self.link(ABROAD, AGENCY, RECOGNISE, until=0)
        self.link(LAPSED, ISSUER, ISSUE)
        self.say("suspendAccreditation", 4, 1_650_000_000, Reason.UNDER_REVIEW)
        self.link(LAPSED, STRANGER, ACCREDIT)
        self.say("voidAccreditation", 5, Reason.ISSUED_IN_ERROR)
        # What a stranger offers is as long as he likes.
        self.link(STRANGER, ISSUER, ISSUE, uri="a" * 5_000, accepted=False)
        self.root = Tree.build(registry.digests[30:60]).root
        registry.call("anchor", ISSUER, self.root, 30)
        # The other batch is of before all of these.
        self.receipts = [self.receipt(index, root).without_evidence() for index, root in ((31, self.root), (3, None))]
        if world.name == "anvil":
            # A slow chain: a hundred blocks, a quarter of an hour between two of them.
            world.client.request("anvil_mine", [hex(100), hex(900)])
        head = world.client.block("latest")
        assert head is not None
        self.at = head.timestamp

    def link(
        self,
        body: int,
        holder: int,
        kind: Kind,
        scope: Scope | None = None,
        *,
        condition: bytes = bytes(32),
        uri: str = "",
        until: int = LATEST,
        accepted: bool = True,
    ) -> None:
        numbers = (scope or Scope()).to_numbers()
        edition, period = self.registry.edition, (1_600_000_000, until)
        if edition.is_one_contract:
            arguments: tuple[object, ...] = (numbers[:-1], *period, bytes(32), uri)
            kinds: tuple[object, ...] = () if kind is RECOGNISE else (kind,)
            arguments = (body, holder, *kinds, *arguments)
        else:
            arguments = ((body, holder, *period, kind, numbers, condition, bytes(32), uri),)
        self.say("recognise" if kind is RECOGNISE else "offerAccreditation", *arguments)
        if accepted and kind is not RECOGNISE:
            self.say("acceptAccreditation", self.registry.contract.accreditation_count())

    def say(self, function: str, *arguments: object) -> None:
        contract = self.registry.contract
        data = self.registry.edition.accreditations.functions[function].encode(*arguments)
        assert self.registry.world.send(contract.accreditations_address, data, gas=25_000_000).succeeded


@pytest.fixture(scope="module", params=[first, second], ids=["first edition", "second edition"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Accredited]:
    """One edition on the chain inside the process, the other on anvil."""
    if request.param is first:
        with EmbeddedChain(tmp_path_factory.mktemp("chain") / "chain") as chain:
            yield Accredited(World("embedded", chain.client()), first())
        return
    with anvil("--hardfork", "cancun") as url:
        yield Accredited(World("anvil", connect(url, timeout=20), url), second())


def policies() -> Iterator[Policy]:
    for bodies in ([AGENCY], [COLLEGE], [ABROAD], [LAPSED], [STRANGER], [AGENCY, ABROAD], [99]):
        named = tuple(KnownParty(party=each, name=f"Body {each}") for each in bodies)
        yield Policy(bodies=named)
        yield Policy(bodies=named, jurisdiction="SI", require=True)


def case(
    site: Accredited, receipt: Receipt, policy: Policy, later: timedelta = timedelta(seconds=20)
) -> dict[str, Any]:
    chain, now = f"eip155:{site.chain_id}", site.at + later
    verifier = Verifier(
        site.registry.contract,
        chain=chain,
        known=NothingKnown(),
        trust=Trust(frozenset(), chain),
        now=now,
        policy=policy,
        clock=lambda: now,
        quorum=1,
    )
    return {
        "receipt": base64.b64encode(to_json(receipt)).decode(),
        "digest": receipt.digest.value,
        "now": int(now.timestamp()),
        "policy": policy_json(policy),
        "expect": verifier.verify_digest(receipt.digest.value, receipt).to_dict(),
    }


def one_digit(method: str, result: Any) -> Any:
    """Changes the last digit of a node of the first proof."""
    if method == "eth_getProof":
        first_slot, *others = result["storageProof"]
        (*nodes, last) = first_slot["proof"]
        changed = last[:-1] + ("1" if last[-1] == "0" else "0")
        return {**result, "storageProof": [{**first_slot, "proof": [*nodes, changed]}, *others]}
    return result


def nothing(method: str, result: Any) -> Any:
    """Says that nothing is stored."""
    if method == "eth_getProof":
        return {**result, "storageProof": [{**each, "value": "0x0", "proof": []} for each in result["storageProof"]]}
    return result


def no_contract(method: str, result: Any) -> Any:
    """Says that there is no contract."""
    return {**result, "accountProof": []} if method == "eth_getProof" else result


def another_block(method: str, result: Any) -> Any:
    """Names another block."""
    return {**result, "hash": "0x" + "11" * 32} if method == "eth_getBlockByNumber" and result else result


def test_what_is_accredited_on_a_chain_is_the_same(site: Accredited, tmp_path: Path) -> None:
    now, before = site.receipts
    cases = [case(site, now, policy) for policy in policies()]
    cases += [case(site, before, policy) for policy in list(policies())[::4]]
    cases.append(case(site, site.receipts[0], next(policies()), timedelta(days=20)))
    cases.append(case(site, now, next(policies()), timedelta(minutes=70)))
    status = next(check for check in cases[-1]["expect"]["checks"] if check["name"] == "status")
    assert status["code"] == "in-force"
    codes = {check["code"] for each in cases for check in each["expect"]["checks"]}
    # The chain inside the process makes blocks on demand, and is never late.
    assert ("head-stale" in codes) == (site.registry.world.name == "anvil")
    assert codes >= {
        "issuer-accredited", "issuer-not-trusted", "scope-unstated", "accredited-since", "recognised",
        "recognised-since", "recognition-not-needed", "no-accreditation-on-record",
    }  # fmt: skip
    with endpoints(site.registry.world.client, None, None, one_digit, nothing, no_contract, another_block) as made:
        honest, other, *liars, branching = (each.url for each in made)
        given = {
            "contract": site.registry.contract.address,
            "chain": f"eip155:{site.chain_id}",
            "honest": [honest],
            "liars": liars,
            "mixed": [[liar, honest, other] for liar in liars],
            "branching": [honest, other, branching],
            "cases": cases,
        }
        run_javascript("accredited", given, tmp_path)
