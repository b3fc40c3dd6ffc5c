"""What a learner gives away of a portfolio: some of its credentials, and of those no more than is meant to be seen.

What cannot be withheld from a credential that states it leaves the whole credential out, and so does whatever cannot be
told of one: nothing is given away by mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any, Final
from uuid import uuid4

from anchor.issuing.credentials import MARK
from anchor.issuing.presenting import shown_in
from anchor.learning.portfolios import with_links
from registry.credential.digest import JSON_SUFFIXES
from registry.document.portfolio import Portfolio, PortfolioItem, Share, UnreadItem, unnamed
from registry.document.reading import Reading, read_document
from registry.document.tokens import read_token
from registry.errors import IntakeError, ProofError
from registry.learning.achieved import Result
from registry.learning.reading import achieved_in
from registry.proofs.signatures.sdjwt import Disclosed, SdJwt, disclosed_in, present_sd_jwt, read_sd_jwt
from registry.untrusted.archives import Names

MARKS: Final = "marks"
"""Every result that says how well something was done; that it was done is none."""
_LONGEST: Final = 100


@dataclass(slots=True)
class Shared:
    """What is to be given away.

    Attributes:
        withheld: by the name that a credential has in it, what of it is not shown.
        left_out: by their names before, credentials that were asked for and are not in it, and why.
    """

    portfolio: Portfolio
    withheld: dict[str, list[str]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def positions_in(words: Sequence[str], count: int) -> list[int]:
    """Positions, from 0, by what a person types: `2`, `3-5`, each counted from 1 as `portfolio show` does.

    Raises:
        IntakeError: one is none (code `no-such-item`).
    """
    found: set[int] = set()
    for word in (part.strip() for each in words for part in each.split(",")):
        first, dash, last = word.partition("-")
        last = last if dash else first
        if not (first.isdecimal() and last.isdecimal() and len(word) <= _LONGEST):
            raise _no_item(f"{word[:_LONGEST]!r} is no number of a credential", count)
        wanted = range(int(first) - 1, int(last))
        if not wanted or wanted[0] < 0 or wanted[-1] >= count:
            raise _no_item(f"there is no credential {word}", count)
        found.update(wanted)
    return sorted(found)


def shared(
    portfolio: Portfolio, positions: Iterable[int] | None, without: Sequence[str], share: Share, *, says_left_out: bool
) -> Shared:
    """A portfolio of its own with these credentials, under other names: nobody sees from two that they are of one.

    Args:
        positions: of the credentials, from 0; None for all.
        without: what is not shown: `marks`, or a name that `testamur present` has for what can be left out.
        says_left_out: whether it says how many credentials are not in it.

    Raises:
        IntakeError: nothing is left (code `nothing-left`), or a word names nothing that there is (`not-shown`).
    """
    wanted = range(len(portfolio.items)) if positions is None else list(positions)
    found, kept, known, names = Shared(portfolio), list[PortfolioItem](), set[str](), Names()
    for position in wanted:
        item = portfolio.items[position]
        if isinstance(item, UnreadItem):
            found.left_out[item.name] = f"it could not be read: {item.error.what}"
            continue
        shown = _withheld(item, without, known) if without else _Rest(item, [])
        if isinstance(shown, str):
            found.left_out[item.name] = shown
            continue
        name = names.of(_own_name(item.name, position, len(kept)))
        kept.append(replace(shown.item, name=name))
        if shown.keys:
            found.withheld[name] = shown.keys
    for word in without:
        if word not in known and word != MARKS:
            raise IntakeError(
                f"no credential among them states {word[:_LONGEST]!r}, as far as it can be told",
                remedy="`testamur present` lists what can be left out of an SD-JWT; `marks` is every result.",
                code="not-shown",
            )
    if not kept:
        raise IntakeError(
            "no credential is left to be shared",
            remedy="; ".join(f"{name}: {why}" for name, why in list(found.left_out.items())[:3]) or None,
            code="nothing-left",
        )
    left_out = len(portfolio.items) - len(kept)
    is_partial = portfolio.partial or bool(left_out) or bool(found.withheld)
    found.portfolio = with_links(
        replace(
            portfolio,
            identifier=uuid4().urn,
            holder_id=uuid4().urn,
            made_at=share.agreed_at,
            items=tuple(kept),
            strays=(),
            partial=is_partial,
            share=replace(share, left_out=left_out if says_left_out else None),
        )
    )
    return found


def _own_name(name: str, position: int, now_at: int) -> str:
    """The name of a file without what it tells of others: their folder, and that there is another one of that name."""
    if name == unnamed(position):
        return unnamed(now_at)
    return _NUMBER.sub("", PurePosixPath(name).name) or unnamed(now_at)


_NUMBER: Final = re.compile(r" \([0-9]+\)(?=(?:\.[^.]*)?\Z)")


@dataclass(frozen=True, slots=True)
class _Rest:
    """A credential without what is withheld, and the keys of that."""

    item: PortfolioItem
    keys: list[str]


def _withheld(item: PortfolioItem, without: Sequence[str], known: set[str]) -> _Rest | str:
    """The credential without what the words name; why it cannot be shown so otherwise.

    Args:
        known: the words that name something are added.
    """
    keys: list[str] = []
    if (token := _sd_jwt(item.content)) is not None:
        try:
            disclosed = list(zip(shown_in(token), disclosed_in(token), strict=True))
        except ProofError:
            return "its disclosures do not belong to it"
        taken = {}
        for shown, claim in disclosed:
            named = [word for word in without if _names(word, shown.key) or (word == MARKS and _is_mark(claim))]
            if named:
                known.update(named)
                taken[shown.disclosure] = shown.key
        keys = list(taken.values())
        item = replace(item, content=present_sd_jwt(token, set(taken)).encode("ascii")) if taken else item
    elif not item.name.lower().endswith(JSON_SUFFIXES) and read_token(item.content) is None:
        return "what it shows cannot be told"
    reading = read_document(item.content, item.name)
    for word in without:
        if _states(reading, word):
            known.add(word)
            return f"it states {word}, and cannot be shown without"
    if not achieved_in(reading) and (token is None or MARKS in without):
        return "what it states is not known here"
    return _Rest(item, keys)


def _states(reading: Reading, word: str) -> bool:
    """Whether it states, anywhere, what a word names."""
    if word == MARKS and any(_says_how_well(result) for each in achieved_in(reading) for result in each.results):
        return True
    return any(
        (word == MARKS and _has_marks(part.members))
        or any(_names(word, key) or (word == MARKS and _names_marks(key)) for key in _keys(part.members))
        for part in reading.parts
    )


def _names_marks(key: str) -> bool:
    """Whether what is called so is marks, or a mark that is a credential of its own."""
    return key == MARKS or key.endswith(f".{MARK}")


def _keys(members: Mapping[str, Any]) -> Iterator[str]:
    """What `testamur present` would call the things that a credential states: of its holder, its results, itself."""
    yield from _of_holder(members, _TOKEN_MEMBERS)
    for subject in _objects(members.get("credentialSubject")):
        yield from _of_holder(subject, _SUBJECT_MEMBERS)
        for each in _objects(subject.get("identifier")):
            yield {"ext:birthDate": "birth-date"}.get(kind := str(each.get("identityType")), kind)
        for each in _objects(subject.get("result")):
            yield str(each.get("resultDescription")).rpartition("#")[2]
        for each in _objects(subject.get("achievement")):
            yield str(each.get("id")).rpartition("#")[2]


def _of_holder(members: Mapping[str, Any], called: Mapping[str, str]) -> Iterator[str]:
    """What the holder's data in it are called."""
    return (key for member, key in called.items() if members.get(member))


_SUBJECT_MEMBERS: Final = {
    **dict.fromkeys(("name", "fullName", "givenName", "familyName", "birthName", "patronymicName"), "name"),
    **dict.fromkeys(("birthDate", "dateOfBirth"), "birth-date"),
}
"""Of a subject: of schema.org and the European Learning Model, beside the `identifier` of Open Badges."""
_TOKEN_MEMBERS: Final = {
    **dict.fromkeys(("given_name", "family_name"), "name"),
    **dict.fromkeys(("birthdate", "birth_date"), "birth-date"),
}
"""Of a token whose claims are about its subject: of OpenID Connect Core 1.0 section 5.1, and of identity wallets."""


def _has_marks(value: object) -> bool:
    """Whether there is a mark in a value, at any depth; a result in a form that is not known is taken for one."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, list):
            left += each
        elif isinstance(each, dict):
            if any(_is_marked(name, member) for name, member in each.items()):
                return True
            left += each.values()
    return False


def _is_marked(name: str, member: object) -> bool:
    """Whether a member of that name, whatever has it, says how well something was done."""
    if name in _RESULTS:
        return any(not _is_done(each) for each in (member if isinstance(member, list) else [member]))
    return name.lower() in _MARK_NAMES and member not in (None, "", [], {})


def _is_done(result: object) -> bool:
    """Whether a result says that something was done, and nothing else."""
    if not isinstance(result, dict) or not result.keys() <= _OF_DONE:
        return result is None
    said = (result.get("status"), result.get("value"))
    return all(each is None or (isinstance(each, str) and each.lower() in _DONE) for each in said)


def _is_mark(claim: Disclosed) -> bool:
    """Whether a disclosure is a result that says how well something was done."""
    if claim.name is not None:
        return _is_marked(claim.name, claim.value)
    value = claim.value
    if not isinstance(value, dict):
        return False
    return "achievedLevel" in value or ("resultDescription" in value and "value" in value)


def _says_how_well(result: Result) -> bool:
    return bool(result.level) or bool(result.value and result.value.lower() not in _DONE)


_RESULTS: Final = frozenset({"result", "results"})
_OF_DONE: Final = frozenset({"id", "type", "resultDescription", "status", "value"})
_MARK_NAMES: Final = frozenset(
    {
        "achievedlevel",
        "gpa",
        "grade",
        "grades",
        "mark",
        "marks",
        "percent",
        "percentage",
        "percentile",
        "score",
        "scores",
        "shortenedgrading",
    }
)
"""Names of members that say how well something was done, in whatever format, in lower case."""
_DONE: Final = frozenset({"completed", "enrolled", "failed", "inprogress", "onhold", "withdrew"})
"""`ResultStatusType` of Open Badges 3.0: that something was done, not how well."""


def _names(word: str, key: str) -> bool:
    return key == word or key.startswith(f"{word}.")


def _sd_jwt(content: bytes) -> SdJwt | None:
    try:
        return read_sd_jwt(content) if b"~" in content else None
    except ProofError:
        return None


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]


def _no_item(what: str, count: int) -> IntakeError:
    return IntakeError(
        what, remedy=f"They are counted from 1 to {count}: `testamur portfolio show`.", code="no-such-item"
    )
