"""What a proved verdict costs beside a believed one, and what lies of an endpoint come to with each.

    python -m scripts.bench.prove [lies]

Everything in one process on the embedded chain: no network, so requests and bytes are what a network would add its
latency to; of receipts with evidence their own bytes. Proofs are checked beside py-trie's own check of the same nodes.
A lie changes one thing in the answers of the preferred one of two endpoints, or of the one that is believed.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import rlp
from trie.hexary import HexaryTrie

from registry.chain.agreement import agreed_block
from registry.chain.contract import CredentialRegistry
from registry.chain.editions import second
from registry.chain.layout import slots_of
from registry.chain.rpc.client import ChainClient
from registry.chain.rpc.hexadecimal import address_bytes
from registry.credential.digest import digest_given
from registry.document.reading import digest_only
from registry.document.submitted import ReadItem
from registry.embedded.chain import EmbeddedChain
from registry.keccak import keccak
from registry.merkle.tree import Tree
from registry.proofs.evidence import Evidence
from registry.proofs.header import read_header
from registry.receipt.model import Receipt, parse_json, to_json
from registry.records import Purpose, Reason
from registry.verifier.gathering import Leaves, gather, part_of
from registry.verifier.nothing_known import NothingKnown
from registry.verifier.offline import EvidenceReader
from registry.verifier.verifier import Verifier
from registry.verify.verdict import Basis, Ground, Overall, Trust
from tests.registry.chain.worlds import World
from tests.registry.verifier.lies import Honest, Liar, together, verdict_of

CREDENTIALS = 10_000
FOLDERS = (1, 100, CREDENTIALS)
TURNS = 3
REVOKED = 256
PROVED = ("eth_getProof", "eth_getBlockByNumber", "eth_chainId", "eth_blockNumber")
BELIEVED = ("eth_call", "eth_getBlockByNumber", "eth_getLogs", "eth_chainId", "eth_blockNumber")


class Counted:
    """An endpoint that counts what is asked and answered."""

    def __init__(self, client: ChainClient):
        self._client, self.where = client, client.where
        self.requests, self.bytes = 0, 0

    def make_request(self, method: str, params: Sequence[Any]) -> Mapping[str, Any]:
        answer = {"result": self._client.request(method, params)}
        self.requests += 1
        self.bytes += len(json.dumps(answer, separators=(",", ":")))
        return answer

    def hide(self, text: str) -> str:
        return text

    def close(self) -> None:
        pass


class Site:
    """A registry with a batch of 10,000, some of it revoked.

    Args:
        speaks: whether its issuer ever said something of a digest; else nothing has to be proved of any.
    """

    def __init__(self, world: World, *, speaks: bool):
        self.world = world
        if not world.client.code(second().address):
            world.deploy_registry()
        self.contract = CredentialRegistry(world.client, second().address)
        self.issuer = self.contract.party_count() + 1
        self.digests = sorted(sha256(b"%d %d" % (self.issuer, number)).digest() for number in range(CREDENTIALS))
        self.tree = Tree.build(self.digests)
        root = self.tree.root
        self.call("registerParty", "did:web:university.example", bytes(32))
        self.call("anchor", self.issuer, root, CREDENTIALS)
        self.call("setStatus", self.issuer, root, Purpose.REVOCATION, REVOKED // 256, 1, Reason.OBTAINED_BY_FRAUD)
        if speaks:
            self.call("revokeDigests", self.issuer, [self.digests[1]], Reason.OBTAINED_BY_FRAUD)
        batch = self.contract.batch(self.issuer, root)
        (event,) = self.contract.anchored_events(issuer=self.issuer, root=root)
        if batch is None:
            sys.exit("the batch is not anchored")
        self.batch, self.event = batch, event

    def call(self, function: str, *arguments: Any) -> None:
        encoded = second().registry.functions[function].encode(*arguments)
        if not self.world.send(self.contract.address, encoded).succeeded:
            sys.exit(f"{function} failed")

    def receipt(self, index: int) -> Receipt:
        return Receipt.of_batch(
            digest_given(self.digests[index].hex()),
            self.tree.root,
            self.tree.inclusion(index),
            chain=f"eip155:{self.world.client.chain_id()}",
            contract=self.contract.address,
            issuer=self.issuer,
        ).anchored(
            sequence=self.batch.sequence,
            transaction=self.event.transaction,
            block_number=self.batch.block_number,
            block_hash=self.event.block_hash,
            timestamp=self.batch.anchored_at,
        )


def folder(site: Site, receipts: Sequence[Receipt], quorum: int | None) -> tuple[float, int, int]:
    """Seconds, requests and bytes for the verdicts of a folder."""
    endpoint = Counted(site.world.client)
    client = ChainClient(endpoint, where=endpoint.where)
    verifier = Verifier(
        CredentialRegistry(client, site.contract.address),
        chain=receipts[0].anchor.chain,
        known=NothingKnown(),
        trust=Trust(frozenset({site.issuer})),
        now=datetime.now(UTC),
        quorum=quorum,
    )
    started = perf_counter()
    for first in range(0, len(receipts), 100):
        some = [
            (digest_only(digest_given(each.digest_value.hex()), "digest"), each)
            for each in receipts[first : first + 100]
        ]
        verifier.expect([ReadItem(reading.name, reading, receipt) for reading, receipt in some])
        for reading, receipt in some:
            if verifier.verify_reading(reading, receipt).overall is Overall.COULD_NOT_BE_CHECKED:
                sys.exit("a verdict could not be checked")
    return perf_counter() - started, endpoint.requests, endpoint.bytes


@dataclass(frozen=True)
class Known:
    """Whoever is believed without an endpoint: here the hash of one block."""

    chain: str
    block_hash: bytes

    def basis_of(self, header: bytes) -> Basis:
        if read_header(header).hash != self.block_hash:
            sys.exit("evidence of another block")
        return Basis(Ground.CHECKPOINT, 2, 3, ("one", "two"))


def brought(site: Site, receipts: Sequence[Receipt], grounds: Known) -> tuple[float, int, int]:
    """The same by the evidence in receipts: seconds, no requests, and the bytes of the receipts, read with the rest."""
    written = [to_json(each) for each in receipts]
    verifier = Verifier(
        EvidenceReader(site.contract.address, grounds),
        chain=grounds.chain,
        known=NothingKnown(),
        trust=Trust(frozenset({site.issuer})),
        now=datetime.now(UTC),
    )
    started = perf_counter()
    for each in written:
        receipt = parse_json(each)
        if verifier.verify_digest(receipt.digest.value, receipt).overall is Overall.COULD_NOT_BE_CHECKED:
            sys.exit("a verdict could not be checked")
    return perf_counter() - started, 0, sum(map(len, written))


def with_evidence(site: Site, receipts: Sequence[Receipt]) -> tuple[list[Receipt], Known]:
    """The receipts of the whole batch with evidence as of now."""
    agreed = agreed_block(site.world.client, 1)
    digests = dict(enumerate(site.digests))
    found = gather(site.contract, agreed.chain_id, Leaves(site.issuer, site.tree.root, digests), agreed.block)
    values = found.proved(agreed.block.hash, most_slots=len(found.slots)).values
    parts = (
        part_of(found, values, second(), Leaves(site.issuer, site.tree.root, {index: digest}))
        for index, digest in digests.items()
    )
    made = [receipt.with_evidence(part) for receipt, part in zip(receipts, parts, strict=True)]
    return made, Known(f"eip155:{agreed.chain_id}", agreed.block.hash)


def costs(site: Site, what: str) -> None:
    receipts = [site.receipt(index) for index in range(CREDENTIALS)]
    carrying, grounds = with_evidence(site, receipts)
    print(f"a folder of one batch, {what}")
    print(f"{'':<27} {'requests':>9} {'bytes':>11} {'seconds':>9} {'of believed':>12}")
    for count in FOLDERS:
        turns = range(TURNS if count < CREDENTIALS else 1)
        best = {
            "believed": min(folder(site, receipts[:count], None) for _ in turns),
            "proved": min(folder(site, receipts[:count], 1) for _ in turns),
            "evidence, no endpoint": min(brought(site, carrying[:count], grounds) for _ in turns),
        }
        for name, (seconds, requests, size) in best.items():
            ratio = seconds / best["believed"][0]
            print(f"{count:>6,} {name:<20} {requests:>9,} {size:>11,} {seconds:>9.3f} {ratio:>12.2f}")


def evidence_of(site: Site) -> tuple[Evidence, bytes]:
    """The four slots of one verdict, and the hash of the block that they are proved against."""
    slots = slots_of(second())
    wanted = [
        slots.batch(site.issuer, site.tree.root),
        *(slots.word(site.issuer, site.tree.root, purpose, 1) for purpose in Purpose),
        slots.digest(site.issuer, site.digests[1]),
    ]
    agreed = agreed_block(site.world.client, 1)
    return site.world.client.evidence(site.contract.address, wanted, agreed.block.number), agreed.block.hash


def checks(site: Site) -> None:
    """Proofs checked a second: the four slots of one verdict, by this program and by py-trie."""
    evidence, block_hash = evidence_of(site)
    size = sum(
        map(len, (evidence.header, *evidence.account, *(node for each in evidence.slots.values() for node in each)))
    )

    def ours() -> None:
        evidence.proved(block_hash)

    def theirs() -> None:
        state = rlp.decode(evidence.header)[3]
        account = HexaryTrie.get_from_proof(
            state, keccak(address_bytes(site.contract.address)), [rlp.decode(node) for node in evidence.account]
        )
        storage = rlp.decode(account)[2]
        for slot, nodes in evidence.slots.items():
            HexaryTrie.get_from_proof(storage, keccak(slot), [rlp.decode(node) for node in nodes])

    rates = {name: rate(check) for name, check in (("testamur", ours), ("py-trie", theirs))}
    print(f"\nverdicts proved a second, four slots, {size:,} bytes, one core:")
    for name, found in rates.items():
        print(f"{name:<28} {found:>9,.0f} {found / rates['py-trie']:>27.2f} of py-trie")
    print(f"keccak of 532 bytes a second ({backend()}): {rate(lambda: keccak(bytes(532))):,.0f}")


def backend() -> str:
    """What makes the hash."""
    return next((name for name in ("sha3", "Crypto.Hash.keccak") if name in sys.modules), "unknown")


def rate(check: Callable[[], object], seconds: float = 0.5) -> float:
    best = 0.0
    for _ in range(TURNS):
        done, started = 0, process_time()
        while process_time() - started < seconds:
            check()
            done += 1
        best = max(best, done / (process_time() - started))
    return best


def lies(site: Site, count: int) -> None:
    """What verdicts come to when an endpoint lies in one thing."""
    receipts = [site.receipt(index) for index in (0, 1, REVOKED)]
    client = site.world.client
    told: dict[str, Counter[str]] = {"proved, two endpoints": Counter(), "believed": Counter()}
    for name, quorum in (("proved, two endpoints", 2), ("believed", None)):
        truth = [verdict_of(client, receipt, quorum and 1).overall for receipt in receipts]
        for seed in range(count):
            at = seed % len(receipts)
            liar = Liar(client, seed, BELIEVED if quorum is None else PROVED)
            asked = together(liar) if quorum is None else together(liar, Honest(client, "honest"))
            overall = verdict_of(asked, receipts[at], quorum).overall
            is_unknown = overall is Overall.COULD_NOT_BE_CHECKED
            told[name]["right" if overall is truth[at] else "not checked" if is_unknown else "wrong"] += 1
    print(f"\n{count:,} lies                  right verdict   could not be checked   wrong verdict")
    for name, found in told.items():
        print(f"{name:<28} {found['right']:>8,} {found['not checked']:>22,} {found['wrong']:>15,}")


def main() -> None:
    with tempfile.TemporaryDirectory() as place, EmbeddedChain(Path(place)) as chain:
        world = World("embedded", chain.client())
        site = Site(world, speaks=True)
        costs(site, "of an issuer that revoked one credential by its digest")
        costs(Site(world, speaks=False), "of an issuer that never spoke of a digest")
        checks(site)
        lies(site, int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)


if __name__ == "__main__":
    main()
