"""Pathway files in TOML, read strictly: all that is wrong is found at once. `docs/reference/pathways.md` has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeGuard, TypeVar

from registry.frameworks.members import Members, Refused, toml_of
from registry.frameworks.model import Fault
from registry.learning.pathways.faults import faults_of
from registry.learning.pathways.model import (
    MAX_DEPTH,
    MAX_LISTED,
    MAX_MONTHS,
    MAX_OFFERS,
    MAX_PARTS,
    MAX_STEPS,
    MAX_URI,
    Award,
    Competence,
    Counts,
    CreditSum,
    Criteria,
    LevelRange,
    NamedFramework,
    Of,
    Offer,
    Pathway,
    Recognition,
    Requirement,
    Step,
    StepDone,
)
from registry.learning.pathways.surroundings import Surroundings
from registry.untrusted.text import terminal_text

_Read = TypeVar("_Read")

CODE: Final = "pathway"
REMEDY: Final = "testamur pathway faults FILE lists all; docs/reference/pathways.md says how it is written."

_TOP: Final = frozenset({"pathway", "steps", "achievements", "frameworks"})
_DEFAULTS: Final = frozenset({"accredited", "issuers", "within_months"})
_ABOUT: Final = _DEFAULTS | {
    *("id", "title", "version", "language", "issuer", "issuer_id", "description", "uri", "counts"),
    *("unnamed_credits", "notes"),
}
_OF_STEP: Final = _DEFAULTS | {"id", "title", "description", "after", "optional", "ects", "requires", "recognition"}
_OF_OFFER: Final = frozenset({"id", "title", "ects"})
_OF_FRAMEWORK: Final = frozenset({"id", "names", "file"})
_CRITERIA: Final = _DEFAULTS | {"achievements", "competences", "kinds", "fields", "level", "results"}
_GATES: Final = ("all", "any", "of")
_OF_LEVEL: Final = frozenset({"framework", "from", "to"})
_OF_COMPETENCE: Final = frozenset({"framework", "code", "url"})
_ECTS: Final = "ects"


def read_pathway(content: bytes, where: str, around: Surroundings) -> Pathway:
    """The pathway in a file.

    Raises:
        Refused: it is none, or has a fault that is grave (code `pathway`).
    """
    found, faults = look_at_pathway(content, where, around)
    if found is None or any(each.grave for each in faults):
        raise Refused([each for each in faults if each.grave], where, code=CODE, remedy=REMEDY)
    return found


def look_at_pathway(content: bytes, where: str, around: Surroundings) -> tuple[Pathway | None, tuple[Fault, ...]]:
    """The pathway in a file, and all that is wrong with it.

    Args:
        around: what it refers to: level maps, and frameworks by their file's name.

    Raises:
        Refused: it is no TOML, or longer than is read (code `pathway`).
    """
    faults: list[Fault] = []
    found = _Reader(toml_of(content, where, code=CODE, remedy=REMEDY), faults).pathway()
    if found is None:
        return None, tuple(faults)
    return found, (*faults, *faults_of(found, around))


def frameworks_named(content: bytes, where: str) -> tuple[str, ...]:
    """The files of frameworks that a pathway file names, for whoever reads them; raises as `look_at_pathway`."""
    rows = toml_of(content, where, code=CODE, remedy=REMEDY).get("frameworks", [])
    names = [each.get("file") for each in rows if isinstance(each, dict)] if isinstance(rows, list) else []
    return tuple(dict.fromkeys(each for each in names if isinstance(each, str) and each))[:MAX_LISTED]


@dataclass(frozen=True, slots=True)
class _Narrowed:
    """What is asked of every achievement where nothing else is said."""

    issuers: tuple[int | str, ...] = ()
    within_months: int = 0
    accredited: bool = False


class _Reader:
    """Reads the members of one file."""

    def __init__(self, members: Mapping[str, Any], faults: list[Fault]):
        self._members, self._faults = members, faults
        self._parts = 0
        self._frameworks: tuple[NamedFramework, ...] = ()
        self._language = "en"

    def pathway(self) -> Pathway | None:
        """The pathway; None where it has more than is read."""
        Members(self._members, "", self._faults).only(_TOP)
        table = self._members.get("pathway")
        if not isinstance(table, dict):
            self._faults.append(Fault("", "a table [pathway] says what it is"))
            table = {}
        about = Members(table, "pathway", self._faults)
        about.only(_ABOUT)
        self._language = about.language("language")
        rows = self._rows("steps", MAX_STEPS)
        offers = self._rows("achievements", MAX_OFFERS)
        frameworks = self._rows("frameworks", MAX_LISTED)
        if rows is None or offers is None or frameworks is None:
            return None
        if not rows:
            self._faults.append(Fault("", "a pathway has steps, written as [[steps]]"))
        self._frameworks = tuple(self._each(frameworks, "framework", self._framework))
        narrowed = self._narrowed(table, about, _Narrowed())
        steps = self._each(rows, "step", lambda row, entry: self._step(row, entry, narrowed))
        return Pathway(
            identifier=_uri(about, table, "id", needed=True),
            title=about.texts("title", self._language),
            steps=tuple(steps),
            version=about.text("version"),
            language=self._language,
            issuer=about.text("issuer"),
            issuer_id=_uri(about, table, "issuer_id"),
            description=about.texts("description", self._language) if "description" in table else {},
            uri=_uri(about, table, "uri"),
            counts=self._counts(table, about),
            unnamed_credits=_one_of(about, table, "unnamed_credits", ("", _ECTS)) == _ECTS,
            offers=tuple(self._each(offers, "achievement", self._offer)),
            frameworks=self._frameworks,
            notes=_texts(about, table, "notes", MAX_PARTS),
        )

    def _rows(self, name: str, most: int) -> list[Any] | None:
        rows = self._members.get(name, [])
        if not isinstance(rows, list):
            self._faults.append(Fault("", f"{name} are written as [[{name}]]"))
            return []
        if len(rows) > most:
            self._faults.append(Fault("", f"it has {len(rows):,} {name}, and at most {most:,} are read"))
            return None
        return rows

    def _each(self, rows: list[Any], what: str, read: Callable[[Mapping[str, Any], str], _Read]) -> list[_Read]:
        """What can be read of rows; those with a grave fault are told and left out."""
        found: list[_Read] = []
        seen: dict[str, int] = {}
        for number, row in enumerate(rows, 1):
            if not isinstance(row, dict):
                self._faults.append(Fault(f"{what} no. {number}", "it is a table"))
                continue
            name = row.get("id")
            entry = f"{what} {terminal_text(name, 80)}" if isinstance(name, str) and name else f"{what} no. {number}"
            if isinstance(name, str) and name in seen:
                self._faults.append(Fault(entry, f"its id is that of {what} no. {seen[name]}"))
                continue
            if isinstance(name, str):
                seen[name] = number
            found.append(read(row, entry))
        return found

    def _framework(self, row: Mapping[str, Any], entry: str) -> NamedFramework:
        members = Members(row, entry, self._faults)
        members.only(_OF_FRAMEWORK)
        return NamedFramework(
            _uri(members, row, "id", needed=True), _texts(members, row, "names", MAX_LISTED), members.text("file")
        )

    def _offer(self, row: Mapping[str, Any], entry: str) -> Offer:
        members = Members(row, entry, self._faults)
        members.only(_OF_OFFER)
        return Offer(
            _uri(members, row, "id", needed=True),
            members.texts("title", self._language),
            members.credits(_ECTS) if _ECTS in row else None,
        )

    def _step(self, row: Mapping[str, Any], entry: str, narrowed: _Narrowed) -> Step:
        members = Members(row, entry, self._faults)
        members.only(_OF_STEP)
        own = self._narrowed(row, members, narrowed)
        requires = self._part(row["requires"], f"{entry}, requires", own, 0) if "requires" in row else None
        return Step(
            identifier=members.code("id", needed=True),
            title=members.texts("title", self._language),
            requires=requires,
            recognition=self._recognition(row["recognition"], entry, own) if "recognition" in row else None,
            after=members.codes("after"),
            optional=_flag(members, row, "optional"),
            ects=members.credits(_ECTS) if _ECTS in row else None,
            description=members.texts("description", self._language) if "description" in row else {},
        )

    def _recognition(self, value: object, entry: str, narrowed: _Narrowed) -> Recognition | None:
        entry = f"{entry}, recognition"
        if not isinstance(value, dict):
            self._faults.append(Fault(entry, "it is a table"))
            return None
        members = Members(value, entry, self._faults)
        members.only(_CRITERIA | {"evidence"})
        # Whoever decides is named here; who may issue the rest is another matter.
        decision = self._criteria(value, members, _Narrowed(within_months=narrowed.within_months))
        if not decision.achievements:
            members.fault("achievements says by which URI a decision is known")
        if not decision.issuers:
            members.fault("issuers says who decides")
        evidence = None
        if "evidence" in value:
            evidence = self._part(value["evidence"], f"{entry}, evidence", narrowed, 0)
        return Recognition(decision, evidence)

    def _part(self, value: object, entry: str, narrowed: _Narrowed, depth: int) -> Requirement | None:
        """A requirement; None where it cannot be read."""
        self._parts += 1
        if self._parts > MAX_PARTS:
            if self._parts == MAX_PARTS + 1:
                self._faults.append(Fault("", f"its requirements have more than {MAX_PARTS:,} parts"))
            return None
        if not isinstance(value, dict):
            self._faults.append(Fault(entry, "a requirement is a table"))
            return None
        members = Members(value, entry, self._faults)
        gates = [name for name in _GATES if name in value]
        if gates or "step" in value:
            return self._gate(value, members, gates, entry, narrowed, depth)
        if "credits" not in value:
            members.only(_CRITERIA)
            return Award(self._criteria(value, members, narrowed))
        members.only(_CRITERIA | {"credits"})
        return CreditSum(members.credits("credits"), self._criteria(value, members, narrowed))

    def _gate(
        self, value: Mapping[str, Any], members: Members, gates: list[str], entry: str, narrowed: _Narrowed, depth: int
    ) -> Requirement | None:
        known = {"step"} if not gates else {gates[0], "at_least"} if gates[0] == "of" else {gates[0]}
        if set(value) - known:
            members.fault(f"beside {gates[0] if gates else 'step'} stands nothing but {' and '.join(sorted(known))}")
            return None
        if not gates:
            return StepDone(members.code("step", needed=True))
        listed = value[gates[0]]
        if not isinstance(listed, list) or not listed or len(listed) > MAX_LISTED:
            members.fault(f"{gates[0]} is a list of 1 to {MAX_LISTED} requirements")
            return None
        if depth == MAX_DEPTH:
            members.fault(f"it is more than {MAX_DEPTH} requirements deep")
            return None
        number = {"all": len(listed), "any": 1}.get(gates[0])
        if number is None:
            number = _whole(members, value, "at_least", 1, MAX_LISTED)
        name = gates[0]
        parts = [
            self._part(each, f"{entry}, {name} no. {at}", narrowed, depth + 1) for at, each in enumerate(listed, 1)
        ]
        read = tuple(each for each in parts if each is not None)
        return Of(read, number) if len(read) == len(parts) else None

    def _criteria(self, row: Mapping[str, Any], members: Members, narrowed: _Narrowed) -> Criteria:
        own = self._narrowed(row, members, narrowed)
        return Criteria(
            achievements=_uris(members, row, "achievements"),
            competences=self._competences(row, members),
            issuers=own.issuers,
            kinds=_texts(members, row, "kinds", MAX_LISTED),
            fields=_texts(members, row, "fields", MAX_LISTED),
            level=_level(members, row),
            results=_texts(members, row, "results", MAX_LISTED),
            within_months=own.within_months,
            accredited=own.accredited,
        )

    def _narrowed(self, row: Mapping[str, Any], members: Members, outer: _Narrowed) -> _Narrowed:
        found = outer
        if "issuers" in row:
            found = replace(found, issuers=_issuers(members, row))
        if "within_months" in row:
            found = replace(found, within_months=_whole(members, row, "within_months", 1, MAX_MONTHS))
        if "accredited" in row:
            found = replace(found, accredited=_flag(members, row, "accredited"))
        return found

    def _competences(self, row: Mapping[str, Any], members: Members) -> tuple[Competence, ...]:
        listed = row.get("competences", [])
        if not isinstance(listed, list) or len(listed) > MAX_LISTED:
            members.fault(f"competences is a list of at most {MAX_LISTED}")
            return ()
        found = [self._competence(each, members) for each in listed]
        return tuple(dict.fromkeys(each for each in found if each is not None))

    def _competence(self, value: object, members: Members) -> Competence | None:
        if isinstance(value, str):
            if len(self._frameworks) != 1:
                members.fault("a competence is a code alone where the pathway names one framework, and no more")
                return None
            value = {"framework": self._frameworks[0].identifier, "code": value}
        if not isinstance(value, dict) or set(value) - _OF_COMPETENCE:
            members.fault("a competence is a code, a framework with a code, or a url")
            return None
        url = _uri(members, value, "url")
        framework, code = _uri(members, value, "framework"), _uri(members, value, "code")
        if bool(url) == bool(framework and code) or (url and (framework or code)):
            members.fault("a competence is a code, a framework with a code, or a url")
            return None
        return Competence(framework, code, url)

    def _counts(self, table: Mapping[str, Any], about: Members) -> Counts:
        return Counts(_one_of(about, table, "counts", tuple(each.value for each in Counts)))


def _level(members: Members, row: Mapping[str, Any]) -> LevelRange | None:
    value = row.get("level")
    if value is None:
        return None
    if not isinstance(value, dict) or set(value) - _OF_LEVEL:
        members.fault("level is a table with framework, from and to")
        return None
    framework = value.get("framework", "eqf")
    # Levels are named by numbers as often as by text.
    lowest, highest = (
        str(each) if type(each) is int else each for each in (value.get("from", ""), value.get("to", ""))
    )
    if not all(each == "" or _is_line(each) for each in (lowest, highest)) or not _is_line(framework):
        members.fault("level has a framework, such as eqf, and codes of its levels")
        return None
    if not (lowest or highest):
        members.fault("level says from which level, up to which, or both")
        return None
    return LevelRange(str(framework), str(lowest), str(highest))


def _issuers(members: Members, row: Mapping[str, Any]) -> tuple[int | str, ...]:
    value = row.get("issuers")
    listed = value if isinstance(value, list) else [value]
    fine = [each for each in listed if _is_line(each) or (type(each) is int and 0 < each < 1 << 53)]
    if len(fine) < len(listed) or not 0 < len(fine) <= MAX_LISTED:
        members.fault(f"issuers is a list of 1 to {MAX_LISTED} numbers of parties and identifiers")
    return tuple(dict.fromkeys(fine))


def _uris(members: Members, row: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return _texts(members, row, name, MAX_LISTED)


def _texts(members: Members, row: Mapping[str, Any], name: str, most: int) -> tuple[str, ...]:
    """A list of texts in one line, each once; or one text."""
    value = row.get(name, [])
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or len(listed) > most or not all(map(_is_line, listed)):
        members.fault(f"{name} is a list of at most {most:,} texts of 1 to {MAX_URI:,} characters in one line")
        return ()
    return tuple(dict.fromkeys(listed))


def _uri(members: Members, row: Mapping[str, Any], name: str, *, needed: bool = False) -> str:
    value = row.get(name, "")
    if value == "" and not needed:
        return ""
    if not _is_line(value):
        members.fault(f"{name} is text of 1 to {MAX_URI:,} characters in one line, without signs that are not seen")
        return ""
    return str(value)


def _is_line(value: object) -> TypeGuard[str]:
    return (
        isinstance(value, str)
        and 0 < len(value) <= MAX_URI
        and value == value.strip()
        and terminal_text(value, MAX_URI) == value
    )


def _whole(members: Members, row: Mapping[str, Any], name: str, least: int, most: int) -> int:
    value = row.get(name)
    if type(value) is int and least <= value <= most:
        return value
    members.fault(f"{name} is a whole number from {least} to {most:,}")
    return least


def _flag(members: Members, row: Mapping[str, Any], name: str) -> bool:
    value = row.get(name, False)
    if not isinstance(value, bool):
        members.fault(f"{name} is true or false")
        return False
    return value


def _one_of(members: Members, row: Mapping[str, Any], name: str, known: tuple[str, ...]) -> str:
    value = row.get(name, known[0])
    if value not in known:
        members.fault(f"{name} is {' or '.join(repr(each) for each in known if each)}")
        return known[0]
    return str(value)
