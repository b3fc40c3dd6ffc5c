"""Questions about accreditation, put to the chain and to the registers beside a policy."""

from __future__ import annotations

from pathlib import Path

from anchor.verifying.files import asked_contract
from anchor.verifying.quorum import quorum_of
from anchor.verifying.registers import BesidePolicy
from anchor.workspace import Workspace
from registry.errors import ChainError
from registry.recognition.ledger import Ledger
from registry.verifier.facts import FactsReader
from registry.verifier.registers import registers_at_hand
from registry.verify.freshness import Freshness
from registry.verify.policy import Policy
from registry.verify.question import Accredited, Question, Record
from registry.verify.verdict import Code, FactsUnavailable

_UNASKED = FactsUnavailable(Code.CHAIN_NOT_ASKED, "The chain was not asked", "Ask it: leave --offline out.")
NOT_ASKED = Record(None, _UNASKED, _UNASKED)
"""What is on record for whoever asks nobody."""


def ask(workspace: Workspace, question: Question, policy: Policy, folder: Path) -> Accredited:
    """The answer by the chain that the settings name.

    Args:
        folder: of the policy, that the files of its registers are seen from.

    Raises:
        SettingsError: as `registry.verify.question.answer`.
    """
    return read_record(workspace, policy, folder).answer(question, policy)


def read_record(workspace: Workspace, policy: Policy, folder: Path) -> Record:
    """What is on record for whoever goes by a policy, all of it as of one block.

    Args:
        folder: as in `ask`.
    """
    contract, chain = asked_contract(workspace)
    if isinstance(contract, FactsUnavailable):
        return Record(chain, contract, contract)
    settings = workspace.settings
    reader = FactsReader(
        contract,
        finality_depth=settings.finality_depth,
        head_age_seconds=settings.head_age_seconds,
        quorum=quorum_of(workspace) if settings.prove else None,
    )
    ledger: Ledger | FactsUnavailable
    try:
        as_of, age = reader.head()
        if age.freshness is Freshness.STALE:
            # What was withdrawn since is not known.
            stale = FactsUnavailable(age.code, age.text, "", said=age.said)
            return Record(chain, stale, stale)
        ledger = reader.ledger(policy.trusted_bodies) if policy.bodies else Ledger(as_of=as_of)
    except ChainError as error:
        ledger = FactsUnavailable.of(error)
    return Record(chain, ledger, registers_at_hand(policy, BesidePolicy(folder), reader, contract.address))
