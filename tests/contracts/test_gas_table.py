"""The page that compares gas with the peers says what is measured, and agrees with the snapshot."""

from __future__ import annotations

import json

from scripts import gas_table
from tests.contracts.build import GAS


def test_the_page_says_what_is_measured() -> None:
    gas = gas_table.measured()
    assert gas_table.TABLE.read_text(encoding="utf-8") == gas_table.page(gas)
    snapshot = json.loads(GAS.read_text(encoding="utf-8"))
    whole_word = gas["revoke 256 credentials of a batch"][gas_table.TESTAMUR]
    assert whole_word == snapshot["setStatus, 256 credentials"]
    # The number of leaves has another number of zero bytes: 12 gas for each.
    anchor = gas["anchor a batch, or issue one document"][gas_table.TESTAMUR]
    assert abs(anchor - snapshot["anchor"]) <= 3 * 12
