"""Whatever one of two endpoints lies about, a proved verdict is the true one, or could not be checked."""

from __future__ import annotations

import pytest

from registry.chain.editions import second
from registry.receipt.model import Receipt
from registry.verify.verdict import Overall, Verdict
from tests.registry.chain.test_evidence import Registry
from tests.registry.chain.worlds import World
from tests.registry.verifier.lies import Honest, Liar, receipt_of, together, verdict_of

SEEDS = 150
PROVED = ("eth_getProof", "eth_getBlockByNumber", "eth_getCode", "eth_chainId", "eth_blockNumber")
BELIEVED = ("eth_call", "eth_getBlockByNumber", "eth_getLogs", "eth_chainId", "eth_blockNumber")


def said(verdict: Verdict) -> tuple[Overall, tuple[tuple[str, str], ...]]:
    return verdict.overall, tuple((check.name, check.code) for check in verdict.checks)


@pytest.mark.parametrize("world", ["embedded"], indirect=True)
def test_no_lie_of_one_endpoint_makes_a_wrong_verdict(world: World) -> None:
    registry = Registry(world, second())
    contract, party, digests = registry.contract, registry.party, registry.digests
    receipts = {
        "good": receipt_of(contract, party, digests, digests[100]),
        "revoked by place": receipt_of(contract, party, digests, digests[256]),
        "revoked by digest": receipt_of(contract, party, digests, digests[0]),
        "suspended by digest": receipt_of(contract, party, digests, digests[2]),
        "voided": receipt_of(contract, party, digests[:5], digests[4]),
    }
    truth = {name: said(verdict_of(world.client, receipt, 1)) for name, receipt in receipts.items()}
    assert {name: overall for name, (overall, _) in truth.items()} == {
        "good": Overall.VALID_WITH_WARNING,
        **dict.fromkeys(list(receipts)[1:], Overall.NOT_VALID),
    }
    for name, receipt in receipts.items():
        two = together(Honest(world.client, "one"), Honest(world.client, "two"))
        assert said(verdict_of(two, receipt, 2)) == truth[name]
    wrong, unknown = _lies(world, receipts, truth, quorum=2)
    assert wrong == []
    # Some lies are about what no verdict rests on.
    assert 0 < len(unknown) < SEEDS
    # The same lies of the one endpoint that is believed: this test can fail.
    believed = {name: said(verdict_of(world.client, receipt, None)) for name, receipt in receipts.items()}
    assert _lies(world, receipts, believed, quorum=None)[0]


def _lies(
    world: World, receipts: dict[str, Receipt], truth: dict[str, object], quorum: int | None
) -> tuple[list[str], list[str]]:
    """What was wrong, and what could not be checked."""
    wrong, unknown = [], []
    names = list(receipts)
    for seed in range(SEEDS):
        name = names[seed % len(names)]
        liar = Liar(world.client, seed, BELIEVED if quorum is None else PROVED)
        # It is the preferred one of two, or alone.
        client = together(liar) if quorum is None else together(liar, Honest(world.client, "honest"))
        verdict = verdict_of(client, receipts[name], quorum)
        if said(verdict) == truth[name]:
            continue
        is_wrong = verdict.overall is not Overall.COULD_NOT_BE_CHECKED
        (wrong if is_wrong else unknown).append(f"{seed}, {name}: {verdict.overall}; {liar.told}")
    return wrong, unknown
