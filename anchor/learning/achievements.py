"""Achievements as programmes, templates and credentials of several institutions state them, to be compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from anchor.learning.places import places_in
from anchor.verifying.reading import read_file
from registry.credential.digest import DEFAULT_LIMITS
from registry.errors import IntakeError
from registry.language.choosing import primary
from registry.learning.achieved import UNSAID
from registry.learning.items import Accredited, Checked, Fate
from registry.learning.reading import item_of
from registry.learning.suggest.decisions import text_hash
from registry.learning.suggest.values import MAX_TEXT
from registry.learning.suggest.wire import LONGEST_NAME, AchievementPart
from registry.untrusted.archives import file_name
from registry.verify.verdict import Overall

MOST_FILES: Final = 100_000
MOST_ACHIEVEMENTS: Final = 20_000
_LONGEST_URI: Final = 1_000
# What credentials state is compared whatever a verdict says of them.
_UNCHECKED: Final = Checked(Overall.COULD_NOT_BE_CHECKED, Fate.UNCHECKED, Accredited.NOT_ASKED)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Achievements, each once for an institution.

    Attributes:
        left_out: files that could not be read or state nothing in the language, and why.
    """

    achievements: tuple[AchievementPart, ...]
    left_out: tuple[str, ...]


def gathered(paths: Iterable[Path], language: str) -> Gathered:
    """The achievements in files and in the files of folders.

    Args:
        language: of the texts that are compared; texts that name no language are taken for it.

    Raises:
        IntakeError: there are more than are compared (code `too-many-achievements`).
    """
    found: dict[tuple[str, str], AchievementPart] = {}
    left_out: list[str] = []
    for path in _files(paths):
        try:
            own = list(_in_file(path, primary(language)))
        except IntakeError as error:
            left_out.append(f"{path}: {error.what}")
            continue
        if not own:
            left_out.append(f"{path}: it states no achievement in {language!r}")
        for each in own:
            found.setdefault((each.institution, each.identifier or each.text_sha256), each)
        if len(found) > MOST_ACHIEVEMENTS:
            raise IntakeError(
                f"there are more than {MOST_ACHIEVEMENTS:,} achievements",
                where=str(path),
                remedy="Compare fewer folders at a time.",
                code="too-many-achievements",
            )
    return Gathered(tuple(found.values()), tuple(left_out))


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    count = 0
    for path in paths:
        if not path.exists():
            raise IntakeError("it is not there", where=str(path), code="unreadable")
        for each in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if each.is_file() and not any(part.startswith(".") for part in each.parts):
                count += 1
                if count > MOST_FILES:
                    raise IntakeError(
                        f"there are more than {MOST_FILES:,} files",
                        where=str(path),
                        remedy="Compare fewer folders at a time.",
                        code="too-many-achievements",
                    )
                yield each


def _in_file(path: Path, language: str) -> Iterator[AchievementPart]:
    return _in_toml(path, language) if path.suffix == ".toml" else _in_credential(path, language)


def _in_toml(path: Path, language: str) -> Iterator[AchievementPart]:
    places = places_in(path)
    for place in places.all:
        said = next((each.words for each in place.texts if primary(each.language) in ("", language)), "")
        if said:
            yield _part(path, places.institution, place.name, place.title, said, "", language)


def _in_credential(path: Path, language: str) -> Iterator[AchievementPart]:
    item = item_of(read_file(path, DEFAULT_LIMITS), _UNCHECKED, 0)
    institution = item.issuer_name or item.issuer_id
    for number, each in enumerate(item.achieved, 1):
        said = "\n".join(filter(None, (_in(text, language) for text in (each.name, each.description, each.criteria))))
        if said:
            name = _in(each.name, language)
            yield _part(path, institution, f"achievement {number}", name, said, each.identifier, language)


def _part(
    path: Path, institution: str, place: str, name: str, text: str, identifier: str, language: str
) -> AchievementPart:
    words = text[:MAX_TEXT]
    return AchievementPart(
        source=file_name(path.name),
        place=place[:LONGEST_NAME],
        institution=institution[:LONGEST_NAME],
        identifier=identifier[:_LONGEST_URI],
        name=name[:LONGEST_NAME],
        text=words,
        text_sha256=text_hash(words),
        language=language,
    )


def _in(texts: Mapping[str, str], language: str) -> str:
    return next((text for tag, text in texts.items() if primary(tag) == language), texts.get(UNSAID, ""))
