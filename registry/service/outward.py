"""Accreditations in formats of others, as the service gives them; and the body it speaks for in OpenID Federation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from registry.errors import ProofError, RegistryError, SettingsError
from registry.formats.outward.exporting import Export, Form, exported
from registry.formats.outward.federation import entity_configuration, mark_status, subordinate_statement
from registry.formats.outward.of_ledger import select
from registry.formats.outward.organisations import Organisations
from registry.formats.outward.statements import Organisation, Selected, Statement
from registry.formats.outward.trust_marks import CLAIM, MARKS, refused, trust_mark
from registry.formats.trqp import Registry
from registry.http.problems import NotHere
from registry.proofs.signatures.jose import read_jws, verify_jws
from registry.proofs.signatures.keys import SigningKey, public_of
from registry.recognition.ledger import Accreditation, Kind, Ledger
from registry.records import BlockRef
from registry.timestamps import from_unix

LONGEST_MARK: Final = 1 << 16
"""Characters of a trust mark whose status is asked for."""


@dataclass(frozen=True, slots=True)
class Outward:
    """What is told of parties that the chain does not say: by the operator's own file."""

    registry: Registry
    organisations: Organisations = field(default_factory=Organisations)

    def export(self, links: Iterable[Accreditation], moment: datetime, as_of: BlockRef, form: Form) -> Export:
        """Those of the links in force at a moment, in a format, and what is left out of it."""
        return exported(self.selected(links, moment, as_of), form)

    def selected(self, links: Iterable[Accreditation], moment: datetime, as_of: BlockRef) -> Selected:
        """Those of the links in force at a moment, and why the others are not."""
        return select(links, moment, self.registry, as_of, self._party)

    def _party(self, number: int) -> Organisation:
        return self.organisations.party(number, self.registry.write_party(number))


class Federation:
    """One body as an entity of OpenID Federation: what it says of itself and of those it accredits.

    Args:
        entity: its entity identifier: the address under which the service is reached.

    Raises:
        SettingsError: the address is none of https, and not of this machine alone (code `federation`).
    """

    def __init__(self, key: SigningKey, party: int, entity: str, outward: Outward):
        if not entity.startswith(("https://", "http://localhost", "http://127.0.0.1")):
            raise SettingsError(
                f"an entity of OpenID Federation has an https address, and {entity[:200]!r} is none",
                remedy="Set public_url to the address under which the service is reached.",
                code="federation",
            )
        self._key = key
        self._party = party
        self._outward = outward
        own = outward.organisations.party(party, outward.registry.write_party(party))
        self._own = replace(own, entity=entity)

    def configuration(self, ledger: Ledger, now: datetime) -> str:
        """What it says of itself, signed."""
        above = [
            each.body.entity
            for each in self._in_force(ledger.held_by(self._party), ledger, now)
            if each.kind is Kind.ACCREDIT_TO_ACCREDIT and each.body.entity
        ]
        below = [
            each.holders[0].entity
            for each in self._given(ledger, now)
            if each.kind is Kind.ACCREDIT_TO_ACCREDIT and each.holders[0].entity
        ]
        superiors = list(dict.fromkeys(above))
        return entity_configuration(self._own, self._key, now, superiors=superiors, mark_issuers=below)

    def statement(self, subject: str, ledger: Ledger, now: datetime) -> str:
        """What it says of an entity that it accredits, signed.

        Raises:
            NotHere: it accredits none of that name, or its keys are not in the operator's file (code `not_found`).
        """
        of_subject = self._subordinates(ledger, now).get(subject)
        if of_subject is None:
            raise not_found(f"{subject[:200]!r} is no subordinate here")
        return subordinate_statement(self._own, of_subject, self._outward.organisations.keys[subject], self._key, now)

    def subordinates(self, ledger: Ledger, now: datetime, *, intermediate: bool | None = None) -> list[str]:
        """The entities that it accredits and whose keys it knows.

        Args:
            intermediate: only those that may, or may not, accredit others.
        """
        found = self._subordinates(ledger, now)
        return [
            entity
            for entity, statements in found.items()
            if intermediate in (None, any(each.kind is Kind.ACCREDIT_TO_ACCREDIT for each in statements))
        ]

    def mark(self, mark_type: str, subject: str, ledger: Ledger, now: datetime) -> str:
        """Its trust mark of a type for an entity, signed.

        Raises:
            NotHere: it has given none (code `not_found`).
        """
        for each in self._marked(ledger, now):
            if MARKS[each.kind] == mark_type and each.holders[0].entity == subject:
                return trust_mark(each, self._key, now)
        raise not_found(f"{subject[:200]!r} has no such mark")

    def marked(self, mark_type: str, subject: str | None, ledger: Ledger, now: datetime) -> list[str]:
        """The entities that have its mark of a type."""
        having = (each.holders[0].entity for each in self._marked(ledger, now) if MARKS[each.kind] == mark_type)
        return [entity for entity in dict.fromkeys(having) if subject in (None, entity)]

    def status(self, mark: str, ledger: Ledger, now: datetime) -> str:
        """What became of one of its marks, signed: `active`, `expired`, `revoked` or `invalid`."""
        return mark_status(self._own, mark, self._status(mark, ledger, now), self._key, now)

    def _status(self, mark: str, ledger: Ledger, now: datetime) -> str:
        claims = self._claims(mark)
        if claims is None:
            return "invalid"
        if from_unix(int(claims["exp"])) <= now:
            return "expired"
        identifier = claims[CLAIM]["id"]
        return "active" if any(each.id == identifier for each in self._marked(ledger, now)) else "revoked"

    def _claims(self, mark: str) -> Mapping[str, Any] | None:
        """What a mark of its own says; None of what is none."""
        try:
            jws = read_jws(mark)
            verify_jws(jws, public_of(self._key))
            claims = jws.claims()
        except ProofError:
            return None
        is_own = claims.get("iss") == self._own.entity and isinstance(claims.get(CLAIM), Mapping)
        return claims if is_own and isinstance(claims.get("exp"), int) else None

    def _subordinates(self, ledger: Ledger, now: datetime) -> dict[str, list[Statement]]:
        found: dict[str, list[Statement]] = {}
        for each in self._given(ledger, now):
            entity = each.holders[0].entity
            if each.kind is not Kind.RECOGNISE and entity in self._outward.organisations.keys:
                found.setdefault(entity, []).append(each)
        return found

    def _marked(self, ledger: Ledger, now: datetime) -> list[Statement]:
        return [each for each in self._given(ledger, now) if refused(each) is None]

    def _given(self, ledger: Ledger, now: datetime) -> list[Statement]:
        links = (each for each in ledger.accreditations if each.body == self._party)
        found = self._in_force(links, ledger, now)
        return [replace(each, body=self._own) for each in found]

    def _in_force(self, links: Iterable[Accreditation], ledger: Ledger, now: datetime) -> tuple[Statement, ...]:
        return self._outward.selected(links, now, block_of(ledger)).statements


def block_of(ledger: Ledger) -> BlockRef:
    """The block that a ledger of the index is as of; raises RegistryError where it has none."""
    if ledger.as_of is None:
        raise RegistryError("the ledger says of no block what it is as of", code="not-yet-read")
    return ledger.as_of


def not_found(what: str) -> NotHere:
    """The answer of the federation for what it has not."""
    return NotHere(what, remedy="Ask the entity that accredits it.", code="not_found")


def now_in_seconds() -> datetime:
    """The time, to the whole second, as blocks have theirs."""
    return datetime.now(UTC).replace(microsecond=0)
