"""The labelled sentences, read and checked; `guidelines.md` beside this file says what a label means.

from scripts.bench.labelled.reading import labelled_set
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from registry.credential.strictjson import parse_json
from registry.errors import CredentialError

Framework = Literal["ecf", "esco"]
Split = Literal["development", "test"]

HERE: Final = Path(__file__).parent
LANGUAGES: Final = ("en", "fr", "de", "es", "pt", "hr")
FRAMEWORKS: Final[tuple[Framework, ...]] = ("ecf", "esco")
COMPETENCES: Final = {"A": 10, "B": 6, "C": 5, "D": 11, "E": 9}
"""Of each area of the e-CF 4.0 (EN 16234-1:2019), numbered from 1."""
ECF_CODES: Final = tuple(f"{area}.{number}" for area, last in COMPETENCES.items() for number in range(1, last + 1))
ESCO_SKILL: Final = re.compile(
    r"http://data\.europa\.eu/esco/skill/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
)
_IDENTIFIER: Final = re.compile(r"([a-z]{2})-[0-9]{3}")
_DEVELOPMENT_SHARE: Final = 3
"""One sentence in so many is for development."""


class NotLabelled(ValueError):
    """A file of the set is not in order; the text names file and line."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence.

    Attributes:
        identifier: language and number, such as `hr-007`.
        language: two letters.
        topic: a few words of English; 23 of them are in more than one language.
    """

    identifier: str
    language: str
    topic: str
    text: str


@dataclass(frozen=True, slots=True)
class Labels:
    """What one annotator accepts for one sentence; an empty set says that nothing fits."""

    ecf: frozenset[str]
    esco: frozenset[str]

    def of(self, framework: Framework) -> frozenset[str]:
        """Those of one framework."""
        return self.ecf if framework == "ecf" else self.esco


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """The sentences with one or two labellings, each of all sentences.

    Attributes:
        second: None as long as nobody has labelled a second time.
    """

    sentences: tuple[Sentence, ...]
    first: Mapping[str, Labels]
    second: Mapping[str, Labels] | None
    splits: Mapping[str, Split]

    def part(self, split: Split, language: str | None = None) -> tuple[Sentence, ...]:
        """The sentences of a split, of one language where it is named."""
        return tuple(
            each
            for each in self.sentences
            if self.splits[each.identifier] == split and language in (None, each.language)
        )


def labelled_set(folder: Path = HERE) -> LabelledSet:
    """All of it.

    Raises:
        NotLabelled: a line cannot be read, or says what cannot be.
    """
    sentences = _sentences(folder / "sentences.jsonl")
    known = [each.identifier for each in sentences]
    second = folder / "second.jsonl"
    return LabelledSet(
        sentences=sentences,
        first=labels_in(folder / "first.jsonl", known),
        second=labels_in(second, known) if second.exists() else None,
        splits=splits_of(sentences),
    )


def labels_in(path: Path, known: Iterable[str]) -> dict[str, Labels]:
    """One labelling, of each known sentence once.

    Raises:
        NotLabelled: as above.
    """
    open_ones = dict.fromkeys(known)
    found: dict[str, Labels] = {}
    for where, line in _lines(path, {"id", "ecf", "esco"}):
        identifier = line["id"]
        if identifier in found or identifier not in open_ones:
            raise NotLabelled(f"{where}: {identifier!r} is no sentence of the set, or is there twice")
        ecf, esco = _texts(where, line["ecf"]), _texts(where, line["esco"])
        if unknown := [each for each in ecf if each not in ECF_CODES]:
            raise NotLabelled(f"{where}: the e-CF 4.0 has no {unknown[0]!r}")
        if unknown := [each for each in esco if not ESCO_SKILL.fullmatch(each)]:
            raise NotLabelled(f"{where}: {unknown[0]!r} is no URI of an ESCO skill")
        found[identifier] = Labels(frozenset(ecf), frozenset(esco))
    if missing := [each for each in open_ones if each not in found]:
        raise NotLabelled(f"{path.name}: {len(missing)} sentences have no line, the first is {missing[0]!r}")
    return found


def splits_of(sentences: Iterable[Sentence]) -> dict[str, Split]:
    """By language, the first third by SHA-256 of the identifier is for development."""
    by_language: dict[str, list[str]] = defaultdict(list)
    for each in sentences:
        by_language[each.language].append(each.identifier)
    found: dict[str, Split] = {}
    for identifiers in by_language.values():
        ordered = sorted(identifiers, key=lambda each: hashlib.sha256(each.encode()).digest())
        development = len(ordered) // _DEVELOPMENT_SHARE
        found |= {each: "development" if place < development else "test" for place, each in enumerate(ordered)}
    return found


def _sentences(path: Path) -> tuple[Sentence, ...]:
    found: dict[str, Sentence] = {}
    texts: set[str] = set()
    for where, line in _lines(path, {"id", "language", "topic", "text"}):
        values = [line["id"], line["language"], line["topic"], line["text"]]
        if not all(isinstance(each, str) and each and each == each.strip() for each in values):
            raise NotLabelled(f"{where}: each member is a text without space around it")
        sentence = Sentence(*values)
        form = _IDENTIFIER.fullmatch(sentence.identifier)
        if sentence.language not in LANGUAGES or form is None or form[1] != sentence.language:
            raise NotLabelled(f"{where}: {sentence.identifier!r} does not begin with its language, one of {LANGUAGES}")
        if sentence.identifier in found or sentence.text in texts:
            raise NotLabelled(f"{where}: the identifier or the sentence is there twice")
        found[sentence.identifier] = sentence
        texts.add(sentence.text)
    return tuple(found.values())


def _lines(path: Path, members: set[str]) -> Iterable[tuple[str, dict[str, Any]]]:
    for number, data in enumerate(path.read_bytes().splitlines(), start=1):
        where = f"{path.name}, line {number}"
        try:
            line = parse_json(data)
        except CredentialError as error:
            raise NotLabelled(f"{where}: {error.what}") from None
        # Exactly these: a text of a framework would need a member of its own.
        if not isinstance(line, dict) or line.keys() != members:
            raise NotLabelled(f"{where}: a line has {', '.join(sorted(members))}, and nothing else")
        yield where, line


def _texts(where: str, value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value) or len({*value}) != len(value):
        raise NotLabelled(f"{where}: labels are a list of texts, each once")
    return value
