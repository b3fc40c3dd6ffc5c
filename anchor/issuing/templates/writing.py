"""A new template: complete and valid as it stands, with a comment at every key that says what it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import uuid4

from anchor.issuing.templates.files import MOST_LANGUAGES, is_language
from anchor.issuing.templates.model import Kind
from anchor.issuing.templates.samples import SAMPLES, TEXTS, Sample, in_language, is_spoken
from registry.errors import IntakeError

_SITE: Final = "https://university.example"


def template_text(kind: Kind, languages: Sequence[str], identifier: str | None = None) -> str:
    """A template in TOML.

    Args:
        languages: one or two of BCP 47, the main one first.
        identifier: `urn:uuid:…`; by default a random one.

    Raises:
        IntakeError: the languages make no sense (`template-language`).
    """
    _check(languages)
    sample = SAMPLES[kind]
    parts = [
        _head(kind, languages, identifier or uuid4().urn, sample),
        _issuer(languages),
        _achievement(languages, sample),
        _results(languages, sample),
        _courses(languages) if sample.has_courses else _NO_COURSES,
        _competences(languages),
        _signatories(languages),
        _LAYOUT,
    ]
    return "\n".join(parts)


def _check(languages: Sequence[str]) -> None:
    wrong = next((each for each in languages if not is_language(each)), None)
    if wrong is not None or not 0 < len(languages) <= MOST_LANGUAGES or len(set(languages)) < len(languages):
        what = f"{wrong!r} is no language" if wrong is not None else "one or two different languages are needed"
        raise IntakeError(what, remedy="Give en, de or pt-BR, as BCP 47 does.", code="template-language")


def _head(kind: Kind, languages: Sequence[str], identifier: str, sample: Sample) -> str:
    listed = ", ".join(f'"{each}"' for each in languages)
    foreign = [each for each in languages if not is_spoken(each)]
    note = "".join(
        f"# There are no samples in {each}: English stands in their place. Translate it.\n" for each in foreign
    )
    validity = (
        f"valid_months = {sample.valid_months}"
        if sample.valid_months
        else "# valid_months = 36 would let it expire; as it is, it is valid for good."
    )
    return f"""\
# Template of an award, for testamur. It is complete as it stands, for a university that does not exist: write your own
# texts in the place of these, then: testamur template check FILE, and testamur roster new FILE.
{note}
# Random, and for good: by it a person who has this award is known. Never copy it to another template.
id = "{identifier}"
# bachelor, certificate, short-course or microcredential: what this template began as.
kind = "{kind}"
# Of the credential and the diploma: one or two, the main one first. Every text below is there in each of them.
languages = [{listed}]
# Whether each course and competence is also a credential of its own, so that one can be shown without the others.
granular = {str(sample.granular).lower()}
# With granular: whether marks are credentials of their own, too, so that a course can be shown without its mark.
marks_apart = false
# form = "sd-jwt" would make SD-JWT VC, of which a holder leaves out what is nobody's business; not with granular.
# Columns that have to be filled in beside person_id, name and awarded_on.
asks_for = ["birth_date"]
# Months from the day of the award.
{validity}
"""


def _issuer(languages: Sequence[str]) -> str:
    return f"""\
[issuer]
# The URI of your institution on chain: testamur issuer show.
id = "did:web:university.example"
name = {_texts("university", languages)}
url = "{_SITE}"
# ISO 3166-1, two letters.
country = "PT"
"""


def _achievement(languages: Sequence[str], sample: Sample) -> str:
    return f"""\
[achievement]
# What stands for the programme, for good; an accreditation for one programme names it by this.
id = "{_SITE}/programmes/{sample.slug}"
# Achievement type of Open Badges 3.0, such as BachelorDegree, MasterDegree, Diploma, Certificate or MicroCredential.
type = "{sample.type}"
name = {_line(sample.name, languages)}
description = {_texts("description", languages)}
criteria = {_texts("criteria", languages)}
# ISCED-F 2013, 2 to 4 digits: the field of study.
field = "{sample.field}"
# European Qualifications Framework, 1 to 8, and the level in your national framework in its own words.
level = {sample.level}
national_level = "{in_language(TEXTS["national_level"], languages[0]).replace("6", str(sample.level))}"
# ECTS.
credits = {sample.credits}

# What in a framework of others it corresponds to; as many as you like. This one is of EN 16234-1.
[[achievement.alignments]]
name = "Application Development"
code = "B.1"
framework = "European e-Competence Framework"
url = "https://ecfexplorer.itprofessionalism.org/"
"""


def _results(languages: Sequence[str], sample: Sample) -> str:
    if sample.type in ("Course", "MicroCredential"):
        return f"""\
{_RESULTS}\
[[results]]
key = "outcome"
kind = "Status"
name = {_texts("status", languages)}
choices = ["Completed", "Failed"]
mandatory = true
"""
    return f"""\
{_RESULTS}\
[[results]]
key = "final"
kind = "GradePointAverage"
name = {_texts("final", languages)}
lowest = 1.0
highest = 4.0
mandatory = true
"""


def _courses(languages: Sequence[str]) -> str:
    return f"""\
# Courses; each is a column course.KEY with the mark. Empty is for who did not take it; failed = ["5.0"] would name
# those of the choices with which it was not completed, and earns no credits.
[[courses]]
key = "databases"
code = "INF-204"
name = {_texts("databases", languages)}
credits = 6
choices = ["1.0", "1.3", "1.7", "2.0", "2.3", "2.7", "3.0", "3.3", "3.7", "4.0"]

[[courses]]
key = "security"
code = "INF-311"
name = {_texts("security", languages)}
credits = 9
choices = ["1.0", "1.3", "1.7", "2.0", "2.3", "2.7", "3.0", "3.3", "3.7", "4.0"]
"""


def _competences(languages: Sequence[str]) -> str:
    return f"""\
# What graduates can do; each is a column competence.KEY with yes or no, or with one of its choices where it has some.
[[competences]]
key = "development"
name = {_texts("development", languages)}
description = {_texts("development.why", languages)}
alignment.name = "Application Development"
alignment.code = "B.1"
alignment.framework = "European e-Competence Framework"
alignment.url = "https://ecfexplorer.itprofessionalism.org/"
"""


def _signatories(languages: Sequence[str]) -> str:
    return f"""\
# Who signs on paper.
[[signatories]]
name = "Beatriz Ferreira"
role = {_texts("rector", languages)}

[[signatories]]
name = "Jonas Brandt"
role = {_texts("examiner", languages)}
"""


_RESULTS: Final = """\
# Results of the whole award; each is a column result.KEY of the roster. The kinds are those of Open Badges 3.0:
# GradePointAverage, Percent and RawScore are numbers; LetterGrade, PerformanceLevel, ScaledScore, Status and Result are
# words. Numbers may have bounds, lowest and highest; any may have choices.
"""

_NO_COURSES: Final = """\
# Courses would stand here, each as a column course.KEY of the roster:
# [[courses]]
# key = "databases"
# name = "Databases"
# credits = 6
"""

_LAYOUT: Final = """\
[layout]
# a4 or us-letter; portrait or landscape.
paper = "a4"
orientation = "portrait"
# Of lines and headings.
colour = "#1f3a5f"
# A PNG, JPEG or SVG of at most 2 MiB beside this file, and what stands for it where it cannot be seen.
# logo = "logo.svg"
# logo_says = "Seal of the university"
"""


def _texts(key: str, languages: Sequence[str]) -> str:
    return _line(TEXTS[key], languages)


def _line(texts: tuple[str, str, str, str, str], languages: Sequence[str]) -> str:
    inner = ", ".join(f'{each} = "{in_language(texts, each)}"' for each in languages)
    return f"{{ {inner} }}"
