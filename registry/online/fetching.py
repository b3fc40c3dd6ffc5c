"""JSON of strangers over HTTPS, for a verifier who allows it: bounded in time, bytes and number, and from public hosts.

Whoever wrote a document chose the addresses in it. So a host is looked up once and every address that it has is looked
at before anything is sent to it; the connection is to one of these very addresses, whatever the name leads to by then.
No redirect is followed, no proxy is used, and what does not answer is `Unfetched`: unknown, and never a bad answer.

Sources: server-side request forgery (CWE-918), DNS rebinding (CWE-350); special addresses by the IANA registries that
`ipaddress` has (RFC 6890).
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from registry.credential.strictjson import Limits, parse_json
from registry.errors import CredentialError, Unfetched
from registry.untrusted.text import terminal_text

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MOST_SECONDS: Final = 10.0
"""For one document, from looking up its host to its last byte."""
MOST_FETCHED: Final = 64
"""Documents of one run: a folder of credentials names few."""
MOST_SECONDS_IN_ALL: Final = 60.0
"""Of one run, after which nothing more is asked for: whoever has one slow host has as many names for it as wanted."""
MOST_SILENCES: Final = 2
"""After so many a host is not waited for again in the same run."""
LONGEST_URL: Final = 2_000
_HEAD_BYTES: Final = 64 << 10
_DEPTH: Final = 64
_HTTPS: Final = 443
# IPv6 addresses of gateways that lead to the IPv4 address in their last 32 bits (RFC 6052, RFC 8215).
_TRANSLATED: Final = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
# All that the IANA gives out of IPv6 is in the first, but for the second, which is for examples (RFC 9637). So an IPv4
# address written in `::/96` (RFC 4291) or `::ffff:0:0:0/96` (RFC 2765) is none of the public internet.
_GIVEN_OUT: Final = ipaddress.IPv6Network("2000::/3")
_FOR_EXAMPLES: Final = ipaddress.IPv6Network("3fff::/20")
# The half of an address in front of an IPv4 address to which a tunnel leads (RFC 5214 section 6.1).
_ISATAP: Final = (0x0000_5EFE, 0x0200_5EFE)


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet, also where it is written inside another one."""
    if isinstance(address, ipaddress.IPv6Address):
        teredo = address.teredo
        inner = address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
        if inner is not None:
            return is_public(inner)
        is_tunnel = int(address) >> 32 & 0xFFFF_FFFF in _ISATAP
        if is_tunnel or any(address in network for network in _TRANSLATED):
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
        if address not in _GIVEN_OUT or address in _FOR_EXAMPLES:
            return False
    return address.is_global and not address.is_multicast


@dataclass(frozen=True, slots=True)
class Place:
    """Where an `https` URL leads: `target` is the path with its query, as it is asked for."""

    host: str
    port: int
    target: str


def place_of(url: str) -> Place:
    """Where a URL leads.

    Raises:
        Unfetched: it is no `https` URL that is asked here (code `not-https`).
    """
    # First of all, since what follows takes longer than in proportion.
    if len(url) > LONGEST_URL:
        raise _refused(url, "it is no URL that can be read")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname or ""
        ascii_host = host.encode("ascii" if ":" in host else "idna").decode("ascii")
    except ValueError:
        raise _refused(url, "it is no URL that can be read") from None
    if not url.isprintable() or not url.isascii() or any(sign in url for sign in ' "<>\\^`{|}'):
        raise _refused(url, "it is no URL that can be read")
    if parts.scheme != "https":
        raise _refused(url, "only https is asked")
    if not ascii_host or parts.username is not None or parts.password is not None or port == 0:
        raise _refused(url, "it names no host, or a user with it")
    return Place(ascii_host, port or _HTTPS, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


class Fetcher:
    """Fetches the documents of one run: each URL once, whatever came of it.

    Args:
        allows: which addresses may be connected to.
        context: for TLS; default: the system's authorities.
        seconds: for one document.
        most: documents that are fetched in all.
        in_all: seconds for all of them.

    Attributes:
        fetched: how many were asked for so far.
    """

    def __init__(
        self,
        *,
        allows: Callable[[Address], bool] = is_public,
        context: ssl.SSLContext | None = None,
        seconds: float = MOST_SECONDS,
        most: int = MOST_FETCHED,
        in_all: float = MOST_SECONDS_IN_ALL,
    ):
        self._allows = allows
        self._context = context
        self._seconds = seconds
        self._most = most
        self._left_in_all = in_all
        self._known: dict[str, Any | Unfetched] = {}
        self._silences: Counter[str] = Counter()
        self.fetched = 0

    def json(self, url: str, accept: str, most_bytes: int) -> Any:
        """The JSON under a URL, read without ambiguity.

        Args:
            accept: media types that are asked for.
            most_bytes: that the answer may have.

        Raises:
            Unfetched: there is none that can be used; what the server said of it is not repeated.
        """
        if url not in self._known:
            try:
                self._known[url] = self._asked(url, accept, most_bytes)
            except Unfetched as error:
                self._known[url] = error
        found = self._known[url]
        if isinstance(found, Unfetched):
            raise found
        return found

    def _asked(self, url: str, accept: str, most_bytes: int) -> Any:
        place = place_of(url)
        if self.fetched >= self._most:
            what = f"{self._most} documents were fetched already, the most of one run"
            raise Unfetched(what, remedy="Verify fewer credentials at once.", code="too-many")
        if self._left_in_all <= 0:
            what = "all that was fetched before took too long, and no more is asked for"
            raise Unfetched(what, remedy="Verify fewer credentials at once.", code="too-many")
        if self._silences[place.host] >= MOST_SILENCES:
            raise _silent(place, "did not answer before, and was not asked again")
        self.fetched += 1
        began = time.monotonic()
        try:
            body = self._body(place, accept, most_bytes)
        finally:
            self._left_in_all -= time.monotonic() - began
        try:
            return parse_json(body, Limits(max_bytes=most_bytes, max_depth=_DEPTH))
        except CredentialError as error:
            raise _unusable(place, f"sent what is not read as JSON: {error.what}") from None

    def _body(self, place: Place, accept: str, most_bytes: int) -> bytes:
        ends = time.monotonic() + self._seconds
        try:
            with self._connected(place, ends) as stream:
                return _answer(place, stream, ends, accept, most_bytes)
        except ssl.SSLCertVerificationError:
            raise _unusable(place, "has no TLS certificate that is accepted") from None
        except (OSError, http.client.HTTPException):
            # The words of both may hold what the server sent.
            self._silences[place.host] += 1
            raise _silent(place, "did not answer as a web server does, or not in time") from None

    def _connected(self, place: Place, ends: float) -> ssl.SSLSocket:
        addresses = _looked_up(place, ends)
        for sockaddr in addresses:
            # A scope such as %eth0 is of a link, and never of the public internet.
            if not self._allows(ipaddress.ip_address(str(sockaddr[0]).partition("%")[0])):
                raise _unusable(place, "leads to an address that is not of the public internet")
        context = self._context or _system_context()
        raw = _connection(addresses, ends)
        try:
            return context.wrap_socket(raw, server_hostname=place.host)
        except BaseException:
            raw.close()
            raise


def _looked_up(place: Place, ends: float) -> list[tuple[Any, ...]]:
    """Every address that the host has. The system's resolver cannot be hurried, so it is not waited for too long."""
    found: list[tuple[Any, ...]] = []

    def ask() -> None:
        with suppress(OSError, UnicodeError):
            found.extend(info[4] for info in socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(max(0.0, ends - time.monotonic()))
    if asking.is_alive() or not found:
        raise _silent(place, "has no address that could be found")
    return found


def _connection(addresses: list[tuple[Any, ...]], ends: float) -> socket.socket:
    """To the first that answers, of addresses that were looked at."""
    failure: OSError | None = None
    for sockaddr in addresses:
        try:
            connection = socket.create_connection(sockaddr[:2], _left(ends))
        except OSError as error:
            failure = error
        else:
            connection.settimeout(_left(ends))
            return connection
    raise failure or OSError("no address")


def _answer(place: Place, connection: ssl.SSLSocket, ends: float, accept: str, most_bytes: int) -> bytes:
    port = "" if place.port == _HTTPS else f":{place.port}"
    host = f"[{place.host}]" if ":" in place.host else place.host
    connection.sendall(
        f"GET {place.target} HTTP/1.1\r\nHost: {host}{port}\r\nAccept: {accept}\r\nAccept-Encoding: identity\r\n"
        "User-Agent: testamur\r\nConnection: close\r\n\r\n".encode("ascii")
    )
    response = _Response(connection, ends, most_bytes + _HEAD_BYTES)
    response.begin()
    if response.status != http.client.OK:
        led = " and leads elsewhere, which is not followed" if response.status // 100 == 3 else ""
        raise _unusable(place, f"answered with the status {response.status}{led}")
    if response.getheader("Content-Encoding", "identity").strip().lower() != "identity":
        raise _unusable(place, "sent it packed, which was not asked for")
    body = response.read(most_bytes + 1)
    if len(body) > most_bytes:
        raise _unusable(place, f"sent more than {most_bytes:,} bytes")
    if response.length:
        raise http.client.IncompleteRead(body, response.length)
    return body


class _Timed(io.RawIOBase):
    """What is received until a moment, and of that no more than so many bytes."""

    def __init__(self, connection: socket.socket, ends: float, most_bytes: int):
        super().__init__()
        self._connection = connection
        self._ends = ends
        self._most_left = most_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(_left(self._ends))
        received = self._connection.recv_into(buffer)
        self._most_left -= received
        if self._most_left < 0:
            raise OSError("more than may be sent")
        return received


class _Response(http.client.HTTPResponse):
    def __init__(self, connection: socket.socket, ends: float, most_bytes: int):
        super().__init__(connection, method="GET")
        self.fp.close()
        self.fp = io.BufferedReader(_Timed(connection, ends, most_bytes))


def _left(ends: float) -> float:
    """Seconds until a moment; never none, which would mean for ever."""
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _system_context() -> ssl.SSLContext:
    paths = ssl.get_default_verify_paths()
    if paths.cafile or paths.capath:
        return ssl.create_default_context()
    import certifi  # Python builds without a system store (macOS installers)

    return ssl.create_default_context(cafile=certifi.where())


def _refused(url: str, why: str) -> Unfetched:
    return Unfetched(
        f"{terminal_text(url, 200)!r} was not asked: {why}",
        remedy="Ask whoever issued the credential for one that names an https address.",
        code="not-https",
    )


def _silent(place: Place, what: str) -> Unfetched:
    return Unfetched(f"{place.host} {what}", remedy="Try again later.", code="unreachable")


def _unusable(place: Place, what: str) -> Unfetched:
    return Unfetched(f"{place.host} {what}", remedy="Tell its owner, or try again later.", code="unusable")
