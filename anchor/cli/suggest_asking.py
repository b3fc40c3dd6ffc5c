"""A person at the terminal is asked about suggestions: nothing is chosen beforehand, and no empty answer is a yes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from anchor.cli.asking import at_a_terminal
from anchor.cli.console import Column, Fields, Listing, SafeConsole, bold
from anchor.cli.session import Session
from anchor.learning.review_page import measured
from anchor.learning.reviewing import Names, Review, Settled
from registry.errors import IntakeError, SettingsError
from registry.learning.suggest.decisions import Choice, decider, other_item
from registry.learning.suggest.values import Candidate
from registry.learning.suggest.wire import CandidatePart, ChosenPart, OtherPart, SuggestionPart

_LONGEST: Final = 400


def decided_at_terminal(session: Session, work: Review, by: str, role: str, names: Names) -> list[Settled]:
    """Ask a person about each suggestion that waits; each answer is written down before the next question.

    Raises:
        SettingsError: nobody can be asked (code `review-way`), or who decides is no named person (`no-decider`).
    """
    if not at_a_terminal() or session.as_json:
        raise review_way(
            "nobody can be asked here", "Decide on a page (--page) or in a file, and take it in (--decisions)."
        )
    console = SafeConsole()
    person = decider(by or console.asks("Your name") or "", role or console.asks("As what do you decide") or "")
    settled: list[Settled] = []
    waiting = work.waiting()
    for number, each in enumerate(waiting, 1):
        _show(session, work, each, f"{number} of {len(waiting)}")
        choice = _choice(console, work, each, names)
        if choice is None:
            break
        if choice != Choice():
            settled += work.settle([(each, choice)], person, datetime.now(UTC))
    return settled


def candidates_listed(
    text: str,
    candidates: Sequence[Candidate] | Sequence[CandidatePart],
    *,
    longest: int,
    names: Mapping[str, str] | None = None,
) -> Listing:
    """Candidates, each beside the sentence that it rests on where that is not the whole text.

    Args:
        longest: characters of a name or sentence that are shown.
        names: by code, of items that are called otherwise than the suggestion says.
    """

    def short(words: str) -> str:
        plain = " ".join(words.split())
        return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"

    rows = [
        (
            str(each.rank),
            f"{each.score:.2f}{' =' if each.tied else ''}",
            each.code,
            short((names or {}).get(each.code, each.name)),
            short(each.sentence),
        )
        for each in candidates
    ]
    columns = [Column("rank", right=True), Column("score", right=True), *map(Column, ("code", "item", "rests on"))]
    if all(each.sentence.split() == text.split() for each in candidates):
        columns = columns[:-1]
    return Listing(columns, [row[: len(columns)] for row in rows])


def _show(session: Session, work: Review, suggestion: SuggestionPart, number: str) -> None:
    session.say("")
    place = work.place_of(suggestion)
    session.say(bold(f"{number}: {place}"), f" {work.places.named(place).title}")
    if suggestion.text.split() != work.places.named(place).title.split():
        for line in suggestion.text.splitlines():
            session.say("  ", line)
    framework = suggestion.framework
    model = suggestion.model
    session.say(
        Fields(
            {
                "framework": f"{framework.title or framework.id} {framework.version}".strip(),
                "model": f"{model.name} ({model.version})",
            }
        )
    )
    session.say(measured(suggestion))
    session.say(candidates_listed(suggestion.text, suggestion.candidates, longest=_LONGEST))


def _choice(console: SafeConsole, work: Review, suggestion: SuggestionPart, names: Names) -> Choice | None:
    """What a person says of a suggestion; an empty choice to skip it, None to stop. Nothing is taken for a yes."""
    question = "Which fit? Numbers such as 1 3, o CODE for another item, n for none, s to skip, q to stop"
    while (typed := console.asks(question)) is not None:
        word, _, rest = typed.partition(" ")
        match word.casefold():
            case "q":
                return None
            case "s":
                return Choice()
            case "n":
                choice = _reasoned(console, work, suggestion, reject=True)
            case "o":
                choice = _other(console, work, suggestion, rest.strip(), names)
            case _:
                choice = _accepted(console, work, suggestion, typed)
        if choice is not None:
            return choice
    return None


def _accepted(console: SafeConsole, work: Review, suggestion: SuggestionPart, typed: str) -> Choice | None:
    ranks = {str(each.rank): each.code for each in suggestion.candidates}
    chosen = tuple(dict.fromkeys(typed.replace(",", " ").split()))
    if not chosen or not all(each in ranks for each in chosen):
        console.say("Nothing is decided: that is none of the answers.")
        return None
    codes = tuple(ranks[each] for each in chosen)
    if not console.confirms(f"Align it with {', '.join(codes)}?"):
        return None
    return Choice(accept=codes, place=work.place_of(suggestion), url=work.url)


def _other(console: SafeConsole, work: Review, suggestion: SuggestionPart, code: str, names: Names) -> Choice | None:
    place = work.place_of(suggestion)
    said = OtherPart(code=code)
    if code not in names:
        console.say(f"{code!r} is no item of this framework that is known here.")
        if work.places.framework:
            return None
        framework, name = console.asks("Of which framework is it") or "", console.asks("What is it called there") or ""
        said = OtherPart(code=code, name=name, framework=framework, url=console.asks("Its address, https://…") or "")
    try:
        item = other_item(said, suggestion.framework, names, work.url, place)
    except IntakeError as error:
        console.say(str(error))
        return None
    return _reasoned(console, work, suggestion, other=(item,))


def _reasoned(
    console: SafeConsole,
    work: Review,
    suggestion: SuggestionPart,
    *,
    reject: bool = False,
    other: tuple[ChosenPart, ...] = (),
) -> Choice | None:
    reason = console.asks("Why") or ""
    if not reason:
        console.say("Nothing is decided: a reason is needed.")
        return None
    meant = "Reject all of them" if reject else f"Align it with {other[0].alignment.target_name}"
    if not console.confirms(f"{meant}?"):
        return None
    return Choice(other=other, reject=reject, reason=reason, place=work.place_of(suggestion), url=work.url)


def review_way(what: str, remedy: str) -> SettingsError:
    """Of ways to decide that do not go together, or do not go here."""
    return SettingsError(what, remedy=remedy, code="review-way")
