"""Where texts stand in a programme or a template, what they are aligned with, and how an alignment is written there.

An alignment is written because of an entry in a log of decisions, and of nothing else. What stands in the file beside
it, comments too, stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from anchor.issuing.templates.files import read_template
from anchor.issuing.templates.model import Alignment, Template, Texts
from anchor.verifying.frameworks import programme_in
from anchor.verifying.named import read_named, write_whole
from registry.errors import IntakeError
from registry.extras import needs
from registry.frameworks.files import read_programme
from registry.frameworks.members import MAX_BYTES
from registry.frameworks.model import Programme
from registry.learning.suggest.bundled import identifier_of
from registry.learning.suggest.values import Text
from registry.learning.suggest.wire import AlignmentPart, EntryPart, SuggestionDecision
from registry.untrusted.text import terminal_text
from registry.untrusted.toml import parse_toml

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

AWARD: Final = "achievement"
_SHOWN: Final = 8
_LONGEST_NAME: Final = 300


@dataclass(frozen=True, slots=True)
class Aligned:
    """What a place is aligned with: by code where it has one, else by name.

    Attributes:
        framework: identifier of a programme's framework, name of it in a template.
    """

    framework: str
    item: str


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a programme, or the award, a course or a competence of a template.

    Attributes:
        name: `part CODE`, `achievement`, `course KEY` or `competence KEY`.
        texts: in each language; of a programme, whose file names none, the language is "".
    """

    name: str
    title: str
    texts: tuple[Text, ...]
    aligned: tuple[Aligned, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """The places of a file.

    Attributes:
        institution: as the file calls it.
        framework: identifier of the framework that a programme is aligned with; "" of a template, which may have many.
    """

    file: Path
    institution: str
    framework: str
    all: tuple[Place, ...]

    def named(self, name: str) -> Place:
        """The place of that name.

        Raises:
            IntakeError: there is none (code `no-place`).
        """
        found = next((each for each in self.all if each.name == name), None)
        if found is None:
            known = ", ".join(each.name for each in self.all[:_SHOWN])
            raise IntakeError(
                f"it has no place {terminal_text(name, 80)!r}",
                where=str(self.file),
                remedy=f"Say with --place where the text belongs, such as: {known}.",
                code="no-place",
            )
        return found

    def check_takes(self, framework: str | None, place: Place) -> None:
        """See that items of a framework can be written at a place; a template takes those of any.

        Args:
            framework: its identifier; None of an item that a person wrote in.

        Raises:
            IntakeError: the programme is aligned with another one (code `other-framework`).
        """
        if self.framework and self.framework != framework:
            raise IntakeError(
                f"the programme is aligned with {self.framework!r}, and takes items of no other framework",
                where=f"{self.file}, {place.name}",
                remedy="Ask for suggestions of the programme's own framework, or write the alignment into a template.",
                code="other-framework",
            )


def places_in(path: Path) -> Places:
    """The places of a programme file or a template.

    Raises:
        IntakeError: it is neither, or not in order (codes `unreadable`, `programme`, `template-unreadable`,
            `template`).
    """
    content = read_named(path, MAX_BYTES)
    if _is_programme(content):
        programme = programme_in(path)
        framework = identifier_of(programme.framework)
        return Places(path, programme.institution, framework, tuple(_of_programme(programme, framework)))
    template = read_template(path)
    return Places(path, template.text(template.issuer.name), "", tuple(_of_template(template)))


def check_fits(path: Path, decision: SuggestionDecision) -> None:
    """See, before a decision is written down, that what it chose can be written into a programme file or a template.

    Raises:
        IntakeError: the file is not in order, has no such place, is aligned with another framework, or the alignment
            has no address (codes as `places_in`, `no-place`, `other-framework`, `alignment-url`, `alignment-place`).
        SettingsError: something is to be written, and the extra `ai` is not installed.
    """
    _planned(path, decision)


def write_alignments(path: Path, entry: EntryPart) -> tuple[AlignmentPart, ...]:
    """Write what a person decided into a programme file or a template; what is there already is left as it is.

    Args:
        entry: as it stands in the log.

    Returns:
        the alignments that were not there.

    Raises:
        IntakeError: as `check_fits`, the file cannot be written, or a template would not be in order any more
            (`unwritable`, `template`).
        SettingsError: as `check_fits`.
    """
    if not isinstance(entry.decision, SuggestionDecision):
        return ()
    new, content, made = _planned(path, entry.decision)
    if new:
        write_whole(path, made)
        _look_again(path, content)
    return new


def _planned(path: Path, decision: SuggestionDecision) -> tuple[tuple[AlignmentPart, ...], bytes, bytes]:
    """The alignments of a decision that a file has not, what is in the file, and what would be with them."""
    places = places_in(path)
    place = places.named(decision.place)
    written = any(each.origin == "written" for each in decision.chosen)
    places.check_takes(None if written else decision.framework.id, place)
    content = read_named(path, MAX_BYTES)
    wanted = dict.fromkeys(each.alignment for each in decision.chosen)
    new = tuple(each for each in wanted if _aligned(each, places.framework) not in place.aligned)
    if not new:
        return (), content, content
    rows = [_row(each, path) for each in new] if not places.framework else [each.target_code for each in new]
    return new, content, _with(content, decision.place, rows)


def aligned_by(decision: SuggestionDecision, *, programme: bool) -> Iterator[Aligned]:
    """What a decision aligned its place with, as the file has it."""
    framework = decision.framework.id if programme else ""
    return (_aligned(each.alignment, framework) for each in decision.chosen)


def _is_programme(content: bytes) -> bool:
    return b"[programme]" in content


def _of_programme(programme: Programme, framework: str) -> Iterator[Place]:
    for part in programme.parts:
        name = f"part {part.code}"
        aligned = tuple(Aligned(framework, code) for code in part.covers)
        yield Place(name, part.title, (Text(part.title, "", name, part.title),), aligned)


def _of_template(template: Template) -> Iterator[Place]:
    yield _place(AWARD, template, template.name, (template.description, template.criteria), template.alignments)
    for course in template.courses:
        yield _place(f"course {course.key}", template, course.name, (), course.alignments)
    for each in template.competences:
        yield _place(f"competence {each.key}", template, each.name, (each.description,), each.alignments)


def _place(
    name: str, template: Template, title: Texts, more: tuple[Texts, ...], alignments: tuple[Alignment, ...]
) -> Place:
    texts = tuple(
        Text("\n".join(filter(None, (title[language], *(each.get(language, "") for each in more)))), language, name)
        for language in template.languages
        if language in title
    )
    aligned = tuple(Aligned(each.framework, each.code or each.name) for each in alignments)
    return Place(name, template.text(title), texts, aligned)


def _aligned(alignment: AlignmentPart, framework: str) -> Aligned:
    return Aligned(framework or alignment.target_framework, alignment.target_code or alignment.target_name)


def _row(alignment: AlignmentPart, path: Path) -> dict[str, str]:
    """A table of a template."""
    if not alignment.target_url.startswith(("https://", "http://")):
        raise IntakeError(
            f"{alignment.target_name[:80]!r} has no address, which an alignment of a credential needs",
            where=str(path),
            remedy="Name the address of the item or of its framework with --url.",
            code="alignment-url",
        )
    name = " ".join(alignment.target_name.split())
    row = {
        # By its code it is found all the same.
        "name": terminal_text(name, _LONGEST_NAME) if alignment.target_code else name,
        "code": alignment.target_code,
        "framework": alignment.target_framework,
        "url": alignment.target_url,
    }
    return {key: value for key, value in row.items() if value}


def _with(content: bytes, place: str, rows: list[Any]) -> bytes:
    """The file with more in one place; nothing else of what it says is changed."""
    with needs("ai"):
        import tomlkit

    expected = parse_toml(content, parse_float=Decimal)
    document = tomlkit.parse(content)
    _add(expected, place, rows)
    _add_kept(document, place, rows)
    made = document.as_string()
    for each in (_before_comments(content.decode(), made), made):
        if parse_toml(each, parse_float=Decimal) == expected:
            return each.encode()
    raise IntakeError(
        f"the alignment cannot be written at {place!r} without changing something else",
        remedy="Write it by hand; the decision is in the log.",
        code="alignment-place",
    )


def _before_comments(was: str, made: str) -> str:
    """The same, with new tables before the comments of the table that follows, where they were put after them."""
    old, new = was.split("\n"), made.split("\n")
    at = next((at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), len(old))
    added = new[at : len(new) - len(old) + at]
    if not any(each.startswith("[[") for each in added) or new[at + len(added) :] != old[at:]:
        return made
    end = at
    while end and (not old[end - 1].strip() or old[end - 1].startswith("#")):
        end -= 1
    tables = [line for each in added if each for line in (["", each] if each.startswith("[[") else [each])]
    after = old[end:] if not old[end : end + 1] or not old[end].strip() else ["", *old[end:]]
    return "\n".join([*old[:end], *tables, *after])


def _add(document: dict[str, Any], place: str, rows: list[Any]) -> None:
    table, key = _table(document, place)
    before = table.get(key, [])
    table[key] = [*([before] if isinstance(before, str) else before), *rows]


def _add_kept(document: TOMLDocument, place: str, rows: list[Any]) -> None:
    import tomlkit

    table, key = _table(document, place)
    before = table.get(key)
    if isinstance(before, str):
        table[key] = [str(before)]
    elif before is None:
        table[key] = tomlkit.aot() if isinstance(rows[0], dict) else tomlkit.array()
    for row in rows:
        table[key].append(tomlkit.item(row))


def _table(document: Mapping[str, Any], place: str) -> tuple[Any, str]:
    """The table of a place, and the key of what it is aligned with."""
    kind, _, name = place.partition(" ")
    if kind == AWARD:
        return document[AWARD], "alignments"
    listed, by, key = {
        "part": ("parts", "code", "covers"),
        "course": ("courses", "key", "alignments"),
        "competence": ("competences", "key", "alignments"),
    }[kind]
    return next(each for each in document[listed] if each[by] == name), key


def _look_again(path: Path, before: bytes) -> None:
    """Read what was written; where it is not in order any more, put back what was there."""
    try:
        if _is_programme(before):
            read_programme(read_named(path, MAX_BYTES), str(path))
        else:
            read_template(path)
    except IntakeError:
        write_whole(path, before)
        raise
