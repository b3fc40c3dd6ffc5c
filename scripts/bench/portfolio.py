"""What a portfolio of 200 credentials costs to verify beside its credentials one by one, and the size of its proofs.

    python -m scripts.bench.portfolio

Everything in one process on the embedded chain: no network, so requests are what a network would add its latency to.
One by one is a verifier of its own for each file, as a command for each has; all at once is a folder of the same files
with their receipts. The three take turns and the best of the turns counts. Sizes are counted and not measured.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from time import process_time
from typing import Any

from registry.chain.contract import CredentialRegistry
from registry.chain.editions import second
from registry.chain.rpc.client import ChainClient
from registry.credential.digest import DEFAULT_LIMITS, Digest, DigestMethod, digest_json
from registry.document.portfolio import Portfolio, PortfolioItem, portfolio_bytes, read_portfolio
from registry.document.submitted import Broken, ReadItem, Submitted, item_read, portfolio_pairs, read_item
from registry.embedded.chain import EmbeddedChain
from registry.merkle.multiproof import node_count
from registry.merkle.proof import NODE_SIZE, path_length
from registry.merkle.tree import Tree
from registry.receipt.model import Receipt, parse, to_json
from registry.verifier.nothing_known import NothingKnown
from registry.verifier.verifier import Verifier
from registry.verify.verdict import Overall, Trust
from scripts.bench.prove import Counted
from tests.registry.chain.worlds import World

ITEMS = 200
BATCHES = (1, 10)
IN_A_BATCH = 2_000
READ_AHEAD = 32
TURNS = 3
SIZES = (200, 1_000, 10_000, 100_000, 1_000_000, 10_000_000)
NOW = datetime(2026, 3, 1, tzinfo=UTC)

File = tuple[str, bytes, Receipt]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        chain = EmbeddedChain(Path(folder))
        world = World("embedded", chain.client())
        world.deploy_registry()
        contract = CredentialRegistry(world.client, second().address)
        call(world, contract, "registerParty", "did:web:university.example", bytes(32))
        for batches in BATCHES:
            verified(world, contract, files(world, contract, batches), batches)
        chain.close()
    sizes()


def files(world: World, contract: CredentialRegistry, batches: int) -> list[File]:
    """The credentials of one holder, evenly spread over batches of many."""
    found = []
    for batch in range(batches):
        documents = [credential(f"{batches}-{batch}-{number}") for number in range(ITEMS // batches)]
        digests = [digest_json(each) for each in documents]
        others = [digest_json(credential(f"other-{batches}-{batch}-{number}")) for number in range(IN_A_BATCH)]
        tree = Tree.build(each.value for each in (*digests, *others))
        call(world, contract, "anchor", 1, tree.root, tree.leaf_count)
        anchored = contract.batch(1, tree.root)
        (event,) = contract.anchored_events(issuer=1, root=tree.root)
        if anchored is None:
            sys.exit("the batch is not anchored")
        for number, (document, digest) in enumerate(zip(documents, digests, strict=True)):
            index = tree.index_of(digest.value)
            if index is None:
                sys.exit("a credential is not in its tree")
            receipt = Receipt.of_batch(
                Digest(DigestMethod.VC_JCS, digest.value),
                tree.root,
                tree.inclusion(index),
                chain=f"eip155:{world.client.chain_id()}",
                contract=contract.address,
                issuer=1,
            ).anchored(
                sequence=anchored.sequence,
                transaction=event.transaction,
                block_number=anchored.block_number,
                block_hash=event.block_hash,
                timestamp=anchored.anchored_at,
            )
            found.append((f"{batch}-{number}.json", document, receipt))
    return found


def credential(name: str) -> bytes:
    """An Open Badges 3.0 credential, as it is for a course."""
    achievement = {
        "id": f"https://university.example/programmes/1#course.{name}",
        "type": ["Achievement"],
        "name": f"Course {name}",
        "description": "What was learned in it, in a sentence or two that say what its holder can do now. " * 4,
        "criteria": {"narrative": "The examination at the end of the course was passed. " * 4},
        "creditsAvailable": 6,
    }
    return json.dumps(
        {
            "@context": [
                "https://www.w3.org/ns/credentials/v2",
                "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
            ],
            "id": f"urn:uuid:{name}",
            "type": ["VerifiableCredential", "OpenBadgeCredential"],
            "issuer": {"id": "did:web:university.example", "type": ["Profile"], "name": "University of Example"},
            "validFrom": "2026-01-01T00:00:00Z",
            "credentialSubject": {"type": ["AchievementSubject"], "achievement": achievement},
        }
    ).encode()


def call(world: World, contract: CredentialRegistry, function: str, *arguments: Any) -> None:
    if not world.send(contract.address, second().registry.functions[function].encode(*arguments)).succeeded:
        sys.exit(f"{function} failed")


def verified(world: World, contract: CredentialRegistry, given: Sequence[File], batches: int) -> None:
    """Print seconds and requests of the three ways."""
    held = [(name, document, to_json(receipt)) for name, document, receipt in given]
    portfolio = Portfolio(
        "urn:uuid:1", "Portfolio", "", "urn:uuid:2", NOW, tuple(PortfolioItem(*each) for each in given)
    )
    whole = portfolio_bytes(portfolio)

    def verifier(endpoint: Counted) -> Verifier:
        asked = CredentialRegistry(ChainClient(endpoint, where=endpoint.where), contract.address)
        return Verifier(
            asked,
            chain=f"eip155:{world.client.chain_id()}",
            known=NothingKnown(),
            trust=Trust(frozenset({1})),
            now=datetime.now(UTC),
        )

    def together(endpoint: Counted, items: Iterator[ReadItem | Broken]) -> int:
        checks, count = verifier(endpoint), 0
        while some := [item for item in islice(items, READ_AHEAD) if isinstance(item, ReadItem)]:
            checks.expect(some)
            count += sum(checks.verify_item(item).overall is Overall.VALID_WITH_WARNING for item in some)
        return count

    def by_portfolio(endpoint: Counted) -> int:
        return together(endpoint, (item_read(pair, DEFAULT_LIMITS) for pair in portfolio_pairs(read_portfolio(whole))))

    def by_folder(endpoint: Counted) -> int:
        return together(endpoint, (read_item(Submitted(*_parsed(each)), DEFAULT_LIMITS) for each in held))

    def one_by_one(endpoint: Counted) -> int:
        return sum(together(endpoint, iter([read_item(Submitted(*_parsed(each)), DEFAULT_LIMITS)])) for each in held)

    ways: dict[str, Callable[[Counted], int]] = {
        "the portfolio": by_portfolio,
        "the files, all at once": by_folder,
        "the files, one by one": one_by_one,
    }
    seconds: dict[str, float] = {}
    requests: dict[str, int] = {}
    for _ in range(TURNS):
        for name, way in ways.items():
            endpoint = Counted(world.client)
            started = process_time()
            if way(endpoint) != ITEMS:
                sys.exit(f"{name}: not all of them are valid")
            spent = process_time() - started
            seconds[name], requests[name] = min(seconds.get(name, spent), spent), endpoint.requests
    alone = sum(len(document) + len(receipt) for _, document, receipt in held)
    print(f"{ITEMS} credentials of {batches} batch{'es' if batches > 1 else ''} of {IN_A_BATCH:,} and more:")
    print(f"{'':26}{'seconds':>9}{'of one by one':>15}{'requests':>10}")
    for name in ways:
        share = seconds[name] / seconds["the files, one by one"]
        print(f"{name:26}{seconds[name]:>9.3f}{share:>15.2f}{requests[name]:>10,}")
    print(f"the portfolio has {len(whole):,} bytes, files and receipts have {alone:,}\n")


def _parsed(file: tuple[str, bytes, bytes]) -> tuple[str, bytes, Receipt]:
    name, document, receipt = file
    return name, document, parse(receipt)


def sizes() -> None:
    """Print the nodes of one proof beside those of single paths."""
    print(f"Nodes of the proofs of {ITEMS} leaves, of {NODE_SIZE} bytes each:")
    print(f"{'leaves of the batch':>20}{'single paths':>14}{'one, anywhere':>15}{'of single':>11}{'one, together':>15}")
    source = random.Random(200)
    for size in SIZES:
        anywhere = sorted(source.sample(range(size), ITEMS))
        start = source.randrange(size - ITEMS + 1)
        single = sum(path_length(index, size) for index in anywhere)
        one, beside = node_count(anywhere, size), node_count(range(start, start + ITEMS), size)
        print(f"{size:>20,}{single:>14,}{one:>15,}{one / single:>11.2f}{beside:>15,}")


if __name__ == "__main__":
    main()
