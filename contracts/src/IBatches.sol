// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {Reason} from "./Reasons.sol";

/// @title Batches: sets of credentials anchored under one root, and proofs about them.
interface IBatches {
    /// @notice The on-chain record of a batch, in one storage slot.
    /// @param anchoredAt Block time of the anchor.
    /// @param blockNumber Block of the anchor.
    /// @param leafCount How many credentials it holds; zero while that was not stated.
    /// @param sequence 1 for the issuer's first batch, then 2, 3… without gaps.
    /// @param voidedAt Block time from which it is void; zero while it holds.
    /// @param voidReason Why it was voided; meaningless while it holds.
    struct Batch {
        uint48 anchoredAt;
        uint48 blockNumber;
        uint32 leafCount;
        uint32 sequence;
        uint48 voidedAt;
        Reason voidReason;
    }

    /// @notice A leaf of a batch with the path that proves it.
    /// @param index Its place among the leaves, which ascend as unsigned numbers; from 0.
    /// @param digest The leaf.
    /// @param path Siblings from the leaf up to the root.
    struct Leaf {
        uint32 index;
        bytes32 digest;
        bytes32[] path;
    }

    /// @notice A batch was anchored; `leafCount` is zero when it came as a bare root, with its count unstated.
    event Anchored(uint64 indexed issuer, bytes32 indexed root, uint32 leafCount, uint32 sequence, address operator);

    /// @notice It was stated how many leaves a batch has that was anchored as a bare root.
    event LeafCountStated(uint64 indexed issuer, bytes32 indexed root, uint32 leafCount, address operator);

    /// @notice Bare roots of that operator are anchored for another issuer from now on; zero: for none.
    event DefaultIssuerSet(address indexed operator, uint64 indexed issuer);

    /// @notice Thrown when the issuer anchored that root before: an anchor exists exactly once.
    error AlreadyAnchored(uint64 issuer, bytes32 root, uint32 sequence);

    /// @notice Thrown when the issuer has not anchored that root.
    error UnknownBatch(uint64 issuer, bytes32 root);

    /// @notice Thrown when a batch is to have no leaves.
    error EmptyBatch(uint64 issuer, bytes32 root);

    /// @notice Thrown when an answer depends on how many leaves the batch has and nobody has stated that yet.
    error LeafCountUnstated(uint64 issuer, bytes32 root);

    /// @notice Thrown when it is stated how many leaves a batch has, and that is known: it is stated at most once.
    error LeafCountIsStated(uint64 issuer, bytes32 root, uint32 leafCount);

    /// @notice Thrown when a bare root comes from an address that has not said for which issuer.
    error NoDefaultIssuer(address operator);

    /// @notice Thrown when a call is neither one of the functions nor a bare root of 32 bytes.
    error UnknownCall(bytes4 selector, uint256 length);

    /// @notice Thrown when there are not as many leaf counts as roots.
    error LengthsDiffer(uint256 roots, uint256 leafCounts);

    /// @notice Thrown when the deadline, in Unix seconds, of a signed anchor has passed.
    error SignatureExpired(uint256 deadline);

    /// @notice Thrown when the signature is not the operator's over this very anchor.
    error InvalidSignature(uint64 issuer, address operator);

    /// @notice Anchor a batch. By an operator of the issuer.
    /// @dev Keyed by issuer and root: another party's anchor of the same root is another batch.
    /// @param root Root of the tree over the sorted digests: SHA-256 of left and right, an odd last node promoted.
    /// @param leafCount How many digests; proofs are checked against it.
    /// @return sequence The number of the batch among the issuer's.
    function anchor(uint64 issuer, bytes32 root, uint32 leafCount) external returns (uint32 sequence);

    /// @notice Anchor several batches; those the issuer anchored before are skipped. By an operator of the issuer.
    /// @return anchored How many were not skipped.
    function anchorMany(uint64 issuer, bytes32[] calldata roots, uint32[] calldata leafCounts)
        external
        returns (uint256 anchored);

    /// @notice Anchor what an operator signed; anyone may send it and pay.
    /// @dev EIP-712 `Anchor(uint64 issuer,bytes32 root,uint32 leafCount,uint256 deadline)` in the domain "Testamur",
    /// version "2"; an operator that is a contract answers by EIP-1271. A root anchors once, so a signature works once.
    /// @param deadline Last block time, in Unix seconds, at which the signature is good.
    function anchorBySignature(
        uint64 issuer,
        bytes32 root,
        uint32 leafCount,
        address operator,
        uint256 deadline,
        bytes calldata signature
    ) external returns (uint32 sequence);

    /// @notice Say for which issuer bare roots of the sender are anchored; zero for none. By an operator of the issuer.
    /// @dev A call whose data is a root and nothing else, as Blockcerts verifiers expect it, anchors that root for the
    /// sender's default issuer, who must still be its operator. Its leaf count is unstated: until `stateLeafCount`, all
    /// that depends on the count reverts with `LeafCountUnstated`, which is every proof and every status but
    /// `voidBatch`. A root that begins with the selector of a function cannot be anchored so: it is taken for a call.
    function setDefaultIssuer(uint64 issuer) external;

    /// @notice Say how many leaves a batch has that was anchored as a bare root; once. By an operator of the issuer.
    /// @dev Part of the history, so also for a batch that was voided and for an issuer that has retired.
    function stateLeafCount(uint64 issuer, bytes32 root, uint32 leafCount) external;

    /// @notice The issuer for which bare roots of that address are anchored; zero for none.
    function defaultIssuerOf(address operator) external view returns (uint64);

    /// @notice The batch an issuer anchored under a root; reverts with `UnknownBatch` when there is none.
    function batchOf(uint64 issuer, bytes32 root) external view returns (Batch memory);

    /// @notice Whether the digest is the leaf at that index of the batch. It says nothing about its status.
    /// @dev A path of another length than index and leaf count demand proves nothing, so no inner node passes as leaf.
    /// Reverts with `UnknownBatch` when there is no such batch, with `LeafCountUnstated` when its size is not known.
    function verifyInclusion(uint64 issuer, bytes32 root, uint32 index, bytes32 digest, bytes32[] calldata path)
        external
        view
        returns (bool);

    /// @notice Whether the digest is in no leaf of the batch, provided that the leaves ascend.
    /// @dev Two neighbours enclose it; before the first leaf `lower`, after the last leaf `upper` is not looked at.
    /// Reverts with `UnknownBatch` when there is no such batch, with `LeafCountUnstated` when its size is not known.
    /// @param lower The leaf with the next smaller digest.
    /// @param upper The leaf with the next greater digest.
    function verifyAbsence(uint64 issuer, bytes32 root, bytes32 digest, Leaf calldata lower, Leaf calldata upper)
        external
        view
        returns (bool);
}
