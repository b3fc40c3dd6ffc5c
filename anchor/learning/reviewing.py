"""Suggestions, reviewed: each decision goes into the log first, and then what was chosen into the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from anchor.learning.decision_files import append, log_beside, sound_log
from anchor.learning.places import Places, check_fits, places_in, write_alignments
from anchor.verifying.named import read_named
from registry.credential.strictjson import Limits, parse_json
from registry.errors import CredentialError, IntakeError
from registry.frameworks.model import Item
from registry.learning.suggest.decisions import Choice, decide, other_item, suggestion_id
from registry.learning.suggest.wire import (
    MOST_SUGGESTIONS,
    AlignmentPart,
    EntryPart,
    PersonPart,
    ReviewedPart,
    ReviewPart,
    SuggestionDecision,
    SuggestionPart,
    review_in,
    suggestion_in,
)
from registry.timestamps import past_moment

MOST_BYTES: Final = 256 << 20
Names = Mapping[str, tuple[str, str]]
"""Items of a framework by code: name and address."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a decision.

    Attributes:
        written: alignments that were not in the file before.
        known: the same was decided before; no second entry was made.
    """

    entry: EntryPart
    written: tuple[AlignmentPart, ...]
    known: bool = False


class Review:
    """The suggestions of a file, to be decided about for one programme or template.

    Args:
        suggestions: file of `testamur suggest --json`.
        into: the programme file or template that alignments go into.
        place: for all suggestions, where they do not say it themselves.
        names: of the framework's items.
        url: for items that have no address.

    Raises:
        IntakeError: one of the files cannot be used (codes `suggestions`, `no-place`, `other-framework`, and as
            `places_in` and `sound_log`).
    """

    def __init__(self, suggestions: Path, into: Path, *, place: str = "", names: Names | None = None, url: str = ""):
        self.into, self.log_path = into, log_beside(into)
        self.suggestions = suggestions_in(suggestions)
        self._names, self.url = names or {}, url
        self._place = place
        self.places: Places = places_in(into)
        for each in self.suggestions:
            self.places.check_takes(each.framework.id, self.places.named(self.place_of(each)))
        sound_log(self.log_path)

    def place_of(self, suggestion: SuggestionPart) -> str:
        """Where in the file its text belongs."""
        return self._place or suggestion.where

    def waiting(self) -> tuple[SuggestionPart, ...]:
        """Those that nobody has decided about."""
        log = sound_log(self.log_path)
        return tuple(each for each in self.suggestions if log.of_suggestion(suggestion_id(each)) is None)

    def settle(self, chosen: Sequence[tuple[SuggestionPart, Choice]], by: PersonPart, at: datetime) -> list[Settled]:
        """Write down what a person decided, all or nothing, and then the alignments that follow from it.

        What stops after the first step is done by running it again: the same decision is not written down twice.

        Raises:
            IntakeError: a decision does not go together, or a file cannot be written.
        """
        decided = [self._decision(suggestion, choice, by, at) for suggestion, choice in chosen]
        for each in decided:
            check_fits(self.into, each)
        log = sound_log(self.log_path)
        before = [log.of_suggestion(each.suggestion or "") for each in decided]
        known = [entry is not None and _same(entry, each) for entry, each in zip(before, decided, strict=True)]
        new = iter(append(self.log_path, [each for each, is_known in zip(decided, known, strict=True) if not is_known]))
        entries = [entry if is_known and entry else next(new) for entry, is_known in zip(before, known, strict=True)]
        return [
            Settled(entry, write_alignments(self.into, entry), is_known)
            for entry, is_known in zip(entries, known, strict=True)
        ]

    def choice_of(self, said: ReviewedPart) -> tuple[SuggestionPart, Choice]:
        """A suggestion and what a file of decisions says of it.

        Raises:
            IntakeError: there is no such suggestion, or the choice makes no sense (code `review-choice`).
        """
        found = next((each for each in self.suggestions if suggestion_id(each) == said.suggestion), None)
        if found is None:
            raise IntakeError(
                f"no suggestion {said.suggestion[:16]}… is in the file of suggestions",
                remedy="Take the decisions in with the suggestions that they are about.",
                code="review-choice",
            )
        place = self.place_of(found)
        other = tuple(other_item(each, found.framework, self._names, self.url, place) for each in said.other)
        return found, Choice(tuple(said.accept), other, said.reject, said.reason, place, self.url)

    def _decision(self, suggestion: SuggestionPart, choice: Choice, by: PersonPart, at: datetime) -> SuggestionDecision:
        place = self.places.named(choice.place or self.place_of(suggestion))
        in_file = any(each.words == suggestion.text for each in place.texts)
        return decide(suggestion, choice, by, at, file=self.into.name, in_file=in_file)


def item_address(item: Item) -> str:
    """The address that a CASE package gave an item; "" where it has none that can be opened."""
    said = item.case.get("item")
    address = said.get("uri") if isinstance(said, dict) else None
    return address if isinstance(address, str) and address.startswith(("https://", "http://")) else ""


def suggestions_in(path: Path) -> tuple[SuggestionPart, ...]:
    """The suggestions in a file.

    Raises:
        IntakeError: there are none, or they are not in their form (codes `unreadable`, `suggestions`).
    """
    content = json_in(path, "suggestions")
    listed = content.get("suggestions") if isinstance(content, dict) else content
    if not isinstance(listed, list) or not 0 < len(listed) <= MOST_SUGGESTIONS:
        raise IntakeError(
            f"it has no list of 1 to {MOST_SUGGESTIONS:,} suggestions",
            where=str(path),
            remedy="Write one with `testamur suggest … --json`.",
            code="suggestions",
        )
    return tuple(suggestion_in(each, f"{path}, suggestion {number}") for number, each in enumerate(listed, 1))


def decisions_in(path: Path, now: datetime) -> tuple[ReviewPart, datetime]:
    """A file of decisions, and when they were made: now where it does not say.

    Raises:
        IntakeError: it is none (codes `unreadable`, `review-file`).
        SettingsError: its time is still to come (code `time-to-come`).
    """
    review = review_in(json_in(path, "review-file"), str(path))
    return review, past_moment(review.decided_at, f"{path}, decidedAt", now) or now


def json_in(path: Path, code: str) -> object:
    """JSON of a file that a person names.

    Raises:
        IntakeError: it cannot be read (code `unreadable`, or the one that is given).
    """
    try:
        found: object = parse_json(read_named(path, MOST_BYTES), Limits(MOST_BYTES))
    except CredentialError as error:
        raise IntakeError(error.what, where=str(path), remedy=error.remedy, code=code) from None
    return found


def _same(entry: EntryPart, decision: SuggestionDecision) -> bool:
    """Whether an entry says what a decision does, whoever said it and when."""
    ignored = {"decided_at": decision.decided_at, "decided_by": decision.decided_by}
    return entry.decision.model_copy(update=ignored) == decision
