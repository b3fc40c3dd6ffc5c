"""What is said to people, before it is in any language: sentences of a catalogue by their keys, with values in them.

A sentence is never made of pieces of English: whatever comes from outside is a value, and a value has one place in a
sentence, in every language.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence, or a part of one, that every catalogue has.

    Attributes:
        key: by which catalogues have it.
        values: what is put in, by name.
    """

    key: str
    values: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class Original:
    """A text that there is in English alone, as an error says it; it is shown as that in any language.

    Attributes:
        code: of a reason; a catalogue may have a sentence for all that have it, which then comes first.
    """

    text: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """Several values in one place of a sentence, one after the other."""

    items: tuple[Value, ...]


Sentence = Said | Original
Sentences = tuple[Sentence, ...]
Value = str | int | float | datetime | Sentence | Listed | Sentences


def say(key: str, **values: Value) -> Said:
    """The sentence with that key."""
    return Said(key, tuple(values.items()))


def listed(items: Iterable[Value]) -> Listed:
    """Several values in one place."""
    return Listed(tuple(items))


def as_sentences(words: str | Sentence | Sentences, code: str = "") -> Sentences:
    """What was said as sentences; of a mere text nothing is known but that it is English.

    Args:
        code: the reason that a mere text is given for.
    """
    if isinstance(words, str):
        return (Original(words, code),) if words else ()
    return words if isinstance(words, tuple) else (words,)
