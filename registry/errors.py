"""The one error tree of the project; commands and services catch `RegistryError` and nothing wider.

RegistryError
├── CredentialError   a document that has no digest (also ValueError)
├── TreeError         a tree that cannot be built, opened or searched
├── ProofError        an inclusion or absence proof that does not hold (also ValueError)
├── ReceiptError      a receipt that cannot be read (also ValueError)
├── SettingsError     a setting that is missing or makes no sense (also ValueError)
├── StoreError        the data folder or database cannot be used
├── IntakeError       input of a job that cannot be read, or that --strict refuses
├── SignerError       a key that cannot be read or used
└── ChainError        anything about the chain
    ├── ChainUnavailable     no answer, or an answer that is not one: ask again later
    ├── ChainBusy            the embedded chain is held by another process
    ├── WrongChain           another chain, genesis or contract than the one expected
    ├── ContractReverted     the contract refused a call, with its error and arguments
    └── TransactionUnsettled sent, and not seen mined in the time allowed
"""

from __future__ import annotations


class RegistryError(Exception):
    """Something a person has to know: what happened, to which input, and what to do about it.

    Args:
        what: one sentence: what happened and why.
        where: the input it happened to: a file, a file and line, an address.
        remedy: one sentence: what the reader can do.
        code: stable kebab-case reason, for programs.
    """

    default_code = "error"

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


class CredentialError(RegistryError, ValueError):
    """A document that has no digest: malformed, ambiguous or over a limit."""

    default_code = "credential"


class TreeError(RegistryError):
    """A tree that cannot be built, opened or searched."""

    default_code = "tree"


class ProofError(RegistryError, ValueError):
    """An inclusion or absence proof that does not hold."""

    default_code = "proof"


class ReceiptError(RegistryError, ValueError):
    """A receipt that cannot be read."""

    default_code = "receipt"


class SettingsError(RegistryError, ValueError):
    """A setting that is missing or makes no sense."""

    default_code = "settings"


class StoreError(RegistryError):
    """The data folder or the database cannot be used."""

    default_code = "store"


class IntakeError(RegistryError):
    """Input of a job that cannot be read, or that `--strict` refuses."""

    default_code = "intake"


class SignerError(RegistryError):
    """A key that cannot be read or used."""

    default_code = "signer"


class ChainError(RegistryError):
    """Anything about the chain."""

    default_code = "chain"


class ChainUnavailable(ChainError):
    """No answer from the chain, or an answer that is not one: ask again later."""

    default_code = "chain-unavailable"


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
    """

    default_code = "contract-reverted"

    def __init__(
        self, what: str, *, error: str = "", arguments: dict[str, object] | None = None, remedy: str | None = None
    ):
        super().__init__(what, remedy=remedy)
        self.error = error
        self.arguments = arguments or {}


class TransactionUnsettled(ChainError):
    """Sent, and not seen mined in the time allowed; it may still be mined."""

    default_code = "transaction-unsettled"
