"""How easy texts are to read: `python -m scripts.reading_ease [FILE…]`, by default all of `docs/training`.

English by Flesch (1948): 206.835 - 1.015 words a sentence - 84.6 syllables a word. French by Kandel and Moles (1958),
who fitted the same to French: 207 - 1.015 words a sentence - 73.6 syllables a word. 100 is very easy, 60 to 70 plain,
below 30 for specialists. Code, commands, addresses and links' targets are left out; an item of a list is a sentence.

Syllables are where words may be hyphenated (pyphen), or groups of vowels where there are more of those: hyphenation
alone leaves some out and would flatter the text. The figure knows nothing of meaning; people read the texts as well.
"""

from __future__ import annotations

import re
import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pyphen

REPOSITORY: Final = Path(__file__).parents[1]
TRAINING: Final = REPOSITORY / "docs" / "training"
BARS: Final = {"en": 60.0, "fr": 50.0}
"""Below which a test refuses a file. Plain English begins at 60; French needs more syllables for the same sense."""
FEWEST_WORDS: Final = 60
"""Of a text that is judged: in fewer, one long word decides."""
_FORMULAS: Final = {"en": (206.835, 1.015, 84.6), "fr": (207.0, 1.015, 73.6)}
_VOWELS: Final = {"en": "aeiouy", "fr": "aeiouyàâäéèêëîïôöùûüÿœæ"}
_LEFT_OUT: Final = (
    re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL),
    re.compile(r"`[^`]*`"),
    re.compile(r"<!--.*?-->", re.DOTALL),
    re.compile(r"^\|?[\s|:-]+\|?$", re.MULTILINE),
    re.compile(r"https?://\S+|\S+@\S+|\bdid:\S+"),
)
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_END: Final = re.compile(r"[.!?:;…]+(?=\s|$)|\n")


@dataclass(frozen=True)
class Ease:
    """What was counted, and what it comes to."""

    words: int
    sentences: int
    syllables: int
    score: float


def prose(text: str) -> str:
    """What a person reads of a Markdown text, each item, cell and paragraph in a line of its own."""
    for each in _LEFT_OUT:
        text = each.sub(" ", text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"(?<=\S)\n(?=[^\n|#>*\-\d\s])", " ", text)
    text = re.sub(r"^[>#*\-\s]+|^\d+\.\s+", "", text, flags=re.MULTILINE)
    return text.replace("|", "\n").replace("*", "")


def prose_of(path: Path) -> str:
    """As `prose`, of a file; of a TOML file all its sentences."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".toml":
        return prose(text)
    found: list[str] = []

    def walk(value: object) -> None:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            for each in value.values():
                walk(each)
        elif isinstance(value, list):
            for each in value:
                walk(each)

    walk(tomllib.loads(text))
    return prose("\n".join(found))


@cache
def _hyphens(language: str) -> pyphen.Pyphen:
    return pyphen.Pyphen(lang={"en": "en_GB", "fr": "fr"}[language], left=1, right=1)


@cache
def syllables(word: str, language: str) -> int:
    """Of one word."""
    vowels = _VOWELS[language]
    small = word.lower()
    groups = len(re.findall(f"[{vowels}]+", small))
    silent = r"[^aeiouyl]e[ds]?$" if language == "en" else r"[^aeiouyéèêà]e(?:s|nt)?$"
    if groups > 1 and re.search(silent, small):
        groups -= 1
    return max(1, groups, len(_hyphens(language).positions(small)) + 1)


def ease(text: str, language: str) -> Ease:
    """How easy prose is to read.

    Raises:
        KeyError: there is no formula for the language.
    """
    base, by_sentence, by_word = _FORMULAS[language]
    sentences = [found for part in _END.split(text) if (found := _WORD.findall(part))]
    words = [word for sentence in sentences for word in sentence]
    if not words:
        return Ease(0, 0, 0, 100.0)
    count = sum(syllables(word, language) for word in words)
    score = base - by_sentence * len(words) / len(sentences) - by_word * count / len(words)
    return Ease(len(words), len(sentences), count, round(score, 1))


def texts() -> dict[Path, str]:
    """Every text of the training with its language."""
    found = {path: _language(path) for path in sorted(TRAINING.rglob("*")) if path.suffix in (".md", ".toml")}
    lab = REPOSITORY / "anchor" / "lab" / "texts"
    return found | {path: path.stem for path in sorted(lab.glob("*.toml"))}


def _language(path: Path) -> str:
    parts = path.relative_to(TRAINING).parts
    return parts[0] if len(parts) > 1 else "en"


def main() -> None:
    """Say the ease of each file, the hardest last."""
    chosen = texts()
    if len(sys.argv) > 1:
        chosen = {path: chosen.get(path, "en") for path in (Path(each).resolve() for each in sys.argv[1:])}
    found = sorted(
        ((ease(prose_of(path), language), path, language) for path, language in chosen.items()),
        key=lambda each: -each[0].score,
    )
    for each, path, language in found:
        print(f"{each.score:6.1f}  {language}  {each.words:5} words  {path.relative_to(REPOSITORY)}")


if __name__ == "__main__":
    main()
