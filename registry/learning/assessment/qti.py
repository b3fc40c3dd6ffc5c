"""Results of tests in QTI: `assessmentResult` of QTI 2.1, 2.2 and 3.0, whose outcome variables are evidence.

Sources: 1EdTech QTI Results Reporting 2.1 (namespace `imsqti_result_v2p1`), 2.2 and 3.0; only names of elements are
looked at, which are the same in all of them. Responses of a candidate are not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import ParseError

from registry.extras import needs

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MOST_BYTES: Final = 16 << 20
MOST_RESULTS: Final = 2_000
"""Items and tests of one result that are read."""
MOST_VARIABLES: Final = 200
MOST_VALUES: Final = 64
_LONGEST: Final = 500
_RESULTS: Final = {"testresult": "test", "itemresult": "item"}


@dataclass(frozen=True, slots=True)
class Variable:
    """An outcome variable, such as SCORE; its values as they are written."""

    name: str
    base_type: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TestResult:
    """What came of a test or of one item in it.

    Attributes:
        kind: `test` or `item`.
        at: as written.
        status: `sessionStatus` of an item; "" of a test.
    """

    __test__ = False

    kind: str
    identifier: str
    at: str
    status: str
    variables: tuple[Variable, ...]


@dataclass(frozen=True, slots=True)
class AssessmentResult:
    """A file of results of one candidate; `candidate` is the identifier in its context, "" where it has none."""

    candidate: str
    results: tuple[TestResult, ...]


class NotResults(ValueError):
    """A file that has no results; its text completes "it …"."""


def read_results(data: bytes) -> AssessmentResult:
    """The results in a file.

    Raises:
        NotResults: it is none, or is not read.
        SettingsError: the library that reads XML is not installed (code `extra-missing`).
    """
    if len(data) > MOST_BYTES:
        raise NotResults(f"has more than {MOST_BYTES:,} bytes")
    with needs("issuing"):
        from defusedxml.common import DefusedXmlException
        from defusedxml.ElementTree import fromstring
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except DefusedXmlException:
        raise NotResults("defines a DOCTYPE or entities, which results have no need of") from None
    except (ParseError, ValueError, LookupError, RecursionError):
        raise NotResults("is no XML that can be read") from None
    if _local(root.tag) != "assessmentresult":
        raise NotResults("is XML, and no assessmentResult")
    found = [each for each in root if _local(each.tag) in _RESULTS]
    if len(found) > MOST_RESULTS:
        raise NotResults(f"has more than {MOST_RESULTS:,} results")
    context = next((each for each in root if _local(each.tag) == "context"), None)
    candidate = "" if context is None else _attribute(context, "sourcedId")
    return AssessmentResult(candidate, tuple(_result(each) for each in found))


def _result(element: Element) -> TestResult:
    outcomes = [each for each in element if _local(each.tag) == "outcomevariable"][:MOST_VARIABLES]
    return TestResult(
        kind=_RESULTS[_local(element.tag)],
        identifier=_attribute(element, "identifier"),
        at=_attribute(element, "datestamp"),
        status=_attribute(element, "sessionStatus"),
        variables=tuple(_variable(each) for each in outcomes),
    )


def _variable(element: Element) -> Variable:
    return Variable(_attribute(element, "identifier"), _attribute(element, "baseType"), tuple(_values(element)))


def _values(element: Element) -> Iterator[str]:
    for each in [child for child in element if _local(child.tag) == "value"][:MOST_VALUES]:
        yield (each.text or "").strip()[:_LONGEST]


def _attribute(element: Element, name: str) -> str:
    """An attribute, written with capitals as in 2.x or with hyphens."""
    plain = name.lower()
    found = (value for key, value in element.attrib.items() if _local(key) == plain)
    return next(found, "").strip()[:_LONGEST]


def _local(tag: object) -> str:
    """A name without its namespace, prefix `qti-` and hyphens; comments have none."""
    name = tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""
    return name.removeprefix("qti-").replace("-", "")
