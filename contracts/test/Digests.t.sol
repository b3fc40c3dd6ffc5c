// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {IParties} from "../src/IParties.sol";
import {IStatuses} from "../src/IStatuses.sol";
import {PackedDigestStatus} from "../src/PackedDigestStatus.sol";
import {Purpose, Reason} from "../src/Reasons.sol";
import {RegistryTest} from "./RegistryTest.sol";

/// @dev Statuses that follow a credential by its digest; the cases are in Digests.tree.
contract DigestsTest is RegistryTest {
    /// @dev What the reference knows of one digest and one place.
    struct Known {
        bool revoked;
        bool suspended;
        bool placeRevoked;
        bool placeSuspended;
        bool void;
    }

    bytes32 private constant OTHER = keccak256("another credential");
    uint32 private constant LEAVES = 300;
    uint32 private constant INDEX = 257;

    // revokeDigests

    function testFuzz_onlyOperators(address other, bytes32 digest) external {
        vm.assume(other != operator);
        bytes memory refusal = abi.encodeWithSelector(IParties.NotOperator.selector, issuer, other);
        vm.expectRevert(refusal);
        vm.prank(other);
        registry.revokeDigests(issuer, only(digest), Reason.Unspecified);
        vm.expectRevert(refusal);
        vm.prank(other);
        registry.suspendDigests(issuer, only(digest), Reason.Unspecified);
        vm.expectRevert(refusal);
        vm.prank(other);
        registry.reinstateDigests(issuer, only(digest), Reason.Unspecified);
    }

    function test_revoke_formerOperator() external {
        vm.prank(controller);
        registry.setOperator(issuer, operator, false);
        vm.expectRevert(abi.encodeWithSelector(IParties.NotOperator.selector, issuer, operator));
        _revoke(only(DIGEST));
    }

    function testFuzz_revoke_unknownIssuer(uint64 unknown) external {
        vm.assume(unknown == 0 || unknown > registry.partyCount());
        vm.expectRevert(abi.encodeWithSelector(IParties.UnknownParty.selector, unknown));
        vm.prank(operator);
        registry.revokeDigests(unknown, only(DIGEST), Reason.Unspecified);
    }

    function test_revoke_unchanged() external {
        vm.expectRevert(abi.encodeWithSelector(IStatuses.DigestsUnchanged.selector, issuer, 0));
        _revoke(new bytes32[](0));
        _revoke(_both());
        vm.expectRevert(abi.encodeWithSelector(IStatuses.DigestsUnchanged.selector, issuer, 2));
        _revoke(_both());
    }

    /// @dev The first of two is revoked already, and the second is named twice.
    function test_revoke_some() external {
        vm.expectEmit(address(registry));
        emit IStatuses.DigestRevoked(issuer, DIGEST, Reason.ObtainedByFraud, operator);
        vm.prank(operator);
        registry.revokeDigests(issuer, only(DIGEST), Reason.ObtainedByFraud);
        uint48 first = uint48(block.timestamp);
        vm.warp(first + 10);
        bytes32[] memory digests = new bytes32[](3);
        (digests[0], digests[1], digests[2]) = (DIGEST, OTHER, OTHER);
        vm.recordLogs();
        vm.prank(operator);
        registry.revokeDigests(issuer, digests, Reason.HolderRequest);
        assert(vm.getRecordedLogs().length == 1);
        IStatuses.DigestStatus[] memory found = registry.digestStatusesOf(issuer, _both());
        assert(found[0].revokedAt == first && found[0].revocationReason == Reason.ObtainedByFraud);
        assert(found[1].revokedAt == first + 10 && found[1].revocationReason == Reason.HolderRequest);
    }

    /// @dev Neither the end of the issuer, nor of its batch, nor that nobody counted it, stands in the way.
    function test_revoke_whatever() external {
        anchored(ROOT, LEAVES);
        vm.prank(operator);
        registry.setDefaultIssuer(issuer);
        vm.prank(operator);
        (bool done,) = address(registry).call(abi.encode(OTHER_ROOT));
        assert(done);
        vm.prank(controller);
        registry.voidBatch(issuer, ROOT, Reason.KeyCompromise);
        vm.prank(controller);
        registry.retire(issuer);
        _revoke(_both());
        assert(_isRevoked(DIGEST) && _isRevoked(OTHER));
    }

    function testFuzz_revoke_anotherIssuer(bytes32 digest) external {
        uint64 other = _another();
        anchored(ROOT, LEAVES);
        vm.prank(stranger);
        registry.revokeDigests(other, only(digest), Reason.Unspecified);
        assert(!_isRevoked(digest));
        (bool revoked, bool suspended) = registry.statusOf(issuer, ROOT, INDEX, digest);
        assert(!revoked && !suspended);
    }

    // suspendDigests, reinstateDigests

    function test_suspendAndReinstate() external {
        vm.expectEmit(address(registry));
        emit IStatuses.DigestSuspended(issuer, DIGEST, Reason.UnderReview, operator);
        _suspend(only(DIGEST));
        vm.expectRevert(abi.encodeWithSelector(IStatuses.DigestsUnchanged.selector, issuer, 1));
        _suspend(only(DIGEST));
        vm.expectEmit(address(registry));
        emit IStatuses.DigestSuspended(issuer, OTHER, Reason.UnderReview, operator);
        _suspend(_both());
        IStatuses.DigestStatus memory found = registry.digestStatusesOf(issuer, only(DIGEST))[0];
        assert(found.suspendedAt == block.timestamp && found.suspensionReason == Reason.UnderReview);
        assert(found.revokedAt == 0);
        vm.expectEmit(address(registry));
        emit IStatuses.DigestReinstated(issuer, OTHER, Reason.Resolved, operator);
        _reinstate(only(OTHER));
        vm.recordLogs();
        _reinstate(_both());
        assert(vm.getRecordedLogs().length == 1);
        vm.expectRevert(abi.encodeWithSelector(IStatuses.DigestsUnchanged.selector, issuer, 2));
        _reinstate(_both());
        found = registry.digestStatusesOf(issuer, only(DIGEST))[0];
        assert(found.suspendedAt == 0 && found.suspensionReason == Reason.Unspecified);
    }

    /// @dev Whatever is said of suspensions before and after: the revocation stands, with its time and its reason.
    function testFuzz_revocationStands(bool before, uint8 reason, uint8 otherReason, uint16 wait) external {
        reason %= uint8(type(Reason).max) + 1;
        otherReason %= uint8(type(Reason).max) + 1;
        if (before) {
            vm.prank(operator);
            registry.suspendDigests(issuer, only(DIGEST), Reason(otherReason));
        }
        vm.prank(operator);
        registry.revokeDigests(issuer, only(DIGEST), Reason(reason));
        uint48 since = uint48(block.timestamp);
        vm.warp(since + wait);
        if (!before) {
            vm.prank(operator);
            registry.suspendDigests(issuer, only(DIGEST), Reason(otherReason));
        }
        IStatuses.DigestStatus memory found = registry.digestStatusesOf(issuer, only(DIGEST))[0];
        assert(found.revokedAt == since && found.revocationReason == Reason(reason));
        assert(found.suspendedAt == (before ? since : since + wait) && found.suspensionReason == Reason(otherReason));
        _reinstate(only(DIGEST));
        found = registry.digestStatusesOf(issuer, only(DIGEST))[0];
        assert(found.revokedAt == since && found.revocationReason == Reason(reason) && found.suspendedAt == 0);
    }

    // statusOf

    /// @dev Batches that come after the revocation, in each of the four ways, and before.
    function test_status_everyWayToAnchor() external {
        bytes32[5] memory roots;
        for (uint256 i = 0; i < roots.length; ++i) {
            roots[i] = keccak256(abi.encode("batch", i));
        }
        anchored(roots[0], LEAVES);
        _revoke(only(DIGEST));
        anchored(roots[1], LEAVES);
        (bytes32[] memory many, uint32[] memory counts) = (new bytes32[](1), new uint32[](1));
        (many[0], counts[0]) = (roots[2], LEAVES);
        vm.prank(operator);
        registry.anchorMany(issuer, many, counts);
        vm.prank(operator);
        registry.setDefaultIssuer(issuer);
        vm.prank(operator);
        (bool done,) = address(registry).call(abi.encode(roots[3]));
        assert(done);
        vm.prank(operator);
        registry.stateLeafCount(issuer, roots[3], LEAVES);
        registry.anchorBySignature(issuer, roots[4], LEAVES, operator, block.timestamp, _signed(roots[4]));
        for (uint256 i = 0; i < roots.length; ++i) {
            (bool revoked, bool suspended) = registry.statusOf(issuer, roots[i], INDEX, DIGEST);
            assert(revoked && !suspended);
            (revoked,) = registry.statusOf(issuer, roots[i], INDEX, OTHER);
            assert(!revoked);
        }
    }

    /// @dev Any course of changes to the place, to the digest and to the batch.
    function testFuzz_status(uint8[10] calldata changes) external {
        anchored(ROOT, LEAVES);
        Known memory known;
        for (uint256 i = 0; i < changes.length; ++i) {
            vm.warp(block.timestamp + 1);
            _change(changes[i] % 16, known);
            (bool revoked, bool suspended) = registry.statusOf(issuer, ROOT, INDEX, DIGEST);
            assert(revoked == (known.revoked || known.placeRevoked || known.void));
            assert(suspended == (known.suspended || known.placeSuspended));
            (revoked, suspended) = registry.statusOf(issuer, ROOT, INDEX, OTHER);
            assert(revoked == (known.placeRevoked || known.void) && suspended == known.placeSuspended);
            (revoked, suspended) = registry.statusOf(issuer, ROOT, 0, DIGEST);
            assert(revoked == (known.revoked || known.void) && suspended == known.suspended);
        }
    }

    // digestStatusesOf

    function testFuzz_digestStatuses_nothing(uint64 party, bytes32[] calldata digests) external view {
        IStatuses.DigestStatus[] memory found = registry.digestStatusesOf(party, digests);
        assert(found.length == digests.length);
        for (uint256 i = 0; i < found.length; ++i) {
            assert(keccak256(abi.encode(found[i])) == keccak256(new bytes(128)));
        }
    }

    function testFuzz_digestStatuses_order(uint8[8] calldata which) external {
        _revoke(only(bytes32(uint256(1))));
        _suspend(only(bytes32(uint256(2))));
        bytes32[] memory asked = new bytes32[](which.length);
        for (uint256 i = 0; i < which.length; ++i) {
            asked[i] = bytes32(uint256(which[i] % 3));
        }
        IStatuses.DigestStatus[] memory found = registry.digestStatusesOf(issuer, asked);
        for (uint256 i = 0; i < which.length; ++i) {
            assert((found[i].revokedAt != 0) == (which[i] % 3 == 1));
            assert((found[i].suspendedAt != 0) == (which[i] % 3 == 2));
        }
    }

    // statusWords

    function test_statusWords_tellOfPlaces() external {
        anchored(ROOT, LEAVES);
        _revoke(only(DIGEST));
        _suspend(only(DIGEST));
        for (uint8 purpose = 0; purpose < 2; ++purpose) {
            uint256[] memory words = registry.statusWords(issuer, ROOT, Purpose(purpose), 0, 2);
            assert(words[0] == 0 && words[1] == 0);
        }
    }

    // digestChanges

    /// @dev Any course of calls of two issuers, refused or not, with digests that do not change or are named twice.
    function testFuzz_changesAreCounted(uint8[12] calldata changes) external {
        uint64[2] memory issuers = [issuer, _another()];
        uint256[2] memory told;
        bytes4[3] memory functions =
            [registry.revokeDigests.selector, registry.suspendDigests.selector, registry.reinstateDigests.selector];
        for (uint256 i = 0; i < changes.length; ++i) {
            uint256 by = changes[i] % 2;
            bytes32[] memory digests = new bytes32[](changes[i] / 2 % 4);
            for (uint256 place = 0; place < digests.length; ++place) {
                digests[place] = changes[i] >> (3 + place) & 1 == 0 ? DIGEST : OTHER;
            }
            vm.recordLogs();
            vm.prank(by == 0 ? operator : stranger);
            (bool done,) = address(registry)
                .call(abi.encodeWithSelector(functions[changes[i] / 64 % 3], issuers[by], digests, Reason.Resolved));
            uint256 events = vm.getRecordedLogs().length;
            assert(done == (events != 0));
            told[by] += events;
            assert(_changes(issuers[0]) == told[0] && _changes(issuers[1]) == told[1]);
        }
    }

    /// @dev They are in one word of storage with the controller and the time of registration.
    function test_changes_stayWhoeverGoverns() external {
        uint48 since = registry.partyOf(issuer).registeredAt;
        vm.warp(since + 10);
        _revoke(_both());
        assert(_changes(issuer) == 2 && registry.partyOf(issuer).registeredAt == since);
        assert(registry.partyOf(issuer).controller == controller);
        vm.prank(controller);
        registry.transferController(issuer, stranger);
        vm.prank(stranger);
        registry.acceptController(issuer);
        anchored(ROOT, LEAVES);
        vm.prank(stranger);
        registry.retire(issuer);
        assert(_changes(issuer) == 2 && registry.partyOf(issuer).registeredAt == since);
        _suspend(only(DIGEST));
        assert(_changes(issuer) == 3 && registry.partyOf(issuer).controller == stranger);
    }

    // PackedDigestStatus

    /// @dev Each part of the word is where it is said to be, and no change of one touches another.
    function testFuzz_packed(uint48 revokedAt, uint48 suspendedAt, uint8 reason, uint8 otherReason) external {
        vm.assume(revokedAt != 0 && suspendedAt != 0);
        reason %= uint8(type(Reason).max) + 1;
        otherReason %= uint8(type(Reason).max) + 1;
        vm.warp(revokedAt);
        PackedDigestStatus revoked = PackedDigestStatus.wrap(0).revokedNow(Reason(reason));
        vm.warp(suspendedAt);
        PackedDigestStatus both = revoked.suspendedNow(Reason(otherReason));
        uint256 low = uint256(revokedAt) | uint256(reason) << 48;
        assert(PackedDigestStatus.unwrap(both) == (low | uint256(suspendedAt) << 56 | uint256(otherReason) << 104));
        assert(revoked.isRevoked() && !revoked.isSuspended() && both.isRevoked() && both.isSuspended());
        assert(PackedDigestStatus.unwrap(both.reinstated()) == PackedDigestStatus.unwrap(revoked));
        PackedDigestStatus suspended = PackedDigestStatus.wrap(0).suspendedNow(Reason(otherReason));
        assert(!suspended.isRevoked() && suspended.isSuspended());
        assert(PackedDigestStatus.unwrap(suspended.reinstated()) == 0);
        vm.warp(revokedAt);
        assert(PackedDigestStatus.unwrap(suspended.revokedNow(Reason(reason))) == PackedDigestStatus.unwrap(both));
    }

    /// @dev One change, of which half of the cases are suspensions and their ends.
    function _change(uint256 kind, Known memory known) private {
        if (kind == 0 && !known.revoked) {
            _revoke(only(DIGEST));
            known.revoked = true;
        } else if (kind == 1 && !known.void && !known.placeRevoked) {
            vm.prank(operator);
            registry.setStatus(issuer, ROOT, Purpose.Revocation, INDEX / 256, 1 << INDEX % 256, Reason.Unspecified);
            known.placeRevoked = true;
        } else if (kind == 2 && !known.void) {
            vm.prank(controller);
            registry.voidBatch(issuer, ROOT, Reason.Unspecified);
            known.void = true;
        } else if (kind > 2 && kind % 2 == 1) {
            if (known.suspended) _reinstate(only(DIGEST));
            else _suspend(only(DIGEST));
            known.suspended = !known.suspended;
        } else if (kind > 2 && !known.void) {
            vm.prank(operator);
            if (known.placeSuspended) {
                registry.clearSuspension(issuer, ROOT, INDEX / 256, 1 << INDEX % 256, Reason.Resolved);
            } else {
                registry.setStatus(issuer, ROOT, Purpose.Suspension, INDEX / 256, 1 << INDEX % 256, Reason.UnderReview);
            }
            known.placeSuspended = !known.placeSuspended;
        }
    }

    function _revoke(bytes32[] memory digests) private {
        vm.prank(operator);
        registry.revokeDigests(issuer, digests, Reason.IssuedInError);
    }

    function _suspend(bytes32[] memory digests) private {
        vm.prank(operator);
        registry.suspendDigests(issuer, digests, Reason.UnderReview);
    }

    function _reinstate(bytes32[] memory digests) private {
        vm.prank(operator);
        registry.reinstateDigests(issuer, digests, Reason.Resolved);
    }

    /// @dev An issuer that the stranger governs and operates.
    function _another() private returns (uint64) {
        vm.prank(stranger);
        return registry.registerParty("", 0);
    }

    function _changes(uint64 party) private view returns (uint48) {
        return registry.partyOf(party).digestChanges;
    }

    function _isRevoked(bytes32 digest) private view returns (bool) {
        return registry.digestStatusesOf(issuer, only(digest))[0].revokedAt != 0;
    }

    function _both() private pure returns (bytes32[] memory digests) {
        digests = new bytes32[](2);
        (digests[0], digests[1]) = (DIGEST, OTHER);
    }

    function _signed(bytes32 root) private view returns (bytes memory) {
        bytes32 typeHash = keccak256("Anchor(uint64 issuer,bytes32 root,uint32 leafCount,uint256 deadline)");
        bytes32 message = keccak256(abi.encode(typeHash, issuer, root, LEAVES, block.timestamp));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(OPERATOR_KEY, typedData(address(registry), message));
        return abi.encodePacked(r, s, v);
    }
}
