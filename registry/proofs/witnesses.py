"""Whose signatures are enough: the logs, the witnesses and the quorum of a policy file, as of C2SP tlog-policy.

Pure: the text of the file in, a policy out. `docs/reference/checkpoints.md` has the form.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from registry.errors import EvidenceError, SettingsError
from registry.proofs.notes import KeyKind, VerifierKey, read_verifier_key

MOST_BYTES: Final = 1 << 16
MOST_OF_A_KIND: Final = 64
"""Of logs, witnesses and groups each."""
NOBODY: Final = "none"
_BREAKS: Final = re.compile(r"[ \t]+")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_THRESHOLD: Final = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)
_REMEDY: Final = "Correct the witnesses file; docs/reference/checkpoints.md has its form."


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness by the name that the policy gives it; a name means nothing elsewhere."""

    name: str
    key: VerifierKey


@dataclass(frozen=True, slots=True)
class Group:
    """Members of which so many are enough, each a witness or another group."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WitnessPolicy:
    """Whose signatures are enough for a verifier.

    Attributes:
        logs: keys of lists, each called as its list; the signature of one of them is needed.
        witnesses, groups: by their names.
        quorum: the witness or group that has to have signed, or None where the log's word alone is enough.
    """

    logs: tuple[VerifierKey, ...]
    witnesses: Mapping[str, Witness]
    groups: Mapping[str, Group]
    quorum: str | None

    def met_by(self, signers: Collection[str]) -> bool:
        """Whether the witnesses of these names are enough."""
        return self.quorum is None or self._met(self.quorum, frozenset(signers))

    @property
    def needed(self) -> int:
        """How many witnesses are enough at the least."""
        return 0 if self.quorum is None else self._least(self.quorum)

    @property
    def counting(self) -> tuple[str, ...]:
        """The witnesses whose signature counts for the quorum, in the order of the file."""
        within = set() if self.quorum is None else self._within(self.quorum)
        return tuple(name for name in self.witnesses if name in within)

    def _met(self, name: str, signers: frozenset[str]) -> bool:
        if (group := self.groups.get(name)) is None:
            return name in signers
        return sum(self._met(member, signers) for member in group.members) >= group.threshold

    def _least(self, name: str) -> int:
        # Nobody is in two groups, so what one group needs is never had from another.
        if (group := self.groups.get(name)) is None:
            return 1
        return sum(sorted(map(self._least, group.members))[: group.threshold])

    def _within(self, name: str) -> set[str]:
        if (group := self.groups.get(name)) is None:
            return {name}
        return set().union(*map(self._within, group.members))


def parse_witnesses(data: bytes | str, *, where: str | None = None) -> WitnessPolicy:
    """The policy that a file says.

    Args:
        where: the file, for the message.

    Raises:
        SettingsError: a line makes no sense, and which (code `witness-policy`).
    """
    if len(data) > MOST_BYTES:
        raise _senseless(f"a witnesses file of more than {MOST_BYTES:,} bytes is not read", where)
    try:
        text = data if isinstance(data, str) else data.decode()
    except UnicodeDecodeError:
        raise _senseless("the witnesses file is not UTF-8", where) from None
    reader = _Reader()
    for number, line in enumerate(text.split("\n"), start=1):
        words = [word for word in _BREAKS.split(line) if word]
        try:
            if line.endswith("\r"):
                raise ValueError("it ends with CRLF, as Windows has it, and not with a line feed alone")
            if _CONTROLS.search(line):
                raise ValueError("it has control characters; lines end with a line feed alone")
            if words and not words[0].startswith("#"):
                reader.read(words)
        except ValueError as error:
            place = f"line {number}" if where is None else f"{where}, line {number}"
            what = error.what if isinstance(error, EvidenceError) else str(error)
            raise _senseless(what, place) from None
    if reader.quorum is None:
        raise _senseless("it has no line quorum", where)
    quorum = None if reader.quorum == NOBODY else reader.quorum
    return WitnessPolicy(tuple(reader.logs), reader.witnesses, reader.groups, quorum)


class _Reader:
    """What was defined until a line; each line is read by what stands before it, so nothing leads in a circle."""

    def __init__(self) -> None:
        self.logs: list[VerifierKey] = []
        self.witnesses: dict[str, Witness] = {}
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None
        self._members: set[str] = set()

    def read(self, words: Sequence[str]) -> None:
        """Take a line over.

        Raises:
            ValueError: what is wrong with it.
        """
        match words:
            case ["log", key, *url] if len(url) <= 1:
                self._log(key)
            case ["witness", name, key, *url] if len(url) <= 1:
                self._witness(name, key)
            case ["group", name, threshold, *members] if members:
                self._group(name, threshold, members)
            case ["quorum", name]:
                self._quorum(name)
            case [("log" | "witness" | "group" | "quorum") as word, *_]:
                raise ValueError(f"a line {word} has other parts than it has to have")
            case _:
                raise ValueError(f"no line begins with {words[0][:40]!r}")

    def _log(self, text: str) -> None:
        key = read_verifier_key(text)
        if key.kind is not KeyKind.NOTE:
            raise ValueError("the key of a log has the type 0x01")
        if any(key.public == each.public for each in self.logs):
            raise ValueError("a log with this key is there already")
        self._refuse_twice(key)
        _refuse_more(self.logs)
        self.logs.append(key)

    def _witness(self, name: str, text: str) -> None:
        key = read_verifier_key(text)
        if key.kind is not KeyKind.COSIGNATURE:
            raise ValueError("the key of a witness has the type 0x04")
        # One witness under two names would be counted twice.
        if any(key.public == each.key.public for each in self.witnesses.values()):
            raise ValueError("a witness with this key is there already")
        self._refuse_twice(key)
        _refuse_more(self.witnesses)
        self.witnesses[self._new(name)] = Witness(name, key)

    def _refuse_twice(self, key: VerifierKey) -> None:
        """A log that is its own witness would be compared with nothing."""
        if key.public in {each.public for each in (*self.logs, *(each.key for each in self.witnesses.values()))}:
            raise ValueError("a log and a witness have the same key")

    def _group(self, name: str, threshold: str, members: Sequence[str]) -> None:
        new = self._new(name)
        for member in members:
            self._known(member)
            if member in self._members:
                raise ValueError(f"{member[:80]!r} is a member already, and counts once")
            self._members.add(member)
        if threshold in ("any", "all"):
            least = 1 if threshold == "any" else len(members)
        elif _THRESHOLD.fullmatch(threshold) and int(threshold) <= len(members):
            least = int(threshold)
        else:
            raise ValueError(f"of {len(members)} members any, all or 1 to {len(members)} are enough")
        _refuse_more(self.groups)
        self.groups[new] = Group(name, least, tuple(members))

    def _quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise ValueError("there is a line quorum already")
        if name != NOBODY:
            self._known(name)
        self.quorum = name

    def _new(self, name: str) -> str:
        if name == NOBODY or name in self.witnesses or name in self.groups:
            raise ValueError(f"the name {name[:80]!r} is taken")
        return name

    def _known(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise ValueError(f"no line before this one says who {name[:80]!r} is")


def _refuse_more(kept: Collection[object]) -> None:
    if len(kept) >= MOST_OF_A_KIND:
        raise ValueError(f"there are more than {MOST_OF_A_KIND} of them")


def _senseless(what: str, where: str | None) -> SettingsError:
    return SettingsError(what, where=where, remedy=_REMEDY, code="witness-policy")
