"""Status lists as the service gives them out: made from the index, signed where the issuer gave a key, kept a while."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from registry.errors import SettingsError
from registry.formats.statuslist import Purpose, canonical_quads, named_list_url, status_entry, status_list_credential
from registry.formats.trqp import Registry
from registry.http.problems import NotHere
from registry.index.lists import FinalList, read_final_list, read_final_position
from registry.index.named_lists import read_named_list
from registry.index.reader import Index
from registry.proofs.signatures.keys import SigningKey, did_key, did_key_method
from registry.proofs.signatures.suites import Suite, sign, sign_form
from registry.rdf.nquads import is_iri
from registry.service.kept import Kept, version_of
from registry.timestamps import from_unix
from registry.trees.store import TreeStore

TTL_SECONDS: Final = 300
"""How long a copy of a list is good for."""
LISTS_KEPT: Final = 64


@dataclass(frozen=True, slots=True)
class ListSigner:
    """How the lists of one issuer are signed.

    Attributes:
        issuer: URL by which its credentials name it, such as `did:web:university.example`.
        method: URL under which verifiers find the public key.
    """

    key: SigningKey
    issuer: str
    method: str

    @classmethod
    def of(cls, key: SigningKey, method: str | None = None) -> ListSigner:
        """For a key whose `verificationMethod` is `<issuer>#<name>`; without one, known by its `did:key`.

        Raises:
            SettingsError: the method names no key in a document, or is no IRI (code `status-method`).
        """
        if method is None:
            return cls(key, did_key(key), did_key_method(key))
        issuer, _, name = method.partition("#")
        if not is_iri(issuer) or not is_iri(method) or not name:
            raise SettingsError(
                f"{method!r} is no verification method",
                remedy="Write the issuer's identifier, # and the name of the key: did:web:university.example#key-1.",
                code="status-method",
            )
        return cls(key, issuer, method)


@dataclass(frozen=True, slots=True)
class GivenList:
    """A status list credential, and the number of the final block that it is as of."""

    credential: Mapping[str, Any]
    block_number: int


class StatusLists:
    """The status lists of an index.

    Args:
        trees: in which credentials that are in several batches, or were spoken of by their digests, are found.
        base_url: under which the service is reached, without a slash at the end; the addresses of lists begin with it.
            None for whatever each request was sent to, which a client may choose: then nothing can be signed.
        signers: by issuer; the lists of others have no proof.

    Raises:
        SettingsError: there are signers and no base URL, or one that is no IRI (code `public-url`).
    """

    def __init__(
        self,
        index: Index,
        trees: TreeStore,
        base_url: str | None = None,
        signers: Mapping[int, ListSigner] | None = None,
    ):
        if signers and (base_url is None or not is_iri(base_url)):
            raise SettingsError(
                "status lists cannot be signed without the address they are served under"
                + ("" if base_url is None else f": {base_url!r} is no URL"),
                remedy="Set the URL under which the service is reached.",
                code="public-url",
            )
        self._index = index
        self._trees = trees
        self._base_url = base_url
        self._signers = dict(signers or {})
        self._registry = Registry(index.chain, index.contract)
        self._kept: Kept[str, GivenList] = Kept(LISTS_KEPT)

    def given(self, issuer: int, purpose: Purpose, number: int, *, asked: str) -> GivenList:
        """One list, as of the last final block.

        Args:
            asked: base URL of the request.

        Raises:
            RegistryError: the issuer is not registered (code `unknown-party`), has no such list (`unknown-list`), or
                not all of it is known (`list-incomplete`).
            ChainUnavailable: no block is final yet, or the index changes faster than it is read.
            SQLAlchemyError: the database does not answer.
        """
        url = self._url(issuer, purpose, number, asked)
        return self._given(
            issuer, purpose, url, lambda: read_final_list(self._index, self._trees, issuer, purpose, number)
        )

    def given_named(self, issuer: int, purpose: Purpose, name: UUID, *, asked: str) -> GivenList:
        """One named list, as of the last final block; asked and raises as `given`.

        Raises:
            StoreError: what stands beside the trees cannot be read (codes of `registry.trees.store`).
        """
        url = named_list_url(self._base(asked), issuer, name, purpose)
        return self._given(
            issuer, purpose, url, lambda: read_named_list(self._index, self._trees, issuer, purpose, name)
        )

    def _given(self, issuer: int, purpose: Purpose, url: str, read: Callable[[], FinalList]) -> GivenList:
        head = self._index.head()
        if head is None:
            return self._made(issuer, purpose, url, read)
        # A tree that is loaded later may show that a credential of one batch is revoked in another.
        version = (version_of(head), head.final, self._index.loaded())
        return self._kept.of(version, url, lambda: self._made(issuer, purpose, url, read))

    def entries(self, issuer: int, sequence: int, leaf_index: int, *, asked: str) -> list[dict[str, Any]]:
        """The `credentialStatus` of a credential: one entry for each purpose; raises as `given` and `list_position`."""
        self._require_party(issuer)
        place = read_final_position(self._index, issuer, sequence, leaf_index)
        return [
            status_entry(self._url(issuer, purpose, place.number, asked), purpose, place.index) for purpose in Purpose
        ]

    def _url(self, issuer: int, purpose: Purpose, number: int, asked: str) -> str:
        return f"{self._base(asked)}/v1/status-lists/{issuer}/{purpose}/{number}"

    def _base(self, asked: str) -> str:
        return self._base_url or asked.rstrip("/")

    def _made(self, issuer: int, purpose: Purpose, url: str, read: Callable[[], FinalList]) -> GivenList:
        self._require_party(issuer)
        found = read()
        signer, moment = self._signers.get(issuer), from_unix(found.time)
        name = self._registry.write_party(issuer) if signer is None else signer.issuer
        credential = status_list_credential(name, url, purpose, moment, TTL_SECONDS * 1000, found.bits)
        if signer is not None:
            # By both: some verifiers know the one suite alone, and some the other.
            quads = canonical_quads(credential)
            by_json, by_rdf = (Suite.for_key(signer.key, is_rdf=is_rdf) for is_rdf in (False, True))
            credential = sign(credential, signer.key, signer.method, moment, by_json)
            credential = sign_form(credential, quads, signer.key, signer.method, moment, by_rdf)
        return GivenList(credential, found.block_number)

    def _require_party(self, issuer: int) -> None:
        if self._index.party(issuer) is None:
            raise NotHere(
                f"nobody has registered party {issuer}",
                remedy="Check the number; it may also be too new to be in the index.",
                code="unknown-party",
            )
