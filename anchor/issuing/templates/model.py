"""What a template is: an award as everybody gets it, without the people. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

Texts = Mapping[str, str]
"""The same text in the languages of a template: language (BCP 47) → text."""


class Kind(StrEnum):
    """What sort of award a template is for; it decides what `testamur template new` fills in."""

    BACHELOR = "bachelor"
    CERTIFICATE = "certificate"
    SHORT_COURSE = "short-course"
    MICROCREDENTIAL = "microcredential"


class Form(StrEnum):
    """In which form the credentials of an award are signed and anchored."""

    JSON = "json"
    SD_JWT = "sd-jwt"


class ResultKind(StrEnum):
    """How a result is measured: `resultType` of Open Badges 3.0 (section B.2, ResultType), those that a mark can be."""

    GRADE_POINT_AVERAGE = "GradePointAverage"
    LETTER_GRADE = "LetterGrade"
    PERCENT = "Percent"
    PERFORMANCE_LEVEL = "PerformanceLevel"
    RAW_SCORE = "RawScore"
    RESULT = "Result"
    SCALED_SCORE = "ScaledScore"
    STATUS = "Status"

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers, with a point before the decimals."""
        return self in (ResultKind.GRADE_POINT_AVERAGE, ResultKind.PERCENT, ResultKind.RAW_SCORE)


class Paper(StrEnum):
    """Sizes of paper (ISO 216, ANSI/ASME Y14.1)."""

    A4 = "a4"
    LETTER = "us-letter"


class Orientation(StrEnum):
    """How the paper lies."""

    PORTRAIT = "portrait"
    LANDSCAPE = "landscape"


@dataclass(frozen=True, slots=True)
class Institution:
    """Who awards.

    Attributes:
        id: its DID or the URL that stands for it, as on chain.
        url: its web site; None if it has none.
        country: ISO 3166-1, two letters; None where it is not said.
    """

    id: str
    name: Texts
    url: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Alignment:
    """What in a framework of others the award corresponds to, such as an item of the e-Competence Framework.

    Attributes:
        code: its code there, such as `B.1`; None if it has none.
        framework: the name of the framework.
        url: where it stands.
    """

    name: str
    code: str | None
    framework: str
    url: str


@dataclass(frozen=True, slots=True)
class Result:
    """A mark of the whole award; its column is `result.KEY`.

    Attributes:
        choices: the values that there are; none for any of its kind.
        lowest, highest: of a number; None for no bound.
    """

    key: str
    name: Texts
    kind: ResultKind
    choices: tuple[str, ...] = ()
    mandatory: bool = False
    lowest: Decimal | None = None
    highest: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """A course of the award; its column `course.KEY` has the mark, and nothing for who did not take it.

    Attributes:
        code: as the institution calls it, such as `INF-204`; None if it has none.
        credits: ECTS.
        choices: the marks that there are; none for any text.
        alignments: what it is in frameworks of others.
        failed: the marks with which it was not completed.
    """

    key: str
    name: Texts
    code: str | None = None
    credits: Decimal | None = None
    choices: tuple[str, ...] = ()
    mandatory: bool = False
    alignments: tuple[Alignment, ...] = ()
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Competence:
    """What a graduate can do; its column `competence.KEY` has `yes` or one of the choices, and nothing for who cannot.

    Attributes:
        choices: levels that can be reached; none for `yes` and `no`.
        alignments: what it is in frameworks of others.
        failed: the levels with which it was not reached.
    """

    key: str
    name: Texts
    description: Texts = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    mandatory: bool = False
    alignments: tuple[Alignment, ...] = ()
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signs on paper, and as what."""

    name: str
    role: Texts


@dataclass(frozen=True, slots=True)
class Layout:
    """How the diploma looks.

    Attributes:
        colour: of lines and headings, `#` and six hexadecimal digits.
        logo: a PNG, JPEG or SVG that was looked at; None for none.
        logo_says: what stands for the logo where it cannot be seen.
    """

    paper: Paper = Paper.A4
    orientation: Orientation = Orientation.PORTRAIT
    colour: str = "#1f3a5f"
    logo: Path | None = None
    logo_says: Texts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Template:
    """One award.

    Attributes:
        id: `urn:uuid:…`, for good: the same award to the same person is the same row (`row_key`).
        languages: of the credential and the diploma, main one first; one or two.
        achievement_id: what stands for the programme, such as its URL; the programme of a scope on chain.
        achievement_type: a term of Open Badges 3.0, such as `BachelorDegree`.
        field: ISCED-F 2013, 2 to 4 digits.
        level: of the European Qualifications Framework, 1 to 8.
        national_level: of the national framework, in its own words.
        credits: ECTS.
        granular: whether courses and competences are credentials of their own beside the award.
        marks_apart: whether their marks are, too, so that each can be shown without; only of what is granular.
        form: `sd-jwt` lets a holder leave out results one by one; then it is not granular.
        valid_months: how long the award is valid; None for always.
        asks_for: keys of columns that this award cannot do without, though others can, such as `birth_date`.
    """

    id: str
    kind: Kind
    languages: tuple[str, ...]
    issuer: Institution
    name: Texts
    description: Texts
    criteria: Texts
    achievement_id: str
    achievement_type: str
    field: str | None = None
    level: int | None = None
    national_level: str | None = None
    credits: Decimal | None = None
    alignments: tuple[Alignment, ...] = ()
    results: tuple[Result, ...] = ()
    courses: tuple[Course, ...] = ()
    competences: tuple[Competence, ...] = ()
    granular: bool = False
    marks_apart: bool = False
    form: Form = Form.JSON
    valid_months: int | None = None
    asks_for: tuple[str, ...] = ()
    signatories: tuple[Signatory, ...] = ()
    layout: Layout = Layout()

    def text(self, texts: Texts, language: str | None = None) -> str:
        """A text in a language of the template; in the main one where it is not said in that or None is given."""
        return texts.get(language or "", "") or texts.get(self.languages[0], "")
