"""Lists that a mirror keeps beside a register: its agencies, and which institution is which party on the chain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from anchor.registers.tables import open_table
from registry.errors import IntakeError
from registry.quality.decision import Identifier
from registry.quality.known import AGENCY_SCHEME, Agency, Known, KnownHolder, agencies_by_name
from registry.quality.plain import SEPARATOR
from registry.quality.rows import RowReader, header_of
from registry.quality.values import country_of, identifier_of, party_of

MOST_ROWS: Final = 1_000_000

_ITSELF: Final = frozenset({""})
_AGENCY_COLUMNS: Final = ("id", "name", "names", "party")
_HOLDER_COLUMNS: Final = ("id", "party", "name", "country")
_ALIASES: Final = {"acronym": "names", "identifier": "id", "deqar_id": "id"}


def read_known(agencies: Path | None, parties: Path | None) -> Known:
    """Both lists, where they are given.

    Raises:
        IntakeError: code `register-list`, with the row that is wrong; or as `open_table`.
    """
    return Known(
        None if agencies is None else _agencies(agencies),
        {} if parties is None else _holders(parties),
    )


def _agencies(path: Path) -> Mapping[str, Agency]:
    """Columns: `id`, `name`, `names` (others, parted by |), `party`."""
    found = []
    for number, said in _rows(path, _AGENCY_COLUMNS, "id"):
        identifier = identifier_of(said.get("id", ""), AGENCY_SCHEME)
        if identifier is None:
            raise _wrong(path, number, "it has no identifier of an agency")
        names = tuple(each.strip() for each in said.get("names", "").split(SEPARATOR) if each.strip())
        found.append(Agency(identifier, said.get("name", ""), names, _party(path, number, said)))
    try:
        return agencies_by_name(found)
    except ValueError as error:
        raise _wrong(path, None, str(error)) from None


def _holders(path: Path) -> Mapping[Identifier, KnownHolder]:
    """Columns: `id`, `party`, `name`, `country`."""
    found: dict[Identifier, KnownHolder] = {}
    for number, said in _rows(path, _HOLDER_COLUMNS, "id"):
        identifier = identifier_of(said.get("id", ""), "deqar")
        if identifier is None:
            raise _wrong(path, number, "it has no identifier of an institution")
        country = country_of(said["country"]) if "country" in said else ""
        if country is None:
            raise _wrong(path, number, "its country is none of ISO 3166-1")
        holder = KnownHolder(_party(path, number, said), said.get("name", ""), country)
        if found.setdefault(identifier, holder) != holder:
            raise _wrong(path, number, f"{str(identifier)[:80]!r} is there twice, as something else")
    return found


def _rows(path: Path, columns: tuple[str, ...], needed: str) -> Iterator[tuple[int, dict[str, str]]]:
    knows = dict.fromkeys(columns, _ITSELF)

    def recognises(names: Sequence[str]) -> bool:
        try:
            header_of(names, knows, needs=(needed,), aliases=_ALIASES)
        except IntakeError:
            return False
        return True

    with open_table(path, recognises) as table:
        try:
            header = header_of(table.names, knows, needs=(needed,), aliases=_ALIASES)
        except IntakeError as error:
            error.where = str(path)
            raise
        for row in table.rows:
            reader = RowReader(row, header)
            if reader.findings:
                raise _wrong(path, row.number, reader.findings[0].what)
            if row.number > MOST_ROWS:
                raise _wrong(path, row.number, f"the list has more than {MOST_ROWS:,} rows")
            if said := {column.group: text for column, text in reader.texts()}:
                yield row.number, said
        table.read()


def _party(path: Path, number: int, said: Mapping[str, str]) -> int | None:
    if "party" not in said:
        return None
    found = party_of(said["party"])
    if found is None:
        raise _wrong(path, number, f"{said['party'][:40]!r} is no number of a party")
    return found


def _wrong(path: Path, number: int | None, what: str) -> IntakeError:
    return IntakeError(
        what,
        where=str(path) if number is None else f"{path}, row {number}",
        remedy="Mend the list: a mirror answers for what it states.",
        code="register-list",
    )
