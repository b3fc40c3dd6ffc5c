"""The main job with made-up credentials: several universities anchor, then one credential of each fate is verified."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from anchor.acts.parties import register_party
from anchor.anchoring.now import Now
from anchor.batching.receipts import receipt_at
from anchor.batching.selection import select
from anchor.books.audited import copies_in
from anchor.books.batches import BatchRow, Place
from anchor.demo.samples import ISSUERS, SampleIssuer, credentials
from anchor.intake.files import take_in
from anchor.sending.accounts import development_signer
from anchor.sending.signer import Signer
from anchor.verifying.absence import absence_of
from anchor.verifying.files import FileVerifier
from anchor.workspace import Workspace
from registry.audit.auditor import Auditor
from registry.audit.findings import Audit
from registry.credential.digest import digest_document
from registry.receipt.model import embed
from registry.records import Reason
from registry.verify.checks import AbsenceVerdict, Verdict

SEED = 1
OTHER_SEED = 2

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A university of the demo, its party on chain, and the account that signs for it."""

    sample: SampleIssuer
    party: int
    signer: Signer


@dataclass(slots=True)
class Demo:
    """What the demo did.

    Attributes:
        rows: the batches, one a university.
        verdicts: by the name of the file that was verified.
    """

    rows: list[BatchRow] = field(default_factory=list)
    parties: dict[int, str] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    absence: AbsenceVerdict | None = None
    gas_a_credential: float = 0.0
    audit: Audit = field(init=False)


def run_demo(workspace: Workspace, folder: Path, count: int, tell: Tell) -> Demo:
    """Run the main job on the embedded chain.

    Args:
        folder: for the credentials that are made.
        count: how many.
        tell: called before each step.
    """
    demo = Demo()
    tell("Deploying the registry on an embedded chain")
    workspace.ready_to_write()
    tell(f"Registering {len(ISSUERS)} universities, each with a key of its own")
    enrolled = [_enrol(workspace, number, sample) for number, sample in enumerate(ISSUERS)]
    demo.parties = {each.party: each.sample.name for each in enrolled}
    tell(f"Making {count:,} Open Badges 3.0 credentials, and anchoring one batch a university")
    for number, each in enumerate(enrolled):
        share = count // len(enrolled) + (number < count % len(enrolled))
        demo.rows.append(_anchor(workspace, each, folder / f"{each.party}.jsonl", share))
    demo.gas_a_credential = _gas(workspace, demo.rows) / count
    tell("Verifying: a good one, a changed one, a revoked one, and one that was never issued")
    _verify(workspace, enrolled[0], folder, demo)
    tell("Auditing: every event, every tree, every leaf")
    demo.audit = _audit(workspace)
    return demo


def _enrol(workspace: Workspace, number: int, sample: SampleIssuer) -> Enrolled:
    signer = development_signer(number)
    sender = workspace.sender_for(signer)
    return Enrolled(sample, register_party(workspace, sender, sample.did, bytes(32)), signer)


def _anchor(workspace: Workspace, each: Enrolled, path: Path, count: int) -> BatchRow:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = credentials(count, seed=SEED, issuer=each.sample)
    path.write_bytes(b"".join(orjson.dumps(document) + b"\n" for document in made))
    intake = take_in(path)
    now = Now(workspace, each.signer)
    return now.anchor(now.seal(intake, select(intake, workspace.store, each.party), each.party))


def _verify(workspace: Workspace, each: Enrolled, folder: Path, demo: Demo) -> None:
    good, revoked, *_ = (orjson.loads(line) for line in _first_lines(folder / f"{each.party}.jsonl"))
    changed = orjson.loads(orjson.dumps(good))
    changed["name"] = f"{changed.get('name', '')} with distinction"
    never = next(iter(credentials(1, seed=OTHER_SEED, issuer=each.sample)))
    _revoke(workspace, each, digest_document(revoked).value)
    receipt = {name: _receipt(workspace, document) for name, document in (("good", good), ("revoked", revoked))}
    files = {
        "good.json": embed(good, receipt["good"]),
        "changed.json": {**changed, "proof": embed(good, receipt["good"])["proof"]},
        "revoked.json": embed(revoked, receipt["revoked"]),
        "never-issued.json": never,
    }
    verifier = FileVerifier(workspace, now=datetime.now(UTC))
    for name, document in files.items():
        path = folder / name
        path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
        demo.verdicts[name] = replace(verifier.verify_file(path), name=name)
    demo.absence, _proofs = absence_of(workspace, digest_document(never).value, each.party)


def _first_lines(path: Path) -> list[bytes]:
    with path.open("rb") as file:
        return [file.readline(), file.readline()]


def _place(workspace: Workspace, document: dict[str, Any]) -> Place:
    (place,) = workspace.store.places(digest_document(document).value)
    return place


def _receipt(workspace: Workspace, document: dict[str, Any]) -> Any:
    place, contract = _place(workspace, document), workspace.contract_address
    return receipt_at(workspace.folder, place, chain=workspace.chain, contract=contract)


def _revoke(workspace: Workspace, each: Enrolled, digest: bytes) -> None:
    contract = workspace.contract
    data = contract.revoke_digests_data(each.party, [digest], Reason.OBTAINED_BY_FRAUD)
    workspace.sender_for(each.signer).settle(f"revoke {digest.hex()}", contract.address, data)


def _gas(workspace: Workspace, rows: list[BatchRow]) -> int:
    mined = [workspace.client.mined(row.transaction_hash) for row in rows if row.transaction_hash]
    return sum(transaction.gas_used for transaction in mined if transaction is not None)


def _audit(workspace: Workspace) -> Audit:
    """What an auditor finds in what the demo leaves: the chain, the database and the trees."""
    copies = partial(copies_in, workspace.folder, workspace.settings)
    return Auditor(workspace.contract, copies=copies).run()
