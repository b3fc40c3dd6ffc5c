"""A template from its file, in TOML; and everything that is wrong with one, at once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from anchor.issuing.templates.logos import look_at_logo
from anchor.issuing.templates.model import (
    Alignment,
    Competence,
    Course,
    Form,
    Institution,
    Kind,
    Layout,
    Orientation,
    Paper,
    Result,
    ResultKind,
    Signatory,
    Template,
    Texts,
)
from anchor.issuing.templates.tables import Fault, Table
from registry.errors import IntakeError, SettingsError
from registry.recognition.countries import NUMERIC
from registry.recognition.isced import field_name
from registry.untrusted.encodings import REMEDY as SAVE_AS_UTF8
from registry.untrusted.encodings import foreign_encoding
from registry.untrusted.toml import NotToml, parse_toml
from registry.untrusted.uris import EXAMPLES, read_uri

MOST_BYTES: Final = 1 << 20
MOST_LANGUAGES: Final = 2
MOST_CREDITS: Final = Decimal(1000)
LONGEST_VALIDITY: Final = 1200
"""Months."""
ALWAYS_MANDATORY: Final = ("person_id", "name", "awarded_on")
OPTIONAL_COLUMNS: Final = ("birth_date", "email", "language")

_ID: Final = re.compile(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# What BCP 47 calls a language with an optional script and region; no extensions.
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?")
_KEY: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_TYPE: Final = re.compile(r"[A-Z][A-Za-z]{1,59}|ext:[A-Za-z0-9:._-]{1,55}")
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")
_KEY_REMEDY: Final = "Give 1 to 40 small letters, digits, - and _, with a letter first: the column is named by it."

ACHIEVEMENT_TYPES: Final = frozenset({
    "Achievement", "ApprenticeshipCertificate", "Assessment", "Assignment", "AssociateDegree", "Award", "Badge",
    "BachelorDegree", "Certificate", "CertificateOfCompletion", "Certification", "CommunityService", "Competency",
    "Course", "CoCurricular", "Degree", "Diploma", "DoctoralDegree", "Fieldwork", "GeneralEducationDevelopment",
    "JourneymanCertificate", "LearningProgram", "License", "Membership", "ProfessionalDoctorate",
    "QualityAssuranceCredential", "MasterCertificate", "MasterDegree", "MicroCredential", "ResearchDoctorate",
    "SecondarySchoolDiploma",
})  # fmt: skip
"""Terms of Open Badges 3.0 (section B.2, AchievementType); others are written `ext:…`."""


def read_template(path: Path) -> Template:
    """The template in a file.

    Raises:
        IntakeError: it cannot be read (`template-unreadable`), or something in it is wrong (`template`): the error
            tells the first of it, `look_at_template` all.
    """
    template, faults = look_at_template(path)
    if template is None:
        first, *others = faults
        more = f" (and {len(others)} more)" if others else ""
        raise IntakeError(
            f"{first.key} {first.what}{more}",
            where=str(path),
            remedy=f"{first.remedy} `testamur template check` tells all that is wrong at once.",
            code="template",
        )
    return template


def look_at_template(path: Path) -> tuple[Template | None, tuple[Fault, ...]]:
    """The template in a file, and all that is wrong with it; None when so much is that there is none.

    Raises:
        IntakeError: it cannot be read as TOML (`template-unreadable`).
    """
    faults: list[Fault] = []
    top = Table(_content(path), faults)
    template = _template(top, path.parent)
    top.end()
    return template if not faults else None, tuple(faults)


def id_in(path: Path) -> str | None:
    """The id that a file has if it is a template, whatever else is wrong with it; None if it has none."""
    try:
        found = _content(path).get("id")
    except IntakeError:
        return None
    return found if isinstance(found, str) and _ID.fullmatch(found) else None


def is_language(text: str) -> bool:
    """Whether a text is a language of BCP 47, with a script and a region at most."""
    return _LANGUAGE.fullmatch(text) is not None


def _content(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, f"it cannot be read: {error.strerror}", "Name a template that is there.") from None
    if len(data) > MOST_BYTES:
        raise _unreadable(path, f"it has more than {MOST_BYTES >> 20} MiB", "A template is a few KB of text.")
    if encoding := foreign_encoding(data):
        raise _unreadable(path, f"it is not UTF-8, but {encoding}", SAVE_AS_UTF8)
    try:
        return parse_toml(data, parse_float=Decimal)
    except NotToml as error:
        raise _unreadable(
            path,
            f"it is no TOML: {error}",
            "Mend that line; `testamur template new` writes one that is in order.",
        ) from None


def _unreadable(path: Path, what: str, remedy: str) -> IntakeError:
    return IntakeError(what, where=str(path), remedy=remedy, code="template-unreadable")


def _template(top: Table, folder: Path) -> Template | None:
    languages = _languages(top)
    identifier = top.text("id", remedy="Let `testamur template new` write one: it is random, and stays for good.")
    if identifier and not _ID.fullmatch(identifier):
        top.fault("id", "is no urn:uuid", "Write urn:uuid: and a random UUID in small letters.")
    kind = top.term("kind", Kind)
    achievement = top.table("achievement", remedy="Say what is awarded.")
    results = _unique("results", [_result(each, languages) for each in top.tables("results")], top)
    courses = _unique("courses", [_course(each, languages) for each in top.tables("courses")], top)
    competences = _unique("competences", [_competence(each, languages) for each in top.tables("competences")], top)
    keys = [f"result.{each.key}" for each in results] + [f"course.{each.key}" for each in courses]
    keys += [f"competence.{each.key}" for each in competences]
    issuer = _institution(top.table("issuer", remedy="Say who awards."), languages)
    granular = top.flag("granular")
    built = Template(
        id=identifier,
        kind=kind or Kind.CERTIFICATE,
        languages=languages,
        issuer=issuer,
        name=_texts(achievement, "name", languages),
        description=_texts(achievement, "description", languages),
        criteria=_texts(achievement, "criteria", languages),
        achievement_id=_uri(achievement, "id"),
        achievement_type=_type(achievement),
        field=_field(achievement),
        level=achievement.whole("level", 1, 8),
        national_level=achievement.optional_text("national_level", longest=200),
        credits=achievement.number("credits", Decimal(0), MOST_CREDITS),
        alignments=tuple(_alignment(each) for each in achievement.tables("alignments")),
        results=results,
        courses=courses,
        competences=competences,
        granular=granular,
        marks_apart=_marks_apart(top, granular=granular),
        form=_form(top, granular=granular),
        valid_months=top.whole("valid_months", 1, LONGEST_VALIDITY),
        asks_for=_asks_for(top, keys),
        signatories=tuple(_signatory(each, languages) for each in top.tables("signatories")),
        layout=_layout(top.table("layout"), folder, languages),
    )
    achievement.end()
    return built


def _marks_apart(top: Table, *, granular: bool) -> bool:
    found = top.flag("marks_apart")
    if found and not granular:
        top.fault(
            "marks_apart",
            "is true, and the award is not granular",
            "Write granular = true: only what is a credential of its own can be shown without its mark.",
        )
    return found


def _form(top: Table, *, granular: bool) -> Form:
    found = top.term("form", Form, otherwise=Form.JSON) or Form.JSON
    if found is Form.SD_JWT and granular:
        top.fault(
            "form",
            "is sd-jwt, and the award is granular",
            "Write granular = false: of an SD-JWT a holder can leave out each result by itself.",
        )
    return found


def _languages(top: Table) -> tuple[str, ...]:
    given = top.words("languages", most=MOST_LANGUAGES)
    for each in given:
        if not is_language(each):
            top.fault("languages", f"has {each[:40]!r}, which is no language", "Write en, de or pt-BR, as BCP 47 does.")
    if not given and not any(each.key == "languages" for each in top.faults):
        top.fault("languages", "is missing", 'Give one or two languages, the main one first: ["de", "en"].')
    return given or ("en",)


def _institution(table: Table, languages: tuple[str, ...]) -> Institution:
    country = table.optional_text("country")
    if country is not None and country not in NUMERIC:
        table.fault("country", f"is {country[:20]!r}", "Give two capital letters of ISO 3166-1, such as PT.")
    built = Institution(_uri(table, "id"), _texts(table, "name", languages), _url(table, "url"), country)
    table.end()
    return built


def _type(table: Table) -> str:
    remedy = "Give a term of Open Badges 3.0, such as BachelorDegree or MicroCredential."
    found = table.text("type", remedy=remedy, longest=60)
    if found and (not _TYPE.fullmatch(found) or not (found in ACHIEVEMENT_TYPES or found.startswith("ext:"))):
        table.fault("type", f"is {found!r}, which Open Badges 3.0 does not have", remedy)
    return found


def _field(table: Table) -> str | None:
    found = table.optional_text("field", longest=20)
    if found is not None and field_name(found) is None:
        table.fault(
            "field",
            f"is {found!r}, which ISCED-F 2013 does not have",
            'Give 2, 3 or 4 digits between quotes, such as "0613" for software and applications development.',
        )
    return found


def _alignment(table: Table) -> Alignment:
    built = Alignment(
        table.text("name", remedy="Write what it is called there.", longest=300),
        table.optional_text("code", longest=100),
        table.text("framework", remedy="Write the name of the framework.", longest=300),
        _url(table, "url", is_needed=True) or "",
    )
    table.end()
    return built


def _result(table: Table, languages: tuple[str, ...]) -> Result:
    kind = table.term("kind", ResultKind) or ResultKind.RESULT
    choices = table.words("choices")
    lowest, highest = table.number("lowest"), table.number("highest")
    if not kind.is_number and (lowest is not None or highest is not None):
        table.fault("lowest", "is of no use: the result is no number", "Leave lowest and highest out, or name choices.")
    if lowest is not None and highest is not None and lowest > highest:
        table.fault("lowest", "is above highest", "Exchange them.")
    built = Result(
        _key(table), _texts(table, "name", languages), kind, choices, table.flag("mandatory"), lowest, highest
    )
    table.end()
    return built


def _course(table: Table, languages: tuple[str, ...]) -> Course:
    choices = table.words("choices")
    built = Course(
        _key(table),
        _texts(table, "name", languages),
        table.optional_text("code", longest=100),
        table.number("credits", Decimal(0), MOST_CREDITS),
        choices,
        table.flag("mandatory"),
        tuple(map(_alignment, table.tables("alignments"))),
        _failed(table, choices),
    )
    table.end()
    return built


def _competence(table: Table, languages: tuple[str, ...]) -> Competence:
    one = (_alignment(table.table("alignment")),) if "alignment" in table.content else ()
    choices = table.words("choices")
    built = Competence(
        _key(table),
        _texts(table, "name", languages),
        _texts(table, "description", languages, is_needed=False),
        choices,
        table.flag("mandatory"),
        (*one, *map(_alignment, table.tables("alignments"))),
        _failed(table, choices),
    )
    table.end()
    return built


def _failed(table: Table, choices: tuple[str, ...]) -> tuple[str, ...]:
    """Each has to be one of the choices: a slip of the pen would let a course that was failed count as completed."""
    found = table.words("failed")
    if not choices and found:
        table.fault("failed", "is there without choices", "Name all marks in choices, those in failed, too.")
    for each in found if choices else ():
        if each not in choices:
            table.fault("failed", f"has {each[:80]!r}, which is none of the choices", _one_of(choices))
    return found


def _signatory(table: Table, languages: tuple[str, ...]) -> Signatory:
    name = table.text("name", remedy="Write who signs.", longest=200)
    built = Signatory(name, _texts(table, "role", languages))
    table.end()
    return built


def _layout(table: Table, folder: Path, languages: tuple[str, ...]) -> Layout:
    plain = Layout()
    colour = table.optional_text("colour")
    if colour is not None and not _COLOUR.fullmatch(colour):
        table.fault("colour", f"is {colour[:20]!r}", 'Give # and six hexadecimal digits, such as "#1f3a5f".')
    logo = table.optional_text("logo", longest=1000)
    picture = folder / logo if logo else None
    says = _texts(table, "logo_says", languages, is_needed=picture is not None)
    if picture is not None:
        try:
            look_at_logo(picture)
        except IntakeError as error:
            table.fault("logo", f"names {str(picture)!r}: {error.what}", error.remedy or "")
        except SettingsError as error:
            table.fault("logo", f"cannot be looked at: {error.what}", error.remedy or "")
    built = Layout(
        table.term("paper", Paper, otherwise=plain.paper) or plain.paper,
        table.term("orientation", Orientation, otherwise=plain.orientation) or plain.orientation,
        colour or plain.colour,
        picture,
        says,
    )
    table.end()
    return built


def _asks_for(top: Table, keys: Iterable[str]) -> tuple[str, ...]:
    found = top.words("asks_for")
    known = [*OPTIONAL_COLUMNS, *keys]
    for each in found:
        if each not in known and each not in ALWAYS_MANDATORY:
            top.fault("asks_for", f"names the column {each[:80]!r}, which this template does not have", _one_of(known))
    return found


def _one_of(keys: Iterable[str]) -> str:
    return f"Name one of: {', '.join(keys)}."


def _key(table: Table) -> str:
    found = table.text("key", remedy=_KEY_REMEDY)
    if found and not _KEY.fullmatch(found):
        table.fault("key", f"is {found[:60]!r}", _KEY_REMEDY)
    return found


def _texts(table: Table, key: str, languages: tuple[str, ...], *, is_needed: bool = True) -> Texts:
    """A text in every language of the template; a plain text is one in the main language."""
    if isinstance(table.content.get(key), str):
        texts = {languages[0]: table.text(key, remedy="")}
        missing = languages[1:]
    else:
        example = ", ".join(f'{each} = "…"' for each in languages)
        remedy = f"Write it in each language: {key} = {{ {example} }}."
        inner = table.table(key, remedy=remedy if is_needed else None)
        found = {each: inner.optional_text(each) for each in languages if each in inner.content}
        for language, _ in inner.rest():
            inner.fault(language[:40], "is no language of this template", f"Its languages are {', '.join(languages)}.")
        texts = {language: text for language, text in found.items() if text}
        missing = tuple(each for each in languages if each not in found) if inner.content else ()
    for language in missing:
        table.fault(f"{key}.{language}", "is missing", "Write the text in that language, too.")
    return texts


def _uri(table: Table, key: str) -> str:
    found = table.text(key, remedy=f"Give a DID or a URL: {EXAMPLES}.", longest=1000)
    if found:
        try:
            read_uri(found)
        except ValueError as error:
            table.fault(key, str(error), f"Give a DID or a URL: {EXAMPLES}.")
    return found


def _url(table: Table, key: str, *, is_needed: bool = False) -> str | None:
    remedy = "Give an address that begins with https://."
    if is_needed:
        found: str | None = table.text(key, remedy=remedy, longest=1000)
    else:
        found = table.optional_text(key, longest=1000)
    if found:
        try:
            read_uri(found)
        except ValueError as error:
            table.fault(key, str(error), remedy)
        else:
            if not found.startswith(("https://", "http://")):
                table.fault(key, f"is {found[:80]!r}", remedy)
    return found or None


def _unique(what: str, found: list[Any], top: Table) -> tuple[Any, ...]:
    keys = [each.key for each in found]
    for twice in sorted({each for each in keys if each and keys.count(each) > 1}):
        top.fault(what, f"has the key {twice!r} twice", "Give each its own: the columns are named by them.")
    return tuple(found)
