// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Batches} from "./Batches.sol";
import {IStatuses} from "./IStatuses.sol";
import {Purpose, Reason} from "./Reasons.sol";

/// @title Statuses: what became of credentials after they were anchored.
abstract contract Statuses is IStatuses, Batches {
    mapping(bytes32 key => uint256) private _words;

    /// @inheritdoc IStatuses
    function setStatus(uint64 issuer, bytes32 root, Purpose purpose, uint256 word, uint256 mask, Reason reason)
        external
    {
        _operated(issuer, msg.sender);
        _requireChangeable(issuer, root, word, mask);
        bytes32 key = _key(issuer, root, purpose, word);
        uint256 before = _words[key];
        uint256 changed = mask & ~before;
        if (changed == 0) revert StatusUnchanged(issuer, root, word);
        _words[key] = before | changed;
        emit StatusSet(issuer, root, purpose, word, changed, reason, msg.sender);
    }

    /// @inheritdoc IStatuses
    function clearSuspension(uint64 issuer, bytes32 root, uint256 word, uint256 mask, Reason reason) external {
        _operated(issuer, msg.sender);
        _requireChangeable(issuer, root, word, mask);
        bytes32 key = _key(issuer, root, Purpose.Suspension, word);
        uint256 before = _words[key];
        uint256 changed = mask & before;
        if (changed == 0) revert StatusUnchanged(issuer, root, word);
        _words[key] = before & ~changed;
        emit SuspensionCleared(issuer, root, word, changed, reason, msg.sender);
    }

    /// @inheritdoc IStatuses
    function voidBatch(uint64 issuer, bytes32 root, Reason reason) external {
        _controlled(issuer);
        Batch storage batch = _knownBatch(issuer, root);
        if (batch.voidedAt != 0) revert BatchIsVoided(issuer, root, batch.voidedAt);
        batch.voidedAt = uint48(block.timestamp);
        batch.voidReason = reason;
        emit BatchVoided(issuer, root, reason, msg.sender);
    }

    /// @inheritdoc IStatuses
    function supersede(
        uint64 issuer,
        bytes32 root,
        uint32 index,
        bytes32 replacementRoot,
        uint32 replacementIndex
    ) external {
        _operated(issuer, msg.sender);
        if (root == replacementRoot && index == replacementIndex) revert SupersedesItself(issuer, root, index);
        _requireLeaf(_knownBatch(issuer, root), index);
        Batch storage replacement = _knownBatch(issuer, replacementRoot);
        _requireLeaf(replacement, replacementIndex);
        if (replacement.voidedAt != 0) revert BatchIsVoided(issuer, replacementRoot, replacement.voidedAt);
        emit Superseded(issuer, root, index, replacementRoot, replacementIndex, msg.sender);
    }

    /// @inheritdoc IStatuses
    function statusOf(uint64 issuer, bytes32 root, uint32 index) external view returns (bool revoked, bool suspended) {
        Batch storage batch = _knownBatch(issuer, root);
        _requireLeaf(batch, index);
        uint256 bit = 1 << (index % 256);
        revoked = batch.voidedAt != 0 || _words[_key(issuer, root, Purpose.Revocation, index / 256)] & bit != 0;
        suspended = _words[_key(issuer, root, Purpose.Suspension, index / 256)] & bit != 0;
    }

    /// @inheritdoc IStatuses
    function statusWords(uint64 issuer, bytes32 root, Purpose purpose, uint256 firstWord, uint256 count)
        external
        view
        returns (uint256[] memory words)
    {
        Batch storage batch = _knownBatch(issuer, root);
        uint32 leafCount = batch.leafCount;
        uint256 end = Math.saturatingAdd(firstWord, count);
        if (end > (uint256(leafCount) + 255) / 256) revert IndexOutOfRange(_firstIndex(end - 1), leafCount);
        bool allRevoked = purpose == Purpose.Revocation && batch.voidedAt != 0;
        words = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 word = firstWord + i;
            words[i] = allRevoked ? _leavesOf(word, leafCount) : _words[_key(issuer, root, purpose, word)];
        }
    }

    /// @dev The batch is there and holds, and has all the leaves of the mask.
    function _requireChangeable(uint64 issuer, bytes32 root, uint256 word, uint256 mask) private view {
        Batch storage batch = _knownBatch(issuer, root);
        if (batch.voidedAt != 0) revert BatchIsVoided(issuer, root, batch.voidedAt);
        uint32 leafCount = batch.leafCount;
        if (mask & ~_leavesOf(word, leafCount) != 0) {
            revert IndexOutOfRange(Math.saturatingAdd(_firstIndex(word), Math.log2(mask)), leafCount);
        }
    }

    function _requireLeaf(Batch storage batch, uint32 index) private view {
        if (index >= batch.leafCount) revert IndexOutOfRange(index, batch.leafCount);
    }

    /// @dev The bits of the word that stand for leaves.
    function _leavesOf(uint256 word, uint32 leafCount) private pure returns (uint256) {
        // No batch is empty, so that there is a last leaf.
        unchecked {
            uint256 lastLeaf = uint256(leafCount) - 1;
            if (word < lastLeaf >> 8) return type(uint256).max;
            if (word > lastLeaf >> 8) return 0;
            return type(uint256).max >> (255 - (lastLeaf & 255));
        }
    }

    /// @dev The index of a word's first bit; the greatest number where there is no such index.
    function _firstIndex(uint256 word) private pure returns (uint256) {
        return Math.saturatingMul(word, 256);
    }

    function _key(uint64 issuer, bytes32 root, Purpose purpose, uint256 word) private pure returns (bytes32) {
        return keccak256(abi.encode(issuer, root, purpose, word));
    }
}
