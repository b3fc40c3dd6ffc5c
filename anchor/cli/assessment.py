"""`testamur assessment …`: rubrics, records that assessors sign, moderation by a second person, and their evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from anchor.cli.console import Column, Listing, Styled, bold
from anchor.cli.faults_told import faults_content, say_faults
from anchor.cli.issuing_options import By
from anchor.cli.session import Exit, Session, command
from anchor.cli.wording import amount
from anchor.cli.writing import refuse_existing
from anchor.issuing.people import this_person
from anchor.issuing.signing import IssuingKey, Proofs, own_key
from anchor.learning.assessing import (
    Imported,
    as_evidence,
    at_hand,
    evidence_in,
    import_results,
    import_statements,
    look_at,
    record_in,
    refuse_one_person,
    refuse_other_moderation,
    rubric_in,
    signed_record,
)
from anchor.verifying.named import write_whole
from anchor.verifying.outside import outside
from registry.credential.strictjson import DEFAULT_LIMITS
from registry.document.reading import read_document
from registry.errors import IntakeError, SettingsError
from registry.learning.assessment.checking import CheckedRecord, Said, check_records
from registry.learning.assessment.records import (
    LONGEST_COMMENT,
    Assessed,
    Genre,
    Learner,
    Mark,
    Person,
    Role,
    read_marks,
)
from registry.learning.assessment.rubrics import Criterion, Rubric
from registry.timestamps import past_moment
from registry.untrusted.cells import csv_lines

app = typer.Typer(help="Evidence of assessment: rubrics, assessors, and what systems recorded.", no_args_is_help=True)

MOST_SHOWN: Final = 20
_COLOURS: Final = {Said.YES: "green", Said.NO: "bold red", Said.UNKNOWN: "bold yellow"}


class Form(StrEnum):
    """Of others, in which evidence comes."""

    XAPI = "xapi"
    QTI = "qti"


@dataclass(frozen=True, slots=True)
class Assessor:
    """The options that say who assesses, and with which key."""

    sign_key: Annotated[Path, typer.Option("--sign-key", help="File with your own key, as PEM.")]
    by: By = None
    method: Annotated[
        str | None, typer.Option("--method", help="Your key in a DID document; default: its did:key.")
    ] = None
    staff: Annotated[str, typer.Option("--staff", help="What the institution calls you, such as a staff number.")] = ""
    institution: Annotated[
        str, typer.Option("--institution", help="URL or DID of the institution for which you act.")
    ] = ""

    def read(self, session: Session) -> tuple[Person, IssuingKey]:
        """Who that is, and the key.

        Raises:
            SettingsError, SignerError: as `own_key`.
            IntakeError: as `this_person`.
        """
        did, key = own_key(self.sign_key, self.method, Proofs(session.settings.issuing_proofs))
        return Person(did, this_person(self.by).name, self.staff.strip(), self.institution.strip()), key


Marks = Annotated[
    list[str] | None,
    typer.Option("--mark", help="CRITERION=LEVEL or CRITERION=POINTS; repeatable.", show_default=False),
]
Files = Annotated[
    list[Path] | None, typer.Option("--evidence", help="A file that is evidence; repeatable.", show_default=False)
]
Embed = Annotated[bool, typer.Option("--embed", help="Put the evidence into the record, up to 1 MiB a file.")]
Comment = Annotated[str, typer.Option("--comment", help="What you say of it, in the record.", show_default=False)]
At = Annotated[str | None, typer.Option("--at", help="When it was assessed; default: now.", show_default=False)]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", help="File; default: record, moderation or decision.json.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Write over a file that is there.")]
RecordArgument = Annotated[Path, typer.Argument(help="The record of the assessment.", show_default=False)]


@app.command("rubric")
@command
def rubric(
    session: Session,
    file: Annotated[Path, typer.Argument(help="A rubric: TOML, or JSON of Open Badges 3.0.", show_default=False)],
) -> Exit:
    """Say all that is wrong with a rubric at once, and what is in it. Nothing is kept."""
    found, faults = look_at(file)
    grave = any(each.grave for each in faults)
    session.result(
        {
            "file": str(file),
            "valid": not grave,
            "rubric": None if found is None else found.identifier,
            "criteria": [] if found is None else [_criterion_content(each) for each in found.criteria],
            **faults_content(faults),
        }
    )
    if found is not None:
        session.say(bold(found.title), f": {amount(len(found.criteria), 'criterion', 'criteria')}")
        columns = [Column(name) for name in ("criterion", "name", "levels or points", "required")]
        session.say(Listing(columns, [_criterion_row(each) for each in found.criteria]))
    say_faults(session, faults, "wrong")
    return Exit.FAILED if grave else Exit.DONE


@app.command("record")
@command
def record(
    session: Session,
    rubric_file: Annotated[Path, typer.Argument(metavar="RUBRIC", help="The rubric.", show_default=False)],
    learner: Annotated[str, typer.Option("--learner", help="Whom: a DID or other URI, or a number of yours.")],
    assessor: Assessor,
    output: Output = None,
    learner_name: Annotated[str, typer.Option("--learner-name", help="The learner's name, in clear.")] = "",
    marks: Marks = None,
    evidence: Files = None,
    embed: Embed = False,
    comment: Comment = "",
    at: At = None,
    overwrite: Overwrite = False,
) -> None:
    """Write a record of an assessment, signed by its assessor: a credential, which is anchored as all are."""
    known = rubric_in(rubric_file)
    person, key = assessor.read(session)
    now = datetime.now(UTC)
    document = signed_record(
        key,
        known,
        Learner(learner.strip(), learner_name.strip()),
        person,
        read_marks(known, marks or []),
        evidence_in(evidence or [], embedded=embed),
        past_moment(at, "--at", now) or now,
        now,
        comment=_short(comment),
    )
    _write(session, output or Path("record.json"), document, overwrite=overwrite)


@app.command("moderate")
@command
def moderate(
    session: Session,
    file: RecordArgument,
    assessor: Assessor,
    output: Output = None,
    agree: Annotated[bool, typer.Option("--agree", help="You find the same, but for what --mark says.")] = False,
    marks: Marks = None,
    evidence: Files = None,
    embed: Embed = False,
    comment: Comment = "",
    at: At = None,
    overwrite: Overwrite = False,
) -> None:
    """Write what a second person finds, signed by that person: never whoever assessed. Both marks stay as they are."""
    first = record_in(file)
    person, key = assessor.read(session)
    refuse_one_person(first, person, key)
    now = datetime.now(UTC)
    own = _marks(first.record.rubric, marks or [], [first.record] if agree else [])
    document = signed_record(
        key,
        first.record.rubric,
        first.record.learner,
        person,
        own,
        [as_evidence(first, Genre.MODERATED), *evidence_in(evidence or [], embedded=embed)],
        past_moment(at, "--at", now) or now,
        now,
        role=Role.MODERATION,
        comment=_short(comment),
    )
    _write(session, output or Path("moderation.json"), document, overwrite=overwrite)
    marked = {each.criterion: each.value for each in own}
    keys = [
        each.key
        for each in first.record.rubric.criteria
        if not each.is_same(first.record.mark(each.identifier), marked[each.identifier])
    ]
    if keys:
        session.say(
            f"The marks differ in {', '.join(keys)}: testamur assessment decide records which stand, and who said so."
        )


@app.command("decide")
@command
def decide(
    session: Session,
    file: RecordArgument,
    moderation: Annotated[Path, typer.Argument(help="The record of the moderation.", show_default=False)],
    assessor: Assessor,
    comment: Annotated[str, typer.Option("--comment", help="Why so, in the record.")],
    output: Output = None,
    marks: Marks = None,
    at: At = None,
    overwrite: Overwrite = False,
) -> None:
    """Write which marks stand where two assessors differ, signed by whoever decided. What both found stays there."""
    both = record_in(file), record_in(moderation)
    refuse_other_moderation(*both)
    person, key = assessor.read(session)
    now = datetime.now(UTC)
    first = both[0].record
    document = signed_record(
        key,
        first.rubric,
        first.learner,
        person,
        _marks(first.rubric, marks or [], [each.record for each in both]),
        [as_evidence(each, Genre.DECIDED) for each in both],
        past_moment(at, "--at", now) or now,
        now,
        role=Role.DECISION,
        comment=_short(comment),
    )
    _write(session, output or Path("decision.json"), document, overwrite=overwrite)


@app.command("check")
@command
def check(
    session: Session,
    files: Annotated[list[Path], typer.Argument(help="Records of one assessment.", show_default=False)],
    evidence: Annotated[
        list[Path] | None,
        typer.Option("--evidence", help="Files or folders that are the evidence; repeatable.", show_default=False),
    ] = None,
    did_document: Annotated[
        list[Path] | None,
        typer.Option("--did-document", help="An assessor's did.json, which you believe; repeatable."),
    ] = None,
) -> Exit:
    """Say whose signatures hold, whether a second person moderated, what differs, and which evidence is as it was."""
    known = at_hand(evidence or []), outside(did_document or []).documents
    found = sorted(
        check_records([record_in(each).reading for each in files], *known),
        key=lambda each: list(Role).index(each.record.role),
    )
    session.result({"records": [_record_content(each) for each in found]})
    first = found[0].record
    columns = [Column("criterion"), *(Column(f"{each.record.role} ({each.record.assessor.name})") for each in found)]
    session.say(Listing(columns, [_mark_row(each, found) for each in first.rubric.criteria]))
    for each in found:
        _say_record(session, each)
    worst = {each.answer.said for each in found}
    if Said.NO in worst:
        return Exit.FAILED
    return Exit.COULD_NOT_BE_CHECKED if Said.UNKNOWN in worst else Exit.DONE


@app.command("import")
@command
def import_(
    session: Session,
    form: Annotated[
        Form,
        typer.Argument(
            metavar="FORMAT",
            help="xapi: statements of xAPI 1.0.3 and cmi5; qti: results of QTI 2 and 3.",
            show_default=False,
        ),
    ],
    file: Annotated[Path, typer.Argument(help="The export, or the results; of QTI also a ZIP.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", help="The file of evidence.", show_default=False)],
    actor: Annotated[
        str, typer.Option("--actor", help="Of xAPI: whose statements, by address or account name.", show_default=False)
    ] = "",
    identities: Annotated[
        bool, typer.Option("--identities", help="Write who people are, as the file says it.")
    ] = False,
    statement_key: Annotated[
        Path | None,
        typer.Option("--statement-key", help="Of xAPI: key or certificate that signed statements.", show_default=False),
    ] = None,
    attachments: Annotated[
        Path | None, typer.Option("--attachments", help="Of xAPI: folder with the signatures.", show_default=False)
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Write nothing where something is left out.")] = False,
    overwrite: Overwrite = False,
) -> Exit:
    """Make a file of evidence of what systems recorded. It is no achievement: a record names it, and a person answers.

    What cannot be used is written to FILE.refused.csv beside it, with the reasons.
    """
    if form is Form.XAPI:
        found = import_statements(file, actor, identities=identities, attachments=attachments, key=statement_key)
    else:
        found = import_results(file, identities=identities)
    refused = output.with_name(f"{output.stem}.refused.csv")
    written = not (strict and found.left_out)
    if written:
        refuse_existing(output, overwrite=overwrite)
        write_whole(output, found.content, private=True)
    if found.left_out:
        rows = ((each.entry, each.identifier, each.why) for each in found.left_out)
        write_whole(refused, csv_lines([("entry", "id", "why"), *rows]), private=True)
    session.result(_import_content(found, form, output if written else None, refused))
    _say_import(session, found)
    for each in found.left_out[:MOST_SHOWN]:
        session.say(Styled("left out", "bold red"), f" {each.entry}: {each.why}")
    if len(found.left_out) > MOST_SHOWN:
        session.say(f"and {len(found.left_out) - MOST_SHOWN:,} more, in {refused}")
    if not written:
        session.say(f"Nothing was written but {refused} (--strict).")
        return Exit.FAILED
    session.say("Written: ", bold(str(output)), "; a record names it with --evidence")
    return Exit.SOME_REJECTED if found.left_out else Exit.DONE


def _marks(rubric_: Rubric, given: Sequence[str], found: Sequence[Assessed]) -> tuple[Mark, ...]:
    """The marks that are given, and for the other criteria those on which all that was found before agrees."""
    named = {text.partition("=")[0].strip() for text in given}
    more = []
    for each in rubric_.criteria:
        before = [one.mark(each.identifier) for one in found]
        agreed = before and all(one and each.is_same(one, before[0]) for one in before)
        if agreed and not named & {each.key, each.identifier, each.name}:
            more.append(f"{each.identifier}={before[0]}")
    return read_marks(rubric_, [*given, *more])


def _short(comment: str) -> str:
    if len(comment) > LONGEST_COMMENT:
        raise SettingsError(
            f"the comment has more than {LONGEST_COMMENT:,} characters",
            where="--comment",
            remedy="Write it into a file, and name that with --evidence.",
            code="too-large",
        )
    return comment.strip()


def _write(session: Session, path: Path, document: dict[str, Any], *, overwrite: bool) -> None:
    refuse_existing(path, overwrite=overwrite)
    content = orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"
    if len(content) > DEFAULT_LIMITS.max_bytes:
        raise IntakeError(
            f"it would have {len(content):,} bytes, and at most {DEFAULT_LIMITS.max_bytes:,} are read",
            where=str(path),
            remedy="Leave --embed out: then it names the evidence by its hash.",
            code="too-large",
        )
    (found,) = check_records([read_document(content, "record.json")])
    write_whole(path, content, private=True)
    session.result(
        {"written": str(path), "id": document["id"], "digest": found.digest.hex(), "role": found.record.role}
    )
    session.say("Written: ", bold(str(path)), f", signed by {found.record.assessor.did}")
    session.say(f"  digest (vc-jcs) {found.digest.hex()}; testamur anchor {path} anchors it")


def _criterion_content(each: Criterion) -> dict[str, Any]:
    return {
        "key": each.key,
        "name": each.name,
        "levels": [level.key for level in each.levels],
        "lowest": None if each.lowest is None else str(each.lowest),
        "highest": None if each.highest is None else str(each.highest),
        "required": each.required or None,
    }


def _criterion_row(each: Criterion) -> tuple[str, ...]:
    scale = ", ".join(level.key for level in each.levels) or f"{each.lowest} to {each.highest} points"
    needed = each.level(each.required) if each.levels and each.required else None
    return each.key, each.name, scale, needed.key if needed else each.required or "–"


def _mark_row(criterion: Criterion, found: Sequence[CheckedRecord]) -> tuple[str, ...]:
    return criterion.name, *(_shown_mark(criterion, each.record.mark(criterion.identifier)) for each in found)


def _shown_mark(criterion: Criterion, mark: str) -> str:
    level = criterion.level(mark) if mark else None
    said = level.name if level is not None else mark or "–"
    return f"{said}, less than required" if criterion.reaches(mark) is False else said


def _say_record(session: Session, each: CheckedRecord) -> None:
    record_ = each.record
    session.say(bold(each.name), f": {record_.role} by {record_.assessor.name} ({record_.assessor.did}), {record_.at}")
    session.say("  signed by its assessor: ", _answer(each.signed.said), _because(each.signed.why))
    session.say(f"  learner: {record_.learner.identifier or 'not said'}")
    if each.four_eyes is not None:
        session.say("  by a second person: ", _answer(each.four_eyes.said), _because(each.four_eyes.why))
    if each.differs:
        keys = [one.key for one in record_.rubric.criteria if one.identifier in each.differs]
        session.say(f"  other marks than it moderates: {', '.join(keys)}")
    for sentence in each.wrong:
        session.say("  ", Styled("wrong", "bold red"), f": {sentence}")
    if each.missing:
        session.say(
            "  ", Styled("unknown", "bold yellow"), f": {amount(each.missing, 'record')} it is about not at hand"
        )
    for one in each.files:
        session.say(f"  evidence {one.evidence.name}: ", _answer(one.answer.said), _because(one.answer.why))
    if record_.comment:
        session.say(f"  comment: {record_.comment}")


def _answer(said: Said) -> Styled:
    return Styled(said.value, _COLOURS[said])


def _because(why: str) -> str:
    return f" ({why})" if why else ""


def _record_content(each: CheckedRecord) -> dict[str, Any]:
    record_ = each.record
    return {
        "file": each.name,
        "id": record_.identifier,
        "digest": each.digest.hex(),
        "role": record_.role,
        "assessor": {
            "did": record_.assessor.did,
            "name": record_.assessor.name,
            "staff": record_.assessor.staff or None,
        },
        "learner": {"id": record_.learner.identifier, "name": record_.learner.name or None},
        "at": record_.at,
        "marks": [
            {
                "criterion": one.key,
                "mark": _shown_mark(one, record_.mark(one.identifier)),
                "reachesRequired": one.reaches(record_.mark(one.identifier)),
            }
            for one in record_.rubric.criteria
        ],
        "signed": {"said": each.signed.said, "why": each.signed.why or None},
        "secondPerson": None
        if each.four_eyes is None
        else {"said": each.four_eyes.said, "why": each.four_eyes.why or None},
        "differs": list(each.differs),
        "wrong": list(each.wrong),
        "notAtHand": each.missing,
        "evidence": [
            {
                "name": one.evidence.name,
                "sha256": one.evidence.sha256.hex() or None,
                "mediaType": one.evidence.media_type or None,
                "said": one.answer.said,
                "why": one.answer.why or None,
            }
            for one in each.files
        ],
        "comment": record_.comment or None,
        "all": each.answer.said,
    }


def _import_content(found: Imported, form: Form, written: Path | None, refused: Path) -> dict[str, Any]:
    return {
        "form": form.value,
        "written": None if written is None else str(written),
        "source": found.evidence["source"],
        "counts": found.evidence.get("counts", {"results": len(found.evidence.get("results", []))}),
        "cmi5": found.evidence.get("cmi5", []),
        "refused": str(refused) if found.left_out else None,
        "leftOut": [{"entry": each.entry, "id": each.identifier or None, "why": each.why} for each in found.left_out],
    }


def _say_import(session: Session, found: Imported) -> None:
    evidence = found.evidence
    if "counts" not in evidence:
        session.say(f"{amount(len(evidence['results']), 'file')} of results")
        return
    counts = evidence["counts"]
    session.say(
        f"{amount(counts['statements'], 'statement')} of {amount(len(evidence['people']), 'person', 'people')}: "
        f"{counts['voided']:,} voided, {counts['signed']:,} signed, {counts['cmi5']:,} of cmi5; "
        f"{counts['repeated']:,} stood there again"
    )
    rows = [
        (
            each["person"],
            each["unit"],
            ", ".join(each["recorded"]),
            each["moveOn"] or "not at hand",
            {True: "yes", False: "no", None: "unknown"}[each["isMet"]],
        )
        for each in evidence["cmi5"][:MOST_SHOWN]
    ]
    if rows:
        columns = [Column(name) for name in ("person", "unit", "recorded", "moveOn", "met")]
        session.say(Listing(columns, rows))
