"""Endpoints of an embedded chain that a page may ask, and credentials on it of which something was said."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from registry.chain.contract import CredentialRegistry
from registry.chain.editions import second
from registry.chain.rpc.client import ChainClient
from registry.credential.digest import Digest, digest_json
from registry.merkle.tree import Tree
from registry.proofs.checkpoints import Entry, checkpoints_of
from registry.proofs.notes import KeyKind, SignerKey
from registry.receipt.model import Receipt, to_json
from registry.recognition.scope import Scope
from registry.records import Kind, Reason
from registry.verifier.gathering import Leaves, gather
from tests.registry.chain.worlds import World

URI = "did:web:university.example"
NAMES = ("Ada Lovelace", "Emmy Noether", "Sofja Kowalewskaja", "Maryam Mirzakhani")
Lie = Callable[[str, Any], Any]


class Endpoint:
    """One endpoint by its URL, with what it was asked; a lie changes what it answers.

    Attributes:
        answers: while it is not set, whoever asks waits.
    """

    def __init__(self, client: ChainClient, lock: threading.Lock, lie: Lie | None = None):
        self.asked: list[str] = []
        self.answers = threading.Event()
        self.answers.set()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_OPTIONS(self) -> None:
                self._answer(204, b"")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.asked.append(body.decode())
                asked = json.loads(body)
                endpoint.answers.wait()
                answers = [self._answered(each) for each in (asked if isinstance(asked, list) else [asked])]
                self._answer(200, json.dumps(answers if isinstance(asked, list) else answers[0]).encode())

            def _answered(self, question: dict[str, Any]) -> dict[str, Any]:
                with lock:
                    result = client.request(question["method"], question["params"])
                if lie is not None:
                    result = lie(question["method"], result)
                return {"jsonrpc": "2.0", "id": question["id"], "result": result}

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
        self.answers.set()
        self._server.shutdown()
        self._server.server_close()


class Issued:
    """Four credentials of an issuer that body 2 accredits: in force, revoked, suspended, revoked by its place."""

    def __init__(self, world: World):
        self._world, self._edition = world, second()
        world.deploy_registry(self._edition)
        self.client, self.contract = world.client, CredentialRegistry(world.client, self._edition.address)
        self.chain = f"eip155:{world.client.chain_id()}"
        self.documents: dict[str, bytes] = {}
        self.digests: dict[str, Digest] = {}
        self.receipts: dict[str, Receipt] = {}
        self.call("registerParty", URI, bytes(32))
        self.call("registerParty", "did:web:agency.example", bytes(32))
        everything = Scope().to_numbers()
        terms = (2, 1, 1_600_000_000, 4_000_000_000, Kind.ACCREDIT_TO_ISSUE, everything, bytes(32), bytes(32), "")
        self.call("offerAccreditation", terms)
        self.call("acceptAccreditation", 1)
        self.anchor({name: document_of(name) for name in NAMES})
        self.call("revokeDigests", 1, [self.digests[NAMES[1]].value], Reason.OBTAINED_BY_FRAUD)
        self.call("suspendDigests", 1, [self.digests[NAMES[2]].value], Reason.UNDER_REVIEW)
        root, index = self.place(NAMES[3])
        self.call("setStatus", 1, root, 0, 0, 1 << index, Reason.ISSUED_IN_ERROR)

    def call(self, function: str, *arguments: Any) -> None:
        edition = self._edition
        encoded = edition.function(function).encode(*arguments)
        assert self._world.send(edition.home(function, edition.address), encoded).succeeded

    def anchor(self, documents: dict[str, bytes], *, issuer: int = 1) -> None:
        """One batch of them."""
        digests = {name: digest_json(each) for name, each in documents.items()}
        values = sorted(each.value for each in digests.values())
        tree = Tree.build(values)
        self.call("anchor", issuer, tree.root, len(values))
        batch = self.contract.batch(issuer, tree.root)
        (event,) = self.contract.anchored_events(issuer=issuer, root=tree.root)
        assert batch is not None
        for name, digest in digests.items():
            pending = Receipt.of_batch(
                digest,
                tree.root,
                tree.inclusion(values.index(digest.value)),
                chain=self.chain,
                contract=self._edition.address,
                issuer=issuer,
            )
            self.receipts[name] = pending.anchored(
                sequence=batch.sequence,
                transaction=event.transaction,
                block_number=batch.block_number,
                block_hash=event.block_hash,
                timestamp=batch.anchored_at,
            )
        self.documents |= documents
        self.digests |= digests

    def place(self, name: str) -> tuple[bytes, int]:
        """The root of a credential's batch, and its place there."""
        receipt = self.receipts[name]
        return receipt.root, receipt.inclusion.leaf_index


def document_of(name: str, **more: Any) -> bytes:
    content = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "issuer": URI,
        "validFrom": "2024-01-01T00:00:00Z",
        "credentialSubject": {"name": name, "award": "Doctor of Mathematics"},
        **more,
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


def evidence_of(issued: Issued, receipt: Receipt) -> dict[str, str]:
    """A receipt with evidence, a list with its block that a witness signed, and a policy that names both."""
    block = issued.client.block("latest")
    assert block is not None
    chain_id = issued.client.chain_id()
    leaves = Leaves(1, receipt.root, {receipt.inclusion.leaf_index: receipt.digest_value})
    evidence = gather(issued.contract, chain_id, leaves, block)
    log, witness = (SignerKey.new(f"{kind.name.lower()}.example", kind) for kind in (KeyKind.NOTE, KeyKind.COSIGNATURE))
    entry = Entry(issued.chain, block.number, block.hash, block.timestamp)
    listed = checkpoints_of(log.name, [entry])
    for signer in (log, witness):
        listed = listed.with_signature(signer.sign(listed.note.text, datetime.now(UTC)))
    return {
        "receipt": to_json(receipt.with_evidence(evidence)).decode(),
        "list": bytes(listed).decode(),
        "witnesses": f"log {log.verifier}\nwitness w0 {witness.verifier}\nquorum w0\n",
    }


def without_proofs(method: str, result: Any) -> Any:
    """Says that nothing is stored, with a proof of something else."""
    if method == "eth_getProof":
        return {**result, "storageProof": [{**each, "value": "0x0", "proof": []} for each in result["storageProof"]]}
    return result
