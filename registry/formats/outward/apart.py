"""One URI, one thing: rows of a register may give a programme the address of an agency, of a report or of a level.

In a graph they would then be one: whoever wrote the row would say of the agency that it is a programme. The thing of
which the address is taken keeps it; the other is given one that is made of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from registry.formats.outward.statements import Organisation, Statement, ToldProgramme, named_uri

_OF_VOCABULARIES: Final = (
    "http://data.europa.eu/snb/",
    "http://publications.europa.eu/resource/authority/",
    "https://purl.org/ctdl",
    "https://data.deqar.eu/decision/",
)


def told_apart(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """The statements with a URI of its own for each statement, organisation and programme."""
    distinct = _with_own_ids(statements)
    ids = {each.id for each in distinct}
    placed = [
        replace(
            each,
            body=_organisation(each.body, ids),
            holders=tuple(_organisation(holder, ids) for holder in each.holders),
        )
        for each in distinct
    ]
    taken = ids.union(*({each.body.id, *(holder.id for holder in each.holders)} for each in placed))
    return tuple(
        replace(each, programmes=tuple(_programme(programme, taken) for programme in each.programmes))
        for each in placed
    )


def _with_own_ids(statements: Iterable[Statement]) -> list[Statement]:
    """Decisions of one report have one address; all but the first are called by what is their own."""
    found, seen = list[Statement](), set[str]()
    for each in statements:
        found.append(replace(each, id=each.own_id) if each.id in seen and each.own_id else each)
        seen.add(each.id)
    return found


def _organisation(organisation: Organisation, taken: set[str]) -> Organisation:
    if organisation.id in taken or organisation.id.startswith(_OF_VOCABULARIES):
        return replace(organisation, id=named_uri(f"organisation {organisation.id}"))
    return organisation


def _programme(programme: ToldProgramme, taken: set[str]) -> ToldProgramme:
    if programme.id in taken or programme.id.startswith(_OF_VOCABULARIES):
        return replace(programme, id=named_uri(f"programme {programme.id}"))
    return programme
