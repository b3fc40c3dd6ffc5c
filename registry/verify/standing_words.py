"""Parties, programmes, conditions and joint decisions in the sentences of a verdict: by what a verifier calls them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from registry.language.said import Listed, Said, Value, listed, say
from registry.recognition.accords import is_accord
from registry.recognition.joint import joint_holders
from registry.recognition.ledger import Accreditation, Ledger
from registry.recognition.scope import Scope, StatedScope
from registry.untrusted.text import marked
from registry.verify.policy import Policy

LONGEST_CONDITION: Final = 500
LONGEST_PROGRAMME: Final = 200
MOST_HOLDERS: Final = 50
"""As many as a person reads; that there are more is said."""
_SPACE: Final = re.compile("[ \t\r\n]+")


def names_of_programmes(policy: Policy, stated: StatedScope) -> Mapping[bytes, str]:
    """By SHA-256 of their identifiers, as they may be shown; the name that the policy has comes first."""
    known = dict(policy.programme_names)
    if stated.programme is not None and stated.identifier:
        known.setdefault(stated.programme, stated.identifier)
    return {digest: marked(name, LONGEST_PROGRAMME) for digest, name in known.items()}


@dataclass(frozen=True)
class Words:
    """How parties, scopes and decisions are told to one verifier.

    Attributes:
        stated: what the credential says of its scope: its programme may be called as it is there.
        moment: at which a body is or is not an accord.
    """

    policy: Policy
    ledger: Ledger
    stated: StatedScope
    moment: datetime

    @cached_property
    def programmes(self) -> Mapping[bytes, str]:
        """By SHA-256 of their identifiers, as they may be shown; the name that the policy has comes first."""
        return names_of_programmes(self.policy, self.stated)

    def scope(self, scope: Scope) -> Listed:
        """What is covered, with the programme as it is known."""
        return scope.said_with(self.programmes)

    def body(self, number: int) -> Said:
        """A body by number and name, and as an accord where it is one."""
        is_one, name = is_accord(self.ledger, number, self.moment), self._name(number)
        if name:
            return say("standing.accordNamed" if is_one else "standing.bodyNamed", number=number, name=name)
        return say("standing.accord" if is_one else "standing.body", number=number)

    def conditions(self, links: Iterable[Accreditation]) -> list[Said]:
        """A sentence for each link with conditions: whether they are met, the body knows, and the chain does not."""
        return [self._condition(link) for link in links if link.is_conditional]

    def joint(self, links: Iterable[Accreditation]) -> list[Said]:
        """A sentence for each link that is one of several of a joint decision, with all who hold it."""
        found = ((link, joint_holders(self.ledger, link)) for link in links)
        return [
            say("standing.joint", number=link.id, count=len(holders), holders=self._holders(holders))
            for link, holders in found
            if holders
        ]

    def _condition(self, link: Accreditation) -> Said:
        text = self.policy.condition_texts.get(link.condition_hash)
        if text is None:
            return say("standing.conditional", number=link.id, body=link.body)
        quoted = marked(_SPACE.sub(" ", text).strip(" "), LONGEST_CONDITION)
        return say("standing.conditionQuoted", number=link.id, text=quoted, body=link.body)

    def _holders(self, numbers: tuple[int, ...]) -> Listed:
        more: list[Value] = ["…"] if len(numbers) > MOST_HOLDERS else []
        return listed([*map(self._party, numbers[:MOST_HOLDERS]), *more])

    def _party(self, number: int) -> Said:
        name = self.policy.trusted_issuers.get(number) or self._name(number)
        return say("standing.partyNamed", number=number, name=name) if name else say("standing.party", number=number)

    def _name(self, number: int) -> str | None:
        return self.policy.accord_names.get(number) or self.policy.trusted_bodies.get(number)
