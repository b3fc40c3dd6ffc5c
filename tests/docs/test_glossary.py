"""The glossary has every word of the project once, in one sentence that leads on, and no word that no page uses."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
GLOSSARY = REPOSITORY / "docs/reference/glossary.md"
ENTRY = re.compile(r"^- \*\*([^*]+)\*\*: (.+)$", re.MULTILINE)
ENTRIES = ENTRY.findall(GLOSSARY.read_text(encoding="utf-8"))
# The words that everything else is told in.
FIRST = (
    *("Accreditation", "Anchor", "Batch", "Controller", "Digest", "Operator"),
    *("Party", "Receipt", "Recognition", "Status", "Verdict"),
)


def test_each_word_stands_once_in_order() -> None:
    words = [word for word, _ in ENTRIES]
    assert words == sorted(set(words), key=str.lower)
    assert set(FIRST) <= set(words)
    assert len(words) == GLOSSARY.read_text(encoding="utf-8").count("\n- ")


def test_each_word_has_one_sentence_that_ends_with_a_link() -> None:
    for word, said in ENTRIES:
        assert re.search(r" \(\[[^]]+\]\([\w./-]+\.md\)\)\.$", said), word
        assert len(re.findall(r"[.!?](?: |$)", said)) == 1, word


def test_each_word_is_used_on_the_page_that_it_leads_to() -> None:
    for word, said in ENTRIES:
        target = GLOSSARY.parent / re.findall(r"\]\(([^)]+)\)", said)[-1]
        either = re.sub("y$", "(?:y|ies)", word)
        assert re.search(rf"\b{either}", target.read_text(encoding="utf-8"), re.IGNORECASE), (word, target.name)
