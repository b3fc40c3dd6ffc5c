"""Positions in status lists, drawn before a credential is signed, so that its entry is part of what is anchored.

    positions = Positions(engine, chain, contract, issuer, public_url)
    drawn = positions.draw(len(documents))
    (document["credentialStatus"],) = positions.entries(drawn[0])  # before it is signed
    positions.bind([(drawn[0], digest_of_the_document), …])       # before it is put in to be anchored

A position is random, so that it says nothing of the place of a credential in its batch, and is given out once. Which
digest has which position is in the books until the batch is sealed; then it stands beside its tree
(`docs/reference/status-lists.md`), where the service reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from anchor.books.status_positions import PositionStore
from registry.database.engine import Engine
from registry.formats.statuslist import NamedPosition, Purpose, named_list_url, status_entry


class Positions:
    """Positions of one issuer's named lists.

    Args:
        chain: CAIP-2 name.
        contract: checksummed address.
        issuer: number of the party.
        public_url: under which the lookup service is reached by everybody, as its setting has it; it is part of each
            entry, and so of each credential, for good.
        purposes: of the entries; of what is not among them, verifiers of others do not learn.
    """

    def __init__(
        self,
        engine: Engine,
        chain: str,
        contract: str,
        issuer: int,
        public_url: str,
        *,
        purposes: Sequence[Purpose] = (Purpose.REVOCATION,),
    ):
        self._purposes = tuple(purposes)
        self._store = PositionStore(engine, chain, contract)
        self._issuer = issuer
        self._base = public_url.rstrip("/")

    def draw(self, count: int) -> list[NamedPosition]:
        """So many positions that nobody has, for good: what is drawn and not used is lost, and stays unset."""
        return self._store.draw(self._issuer, count)

    def entries(self, position: NamedPosition) -> list[dict[str, Any]]:
        """The entries for `credentialStatus` of the credential with that position, one for each purpose.

        A single one is to be written as an object: an array is no `credentialStatus` by the schema of Open Badges 3.0,
        though it is one by the data model of W3C.
        """
        return [
            status_entry(named_list_url(self._base, self._issuer, position.list, purpose), purpose, position.index)
            for purpose in self._purposes
        ]

    def bind(self, pairs: Iterable[tuple[NamedPosition, bytes]]) -> None:
        """Say which credentials have the positions, by the digests that will be anchored. Again is no error.

        Raises:
            RegistryError: a position is not this issuer's, or is another credential's (code `position-taken`).
        """
        self._store.bind(self._issuer, pairs)
