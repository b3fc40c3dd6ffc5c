"""The page of a release, anchored as a file: opened in a browser, it verifies itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.chain.contract import CredentialRegistry
from registry.chain.editions import second
from registry.credential.digest import digest_file
from registry.embedded import evm
from registry.embedded.chain import EmbeddedChain
from registry.merkle.tree import Tree
from registry.receipt.model import Receipt, to_json
from registry.service.web.page.kinds import Kind
from registry.service.web.page.settings import PageSettings
from registry.service.web.page.whole import written
from tests.registry.chain.worlds import World
from tests.web.browser import chromium, chromium_program
from tests.web.endpoints import endpoints

NAME = Kind.VERIFY.file
RESULT = "document.querySelector('#result .outcome strong')?.textContent"
CHAIN = 4_017_001
"""None that is known to be for practice: there the best would be valid with a warning."""


def anchored(world: World, content: bytes) -> Receipt:
    """The receipt of a file that party 1 anchored alone."""
    edition = second()
    world.deploy_registry(edition)

    def call(function: str, *arguments: object) -> None:
        assert world.send(edition.address, edition.registry.functions[function].encode(*arguments)).succeeded

    digest = digest_file(content)
    tree = Tree.build([digest.value])
    call("registerParty", "did:web:testamur.example", bytes(32))
    call("anchor", 1, tree.root, 1)
    contract = CredentialRegistry(world.client, edition.address)
    batch, (event,) = contract.batch(1, tree.root), contract.anchored_events(issuer=1, root=tree.root)
    assert batch is not None
    pending = Receipt.of_batch(
        digest, tree.root, tree.inclusion(0), chain=f"eip155:{CHAIN}", contract=edition.address, issuer=1
    )
    return pending.anchored(
        sequence=batch.sequence,
        transaction=event.transaction,
        block_number=batch.block_number,
        block_hash=event.block_hash,
        timestamp=batch.anchored_at,
    )


@pytest.mark.skipif(chromium_program() is None, reason="there is no Chromium here: apt-get install -y chromium")
def test_the_page_verifies_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evm.TestamurChain, "chain_id", CHAIN)
    page = tmp_path / NAME
    page.write_bytes(written(PageSettings())[NAME])
    changed = tmp_path / "changed.html"
    changed.write_bytes(page.read_bytes() + b"\n")
    with EmbeddedChain(tmp_path / "chain") as chain:
        world = World("embedded", chain.client())
        receipt = tmp_path / f"{NAME}.receipt.json"
        receipt.write_bytes(to_json(anchored(world, page.read_bytes())))
        with endpoints(world.client, None) as (endpoint,), chromium(tmp_path / "profile") as browser:
            browser.open(f"file://{page}")
            # As whoever opens the page of a release does: it names no endpoint and no issuer.
            for field, value in {
                "chain": f"eip155:{CHAIN}",
                "endpoints": endpoint.url,
                "issuers": "1 Testamur",
            }.items():
                browser.evaluate(f"document.querySelector('#field-{field}').value = '{value}'")
            browser.choose("#files", page, receipt)
            assert browser.wait(RESULT) == "Valid"
            browser.choose("#files", changed, receipt)
            assert browser.wait(f"{RESULT} === 'Valid' ? '' : {RESULT}") == "Not valid"
            assert browser.said == []
