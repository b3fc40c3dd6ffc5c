"""What a person is told whose transaction does not go on."""

from __future__ import annotations

from anchor.sending.fees import too_dear
from registry.chain.rpc.client import ChainClient, Fees
from registry.errors import ChainError, ContractReverted


class Refusals:
    """The errors of one account's transactions.

    Args:
        account: that sends and pays, checksummed.
        ceiling: wei per gas that are never exceeded; None for no limit.
    """

    def __init__(self, client: ChainClient, account: str, ceiling: int | None):
        self._client = client
        self._account = account
        self._ceiling = ceiling

    def not_taken(self, words: str) -> ChainError:
        """The endpoint does not take it for now."""
        return ChainError(
            f"the chain did not take the transaction: {words}",
            where=self._client.where,
            remedy=f"Check the balance of {self._account} and the endpoint, then run the command again.",
            code="transaction-refused",
        )

    def never_taken(self, words: str) -> ChainError:
        """The endpoint says that it can never be mined, whatever it pays."""
        return ChainError(
            f"the chain takes no such transaction: {words}",
            where=self._client.where,
            remedy="All transactions here are of type 2 (EIP-1559), and a chain may limit their gas and size. Once the "
            "reason is gone, run the command again; until then it holds nothing else up.",
            code="transaction-refused",
        )

    def too_dear(self, fees: Fees, what: str) -> ChainError:
        """It costs more than may be paid.

        Args:
            what: became of it.
        """
        if self._ceiling is None:
            remedy = "Set fee_ceiling_gwei to what it may cost,"
        else:
            remedy = "Wait for lower fees, or raise fee_ceiling_gwei,"
        return ChainError(
            f"{too_dear(fees, self._ceiling)}. {what}",
            where=self._client.where,
            remedy=f"{remedy} for one command with TESTAMUR_FEE_CEILING_GWEI, and run the command again.",
            code="fee-ceiling",
        )

    def without_effect(self) -> ContractReverted:
        """It was mined, and the contract refused it then."""
        return ContractReverted(
            "the transaction had no effect: the state changed between the estimate and the block",
            remedy="Run the command again.",
        )
