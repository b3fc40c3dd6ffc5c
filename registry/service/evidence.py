"""Evidence for the receipts in an answer: read from the service's own endpoint, proved before it is sent, and bounded.

An answer never waits for much of it, and never fails for want of it: it says by a code why there is none.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import orjson
from starlette.requests import Request

from registry.chain.contract import CredentialRegistry
from registry.chain.editions import Edition
from registry.chain.rpc.client import Block, RpcRefused
from registry.chain.rpc.refusals import Refusal
from registry.chain_names import chain_id_of
from registry.errors import ChainError, EvidenceError, RegistryError, WrongChain, public_sentence
from registry.http.problems import note_text
from registry.proofs.evidence import Evidence
from registry.receipt.model import parse_json, to_json
from registry.records import WORD_BITS
from registry.service.allowance import Allowance
from registry.service.kept import Kept
from registry.service.lookup import Found
from registry.verifier.gathering import Leaves, gather, part_of
from registry.verifier.moments import Moments, is_too_old

MOST_AT_ONCE: Final = 4
"""Questions to the endpoint that requests wait for; the others of the service have threads left."""
A_SECOND: Final = 5.0
BURST: Final = 50.0
"""Gatherings for all clients together: each is a request to the endpoint, or two, which the service pays for."""
MOST_ANCHORS: Final = 10
"""Of one answer."""
ENTRIES_KEPT: Final = 128
MOST_SLOTS_KEPT: Final = 64
"""Of one entry: a word's neighbours share it, and each may have a digest that something was said of."""
MOMENTS_SECONDS: Final = 10.0
REST_SECONDS: Final = 30.0
"""For which an endpoint that gave none is not asked again."""

NO_CHAIN: Final = "no-chain"
NOT_FINAL: Final = "not-final"
NO_PROOFS: Final = "no-proofs"
STATE_GONE: Final = "state-gone"
BUSY: Final = "evidence-busy"
SENTENCES: Final[Mapping[str, str]] = {
    NO_CHAIN: "this service reads no chain itself",
    NOT_FINAL: "the anchor is not in a final block yet",
    NO_PROOFS: "the chain's endpoint does not offer proofs",
    STATE_GONE: "the chain's endpoint does not have the state of a final block any more",
    BUSY: "too much evidence is asked for at this moment; ask again in some seconds",
    "evidence-anchors": f"evidence is told of {MOST_ANCHORS} anchors at most; ask for those of one issuer",
    "evidence-size": "there is more evidence than a receipt may have",
    "evidence-value": "what the issuer stored of itself is longer than is read",
    "not-proved": "what the chain's endpoint sent proves nothing",
}
"""By code, why there is no evidence, in words for strangers."""


class NoEvidence(Exception):
    """There is none at this moment, by its code."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


class _Entry(NamedTuple):
    """What was proved of a word's credentials in one block."""

    evidence: Evidence
    values: Mapping[bytes, int]
    edition: Edition


@dataclass(frozen=True, slots=True)
class _Place:
    """A credential in a batch, and the block of its anchor."""

    issuer: int
    root: bytes
    leaf_index: int
    digest: bytes
    anchored_at: int

    @property
    def leaves(self) -> Leaves:
        return Leaves(self.issuer, self.root, {self.leaf_index: self.digest})


class Evidences:
    """Reads evidence for requests, and keeps it for others; for several threads.

    Args:
        contract: the contract to ask, known to be the right one; what it raises is why it cannot be asked. None for a
            service that reads no chain.
        chain: CAIP-2 name of its chain, which the endpoint has to serve.
        finality_depth: blocks that count as final on a chain without a `finalized` tag.
        clock: seconds that never go back.
        part: of what may be asked of the chain for strangers, where several processes ask.
    """

    def __init__(
        self,
        contract: Callable[[], CredentialRegistry] | None,
        chain: str,
        *,
        finality_depth: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        part: float = 1.0,
    ):
        self._contract = contract
        self._chain_id = chain_id_of(chain)
        self._finality_depth = finality_depth
        self._clock = clock
        self._kept: Kept[tuple[int, bytes, int, bytes], _Entry] = Kept(ENTRIES_KEPT)
        self._asking = threading.Semaphore(MOST_AT_ONCE)
        self._allowance = Allowance(A_SECOND * part, max(1.0, BURST * part), clock)
        self._moments: Moments | None = None
        self._looked_at = float("-inf")
        # The first block of today, where the endpoint has no proofs of it any more.
        self._gone: bytes | None = None
        self._rests_until, self._rests_for = float("-inf"), ""

    def add_to(self, anchors: list[dict[str, Any]], found: list[Found], digest: bytes) -> None:
        """Put evidence into the receipts of an answer, and beside each as of which block it is, or why there is none.

        Args:
            anchors: as the answer has them, in the order of `found`.
        """
        for number, (anchor, each) in enumerate(zip(anchors, found, strict=True)):
            try:
                if number >= MOST_ANCHORS:
                    raise NoEvidence("evidence-anchors")
                if not each.final:
                    raise NoEvidence(NOT_FINAL)
                batch = each.batch
                place = _Place(batch.issuer, batch.root, each.proof.leaf_index, digest, batch.block_number)
                block, evidence = self._of(place)
                receipt = parse_json(orjson.dumps(anchor["receipt"])).with_evidence(evidence)
                anchor["receipt"] = orjson.Fragment(to_json(receipt))
                anchor["evidence"] = {"asOf": block.reference.to_dict()}
            except NoEvidence as missing:
                anchor["evidence"] = _missing(missing.code)
            except RegistryError as error:
                note_text(f"{error.code}: {error}")
                anchor["evidence"] = _missing(error.code)

    def _of(self, place: _Place) -> tuple[Block, Evidence]:
        """The newest evidence of a credential, and as of which block.

        Raises:
            NoEvidence: there is none at this moment.
        """
        if self._contract is None:
            raise NoEvidence(NO_CHAIN)
        if self._moments is not None and self._clock() - self._looked_at < MOMENTS_SECONDS:
            for block in self._blocks(self._moments, place):
                part = self._kept_part(place, block)
                if part is not None:
                    return block, part
        if self._clock() < self._rests_until:
            raise NoEvidence(self._rests_for)
        if not self._asking.acquire(blocking=False):
            raise NoEvidence(BUSY)
        try:
            if not self._allowance.take():
                raise NoEvidence(BUSY)
            return self._read(self._contract(), place)
        except EvidenceError as error:
            # About what this issuer stored: the endpoint is as good as before for others.
            raise NoEvidence(error.code) from None
        except RegistryError as error:
            # Whatever it is, it is about the settings and the endpoint of whoever runs this.
            code = _code_of(error)
            note_text(f"{error.code}: {error}")
            self._rests_until, self._rests_for = self._clock() + REST_SECONDS, code
            raise NoEvidence(code) from None
        finally:
            self._asking.release()

    def _read(self, contract: CredentialRegistry, place: _Place) -> tuple[Block, Evidence]:
        """As of the first block of the day where the endpoint has that, else as of the newest final one."""
        moments = self._now(contract)
        blocks = self._blocks(moments, place)
        for block in blocks:
            part = self._kept_part(place, block)
            if part is not None:
                return block, part
            try:
                return block, self._gathered(contract, place, block)
            except ChainError as error:
                if block == blocks[-1] or not is_too_old(error):
                    raise
                self._gone = block.hash
        # The index knows of a final block that the endpoint does not call so yet.
        raise NoEvidence(NOT_FINAL)

    def _now(self, contract: CredentialRegistry) -> Moments:
        moments, now = self._moments, self._clock()
        if moments is None or now - self._looked_at >= MOMENTS_SECONDS:
            if (served := contract.client.chain_id()) != self._chain_id:
                raise WrongChain(f"the endpoint serves chain {served}", where=contract.client.where)
            final = contract.client.finalized(self._finality_depth)
            moments = Moments.of(contract.client, final, before=moments)
            self._moments, self._looked_at = moments, now
        return moments

    def _blocks(self, moments: Moments, place: _Place) -> list[Block]:
        return [block for block in moments.since(place.anchored_at) if block.hash != self._gone]

    def _kept_part(self, place: _Place, block: Block) -> Evidence | None:
        """What is kept of a credential; None also where its digest is to be asked about besides."""
        entry = self._kept.get(0, _key(place, block))
        try:
            return entry and part_of(entry.evidence, entry.values, entry.edition, place.leaves)
        except EvidenceError:
            return None

    def _gathered(self, contract: CredentialRegistry, place: _Place, block: Block) -> Evidence:
        found = gather(contract, self._chain_id, place.leaves, block)
        entry = _Entry(found, found.proved(block.hash).values, contract.edition)
        before, both = self._kept.get(0, _key(place, block)), entry
        if before is not None and len(before.values) < MOST_SLOTS_KEPT:
            slots = {**before.evidence.slots, **found.slots}
            both = _Entry(replace(found, slots=slots), {**before.values, **entry.values}, entry.edition)
        self._kept.keep(0, _key(place, block), both)
        return part_of(found, entry.values, entry.edition, place.leaves)


def evidences_of(request: Request) -> Evidences:
    """Where the evidence for a request comes from."""
    found: Any = request.app.state.evidences
    if not isinstance(found, Evidences):
        raise TypeError("the application has no evidence")
    return found


def _key(place: _Place, block: Block) -> tuple[int, bytes, int, bytes]:
    return place.issuer, place.root, place.leaf_index // WORD_BITS, block.hash


def _missing(code: str) -> dict[str, str]:
    return {"code": code, "detail": SENTENCES.get(code) or public_sentence(code, "evidence could not be read")}


def _code_of(error: RegistryError) -> str:
    meaning = error.meaning if isinstance(error, RpcRefused) else None
    return {Refusal.STATE: STATE_GONE, Refusal.METHOD: NO_PROOFS}.get(meaning, error.code) if meaning else error.code
