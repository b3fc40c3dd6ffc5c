"""What the page can come to: for each state the settings, what is brought, and what it says then."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from registry.receipt.model import to_json
from registry.records import Reason
from registry.service.routes.pages import VERIFYING
from registry.service.web.page.kinds import Kind
from registry.service.web.page.settings import NamedParty, NamedRegister, PageSettings
from registry.service.web.page.whole import page
from registry.service.web.pages.rendering import HTML
from tests.registry.chain.worlds import World
from tests.web.browser import Page, chromium
from tests.web.endpoints import NAMES, Endpoint, Issued, document_of, endpoints, evidence_of, without_proofs

PICTURES: Final = Path(__file__).parents[2] / "build/screenshots"
RESULT: Final = "document.querySelector('#result .outcome strong')?.textContent"
UNKNOWN: Final = {"status": 404, "code": "unknown-digest"}
"""What a lookup service says of a digest that it does not know."""
DOWN: Final = "http://127.0.0.1:9/"
CHAIN_ID: Final = 1_414_747_299
"""Of a chain that nobody knows; of the embedded one's own number it is known that it is for practice."""
HOSTILE: Final = "</script><img src=x onerror=alert(1)>\u202e\x1b[31mnot valid\u2066 аррӏе " + "W" * 3_000
SHORT_HOSTILE: Final = HOSTILE[:150]
BADGE: Final = document_of(
    "Grace Hopper",
    type=["VerifiableCredential", "OpenBadgeCredential"],
    issuer={"id": "did:web:university.example", "name": "University of Example", "type": ["Profile"]},
    awardedDate="2024-06-30T00:00:00Z",
    credentialSubject={
        "type": ["AchievementSubject"],
        "name": "Grace Hopper",
        "achievement": {
            "id": "https://university.example/programmes/msc-computing",
            "type": ["Achievement"],
            "achievementType": "MasterDegree",
            "name": "Master of Science in Computing",
            "alignment": [
                {
                    "targetName": "Level 7",
                    "targetFramework": "European Qualifications Framework",
                    "targetUrl": "https://data.europa.eu/snb/eqf/7",
                }
            ],
        },
    },
)


@dataclass(frozen=True)
class State:
    """One of them.

    Attributes:
        head: the verdict in words.
        says: something that the result has to say.
        files: what is brought, by its name.
        settings: that differ from the usual ones.
        asks: whether any endpoint is asked.
    """

    head: str
    says: str
    files: dict[str, bytes]
    settings: dict[str, Any] = field(default_factory=dict)
    asks: bool = True


class Stand:
    """The page in a browser, endpoints of several kinds, and credentials in all states."""

    def __init__(
        self, folder: Path, issued: Issued, urls: dict[str, Endpoint], browser: Page, kind: Kind = Kind.VERIFY
    ):
        self.folder, self.issued, self.urls, self.browser, self.kind = folder, issued, urls, browser, kind
        self.endpoint = urls["honest"]
        self._others()
        self.states = self._states()

    def _others(self) -> None:
        """Credentials of which other things are so than of the first four."""
        issued = self.issued
        issued.anchor(
            {
                "badge": BADGE,
                "expired": document_of("Hypatia", validUntil="2024-12-31T00:00:00Z"),
                "old": document_of("Mary Somerville"),
                "new": document_of("Mary Fairfax Somerville"),
            }
        )
        issued.call("supersede", 1, *issued.place("old"), *issued.place("new"))
        issued.call("revokeDigests", 1, [issued.digests["old"].value], Reason.SUPERSEDED)
        issued.call("registerParty", f"https://x.example/{SHORT_HOSTILE}", bytes(32))
        hostile = dict.fromkeys(("name", "award", "givenName", "familyName"), HOSTILE)
        subject = hostile | {"achievement": {"name": HOSTILE, "achievementType": HOSTILE, "level": [HOSTILE] * 50}}
        issued.anchor(
            {"hostile": document_of("", credentialSubject=subject, issuer={"name": HOSTILE}, validUntil=HOSTILE)},
            issuer=3,
        )

    def _states(self) -> dict[str, State]:
        receipts, documents = self.issued.receipts, self.issued.documents
        pair = self.pair
        good = pair(NAMES[0])
        changed = {**good, "diploma.json": documents[NAMES[0]].replace(b"Doctor", b"Master")}
        twice = {**good, "diploma.json": documents[NAMES[0]].replace(b"{", b'{"issuer": "x", ', 1)}
        evidence = evidence_of(self.issued, receipts[NAMES[0]])
        offline = {
            **good,
            "diploma.json.receipt.json": evidence["receipt"].encode(),
            "list.txt": evidence["list"].encode(),
        }
        (hostile, hostile_receipt) = pair("hostile").values()
        trusted = (NamedParty(party=2, name=SHORT_HOSTILE),)
        no, unsure = "Not valid", "Could not be checked"
        url = {kind: endpoint.url for kind, endpoint in self.urls.items()}
        several = {
            f"{name.split()[-1].lower()}{ending}": content
            for name in (*NAMES, "expired", "badge")
            for ending, content in zip((".json", ".json.receipt.json"), pair(name).values(), strict=True)
        }
        return {
            "good": State("Valid", "Master of Science in Computing", pair("badge")),
            "levels": State("Valid", "level 7 of Cadre national", pair("badge"), {"country": "FR"}),
            "registers": State(
                unsure,
                "they are not read here",
                pair("badge"),
                {"registers": (NamedRegister(register="deqar", name="DEQAR"),)},
            ),
            "changed": State(no, "Nothing vouches for this", changed),
            "revoked": State(no, "obtained-by-fraud", pair(NAMES[1])),
            "suspended": State(no, "under-review", pair(NAMES[2])),
            "revoked-by-place": State(no, "revoked", pair(NAMES[3])),
            "superseded": State(no, "superseded", pair("old")),
            "expired": State(no, "It expired on 2024-12-31", pair("expired")),
            "other-chain": State(unsure, "and not of", good, {"chain": "eip155:5"}),
            "duplicate-key": State(no, "occurs twice", twice),
            "endpoint-down": State(unsure, "127.0.0.1:9", good, {"endpoints": (DOWN,)}, asks=False),
            "endpoints-differ": State(unsure, "differ", good, {"endpoints": (url["honest"], url["other"])}),
            "endpoint-lies": State(unsure, "not proved", pair(NAMES[1]), {"endpoints": (url["liar"],)}),
            "no-endpoint": State(unsure, "nobody was asked", good, {"endpoints": ()}, asks=False),
            "offline": State(
                "Valid, with a warning",
                "No endpoint was asked",
                offline,
                {"endpoints": (), "witnesses": evidence["witnesses"]},
                asks=False,
            ),
            "untrusted": State(unsure, "whom you have not named as trusted", good, {"issuers": ()}),
            "receipt-alone": State(
                unsure, "No document was looked at", {"x.receipt.json": good["diploma.json.receipt.json"]}
            ),
            "digest-alone": State(
                unsure, "receipt", {"digest.txt": self.issued.digests[NAMES[0]].hex.encode()}, asks=False
            ),
            "hostile": State(
                unsure,
                "with hidden characters",
                {f"{SHORT_HOSTILE[:40].replace('/', '')}.json": hostile, "x.receipt.json": hostile_receipt},
                {"issuers": trusted, "institution": SHORT_HOSTILE},
            ),
            "table": State("", f"{len(several) // 2} documents", several),
        }

    def pair(self, name: str) -> dict[str, bytes]:
        """A document and its receipt."""
        receipt = to_json(self.issued.receipts[name])
        return {"diploma.json": self.issued.documents[name], "diploma.json.receipt.json": receipt}

    def page(self, *, served: bool = False, in_language: str | None = None, **settings: Any) -> bytes:
        usual = {
            "institution": "University of Example",
            "chain": self.issued.chain,
            "endpoints": (self.endpoint.url,),
            "issuers": (NamedParty(party=1, name="University of Example"),),
        }
        return page(PageSettings(**{**usual, **settings}), self.kind, served=served, in_language=in_language)

    def open(self, *, fragment: str = "", **settings: Any) -> None:
        """The page from a file."""
        path = self.folder / self.kind.file
        path.write_bytes(self.page(**settings))
        self.forget()
        self.browser.open(f"file://{path}{fragment}")

    def forget(self) -> None:
        """What was said and asked until now."""
        self.browser.requested.clear()
        self.browser.said.clear()
        for endpoint in self.urls.values():
            endpoint.asked.clear()

    def bring(self, files: dict[str, bytes]) -> None:
        """Choose files; nothing is waited for."""
        written = self.folder / "brought"
        written.mkdir(exist_ok=True)
        for each in written.iterdir():
            each.unlink()
        for name, content in files.items():
            (written / name).write_bytes(content)
        self.browser.choose("#files", *(written / name for name in files))

    def reach(self, name: str) -> State:
        """Open the page and bring what leads to a state."""
        state = self.states[name]
        self.open(**state.settings)
        self.bring(state.files)
        self.answer()
        return state

    @contextmanager
    def served(self, answers: Mapping[str, Any] | None = None, **settings: Any) -> Iterator[str]:
        """The address of the page as the lookup service sends it; what that answers to questions, by their path."""
        whole = self.page(served=True, **settings)
        told = {
            path: json.dumps(answer).encode() for path, answer in ({"unknown": UNKNOWN} | dict(answers or {})).items()
        }

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                content = told.get(self.path, told["unknown"] if self.path.startswith("/v1/") else whole)
                self.send_response(404 if content == told.get("unknown") else 200)
                for name, value in {"Content-Type": HTML, **VERIFYING, "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.forget()
            yield f"http://127.0.0.1:{server.server_address[1]}/{self.kind}"
            server.shutdown()

    def answer(self) -> str:
        """The verdict, once it is there: it has the focus then."""
        self.browser.wait("document.activeElement.id === 'result' && document.querySelector('#result strong') !== null")
        found: str = self.browser.evaluate("document.querySelector('#result').innerText")
        return found

    def asked(self) -> list[str]:
        """What all endpoints were asked."""
        return [each for endpoint in self.urls.values() for each in endpoint.asked]


def another_block(method: str, result: Any) -> Any:
    """Names other blocks."""
    return {**result, "hash": f"0x{'66' * 32}"} if method == "eth_getBlockByNumber" else result


@contextmanager
def stand_in(folder: Path, kind: Kind = Kind.VERIFY) -> Iterator[Stand]:
    """A chain, endpoints and a browser, all with their files in a folder."""
    from registry.embedded.chain import EmbeddedChain
    from registry.embedded.evm import TestamurChain

    lies = {"honest": None, "other": another_block, "liar": without_proofs}
    with patch.object(TestamurChain, "chain_id", CHAIN_ID), EmbeddedChain(folder / "chain") as chain:
        issued = Issued(World("embedded", chain.client()))
        with endpoints(issued.client, *lies.values()) as made, chromium(folder / "profile") as browser:
            yield Stand(folder, issued, dict(zip(lies, made, strict=True)), browser, kind)
