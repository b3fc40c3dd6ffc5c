"""Which parties on chain a DID document says are the same institution: one `service` entry for each.

The party's URI on chain leads to the DID document, and this entry leads back. Either alone could be written by anybody
about anybody; together they are of one hand. DID Core v1.0, section 5.4: a service has an id, a type and an endpoint,
which may be a map; the contract is named as CAIP-10 names accounts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple

from registry.chain_names import ANCHOR_CHAIN
from registry.records import MOST_PARTIES

SERVICE_TYPE: Final = "TestamurParty"
MOST_NAMED: Final = 64
"""Parties of one document that are read."""
_ACCOUNT: Final = re.compile(rf"(?P<chain>{ANCHOR_CHAIN}):(?P<contract>0x[0-9a-fA-F]{{40}})")


class PartyName(NamedTuple):
    """A party, told from all others: the CAIP-2 name of its chain, the contract's address in lower case, its number."""

    chain: str
    contract: str
    number: int

    @property
    def account(self) -> str:
        """The contract as CAIP-10 writes it."""
        return f"{self.chain}:{self.contract}"


def party_service(did: str, party: PartyName) -> dict[str, Any]:
    """The `service` entry by which the document of a DID names a party."""
    chain = party.chain.replace(":", "-")
    return {
        "id": f"{did}#party-{chain}-{party.contract}-{party.number}",
        "type": SERVICE_TYPE,
        "serviceEndpoint": {"account": party.account, "party": party.number},
    }


def named_parties(document: Mapping[str, Any]) -> frozenset[PartyName]:
    """The parties that a DID document names; an entry that cannot be read names nobody."""
    return frozenset(islice(_named(document), MOST_NAMED))


def _named(document: Mapping[str, Any]) -> Iterator[PartyName]:
    services = document.get("service")
    for entry in islice(services if isinstance(services, list) else [], 4 * MOST_NAMED):
        if not isinstance(entry, dict) or entry.get("type") != SERVICE_TYPE:
            continue
        endpoint = entry.get("serviceEndpoint")
        for each in endpoint if isinstance(endpoint, list) else [endpoint]:
            if not isinstance(each, dict):
                continue
            account, number = each.get("account"), each.get("party")
            match = _ACCOUNT.fullmatch(account) if isinstance(account, str) else None
            # bool is an int, and no number.
            if match is not None and type(number) is int and 1 <= number <= MOST_PARTIES:
                yield PartyName(match["chain"], match["contract"].lower(), number)
