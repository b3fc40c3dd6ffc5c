// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {Purpose, Reason} from "./Reasons.sol";

/// @title Statuses: what became of credentials after they were anchored.
/// @notice Leaf `index` of a batch is bit `index % 256` of word `index / 256`, for each purpose.
/// @dev All but `voidBatch` need to know how many leaves there are, and revert with `LeafCountUnstated` for a batch that
/// was anchored as a bare root and whose count was not stated: an index or a mask could not be checked.
interface IStatuses {
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

    /// @notice Thrown when a change is asked of a batch that was voided, or it is to replace something.
    error BatchIsVoided(uint64 issuer, bytes32 root, uint48 voidedAt);

    /// @notice Thrown when a credential is to replace itself.
    error SupersedesItself(uint64 issuer, bytes32 root, uint32 index);

    /// @notice Revoke or suspend up to 256 credentials of one word. By an operator of the issuer.
    /// @param mask The bits to set; those that are set already stay so.
    function setStatus(uint64 issuer, bytes32 root, Purpose purpose, uint32 word, uint256 mask, Reason reason) external;

    /// @notice Lift the suspension of up to 256 credentials of one word. By an operator of the issuer.
    /// @param mask The bits to clear; those that are not set stay so.
    function clearSuspension(uint64 issuer, bytes32 root, uint32 word, uint256 mask, Reason reason) external;

    /// @notice Void a whole batch for good. By the issuer's controller.
    function voidBatch(uint64 issuer, bytes32 root, Reason reason) external;

    /// @notice Say which credential replaces another. By an operator of the issuer.
    /// @dev An event only: it revokes nothing. The replaced credential's batch may be void.
    function supersede(uint64 issuer, bytes32 root, uint32 index, bytes32 replacementRoot, uint32 replacementIndex)
        external;

    /// @notice The status of one credential; all credentials of a voided batch are revoked.
    /// @dev Reverts with `UnknownBatch` or `IndexOutOfRange` rather than call "not revoked" what does not exist.
    function statusOf(uint64 issuer, bytes32 root, uint32 index) external view returns (bool revoked, bool suspended);

    /// @notice The status bits of `count` words from `firstWord` on; all leaves of a voided batch are revoked.
    /// @dev Reverts with `UnknownBatch` or `IndexOutOfRange` when batch or words do not exist.
    function statusWords(uint64 issuer, bytes32 root, Purpose purpose, uint32 firstWord, uint32 count)
        external
        view
        returns (uint256[] memory words);
}
