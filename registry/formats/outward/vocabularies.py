"""URIs of others for fields, levels, countries, types of qualification and decisions.

Sources: the controlled vocabularies of the European Learning Model 3.1 (`xsd/ams/cv/`: ISCED-F, EQF, countries,
administrative territorial units, accreditation types); CTDL (credreg.net/ctdl/terms); EQAR's own exporter for its
decisions and for which type goes with which report (EQAR/eqar_backend, `connectapi/europass`).
"""

from __future__ import annotations

from typing import Final

from registry.formats.outward.statements import Left, Statement, Why
from registry.quality.decision import Subject
from registry.recognition.countries import THREE_LETTERS
from registry.recognition.isced import field_name
from registry.recognition.scope import EVERY_LEVEL, QUALIFICATION_TYPES

INSTITUTIONAL: Final = "http://data.europa.eu/snb/accreditation/003293d2ce"
"""Accreditation type "Institutional License", which DEQAR's exporter gives institutional decisions."""
OF_PROGRAMMES: Final = "http://data.europa.eu/snb/accreditation/e57dddfcf3"
"""Accreditation type "Program License", as DEQAR's exporter has it."""
TYPE_SCHEME: Final = "http://data.europa.eu/snb/accreditation/25831c2"
FIELD_SCHEME: Final = "http://data.europa.eu/snb/isced-f/25831c2"
LEVEL_SCHEME: Final = "http://data.europa.eu/snb/eqf/25831c2"
UNIT_SCHEME: Final = "http://publications.europa.eu/resource/authority/atu"
COUNTRY_SCHEME: Final = "http://publications.europa.eu/resource/authority/country"
DECISIONS: Final = "https://data.deqar.eu/decision/"
CTDL: Final = "https://purl.org/ctdl/terms/"
CTDL_ASN: Final = "https://purl.org/ctdlasn/terms/"

POSITIVE: Final = (f"{DECISIONS}positive", "positive")
CONDITIONAL: Final = (
    f"{DECISIONS}positive_with_conditions_or_restrictions",
    "positive with conditions or restrictions",
)


def field_uri(code: str) -> str:
    """The concept of an ISCED-F field."""
    return f"http://data.europa.eu/snb/isced-f/{code}"


def level_uri(level: int) -> str:
    """The concept of a level of the European Qualifications Framework."""
    return f"http://data.europa.eu/snb/eqf/{level}"


def levels_of(levels: tuple[int, int]) -> range:
    """Each level of a range; none where every level is meant."""
    return range(0) if levels == EVERY_LEVEL else range(levels[0], levels[1] + 1)


def unit_uri(country: str) -> str:
    """A whole country as an administrative territorial unit."""
    return f"{UNIT_SCHEME}/{THREE_LETTERS[country]}"


def country_uri(country: str) -> str:
    """A country in the authority table of the Publications Office."""
    return f"{COUNTRY_SCHEME}/{THREE_LETTERS[country]}"


def type_uri(name: str) -> str:
    """The CTDL class of a type of qualification."""
    return f"{CTDL_ASN if name == 'competency' else CTDL}{''.join(part.capitalize() for part in name.split('-'))}"


def accreditation_type(statement: Statement) -> str:
    """The accreditation type of the European list: of programmes where it is limited to such."""
    of_programmes = statement.subject in (Subject.PROGRAMME, Subject.JOINT_PROGRAMME) or (
        statement.subject is None and statement.is_of_programmes
    )
    return OF_PROGRAMMES if of_programmes else INSTITUTIONAL


def decision_concept(statement: Statement) -> tuple[str, str]:
    """URI and words of a decision that lets somebody do something."""
    return CONDITIONAL if statement.is_conditional else POSITIVE


def without_code(statement: Statement) -> Left | None:
    """Why a statement cannot be told in these vocabularies; without a limit of it the file would say more than it does.

    Whoever leaves a field out that has no code in them would say "any field".
    """
    missing = [
        *(f"field {code}" for code in statement.fields if field_name(code) is None),
        *(f"type {name}" for name in statement.types if name not in QUALIFICATION_TYPES),
        *(f"country {code}" for code in statement.countries if code not in THREE_LETTERS),
    ]
    if not missing:
        return None
    return Left(
        statement.number,
        Why.CODE.value,
        f"{missing[0]} has no code in the vocabularies of the format, and without it the limit would be lost",
        whole=True,
    )
