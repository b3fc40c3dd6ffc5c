"""Verifying without any endpoint: who is believed to know a block, by a checkpoint list or by the policy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from anchor.settings import EMBEDDED, Settings
from anchor.verifying.checkpoints import read_list, read_witnesses
from registry.chain_names import CHAIN, PRACTICE_CHAIN
from registry.errors import EvidenceError, SettingsError
from registry.proofs.checkpoints import TrustedBlocks
from registry.verifier.grounds import ByCheckpoints, BySeals, FirstOf, Grounds
from registry.verifier.offline import EvidenceReader
from registry.verify.policy import Policy

_CHAIN: Final = re.compile(CHAIN, re.ASCII)


def evidence_reader(settings: Settings, address: str, policy: Policy | None) -> EvidenceReader:
    """What reads the evidence in receipts, believing whom the settings and the policy name.

    Args:
        address: of the contract that receipts have to be of.

    Raises:
        SettingsError, EvidenceError: as `offline_grounds`.
    """
    return EvidenceReader(address, offline_grounds(settings, policy), most_days=settings.evidence_days)


def offline_grounds(settings: Settings, policy: Policy | None) -> Grounds:
    """Whom the settings and the policy name to say which blocks are of the chain.

    Raises:
        SettingsError: they name nobody, or not which chain.
        EvidenceError: the checkpoint list cannot be read, or too few of the witnesses signed it.
    """
    grounds: list[Grounds] = []
    if settings.checkpoints is not None:
        trusted = _trusted(settings.checkpoints, settings.witnesses)
        grounds.append(ByCheckpoints(_chain_of(settings, policy), trusted))
    if policy is not None and policy.validators and policy.chain is not None:
        grounds.append(BySeals(policy.chain, policy.validator_names))
    if not grounds and settings.witnesses is not None:
        raise SettingsError(
            "whose signatures of a checkpoint list count is said, and no list is named",
            where=str(settings.witnesses),
            remedy="Name the list, with --checkpoints.",
            code="nobody-named",
        )
    if not grounds:
        raise SettingsError(
            "without an endpoint nobody says which blocks are of the chain",
            remedy="Name a checkpoint list and whose signatures count, with --checkpoints and --witnesses, or a policy "
            "with validators.",
            code="nobody-named",
        )
    return FirstOf(grounds)


def _trusted(checkpoints: Path, witnesses: Path | None) -> TrustedBlocks:
    if witnesses is None:
        raise SettingsError(
            "whose signatures of the checkpoint list count is not said",
            where=str(checkpoints),
            remedy="Name the file with the witnesses, with --witnesses.",
            code="nobody-named",
        )
    try:
        return read_list(checkpoints).trusted(read_witnesses(witnesses))
    except EvidenceError as error:
        error.where = error.where or str(checkpoints)
        raise


def _chain_of(settings: Settings, policy: Policy | None) -> str:
    """The chain that is meant, and that numbers of trusted parties are of; not whichever a list happens to be of."""
    if policy is not None and policy.chain is not None:
        return policy.chain
    if settings.chain == EMBEDDED:
        return PRACTICE_CHAIN
    if _CHAIN.fullmatch(settings.chain):
        return settings.chain
    raise SettingsError(
        "which chain is meant is not said: the setting chain names an endpoint, and none is asked",
        remedy="Name the chain, such as --chain eip155:1, or chain in the policy.",
        code="which-chain",
    )
