"""A chain whose final block changed, accepted by a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.chain.finality import Evidence
from tests.conftest import Run
from tests.faults.site import site


def test_a_person_accepts_the_chain_after_a_block_was_falsely_called_final(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site(tmp_path / "data") as here:
        job, worker = here.job("ada"), here.worker(evidence=Evidence(looks=1, seconds=0.0))
        here.to_the_end(worker, job)
        here.chain.mine(4)
        worker.round()
        here.chain.reorganise(8)
        worker.round_or_say()
        assert here.events("finality-violated")
        worker.end()
        for name, value in {"CHAIN": here.proxy.url, "KEY": here.chain.daemon_key, "DATA_FOLDER": "data"}.items():
            monkeypatch.setenv(f"TESTAMUR_{name}", value)
        accepted = run("recover", "--accept-chain", "--json").json
        assert (accepted["accepted"], [each["root"] for each in accepted["gone"]]) == (
            True,
            [f"0x{here.batch(job).root.hex()}"],
        )
        again = run("recover", "--accept-chain", "--json").json
        assert (again["accepted"], again["gone"]) == (False, [])
        here.to_the_end(here.worker(), job)
        here.prove()
