"""The words of the clients about a transaction that was sent."""

from __future__ import annotations

import pytest

from registry.chain.rpc.classify import WORDS, SendOutcome, classify
from registry.chain.rpc.client import RpcRefused
from registry.errors import ChainUnavailable


def refusal(words: str, code: int = -32000) -> RpcRefused:
    return RpcRefused("refused", rpc_code=code, rpc_message=words, where=None, remedy=None)


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        # As the clients say it, with what they put around it.
        ("already known", SendOutcome.KNOWN),
        ("transaction already imported", SendOutcome.KNOWN),
        ("AlreadyKnown", SendOutcome.KNOWN),
        ("nonce too low: next nonce 5, tx nonce 4", SendOutcome.NONCE_USED),
        ("OldNonce, Current nonce: 5, nonce of rejected tx: 4.", SendOutcome.NONCE_USED),
        ("NONCE_TOO_LOW", SendOutcome.NONCE_USED),
        ("replacement transaction underpriced", SendOutcome.UNDERPRICED),
        ("transaction underpriced: tip needed 1, tip permitted 0", SendOutcome.FEE_TOO_LOW),
        ("max fee per gas less than block base fee: address 0x1, maxFeePerGas: 1", SendOutcome.FEE_TOO_LOW),
        ("insufficient funds for gas * price + value: balance 0, tx cost 1, overshot 1", SendOutcome.NO_FUNDS),
        ("Upfront cost exceeds account balance", SendOutcome.NO_FUNDS),
        ("intrinsic gas too low: gas 21000, minimum needed 53000", SendOutcome.REFUSED),
        ("Known transaction", SendOutcome.KNOWN),
        ("unknown transaction type", SendOutcome.AMBIGUOUS),
        ("INTERNAL_ERROR: could not replace existing tx", SendOutcome.UNDERPRICED),
        ("[0x01]: insufficient gas price to replace existing transaction.", SendOutcome.UNDERPRICED),
        ("Replacement transaction underpriced", SendOutcome.UNDERPRICED),
        ("underpriced", SendOutcome.FEE_TOO_LOW),
        ("[0x01] Transaction feeCap 1 below chain minimum.", SendOutcome.FEE_TOO_LOW),
        ("Gas price below current base fee", SendOutcome.FEE_TOO_LOW),
        ("Wrong chainId", SendOutcome.REFUSED),
        ("Wrong Chain ID in transaction signature", SendOutcome.REFUSED),
        ("tx fee (1.50 ether) exceeds the configured cap (1.00 ether)", SendOutcome.REFUSED),
        ("transaction gas limit too high (cap: 16777216, tx: 20000000)", SendOutcome.REFUSED),
        ("[0x01] Transaction discarded outright due to pool size constraints.", SendOutcome.BUSY),
        ("pending sub-pool is full", SendOutcome.BUSY),
        ("txpool is full", SendOutcome.BUSY),
        ("Too Many Requests", SendOutcome.BUSY),
        ("something nobody has said before", SendOutcome.AMBIGUOUS),
        ("", SendOutcome.AMBIGUOUS),
    ],
)
def test_words_mean_what_their_client_means(words: str, outcome: SendOutcome) -> None:
    assert classify(refusal(words)) is outcome


def test_a_limit_may_be_in_the_code_alone() -> None:
    assert classify(refusal("no", -32005)) is SendOutcome.BUSY


def test_a_code_of_limits_does_not_hide_what_the_words_say() -> None:
    assert classify(refusal("Transaction gas limit exceeds block gas limit", -32005)) is SendOutcome.REFUSED


def test_no_answer_says_nothing_about_the_transaction() -> None:
    assert classify(ChainUnavailable("the connection was closed")) is SendOutcome.AMBIGUOUS


def test_every_row_can_be_reached() -> None:
    for words, outcome, who in WORDS:
        assert words == words.lower()
        assert who
        assert classify(refusal(words)) is outcome, words
