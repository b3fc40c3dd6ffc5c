"""What of a pathway is done, and how far many learners have come, on a terminal and as a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from anchor.cli.console import Column, Listing, Styled, bold
from anchor.cli.session import Session
from anchor.cli.speaking import Spoken
from anchor.cli.wording import amount
from registry.learning.items import Fate, Item
from registry.learning.pathways.cohort import Cohort, Group, StepCounts
from registry.learning.pathways.model import Pathway, text_in
from registry.learning.pathways.next_step import Next
from registry.learning.pathways.progress import Known, Outcome, Progress, StepProgress, credits_text
from registry.learning.pathways.standing import Reason
from registry.partnerships.tables import K

COLOURS: Final = {
    Outcome.DONE: "green",
    Outcome.AWAITING: "yellow",
    Outcome.EXPIRED: "yellow",
    Outcome.NOT_ACCREDITED: "yellow",
    Outcome.OPEN: "",
    Outcome.UNKNOWN: "magenta",
}
MOST_SHOWN: Final = 5
NUMBER: Final = Column("no.", right=True)
"""Of a step, first in its row: where a title is broken into lines, none of these begins one of the screen's."""
_COMPLETE: Final = {
    Known.YES: Styled("The pathway is complete.", "bold green"),
    Known.NO: Styled("The pathway is not complete.", "bold"),
    Known.UNKNOWN: Styled("Whether the pathway is complete could not be checked.", "bold magenta"),
}
_WHY: Final = {
    "opens": "it opens more steps than any other",
    "credits": "of those that open as many steps, its steps are worth most",
    "waiting": "of those that open as much, most steps wait for it",
    "order": "of equals, the first in the pathway",
    "": "",
}


def say_progress(
    session: Session, told: Spoken, pathway: Pathway, found: Progress, next_: Sequence[Next], items: Sequence[Item],
    language: str,
) -> None:  # fmt: skip
    """The steps, what their outcomes rest on, and what to do next.

    Args:
        language: of titles.
    """
    titles = {each.identifier: text_in(each.title, language) for each in pathway.steps}
    session.say(bold(text_in(pathway.title, language)), f" {pathway.version}, {pathway.issuer}")
    columns = (
        NUMBER,
        Column("step", folds=True),
        Column("outcome"),
        Column("rests on", folds=True),
        Column("why not", folds=True),
    )
    session.say(Listing(columns, numbered(_row(each, titles) for each in found.steps)))
    session.say(_COMPLETE[found.complete])
    if (number := len(subjects(found, items))) > 1:
        session.note(
            f"The credentials that count name their holder by {number} identifiers: "
            "whether that is one person is not checked."
        )
    if next_:
        first = next_[0]
        session.say("Next: ", bold(titles[first.identifier]), f": {_opens(first, titles)}{_because(next_)}")
    if named := list(_named(items, found, told)):
        about = (Column("item"), Column("credential", folds=True), Column("digest"), Column("verdict", folds=True))
        session.say(Listing(about, named))


def subjects(found: Progress, items: Iterable[Item]) -> frozenset[str]:
    """By what the credentials that count call their holder; those that name nobody are not among them."""
    counting = {position for each in found.steps for position in (*each.items, *each.partly)}
    return frozenset(each.subject for each in items if each.position in counting and each.subject)


def numbered(rows: Iterable[Sequence[str | Styled]]) -> list[tuple[str | Styled, ...]]:
    """Rows with their numbers, from 1."""
    return [(str(number), *row) for number, row in enumerate(rows, 1)]


def _row(found: StepProgress, titles: Mapping[str, str]) -> tuple[str | Styled, ...]:
    outcome = Styled(found.outcome.value, COLOURS[found.outcome])
    if found.outcome is Outcome.DONE:
        decided = " (a decision)" if found.decided is not None else ""
        rests = [_places(found.items) + decided] if found.items else []
        return titles[found.identifier], outcome, "; ".join([*rests, *(titles[each] for each in found.steps)]), ""
    return titles[found.identifier], outcome, "", "; ".join(_hindrances(found))


def _hindrances(found: StepProgress) -> Iterator[str]:
    if found.available is not Known.YES:
        yield "steps before it are not done" if found.available is Known.NO else "steps before it are not known"
    for each in found.credits:
        yield f"{credits_text(each.have)} of {credits_text(each.need)} ECTS"
    if found.partly:
        yield f"more than {_places(found.partly)} is needed"
    by_reason: dict[Reason, list[int]] = {}
    for position, why in found.hindered:
        by_reason.setdefault(why, []).append(position)
    for why, positions in by_reason.items():
        yield f"{_places(positions)} {why.value}"


def _places(positions: Iterable[int]) -> str:
    """Items by their numbers, from 1, as they are listed below."""
    listed = list(positions)
    shown = ", ".join(f"#{each + 1}" for each in listed[:MOST_SHOWN])
    return shown if len(listed) <= MOST_SHOWN else f"{shown} and {len(listed) - MOST_SHOWN} more"


def _named(items: Sequence[Item], found: Progress, told: Spoken) -> Iterator[tuple[str, ...]]:
    """The items that any step names, each with what came of checking it, and why where it is no good."""
    named = {
        position
        for each in found.steps
        for position in (*each.items, *each.partly, *(hindered for hindered, _ in each.hindered))
    }
    for each in items:
        if each.position in named:
            verdict = told.overall(each.checked.overall) if each.checked.fate is Fate.GOOD else each.checked.words
            yield f"#{each.position + 1}", each.name, each.digest[:12], verdict


def _opens(next_: Next, titles: Mapping[str, str]) -> str:
    if next_.opens:
        worth = f", worth {credits_text(next_.parts)} ECTS" if next_.parts else ""
        return f"opens {', '.join(titles[each] for each in next_.opens)}{worth}"
    if not next_.waiting:
        return "no other step waits for it"
    waits = "waits" if next_.waiting == 1 else "wait"
    return f"{amount(next_.waiting, 'step')} {waits} for it and for others"


def _because(next_: Sequence[Next]) -> str:
    return f" ({_WHY[next_[0].decided_by]})" if len(next_) > 1 else ""


def progress_content(pathway: Pathway, found: Progress, next_: Sequence[Next], items: Sequence[Item]) -> dict[str, Any]:
    """For JSON: the answer, what can be next, and each item with its verdict."""
    return {
        **found.to_dict(),
        "title": dict(pathway.title),
        "subjects": len(subjects(found, items)),
        "next": [each.to_dict() for each in next_],
        "items": [
            {
                "position": each.position,
                "name": each.name,
                "id": each.identifier or None,
                "digest": each.digest or None,
                "overall": each.checked.overall.value,
                "fate": each.checked.fate.value,
                "accredited": each.checked.accredited.value,
                "codes": list(each.checked.codes),
                "text": each.checked.words,
            }
            for each in items
        ],
    }


def progress_rows(pathway: Pathway, found: Progress, language: str) -> Iterator[tuple[str, ...]]:
    """For a table: a line for each step, with its heading first."""
    yield ("step", "title", "outcome", "available", "items", "digests", "steps", "hindered", "credits")
    titles = {each.identifier: text_in(each.title, language) for each in pathway.steps}
    for each in found.steps:
        yield (
            each.identifier,
            titles[each.identifier],
            each.outcome.value,
            each.available.value,
            " ".join(str(position + 1) for position in each.items),
            " ".join(found.digests[position] for position in each.items),
            " ".join(each.steps),
            "; ".join(f"{position + 1} {why.value}" for position, why in each.hindered),
            "; ".join(f"{credits_text(one.have)} of {credits_text(one.need)}" for one in each.credits),
        )


def say_cohort(session: Session, pathway: Pathway, cohort: Cohort, language: str) -> None:
    """How many have done each step, and where those who did the steps before it stopped."""
    titles = {each.identifier: text_in(each.title, language) for each in pathway.steps}
    session.say(bold(text_in(pathway.title, language)), f": {amount(cohort.learners, 'learner')}")
    columns = (
        NUMBER,
        Column("step", folds=True),
        Column("done", right=True),
        Column("others", folds=True),
        Column("did all before", right=True),
        Column("of those, this too", right=True),
        Column("stopped here", right=True),
    )
    rows = [_counts_row(titles[each.step], each) for each in cohort.steps]
    whole = ("", *_counts_row("the pathway as a whole", cohort.complete))
    session.say(Listing(columns, [*numbered(rows), whole]))
    session.say(f"Nothing is told of fewer than {K} people, nor what would give such a count away: – stands for it.")


def _counts_row(title: str, counts: StepCounts) -> tuple[str, ...]:
    others = "; ".join(_group(each) for each in counts.all if each.outcomes != (Outcome.DONE,))
    return title, _number(counts.done), others or "–", *map(_number, (counts.before, counts.went_on, counts.stopped))


def _group(group: Group) -> str:
    not_done = set(Outcome) - {Outcome.DONE}
    name = "not done, as far as is known" if set(group.outcomes) == not_done else " or ".join(group.outcomes)
    return f"{name} {_number(group.count)}"


def _number(count: int | None) -> str:
    return "–" if count is None else f"{count:,}"


def cohort_rows(pathway: Pathway, cohort: Cohort, language: str) -> Iterator[tuple[str, ...]]:
    """For a table: a line for each count, with its heading first; what is left out has no count."""
    yield ("step", "title", "of", "outcomes", "count")
    titles = {each.identifier: text_in(each.title, language) for each in pathway.steps}
    for each in (*cohort.steps, cohort.complete):
        title = titles.get(each.step, "")
        for group in each.all:
            yield each.step, title, "all", " or ".join(group.outcomes), _cell(group.count)
        if each.after_it:
            yield each.step, title, "all", "all steps before it are done", _cell(each.before)
        for group in each.after_it:
            yield each.step, title, "those who did all before it", " or ".join(group.outcomes), _cell(group.count)


def _cell(count: int | None) -> str:
    return "" if count is None else str(count)
