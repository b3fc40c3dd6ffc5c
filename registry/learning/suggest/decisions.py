"""What a person decided about a suggestion; from here alone come alignments.

No function of this package makes an alignment of a suggestion: each takes what a named person chose, and when.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from registry.credential.strictjson import canonicalize
from registry.errors import IntakeError, SettingsError
from registry.learning.suggest.values import Text
from registry.learning.suggest.wire import (
    LONGEST_NAME,
    LONGEST_REASON,
    AchievementPart,
    AlignmentPart,
    CandidatePart,
    ChosenPart,
    FrameworkPart,
    ModelPart,
    OtherPart,
    PersonPart,
    SamenessDecision,
    SuggestionDecision,
    SuggestionPart,
    members_of,
)
from registry.timestamps import write_timestamp
from registry.untrusted.text import oddities, terminal_text

Sameness = Literal["same", "different", "not-sure"]
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person says of one suggestion, before it is checked and written down.

    Attributes:
        accept: codes of candidates that fit.
        other: items that fit and are no candidates: of the framework, or written in by the person.
        reject: none fits.
        reason: in the person's words; needed where none fits, and for an item that is no candidate.
        place: where in the file the text belongs, such as `part IS.1`; "" for where the suggestion says.
        url: address for candidates that have none of their own, such as that of their framework.
    """

    accept: tuple[str, ...] = ()
    other: tuple[ChosenPart, ...] = ()
    reject: bool = False
    reason: str = ""
    place: str = ""
    url: str = ""


def decider(name: str, role: str) -> PersonPart:
    """The person who decides, by name and role.

    Raises:
        SettingsError: one of them is none that a record could have (code `no-decider`).
    """
    return PersonPart(name=_said(name, "--by"), role=_said(role, "--role"))


def text_hash(text: str) -> str:
    """SHA-256 of a text in UTF-8, as 64 hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def part_hash(members: Any) -> str:
    """SHA-256 over the canonical form (RFC 8785) of JSON, as 64 hex digits: of an entry, that by which it is anchored.

    Raises:
        CredentialError: it has none.
    """
    return hashlib.sha256(canonicalize(members)).hexdigest()


def suggestion_id(suggestion: SuggestionPart) -> str:
    """What stands for a suggestion: 64 hex digits over all of it but the measured figure, which may be told anew."""
    return part_hash({name: value for name, value in members_of(suggestion).items() if name != "figure"})


def decide(
    suggestion: SuggestionPart, choice: Choice, by: PersonPart, at: datetime, *, file: str, in_file: bool
) -> SuggestionDecision:
    """The decision of a person about a suggestion.

    Args:
        file: name of the file that the alignments go into.
        in_file: whether the text stands in it as it is.

    Raises:
        IntakeError: nothing was chosen, or what was chosen does not go together (code `review-choice`).
    """
    where = choice.place or suggestion.where
    if choice.reject == bool(choice.accept or choice.other):
        what = "it is both accepted and rejected" if choice.reject else "nothing is decided about it"
        raise _choice(what, where, "Accept candidates, name another item, or reject it with a reason.")
    by_code = {each.code: each for each in suggestion.candidates}
    if unknown := [code for code in choice.accept if code not in by_code]:
        raise _choice(
            f"{terminal_text(unknown[0], _SHOWN)!r} is none of its candidates",
            where,
            "Name it as another item, with a reason.",
        )
    if (choice.reject or choice.other) and not choice.reason.strip():
        raise _choice("a reason is missing", where, "Say in a sentence why none fits, or why another item does.")
    chosen = [
        ChosenPart(origin="candidate", alignment=_of_candidate(by_code[code], suggestion, choice.url))
        for code in dict.fromkeys(choice.accept)
    ]
    return SuggestionDecision(
        decided_at=write_timestamp(at),
        decided_by=by,
        suggestion=suggestion_id(suggestion),
        text=suggestion.text,
        text_sha256=text_hash(suggestion.text),
        text_in_file=in_file,
        name=suggestion.name,
        file=file,
        place=where,
        language=suggestion.language,
        framework=suggestion.framework,
        model=suggestion.model,
        figure=suggestion.figure,
        candidates=suggestion.candidates,
        ruling="rejected" if choice.reject else "changed" if choice.other else "accepted",
        chosen=[*chosen, *choice.other],
        rejected=[each.code for each in suggestion.candidates if each.code not in choice.accept],
        reason=_reason(choice.reason, where),
    )


def state(
    text: Text,
    chosen: Sequence[ChosenPart],
    by: PersonPart,
    at: datetime,
    *,
    framework: FrameworkPart,
    file: str,
    reason: str,
) -> SuggestionDecision:
    """The decision of a person that items fit a text, with no suggestion before it.

    Args:
        text: with the place in the file as `where`.

    Raises:
        IntakeError: nothing was chosen, or no reason is given (code `review-choice`).
    """
    if not chosen or not reason.strip():
        raise _choice("an item and a reason are needed", text.where, "Name both.")
    return SuggestionDecision(
        decided_at=write_timestamp(at),
        decided_by=by,
        text=text.words,
        text_sha256=text_hash(text.words),
        text_in_file=True,
        name=text.name,
        file=file,
        place=text.where,
        language=text.language,
        framework=framework,
        ruling="stated",
        chosen=list(chosen),
        reason=_reason(reason, text.where),
    )


def other_item(
    said: OtherPart, framework: FrameworkPart, names: Mapping[str, tuple[str, str]], url: str, where: str
) -> ChosenPart:
    """An item that a person named beside the candidates.

    Args:
        names: of the items of the framework, by code: name and address, each "" where it has none.
        url: for one that has no address of its own.

    Raises:
        IntakeError: it has no name, or the framework has no such item (code `review-choice`).
    """
    known = names.get(said.code) if not said.framework else None
    if known is not None:
        return ChosenPart(
            origin="framework",
            alignment=AlignmentPart(
                target_name=known[0] or said.code,
                target_url=said.url or known[1] or url,
                target_framework=framework_name(framework),
                target_code=said.code,
            ),
        )
    if not said.name.strip() or not said.framework.strip():
        raise _choice(
            f"the framework has no item {terminal_text(said.code, _SHOWN)!r}",
            where,
            "Name one of its items by code; one of another framework by name, framework and address.",
        )
    return ChosenPart(
        origin="written",
        alignment=AlignmentPart(
            target_name=said.name.strip(),
            target_url=said.url,
            target_framework=said.framework.strip(),
            target_code=said.code,
        ),
    )


def framework_name(framework: FrameworkPart) -> str:
    """What an alignment calls a framework."""
    return framework.title or framework.id


def decide_pair(
    pair: tuple[AchievementPart, AchievementPart],
    score: float,
    model: ModelPart,
    ruling: Sameness,
    by: PersonPart,
    at: datetime,
    reason: str = "",
) -> SamenessDecision:
    """The decision of a person whether two achievements are the same.

    Raises:
        IntakeError: the reason is too long (code `review-choice`).
    """
    first, second = pair
    return SamenessDecision(
        decided_at=write_timestamp(at),
        decided_by=by,
        pair=pair_id(first, second),
        first=first,
        second=second,
        score=score,
        model=model,
        ruling=ruling,
        reason=_reason(reason, first.source),
    )


def pair_id(first: AchievementPart, second: AchievementPart) -> str:
    """What stands for two achievements, whichever is named first: 64 hex digits."""
    return part_hash(sorted((part_hash(members_of(first)), part_hash(members_of(second)))))


def faults_of(decision: SuggestionDecision | SamenessDecision) -> Iterable[str]:
    """What in a decision does not go together, though each member has its form."""
    for each in (decision.decided_by.name, decision.decided_by.role):
        if why := _unsayable(each):
            yield f"who decided is no named person: {why}"
    if isinstance(decision, SamenessDecision):
        if any(text_hash(each.text) != each.text_sha256 for each in (decision.first, decision.second)):
            yield "a text is not the one whose hash stands beside it"
        if decision.pair != pair_id(decision.first, decision.second):
            yield "it is about another pair than it says"
        return
    if text_hash(decision.text) != decision.text_sha256:
        yield "the text is not the one whose hash stands beside it"
    codes = [each.code for each in decision.candidates]
    taken = [each.alignment.target_code for each in decision.chosen if each.origin == "candidate"]
    if any(code not in codes for code in taken):
        yield "a candidate was chosen that was not suggested"
    if decision.rejected != [code for code in codes if code not in taken]:
        yield "what was rejected is not what was suggested and not chosen"
    if (decision.model is None) != (decision.suggestion is None) or bool(codes) != (decision.model is not None):
        yield "a model and candidates stand together, or neither does"
    if decision.ruling != _ruling(decision):
        yield f"it is called {decision.ruling}, and what was chosen says otherwise"
    if decision.ruling != "accepted" and not decision.reason.strip():
        yield "a reason is missing"


def _ruling(decision: SuggestionDecision) -> str:
    if not decision.chosen:
        return "rejected"
    if decision.model is None:
        return "stated"
    return "accepted" if all(each.origin == "candidate" for each in decision.chosen) else "changed"


def _of_candidate(candidate: CandidatePart, suggestion: SuggestionPart, url: str) -> AlignmentPart:
    return AlignmentPart(
        target_name=candidate.name or candidate.code,
        target_url=candidate.uri or url,
        target_framework=framework_name(suggestion.framework),
        target_code=candidate.code,
    )


def _said(text: str, option: str) -> str:
    kept = " ".join(text.split())
    if why := _unsayable(kept):
        raise SettingsError(
            why,
            where=f"{option} {terminal_text(kept, _SHOWN)}".rstrip(),
            remedy="Write who decides, and as what, such as --by 'Ana Lima' --role 'Programme director'.",
            code="no-decider",
        )
    return kept


def _unsayable(text: str) -> str:
    if not any(each.isalpha() for each in text) or len(text) > LONGEST_NAME:
        return f"it has letters and at most {LONGEST_NAME} characters"
    if terminal_text(text) != text or oddities(text):
        return "all of its characters are seen, and no letters of one script stand among those of another"
    return ""


def _reason(text: str, where: str) -> str:
    kept = " ".join(text.split())
    if len(kept) > LONGEST_REASON:
        raise _choice(f"the reason has {len(kept):,} characters", where, f"Write at most {LONGEST_REASON:,}.")
    return kept


def _choice(what: str, where: str, remedy: str) -> IntakeError:
    return IntakeError(what, where=where or None, remedy=remedy, code="review-choice")
