"""Endpoints that lie, and verdicts that are asked of them: with proof and without."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from registry.chain.contract import CredentialRegistry
from registry.chain.rpc.client import ChainClient
from registry.chain.rpc.endpoints import Endpoints
from registry.credential.digest import digest_given
from registry.document.reading import Reading, digest_only
from registry.merkle.tree import Tree
from registry.receipt.model import Receipt
from registry.verifier.nothing_known import NothingKnown
from registry.verifier.verifier import Verifier
from registry.verify.verdict import Trust, Verdict

WORD_DIGITS = 64


class Honest:
    """An endpoint that hands on what a client says."""

    def __init__(self, client: ChainClient, name: str):
        self._client, self.where = client, name

    def make_request(self, method: str, params: Sequence[Any]) -> Mapping[str, Any]:
        return {"result": self._client.request(method, params)}

    def make_batch_request(self, requests: Sequence[tuple[str, Sequence[Any]]]) -> list[Mapping[str, Any]]:
        return [self.make_request(method, params) for method, params in requests]

    def hide(self, text: str) -> str:
        return text

    def close(self) -> None:
        pass


class Liar(Honest):
    """An endpoint of a real chain that changes one thing in one of its answers, or the same in all of a kind.

    Args:
        methods: of one of these.

    Attributes:
        told: what it changed.
    """

    def __init__(self, client: ChainClient, seed: int, methods: Sequence[str], name: str = "liar"):
        super().__init__(client, name)
        self._seed = seed
        chance = random.Random(seed)
        self._method = chance.choice(methods)
        # Each answer of that method, or one alone.
        self._only = chance.choice([None, *range(4)])
        self._asked = -1
        self.told = ""

    def make_request(self, method: str, params: Sequence[Any]) -> Mapping[str, Any]:
        answer = super().make_request(method, params)
        if method != self._method:
            return answer
        self._asked += 1
        if self._only is not None and self._asked != self._only:
            return answer
        return {"result": self._changed(answer["result"], method, random.Random(self._seed))}

    def _changed(self, value: Any, path: str, chance: random.Random) -> Any:
        if isinstance(value, dict) and value:
            name = chance.choice(sorted(value))
            return {**value, name: self._changed(value[name], f"{path}.{name}", chance)}
        if isinstance(value, list) and value:
            place = chance.randrange(len(value))
            if chance.random() < 0.3:
                self.told = f"{path}[{place}] is left out"
                return [*value[:place], *value[place + 1 :]]
            changed = self._changed(value[place], f"{path}[{place}]", chance)
            return [*value[:place], changed, *value[place + 1 :]]
        if isinstance(value, str) and len(value) >= 2 + WORD_DIGITS and chance.random() < 0.5:
            # A word of 32 bytes that says no more: what was revoked is not, what was there is nowhere.
            words = range(2, len(value) - WORD_DIGITS + 1, WORD_DIGITS)
            at = chance.choice([start for start in words if value[start : start + WORD_DIGITS].strip("0")] or [2])
            self.told = f"{path}: the word at {at} is nothing"
            return value[:at] + "0" * WORD_DIGITS + value[at + WORD_DIGITS :]
        if isinstance(value, str) and len(value) > 2:
            place = chance.randrange(2, len(value))
            other = chance.choice([digit for digit in "0123456789abcdef" if digit != value[place].lower()])
            self.told = f"{path}: digit {place} of {value[:20]} is {other}"
            return value[:place] + other + value[place + 1 :]
        return value


def together(*endpoints: Any) -> ChainClient:
    """A client of all of them."""
    transport: Any = endpoints[0] if len(endpoints) == 1 else Endpoints(endpoints)
    return ChainClient(transport, where=transport.where)


def receipt_of(contract: CredentialRegistry, issuer: int, digests: Sequence[bytes], digest: bytes) -> Receipt:
    """The receipt for a digest of an anchored batch."""
    tree = Tree.build(digests)
    batch = contract.batch(issuer, tree.root)
    assert batch is not None
    (event,) = contract.anchored_events(issuer=issuer, root=tree.root)
    return Receipt.of_batch(
        digest_given(digest.hex()),
        tree.root,
        tree.inclusion(sorted(digests).index(digest)),
        chain=f"eip155:{contract.client.chain_id()}",
        contract=contract.address,
        issuer=issuer,
    ).anchored(
        sequence=batch.sequence,
        transaction=event.transaction,
        block_number=batch.block_number,
        block_hash=event.block_hash,
        timestamp=batch.anchored_at,
    )


def verdict_of(client: ChainClient, receipt: Receipt, quorum: int | None, *, reading: Reading | None = None) -> Verdict:
    """What a stranger makes of a document or digest with its receipt, who trusts the issuer and asks these."""
    verifier = Verifier(
        CredentialRegistry(client, receipt.anchor.contract),
        chain=receipt.anchor.chain,
        known=NothingKnown(),
        trust=Trust(frozenset({receipt.anchor.issuer})),
        now=datetime.now(UTC),
        quorum=quorum,
    )
    digest = digest_given(receipt.digest_value.hex())
    return verifier.verify_reading(reading or digest_only(digest, "a digest"), receipt)
