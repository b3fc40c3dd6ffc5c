// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {PackedBatch, PackedBatchParts} from "../src/PackedBatch.sol";
import {PackedDigestStatus} from "../src/PackedDigestStatus.sol";
import {PackedParty} from "../src/PackedParty.sol";
import {Reason} from "../src/Reasons.sol";
import {Symbolic} from "./Symbolic.sol";

/// @dev Each part of the packed words is on its own: for every word and every value, 256 bits wide.
contract PackedWordsProof is Symbolic {
    /// @dev Any word, any account: the number of batches and the time of retirement stay.
    function check_party_operator(uint256 word, address account) external pure {
        PackedParty before = PackedParty.wrap(word);
        PackedParty later = before.withOperator(account);
        assert(later.operator() == account);
        assert(later.sequence() == before.sequence() && later.retiredAt() == before.retiredAt());
    }

    /// @dev Any word whose number of batches can grow: it grows by one, and nothing else changes.
    function check_party_sequence(uint256 word) external pure {
        PackedParty before = PackedParty.wrap(word);
        vm.assume(before.sequence() != type(uint32).max);
        PackedParty later = before.withNextSequence();
        assert(later.sequence() == before.sequence() + 1);
        assert(later.operator() == before.operator() && later.retiredAt() == before.retiredAt());
    }

    /// @dev Any word without a time of retirement, any time: nothing else changes.
    function check_party_retired(uint256 word, uint48 time) external pure {
        PackedParty before = PackedParty.wrap(word);
        vm.assume(before.retiredAt() == 0);
        PackedParty later = before.withRetiredAt(time);
        assert(later.retiredAt() == time);
        assert(later.operator() == before.operator() && later.sequence() == before.sequence());
    }

    /// @dev Any count, number, block time and block height: each is read back, and the batch holds.
    function check_batch_anchored(uint32 leaves, uint32 number, uint48 time, uint48 height) external {
        vm.warp(time);
        vm.roll(height);
        PackedBatch batch = PackedBatchParts.anchoredNow(leaves, number);
        assert(batch.leafCount() == leaves && batch.sequence() == number);
        assert(batch.unpacked().anchoredAt == time && batch.unpacked().blockNumber == height);
        assert(!batch.isVoid() && batch.voidedAt() == 0 && batch.unpacked().voidReason == Reason.Unspecified);
        assert(number == 0 || batch.exists());
    }

    /// @dev Any word without a count, any count: nothing else changes.
    function check_batch_counted(uint256 word, uint32 leaves) external pure {
        PackedBatch before = PackedBatch.wrap(word);
        vm.assume(before.leafCount() == 0);
        PackedBatch later = before.withLeafCount(leaves);
        assert(later.leafCount() == leaves);
        assert(PackedBatch.unwrap(later) >> 32 == word >> 32);
    }

    /// @dev Any word of a batch that holds, any time, any reason: nothing else changes.
    function check_batch_voided(uint256 word, uint48 time, uint8 reason) external {
        vm.assume(word >> 160 == 0 && time != 0 && reason <= uint8(type(Reason).max));
        vm.warp(time);
        PackedBatch later = PackedBatch.wrap(word).voidedNow(Reason(reason));
        assert(later.isVoid() && later.voidedAt() == time && later.unpacked().voidReason == Reason(reason));
        assert(PackedBatch.unwrap(later) << 96 == word << 96);
    }

    /// @dev Any word of a digest that was not revoked, any time, any reason: it is revoked, and its suspension stays.
    function check_digest_revoked(uint256 word, uint48 time, uint8 reason) external {
        vm.assume(word << 200 == 0 && word >> 112 == 0 && time != 0 && reason <= uint8(type(Reason).max));
        vm.assume(word >> 104 <= uint8(type(Reason).max));
        vm.warp(time);
        PackedDigestStatus later = PackedDigestStatus.wrap(word).revokedNow(Reason(reason));
        assert(later.isRevoked() && later.unpacked().revokedAt == time);
        assert(later.unpacked().revocationReason == Reason(reason));
        assert(later.isSuspended() == PackedDigestStatus.wrap(word).isSuspended());
        assert(PackedDigestStatus.unwrap(later) >> 56 == word >> 56);
    }

    /// @dev Any word of a digest that is not suspended, any time, any reason: it is suspended, and its revocation stays.
    function check_digest_suspended(uint256 word, uint48 time, uint8 reason) external {
        vm.assume(word >> 56 == 0 && time != 0 && reason <= uint8(type(Reason).max));
        vm.assume(word >> 48 <= uint8(type(Reason).max));
        vm.warp(time);
        PackedDigestStatus later = PackedDigestStatus.wrap(word).suspendedNow(Reason(reason));
        assert(later.isSuspended() && later.unpacked().suspendedAt == time);
        assert(later.unpacked().suspensionReason == Reason(reason));
        assert(later.isRevoked() == PackedDigestStatus.wrap(word).isRevoked());
        assert(PackedDigestStatus.unwrap(later) << 200 == word << 200);
    }

    /// @dev Any word at all: it is not suspended any more, and what was said of its revocation stays.
    function check_digest_reinstated(uint256 word) external pure {
        PackedDigestStatus later = PackedDigestStatus.wrap(word).reinstated();
        assert(!later.isSuspended());
        assert(later.isRevoked() == PackedDigestStatus.wrap(word).isRevoked());
        assert(PackedDigestStatus.unwrap(later) << 200 == word << 200);
        assert(PackedDigestStatus.unwrap(later) >> 56 == 0);
    }
}
