"""Every setting is run by some test as it ships: a default that no test has ever run is a guess.

The tests named here run with the value that ships, where it matters. Where none can, it says why.
"""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

from anchor.anchoring.worker import Worker
from anchor.batching.sealing import QueuePolicy
from anchor.intake.streams import IntakeLimits
from anchor.notices.alerts import Alerts
from anchor.sending.driver import Policy, policy_of
from anchor.settings import Settings
from registry.index.indexer import Indexer

TESTS = Path(__file__).parents[1]
# The pages of the documentation are run by somebody with no settings but those on the page.
PAGES = "docs/test_documented_commands.py::test_the_commands_of_a_page_do_what_it_says"
STUCK_NODE = "anchor/cli/test_alive_and_proved.py::test_of_a_node_that_stands_still_nothing_is_said_to_be_in_force"
PIN = "anchor/sending/test_hardware_signers.py::test_the_pin_comes_from_a_file_that_others_cannot_read"
BUMP = "anchor/anchoring/test_driver.py::test_what_ships_raises_the_fee_of_a_transaction_that_no_block_takes"
PROVE = "anchor/cli/test_prove.py::test_two_endpoints_prove_what_one_alone_is_believed"
OFFLINE = "anchor/cli/test_offline.py::test_a_credential_is_verified_with_nothing_but_files"
ISSUED = "anchor/cli/test_issue.py::test_from_a_roster_to_what_a_holder_has"
UNSIGNED = "anchor/cli/test_issue.py::test_without_a_key_of_the_issuer_nothing_is_made"
ONE_PROCESS = "anchor/daemon/test_daemon.py::test_an_issuer_sends_a_job_gets_receipts_and_revokes_beside_the_daemon"
RUN_BY = {
    **dict.fromkeys(("data_folder", "database", "chain", "contract", "issuer", "trusted_issuers", "policy"), PAGES),
    **dict.fromkeys(("keystore", "keystore_password_file", "key", "remote_signer", "remote_signer_address"), PAGES),
    **dict.fromkeys(("operator_keystore", "operator_keystore_password_file", "workers", "trees"), PAGES),
    **dict.fromkeys(
        ("tree_cache_bytes", "public_url", "status_keys", "log_format", "drop_folder", "page_settings"), PAGES
    ),
    "audit_folder": PAGES,
    "level_maps": "anchor/cli/test_levels.py::test_a_card_is_told_to_people_and_to_programs",
    "registers": "registry/service/test_registers.py::test_changed_files_are_read_beside_the_requests",
    **dict.fromkeys(("organisations", "federation_party", "federation_key"), PAGES),
    **dict.fromkeys(("audit_folder", "partnership_folder"), PAGES),
    **dict.fromkeys(("alert_webhooks", "alert_secret", "daemon_seconds"), PAGES),
    **dict.fromkeys(("verify_workers", "verify_seconds", "verify_uploads", "rate_limit", "index_seconds"), PAGES),
    "serve_workers": "scale/test_load.py::test_it_answers_and_keeps_up_while_batches_are_anchored",
    "daemon_workers": ONE_PROCESS,
    **dict.fromkeys(("bump_blocks", "republish_blocks", "fee_ceiling_gwei", "lease_seconds"), BUMP),
    "drop_quiet_seconds": "anchor/intake/test_dropfolder.py::test_a_file_is_taken_when_it_was_still_for_a_minute",
    "signer": "anchor/sending/test_hardware_signers.py::test_a_chain_takes_what_hardware_signs",
    **dict.fromkeys(("signer_pin", "signer_pin_file"), PIN),
    "finality_depth": BUMP,
    "low_anchors": "anchor/anchoring/test_driver.py::test_no_funds_wait_until_there_are_some",
    "head_age_seconds": STUCK_NODE,
    **dict.fromkeys(("prove", "quorum"), PROVE),
    **dict.fromkeys(("checkpoints", "witnesses", "evidence_days"), OFFLINE),
    "evidence": "anchor/anchoring/test_evidence.py::test_a_daemon_keeps_evidence_of_what_is_final",
    "index_lag": PAGES,
    "index_ranges": "registry/index/test_backfill.py::test_all_endpoints_together_tell_what_one_does",
    "max_document_bytes": PAGES,
    "max_document_depth": PAGES,
    **dict.fromkeys(("issuing_method", "issuing_proofs", "issuing_confirmation"), ISSUED),
    "issuing_key": UNSIGNED,
    "wallet_url": "anchor/wallets/test_offers.py::test_nothing_is_offered_or_served_without_an_address",
}
RUN_BY |= dict.fromkeys(("issuing_method", "issuing_proofs", "issuing_confirmation"), ISSUED) | {
    "issuing_key": UNSIGNED
}
NEVER_TO_THE_END = {
    "rpc_timeout": "ten seconds for each answer that does not come; tests of silent endpoints wait for one",
    "transaction_timeout": "three minutes of waiting; `test_engine.py` waits for a second",
    "finality_timeout": "half an hour of waiting",
    "most_in_flight": "64 transactions that are in no block; `test_driver.py` sends twelve",
    "queue_seconds": "an hour; `test_driver.py` moves the limit instead",
    "queue_credentials": "10,000 credentials; `test_driver.py` fills a queue of three",
    "intake_bytes": "a gigabyte",
    "intake_credentials": "a million rows; `make bench` sends them",
    "intake_seconds": "ten minutes",
    "intake_idle_seconds": "half a minute of silence",
    "loop_timeout": "two minutes; `test_health.py` gives the same as a clock",
    "alert_period": "an hour; `test_alerts.py` gives a clock",
    "wallet_days": "a month; `test_handing.py` moves the clock",
}


def test_every_setting_is_run_as_it_ships_or_it_is_said_why_not() -> None:
    assert RUN_BY.keys() | NEVER_TO_THE_END.keys() == Settings.model_fields.keys()
    assert not RUN_BY.keys() & NEVER_TO_THE_END.keys()


def test_the_tests_that_run_them_are_there() -> None:
    for named in set(RUN_BY.values()):
        file, _, name = named.partition("::")
        tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, named


def test_what_the_parts_do_by_themselves_is_what_ships() -> None:
    """Tests of a part alone run with its own defaults: they have to be the same."""
    shipped = Settings()
    assert Policy() == policy_of(shipped)
    assert QueuePolicy() == QueuePolicy(shipped.queue_credentials, shipped.queue_seconds)
    assert IntakeLimits() == IntakeLimits.of(shipped)
    assert inspect.signature(Worker).parameters["low_anchors"].default == shipped.low_anchors
    assert inspect.signature(Indexer).parameters["ranges"].default == shipped.index_ranges
    assert inspect.signature(Alerts).parameters["period"].default == shipped.alert_period
