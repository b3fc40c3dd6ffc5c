"""Registries of the first edition: the one that is kept in `first-edition/`, and new ones, with the calls of then."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from registry.chain.contract import CredentialRegistry
from registry.chain.editions import first
from registry.chain.rpc.client import MinedTransaction
from registry.embedded.chain import JOURNAL_NAME, EmbeddedChain
from tests.registry.chain.worlds import World

KEPT = Path(__file__).with_name("first-edition")
ISSUER, AGENCY, BUREAU = 1, 2, 3
"""The parties of the one that is kept."""

ACCREDITATION, RECOGNITION = 1, 2
ROOTS = tuple(
    bytes.fromhex(root)
    for root in (
        "e2f52781222901e01640411bb204fe7627633967cd9104ac3481b0a04fd46f02",
        "e7610c2cfc726bbea4548de3f9c84c5cf25113d4e3f12db9ee6cc37fe00a7c9e",
        "ad8a620196ed3a294164a1c55c8fa86ff08db3716985fe7420dce34f3d145f95",
    )
)
"""The batches of its issuer, in their order."""


def kept_folder(data_folder: Path) -> Path:
    """A new data folder with the chain and the trees of the registry that is kept, and nothing else known."""
    (data_folder / "chain").mkdir(parents=True)
    shutil.copy(KEPT / "chain" / JOURNAL_NAME, data_folder / "chain")
    shutil.copytree(KEPT / "trees", data_folder / "trees")
    return data_folder


@contextmanager
def kept_chain(data_folder: Path) -> Iterator[World]:
    """The chain of the registry that is kept, in a new data folder; more may be written to it."""
    with EmbeddedChain(kept_folder(data_folder) / "chain") as chain:
        yield World("kept", chain.client())


class FirstEdition:
    """A registry of the first edition: the one at its own address, deployed where it is not there."""

    def __init__(self, world: World):
        self.world = world
        address = first().address
        if not world.client.code(address):
            world.deploy_registry(first())
        self.contract = CredentialRegistry(world.client, address)

    def send(self, function: str, *arguments: object, account: int = 0) -> MinedTransaction:
        """A transaction of one of the known accounts, which succeeds."""
        call = first().function(function).encode(*arguments)
        mined = self.world.send(self.contract.address, call, account=account)
        assert mined.succeeded
        return mined

    def register(self, uri: str = "did:web:university.example", *, account: int = 0) -> int:
        """The number of a new party."""
        mined = self.send("registerParty", uri, bytes(32), account=account)
        (event,) = (each for each in self.contract.decode_events(mined.logs) if each.name == "PartyRegistered")
        return int(event.arguments["party"])
