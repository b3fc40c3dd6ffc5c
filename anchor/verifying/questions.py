"""A question about accreditation, put to the chain and to the registers beside a policy."""

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
from registry.verify.question import Accredited, Question, answer
from registry.verify.registers import AtHand
from registry.verify.verdict import FactsUnavailable


def ask(workspace: Workspace, question: Question, policy: Policy, folder: Path) -> Accredited:
    """The answer by the chain that the settings name.

    Args:
        folder: of the policy, that the files of its registers are seen from.

    Raises:
        SettingsError: as `registry.verify.question.answer`.
    """
    contract, chain = asked_contract(workspace)
    if isinstance(contract, FactsUnavailable):
        return answer(question, policy, chain=chain, ledger=contract, registers=contract)
    settings = workspace.settings
    reader = FactsReader(
        contract,
        finality_depth=settings.finality_depth,
        head_age_seconds=settings.head_age_seconds,
        quorum=quorum_of(workspace) if settings.prove else None,
    )
    ledger: Ledger | FactsUnavailable
    registers: tuple[AtHand, ...] | FactsUnavailable
    try:
        head = reader.anchored(question.party, ())
        if head.age.freshness is Freshness.STALE:
            # What was withdrawn since is not known.
            stale = FactsUnavailable(head.age.code, head.age.text, "", said=head.age.said)
            return answer(question, policy, chain=chain, ledger=stale, registers=stale)
        ledger = reader.ledger(policy.trusted_bodies) if policy.bodies else Ledger(as_of=head.as_of)
    except ChainError as error:
        ledger = FactsUnavailable.of(error)
    registers = registers_at_hand(policy, BesidePolicy(folder), reader, contract.address)
    return answer(question, policy, chain=chain, ledger=ledger, registers=registers)
