"""Endpoints of an embedded chain that a page may ask, and credentials on it of which something was said."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from registry.chain.contract import CredentialRegistry
from registry.chain.editions import second
from registry.chain.rpc.client import ChainClient
from registry.credential.digest import Digest, digest_json
from registry.merkle.tree import Tree
from registry.receipt.model import Receipt
from registry.recognition.scope import Scope
from registry.records import Kind, Reason
from tests.registry.chain.worlds import World

URI = "did:web:university.example"
NAMES = ("Ada Lovelace", "Emmy Noether", "Sofja Kowalewskaja", "Maryam Mirzakhani")
Lie = Callable[[str, Any], Any]


class Endpoint:
    """One endpoint by its URL, with what it was asked; a lie changes what it answers."""

    def __init__(self, client: ChainClient, lock: threading.Lock, lie: Lie | None = None):
        self.asked: list[str] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_OPTIONS(self) -> None:
                self._answer(204, b"")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.asked.append(body.decode())
                question = json.loads(body)
                with lock:
                    result = client.request(question["method"], question["params"])
                if lie is not None:
                    result = lie(question["method"], result)
                self._answer(200, json.dumps({"jsonrpc": "2.0", "id": question["id"], "result": result}).encode())

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Access-Control-Allow-Origin", "*")
                self.send_header("Access-Control-Allow-Headers", "content-type")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Issued:
    """Four credentials of an issuer that body 2 accredits: in force, revoked, suspended, revoked by its place."""

    def __init__(self, world: World):
        edition = second()
        world.deploy_registry(edition)
        self.client, self.contract = world.client, CredentialRegistry(world.client, edition.address)
        self.chain = f"eip155:{world.client.chain_id()}"

        def call(function: str, *arguments: Any) -> None:
            encoded = edition.function(function).encode(*arguments)
            assert world.send(edition.home(function, edition.address), encoded).succeeded

        call("registerParty", URI, bytes(32))
        call("registerParty", "did:web:agency.example", bytes(32))
        everything = Scope().to_numbers()
        terms = (2, 1, 1_600_000_000, 4_000_000_000, Kind.ACCREDIT_TO_ISSUE, everything, bytes(32), bytes(32), "")
        call("offerAccreditation", terms)
        call("acceptAccreditation", 1)
        self.documents = {name: document_of(name) for name in NAMES}
        self.digests: dict[str, Digest] = {name: digest_json(each) for name, each in self.documents.items()}
        values = sorted(each.value for each in self.digests.values())
        tree = Tree.build(values)
        call("anchor", 1, tree.root, len(values))
        call("revokeDigests", 1, [self.digests[NAMES[1]].value], Reason.OBTAINED_BY_FRAUD)
        call("suspendDigests", 1, [self.digests[NAMES[2]].value], Reason.UNDER_REVIEW)
        call("setStatus", 1, tree.root, 0, 0, 1 << values.index(self.digests[NAMES[3]].value), Reason.ISSUED_IN_ERROR)
        batch = self.contract.batch(1, tree.root)
        (event,) = self.contract.anchored_events(issuer=1, root=tree.root)
        assert batch is not None
        self.receipts: dict[str, Receipt] = {}
        for name, digest in self.digests.items():
            pending = Receipt.of_batch(
                digest,
                tree.root,
                tree.inclusion(values.index(digest.value)),
                chain=self.chain,
                contract=edition.address,
                issuer=1,
            )
            self.receipts[name] = pending.anchored(
                sequence=batch.sequence,
                transaction=event.transaction,
                block_number=batch.block_number,
                block_hash=event.block_hash,
                timestamp=batch.anchored_at,
            )


def document_of(name: str) -> bytes:
    content = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "issuer": URI,
        "validFrom": "2024-01-01T00:00:00Z",
        "credentialSubject": {"name": name, "award": "Doctor of Mathematics"},
    }
    return json.dumps(content).encode()


@contextmanager
def endpoints(client: ChainClient, *lies: Lie | None) -> Iterator[list[Endpoint]]:
    """As many endpoints as lies are given; None for an honest one."""
    lock = threading.Lock()
    made = [Endpoint(client, lock, lie) for lie in lies]
    try:
        yield made
    finally:
        for each in made:
            each.close()
