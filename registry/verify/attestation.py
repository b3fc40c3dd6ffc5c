"""That the leaves of batches are all there and in order, said and signed by whoever read them: an auditor.

Proofs of absence rest on the order of the leaves, which neither the root nor the contract shows. What an auditor says
of it is a signed note (`registry.proofs.notes`) with a text of lines: the name of the form, the chain, the contract,
the issuer, the block as of which the batches are those of the chain, and a line for each batch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from registry.chain_names import ANCHOR_CHAIN
from registry.errors import EvidenceError
from registry.merkle.proof import MAX_LEAVES
from registry.proofs.notes import SignedNote, VerifierKey, read_note

FORM: Final = "testamur.audit/sorted/v1"
MOST_ATTESTED: Final = 1_000
"""Batches in one statement: as many as a proof of absence has."""

_NUMBER: Final = r"(0|[1-9][0-9]{0,18})"
_CHAIN: Final = re.compile(ANCHOR_CHAIN, re.ASCII)
_CONTRACT: Final = re.compile(r"0x[0-9a-f]{40}", re.ASCII)
_ISSUER: Final = re.compile(r"issuer ([1-9][0-9]{0,18})", re.ASCII)
_BLOCK: Final = re.compile(rf"block {_NUMBER} 0x([0-9a-f]{{64}})", re.ASCII)
_BATCH: Final = re.compile(r"0x([0-9a-f]{64}) ([1-9][0-9]{0,9})", re.ASCII)


class Auditor(Protocol):
    """Whose word about trees a verifier believes."""

    @property
    def name(self) -> str:
        """By which the verifier knows it."""

    @property
    def verifier_key(self) -> VerifierKey:
        """Which signs for it."""


@dataclass(frozen=True, slots=True)
class Attestation:
    """What is said.

    Attributes:
        chain: CAIP-2.
        contract: address, in lower case.
        block: as of which these are batches of the issuer.
        block_hash: 32 bytes.
        leaf_counts: by root: there are as many leaves, they lead to the root, and they ascend strictly.
    """

    chain: str
    contract: str
    issuer: int
    block: int
    block_hash: bytes
    leaf_counts: Mapping[bytes, int]

    @property
    def text(self) -> str:
        """The text that is signed; batches in ascending order of their roots.

        Raises:
            EvidenceError: code `attestation-size`: there are more than one statement has.
        """
        if len(self.leaf_counts) > MOST_ATTESTED:
            raise _too_many(len(self.leaf_counts))
        lines = [
            *(FORM, self.chain, self.contract, f"issuer {self.issuer}"),
            f"block {self.block} 0x{self.block_hash.hex()}",
            *(f"0x{root.hex()} {count}" for root, count in sorted(self.leaf_counts.items())),
        ]
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def of(cls, text: str) -> Attestation:
        """From its text, of which there is one for each.

        Raises:
            EvidenceError: code `attestation-form`: it is something else; `attestation-size`.
        """
        form, *lines = text.removesuffix("\n").split("\n")
        if form != FORM:
            raise _malformed(f"its first line is not {FORM}")
        if len(lines) > 4 + MOST_ATTESTED:
            raise _too_many(len(lines) - 4)
        if len(lines) < 4:
            raise _malformed("it does not name chain, contract, issuer and block")
        chain, contract = _match(_CHAIN, lines[0])[0], _match(_CONTRACT, lines[1])[0]
        issuer, block = int(_match(_ISSUER, lines[2])[1]), _match(_BLOCK, lines[3])
        batches = [_match(_BATCH, line) for line in lines[4:]]
        counts = {bytes.fromhex(each[1]): int(each[2]) for each in batches}
        found = cls(chain, contract, issuer, int(block[1]), bytes.fromhex(block[2]), counts)
        if any(count > MAX_LEAVES for count in counts.values()) or found.text != text:
            raise _malformed("its batches are not in order, or one is there twice")
        return found


@dataclass(frozen=True, slots=True)
class SignedAttestation:
    """An attestation with the note that it came in; whose signatures are below it is not looked at yet."""

    attestation: Attestation
    note: SignedNote

    def __str__(self) -> str:
        return str(self.note)

    def by(self, auditors: Sequence[Auditor]) -> tuple[str, ...]:
        """Names of those of the auditors who signed it.

        Raises:
            EvidenceError: code `note-signature`: one that says it is by such an auditor does not hold; `note-key`.
        """
        keys = {each.key for each in self.note.signed_by([each.verifier_key for each in auditors])}
        return tuple(each.name for each in auditors if each.verifier_key in keys)


def read_attestation(data: bytes) -> SignedAttestation:
    """An attestation from its note.

    Raises:
        EvidenceError: codes `note-form`, `note-size`, `attestation-form`, `attestation-size`.
    """
    note = read_note(data)
    return SignedAttestation(Attestation.of(note.text), note)


def _match(pattern: re.Pattern[str], line: str) -> re.Match[str]:
    found = pattern.fullmatch(line)
    if found is None:
        raise _malformed("a line is not what it should be")
    return found


def _malformed(why: str) -> EvidenceError:
    return EvidenceError(f"the attestation cannot be read: {why}", code="attestation-form")


def _too_many(count: int) -> EvidenceError:
    return EvidenceError(
        f"one attestation is of up to {MOST_ATTESTED:,} batches, not of {count:,}",
        remedy="Attest those of a later time by themselves, with --from.",
        code="attestation-size",
    )
