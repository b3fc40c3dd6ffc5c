"""A text of a stranger, as sentences."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from registry.errors import IntakeError
from registry.learning.suggest.values import MAX_SENTENCES, MAX_TEXT, Text

LONGEST_SENTENCE: Final = 1_000
"""Characters; a longer one is cut there, at a space where there is one."""

_ENDS: Final = re.compile(r"(?<=[.!?…;])\s+(?=\S)|[\n\r\u2028\u2029]+|\s[•▪]\s")
_BULLET: Final = re.compile(r"\A\s*[•▪–-]\s")
_SPACE: Final = re.compile(r"\s+")


def sentences_of(text: Text) -> tuple[str, ...]:
    """Its sentences, each once, without what is not seen.

    Raises:
        IntakeError: it has no words, or more than are read (code `suggest-text`).
    """
    if len(text.words) > MAX_TEXT:
        raise _refused(text, f"it has {len(text.words):,} characters, and at most {MAX_TEXT:,} are read")
    plain = "".join(each if _is_seen(each) else " " for each in unicodedata.normalize("NFC", text.words))
    found = dict.fromkeys(cut for part in _ENDS.split(plain) if (cut := _in_short(part)))
    if not found:
        raise _refused(text, "it has no words")
    if len(found) > MAX_SENTENCES:
        raise _refused(text, f"it has {len(found):,} sentences, and at most {MAX_SENTENCES} are read")
    return tuple(found)


def _is_seen(sign: str) -> bool:
    return sign in "\n\r\u2028\u2029" or unicodedata.category(sign) not in {"Cc", "Cf", "Cs", "Co", "Cn"}


def _in_short(part: str) -> str:
    sentence = _SPACE.sub(" ", _BULLET.sub("", part)).strip()
    if len(sentence) > LONGEST_SENTENCE:
        sentence = sentence[:LONGEST_SENTENCE].rsplit(" ", 1)[0]
    return sentence if any(each.isalpha() for each in sentence) else ""


def _refused(text: Text, what: str) -> IntakeError:
    return IntakeError(what, where=text.where or None, remedy="Ask for a part of it.", code="suggest-text")
