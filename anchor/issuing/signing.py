"""Signs credentials with the institution's key, many at a time: made, signed and digested in the same process.

By default a document carries two proofs. `eddsa-rdfc-2022` first: it is what verifiers elsewhere take, and of a
document without it some of them say that its signature is invalid. Then `eddsa-jcs-2022`, which needs no RDF and is
checked by whatever can make the digest. The setting `issuing_proofs` leaves one of them out; with a key on P-256 or
P-384 the suites are those of ECDSA. A template with the form `sd-jwt` has one signature, that of the token.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import orjson

from anchor.issuing.credentials import CONTEXTS, Awards, Facts
from anchor.issuing.roster.reading import Row
from anchor.issuing.selective import issue_selective
from anchor.issuing.templates.model import Form, Template
from registry.credential.digest import Digest, DigestMethod, canonicalize, digest_sd_jwt
from registry.errors import SettingsError, StoreError
from registry.privatefiles import refuse_readable
from registry.proofs.signatures.keys import SigningKey, did_key, did_key_method, read_key
from registry.proofs.signatures.suites import Suite, options_hash, proof_options, unsecured_form, with_proof

ROWS_A_PIECE: Final = 512
PARALLEL_FROM_ROWS: Final = 2_000
"""Below this, starting processes costs more than they save."""
_DEFAULT_KEY_NAME: Final = "key-1"
_NEW_KEY: Final = "`openssl genpkey -algorithm ed25519 -out issuer-key.pem` makes one"


class Proofs(StrEnum):
    """Which proofs a document carries, as the setting has it."""

    BOTH = "both"
    RDFC = "rdfc"
    JCS = "jcs"


@dataclass(frozen=True, slots=True)
class IssuingKey:
    """The key of an institution, and how documents name it.

    Attributes:
        secret: the key as text, which `read_key` reads; for processes that sign.
        method: under which verifiers find its public half.
        suites: of the proofs, in their order in the document.
    """

    secret: str = field(repr=False)
    method: str
    suites: tuple[Suite, ...]

    @property
    def key(self) -> SigningKey:
        """The key itself."""
        return read_key(self.secret)


@dataclass(frozen=True, slots=True)
class ToMake:
    """A row of which credentials are to be made.

    Attributes:
        edition: 1, and one more for each correction.
        entries: part → what its `credentialStatus` is to be.
    """

    row: Row
    edition: int = 1
    entries: Mapping[str, Sequence[dict[str, Any]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed credential, as compact JSON or as SD-JWT with all its disclosures."""

    part: str
    credential_id: str
    digest: Digest
    document: bytes


def issuing_key(file: Path | None, method: str | None, proofs: Proofs, issuer: str) -> IssuingKey:
    """The key in a file that its owner alone can read, for credentials of one institution.

    Args:
        method: default: the key `#key-1` of the issuer's DID document, where the issuer has a DID.
        issuer: as the credential names it; verifiers elsewhere refuse a key that is not the issuer's own.

    Raises:
        SettingsError: there is no file, or it cannot be read; code `other-controller`: the method is not the issuer's.
        SignerError: others can read it, or there is no key in it.
    """
    secret, key, place = _read(file)
    return IssuingKey(secret, _method(method, issuer, key, place), _suites(proofs, key))


def own_key(file: Path | None, method: str | None, proofs: Proofs) -> tuple[str, IssuingKey]:
    """The same for what names no issuer of its own, with the DID that the key is of.

    Args:
        method: default: that of its `did:key`.

    Raises:
        SettingsError, SignerError: as `issuing_key`.
    """
    secret, key, place = _read(file)
    issuer = did_key(key) if method is None else method.partition("#")[0]
    return issuer, IssuingKey(secret, _method(method, issuer, key, place), _suites(proofs, key))


def _read(file: Path | None) -> tuple[str, SigningKey, Path]:
    if file is None:
        raise SettingsError(
            "no key is set that signs credentials",
            remedy=f"Name its file with --sign-key, or set issuing_key; {_NEW_KEY}.",
            code="no-issuing-key",
        )
    try:
        refuse_readable(file)
        secret = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise SettingsError(
            f"the key that signs credentials cannot be read: {reason}",
            where=str(file),
            remedy=f"Correct issuing_key or --sign-key. Where there is none yet, {_NEW_KEY}.",
        ) from None
    return secret, read_key(secret, where=str(file)), file


def _method(method: str | None, issuer: str, key: SigningKey, file: Path) -> str:
    default = did_key_method(key) if issuer == did_key(key) else f"{issuer}#{_DEFAULT_KEY_NAME}"
    found = method or default
    if found.partition("#")[0] != issuer or not issuer.startswith("did:"):
        raise SettingsError(
            f"the credentials name {issuer[:200]!r} as their issuer, and the key is {found[:200]!r}: "
            "verifiers believe only a key of the issuer's own DID",
            where=str(file),
            remedy=f"Write a DID into the template's issuer and set issuing_method to a key of it, such as "
            f"did:web:university.example#{_DEFAULT_KEY_NAME}; without a web server, the issuer can be {did_key(key)}.",
            code="other-controller",
        )
    return found


def _suites(proofs: Proofs, key: SigningKey) -> tuple[Suite, ...]:
    rdfc, jcs = (Suite.for_key(key, is_rdf=is_rdf) for is_rdf in (True, False))
    return {Proofs.BOTH: (rdfc, jcs), Proofs.RDFC: (rdfc,), Proofs.JCS: (jcs,)}[proofs]


class Press:
    """Makes and signs the credentials of one template, one row after the other.

    Args:
        created: the moment that the signatures state.
    """

    def __init__(self, template: Template, key: IssuingKey, created: datetime):
        self._template = template
        self._awards = Awards(template)
        self._key = key.key
        self._method = key.method
        self._created = created
        # All documents have the same contexts, so that of the proofs' options there is one hash for each suite.
        self._proofs = []
        for suite in key.suites:
            options = proof_options(self._key, key.method, created, suite)
            self._proofs.append((suite, options, options_hash(options, list(CONTEXTS), self._key)))

    def made_of(self, one: ToMake) -> list[Signed]:
        """The signed credentials of one row, the award first."""
        facts = Facts(status_of=lambda part: one.entries.get(part, ()))
        signed = self._selective if self._template.form is Form.SD_JWT else self._signed
        return [signed(each.part, each.document) for each in self._awards.of(one.row, facts)]

    def _selective(self, part: str, document: dict[str, Any]) -> Signed:
        """One SD-JWT; its digest is that of what is signed, whatever of it is shown."""
        token = issue_selective(document, self._template, self._key, self._method, self._created)
        return Signed(part, document["id"], digest_sd_jwt(token), token)

    def _signed(self, part: str, document: dict[str, Any]) -> Signed:
        """One document, signed by each suite over the same text; its digest leaves the proofs out."""
        form = canonicalize(document)
        secured = document
        for suite, options, first in self._proofs:
            unsecured = unsecured_form(document, suite, self._key) if suite.is_rdf else form
            secured = with_proof(secured, options, first, unsecured, self._key)
        digest = Digest(DigestMethod.VC_JCS, sha256(form).digest())
        return Signed(part, document["id"], digest, orjson.dumps(secured))


def signed_rows(
    template: Template,
    key: IssuingKey,
    created: datetime,
    pieces: Iterable[Sequence[ToMake]],
    *,
    count: int,
    workers: int | None = None,
) -> Iterator[tuple[Sequence[ToMake], list[list[Signed]]]]:
    """The signed credentials of each row of each piece, in their order, made by as many processes as there are cores.

    Args:
        pieces: of some `ROWS_A_PIECE` rows; they are taken one after the other, a few ahead of what is given back.
        count: of all rows.
        workers: processes; default: one a core.

    Raises:
        StoreError: code `worker-ended`: the system ended a process.
    """
    processes = workers or os.cpu_count() or 1
    if processes <= 1 or count < PARALLEL_FROM_ROWS:
        press = Press(template, key, created)
        for piece in pieces:
            yield piece, [press.made_of(each) for each in piece]
        return
    try:
        with _processes(processes, template, key, created) as pool:
            yield from _in_order(pool, pieces, 2 * processes)
    except BrokenProcessPool:
        raise StoreError(
            "the system ended a process that made credentials, perhaps for want of memory",
            remedy="What was made until then is stored: set workers = 1, and run the command again.",
            code="worker-ended",
        ) from None


def _in_order(
    pool: ProcessPoolExecutor, pieces: Iterable[Sequence[ToMake]], ahead: int
) -> Iterator[tuple[Sequence[ToMake], list[list[Signed]]]]:
    """Not all at once: what is made would wait in memory for the disk."""
    waiting: deque[tuple[Sequence[ToMake], Future[list[list[Signed]]]]] = deque()
    for piece in pieces:
        waiting.append((piece, pool.submit(_made_apart, piece)))
        if len(waiting) >= ahead:
            done, future = waiting.popleft()
            yield done, future.result()
    for done, future in waiting:
        yield done, future.result()


@contextmanager
def _processes(processes: int, template: Template, key: IssuingKey, created: datetime) -> Iterator[ProcessPoolExecutor]:
    # Not fork: the command may hold threads and database connections.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _begin_apart, (template, key, created)) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


_press: list[Press] = []


def _begin_apart(template: Template, key: IssuingKey, created: datetime) -> None:
    _press[:] = [Press(template, key, created)]


def _made_apart(piece: Sequence[ToMake]) -> list[list[Signed]]:
    return [_press[0].made_of(each) for each in piece]
