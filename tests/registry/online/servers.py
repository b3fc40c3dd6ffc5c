"""A web server over TLS on loopback, with an authority of its own, that answers as a test says."""

from __future__ import annotations

import datetime
import ipaddress
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from registry.online.fetching import Address, Fetcher

Answer = bytes | Callable[[Callable[[bytes], None]], None]
"""All that is sent after a request, or what sends it."""


def answer(body: object, status: int = 200, **headers: str) -> bytes:
    """An answer with its length; a body that is not bytes is written as JSON."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


@dataclass(slots=True)
class Served:
    """What a server answers, by path, and what it was asked."""

    port: int
    context: ssl.SSLContext
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str) -> str:
        return f"https://localhost:{self.port}{path}"

    def did(self, *steps: str) -> str:
        return ":".join([f"did:web:localhost%3A{self.port}", *steps])

    def serve(self, did: str, document: Mapping[str, object]) -> None:
        """Answer with the document of a DID."""
        steps = did.split(":")[3:]
        self.answers[f"/{'/'.join(steps) if steps else '.well-known'}/did.json"] = answer(document)

    def fetcher(
        self,
        *,
        allows: Callable[[Address], bool] = lambda address: address.is_loopback,
        seconds: float = 10,
        most: int = 64,
        in_all: float = 60,
    ) -> Fetcher:
        return Fetcher(allows=allows, context=self.context, seconds=seconds, most=most, in_all=in_all)


@contextmanager
def serving(answers: Mapping[str, Answer] | None = None) -> Iterator[Served]:
    """A server that answers 404 to everything else."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "server.pem"
        path.write_bytes(_certified())
        outside = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        outside.load_cert_chain(path)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                with outside.wrap_socket(self.request, server_side=True) as connection:
                    head = b""
                    while b"\r\n\r\n" not in head and (received := connection.recv(4096)):
                        head += received
                    if not head:
                        return
                    asked = head.split(b" ")[1].decode()
                    served.asked.append(asked)
                    said = served.answers.get(asked, answer(b"", 404))
                    if isinstance(said, bytes):
                        connection.sendall(said)
                    else:
                        said(connection.sendall)
            except OSError:
                return  # The client hung up, which is what some tests are about.

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Handler) as server:
        inside = ssl.create_default_context(cadata=_authority().decode())
        served = Served(server.server_address[1], inside, dict(answers or {}))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield served
        finally:
            served.ended.set()
            server.shutdown()
            thread.join()


@cache
def _made() -> tuple[bytes, bytes]:
    """A key with its certificate, and the certificate of the authority, which is the same one."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of a test")])
    now = datetime.datetime.now(datetime.UTC)
    names: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    ).public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret + certificate, certificate


def _certified() -> bytes:
    return _made()[0]


def _authority() -> bytes:
    return _made()[1]
