"""Corrections: of rows that changed, new credentials; then the old ones are superseded by them and revoked.

In this order, so that no holder is ever left with nothing that holds: the new credential is final before a word is said
against the old one. Each step can be repeated; what is done is left out, by what the chain and the books say.

A correction makes every credential of its award anew. Of a granular award each part names the whole, and the whole
names each part but those with marks apart, so that whatever changes, what names it changes, too. A mark apart could be
made anew alone; it is not, since an edition is of a row and of all that is made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from anchor.acts.supersession import Supersession, plan_replacements
from anchor.acts.transactions import send_all
from anchor.books.issued import AWARD, IssuedRow, IssuedStore, Known, Run
from anchor.books.tables import RunState
from anchor.issuing.credentials import BIRTH_DATE_TYPE, Awards, Facts
from anchor.issuing.holder_files import members_of
from anchor.issuing.making import content_hash
from anchor.issuing.roster.columns import AWARDED_ON, BIRTH_DATE, NAME, columns_of
from anchor.issuing.roster.reading import Row, row_key
from anchor.issuing.states import RowState, State, asked_states
from anchor.issuing.templates.model import Template
from anchor.workspace import Workspace
from registry.errors import NotPossible

_IDENTITIES: Final = {"name": NAME, BIRTH_DATE_TYPE: BIRTH_DATE}


@dataclass(frozen=True, slots=True)
class Difference:
    """What is another in a row than in the credential that was made of it.

    Attributes:
        key, cell: of the column, and where the new value stands; "" where the roster has no such column.
        before, after: "" for nothing.
    """

    key: str
    cell: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Correction:
    """A row that changed, the credentials that it is to replace, and how they differ."""

    row: Row
    old: Sequence[IssuedRow]
    differences: Sequence[Difference]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that changed and cannot be corrected, and why, in a sentence."""

    row: Row
    why: str


@dataclass(frozen=True, slots=True)
class Corrections:
    """What a roster with changed rows comes to."""

    wanted: Sequence[Correction] = ()
    refused: Sequence[Refusal] = ()


@dataclass(frozen=True, slots=True)
class Looked:
    """The rows of a roster by what was issued of them.

    Attributes:
        changed: with their keys; also those of which a correction was begun and not finished.
        same: as they were issued.
        waiting: made, in a run that nobody confirmed yet.
        unknown: of which nothing was issued.
    """

    changed: list[tuple[str, Row]] = field(default_factory=list)
    same: list[Row] = field(default_factory=list)
    waiting: list[tuple[Row, Known]] = field(default_factory=list)
    unknown: list[Row] = field(default_factory=list)


@dataclass(slots=True)
class Pairs:
    """The credentials of a run that replace others.

    Attributes:
        ready: old and new, of those whose new one is final and in force; of a part that the row has no more, the
            award stands in its place.
        waiting: as `ready`, of those whose new one is not final yet.
        withdrawn: of those whose new one was revoked or suspended in the meantime: nothing is said against the old one.
        done: how many old ones are revoked already.
    """

    ready: list[tuple[IssuedRow, IssuedRow]] = field(default_factory=list)
    waiting: list[tuple[IssuedRow, IssuedRow]] = field(default_factory=list)
    withdrawn: list[tuple[IssuedRow, IssuedRow]] = field(default_factory=list)
    done: int = 0


def looked_at(store: IssuedStore, template: Template, issuer: int, rows: Sequence[Row]) -> Looked:
    """Which rows changed since they were issued; nothing is written, whatever others are making at this moment."""
    keys = {row_key(template, row): row for row in rows}
    known = store.known(issuer, list(keys))
    found = Looked()
    for key, row in keys.items():
        before = known.get(key)
        if before is None or (before.state is RunState.MAKING and before.edition == 1):
            found.unknown.append(row)
        elif before.state is RunState.MADE:
            found.waiting.append((row, before))
        elif before.state is not RunState.MAKING and before.content == content_hash(row):
            found.same.append(row)
        else:
            found.changed.append((key, row))
    return found


def planned(
    workspace: Workspace, store: IssuedStore, template: Template, issuer: int, changed: Iterable[tuple[str, Row]]
) -> Corrections:
    """How changed rows differ from what was issued, and which of them can be corrected.

    Args:
        changed: rows of which something was issued, with their keys.

    Raises:
        ChainError: the chain does not say what became of the old ones.
    """
    own = {run.number for run in store.runs(issuer) if run.state is RunState.CONFIRMED}
    found: list[tuple[Row, list[IssuedRow]]] = [(row, newest(store, own, key)) for key, row in changed]
    states = asked_states(workspace, issuer, [each for _, old in found for each in old])
    by_id = {each.row.credential_id: each for each in states.rows}
    awards = Awards(template)
    wanted, refused = [], []
    for row, old in found:
        if why := _in_the_way([by_id[each.credential_id] for each in old], awards.parts_of(row)):
            refused.append(Refusal(row, why))
        else:
            wanted.append(Correction(row, old, _differences(template, awards, row, old)))
    return Corrections(wanted, refused)


def newest(store: IssuedStore, runs: Collection[int], key: str) -> list[IssuedRow]:
    """The credentials of the newest edition of an award in some runs, the award first."""
    rows = [row for row in store.by_row_key(key) if row.run in runs]
    last = max((row.edition for row in rows), default=0)
    return sorted((row for row in rows if row.edition == last), key=lambda row: row.part != AWARD)


def pairs_of(workspace: Workspace, store: IssuedStore, run: Run) -> Pairs:
    """What the credentials of a run replace, by how far the new ones have come; nothing for what replaces nothing.

    Raises:
        ChainError: the chain does not say how far.
    """
    links = list(_links(store, run))
    rows = {row.credential_id: row for link in links for row in link}
    by_id = {each.row.credential_id: each.state for each in asked_states(workspace, run.issuer, [*rows.values()]).rows}
    found = Pairs()
    for old, new in links:
        if by_id[old.credential_id].is_withdrawn:
            # It is revoked last of all.
            found.done += 1
            continue
        state = by_id[new.credential_id]
        if state is State.CORRECTED:
            # It was corrected once more before this was settled: the last one counts.
            new, state = _last(workspace, store, run.issuer, new)
        if state.is_in_force:
            found.ready.append((old, new))
        elif state in (State.ISSUED, State.ANCHORED):
            found.waiting.append((old, new))
        else:
            found.withdrawn.append((old, new))
    return found


def plan_of(workspace: Workspace, pairs: Sequence[tuple[IssuedRow, IssuedRow]]) -> Supersession:
    """What has to be sent so that the old ones are superseded and revoked; what is on chain already is left out.

    Args:
        pairs: `Pairs.ready`.

    Raises:
        StoreError, NotPossible: one of them is not as it was when it was looked at.
        ChainError: the chain could not be asked.
    """
    return plan_replacements(workspace, [(old.digest.value, new.digest.value) for old, new in pairs])


def settle(
    workspace: Workspace,
    store: IssuedStore,
    pairs: Sequence[tuple[IssuedRow, IssuedRow]],
    plan: Supersession,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> None:
    """Say on chain what replaced what, and revoke the old ones.

    Args:
        plan: `plan_of` the pairs.

    Raises:
        NotPossible: an old one was replaced by another one in the meantime; nothing was sent.
        ChainError: the chain did not take it, or could not be asked; what is in a block stays.
    """
    # Before it is sent: whoever looks in between sees a correction, and not a revocation without one.
    for old, new in pairs:
        store.replace(old.credential_id, new.credential_id)
    send_all(workspace, plan.transactions, progress)


def correcting_runs(store: IssuedStore, issuer: int) -> list[Run]:
    """The confirmed runs that have corrections, oldest first; whether they are settled, `settle` finds out."""
    return [run for run in store.runs(issuer) if run.state is RunState.CONFIRMED and store.has_corrections(run)]


def refuse_overtaken(workspace: Workspace, store: IssuedStore, run: Run) -> None:
    """Refuse to confirm corrections of what was withdrawn since they were made: it would be in force again.

    Raises:
        NotPossible: code `overtaken`.
        ChainError: the chain does not say what became of the old ones.
    """
    if run.state is not RunState.MADE:
        return
    old = [before for before, new in _links(store, run) if before.part == new.part]
    found = [each for each in asked_states(workspace, run.issuer, old).rows if _is_held_back(each)] if old else []
    if found:
        raise NotPossible(
            f"{len(found):,} of the credentials that these replace were revoked or suspended since they were made, the "
            f"first of row {found[0].row.row_number}: it would be in force again",
            where="" if run.root is None else f"0x{run.root.hex()}",
            remedy="Throw these away with `testamur issue discard`, and correct again: what is revoked is left out.",
            code="overtaken",
        )


def refuse_unanchored(run: Run, pairs: Pairs) -> None:
    """Refuse to say anything against the old ones while the new ones may still be undone.

    Raises:
        NotPossible: code `not-final`.
    """
    if not pairs.waiting:
        return
    raise NotPossible(
        f"{len(pairs.waiting):,} of the new credentials are not final yet; the old ones stay in force until they are",
        where="" if run.root is None else f"0x{run.root.hex()}",
        remedy="Run the command again when they are: `testamur issue status` shows it.",
        code="not-final",
    )


def refuse_unsettled(run: Run, pairs: Pairs) -> None:
    """Refuse to tell anybody that an old one counts no more while it does.

    Raises:
        NotPossible: code `not-settled`.
    """
    if not pairs.ready:
        return
    root = f"0x{(run.root or b'').hex()}"
    raise NotPossible(
        f"{len(pairs.ready):,} of the old credentials that these replace are still in force",
        where=root,
        remedy=f"Run `testamur correct {root}` first.",
        code="not-settled",
    )


def _links(store: IssuedStore, run: Run) -> Iterator[tuple[IssuedRow, IssuedRow]]:
    """Each credential that was replaced by one of the run, and that one."""
    by_key: dict[tuple[str, int], dict[str, IssuedRow]] = {}
    for row in store.rows_of(run):
        if row.edition > 1:
            by_key.setdefault((row.row_key, row.edition), {})[row.part] = row
    own = _runs_of(store, run.issuer) if by_key else ()
    for (key, edition), new in by_key.items():
        for old in store.by_row_key(key):
            if old.edition == edition - 1 and old.run in own:
                yield old, new.get(old.part, new[AWARD])


def _runs_of(store: IssuedStore, issuer: int) -> Collection[int]:
    return {run.number for run in store.runs(issuer)}


def _last(workspace: Workspace, store: IssuedStore, issuer: int, row: IssuedRow) -> tuple[IssuedRow, State]:
    """What stands at the end of a row of replacements, and how far it has come."""
    while row.replaced_by is not None and (then := store.by_credential_id(row.replaced_by)) is not None:
        row = then
    return row, asked_states(workspace, issuer, [row]).rows[0].state


def _in_the_way(states: Sequence[RowState], parts: Collection[str]) -> str:
    """Why an award cannot be corrected as it is; "" where it can.

    Args:
        states: of its credentials, the award first.
        parts: that it would have afterwards.
    """
    award, *others = states
    match award.state:
        case State.REVOKED | State.CORRECTED:
            return f"it was revoked{_since(award)}: what is revoked is not corrected"
        case State.SUSPENDED:
            return (
                f"it was suspended{_since(award)}: reinstate or revoke it first, for a new one would not be suspended"
            )
        case State.ISSUED:
            return "it is not on chain yet: anchor it first"
        case State.ANCHORED:
            return "it is not final yet: wait until it is"
    for each in others:
        if each.row.part in parts and _is_held_back(each):
            done = "suspended" if each.state is State.SUSPENDED else "revoked"
            return f"its {each.row.part} was {done}{_since(each)}, and would come back: leave that cell empty"
    return ""


def _is_held_back(state: RowState) -> bool:
    return state.state.is_withdrawn or state.state is State.SUSPENDED


def _since(state: RowState) -> str:
    moment = "" if state.since is None else f" on {state.since:%Y-%m-%d}"
    return f"{moment} ({state.reason})" if state.reason else moment


def _differences(template: Template, awards: Awards, row: Row, old: Sequence[IssuedRow]) -> list[Difference]:
    keys = [each.key for each in columns_of(template)]
    before = _said((members_of(each) for each in old), keys)
    after = _said((part.document for part in awards.of(row, Facts())), keys)
    return [
        Difference(key, row.cells.get(key, ""), before.get(key, ""), after.get(key, ""))
        for key in keys
        if before.get(key, "") != after.get(key, "")
    ]


def _said(documents: Iterable[Mapping[str, Any]], keys: Sequence[str]) -> dict[str, str]:
    """What credentials of one award say of each column: the reverse of `anchor.issuing.credentials`."""
    found: dict[str, str] = {}
    for members in documents:
        subject = members["credentialSubject"]
        found[AWARDED_ON] = members["awardedDate"][:10]
        for each in subject["identifier"]:
            if (key := _IDENTITIES.get(each["identityType"])) is not None:
                found[key] = each["identityHash"]
        for each in subject.get("result", ()):
            described = each["resultDescription"]
            # `PROGRAMME#course.db1`, and of a part of its own `PROGRAMME#course.db1.course.db1`.
            key = next((key for key in keys if described.endswith((f"#{key}", f".{key}"))), None)
            if key is not None:
                found[key] = str(each.get("value", each.get("status", "")))
    return found
