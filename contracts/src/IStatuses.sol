// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {Purpose, Reason} from "./Reasons.sol";

/// @title Statuses: what became of credentials after they were anchored.
/// @notice A credential has its status in two ways. By its *place*: leaf `index` of a batch is bit `index % 256` of word
/// `index / 256`, for each purpose; 256 credentials cost as much as one. By its *digest*: it follows the credential into
/// every batch of its issuer, anchored before or later, by whomever. It is revoked if either says so, or its batch is
/// void; it is suspended if either says so.
/// @dev What is about places needs to know how many leaves there are, and reverts with `LeafCountUnstated` for a batch that
/// was anchored as a bare root and whose count was not stated: an index or a mask could not be checked.
interface IStatuses {
    /// @notice What an issuer said of a credential by its digest.
    /// @param revokedAt Block time of the revocation; zero for none.
    /// @param revocationReason Why.
    /// @param suspendedAt Block time of the suspension that holds; zero for none.
    /// @param suspensionReason Why.
    struct DigestStatus {
        uint48 revokedAt;
        Reason revocationReason;
        uint48 suspendedAt;
        Reason suspensionReason;
    }

    /// @notice Bits to set in one word of a batch.
    /// @param word Leaves from 256 times this number on.
    /// @param mask The bits; those that are set already stay so.
    struct WordMask {
        uint32 word;
        uint256 mask;
    }

    /// @notice Credentials were revoked or suspended.
    /// @param changed The bits that were not set before.
    event StatusSet(
        uint64 indexed issuer,
        bytes32 indexed root,
        Purpose purpose,
        uint32 word,
        uint256 changed,
        Reason reason,
        address operator
    );

    /// @notice Suspensions were lifted.
    /// @param changed The bits that were set before.
    event SuspensionCleared(
        uint64 indexed issuer, bytes32 indexed root, uint32 word, uint256 changed, Reason reason, address operator
    );

    /// @notice A credential was revoked, wherever its issuer anchored it or will anchor it.
    event DigestRevoked(uint64 indexed issuer, bytes32 indexed digest, Reason reason, address operator);

    /// @notice A credential was suspended, wherever its issuer anchored it or will anchor it.
    event DigestSuspended(uint64 indexed issuer, bytes32 indexed digest, Reason reason, address operator);

    /// @notice The suspension of a credential by its digest was lifted.
    event DigestReinstated(uint64 indexed issuer, bytes32 indexed digest, Reason reason, address operator);

    /// @notice A whole batch was voided: every credential of it is revoked.
    event BatchVoided(uint64 indexed issuer, bytes32 indexed root, Reason reason, address controller);

    /// @notice A credential was replaced by another one of the same issuer. Of several for one leaf the latest counts.
    event Superseded(
        uint64 indexed issuer,
        bytes32 indexed root,
        uint32 index,
        bytes32 indexed replacementRoot,
        uint32 replacementIndex,
        address operator
    );

    /// @notice Thrown when a leaf is named that the batch does not have; for a mask its highest bit is told.
    error IndexOutOfRange(uint256 index, uint32 leafCount);

    /// @notice Thrown when no bit of the word would change.
    error StatusUnchanged(uint64 issuer, bytes32 root, uint32 word);

    /// @notice Thrown when no bit of any of that many words would change.
    error StatusesUnchanged(uint64 issuer, bytes32 root, uint256 count);

    /// @notice Thrown when none of that many digests would change.
    error DigestsUnchanged(uint64 issuer, uint256 count);

    /// @notice Thrown when a change is asked of a batch that was voided, or it is to replace something.
    error BatchIsVoided(uint64 issuer, bytes32 root, uint48 voidedAt);

    /// @notice Thrown when a credential is to replace itself.
    error SupersedesItself(uint64 issuer, bytes32 root, uint32 index);

    /// @notice Revoke or suspend up to 256 credentials of one word. By an operator of the issuer.
    /// @param mask The bits to set; those that are set already stay so.
    function setStatus(uint64 issuer, bytes32 root, Purpose purpose, uint32 word, uint256 mask, Reason reason) external;

    /// @notice As `setStatus` for several words of a batch, of which one at least changes. By an operator of the issuer.
    /// @param masks Words in any order; those in which nothing would change are passed over.
    function setStatuses(uint64 issuer, bytes32 root, Purpose purpose, WordMask[] calldata masks, Reason reason)
        external;

    /// @notice Lift the suspension of up to 256 credentials of one word. By an operator of the issuer.
    /// @param mask The bits to clear; those that are not set stay so.
    function clearSuspension(uint64 issuer, bytes32 root, uint32 word, uint256 mask, Reason reason) external;

    /// @notice Revoke credentials by their digests, for good and in every batch of the issuer. By an operator of the issuer.
    /// @dev Nobody is asked whether they were anchored: that may be yet to come, or have happened elsewhere.
    /// @param digests Those that are revoked already stay so, with their first reason.
    function revokeDigests(uint64 issuer, bytes32[] calldata digests, Reason reason) external;

    /// @notice Suspend credentials by their digests, in every batch of the issuer. By an operator of the issuer.
    /// @param digests Those that are suspended already stay so, with their first reason.
    function suspendDigests(uint64 issuer, bytes32[] calldata digests, Reason reason) external;

    /// @notice Lift suspensions that were made by digest; those by place stay. By an operator of the issuer.
    /// @param digests Those that are not suspended stay so.
    function reinstateDigests(uint64 issuer, bytes32[] calldata digests, Reason reason) external;

    /// @notice Void a whole batch for good. By the issuer's controller.
    function voidBatch(uint64 issuer, bytes32 root, Reason reason) external;

    /// @notice Say which credential replaces another. By an operator of the issuer.
    /// @dev An event only: it revokes nothing. The replaced credential's batch may be void.
    function supersede(uint64 issuer, bytes32 root, uint32 index, bytes32 replacementRoot, uint32 replacementIndex)
        external;

    /// @notice The status of one credential, by its place and its digest; all credentials of a voided batch are revoked.
    /// @dev Reverts with `UnknownBatch` or `IndexOutOfRange` rather than call "not revoked" what does not exist. That the
    /// digest is in that place is for `verifyInclusion` to say.
    function statusOf(uint64 issuer, bytes32 root, uint32 index, bytes32 digest)
        external
        view
        returns (bool revoked, bool suspended);

    /// @notice What was said of credentials by their digests, in their order; nothing of their places and batches.
    function digestStatusesOf(uint64 issuer, bytes32[] calldata digests) external view returns (DigestStatus[] memory);

    /// @notice The status bits of `count` words from `firstWord` on; all leaves of a voided batch are revoked. What was said
    /// of credentials by their digests is not in them.
    /// @dev Reverts with `UnknownBatch` or `IndexOutOfRange` when batch or words do not exist.
    function statusWords(uint64 issuer, bytes32 root, Purpose purpose, uint32 firstWord, uint32 count)
        external
        view
        returns (uint256[] memory words);
}
