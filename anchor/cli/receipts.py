"""`testamur receipts`: the receipts of a batch, for the holders of its credentials."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from anchor.batching.blockcerts import Holders, refuse_unfit, signing_key
from anchor.batching.evidence import Source, evidence_of, with_evidence
from anchor.batching.receipts import Originals, encoded, output_to, receipt_name, receipts_of, tree_for_receipts
from anchor.books.batches import BatchRow
from anchor.books.tables import BatchState
from anchor.cli.chains import say_chain
from anchor.cli.console import bold
from anchor.cli.session import Session, command
from anchor.cli.wording import amount
from anchor.intake.files import METHODS
from anchor.workspace import Workspace
from registry.credential.digest import Digest, Limits
from registry.errors import SettingsError, StoreError
from registry.timestamps import write_timestamp
from registry.untrusted.archives import inside
from registry.untrusted.hashes import read_hash

RENAMED_SHOWN = 10


@command
def receipts(
    session: Session,
    root: Annotated[str, typer.Argument(help="Root of the batch, 0x and 64 hexadecimal digits.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A folder, a .zip or a .jsonl file.")],
    cbor: Annotated[bool, typer.Option("--cbor", help="Write the short binary form, for QR codes.")] = False,
    originals: Annotated[
        Path | None, typer.Option("--embed", help="The originals: write them with the receipt in their proof.")
    ] = None,
    evidence: Annotated[
        bool, typer.Option("--evidence", help="Put evidence into them, by which they are verified without an endpoint.")
    ] = False,
    blockcerts: Annotated[
        bool, typer.Option("--blockcerts", help="Write the originals as Blockcerts verifiers read them. With --embed.")
    ] = False,
    sign_key: Annotated[
        Path | None, typer.Option("--sign-key", help="With --blockcerts: key file, which signs each (eddsa-rdfc-2022).")
    ] = None,
    method: Annotated[
        str | None, typer.Option("--method", help="With --blockcerts: the key's URL; default: #key-1 of the issuer.")
    ] = None,
) -> None:
    """Write the receipts of a batch."""
    if cbor and evidence:
        raise SettingsError(
            "--cbor is the form for QR codes, which cannot hold --evidence",
            remedy="Run the command twice: receipts of both forms are of the same credential.",
            code="cbor",
        )
    if cbor and (originals is not None or output.suffix.lower() == ".jsonl"):
        raise SettingsError("--cbor goes with receipts of their own in a folder or ZIP", code="cbor")
    if blockcerts and (originals is None or evidence or output.suffix.lower() == ".jsonl"):
        raise SettingsError(
            "--blockcerts goes with --embed, and into a folder or ZIP, without --evidence",
            remedy="Name what was anchored with --embed.",
            code="blockcerts",
        )
    if not blockcerts and (sign_key is not None or method is not None):
        raise SettingsError("--sign-key and --method go with --blockcerts", code="blockcerts")
    key = None if sign_key is None else signing_key(sign_key)
    renamed: list[dict[str, str]] = []
    copies = output.suffix.lower() != ".jsonl"
    with session.workspace(read_only=True) as workspace:
        row = _batch(workspace, root)
        source = evidence_of(workspace, row) if evidence else None
        holders = None
        if blockcerts:
            methods = Counter(METHODS[leaf.method] for leaf in workspace.store.leaves(row))
            account = refuse_unfit(row, methods, workspace.chain)
            holders = Holders(account, key, method, datetime.now(UTC))
        embedding = (
            None if originals is None else Originals(originals, _limits(session), copies=copies, blockcerts=holders)
        )
        with (
            tree_for_receipts(workspace.folder, row, workspace.store.leaves(row)) as tree,
            output_to(output, _limits(session)) as writer,
            session.progress("writing") as progress,
        ):
            contract = workspace.contract_address.lower()
            chain = workspace.asked_chain
            found = receipts_of(row, workspace.store.leaves(row), tree, chain=workspace.chain, contract=contract)
            if source is not None:
                found = with_evidence(found, row, source)
            for number, (leaf, receipt) in enumerate(found, start=1):
                files = (
                    [(receipt_name(leaf, cbor=cbor), encoded(receipt, cbor=cbor))]
                    if embedding is None
                    else embedding.with_receipt(leaf, receipt)
                )
                digest = Digest(METHODS[leaf.method], leaf.digest)
                original_in = None if embedding is None else embedding.folder_of(leaf)
                for name, content in files:
                    written = writer.write(name, content, digest, original_in=original_in)
                    if written not in (name, str(inside(name))):
                        renamed.append({"digest": leaf.digest.hex(), "source": leaf.source, "name": written})
                progress(number, row.leaf_count)
    session.result(
        {
            "root": f"0x{row.root.hex()}",
            "receipts": row.leaf_count,
            "output": str(output),
            "state": row.state,
            "renamed": renamed,
            **({} if source is None else {"evidence": _evidence_content(source)}),
        }
    )
    pending = "" if row.sequence else " They are pending: the batch was not seen on chain yet."
    if originals is None:
        what = amount(row.leaf_count, "receipt")
    else:
        what = amount(row.leaf_count, "credential with its receipt", "credentials with their receipts")
    session.say(f"{what} of batch 0x{row.root.hex()} written to ", bold(output), f".{pending}")
    if source is not None:
        _say_evidence(session, source)
    if renamed:
        session.say(f"{len(renamed):,} of them have a shortened or numbered name, for their own is too long or taken:")
        for each in renamed[:RENAMED_SHOWN]:
            session.say(f"  {each['source']}: {each['name']}")
        if len(renamed) > RENAMED_SHOWN:
            session.say("  and others; --json names all of them.")
    say_chain(session, chain)


def _evidence_content(source: Source) -> dict[str, Any]:
    block = source.block
    return {
        "block": block.to_dict(),
        "firstOfDay": source.is_of_day,
        "kept": source.why_kept is not None,
        **({} if source.why_kept is None else {"why": source.why_kept}),
    }


def _say_evidence(session: Session, source: Source) -> None:
    block = source.block
    of_day = ", the first of its day" if source.is_of_day else ""
    kept = (
        ""
        if source.why_kept is None
        else f" It was kept with the batch; the endpoint has none as of now, since {source.why_kept}."
    )
    session.say(
        f"Their evidence is as of block {block.number:,}{of_day} ({write_timestamp(block.timestamp)}), and does not "
        f"say what was revoked later.{kept}"
    )
    if not source.is_of_day:
        session.say(
            f"Verifiers without an endpoint need a list of blocks that has block {block.number}: it is added with "
            f"`testamur checkpoint create FILE --key KEY --block {block.number}`, and then signed by the witnesses."
        )


def _batch(workspace: Workspace, text: str) -> BatchRow:
    try:
        root = read_hash(text)
    except ValueError:
        root = b""
    found = [row for row in workspace.store.with_root(root) if row.state is not BatchState.CANCELLED]
    others = found
    if workspace.settings.issuer is not None:
        found = [row for row in found if row.issuer == workspace.settings.issuer]
    if others and not found:
        raise StoreError(
            f"the batch is of issuer {others[0].issuer}, and issuer {workspace.settings.issuer} is meant here",
            where=text,
            remedy=f"Name its issuer: --issuer {others[0].issuer}.",
            code="unknown-batch",
        )
    if not found:
        raise StoreError(
            "there is no such batch in the data folder",
            where=text,
            remedy="`testamur status` lists the batches.",
            code="unknown-batch",
        )
    if len(found) > 1:
        issuers = ", ".join(str(row.issuer) for row in found)
        raise SettingsError(f"issuers {issuers} have a batch with this root", where=text, remedy="Name one: --issuer.")
    return found[0]


def _limits(session: Session) -> Limits:
    return Limits(max_bytes=session.settings.max_document_bytes, max_depth=session.settings.max_document_depth)
