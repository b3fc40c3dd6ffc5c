"""What an issuer can do on chain with a tool of another's, and no command here does."""

from __future__ import annotations

import json
from pathlib import Path

from anchor.settings import load_settings
from anchor.workspace import Workspace
from registry.records import Purpose, Reason

WORD_BITS = 256


def revoke_in_one_batch(receipt: Path) -> None:
    """Revoke a credential in the batch that its receipt names, and in no other; by the settings of this folder."""
    told = json.loads(receipt.read_text())
    word, bit = divmod(told["inclusion"]["leafIndex"], WORD_BITS)
    with Workspace(load_settings()) as workspace:
        contract, root = workspace.contract, bytes.fromhex(told["inclusion"]["root"][2:])
        issuer, reason = told["anchor"]["issuer"], Reason.ISSUED_IN_ERROR
        data = contract.set_status_data(issuer, root, Purpose.REVOCATION, word, 1 << bit, reason)
        workspace.sender.settle(f"revoke {word} {bit} in 0x{root.hex()}", contract.address, data)
