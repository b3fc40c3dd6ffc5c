"""Many documents signed by one key at one time: what their proofs have in common is made once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from registry.credential.strictjson import canonicalize
from registry.proofs.signatures.keys import SigningKey
from registry.proofs.signatures.suites import (
    PURPOSE,
    Suite,
    options_hash,
    proof_options,
    unsecured_form,
    with_proof,
)


class Signer:
    """A key with all that its proofs say, apart from the documents.

    Documents of one shape are quick in a suite over RDF, too (`registry.rdf.shapes`). It holds no state that a copy
    would not have, so that processes may have one each.

    Args:
        method, created, purpose, expires: as `registry.proofs.signatures.suites.sign`.

    Raises:
        SignerError: as `sign`.
    """

    def __init__(
        self,
        key: SigningKey,
        method: str,
        created: datetime,
        suite: Suite,
        *,
        purpose: str = PURPOSE,
        expires: datetime | None = None,
    ):
        self._key = key
        self._suite = suite
        self._options = proof_options(key, method, created, suite, purpose=purpose, expires=expires)
        self._context: bytes | None = None
        self._first = b""

    def sign(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The document with the proof; the same as `registry.proofs.signatures.suites.sign` makes.

        Raises:
            CredentialError: it has no form that the suite signs.
        """
        form = unsecured_form(document, self._suite, self._key)
        context = document.get("@context")
        if (named := canonicalize(context)) != self._context:
            self._first, self._context = options_hash(self._options, context, self._key), named
        return with_proof(document, self._options, self._first, form, self._key)

    def sign_all(self, documents: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """The documents with their proofs, in their order, each when it is asked for."""
        return map(self.sign, documents)
