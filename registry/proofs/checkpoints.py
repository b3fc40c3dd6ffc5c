"""Lists of blocks that witnesses sign: what whoever has no endpoint may believe to be the hash of a block.

A list is a log: its entries are lines, and below its name, its size and the root of its entries (RFC 6962) stand the
signatures of whoever keeps it and of the witnesses who compared it with the chain. C2SP tlog-checkpoint and
tlog-cosignature; `docs/reference/checkpoints.md` says all of it for a second implementation. Pure.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from registry.chain_names import CHAIN
from registry.errors import EvidenceError
from registry.proofs.notes import NoteSignature, Signed, SignedNote, VerifierKey, decoded, key_name, read_note
from registry.proofs.witnesses import WitnessPolicy
from registry.timestamps import read_timestamp, write_timestamp

MOST_ENTRIES: Final = 20_000
"""A block a day for fifty years."""
MOST_BYTES: Final = 4 << 20
NO_LOG: Final = "checkpoint-log"
NO_QUORUM: Final = "checkpoint-quorum"
_HASH_BYTES: Final = 32
_ENTRY: Final = re.compile(
    rf"({CHAIN}) "
    r"(0|[1-9][0-9]{0,15}) 0x([0-9a-f]{64}) ([0-9TZ:-]{20})",
    re.ASCII,
)
_SIZE: Final = re.compile(r"[1-9][0-9]{0,15}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """A block of a list.

    Attributes:
        chain: CAIP-2.
        hash: 32 bytes.
        timestamp: UTC, whole seconds.
    """

    chain: str
    number: int
    hash: bytes
    timestamp: datetime

    @property
    def line(self) -> str:
        """As it stands in the list, without the line break: this is what is hashed."""
        return f"{self.chain} {self.number} 0x{self.hash.hex()} {write_timestamp(self.timestamp)}"


@dataclass(frozen=True, slots=True)
class TrustedBlock:
    """A block whose hash enough witnesses signed.

    Attributes:
        chain: CAIP-2.
        hash: 32 bytes.
        timestamp: UTC, whole seconds, as the list has it; the header says the same.
        origin: the name of the list.
        witnesses: who signed and counts, by the names of the policy.
        needed: how many of them the policy asks for at the least.
    """

    chain: str
    number: int
    hash: bytes
    timestamp: datetime
    origin: str
    witnesses: tuple[str, ...]
    needed: int


@dataclass(frozen=True, slots=True)
class TrustedBlocks:
    """The blocks of a list that a policy is content with.

    Attributes:
        origin: the name of the list.
        signed: which witnesses of the policy signed, by its names, and when by their own word; also those that do not
            count.
        witnesses: those of them whose signatures count for the quorum.
        needed: how many the policy asks for at the least.
        among: how many count for it in all.
        entries: the blocks, by chain and number.
    """

    origin: str
    signed: Mapping[str, datetime]
    witnesses: tuple[str, ...]
    needed: int
    among: int
    entries: Mapping[tuple[str, int], Entry]

    def block(self, chain: str, number: int) -> TrustedBlock | None:
        """The block of that height, or None where the list has it not.

        Args:
            chain: CAIP-2.
        """
        if (found := self.entries.get((chain, number))) is None:
            return None
        return TrustedBlock(
            found.chain, found.number, found.hash, found.timestamp, self.origin, self.witnesses, self.needed
        )


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """A list of blocks; whose signatures are below it is not looked at before somebody asks.

    Attributes:
        origin: its name, which is that of its log's key.
        entries: the heights of a chain ascend.
        signatures: over the name, the size and the root.
    """

    origin: str
    entries: tuple[Entry, ...]
    signatures: tuple[NoteSignature, ...] = ()

    @property
    def note(self) -> SignedNote:
        """What is signed, with the signatures."""
        return SignedNote(body_of(self.origin, self.entries), self.signatures)

    def __bytes__(self) -> bytes:
        lines = "".join(f"{each.line}\n" for each in self.entries)
        return f"{self.note}\n{lines}".encode()

    def signed_by(self, keys: Iterable[VerifierKey]) -> tuple[Signed, ...]:
        """Which of these keys signed it as it is.

        Raises:
            EvidenceError: code `note-signature`: one that says it is of such a key does not hold.
        """
        return self.note.signed_by(keys)

    def told_ids(self, name: str) -> str:
        """Which keys of a name its signatures say they are of, in brackets, where there are any."""
        ids = [f"{each.name}+{each.key_id.hex()}" for each in self.signatures if each.name == name]
        return f" (signed by {', '.join(ids)})" if ids else ""

    def signers(self, policy: WitnessPolicy) -> tuple[bool, dict[str, datetime]]:
        """Whether the list's log signed, and which witnesses, by the names of the policy, with the times they say.

        Raises:
            EvidenceError: code `note-signature`.
        """
        # A log signs under the name of its list; a key of another list says nothing of this one.
        logs = [key for key in policy.logs if key.name == self.origin]
        keys = {each.key: name for name, each in policy.witnesses.items()}
        signed = self.signed_by([*logs, *keys])
        witnesses = {keys[each.key]: each.at for each in signed if each.key in keys and each.at is not None}
        return any(each.key in logs for each in signed), witnesses

    def trusted(self, policy: WitnessPolicy) -> TrustedBlocks:
        """The blocks, if the policy is content with who signed.

        Raises:
            EvidenceError: code `checkpoint-log`: no log of the policy signed; `checkpoint-quorum`: too few witnesses,
                and who is missing; `note-signature`: a signature does not hold.
        """
        by_log, signed = self.signers(policy)
        if not by_log:
            named = ", ".join(f"{key.name}+{key.id.hex()}" for key in policy.logs) or "no key"
            raise EvidenceError(
                f"the list {self.origin}{self.told_ids(self.origin)} is signed by no log of the witnesses file, which "
                f"names {named}",
                remedy="The witnesses file has to have a line log with the key of this list.",
                code=NO_LOG,
            )
        counting = tuple(name for name in policy.counting if name in signed)
        if not policy.met_by(signed):
            missing = [name for name in policy.counting if name not in signed]
            raise EvidenceError(
                f"too few witnesses have signed the list {self.origin}: {', '.join(counting) or 'none'} signed, "
                f"{', '.join(missing)} did not, and at the least {policy.needed} of them have to (quorum "
                f"{policy.quorum})",
                remedy="Get the list from where more of them have signed it, or ask them to.",
                code=NO_QUORUM,
            )
        entries = {(each.chain, each.number): each for each in self.entries}
        return TrustedBlocks(self.origin, signed, counting, policy.needed, len(policy.counting), entries)

    def begins_with(self, before: Checkpoints) -> bool:
        """Whether it is the other list with entries added at its end."""
        return self.origin == before.origin and self.entries[: len(before.entries)] == before.entries

    def with_entries(self, added: Sequence[Entry]) -> Checkpoints:
        """The list with entries more, which nobody has signed.

        Raises:
            EvidenceError: code `checkpoint-order`, or `checkpoint-size`.
        """
        return checkpoints_of(self.origin, (*self.entries, *added))

    def with_signature(self, signature: NoteSignature) -> Checkpoints:
        """The list with a signature more, in the place of an earlier one by the same key."""
        return Checkpoints(self.origin, self.entries, self.note.with_signature(signature).signatures)


def checkpoints_of(origin: str, entries: Sequence[Entry]) -> Checkpoints:
    """A list that nobody has signed.

    Raises:
        EvidenceError: code `checkpoint-order`: the heights of a chain do not ascend; `checkpoint-size`: there are no
            entries, or too many; `note-key`: nothing can be called so.
    """
    if not 0 < len(entries) <= MOST_ENTRIES:
        raise _too_large(f"a list has 1 to {MOST_ENTRIES:,} entries")
    _refuse_disorder(entries)
    return Checkpoints(key_name(origin), tuple(entries))


def read_checkpoints(data: bytes) -> Checkpoints:
    """A list from its file.

    Raises:
        EvidenceError: code `checkpoint-size`, `checkpoint-form`, or `checkpoint-order`; `checkpoint-root`: the entries
            are not those that were signed; `note-form`, or `note-size`.
    """
    if b"\r\n" in data[:MOST_BYTES]:
        raise _malformed("its lines end with CRLF, as Windows has them, and not with a line feed alone")
    if len(data) > MOST_BYTES:
        raise _too_large(f"one of more than {MOST_BYTES:,} bytes is not read")
    head, _, rest = data.partition(b"\n\n")
    below, parted, entries = rest.partition(b"\n\n")
    if parted and not entries.endswith(b"\n"):
        raise _malformed("its last line has no line break: it was cut off, or an editor took it away")
    if not parted:
        raise _malformed("it is no signed note, an empty line and entries, each line with its break")
    note = read_note(head + b"\n\n" + below + b"\n")
    origin, size, root = _body(note.text)
    if entries.count(b"\n") > MOST_ENTRIES:
        raise _too_large(f"a list has 1 to {MOST_ENTRIES:,} entries")
    try:
        lines = entries.decode("ascii").removesuffix("\n").split("\n")
    except UnicodeDecodeError:
        raise _malformed("an entry is not ASCII") from None
    if len(lines) != size:
        raise EvidenceError(
            f"the list is signed with {size:,} entries, and {len(lines):,} are there",
            remedy="Get the list again from where it came.",
            code="checkpoint-root",
        )
    found = tuple(_entry(place, line) for place, line in enumerate(lines, start=1))
    if tree_root([line.encode() for line in lines]) != root:
        raise EvidenceError(
            "the entries of the list are not those that were signed",
            remedy="Get the list again from where it came.",
            code="checkpoint-root",
        )
    _refuse_disorder(found)
    return Checkpoints(origin, found, note.signatures)


def body_of(origin: str, entries: Sequence[Entry]) -> str:
    """The text that is signed: name, size and root, each in a line."""
    root = tree_root([each.line.encode() for each in entries])
    return f"{origin}\n{len(entries)}\n{b64encode(root).decode()}\n"


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """The root of the tree over these texts: RFC 6962, section 2.1."""
    if not leaves:
        return sha256().digest()
    level = [sha256(b"\x00" + leaf).digest() for leaf in leaves]
    while len(level) > 1:
        pairs = [sha256(b"\x01" + level[at] + level[at + 1]).digest() for at in range(0, len(level) - 1, 2)]
        # What has no neighbour goes up as it is: its subtree is the right one further above.
        level = pairs + level[2 * len(pairs) :]
    return level[0]


def _body(text: str) -> tuple[str, int, bytes]:
    lines = text.removesuffix("\n").split("\n")
    if len(lines) != 3 or not _SIZE.fullmatch(lines[1]):
        raise _malformed("what is signed is not a name, a size and a root")
    try:
        root = decoded(lines[2])
        origin = key_name(lines[0])
    except ValueError:
        raise _malformed("what is signed has no name that a key can have, or no root") from None
    if len(root) != _HASH_BYTES:
        raise _malformed(f"a root has {_HASH_BYTES} bytes")
    return origin, int(lines[1]), root


def _entry(place: int, line: str) -> Entry:
    if (found := _ENTRY.fullmatch(line)) is None:
        raise _malformed(f"entry {place} is not a chain, a number, a hash and a time")
    chain, number, block_hash, time = found.groups()
    try:
        return Entry(chain, int(number), bytes.fromhex(block_hash), read_timestamp(time))
    except ValueError:
        raise _malformed(f"entry {place} has a time that is none") from None


def _refuse_disorder(entries: Iterable[Entry]) -> None:
    """So a block is in a list once, and with one hash."""
    last: dict[str, Entry] = {}
    for place, each in enumerate(entries, start=1):
        before = last.get(each.chain)
        if before is not None and (each.number <= before.number or each.timestamp < before.timestamp):
            raise EvidenceError(
                f"the blocks of a chain ascend: entry {place} is block {each.number} of {each.chain}, behind block "
                f"{before.number}",
                remedy="A block has to be newer than the last one of the list.",
                code="checkpoint-order",
            )
        last[each.chain] = each


def _too_large(why: str) -> EvidenceError:
    return EvidenceError(f"the list of blocks is not read: {why}", code="checkpoint-size")


def _malformed(why: str) -> EvidenceError:
    return EvidenceError(f"the list of blocks cannot be read: {why}", code="checkpoint-form")
