"""What a programme or template is aligned with, beside what persons decided: each without the other is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from anchor.learning.places import Places, aligned_by
from registry.learning.suggest.decisions import text_hash
from registry.learning.suggest.wire import EntryPart, SuggestionDecision


class Kind(StrEnum):
    """What is found.

    UNDECIDED: an alignment that no named person decided. UNWRITTEN: a decision whose alignment is not in the file.
    CHANGED: the text that was decided about is another one now.
    """

    UNDECIDED = "undecided"
    UNWRITTEN = "unwritten"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a person should look at.

    Attributes:
        item: code or name of what is aligned.
    """

    kind: Kind
    place: str
    item: str
    words: str


def findings_in(places: Places, entries: Iterable[EntryPart]) -> tuple[Finding, ...]:
    """What does not go together; where a suggestion was decided about twice, the last decision counts."""
    return tuple(_findings(places, list(_that_count(entries))))


def _that_count(entries: Iterable[EntryPart]) -> Iterator[SuggestionDecision]:
    last: dict[str, SuggestionDecision] = {}
    for each in entries:
        if isinstance(each.decision, SuggestionDecision):
            last[each.decision.suggestion or f"entry {each.number}"] = each.decision
    return iter(last.values())


def _findings(places: Places, decisions: list[SuggestionDecision]) -> Iterator[Finding]:
    known = {place.name: place for place in places.all}
    is_programme = bool(places.framework)
    decided = {(each.place, one) for each in decisions for one in aligned_by(each, programme=is_programme)}
    for place in places.all:
        for one in place.aligned:
            if (place.name, one) not in decided:
                words = f"it is aligned with {one.item} of {one.framework}, and no decision of a named person says so"
                yield Finding(Kind.UNDECIDED, place.name, one.item, words)
    for each in decisions:
        found = known.get(each.place)
        who = f"{each.decided_by.name} decided on {each.decided_at[:10]}"
        for one in aligned_by(each, programme=is_programme):
            if found is None or one not in found.aligned:
                yield Finding(Kind.UNWRITTEN, each.place, one.item, f"{who} for {one.item}, and it is not there")
        now = {text_hash(text.words) for text in found.texts} if found is not None else set()
        if now and each.text_in_file and each.chosen and each.text_sha256 not in now:
            yield Finding(Kind.CHANGED, each.place, "", f"{who} about another text than stands there now")
