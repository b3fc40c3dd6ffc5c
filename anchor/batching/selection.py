"""What of a job goes into a batch, and what the issuer has anchored before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import lt

from anchor.books.batches import BatchStore, Place
from anchor.intake.files import Intake, Origin, digest_of
from registry.chain.abi import artifact
from registry.errors import IntakeError


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A credential that came twice in one job."""

    again: Origin
    first: Origin


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a job goes into a batch.

    Attributes:
        records: sorted by digest, each digest once.
        duplicates: what came more than once.
        anchored: where the credentials are that the issuer has anchored before and that are left out.
        revoked: the records of those that the issuer has revoked by their digests, and that are left out.
    """

    records: list[bytes]
    duplicates: list[Duplicate]
    anchored: list[Place]
    revoked: list[bytes] = field(default_factory=list)


def select(
    intake: Intake,
    store: BatchStore | None,
    issuer: int | None,
    *,
    reissue: Callable[[Sequence[Place]], Collection[bytes]] | None = None,
    revoked: Callable[[Sequence[bytes]], Collection[bytes]] = lambda _: (),
) -> Selection:
    """Sort a job's credentials and leave out what came twice, and what the issuer has anchored before, or revoked.

    A yearly full export then does not bring a revoked diploma back under a new anchor.

    Args:
        reissue: anchor again what was anchored before, except for those of its places that this says.
        revoked: which of the digests that are left are revoked wherever they are anchored.
    """
    unique, duplicates = _unique(intake)
    if store is None or issuer is None:
        return Selection(unique, duplicates, [])
    found = list(store.places_of([digest_of(record) for record in unique], issuer)) if store.all(issuer) else []
    kept_out = None if reissue is None else reissue(found)
    places: dict[bytes, Place] = {}
    for place in found:
        if kept_out is None or place.leaf.digest in kept_out:
            places.setdefault(place.leaf.digest, place)
    left = _outside(unique, places)
    in_vain = frozenset(revoked([digest_of(record) for record in left]))
    return Selection(
        _outside(left, in_vain),
        duplicates,
        list(places.values()),
        [record for record in left if digest_of(record) in in_vain] if in_vain else [],
    )


def _unique(intake: Intake) -> tuple[list[bytes], list[Duplicate]]:
    """The records sorted by digest, each digest once, and those that came again."""
    records = sorted(intake.records)
    digests = list(map(digest_of, records))
    if all(map(lt, digests, islice(digests, 1, None))):
        return records, []
    unique: list[bytes] = []
    duplicates: list[Duplicate] = []
    last = b""
    for record, digest in zip(records, digests, strict=True):
        if digest == last:
            duplicates.append(Duplicate(intake.origin(record), intake.origin(unique[-1])))
        else:
            unique.append(record)
            last = digest
    return unique, duplicates


def _outside(records: list[bytes], digests: Collection[bytes]) -> list[bytes]:
    """The records of other digests than these."""
    return [record for record in records if digest_of(record) not in digests] if digests else records


def contract_selectors() -> frozenset[bytes]:
    """The first four bytes of every call that the contract knows."""
    return frozenset(item.selector for item in artifact().functions.values())


def refuse_selector(root: bytes, selectors: Collection[bytes]) -> None:
    """A root can also be anchored as the bare data of a transaction, but not if the contract takes it for a call.

    Raises:
        IntakeError: code `root-is-selector`.
    """
    if root[:4] in selectors:
        raise IntakeError(
            f"the root 0x{root.hex()} begins with the bytes by which the contract knows one of its functions",
            remedy="Add one more credential to the batch, or leave one out: either changes the root.",
            code="root-is-selector",
        )
