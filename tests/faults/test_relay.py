"""An account without rights sends what an operator signed, and a daemon whose key is behind JSON-RPC."""

from __future__ import annotations

from eth_account import Account

from anchor.sending.relay import relayed
from anchor.sending.signer import KeySigner
from registry.chain.rpc.hexadecimal import checksummed
from registry.embedded.genesis import PUBLICLY_KNOWN_KEYS
from tests.faults.harness import STRANGER
from tests.faults.site import Site

RELAYER = KeySigner(Account.from_key(PUBLICLY_KNOWN_KEYS[STRANGER]))


def test_a_relayer_pays_for_what_the_operator_signed(here: Site) -> None:
    job = here.job("ada")
    chain_id, contract = here.chain.deployment.chain_id, here.contract.address
    worker = here.worker(
        signer=RELAYER, operator=here.signer.address, anchor_call=relayed(here.signer, chain_id, contract)
    )
    here.to_the_end(worker, job)
    (anchored,) = here.chain.contract.anchored_events()
    assert checksummed(anchored.arguments["operator"]) == here.signer.address
    assert here.nonce == 0
    assert here.chain.client.nonce(RELAYER.address) == 1


def test_a_relayer_for_somebody_without_rights_sends_nothing(here: Site) -> None:
    job = here.job("ada")
    chain_id, contract = here.chain.deployment.chain_id, here.contract.address
    worker = here.worker(signer=RELAYER, operator=RELAYER.address, anchor_call=relayed(RELAYER, chain_id, contract))
    here.rounds(worker, 3)
    assert here.again(job).batch is None
    assert here.events("no-operator")
    assert here.chain.client.nonce(RELAYER.address) == 0
