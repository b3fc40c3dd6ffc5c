// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {IBatches} from "./IBatches.sol";
import {InclusionProof} from "./InclusionProof.sol";
import {PackedBatch, PackedBatchParts} from "./PackedBatch.sol";
import {PackedParty} from "./PackedParty.sol";
import {Parties} from "./Parties.sol";

/// @title Batches: sets of credentials anchored under one root, and proofs about them.
abstract contract Batches is IBatches, Parties, EIP712 {
    bytes32 private constant ANCHOR_TYPE =
        keccak256("Anchor(uint64 issuer,bytes32 root,uint32 leafCount,uint256 deadline)");

    /// @dev Status words belong to `Statuses`; they are here so that finding the batch finds them too.
    struct BatchRecord {
        PackedBatch packed;
        mapping(uint256 wordAndPurpose => StatusWord) statuses;
    }

    /// @dev A structure so that a word can be read and written with its place computed once.
    struct StatusWord {
        uint256 bits;
    }

    mapping(uint64 issuer => mapping(bytes32 root => BatchRecord)) private _batches;
    mapping(address operator => uint64 issuer) private _defaultIssuers;

    constructor() EIP712("Testamur", "2") {}

    /// @dev A bare root, as Blockcerts verifiers compare the data of a transaction with the root.
    fallback() external {
        if (msg.data.length != 32) revert UnknownCall(msg.sig, msg.data.length);
        uint64 issuer = _defaultIssuers[msg.sender];
        if (issuer == 0) revert NoDefaultIssuer(msg.sender);
        _anchorOnce(issuer, bytes32(msg.data), 0, msg.sender);
    }

    /// @inheritdoc IBatches
    function anchor(uint64 issuer, bytes32 root, uint32 leafCount) external returns (uint32 sequence) {
        if (leafCount == 0) revert EmptyBatch(issuer, root);
        return _anchorOnce(issuer, root, leafCount, msg.sender);
    }

    /// @inheritdoc IBatches
    function anchorMany(uint64 issuer, bytes32[] calldata roots, uint32[] calldata leafCounts)
        external
        returns (uint256 anchored)
    {
        if (roots.length != leafCounts.length) revert LengthsDiffer(roots.length, leafCounts.length);
        (PartyRecord storage record, PackedParty party) = _anchoring(issuer, msg.sender);
        mapping(bytes32 root => BatchRecord) storage batches = _batches[issuer];
        for (uint256 i = 0; i < roots.length; ++i) {
            bytes32 root = roots[i];
            BatchRecord storage batch = batches[root];
            if (batch.packed.exists()) continue;
            uint32 leafCount = leafCounts[i];
            if (leafCount == 0) revert EmptyBatch(issuer, root);
            party = party.withNextSequence();
            _store(batch, issuer, root, leafCount, party.sequence(), msg.sender);
            ++anchored;
        }
        record.packed = party;
    }

    /// @inheritdoc IBatches
    function anchorBySignature(
        uint64 issuer,
        bytes32 root,
        uint32 leafCount,
        address operator,
        uint256 deadline,
        bytes calldata signature
    ) external returns (uint32 sequence) {
        if (leafCount == 0) revert EmptyBatch(issuer, root);
        if (block.timestamp > deadline) revert SignatureExpired(deadline);
        bytes32 signed = _hashTypedDataV4(keccak256(abi.encode(ANCHOR_TYPE, issuer, root, leafCount, deadline)));
        if (!SignatureChecker.isValidSignatureNowCalldata(operator, signed, signature)) {
            revert InvalidSignature(issuer, operator);
        }
        return _anchorOnce(issuer, root, leafCount, operator);
    }

    /// @inheritdoc IBatches
    function setDefaultIssuer(uint64 issuer) external {
        if (issuer != 0) _operated(issuer, msg.sender);
        _defaultIssuers[msg.sender] = issuer;
        emit DefaultIssuerSet(msg.sender, issuer);
    }

    /// @inheritdoc IBatches
    function stateLeafCount(uint64 issuer, bytes32 root, uint32 leafCount) external {
        _operated(issuer, msg.sender);
        (BatchRecord storage record, PackedBatch batch) = _known(issuer, root);
        if (batch.leafCount() != 0) revert LeafCountIsStated(issuer, root, batch.leafCount());
        if (leafCount == 0) revert EmptyBatch(issuer, root);
        record.packed = batch.withLeafCount(leafCount);
        emit LeafCountStated(issuer, root, leafCount, msg.sender);
    }

    /// @inheritdoc IBatches
    function defaultIssuerOf(address operator) external view returns (uint64) {
        return _defaultIssuers[operator];
    }

    /// @inheritdoc IBatches
    function batchOf(uint64 issuer, bytes32 root) external view returns (Batch memory) {
        (, PackedBatch batch) = _known(issuer, root);
        return batch.unpacked();
    }

    /// @inheritdoc IBatches
    function verifyInclusion(uint64 issuer, bytes32 root, uint32 index, bytes32 digest, bytes32[] calldata path)
        external
        view
        returns (bool)
    {
        return InclusionProof.verify(root, _countedBatch(issuer, root).leafCount(), index, digest, path);
    }

    /// @inheritdoc IBatches
    function verifyAbsence(uint64 issuer, bytes32 root, bytes32 digest, Leaf calldata lower, Leaf calldata upper)
        external
        view
        returns (bool)
    {
        uint256 count = _countedBatch(issuer, root).leafCount();
        bool belowUpper = digest < upper.digest;
        bool aboveLower = lower.digest < digest;
        if (belowUpper && upper.index == 0) return _includes(root, count, upper);
        if (aboveLower && lower.index == count - 1) return _includes(root, count, lower);
        return belowUpper && aboveLower && uint256(lower.index) + 1 == upper.index && _includes(root, count, lower)
            && _includes(root, count, upper);
    }

    /// @dev The batch's record and its packed part, once it is sure that there is one.
    function _known(uint64 issuer, bytes32 root) internal view returns (BatchRecord storage record, PackedBatch batch) {
        record = _batches[issuer][root];
        batch = record.packed;
        if (!batch.exists()) revert UnknownBatch(issuer, root);
    }

    /// @dev As `_known`, and its leaves are counted.
    function _counted(uint64 issuer, bytes32 root)
        internal
        view
        returns (BatchRecord storage record, PackedBatch batch)
    {
        record = _batches[issuer][root];
        batch = record.packed;
        // One comparison for both, as it is nearly always passed.
        if (batch.leafCount() == 0) {
            _known(issuer, root);
            revert LeafCountUnstated(issuer, root);
        }
    }

    /// @dev As `_counted`, for those who only read.
    function _countedBatch(uint64 issuer, bytes32 root) internal view returns (PackedBatch batch) {
        (, batch) = _counted(issuer, root);
    }

    function _anchorOnce(uint64 issuer, bytes32 root, uint32 leafCount, address operator)
        private
        returns (uint32 sequence)
    {
        (PartyRecord storage record, PackedParty party) = _anchoring(issuer, operator);
        BatchRecord storage batch = _batches[issuer][root];
        PackedBatch before = batch.packed;
        if (before.exists()) revert AlreadyAnchored(issuer, root, before.sequence());
        party = party.withNextSequence();
        record.packed = party;
        sequence = party.sequence();
        _store(batch, issuer, root, leafCount, sequence, operator);
    }

    function _store(
        BatchRecord storage record,
        uint64 issuer,
        bytes32 root,
        uint32 leafCount,
        uint32 sequence,
        address operator
    ) private {
        record.packed = PackedBatchParts.anchoredNow(leafCount, sequence);
        emit Anchored(issuer, root, leafCount, sequence, operator);
    }

    function _includes(bytes32 root, uint256 count, Leaf calldata leaf) private view returns (bool) {
        return InclusionProof.verify(root, count, leaf.index, leaf.digest, leaf.path);
    }
}
