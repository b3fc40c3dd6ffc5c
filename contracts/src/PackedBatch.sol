// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {IBatches} from "./IBatches.sol";
import {Reason} from "./Reasons.sol";

/// @notice The record of a batch in one storage slot: leaf count (bits 0 to 31), sequence (32 to 63), block time
/// (64 to 111) and block number (112 to 159) of the anchor, time (160 to 207) and reason (208 to 215) of its voiding.
/// @dev Zero for a batch that was never anchored, as sequences start at 1. Unpacked by hand, as the compiler would load
/// the slot once for each part.
type PackedBatch is uint256;

using PackedBatchParts for PackedBatch global;

/// @title PackedBatchParts: the parts of a `PackedBatch`.
library PackedBatchParts {
    uint256 private constant SEQUENCE = 32;
    uint256 private constant ANCHORED_AT = 64;
    uint256 private constant BLOCK_NUMBER = 112;
    uint256 private constant VOIDED_AT = 160;
    uint256 private constant VOID_REASON = 208;

    /// @notice The record of a batch that is anchored in this block.
    function anchoredNow(uint32 leaves, uint32 number) internal view returns (PackedBatch) {
        return PackedBatch.wrap(
            uint256(leaves) | (uint256(number) << SEQUENCE) | (uint256(uint48(block.timestamp)) << ANCHORED_AT)
                | (uint256(uint48(block.number)) << BLOCK_NUMBER)
        );
    }

    /// @notice Whether it was anchored at all.
    function exists(PackedBatch batch) internal pure returns (bool) {
        return PackedBatch.unwrap(batch) != 0;
    }

    /// @notice How many leaves it has; zero while that was not stated.
    function leafCount(PackedBatch batch) internal pure returns (uint32) {
        return uint32(PackedBatch.unwrap(batch));
    }

    /// @notice With its leaves counted; they were not before.
    function withLeafCount(PackedBatch batch, uint32 leaves) internal pure returns (PackedBatch) {
        return PackedBatch.wrap(PackedBatch.unwrap(batch) | leaves);
    }

    /// @notice Its number among the issuer's batches.
    function sequence(PackedBatch batch) internal pure returns (uint32) {
        return uint32(PackedBatch.unwrap(batch) >> SEQUENCE);
    }

    /// @notice Whether it was voided.
    function isVoid(PackedBatch batch) internal pure returns (bool) {
        return PackedBatch.unwrap(batch) >> VOIDED_AT != 0;
    }

    /// @notice Block time from which it is void; zero while it holds.
    function voidedAt(PackedBatch batch) internal pure returns (uint48) {
        return uint48(PackedBatch.unwrap(batch) >> VOIDED_AT);
    }

    /// @notice Voided in this block; it was not before.
    function voidedNow(PackedBatch batch, Reason reason) internal view returns (PackedBatch) {
        return PackedBatch.wrap(
            PackedBatch.unwrap(batch) | (uint256(uint48(block.timestamp)) << VOIDED_AT)
                | (uint256(reason) << VOID_REASON)
        );
    }

    /// @notice All parts.
    function unpacked(PackedBatch batch) internal pure returns (IBatches.Batch memory) {
        uint256 packed = PackedBatch.unwrap(batch);
        return IBatches.Batch({
            anchoredAt: uint48(packed >> ANCHORED_AT),
            blockNumber: uint48(packed >> BLOCK_NUMBER),
            leafCount: leafCount(batch),
            sequence: sequence(batch),
            voidedAt: voidedAt(batch),
            voidReason: Reason(uint8(packed >> VOID_REASON))
        });
    }
}
