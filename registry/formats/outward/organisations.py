"""What a reader's own file says of organisations: names, countries, and how OpenID Federation knows them.

The chain has a number and a URI of each party, and registers have no country of an agency. The file is TOML; the module
takes what it holds, and somebody else reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from registry.errors import ProofError, SettingsError
from registry.formats.outward.statements import Organisation, is_uri, named_uri
from registry.formats.outward.trust_marks import federation_jwk
from registry.formats.outward.words import language_tag, web_address
from registry.proofs.signatures.keys import read_jwk
from registry.quality.decision import Identifier
from registry.recognition.countries import THREE_LETTERS
from registry.records import MOST_PARTIES

MOST_ORGANISATIONS: Final = 100_000
_MOST_KEYS: Final = 20
_LONGEST: Final = 1_000
_TEXTS: Final = ("id", "identifier", "name", "language", "country", "homepage", "entity")
_MEMBERS: Final = frozenset({*_TEXTS, "party", "keys"})


@dataclass(frozen=True, slots=True)
class Organisations:
    """Organisations by their number on chain, and by their identifiers in registers.

    Attributes:
        keys: by entity identifier, the JWK set with which the entity signs in OpenID Federation.
    """

    by_party: Mapping[int, Organisation] = field(default_factory=dict)
    by_identifier: Mapping[str, Organisation] = field(default_factory=dict)
    keys: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def party(self, number: int, uri: str) -> Organisation:
        """What is known of a party.

        Args:
            uri: what stands for it where the file names no other.
        """
        return self.by_party.get(number) or Organisation(uri, party=number)

    def known(self, identifiers: Iterable[Identifier], party: int | None) -> Organisation | None:
        """What is known of an organisation by any of its identifiers, or by its number."""
        if party is not None and party in self.by_party:
            return self.by_party[party]
        return next((found for each in identifiers if (found := self.by_identifier.get(str(each)))), None)


def read_organisations(content: Mapping[str, Any], party_uri: Callable[[int], str]) -> Organisations:
    """Of the tables `[[organisations]]` of a file.

    Args:
        party_uri: of a party, the URI where the file has none for it.

    Raises:
        SettingsError: a table has a member that is not known or makes no sense (code `organisations`).
    """
    tables = content.get("organisations", [])
    if set(content) - {"organisations"} or not isinstance(tables, list) or len(tables) > MOST_ORGANISATIONS:
        raise _wrong(f"it is no list of at most {MOST_ORGANISATIONS} tables [[organisations]]")
    by_party: dict[int, Organisation] = {}
    by_identifier: dict[str, Organisation] = {}
    keys: dict[str, Mapping[str, Any]] = {}
    for number, table in enumerate(tables, 1):
        where = f"organisation {number}"
        organisation, identifier = _organisation(table, where, party_uri)
        if organisation.party is not None:
            if organisation.party in by_party:
                raise _wrong(f"{where}: party {organisation.party} is there twice")
            by_party[organisation.party] = organisation
        if identifier:
            by_identifier[identifier] = organisation
        if "keys" in table:
            if not organisation.entity:
                raise _wrong(f"{where}: it has keys, and no entity that signs with them")
            keys[organisation.entity] = _keys(table["keys"], where)
    return Organisations(by_party, by_identifier, keys)


def _organisation(table: object, where: str, party_uri: Callable[[int], str]) -> tuple[Organisation, str]:
    if not isinstance(table, Mapping) or (unknown := sorted(set(table) - _MEMBERS)):
        named = unknown[0] if isinstance(table, Mapping) else "no table"
        raise _wrong(f"{where}: {named!r} is none of {', '.join(sorted(_MEMBERS))}")
    texts = {name: _text(table, name, where) for name in _TEXTS}
    party = table.get("party")
    if party is not None and (not isinstance(party, int) or isinstance(party, bool) or not 1 <= party <= MOST_PARTIES):
        raise _wrong(f"{where}: {party!r} is no number of a party")
    if party is None and not texts["identifier"]:
        raise _wrong(f"{where}: it has neither party nor identifier")
    country = texts["country"].upper()
    if country and country not in THREE_LETTERS:
        raise _wrong(f"{where}: {country!r} is no country of ISO 3166-1 in two letters")
    for name in ("homepage", "entity"):
        if texts[name] and not web_address(texts[name]):
            raise _wrong(f"{where}: the {name} {texts[name][:80]!r} is no address on the web")
    own = named_uri(texts["identifier"]) if party is None else party_uri(party)
    uri = texts["id"] or texts["homepage"] or own
    if not is_uri(uri):
        raise _wrong(f"{where}: the id {uri[:80]!r} is no URI")
    language = language_tag(texts["language"] or "en")
    entity = texts["entity"].rstrip("/")
    found = Organisation(uri, texts["name"], language, country, texts["homepage"], entity, party)
    return found, texts["identifier"]


def _text(table: Mapping[str, Any], name: str, where: str) -> str:
    value = table.get(name, "")
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise _wrong(f"{where}: {name} is no text of at most {_LONGEST} characters")
    return value


def _keys(given: object, where: str) -> dict[str, Any]:
    """The JWK set, with a name for each key."""
    if not isinstance(given, list) or not 1 <= len(given) <= _MOST_KEYS:
        raise _wrong(f"{where}: keys is no list of 1 to {_MOST_KEYS} JWKs")
    try:
        return {"keys": [federation_jwk(read_jwk(each)) for each in given]}
    except (ProofError, TypeError) as error:
        raise _wrong(f"{where}: {error}") from None


def _wrong(what: str) -> SettingsError:
    return SettingsError(
        f"the file of organisations cannot be used: {what}",
        remedy="docs/reference/outward.md has an example.",
        code="organisations",
    )
