"""`testamur check` and `testamur anchor`: a job of an issuer, before and for real."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from anchor.acts.places import revoked_among
from anchor.anchoring.evidence import keep_evidence
from anchor.anchoring.now import Now
from anchor.batching.reissue import anchored_in_vain, revoked_for_good, supersede_voided
from anchor.batching.selection import Selection, select
from anchor.books.batches import BatchRow, Place
from anchor.books.on_chain import History, UnknownBatch, named
from anchor.books.status_jobs import StatusJobStore
from anchor.books.tables import BatchState
from anchor.cli.chains import chain_content, say_chain
from anchor.cli.console import Column, Listing, Styled, bold
from anchor.cli.session import Exit, Session, command
from anchor.cli.waiting import Watch
from anchor.cli.wording import amount, ether
from anchor.intake.files import Format, Intake, Reject, digest_of, left_out_content, method_of, names_of, take_in
from anchor.restoring.pulling import Puller
from anchor.workspace import Workspace
from registry.credential.digest import Limits
from registry.errors import ContractReverted, IntakeError, RegistryError
from registry.merkle.tree import Tree
from registry.merkle.treefile import TreeId

SHOWN = 5

InputPath = Annotated[Path, typer.Argument(help="Folder, JSONL file, ZIP, list of digests, or one credential.")]
InputFormat = Annotated[Format, typer.Option("--format", help="What the input is.")]
AsFiles = Annotated[
    bool, typer.Option("--as-files", help="Tables and lists of digests among the files are credentials, too.")
]


@command
def check(
    session: Session,
    path: InputPath,
    format: InputFormat = Format.AUTO,  # noqa: A002
    as_files: AsFiles = False,
) -> int:
    """Look at a job before it is anchored: counts, hazards, duplicates, the root it would have, and its gas."""
    intake = _taken_in(session, path, format, as_files=as_files, hazards_at=datetime.now(UTC))
    with session.workspace(read_only=True) as workspace:
        known = workspace.has_folder
        issuer, store = (_issuer_or_none(workspace), workspace.store) if known else (None, None)
        selection = select(intake, store, issuer, revoked=partial(_in_vain_if_known, workspace, issuer))
        root, count = _root_of(selection)
        gas, price = _gas(workspace, issuer, root, count) if known else (None, "not known, there is no data folder yet")
        unknown = _unknown(workspace, issuer, root, count) if known else None
        chain = workspace.asked_chain
    session.result(
        {
            **_counts(intake, selection),
            "hazards": dict(intake.hazards),
            "root": None if root is None else f"0x{root.hex()}",
            "gas": gas,
            "unknownBatches": None if unknown is None else [each.content() for each in unknown],
            **chain_content(chain),
        }
    )
    session.say(bold(path), f": {amount(len(intake.records) + len(intake.rejects), 'credential')} read")
    _say_counts(session, intake, selection)
    for code, number in intake.hazards.most_common():
        sentence, origin = intake.hazard_examples[code]
        session.say("  ", Styled(f"hazard {code}", "yellow"), f" in {number:,}, first in {origin}: {sentence}")
    if root is not None:
        session.say("  root would be ", bold(f"0x{root.hex()}"), f" with {amount(count, 'leaf', 'leaves')}")
        session.say(f"  gas of the anchor: {price}")
    if unknown:
        not_known = Styled(f"this folder does not know {named(unknown)}", "yellow")
        session.say("  ", not_known, ": `testamur anchor` looks for their trees, and refuses without them")
    say_chain(session, chain)
    session.say("Nothing was written.")
    return Exit.SOME_REJECTED if intake.rejects else Exit.DONE


@command
def anchor(
    session: Session,
    path: Annotated[
        Path | None, typer.Argument(help="Folder, JSONL file, ZIP, list of digests, or one credential.")
    ] = None,
    format: InputFormat = Format.AUTO,  # noqa: A002
    as_files: AsFiles = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the batch is final.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Anchor nothing when a row or file is rejected.")] = False,
    reissue: Annotated[bool, typer.Option("--reissue", help="Anchor again what the issuer has anchored.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Take up the batches that are not final.")] = False,
    rejects: Annotated[Path | None, typer.Option("--rejects", help="File for what has no digest.")] = None,
    queue: Annotated[bool, typer.Option("--queue", help="Store the job for the daemon, which anchors it.")] = False,
    without_history: Annotated[
        bool, typer.Option("--without-history", help="Leave out only what this folder knows to be anchored.")
    ] = False,
    bare: Annotated[
        bool, typer.Option("--bare", help="Anchor the root alone, as Blockcerts verifiers look for it.")
    ] = False,
) -> int:
    """Anchor the credentials under a path as one batch; run again after any interruption."""
    if queue:
        if path is None or wait or resume or rejects:
            raise IntakeError(
                "--queue takes a path, and neither --wait, --resume nor --rejects",
                remedy="Follow the job with `testamur jobs show`.",
                code="queue",
            )
        from anchor.cli.jobs import put_in_queue

        ordered = {"reissue": reissue, "without_history": without_history, "strict": strict, "as_files": as_files}
        ordered["bare"] = bare
        return put_in_queue(session, path, format, **ordered)
    if path is None and not resume:
        raise IntakeError("no input was named", remedy="Name a folder or file, or use --resume.", code="no-input")
    intake = None if path is None else _taken_in(session, path, format, as_files=as_files, as_rdf=bare)
    if intake is not None and intake.rejects:
        rejects_file = rejects or Path(f"{path.name if path else ''}.rejects.jsonl")
        _write_rejects(rejects_file, intake.rejects)
        _refuse_rejects(path, intake, rejects_file, strict=strict)
    with session.workspace() as workspace:
        contract = workspace.ready_to_write()
        known = _Known(session, workspace)
        now = Now(workspace, history=known.history)
        content, sealed = dict[str, Any](), None
        with now.alone():
            # What an interruption left behind goes first: it may be this very job.
            resumed = rows = now.resume()
            if intake is not None:
                issuer = workspace.issuer()
                again = partial(_kept_out, workspace, issuer) if reissue else None
                selection = known.selection(intake, issuer, again, without_history=without_history)
                revoked = revoked_among(selection.anchored, contract)
                given_up = workspace.store.given_up(issuer)
                content = {**_counts(intake, selection), "revokedAmongAnchored": revoked, **known.content(given_up)}
                session.say(bold(path), f": {amount(len(intake.records), 'credential')} digested")
                _say_counts(session, intake, selection, revoked)
                _say_put_aside(session, selection)
                known.say(given_up)
                if intake.rejects:
                    session.say("  reasons, by file and line, in ", bold(rejects_file))
                    content["rejectsFile"] = str(rejects_file)
                before = {place.batch.id for place in selection.anchored}
                rows = [row for row in resumed if row.id in before]
                if selection.records:
                    sealed = now.seal(intake, selection, issuer, without_history=without_history, bare=bare)
                    content["unknownBatches"] = [each.content() for each in now.unknown]
                    if now.unknown:
                        session.say("  ", Styled("anchored without knowing", "yellow"), f" {named(now.unknown)}")
                    with session.live(f"sending batch 0x{sealed.root.hex()}"):
                        sealed = now.anchor(sealed)
                    rows = [*(each for each in rows if each.id != sealed.id), sealed]
                else:
                    session.say("  nothing new to anchor")
                    content["roots"] = sorted({f"0x{place.batch.root.hex()}" for place in selection.anchored})
        if sealed is not None and reissue:
            content["superseded"] = supersede_voided(workspace, sealed)
            session.say(f"  {amount(content['superseded'], 'credential')} of voided batches replaced")
        if wait:
            rows = [_waited_for(session, workspace, now, row) for row in rows]
        others = {row.id for row in resumed} - {row.id for row in rows}
        chain = workspace.asked_chain
    session.result({**content, **chain_content(chain), "batches": [batch_content(row) for row in rows]})
    for row in rows:
        _say_batch(session, row)
    if bare:
        _say_not_bare(session, rows)
    if others:
        session.say(
            f"{amount(len(others), 'earlier batch', 'earlier batches')} taken up; `testamur status` lists them."
        )
    if rows:
        session.say(f"Receipts: testamur receipts 0x{rows[-1].root.hex()} -o receipts")
    say_chain(session, chain)
    return Exit.SOME_REJECTED if intake is not None and intake.rejects else Exit.DONE


class _Known:
    """What of the issuer's history is known here, and what of it this command has brought here.

    Attributes:
        history: of all issuers.
    """

    def __init__(self, session: Session, workspace: Workspace):
        self._session = session
        self._workspace = workspace
        self._pulled: list[tuple[BatchRow, str]] = []
        self._adopted = False
        self.history = History(workspace.contract, workspace.store, pull=self._pull)

    def selection(
        self,
        intake: Intake,
        issuer: int,
        reissue: Callable[[Sequence[Place]], Collection[bytes]] | None,
        *,
        without_history: bool,
    ) -> Selection:
        """What goes into a batch, after others' batches were taken over as far as their trees are here.

        What the issuer revoked by digest is left out, but of a set that is on chain as it is.
        """
        store = self._workspace.store
        in_vain = partial(anchored_in_vain, self._workspace.contract, issuer)
        chosen = select(intake, store, issuer, reissue=reissue)
        if without_history or not chosen.records or not self.history.lacking(issuer):
            return select(intake, store, issuer, reissue=reissue, revoked=in_vain)
        # A set that is on chain as it is needs no tree; and its own credentials have names.
        root, count = _root_of(chosen)
        self._adopted = root is not None and self.history.has(issuer, TreeId(root, count))
        if self._adopted:
            return chosen
        self.history.unknown(issuer)
        return select(intake, store, issuer, reissue=reissue, revoked=in_vain)

    def content(self, given_up: Sequence[BatchRow]) -> dict[str, Any]:
        """For `--json`."""
        return {
            "pulled": [pulled_content(row, source) for row, source in self._pulled],
            "givenUp": [row.sequence for row in given_up],
            "adopted": self._adopted,
        }

    def say(self, given_up: Sequence[BatchRow]) -> None:
        """For a person."""
        for row, source in self._pulled:
            self._session.say(f"  batch {row.sequence}, 0x{row.root.hex()}, taken over: its tree is from {source}")
        for row in given_up:
            not_known = Styled(f"batch {row.sequence} was given up", "yellow")
            self._session.say("  ", not_known, f": what is in 0x{row.root.hex()} is not left out, as nobody knows it")
        if self._adopted:
            self._session.say("  the issuer has exactly this set on chain: it is taken over, and nothing is sent")

    def _pull(self, issuer: int, unknown: Sequence[UnknownBatch]) -> list[UnknownBatch]:
        with self._session.live("looking for the trees of batches that others anchored"):
            done = Puller(self._workspace).pull(issuer, unknown)
        self._pulled += done.rows
        return [each.batch for each in done.left]


def pulled_content(row: BatchRow, source: str) -> dict[str, Any]:
    """A batch that was taken over, for `--json`."""
    return {**batch_content(row), "from": source}


def _waited_for(session: Session, workspace: Workspace, now: Now, row: BatchRow) -> BatchRow:
    settings = session.settings
    with session.live(f"waiting for batch 0x{row.root.hex()}") as live:
        watch = Watch(workspace.client, settings.finality_depth, live=live, say=session.say)
        final = now.wait_until_final(row, settings.finality_timeout, watch)
        trouble = keep_evidence(workspace, final)
    if trouble is not None:
        session.say("  ", Styled("no evidence kept", "yellow"), f": {trouble.what}")
        session.say(
            "  Without it, its receipts need an endpoint to be verified.",
            *([] if trouble.remedy is None else [f" {trouble.remedy}"]),
        )
    return final


def batch_content(row: BatchRow) -> dict[str, Any]:
    """A batch for `--json`."""
    return {
        "issuer": row.issuer,
        "root": f"0x{row.root.hex()}",
        "leafCount": row.leaf_count,
        "bare": row.bare,
        "state": row.state,
        "sequence": row.sequence,
        "transaction": None if row.transaction_hash is None else f"0x{row.transaction_hash.hex()}",
        "block": row.block_number,
        "anchoredAt": None if row.block_time is None else moment(row.block_time),
    }


def batch_table(rows: Iterable[BatchRow]) -> Listing:
    """Batches for a person."""
    names = ("issuer", "sequence", "root", "leaves", "state", "block", "anchored at")
    columns = [Column(name, right=name in ("leaves", "block", "sequence", "issuer")) for name in names]
    cells = (
        (
            str(row.issuer),
            str(row.sequence or ""),
            f"0x{row.root.hex()}",
            f"{row.leaf_count:,}",
            row.state,
            str(row.block_number or ""),
            "" if row.block_time is None else moment(row.block_time),
        )
        for row in rows
    )
    return Listing(columns, cells)


def moment(seconds: int) -> str:
    """Unix seconds as RFC 3339."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _taken_in(
    session: Session,
    path: Path,
    kind: Format,
    *,
    as_files: bool,
    as_rdf: bool = False,
    hazards_at: datetime | None = None,
) -> Intake:
    limits = Limits(max_bytes=session.settings.max_document_bytes, max_depth=session.settings.max_document_depth)
    with session.progress("digesting") as progress:
        return take_in(
            path,
            format=kind,
            as_files=as_files,
            as_rdf=as_rdf,
            limits=limits,
            workers=session.settings.workers,
            hazards_at=hazards_at,
            progress=progress,
        )


def _kept_out(workspace: Workspace, issuer: int, places: Sequence[Place]) -> set[bytes]:
    """What is not issued again: the chain says that it is revoked, or a status job does."""
    contract = workspace.contract
    asked = StatusJobStore(workspace.folder.engine, workspace.chain, contract.address)
    digests = list(dict.fromkeys(place.leaf.digest for place in places))
    return revoked_for_good(contract, places) | asked.revoked(issuer, digests)


def _write_rejects(path: Path, rejects: list[Reject]) -> None:
    lines = (
        orjson.dumps({"source": each.source, "line": each.line or None, "code": each.code, "reason": each.reason})
        for each in rejects
    )
    try:
        path.write_bytes(b"\n".join(lines) + b"\n")
    except OSError as error:
        raise IntakeError(
            f"the rejects file cannot be written: {error.strerror}",
            where=str(path),
            remedy="Name another with --rejects; nothing was anchored.",
        ) from None


def _refuse_rejects(path: Path | None, intake: Intake, rejects_file: Path, *, strict: bool) -> None:
    first = intake.rejects[0]
    place = f"{first.source}, line {first.line}" if first.line else first.source
    if strict or not intake.records:
        raise IntakeError(
            f"{amount(len(intake.rejects), 'credential')} rejected, and nothing was anchored; "
            f"the first is {place}: {first.reason}",
            where=str(path),
            remedy=f"All of them are in {rejects_file} with their reasons."
            + (" Correct them, or leave out --strict." if intake.records else ""),
            code="rejects",
        )


def _root_of(selection: Selection) -> tuple[bytes | None, int]:
    if not selection.records:
        return None, 0
    with Tree.build(map(digest_of, selection.records)) as tree:
        return tree.root, tree.leaf_count


def _issuer_or_none(workspace: Workspace) -> int | None:
    try:
        return workspace.issuer()
    except RegistryError:
        return None


def _unknown(workspace: Workspace, issuer: int | None, root: bytes | None, count: int) -> list[UnknownBatch] | None:
    """The issuer's batches on chain that keep this one from being anchored here; None where that could not be asked."""
    if issuer is None or root is None:
        return []
    try:
        return History(workspace.contract, workspace.store).before(issuer, TreeId(root, count), without_history=True)
    except RegistryError:
        return None


def _in_vain_if_known(workspace: Workspace, issuer: int | None, digests: Sequence[bytes]) -> set[bytes]:
    """What `anchor` would leave out as revoked; nothing where that could not be asked: `anchor` asks again."""
    try:
        return set() if issuer is None else anchored_in_vain(workspace.contract, issuer, digests)
    except RegistryError:
        return set()


def _gas(workspace: Workspace, issuer: int | None, root: bytes | None, count: int) -> tuple[int | None, str]:
    """The gas of the anchor, and a sentence about it: what it costs now, or why it is not known."""
    if root is None or issuer is None:
        return None, "not known, " + ("no issuer is set" if issuer is None else "there is nothing to anchor")
    try:
        contract, client = workspace.contract, workspace.client
        data = contract.anchor_data(issuer, root, count)
        gas = client.estimate_gas(sender=workspace.signer.address, to=contract.address, call_data=data)
        fees = client.fees()
    except ContractReverted as refusal:
        return None, f"not known, {refusal.what}"
    except RegistryError as error:
        return None, f"not known, {error}"
    return gas, f"about {gas:,}, with the fees of now {ether(gas * (fees.base_fee + fees.tip))}"


def _counts(intake: Intake, selection: Selection) -> dict[str, Any]:
    methods: dict[str, int] = {}
    for record in intake.records:
        method = method_of(record)
        methods[method.value] = methods.get(method.value, 0) + 1
    return {
        "read": len(intake.records) + len(intake.rejects),
        "methods": methods,
        "new": len(selection.records),
        "duplicates": len(selection.duplicates),
        "anchoredBefore": len(selection.anchored),
        "revoked": len(selection.revoked),
        "rejected": len(intake.rejects),
        "leftOut": left_out_content(intake.left_out),
        "renamed": [{"name": name, "source": source} for name, source in intake.renamed],
    }


def _say_counts(session: Session, intake: Intake, selection: Selection, revoked: int | None = None) -> None:
    for method, number in _counts(intake, selection)["methods"].items():
        session.say(f"  {number:,} by {method}")
    if selection.duplicates:
        first = selection.duplicates[0]
        twice = Styled(f"{len(selection.duplicates):,} came twice", "yellow")
        session.say("  ", twice, f", first {first.again} (as {first.first})")
    if intake.renamed:
        name, source = intake.renamed[0]
        others = Styled(f"{len(intake.renamed):,} have the name of another file in the ZIP", "yellow")
        session.say("  ", others, f", first {name} (as {source})")
    if selection.anchored:
        note = f", {revoked:,} of them revoked" if revoked else ""
        session.say("  ", Styled(f"{len(selection.anchored):,} anchored before and left out", "yellow"), note)
    if selection.revoked:
        origin = intake.origin(selection.revoked[0])
        revoked_ones = Styled(f"{len(selection.revoked):,} revoked by their digests and left out", "yellow")
        session.say("  ", revoked_ones, f", first {origin}")
    if intake.left_out:
        session.say("  ", Styled("left out", "yellow"), f": {names_of(intake.left_out)}")
    if intake.rejects:
        session.say("  ", Styled(f"{len(intake.rejects):,} rejected", "red"))
        for each in intake.rejects[:SHOWN]:
            place = f"{each.source}, line {each.line}" if each.line else each.source
            session.say(f"    {place}: {each.reason} ({each.code})")


def _say_put_aside(session: Session, selection: Selection) -> None:
    held = sum(place.batch.is_put_aside for place in selection.anchored)
    if held:
        not_sent = Styled(f"{held:,} of them are in batches that a person put aside or took back", "yellow")
        session.say("  ", not_sent, ": nothing is sent for those (`testamur jobs list`)")


def _say_batch(session: Session, row: BatchRow) -> None:
    where = "" if row.block_number is None else f" in block {row.block_number:,}"
    note = "" if row.state is BatchState.FINAL else "; not final yet"
    session.say(
        "Batch ",
        bold(f"0x{row.root.hex()}"),
        f" of issuer {row.issuer}: {amount(row.leaf_count, 'credential')}, {row.state}{where}{note}",
    )


def _say_not_bare(session: Session, rows: Iterable[BatchRow]) -> None:
    """What was anchored before in another way stays so: a root is anchored once."""
    for row in rows:
        if not row.bare:
            session.say(
                "  ",
                Styled("not a bare root", "yellow"),
                f": batch 0x{row.root.hex()} was anchored by a call, which Blockcerts verifiers do not find",
            )
