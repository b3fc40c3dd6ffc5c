"""The kinds of differences that an audit finds, and what each of them means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class DifferenceKind(StrEnum):
    """What differs."""

    EVENT_IMPOSSIBLE = "event-impossible"
    RECEIPT_DIFFERS = "receipt-differs"
    PARTY_COUNT = "party-count"
    PARTY_DIFFERS = "party-differs"
    OPERATOR_DIFFERS = "operator-differs"
    BATCH_MISSING = "batch-missing"
    BATCH_DIFFERS = "batch-differs"
    STATUS_DIFFERS = "status-differs"
    ACCREDITATION_COUNT = "accreditation-count"
    ACCREDITATION_DIFFERS = "accreditation-differs"
    NOT_IN_INDEX = "not-in-index"
    INDEX_NOT_ON_CHAIN = "index-not-on-chain"
    INDEX_DIFFERS = "index-differs"
    NOT_ON_CHAIN = "not-on-chain"
    NOT_IN_FOLDER = "not-in-folder"
    FOLDER_DIFFERS = "folder-differs"
    TREE_MISSING = "tree-missing"
    TREE_DAMAGED = "tree-damaged"
    TREE_UNSORTED = "tree-unsorted"
    LEAF_COUNT_DIFFERS = "leaf-count-differs"
    POSITIONS_DIFFER = "positions-differ"
    STATUS_APART = "status-apart"


_STORAGE = (
    "The events and the contract's storage cannot differ on a chain that works: the endpoint left out or made up "
    "events, or answers from another state. Ask another endpoint; do not rely on either answer until then."
)
MEANINGS: Final[Mapping[DifferenceKind, str]] = {
    DifferenceKind.EVENT_IMPOSSIBLE: (
        "The contract never lets this happen after what came before: the endpoint left out events or made some up, "
        "so the history it tells is not the whole history. Ask another endpoint."
    ),
    DifferenceKind.RECEIPT_DIFFERS: (
        "The endpoint tells of other events in the receipt of a transaction than in the list of all events: one of the "
        "two is not whole. Ask another endpoint."
    ),
    DifferenceKind.PARTY_COUNT: _STORAGE,
    DifferenceKind.PARTY_DIFFERS: _STORAGE,
    DifferenceKind.OPERATOR_DIFFERS: _STORAGE + " Who may anchor for this party is not certain.",
    DifferenceKind.BATCH_MISSING: _STORAGE + " Whether this batch was anchored is not certain.",
    DifferenceKind.BATCH_DIFFERS: _STORAGE + " A receipt of this batch may be judged wrongly.",
    DifferenceKind.STATUS_DIFFERS: _STORAGE + " Whether these credentials are revoked or suspended is not certain.",
    DifferenceKind.ACCREDITATION_COUNT: _STORAGE,
    DifferenceKind.ACCREDITATION_DIFFERS: _STORAGE + " Who accredited whom is not certain.",
    DifferenceKind.NOT_IN_INDEX: (
        "The lookup service does not know this batch: it answers that its credentials are unknown. Build the index "
        "again."
    ),
    DifferenceKind.INDEX_NOT_ON_CHAIN: (
        "The lookup service tells of a batch that the chain does not have: its answers about it are wrong, and a "
        "verifier that reads the chain refuses them. Build the index again."
    ),
    DifferenceKind.INDEX_DIFFERS: (
        "The index was changed by something else than the chain, or by an endpoint that lied to it: what the lookup "
        "service says of this is wrong. Build the index again, from another endpoint."
    ),
    DifferenceKind.NOT_ON_CHAIN: (
        "The operator's database calls this batch anchored and the chain does not have it: its credentials are not "
        "anchored, whatever their holders were told. The batch has to be anchored again."
    ),
    DifferenceKind.NOT_IN_FOLDER: (
        "The chain has a batch of this folder's issuer that the folder does not know: the database was lost or set "
        "back, or somebody else anchored with the issuer's key. Nobody can make receipts of it from this folder."
    ),
    DifferenceKind.FOLDER_DIFFERS: (
        "The operator's database says something else of this batch than the chain: the chain is right, and what was "
        "made from the database, such as reports and receipts, is to be compared with it."
    ),
    DifferenceKind.TREE_MISSING: (
        "Without its tree no new receipt of this batch can be made and no absence proved; receipts that were handed "
        "out stay valid. The command testamur trees repair makes it again."
    ),
    DifferenceKind.TREE_DAMAGED: (
        "The file does not lead to the root on the chain: it was damaged or changed after it was anchored. Proofs made "
        "from it fail, none of them can deceive a verifier. The command testamur trees repair makes it again."
    ),
    DifferenceKind.TREE_UNSORTED: (
        "The leaves are not in strictly ascending order, and the root commits to that: inclusion holds, but no proof "
        "of absence from this batch means anything. The issuer has to explain it."
    ),
    DifferenceKind.LEAF_COUNT_DIFFERS: (
        "The tree has another number of leaves than the chain says. With a wrong count interior nodes can pass as "
        "credentials or proofs fail: the count on the chain decides, and the file is not that of the anchored batch."
    ),
    DifferenceKind.POSITIONS_DIFFER: (
        "Beside the tree stand other positions in named status lists than the operator's database gave out, or none, "
        "or what cannot be read: a list made from it is wrong for these credentials, or is not given. Verdicts and "
        "look-ups do not depend on it. The command testamur trees repair writes them again."
    ),
    DifferenceKind.STATUS_APART: (
        "One credential is in two batches of its issuer, withdrawn at its place in one of them and in force at that in "
        "the other. Whoever knows both takes it for withdrawn; a stranger who has the other receipt alone does not. "
        "Withdraw the credential itself, by its digest, which counts wherever it is anchored: the command testamur "
        "revoke, or suspend. If it shall stand, record that the other anchor supersedes this one: the command testamur "
        "supersede."
    ),
}
"""What each kind of difference means, and what to do, in one or two sentences."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that does not agree.

    Attributes:
        subject: what it is about: "issuer 3, root 0x…".
        what: both sides of it, in one sentence.
        issuer: the party it is about, or None when it is about all.
    """

    kind: DifferenceKind
    subject: str
    what: str
    issuer: int | None = None

    @property
    def means(self) -> str:
        """What it means and what to do."""
        return MEANINGS[self.kind]
