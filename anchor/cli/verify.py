"""`testamur verify` and `testamur absent`: what a verifier asks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer

from anchor.cli.chains import say_chain
from anchor.cli.console import Styled, bold
from anchor.cli.levels import told_maps
from anchor.cli.portfolio_told import say_portfolio
from anchor.cli.session import Exit, Session, command
from anchor.cli.speaking import InLanguage, Spoken, spoken
from anchor.cli.tally import COLOURS, Tally
from anchor.cli.targets import digests_of_content
from anchor.cli.verdict_levels import Here, say_levels
from anchor.settings import EMBEDDED
from anchor.verifying.absence import absence_bytes, absence_of, answers_of_file, attestation_in, proved_absence
from anchor.verifying.files import FileVerifier, receipts_of
from anchor.verifying.offline import offline_grounds
from anchor.verifying.outside import outside
from anchor.verifying.paths import credential_files, is_digest, is_linked
from anchor.verifying.policies import read_policy
from anchor.verifying.reading import read_file
from anchor.verifying.replaced import Replaced, is_revoked, replacement_of
from anchor.workspace import Workspace
from registry.chain_names import chain_name
from registry.credential.digest import Digest, Limits
from registry.document.portfolio import Portfolio, told_of
from registry.errors import EvidenceError, IntakeError, ReceiptError, RegistryError, SettingsError
from registry.levels.bundled import bundled_maps
from registry.receipt.model import parse as parse_receipt
from registry.recognition.scope import country
from registry.timestamps import asked_moment
from registry.untrusted.cells import csv_lines
from registry.verify.absence import AbsenceVerdict, gravest, proof_content
from registry.verify.absence_file import AbsenceFile
from registry.verify.checks import Code, Outcome, Verdict
from registry.verify.rows import COLUMNS, Row
from registry.verify.stated_facts import MOST_VALUES, stated_facts
from registry.verify.verdict import OtherReceipt, sentences

OUTCOME_COLOURS = {Outcome.PASS: "green", Outcome.WARN: "yellow", Outcome.FAIL: "red", Outcome.UNKNOWN: "magenta"}

FILES_APART: Final = 1_500
"""From so many files on, other processes take part: the first is there when this one has read about a thousand."""


@command
def verify(
    session: Session,
    paths: Annotated[
        list[Path], typer.Argument(help="Credentials, folders of them, portfolios, or digests.", show_default=False)
    ],
    receipt: Annotated[Path | None, typer.Option("--receipt", help="The receipt of the one credential.")] = None,
    trust: Annotated[
        list[int] | None, typer.Option("--trust", help="A party whose number you have confirmed; repeatable.")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option("--policy", help="Policy file: the bodies and issuers you believe.")
    ] = None,
    prove: Annotated[
        bool | None,
        typer.Option("--prove/--no-prove", help="Check proofs of what the contract stores; believe no endpoint."),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Go by the evidence in receipts, and ask no endpoint.")
    ] = False,
    checkpoints: Annotated[
        Path | None, typer.Option("--checkpoints", help="Checkpoint list whose blocks are believed, with --offline.")
    ] = None,
    witnesses: Annotated[
        Path | None, typer.Option("--witnesses", help="Witnesses file: whose signatures of the list count.")
    ] = None,
    absence: Annotated[
        bool, typer.Option("--absence", help="The file is a proof of absence, and its answer is what is asked for.")
    ] = False,
    online: Annotated[
        bool, typer.Option("--online", help="Fetch what credentials name: DID documents of signers, status lists.")
    ] = False,
    did_document: Annotated[
        list[Path] | None,
        typer.Option("--did-document", help="A signer's did.json, which you believe; repeatable."),
    ] = None,
    at: Annotated[str | None, typer.Option("--at", help="Judge dates as of this day or moment.")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write a table with a line for each to this file.")] = None,
    here: Here = None,
    language: InLanguage = None,
) -> int:
    """Check credentials and say of each: valid, not valid, valid with a warning, or could not be checked.

    A proof of absence, as `absent --prove -o` writes it, gets its answer: name it alone, with --absence.
    """
    told, place = spoken(language), country(here or "")
    now = datetime.now(UTC) if at is None else asked_moment(at, "--at")
    files = list(credential_files(paths))
    if not files:
        raise IntakeError("there is no credential in it", where=str(paths[0]), remedy="Check the path.", code="empty")
    if receipt is not None and len(files) != 1:
        raise SettingsError("--receipt goes with one credential", remedy="Keep other receipts beside their files.")
    if (checkpoints or witnesses) and not offline:
        raise SettingsError("--checkpoints and --witnesses go with --offline", remedy="Add --offline.", code="offline")
    if offline and prove:
        raise SettingsError("--prove asks endpoints, and --offline asks none", remedy="Say which.", code="offline")
    if offline and online:
        raise SettingsError("--online fetches, and --offline asks nobody", remedy="Say which.", code="offline")
    said = {"policy": policy, "checkpoints": checkpoints, "witnesses": witnesses}
    session.settings = session.settings.model_copy(update={name: path for name, path in said.items() if path})
    set_prove(session, False if offline else prove)
    is_link = is_linked(paths[0])
    single = len(paths) == 1 and (is_link or not paths[0].is_dir())
    is_file = not is_digest(files[0]) and not is_link
    if single and is_file and (proof := absence_bytes(files[0])) is not None:
        if receipt is not None or csv is not None:
            raise SettingsError(
                "a proof of absence has neither a receipt nor a table", remedy="Leave --receipt and --csv out."
            )
        return _verify_absence(session, told, str(files[0]), proof, offline=offline, is_asked_for=absence)
    if absence:
        raise SettingsError("--absence goes with one proof of absence", where=str(files[0]), remedy="Leave it out.")
    tally = Tally(told, keeps_rows=not session.as_json)
    with session.growing("verdicts") as as_json:
        with (
            table_to(csv) as add_row,
            session.workspace(read_only=True) as workspace,
            session.progress("verifying") as progress,
        ):
            looked_up = outside(did_document or (), online=online)
            verifier = FileVerifier(
                workspace,
                trust=trust or (),
                now=now,
                offline=offline,
                outside=looked_up,
                here=place,
                # Those that are bundled have nothing to tell of.
                levels=bundled_maps if session.settings.level_maps is None else cache(partial(told_maps, session)),
            )
            single = single and (receipt is not None or is_digest(files[0]) or not verifier.holds_many(files[0]))
            portfolios = [] if single else _portfolios(verifier, paths)
            by_it = None if receipt is None else by_receipt(verifier, files[0], receipt)
            processes = 1 if len(files) < FILES_APART else session.settings.workers or os.cpu_count() or 1
            one, before, done = None, None, 0
            for file, verdict in verifier.verify_each(files, processes=processes) if by_it is None else [by_it]:
                one = verdict if single else None
                tally.add(verdict)
                as_json.add(verdict.to_dict)
                add_row(verdict)
                # A file of many comes with each of them.
                done, before = done + (file is not before), file
                progress(done, len(files))
            # Without a folder there is no practice chain that was asked, whatever chain the receipts are of.
            is_asked = not offline and (workspace.has_folder or session.settings.chain != EMBEDDED)
            chain = workspace.asked_chain if is_asked else None
            replaced = _replacement(session, workspace, one, files[0], receipt) if one and is_asked else None
        if one is None:
            as_json.tell({"portfolios": [told_of(each, now) for each in portfolios]} if portfolios else {})
    for each in portfolios:
        say_portfolio(session, told, each, now)
    if one is not None:
        session.result(one.to_dict())
        say_verdict(session, told, one)
        say_levels(session, told, one.levels)
        say_stated(session, told, one, files[0])
        _say_replaced(session, replaced)
    else:
        session.say(tally.table())
        say_reasons(session, tally, "--json has")
        session.say(tally.counts())
    say_basis(session, told, tally)
    say_chain(session, chain)
    return tally.exit_code


def _portfolios(verifier: FileVerifier, paths: Sequence[Path]) -> list[Portfolio]:
    """Those that were named, for what they say of themselves; why one cannot be read, its verdict says."""
    found = []
    for path in paths:
        with suppress(RegistryError):
            if (portfolio := verifier.portfolio_at(path)) is not None:
                found.append(portfolio)
    return found


def _replacement(
    session: Session, workspace: Workspace, verdict: Verdict, file: Path, receipt: Path | None
) -> Replaced | None:
    """What the issuer put in the place of a credential that was revoked."""
    if not is_revoked(verdict):
        return None
    limits = Limits(max_bytes=session.settings.max_document_bytes, max_depth=session.settings.max_document_depth)
    receipts = [] if is_digest(file) else receipts_of(file, limits)
    if receipt is not None:
        with suppress(ReceiptError, OSError):
            receipts.append(parse_receipt(receipt.read_bytes()))
    return replacement_of(workspace, verdict, receipts)


def _say_replaced(session: Session, replaced: Replaced | None) -> None:
    """Who reads it knows then what to ask for."""
    if replaced is None:
        return
    if replaced.place is None:
        session.say("Whether its issuer put another one in its place could not be asked.")
        return
    root, index = replaced.place
    where = f"place {index:,} of the batch 0x{root.hex()}"
    if replaced.digest is None:
        session.say(
            f"Its issuer put another one in its place: {where}. A lookup service that has its tree knows its digest."
        )
    else:
        session.say("Its issuer put another one in its place: ", bold(replaced.digest.hex()), f", {where}.")


def set_prove(session: Session, prove: bool | None) -> None:
    """What was said on the command line counts before the settings."""
    if prove is not None:
        session.settings = session.settings.model_copy(update={"prove": prove})


def by_receipt(verifier: FileVerifier, file: Path, receipt: Path) -> tuple[Path, Verdict]:
    """The verdict on a file or digest by the receipt that was named."""
    return file, verifier.verify_digest(str(file), receipt) if is_digest(file) else verifier.verify_file(file, receipt)


@contextmanager
def table_to(path: Path | None) -> Iterator[Callable[[Verdict], None]]:
    """Where the rows of a table of verdicts go: to a CSV file, with the columns of the service's, or nowhere.

    Raises:
        IntakeError: it cannot be written.
    """
    if path is None:
        yield lambda _: None
        return
    try:
        with path.open("wb") as file:
            file.write(csv_lines([COLUMNS]))

            def add(verdict: Verdict) -> None:
                file.write(Row.of(verdict).line())

            yield add
    except OSError as error:
        raise IntakeError(f"it cannot be written: {error.strerror}", where=str(path), code="unwritable") from None


@command
def absent(
    session: Session,
    target: Annotated[str, typer.Argument(help="A credential file, or a digest of 64 hexadecimal digits.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Write the proofs to this file; with --prove, one that proves the answer by itself."
        ),
    ] = None,
    prove: Annotated[
        bool | None,
        typer.Option("--prove/--no-prove", help="Check proofs of what the contract stores; believe no endpoint."),
    ] = None,
    attestation: Annotated[
        list[Path] | None,
        typer.Option("--attestation", help="An auditor's statement for the file of --prove -o; repeatable."),
    ] = None,
    language: InLanguage = None,
) -> int:
    """Prove that an issuer never anchored a credential."""
    told = spoken(language)
    set_prove(session, prove)
    if output is not None and session.settings.prove:
        return _write_proved(session, told, target, output, attestation or [])
    if attestation:
        raise SettingsError(
            "an attestation goes into a file that proves itself", remedy="Name the file: --prove -o absence.json."
        )
    digests = digests_of_content(target, session.settings)
    with session.workspace(read_only=True) as workspace:
        issuer = workspace.issuer()
        answers = [absence_of(workspace, digest.value, issuer) for digest in digests]
        chain = workspace.asked_chain
    verdict = gravest([verdict for verdict, _ in answers])
    content = verdict.to_dict() | {"digests": [digest.hex for digest in digests]}
    if output is not None:
        proofs = [
            proof_content(root, proof) | {"digest": answer.digest.hex()}
            for answer, proofs in answers
            for root, proof in proofs.items()
        ]
        _write(output, orjson.dumps(content | {"proofs": proofs}, option=orjson.OPT_INDENT_2) + b"\n")
    session.result(content)
    _say_absence(session, told, verdict, _by_method(digests))
    say_chain(session, chain)
    return verdict.exit_code


def _write_proved(session: Session, told: Spoken, target: str, output: Path, notes: list[Path]) -> int:
    """`absent --prove -o`: a file that proves its answer to others."""
    digests = digests_of_content(target, session.settings)
    attestations = [attestation_in(note) for note in notes]
    with session.workspace(read_only=True) as workspace:
        values = list(dict.fromkeys(digest.value for digest in digests))
        file, answers = proved_absence(workspace, values, workspace.issuer(), attestations)
        chain = workspace.asked_chain
    _write(output, file.to_bytes())
    verdict = gravest(answers)
    session.result(verdict.to_dict() | {"digests": [digest.hex for digest in digests]})
    _say_absence(session, told, verdict, _by_method(digests))
    session.say(f"Written: {output}")
    say_chain(session, chain)
    return verdict.exit_code


def _verify_absence(
    session: Session, told: Spoken, name: str, data: bytes, *, offline: bool, is_asked_for: bool
) -> int:
    """`verify` of a file that says it proves an absence.

    Who expects a credential may be handed such a file by its holder, and goes by the exit code.
    """
    try:
        file = AbsenceFile.of(data)
    except EvidenceError as error:
        unread = Verdict.unknown(name, error.code, sentences(error.what, error.remedy))
        session.result(unread.to_dict())
        say_verdict(session, told, unread)
        return unread.exit_code
    policy = None if session.settings.policy is None else read_policy(session.settings.policy)
    grounds = offline_grounds(session.settings, policy) if offline else None
    with session.workspace(read_only=True) as workspace:
        verdict = gravest(answers_of_file(workspace, file, policy, grounds))
    exit_code = verdict.exit_code if is_asked_for else Exit.COULD_NOT_BE_CHECKED
    about = {"digests": [digest.hex() for digest in file.digests], "chain": file.chain, "contract": file.contract}
    session.result(verdict.to_dict() | about | {"exitCode": exit_code})
    session.say(f"{name}: is it absent from the batches of issuer {file.issuer}?")
    _say_absence(session, told, verdict, {digest: digest.hex() for digest in file.digests})
    if not is_asked_for:
        session.say("This is a proof of absence and no credential. With --absence, its answer is the exit code.")
    session.say(f"Registry: {file.contract}")
    say_chain(session, chain_name(file.chain))
    return exit_code


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise IntakeError(f"it cannot be written: {error.strerror}", where=str(path)) from None


def _by_method(digests: Sequence[Digest]) -> dict[bytes, str]:
    return {digest.value: f"{digest.hex} by {digest.method}" for digest in digests}


def _say_absence(session: Session, told: Spoken, verdict: AbsenceVerdict, digests: Mapping[bytes, str]) -> None:
    """One answer, with the digests that it is about, in words."""
    session.say(bold(told.absence(verdict.outcome)), "" if verdict.code == verdict.outcome else f" ({verdict.code})")
    for digest, words in digests.items():
        about = " (this answer)" if len(digests) > 1 and digest == verdict.digest else ""
        session.say(f"  {words}{about}")
    session.say(f"  {told.text(verdict.told)}")


def say_verdict(session: Session, told: Spoken, verdict: Verdict) -> None:
    """One verdict with all its checks."""
    overall = verdict.overall
    # What all of them rest on is told once, after the verdict.
    proved = None
    if verdict.basis is not None and verdict.as_of is not None and verdict.basis.proved:
        proved = verdict.basis.said(verdict.as_of)
    session.say(f"{verdict.name}: ", Styled(told.overall(overall), f"bold {COLOURS[overall]}"))
    for check in verdict.checks:
        outcome, name = told.check(check.outcome, check.name)
        text = told.text(tuple(each for each in check.told if each != proved))
        session.say(Styled(f"  {outcome}", OUTCOME_COLOURS[check.outcome]), f"  {name}  {text} ({check.code})")
    for other in verdict.other_receipts:
        codes = ", ".join(other.codes) or told.word("another.notNeeded")
        which, comes = _named(told, other), told.overall(other.overall)
        session.say("  ", told.word("another", which=which, overall=comes, codes=codes))
        if other.said:
            session.say(f"    {told.text(other.said)}")


def say_stated(session: Session, told: Spoken, verdict: Verdict, path: Path) -> None:
    """What the credential that is on record states, for whoever was shown a paper or a picture with it.

    The file is read once more, and what is told is only what the digest covers that the verdict is about.
    """
    integrity, inclusion = verdict.check("integrity"), verdict.check("inclusion")
    is_inside = integrity.code == Code.DIGEST_INSIDE and inclusion.outcome is Outcome.PASS
    if verdict.digest is None or not is_inside or verdict.check("anchor").outcome not in (Outcome.PASS, Outcome.WARN):
        return
    limits = Limits(session.settings.max_document_bytes, session.settings.max_document_depth)
    facts = stated_facts(read_file(path, limits), verdict.digest.value)
    if not facts:
        return
    session.say(f"{told.page_word('stated')}:")
    for key, values in facts.items():
        more = [told.page_word("stated.more", count=len(values) - MOST_VALUES)] if len(values) > MOST_VALUES else []
        shown = [each if isinstance(each, str) else told.text(each) for each in values[:MOST_VALUES]]
        session.say(f"  {told.page_word(f'stated.{key}')}: {'; '.join([*shown, *more])}")
    session.say(told.page_word("statedAnchored"))


def say_basis(session: Session, told: Spoken, tally: Tally) -> None:
    """What the verdicts rest on, each basis once; of a practice chain only that it was proved."""
    for said, proved in tally.bases:
        if proved or session.settings.chain != EMBEDDED:
            session.say(told.text(said))


def _named(told: Spoken, other: OtherReceipt) -> str:
    """Whose it is, and of which batch."""
    if other.root is None or other.issuer is None or other.chain is None:
        return told.word("another.unread")
    return told.word("another.of", issuer=other.issuer, chain=other.chain, root=f"0x{other.root.hex()}")


def say_reasons(session: Session, tally: Tally, where: str) -> None:
    """The reasons that are the same for all, below a table; and where the words of all other codes are.

    Args:
        where: such as `--json has`.
    """
    shared = tally.shared_reasons
    for code, text in shared:
        session.say(f"{code}: {text}")
    if tally.codes - {code for code, _ in shared}:
        session.say(f"{where} the reasons of each in words.")
