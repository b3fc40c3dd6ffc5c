"""What an audit asks the contract itself: its storage at one block, as far as the audit is about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final

from registry.audit.chain import Progress
from registry.audit.compare import StorageFacts
from registry.audit.findings import Asked, Counts, batches_asked_for
from registry.chain.storage import WORDS_A_REQUEST, Storage, WordRange
from registry.history import RegistryState
from registry.records import Batch, Bitmap, Key, Purpose

MOST_WORDS: Final = 1 << 16
"""16 million credentials: of a larger batch only the words that events touched are read, and the rest is told.

Anybody can anchor a batch that claims four thousand million, and each auditor would have to read a gigabyte of zeros.
"""

Phase = Callable[[str], AbstractContextManager[Progress]]
"""Opens a progress bar for a part of the work."""


def storage_facts(storage: Storage, state: RegistryState, asked: Asked, counts: Counts, phase: Phase) -> StorageFacts:
    """What the contract answers to everything that its events tell of.

    Args:
        counts: how much was asked goes here.

    Raises:
        ChainUnavailable: there is no answer, or one that the contract cannot have given.
    """
    party_count, accreditation_count = storage.count("partyCount"), storage.count("accreditationCount")
    parties = [each for each in range(1, party_count + 1) if asked.about(each)]
    batches = storage.batches(list(batches_asked_for(state, asked)))
    accreditations = {
        number: found
        for number, found in storage.accreditations(range(1, accreditation_count + 1)).items()
        if found is None or asked.about(found.body, found.holder)
    }
    digests = storage.digests([key for key in state.digests if asked.about(key[0])])
    counts.parties, counts.batches, counts.accreditations = len(parties), len(batches), len(accreditations)
    counts.digests = len(digests)
    counts.credentials = sum(batch.leaf_count for batch in batches.values() if batch is not None)
    return StorageFacts(
        party_count,
        accreditation_count,
        parties=storage.parties(parties),
        operators=_operators(storage, state, asked, parties),
        default_issuers=storage.default_issuers(list(state.default_issuers)),
        batches=batches,
        words=_words(storage, state, batches, counts, phase),
        digests=digests,
        accreditations=accreditations,
    )


def too_large(storage: StorageFacts) -> Iterator[tuple[Key, int]]:
    """The batches of which not all status words were read, with the number of credentials that they claim."""
    for key, batch in storage.batches.items():
        if batch is not None and batch.words > MOST_WORDS:
            yield key, batch.leaf_count


def _operators(
    storage: Storage, state: RegistryState, asked: Asked, parties: Sequence[int]
) -> dict[tuple[int, str], bool]:
    """Whether accounts may anchor for parties: those that events name and those that the contract lists.

    That of the first edition has no lists: of whom no event tells, nobody knows there.
    """
    named = [key for key in state.operators if asked.about(key[0])]
    listed = storage.operators_of(parties)
    if listed is None:
        return storage.operators(named)
    allowed = {(party, account) for party, accounts in listed.items() for account in accounts}
    return {key: key in allowed for key in (*named, *sorted(allowed.difference(named)))}


def _words(
    storage: Storage,
    state: RegistryState,
    batches: Mapping[Key, Batch | None],
    counts: Counts,
    phase: Phase,
) -> Mapping[Bitmap, Mapping[int, int]]:
    """The status words that matter: those that are not as the events tell, and those that are not zero.

    Millions of zeros that nobody doubts are not kept.
    """
    words: dict[Bitmap, dict[int, int]] = {}
    total = sum(batch.words for batch in batches.values() if batch is not None)
    with phase("reading the status words") as progress:
        for (issuer, root, purpose, first, count), found in storage.words(_ranges(state, batches)):
            counts.status_words += count
            progress(counts.status_words, 2 * total)
            kept = words.setdefault((issuer, root, purpose), {})
            for number, bits in enumerate(found, first):
                if bits or state.word(issuer, root, purpose, number):
                    kept[number] = bits
    return words


def _ranges(state: RegistryState, batches: Mapping[Key, Batch | None]) -> Iterator[WordRange]:
    for (issuer, root), batch in batches.items():
        total = 0 if batch is None else batch.words
        for purpose in Purpose:
            if total > MOST_WORDS:
                for word in state.words.get((issuer, root, purpose), {}):
                    if word < total:
                        yield issuer, root, purpose, word, 1
                continue
            for start in range(0, total, WORDS_A_REQUEST):
                yield issuer, root, purpose, start, min(WORDS_A_REQUEST, total - start)
