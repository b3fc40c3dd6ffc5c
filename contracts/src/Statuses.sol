// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Batches} from "./Batches.sol";
import {IStatuses} from "./IStatuses.sol";
import {PackedBatch} from "./PackedBatch.sol";
import {PackedDigestStatus} from "./PackedDigestStatus.sol";
import {Purpose, Reason} from "./Reasons.sol";

/// @title Statuses: what became of credentials after they were anchored.
abstract contract Statuses is IStatuses, Batches {
    /// @dev A structure so that it can be read and written with its place computed once.
    struct DigestRecord {
        PackedDigestStatus packed;
    }

    /// @dev By issuer first: nobody can say anything of another's credentials.
    mapping(uint64 issuer => mapping(bytes32 digest => DigestRecord)) private _digestStatuses;

    /// @inheritdoc IStatuses
    function setStatus(uint64 issuer, bytes32 root, Purpose purpose, uint32 word, uint256 mask, Reason reason)
        external
    {
        BatchRecord storage record = _changeable(issuer, root, word, mask);
        StatusWord storage stored = _word(record, purpose, word);
        uint256 before = stored.bits;
        uint256 changed = mask & ~before;
        if (changed == 0) revert StatusUnchanged(issuer, root, word);
        stored.bits = before | changed;
        emit StatusSet(issuer, root, purpose, word, changed, reason, msg.sender);
    }

    /// @inheritdoc IStatuses
    function setStatuses(uint64 issuer, bytes32 root, Purpose purpose, WordMask[] calldata masks, Reason reason)
        external
    {
        _operated(issuer, msg.sender);
        (BatchRecord storage record, PackedBatch batch) = _counted(issuer, root);
        _requireHolding(batch, issuer, root);
        uint256 count;
        for (uint256 i = 0; i < masks.length; ++i) {
            (uint32 word, uint256 mask) = (masks[i].word, masks[i].mask);
            _requireLeaves(batch, word, mask);
            StatusWord storage stored = _word(record, purpose, word);
            uint256 before = stored.bits;
            uint256 changed = mask & ~before;
            if (changed == 0) continue;
            stored.bits = before | changed;
            emit StatusSet(issuer, root, purpose, word, changed, reason, msg.sender);
            ++count;
        }
        if (count == 0) revert StatusesUnchanged(issuer, root, masks.length);
    }

    /// @inheritdoc IStatuses
    function clearSuspension(uint64 issuer, bytes32 root, uint32 word, uint256 mask, Reason reason) external {
        BatchRecord storage record = _changeable(issuer, root, word, mask);
        StatusWord storage stored = _word(record, Purpose.Suspension, word);
        uint256 before = stored.bits;
        uint256 changed = mask & before;
        if (changed == 0) revert StatusUnchanged(issuer, root, word);
        stored.bits = before & ~changed;
        emit SuspensionCleared(issuer, root, word, changed, reason, msg.sender);
    }

    /// @inheritdoc IStatuses
    function revokeDigests(uint64 issuer, bytes32[] calldata digests, Reason reason) external {
        (PartyRecord storage party, mapping(bytes32 digest => DigestRecord) storage records) =
            _changeableDigests(issuer);
        uint256 changed;
        for (uint256 i = 0; i < digests.length; ++i) {
            bytes32 digest = digests[i];
            DigestRecord storage record = records[digest];
            PackedDigestStatus status = record.packed;
            if (status.isRevoked()) continue;
            record.packed = status.revokedNow(reason);
            emit DigestRevoked(issuer, digest, reason, msg.sender);
            ++changed;
        }
        _countChanges(party, issuer, changed, digests.length);
    }

    /// @inheritdoc IStatuses
    function suspendDigests(uint64 issuer, bytes32[] calldata digests, Reason reason) external {
        (PartyRecord storage party, mapping(bytes32 digest => DigestRecord) storage records) =
            _changeableDigests(issuer);
        uint256 changed;
        for (uint256 i = 0; i < digests.length; ++i) {
            bytes32 digest = digests[i];
            DigestRecord storage record = records[digest];
            PackedDigestStatus status = record.packed;
            if (status.isSuspended()) continue;
            record.packed = status.suspendedNow(reason);
            emit DigestSuspended(issuer, digest, reason, msg.sender);
            ++changed;
        }
        _countChanges(party, issuer, changed, digests.length);
    }

    /// @inheritdoc IStatuses
    function reinstateDigests(uint64 issuer, bytes32[] calldata digests, Reason reason) external {
        (PartyRecord storage party, mapping(bytes32 digest => DigestRecord) storage records) =
            _changeableDigests(issuer);
        uint256 changed;
        for (uint256 i = 0; i < digests.length; ++i) {
            bytes32 digest = digests[i];
            DigestRecord storage record = records[digest];
            PackedDigestStatus status = record.packed;
            if (!status.isSuspended()) continue;
            record.packed = status.reinstated();
            emit DigestReinstated(issuer, digest, reason, msg.sender);
            ++changed;
        }
        _countChanges(party, issuer, changed, digests.length);
    }

    /// @inheritdoc IStatuses
    function voidBatch(uint64 issuer, bytes32 root, Reason reason) external {
        _controlled(issuer);
        (BatchRecord storage record, PackedBatch batch) = _known(issuer, root);
        _requireHolding(batch, issuer, root);
        record.packed = batch.voidedNow(reason);
        emit BatchVoided(issuer, root, reason, msg.sender);
    }

    /// @inheritdoc IStatuses
    function supersede(uint64 issuer, bytes32 root, uint32 index, bytes32 replacementRoot, uint32 replacementIndex)
        external
    {
        _operated(issuer, msg.sender);
        if (root == replacementRoot && index == replacementIndex) revert SupersedesItself(issuer, root, index);
        _requireLeaf(_countedBatch(issuer, root), index);
        PackedBatch replacement = _countedBatch(issuer, replacementRoot);
        _requireLeaf(replacement, replacementIndex);
        _requireHolding(replacement, issuer, replacementRoot);
        emit Superseded(issuer, root, index, replacementRoot, replacementIndex, msg.sender);
    }

    /// @inheritdoc IStatuses
    function statusOf(uint64 issuer, bytes32 root, uint32 index, bytes32 digest)
        external
        view
        returns (bool revoked, bool suspended)
    {
        (BatchRecord storage record, PackedBatch batch) = _counted(issuer, root);
        _requireLeaf(batch, index);
        uint32 word = index / 256;
        uint256 bit = 1 << (index % 256);
        PackedDigestStatus byDigest = _digestStatuses[issuer][digest].packed;
        revoked = byDigest.isRevoked() || batch.isVoid() || _word(record, Purpose.Revocation, word).bits & bit != 0;
        suspended = byDigest.isSuspended() || _word(record, Purpose.Suspension, word).bits & bit != 0;
    }

    /// @inheritdoc IStatuses
    function digestStatusesOf(uint64 issuer, bytes32[] calldata digests)
        external
        view
        returns (DigestStatus[] memory statuses)
    {
        statuses = new DigestStatus[](digests.length);
        for (uint256 i = 0; i < digests.length; ++i) {
            statuses[i] = _digestStatuses[issuer][digests[i]].packed.unpacked();
        }
    }

    /// @inheritdoc IStatuses
    function statusWords(uint64 issuer, bytes32 root, Purpose purpose, uint32 firstWord, uint32 count)
        external
        view
        returns (uint256[] memory words)
    {
        (BatchRecord storage record, PackedBatch batch) = _counted(issuer, root);
        uint32 leafCount = batch.leafCount();
        uint256 end = (uint256(firstWord) + count) * 256;
        if (end >= uint256(leafCount) + 256) revert IndexOutOfRange(end - 256, leafCount);
        bool allRevoked = purpose == Purpose.Revocation && batch.isVoid();
        words = new uint256[](count);
        for (uint32 i = 0; i < count; ++i) {
            uint32 word = firstWord + i;
            words[i] = allRevoked ? _leavesOf(word, leafCount) : _word(record, purpose, word).bits;
        }
    }

    /// @dev The issuer's record, and what was said of its credentials by their digests, once it is sure that the sender
    /// may change it.
    function _changeableDigests(uint64 issuer)
        private
        view
        returns (PartyRecord storage party, mapping(bytes32 digest => DigestRecord) storage records)
    {
        (party,) = _operated(issuer, msg.sender);
        records = _digestStatuses[issuer];
    }

    /// @dev The batch's record, once it is sure that the sender may change it, that it holds, and that it has all the
    /// leaves of the mask.
    function _changeable(uint64 issuer, bytes32 root, uint32 word, uint256 mask)
        private
        view
        returns (BatchRecord storage record)
    {
        _operated(issuer, msg.sender);
        PackedBatch batch;
        (record, batch) = _counted(issuer, root);
        _requireHolding(batch, issuer, root);
        _requireLeaves(batch, word, mask);
    }

    /// @dev That the batch has all the leaves of the mask.
    function _requireLeaves(PackedBatch batch, uint32 word, uint256 mask) private pure {
        uint32 leafCount = batch.leafCount();
        unchecked {
            // Most words are full, and then any mask will do.
            if ((uint256(word) + 1) * 256 <= leafCount) return;
        }
        if (mask & ~_leavesOf(word, leafCount) != 0) {
            revert IndexOutOfRange(uint256(word) * 256 + Math.log2(mask), leafCount);
        }
    }

    /// @dev Counted, as batches are: whoever has that many events has all of them.
    function _countChanges(PartyRecord storage party, uint64 issuer, uint256 changed, uint256 count) private {
        if (changed == 0) revert DigestsUnchanged(issuer, count);
        party.digestChanges += uint48(changed);
    }

    function _requireHolding(PackedBatch batch, uint64 issuer, bytes32 root) private pure {
        if (batch.isVoid()) revert BatchIsVoided(issuer, root, batch.voidedAt());
    }

    function _requireLeaf(PackedBatch batch, uint32 index) private pure {
        if (index >= batch.leafCount()) revert IndexOutOfRange(index, batch.leafCount());
    }

    /// @dev The bits of the word that stand for leaves.
    function _leavesOf(uint32 word, uint32 leafCount) private pure returns (uint256) {
        unchecked {
            uint256 first = uint256(word) * 256;
            if (first + 256 <= leafCount) return type(uint256).max;
            return first < leafCount ? (1 << (leafCount - first)) - 1 : 0;
        }
    }

    function _word(BatchRecord storage record, Purpose purpose, uint32 word) private view returns (StatusWord storage) {
        return record.statuses[uint256(word) << 8 | uint256(purpose)];
    }
}
