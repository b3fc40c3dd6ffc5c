"""The one error tree of the project; commands and services catch `RegistryError` and nothing wider.

RegistryError
├── CredentialError   a document that has no digest (also ValueError)
├── TreeError         a tree that cannot be built, opened or searched
├── ProofError        an inclusion or absence proof that does not hold (also ValueError)
├── EvidenceError     evidence of what a chain stores that proves nothing (also ValueError)
├── ReceiptError      a receipt that cannot be read (also ValueError)
├── SettingsError     a setting that is missing or makes no sense (also ValueError)
├── StoreError        the data folder or database cannot be used
│   └── NotPossible          what is stored is in order, and does not allow what was asked for
├── IntakeError       input of a job that cannot be read, or that --strict refuses
├── SignerError       a key that cannot be read or used
├── Unfetched         a document of others that was not fetched: nothing is known of what it says
└── ChainError        anything about the chain
    ├── ChainUnavailable     no answer, or an answer that is not one: ask again later
    ├── ChainBusy            the embedded chain is held by another process
    ├── WrongChain           another chain, genesis or contract than the one expected
    ├── ContractReverted     the contract refused a call, with its error and arguments
    └── TransactionUnsettled sent, and not seen mined in the time allowed
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final


@dataclass(frozen=True, slots=True)
class Told:
    """What whoever asks over HTTP is told of an error; the rest is for the operator's log."""

    code: str
    what: str
    where: str | None
    remedy: str | None


class RegistryError(Exception):
    """Something a person has to know: what happened, to which input, and what to do about it.

    Args:
        what: one sentence: what happened and why.
        where: the input it happened to: a file, a file and line, an address.
        remedy: one sentence: what the reader can do.
        code: stable kebab-case reason, for programs.

    Attributes:
        stranger_sentence: of errors about what belongs to the operator (its endpoint, disk, database, keys), all that a
            stranger is told beside the code; None for errors about what the stranger sent, who is told everything.
    """

    default_code = "error"
    stranger_sentence: ClassVar[str | None] = None

    def __init__(self, what: str, *, where: str | None = None, remedy: str | None = None, code: str | None = None):
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy
        self.code = code or self.default_code

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what

    def diagnostics(self) -> str:
        """The whole message for a person: the sentence, then what to do."""
        return f"{self}\n{self.remedy}" if self.remedy else str(self)

    @property
    def public(self) -> Told:
        """What strangers may know. Nothing that an endpoint, a disk or a database said is ever part of it."""
        if self.stranger_sentence is None:
            return Told(self.code, self.what, self.where, self.remedy)
        return Told(self.code, public_sentence(self.code, self.stranger_sentence), None, TRY_AGAIN)

    @property
    def is_private(self) -> bool:
        """Whether strangers are told less than there is to know, so that the rest belongs into the log."""
        return self.stranger_sentence is not None


class CredentialError(RegistryError, ValueError):
    """A document that has no digest: malformed, ambiguous or over a limit."""

    default_code = "credential"


class TreeError(RegistryError):
    """A tree that cannot be built, opened or searched."""

    default_code = "tree"
    stranger_sentence = "a tree that is stored here cannot be read"


class ProofError(RegistryError, ValueError):
    """An inclusion or absence proof that does not hold."""

    default_code = "proof"


class EvidenceError(RegistryError, ValueError):
    """Evidence of what a chain stores that proves nothing: then nothing is known of it, for or against."""

    default_code = "evidence"


class ReceiptError(RegistryError, ValueError):
    """A receipt that cannot be read."""

    default_code = "receipt"


class SettingsError(RegistryError, ValueError):
    """A setting that is missing or makes no sense."""

    default_code = "settings"


class StoreError(RegistryError):
    """The data folder or the database cannot be used."""

    default_code = "store"
    stranger_sentence: ClassVar[str | None] = "what is stored here cannot be read at this moment"


class NotPossible(StoreError):
    """What is stored is in order, and does not allow what was asked for: all of it is told to whoever asked."""

    stranger_sentence = None


class IntakeError(RegistryError):
    """Input of a job that cannot be read, or that `--strict` refuses."""

    default_code = "intake"


class SignerError(RegistryError):
    """A key that cannot be read or used."""

    default_code = "signer"
    stranger_sentence = "the key of this service cannot be used at this moment"


class Unfetched(RegistryError):
    """A document of others that was not fetched, or is not one: nothing is known of what it says."""

    default_code = "unfetched"


class ChainError(RegistryError):
    """Anything about the chain."""

    default_code = "chain"
    stranger_sentence = "the chain could not be asked"


class ChainUnavailable(ChainError):
    """No answer from the chain, or an answer that is not one: ask again later.

    Attributes:
        retry_after: seconds after which the endpoint said that it may be asked again; None when it did not say.
    """

    default_code = "chain-unavailable"
    retry_after: float | None = None


class ChainBusy(ChainError):
    """The embedded chain is held by another process."""

    default_code = "chain-busy"


class WrongChain(ChainError):
    """Another chain, genesis or contract than the one expected."""

    default_code = "wrong-chain"


class ContractReverted(ChainError):
    """The contract refused a call.

    Attributes:
        error: name of the Solidity error, such as `AlreadyAnchored`, or "" when it sent none.
        arguments: its arguments by name.
        thrown: the bytes it threw.
    """

    default_code = "contract-reverted"

    def __init__(
        self,
        what: str,
        *,
        error: str = "",
        arguments: dict[str, object] | None = None,
        thrown: bytes = b"",
        remedy: str | None = None,
    ):
        super().__init__(what, remedy=remedy)
        self.error = error
        self.arguments = arguments or {}
        self.thrown = thrown


class TransactionUnsettled(ChainError):
    """Sent, and not seen mined in the time allowed; it may still be mined."""

    default_code = "transaction-unsettled"


TRY_AGAIN: Final = "Try again later, or tell whoever runs this."

PUBLIC_SENTENCES: Final[Mapping[str, str]] = {
    "chain-access-refused": "the chain's endpoint refuses access",
    "chain-behind": "the chain's endpoint is behind what was read before",
    "chain-busy": "the chain is in use by another process",
    "chain-connection-lost": "the connection to the chain's endpoint broke",
    "chain-disagrees": "the chain's endpoint shows another block in the place of one that was final",
    "chain-garbage": "the chain's endpoint gave an answer that makes no sense",
    "chain-http-status": "the chain's endpoint could not answer",
    "chain-moved": "the chain was reorganised while it was read",
    "chain-rate-limited": "the chain's endpoint takes no more requests for now",
    "chain-rpc-error": "the chain's endpoint refused the question",
    "chain-timeout": "the chain's endpoint did not answer in time",
    "chain-tls": "the connection to the chain's endpoint is not safe",
    "chain-unreachable": "the chain's endpoint does not answer",
    "contract-reverted": "the contract refused the question",
    "database": "the database cannot be used at this moment",
    "database-behind": "the database is an old one and knows less than the chain",
    "events-missing": "the chain's endpoint left events out",
    "finality-violated": "a block that was final has changed, and what follows the chain has stopped",
    "no-contract": "the contract is not on this chain",
    "no-finality": "the chain does not tell which block is final",
    "no-index": "nothing is indexed yet",
    "no-room": "there is no room left on the disk or in the database",
    "signer-differs": "the signer returned something else than it was asked for",
    "signer-unavailable": "the signer does not answer",
    "tree-damaged": "the tree of the batch is damaged here",
    "tree-missing": "the tree of the batch is not here",
    "unexpected": "a fault of this program",
    "unwritable": "what is to be stored cannot be written",
    "trees-unavailable": "the store of trees does not answer",
    "wrong-chain": "the endpoint serves another chain",
    "wrong-code": "another contract is at the address",
    "wrong-genesis": "the endpoint serves another chain",
}
"""By code, what is said in public about the operator's own affairs: sentences of ours, and nobody else's words."""


def public_sentence(code: str, otherwise: str) -> str:
    """What is said in public about a reason that is known by its code alone.

    Args:
        otherwise: for a code that has no sentence.
    """
    return PUBLIC_SENTENCES.get(code, otherwise)
