"""Evidence of issuers' batches by the service's own endpoint: gathered once for each block, and of few at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Final, NamedTuple

from registry.chain.contract import CredentialRegistry
from registry.chain.rpc.client import RpcRefused
from registry.chain_names import chain_id_of
from registry.errors import ChainError, ChainUnavailable, EvidenceError, RegistryError
from registry.http.problems import NotHere, note
from registry.records import Batch
from registry.service.allowance import Allowance
from registry.service.kept import Kept
from registry.verifier.absence_files import Gathered, gather_batches

MOST_AT_ONCE: Final = 4
"""Issuers of whom evidence is gathered at a time: a thousand batches are ten requests."""
A_SECOND: Final = 1.0
BURST: Final = 20.0
"""Gatherings for all clients together, each of up to ten requests, which the service pays for."""
MOST_KEPT: Final = 32
"""Of a thousand batches it has some megabytes."""
_UNPROVED: Final = frozenset({"not-proved", "no-block"})


class Place(NamedTuple):
    """A block, by its height and, where that is known, its hash."""

    number: int
    hash: bytes | None = None


class BatchEvidence:
    """What the contract stores of an issuer's batches, proved, for files that are handed out.

    Args:
        contract: the contract to ask, known to be the right one; what it raises is why it cannot be asked.
        chain: CAIP-2 name of its chain.
        clock: seconds that never go back.
        part: of what may be asked of the chain for strangers, where several processes ask.
    """

    def __init__(
        self,
        contract: Callable[[], CredentialRegistry],
        chain: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        part: float = 1.0,
    ):
        self._contract = contract
        self._allowance = Allowance(A_SECOND * part, max(1.0, BURST * part), clock)
        self._chain_id = chain_id_of(chain)
        self._kept: Kept[int, Gathered] = Kept(MOST_KEPT)
        self._lock = Lock()
        self._under_way: set[int] = set()

    def of(self, issuer: int, batches: Sequence[Batch], places: Iterable[Place]) -> Gathered:
        """Of all batches of an issuer, as of the first of these blocks that the endpoint can prove.

        Args:
            batches: those that are known, of whichever block.

        Raises:
            NotHere: code `no-evidence`: it can prove none of them.
            NotHere: code `busy`: evidence of this issuer is gathered already, or of too many others.
            ChainError: there is no answer at this moment.
        """
        places = list(dict.fromkeys(places))
        for place in places:
            if (kept := self._kept.get(place, issuer)) is not None:
                return kept
        why: RegistryError | None = None
        with self._alone(issuer):
            for place in places:
                try:
                    found = self._gathered(issuer, batches, place)
                except (ChainError, EvidenceError) as error:
                    if not _is_refusal(error):
                        raise
                    why = error
                else:
                    return self._kept.keep(place, issuer, found)
        raise no_evidence(why)

    def _gathered(self, issuer: int, batches: Sequence[Batch], place: Place) -> Gathered:
        contract = self._contract()
        block = contract.client.block(place.number)
        if block is None or place.hash not in (None, block.hash):
            raise ChainUnavailable(f"the endpoint does not have block {place.number}", code="no-block")
        roots = [each.root for each in batches if each.block_number <= block.number]
        found = gather_batches(contract, self._chain_id, issuer, roots, block)
        if len(found.batches) != found.sequence:
            raise EvidenceError(
                f"{len(found.batches)} of {found.sequence} batches are known up to block {block.number}",
                code="evidence-missing",
            )
        return found

    @contextmanager
    def _alone(self, issuer: int) -> Iterator[None]:
        with self._lock:
            if issuer in self._under_way or len(self._under_way) >= MOST_AT_ONCE or not self._allowance.take():
                raise busy()
            self._under_way.add(issuer)
        try:
            yield
        finally:
            with self._lock:
                self._under_way.discard(issuer)


def no_evidence(why: RegistryError | None) -> NotHere:
    """The error that says that the plain answer is all there is here; the operator's log has why."""
    if why is not None:
        note(why)
    return NotHere(
        "the endpoint of this service cannot prove what the contract stores",
        remedy="Ask without evidence=1, and where the trees are run `testamur absent --prove`.",
        code="no-evidence",
        details=None if why is None else {"cause": why.code},
    )


def busy() -> NotHere:
    """The error that says to come back."""
    return NotHere(
        "evidence is being gathered for others at this moment", remedy="Ask again in a few seconds.", code="busy"
    )


def _is_refusal(error: RegistryError) -> bool:
    """Whether the same question would be refused again: another block, or another endpoint, may do."""
    if isinstance(error, RpcRefused):
        return not error.is_limit
    return not isinstance(error, ChainUnavailable) or error.code in _UNPROVED
