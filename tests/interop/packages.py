"""Packages of others, asked about many files at once: a process of node takes longer to start than to answer."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

from registry.proofs.signatures.keys import KeyKind
from registry.timestamps import write_timestamp
from tests.interop.others import REPOSITORY, contexts, missing, shared
from tests.interop.product import DATE, KEYS, METHOD, Product, controller_document, method_document

ANSWERS: Final = Path(__file__).with_name("answers.mjs")
SECONDS: Final = 120
OB_SCHEMA: Final = "schemas/ob_v3p0_achievementcredential_schema.json"
_OB_SCHEMA_URL: Final = "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json"


class Question:
    """Cases by name, put together and asked in one process.

    Args:
        made: what it serves is what the packages find on the network.
    """

    def __init__(self, made: Product):
        self._served = made.served
        self.cases: dict[str, dict[str, Any]] = {}

    def add(self, name: str, ask: str, **case: Any) -> None:
        """A case; `ask` is one of the answers of `answers.mjs`."""
        assert name not in self.cases
        self.cases[name] = {"ask": ask, **case}

    def asked(self) -> dict[str, Any]:
        """By case, its `value` or its `error`."""
        node = shutil.which("node")
        if node is None or not (REPOSITORY / "node_modules/@digitalcredentials/verifier-core").is_dir():
            missing("node and the packages of package.json are not here: run `npm ci`")
        question = {
            "served": self._served | _copies(),
            "documents": contexts() | _keys(),
            "date": write_timestamp(DATE),
            "registries": [],
            "cases": self.cases,
        }
        ran = subprocess.run(
            [str(node), str(ANSWERS)],
            input=json.dumps(question),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        told: dict[str, Any] = json.loads(ran.stdout)
        return told


def _copies() -> dict[str, dict[str, str]]:
    """What others publish on the network."""
    schema = {_OB_SCHEMA_URL: shared(OB_SCHEMA).read_text(encoding="utf-8")}
    bodies = schema | {url: json.dumps(document) for url, document in contexts().items()}
    return {url: {"type": "application/ld+json", "body": body} for url, body in bodies.items()}


def _keys() -> dict[str, dict[str, Any]]:
    """The documents of keys that are known by their `did:key`, and that of the institution."""
    found: dict[str, dict[str, Any]] = {}
    for key, method in [(each, None) for each in KEYS.values()] + [(KEYS[KeyKind.ED25519], METHOD)]:
        its, controller = method_document(key, method), controller_document(key, method)
        found |= {its["id"]: its, controller["id"]: controller}
    return found
