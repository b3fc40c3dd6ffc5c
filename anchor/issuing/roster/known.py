"""What is known beside a roster: by the issuer's books who has the award, and by the chain what it is accredited for.

Whatever could not be asked is said to be unknown, with the reason, and never taken for "nothing".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from anchor.books.issued import IssuedStore
from anchor.issuing.roster.rules import Coverage, IssuedAnswer, ScopeAnswer
from anchor.issuing.templates.model import Template
from anchor.workspace import Workspace
from registry.chain.ledger import read_ledger
from registry.database.engine import DatabaseError
from registry.document.stated_scope import stated_scope
from registry.errors import RegistryError
from registry.extras import needs
from registry.recognition.ledger import Kind, Ledger
from registry.recognition.path import Reading, why_not
from registry.recognition.scope import Scope, StatedScope

SHOWN: Final = 3
_ISSUED: Final = "Whether somebody has this award already was not checked"
_ACCREDITED: Final = "Whether the issuer is accredited for this award was not checked"


class Surroundings:
    """The data folder and the chain of the settings, as far as they are there."""

    def __init__(self, workspace: Workspace):
        self._workspace = workspace

    def issued(self, row_keys: Sequence[str]) -> IssuedAnswer:
        """By the books of the data folder."""
        workspace = self._workspace
        if not workspace.has_folder:
            return IssuedAnswer({}, f"{_ISSUED}: there is no data folder here.")
        try:
            with needs("embedded"):
                store = IssuedStore(workspace.folder.engine, workspace.chain, workspace.contract_address)
                found = store.known(workspace.issuer(), row_keys)
        except (RegistryError, DatabaseError) as error:
            return IssuedAnswer({}, f"{_ISSUED}: {_reason(error)}.")
        return IssuedAnswer({key: f"run {known.run}, {known.state.value}" for key, known in found.items()})

    def accreditation(self, template: Template) -> ScopeAnswer:
        """By the contract, as of its newest block."""
        workspace = self._workspace
        if not workspace.has_folder:
            return ScopeAnswer(Coverage.NOT_CHECKED, f"{_ACCREDITED}: there is no data folder here.")
        try:
            with needs("embedded"):
                ledger, issuer = read_ledger(workspace.contract), workspace.issuer()
        except (RegistryError, DatabaseError) as error:
            return ScopeAnswer(Coverage.NOT_CHECKED, f"{_ACCREDITED}: {_reason(error)}.")
        moment = datetime.now(UTC) if ledger.as_of is None else ledger.as_of.timestamp
        return coverage(ledger, issuer, template, moment)


def coverage(ledger: Ledger, issuer: int, template: Template, moment: datetime) -> ScopeAnswer:
    """Whether an award is within one of the accreditations to issue that a party holds at a moment.

    Whether anybody trusts the body that gave it is for whoever verifies, and is not looked at.
    """
    links = [each for each in ledger.held_by(issuer) if each.kind is Kind.ACCREDIT_TO_ISSUE]
    if not links:
        return ScopeAnswer(Coverage.NO_ACCREDITATION, f"Party {issuer} holds no accreditation on chain.")
    stated = scope_of(template)
    reasons = []
    for link in links:
        missing = why_not(link, stated.completed_by(link.scope), moment, Reading.AS_KNOWN_NOW)
        if missing is None:
            return ScopeAnswer(
                Coverage.COVERED, f"Accreditation {link.id}, by party {link.body}, covers it: {link.scope.in_short}."
            )
        reasons.append(missing.text)
    asked = stated.completed_by(Scope()).in_short
    return ScopeAnswer(
        Coverage.OUTSIDE, f"no accreditation of party {issuer} covers {asked}: {' '.join(reasons[:SHOWN])}"
    )


def _reason(error: Exception) -> str:
    """Why something could not be asked, in one line."""
    return str(error).partition("\n")[0].rstrip(".")


def scope_of(template: Template) -> StatedScope:
    """What the credentials of a template will state of their scope, read as a verifier reads them."""
    achievement: dict[str, Any] = {"id": template.achievement_id, "achievementType": template.achievement_type}
    if template.field is not None:
        achievement["fieldOfStudy"] = template.field
    if template.level is not None:
        eqf = {"targetFramework": "European Qualifications Framework", "targetCode": str(template.level)}
        achievement["alignment"] = [eqf]
    return stated_scope([{"credentialSubject": {"achievement": achievement}}])
