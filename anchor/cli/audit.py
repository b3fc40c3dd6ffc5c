"""`testamur audit`: everything on the chain and in the data folder, checked again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from anchor.books.audited import copies_in
from anchor.cli.console import Column, Listing, Piece, Styled, bold
from anchor.cli.session import Exit, Session, command
from anchor.cli.wording import amount
from anchor.settings import EMBEDDED, Settings
from anchor.verifying.checkpoints import read_key
from anchor.workspace import Workspace
from registry.audit.attesting import attestation_of
from registry.audit.auditor import Auditor
from registry.audit.chain import block_at, existing_block
from registry.audit.findings import Asked, Audit
from registry.audit.partitions.engine import Engine
from registry.audit.partitions.named import LOCAL, open_engine
from registry.audit.report.as_csv import write_csv
from registry.audit.report.as_html import write_html
from registry.audit.report.as_json import CLEAN, COULD_NOT_BE_CHECKED, DIFFERENCES, content, outcome
from registry.audit.report.folder import write_report
from registry.chain.contract import CredentialRegistry
from registry.chain.heads import utc_now
from registry.chain.rpc.client import ChainClient
from registry.chain_names import reached_chain_name
from registry.errors import ChainError, IntakeError, NotPossible, RegistryError, SettingsError
from registry.proofs.notes import KeyKind, SignedNote, SignerKey
from registry.timestamps import asked_moment, write_timestamp
from registry.untrusted.text import LONGEST, terminal_text

SHOWN: Final = 20
_EXITS: Final = {
    CLEAN: Exit.DONE,
    DIFFERENCES: Exit.FAILED,
    COULD_NOT_BE_CHECKED: Exit.COULD_NOT_BE_CHECKED,
}
_ENDINGS: Final = {
    CLEAN: (Styled("Clean", "bold green"), ": everything that was compared agrees."),
    DIFFERENCES: (Styled("Differences", "bold red"), ": not everything agrees; what each means is told above."),
    COULD_NOT_BE_CHECKED: (
        Styled("Could not be checked", "bold yellow"),
        ": nothing differs, but not all could be compared.",
    ),
}


class NotAudited(ChainError):
    """Nothing was found out, or it could not be written: not the exit code that says that something differs."""


@command
def audit(
    session: Session,
    since: Annotated[str | None, typer.Option("--from", help="Only batches from this block, day or moment on.")] = None,
    until: Annotated[
        str | None,
        typer.Option("--to", help="As of this block, or the last one before this day or moment; default: the newest."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write one HTML page with charts to this file.")
    ] = None,
    csv_folder: Annotated[Path | None, typer.Option("--csv", help="Write the tables to this folder.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write page, JSON and tables to a folder of their own in this folder."),
    ] = None,
    attest: Annotated[
        Path | None,
        typer.Option("--attest", help="Sign that the issuer's leaves are in order, if so, and write it to this file."),
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", help="The auditor's key, for --attest.")] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="What the auditor's key has to be called, for --attest.")
    ] = None,
    engine: Annotated[
        str,
        typer.Option("--engine", help="Who derives the trees: local, dask://HOST:PORT or tls://HOST:PORT (Dask)."),
    ] = LOCAL,
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=1024, help="Processes of this machine that derive the trees.")
    ] = 1,
) -> int:
    """Check the whole registry again, from the chain alone: history, storage, index, database and trees."""
    signer = _signer(session.settings.issuer, attest, key, name)
    try:
        with open_engine(engine, workers) as opened, session.workspace(read_only=True) as workspace:
            found = _audited(session, workspace, since, until, opened)
        written = [] if csv_folder is None else write_csv(found, csv_folder)
        if report is not None:
            write_html(found, report)
            written.append(report)
        if output is not None:
            written += write_report(found, output)
        signed = None if attest is None or signer is None else _attested(found, attest, signer)
    except RegistryError as error:
        raise NotAudited(error.what, where=error.where, remedy=error.remedy, code=error.code) from None
    session.result(content(found) | ({} if signed is None else {"attestation": signed.content()}))
    _say(session, found)
    for path in written:
        session.say(f"Written: {path}")
    if signed is not None:
        session.say(*signed.words())
    exit_code = _EXITS[outcome(found)]
    # What was asked for was not done, whatever else was found.
    return Exit.COULD_NOT_BE_CHECKED if exit_code == Exit.DONE and signed and signed.refused else exit_code


@dataclass(frozen=True, slots=True)
class _Attested:
    """What was signed, or why nothing was.

    Attributes:
        others: how many batches of the issuer it says nothing about.
    """

    file: Path
    key: str
    batches: int
    others: int
    refused: NotPossible | None = None

    def content(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "file": None if self.refused else str(self.file),
            "key": self.key,
            "batches": self.batches,
            "others": self.others,
            "refused": self.refused and {"code": self.refused.code, "what": self.refused.what},
        }

    def words(self) -> tuple[Piece, ...]:
        """For people."""
        if self.refused is not None:
            return Styled("Not attested", "bold yellow"), f": {_short(self.refused.diagnostics())}"
        rest = f"; of {self.others:,} others nothing, their trees were not read" if self.others else ""
        about = amount(self.batches, "batch", "batches")
        return bold("Attested"), f": the leaves of {about} are in order{rest}. Written: {self.file}"


def _signer(issuer: int | None, attest: Path | None, key: Path | None, name: str | None) -> SignerKey | None:
    """The key for an attestation, read before hours are spent on the audit; None where none is asked for.

    Raises:
        SettingsError: an option is missing, or the key has another name.
        SignerError: it cannot be read.
    """
    if attest is None:
        if key is not None or name is not None:
            raise SettingsError("--key and --name go with --attest", remedy="Name the file with --attest.")
        return None
    if key is None:
        raise SettingsError("--attest needs a key", remedy="Name it with --key; `testamur checkpoint key` makes one.")
    if issuer is None:
        raise SettingsError(
            "it is not clear whose batches are attested", remedy="Name the issuer with --issuer.", code="no-issuer"
        )
    signer = read_key(key, KeyKind.NOTE, auditor=True)
    if name is not None and signer.name != name:
        raise SettingsError(f"the key is called {signer.name}, not {name}", where=str(key), code="note-key")
    return signer


def _attested(found: Audit, file: Path, signer: SignerKey) -> _Attested:
    issuer = found.asked.issuer
    if issuer is None:
        raise ValueError("an attestation is about one issuer")
    looked_at = sum(party == issuer for party, _ in found.batches())
    try:
        said = attestation_of(found, issuer)
    except NotPossible as refused:
        return _Attested(file, str(signer.verifier), 0, looked_at, refused)
    text = said.text
    try:
        file.write_text(str(SignedNote(text, (signer.sign(text, utc_now()),))), encoding="utf-8")
    except OSError as error:
        raise IntakeError(f"it cannot be written: {error.strerror}", where=str(file), code="unwritable") from None
    count = len(said.leaf_counts)
    return _Attested(file, str(signer.verifier), count, looked_at - count)


def _audited(session: Session, workspace: Workspace, since: str | None, until: str | None, engine: Engine) -> Audit:
    if not workspace.has_folder and (session.settings.chain == EMBEDDED or _names_a_folder(session.settings)):
        raise SettingsError(
            "there is no data folder to audit",
            where=str(session.settings.data_folder),
            remedy="Check --data-folder; to audit a chain alone, leave it out and name the chain with --chain.",
            code="nothing-to-audit",
        )
    client = workspace.client
    first = 0 if since is None else _block("--from", since, client, after=True)
    last = None if until is None else _block("--to", until, client, after=False)
    end = existing_block(client, "latest").number if last is None else last
    if end < first:
        raise SettingsError(f"--from is block {first}, after the audited one, block {end}", code="empty-range")
    copies = partial(copies_in, workspace.folder, session.settings) if workspace.has_folder else None
    auditor = Auditor(
        CredentialRegistry(client, workspace.contract_address),
        copies=copies,
        asked=Asked(session.settings.issuer, first),
        until=last,
        phase=session.progress,
        head_age_seconds=session.settings.head_age_seconds,
        engine=engine,
    )
    return auditor.run()


def _names_a_folder(settings: Settings) -> bool:
    """Whether a person wants a data folder compared: a wrong path is not to look like a clean folder."""
    default = Settings.model_fields["data_folder"].default
    return settings.data_folder != default or settings.database is not None


def _block(option: str, text: str, client: ChainClient, *, after: bool) -> int:
    """The block that a person named by its number or by a time."""
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        moment = asked_moment(text, option)
    except SettingsError:
        raise SettingsError(
            f"{text[:80]!r} is neither the number of a block nor a day or moment",
            where=option,
            remedy="Write 2026-01-31 or 2026-01-31T12:00:00Z, or the number.",
            code="no-block-or-time",
        ) from None
    return block_at(client, moment, after=after)


def _say(session: Session, found: Audit) -> None:
    counts, block = found.checked, found.block
    whom = "all parties" if found.asked.issuer is None else f"issuer {found.asked.issuer} alone"
    embedded = session.settings.chain == EMBEDDED
    session.say(bold(found.contract), f" on {reached_chain_name(found.chain, embedded=embedded)}, {whom}")
    since = f", batches from block {found.asked.since} on" if found.asked.since else ""
    session.say(f"as of block {block.number} ({write_timestamp(block.timestamp)}) 0x{block.hash.hex()}{since}")
    compared = [
        ("events, decoded again", counts.events),
        ("transactions with their receipts", counts.transactions),
        ("parties with storage", counts.parties),
        ("batches with storage", counts.batches),
        ("status words with storage", counts.status_words),
        ("statuses by digest with storage", counts.digests),
        ("accreditations with storage", counts.accreditations),
    ]
    if found.folder is not None:
        compared += [
            ("batches with the index", counts.index_batches),
            ("batches with the database", counts.folder_batches),
            ("trees derived again", counts.trees),
            ("leaves in them", counts.leaves),
        ]
    columns = (Column("compared"), Column("how many", right=True))
    session.say(Listing(columns, [(name, f"{number:,}") for name, number in compared]))
    for note in found.notes:
        session.say(_short(note))
    _say_differences(session, found)
    for each in found.unchecked[:SHOWN]:
        session.say(Styled("not checked", "bold yellow"), f" {_short(each.subject)}: {_short(each.why)}")
    _say_more(session, len(found.unchecked) - SHOWN, "unchecked")
    session.say(*_ENDINGS[outcome(found)])


def _say_differences(session: Session, found: Audit) -> None:
    told = set()
    for each in found.differences[:SHOWN]:
        session.say(Styled(each.kind.value, "bold red"), f" {_short(each.subject)}: {_short(each.what)}")
        if each.kind not in told:
            session.say(f"  {each.means}")
            told.add(each.kind)
    _say_more(session, len(found.differences) - SHOWN, "differences")


def _say_more(session: Session, more: int, table: str) -> None:
    if more > 0:
        session.say(f"… and {more:,} more: all of them with --json ({table}) or in {table}.csv with --csv.")


def _short(text: str) -> str:
    return terminal_text(text, LONGEST)
