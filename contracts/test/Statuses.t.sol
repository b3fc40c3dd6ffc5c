// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {IBatches} from "../src/IBatches.sol";
import {IParties} from "../src/IParties.sol";
import {IStatuses} from "../src/IStatuses.sol";
import {Purpose, Reason} from "../src/Reasons.sol";
import {RegistryTest} from "./RegistryTest.sol";

contract StatusesTest is RegistryTest {
    uint32 private constant LEAVES = 700;

    function setUp() public override {
        super.setUp();
        anchored(ROOT, LEAVES);
    }

    /// @dev Masks against single bits: what was revoked stays, a suspension is what was set and not cleared since.
    function testFuzz_statuses(uint256[6] calldata masks, uint8[6] calldata kinds, uint256 index) external {
        index = between(index, 0, 255);
        bool revoked = false;
        bool suspended = false;
        for (uint256 i = 0; i < masks.length; ++i) {
            bool hit = (masks[i] >> index) & 1 == 1;
            uint256 kind = kinds[i] % 3;
            if (_change(kind, masks[i])) {
                if (kind == 0 && hit) revoked = true;
                if (kind == 1 && hit) suspended = true;
                if (kind == 2 && hit) suspended = false;
            }
            (bool isRevoked, bool isSuspended) = registry.statusOf(issuer, ROOT, uint32(256 + index), DIGEST);
            assert(isRevoked == revoked && isSuspended == suspended);
            (isRevoked, isSuspended) = registry.statusOf(issuer, ROOT, uint32(index), DIGEST);
            assert(!isRevoked && !isSuspended);
        }
    }

    function test_setStatus_emitsWhatChanged() external {
        vm.expectEmit(address(registry));
        emit IStatuses.StatusSet(issuer, ROOT, Purpose.Revocation, 0, 5, Reason.IssuedInError, operator);
        _set(Purpose.Revocation, 0, 5);
        vm.expectEmit(address(registry));
        emit IStatuses.StatusSet(issuer, ROOT, Purpose.Revocation, 0, 2, Reason.IssuedInError, operator);
        _set(Purpose.Revocation, 0, 7);
        vm.expectRevert(abi.encodeWithSelector(IStatuses.StatusUnchanged.selector, issuer, ROOT, 0));
        _set(Purpose.Revocation, 0, 3);
    }

    /// @dev Several words at once do what each of them does alone, in whatever order and with whatever is set before.
    function testFuzz_setStatuses(uint256[4] calldata masks, uint8[4] calldata words, bool suspend) external {
        anchored(OTHER_ROOT, LEAVES);
        Purpose purpose = Purpose(suspend ? 1 : 0);
        IStatuses.WordMask[] memory several = new IStatuses.WordMask[](masks.length);
        uint256 changes;
        for (uint256 i = 0; i < masks.length; ++i) {
            uint32 word = words[i] % 3;
            uint256 mask = word == 2 ? masks[i] & ((1 << (LEAVES - 512)) - 1) : masks[i];
            several[i] = IStatuses.WordMask(word, mask);
            vm.prank(operator);
            try registry.setStatus(issuer, OTHER_ROOT, purpose, word, mask, Reason.Unspecified) {
                ++changes;
            } catch {}
        }
        vm.assume(changes != 0);
        vm.recordLogs();
        vm.prank(operator);
        registry.setStatuses(issuer, ROOT, purpose, several, Reason.Unspecified);
        assert(vm.getRecordedLogs().length == changes);
        for (uint8 each = 0; each < 2; ++each) {
            uint256[] memory together = registry.statusWords(issuer, ROOT, Purpose(each), 0, 3);
            uint256[] memory alone = registry.statusWords(issuer, OTHER_ROOT, Purpose(each), 0, 3);
            assert(keccak256(abi.encode(together)) == keccak256(abi.encode(alone)));
        }
    }

    function test_setStatuses_refusals() external {
        IStatuses.WordMask[] memory several = new IStatuses.WordMask[](2);
        (several[0], several[1]) = (IStatuses.WordMask(0, 5), IStatuses.WordMask(2, 1));
        vm.expectRevert(abi.encodeWithSelector(IParties.NotOperator.selector, issuer, stranger));
        vm.prank(stranger);
        registry.setStatuses(issuer, ROOT, Purpose.Revocation, several, Reason.Unspecified);
        vm.expectRevert(abi.encodeWithSelector(IBatches.UnknownBatch.selector, issuer, OTHER_ROOT));
        vm.prank(operator);
        registry.setStatuses(issuer, OTHER_ROOT, Purpose.Revocation, several, Reason.Unspecified);
        _setSeveral(several, true);
        // One word of them is set, so the other one counts.
        _set(Purpose.Suspension, 0, 5);
        vm.expectEmit(address(registry));
        emit IStatuses.StatusSet(issuer, ROOT, Purpose.Suspension, 2, 1, Reason.IssuedInError, operator);
        vm.prank(operator);
        registry.setStatuses(issuer, ROOT, Purpose.Suspension, several, Reason.IssuedInError);
        vm.expectRevert(abi.encodeWithSelector(IStatuses.StatusesUnchanged.selector, issuer, ROOT, 2));
        _setSeveral(several, false);
        vm.expectRevert(abi.encodeWithSelector(IStatuses.StatusesUnchanged.selector, issuer, ROOT, 0));
        _setSeveral(new IStatuses.WordMask[](0), false);
        // A leaf too many in the second word, and nothing of the first one stays.
        (several[0].mask, several[1].mask) = (2, 1 << (LEAVES - 512));
        vm.expectRevert(abi.encodeWithSelector(IStatuses.IndexOutOfRange.selector, LEAVES, LEAVES));
        _setSeveral(several, false);
        assert(registry.statusWords(issuer, ROOT, Purpose.Revocation, 0, 1)[0] == 5);
        vm.prank(controller);
        registry.voidBatch(issuer, ROOT, Reason.Unspecified);
        vm.expectRevert(abi.encodeWithSelector(IStatuses.BatchIsVoided.selector, issuer, ROOT, block.timestamp));
        _setSeveral(several, false);
    }

    function test_clearSuspension() external {
        _set(Purpose.Suspension, 1, 6);
        vm.expectEmit(address(registry));
        emit IStatuses.SuspensionCleared(issuer, ROOT, 1, 4, Reason.Resolved, operator);
        vm.prank(operator);
        registry.clearSuspension(issuer, ROOT, 1, 12, Reason.Resolved);
        vm.expectRevert(abi.encodeWithSelector(IStatuses.StatusUnchanged.selector, issuer, ROOT, 1));
        vm.prank(operator);
        registry.clearSuspension(issuer, ROOT, 1, 12, Reason.Resolved);
    }

    function testFuzz_masksEndWithTheBatch(uint32 leafCount, uint32 word, uint256 mask) external {
        vm.assume(leafCount > 0 && mask != 0);
        // Mostly words around the end of the batch, where it matters.
        word = uint32(between(word, 0, uint256(leafCount) / 256 + 1));
        anchored(OTHER_ROOT, leafCount);
        uint256 highest = uint256(word) * 256 + 255;
        while ((mask >> (highest % 256)) & 1 == 0) --highest;
        if (highest >= leafCount) {
            vm.expectRevert(abi.encodeWithSelector(IStatuses.IndexOutOfRange.selector, highest, leafCount));
        }
        vm.prank(operator);
        registry.setStatus(issuer, OTHER_ROOT, Purpose.Revocation, word, mask, Reason.Unspecified);
        if (highest < leafCount) {
            (bool revoked,) = registry.statusOf(issuer, OTHER_ROOT, uint32(highest), DIGEST);
            assert(revoked);
        }
    }

    function testFuzz_onlyOperators(address other) external {
        vm.assume(other != operator);
        bytes memory refusal = abi.encodeWithSelector(IParties.NotOperator.selector, issuer, other);
        vm.expectRevert(refusal);
        vm.prank(other);
        registry.setStatus(issuer, ROOT, Purpose.Revocation, 0, 1, Reason.Unspecified);
        vm.expectRevert(refusal);
        vm.prank(other);
        registry.clearSuspension(issuer, ROOT, 0, 1, Reason.Unspecified);
        vm.expectRevert(refusal);
        vm.prank(other);
        registry.supersede(issuer, ROOT, 0, ROOT, 1);
    }

    function testFuzz_voidBatch_onlyTheController(address other) external {
        vm.assume(other != controller);
        vm.expectRevert(abi.encodeWithSelector(IParties.NotController.selector, issuer, other));
        vm.prank(other);
        registry.voidBatch(issuer, ROOT, Reason.Unspecified);
    }

    function test_voidBatch() external {
        vm.expectEmit(address(registry));
        emit IStatuses.BatchVoided(issuer, ROOT, Reason.KeyCompromise, controller);
        vm.prank(controller);
        registry.voidBatch(issuer, ROOT, Reason.KeyCompromise);
        IBatches.Batch memory batch = registry.batchOf(issuer, ROOT);
        assert(batch.voidedAt == block.timestamp && batch.voidReason == Reason.KeyCompromise);
        assert(batch.leafCount == LEAVES && batch.sequence == 1 && batch.blockNumber == block.number);
        (bool revoked, bool suspended) = registry.statusOf(issuer, ROOT, LEAVES - 1, DIGEST);
        assert(revoked && !suspended);
        uint256[] memory words = registry.statusWords(issuer, ROOT, Purpose.Revocation, 0, 3);
        assert(words[0] == type(uint256).max && words[1] == type(uint256).max);
        assert(words[2] == (1 << (LEAVES - 512)) - 1);
        bytes memory refusal = abi.encodeWithSelector(IStatuses.BatchIsVoided.selector, issuer, ROOT, block.timestamp);
        vm.expectRevert(refusal);
        vm.prank(controller);
        registry.voidBatch(issuer, ROOT, Reason.Unspecified);
        vm.expectRevert(refusal);
        _set(Purpose.Suspension, 0, 1);
    }

    function test_supersede() external {
        anchored(OTHER_ROOT, 3);
        vm.expectEmit(address(registry));
        emit IStatuses.Superseded(issuer, ROOT, 699, OTHER_ROOT, 2, operator);
        _supersede(ROOT, 699, OTHER_ROOT, 2);
        vm.expectRevert(abi.encodeWithSelector(IStatuses.IndexOutOfRange.selector, 700, 700));
        _supersede(ROOT, 700, OTHER_ROOT, 2);
        vm.expectRevert(abi.encodeWithSelector(IStatuses.IndexOutOfRange.selector, 3, 3));
        _supersede(ROOT, 699, OTHER_ROOT, 3);
        vm.expectRevert(abi.encodeWithSelector(IStatuses.SupersedesItself.selector, issuer, ROOT, 1));
        _supersede(ROOT, 1, ROOT, 1);
        vm.expectRevert(abi.encodeWithSelector(IBatches.UnknownBatch.selector, issuer, bytes32(0)));
        _supersede(ROOT, 1, 0, 1);
        vm.prank(controller);
        registry.voidBatch(issuer, OTHER_ROOT, Reason.Unspecified);
        vm.expectRevert(abi.encodeWithSelector(IStatuses.BatchIsVoided.selector, issuer, OTHER_ROOT, block.timestamp));
        _supersede(ROOT, 699, OTHER_ROOT, 2);
        _supersede(OTHER_ROOT, 2, ROOT, 699);
    }

    function test_readingWhatDoesNotExist() external {
        vm.expectRevert(abi.encodeWithSelector(IStatuses.IndexOutOfRange.selector, 700, 700));
        registry.statusOf(issuer, ROOT, 700, DIGEST);
        vm.expectRevert(abi.encodeWithSelector(IBatches.UnknownBatch.selector, issuer, OTHER_ROOT));
        registry.statusOf(issuer, OTHER_ROOT, 0, DIGEST);
        vm.expectRevert(abi.encodeWithSelector(IStatuses.IndexOutOfRange.selector, 768, 700));
        registry.statusWords(issuer, ROOT, Purpose.Revocation, 0, 4);
        vm.expectRevert(abi.encodeWithSelector(IBatches.UnknownBatch.selector, issuer, OTHER_ROOT));
        registry.statusWords(issuer, OTHER_ROOT, Purpose.Revocation, 0, 1);
    }

    function _set(Purpose purpose, uint32 word, uint256 mask) private {
        vm.prank(operator);
        registry.setStatus(issuer, ROOT, purpose, word, mask, Reason.IssuedInError);
    }

    function _setSeveral(IStatuses.WordMask[] memory several, bool announced) private {
        if (announced) {
            vm.expectEmit(address(registry));
            emit IStatuses.StatusSet(issuer, ROOT, Purpose.Revocation, 0, 5, Reason.IssuedInError, operator);
            vm.expectEmit(address(registry));
            emit IStatuses.StatusSet(issuer, ROOT, Purpose.Revocation, 2, 1, Reason.IssuedInError, operator);
        }
        vm.prank(operator);
        registry.setStatuses(issuer, ROOT, Purpose.Revocation, several, Reason.IssuedInError);
    }

    function _supersede(bytes32 root, uint32 index, bytes32 replacementRoot, uint32 replacementIndex) private {
        vm.prank(operator);
        registry.supersede(issuer, root, index, replacementRoot, replacementIndex);
    }

    /// @dev Revoke, suspend or reinstate in word 1; false when nothing would change.
    function _change(uint256 kind, uint256 mask) private returns (bool) {
        vm.prank(operator);
        if (kind == 2) {
            try registry.clearSuspension(issuer, ROOT, 1, mask, Reason.Resolved) {
                return true;
            } catch {
                return false;
            }
        }
        try registry.setStatus(issuer, ROOT, Purpose(kind), 1, mask, Reason.Unspecified) {
            return true;
        } catch {
            return false;
        }
    }
}
