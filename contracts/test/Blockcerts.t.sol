// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {IBatches} from "../src/IBatches.sol";
import {IParties} from "../src/IParties.sol";
import {IStatuses} from "../src/IStatuses.sol";
import {Purpose, Reason} from "../src/Reasons.sol";
import {ReferenceTree} from "./ReferenceTree.sol";
import {RegistryTest} from "./RegistryTest.sol";

/// @dev Bare roots; the cases are in Blockcerts.tree.
contract BlockcertsTest is RegistryTest {
    using ReferenceTree for bytes32[];

    function setUp() public override {
        super.setUp();
        vm.prank(operator);
        registry.setDefaultIssuer(issuer);
    }

    // fallback

    function testFuzz_fallback_anotherLength(bytes calldata data) external {
        vm.assume(data.length != 32 && (data.length < 4 || !_isSelector(bytes4(data))));
        bytes4 selector = data.length < 4 ? bytes4(bytes(data)) : bytes4(data);
        _refuse(operator, data, abi.encodeWithSelector(IBatches.UnknownCall.selector, selector, data.length));
    }

    function testFuzz_fallback_noDefaultIssuer(address other) external {
        vm.assume(other != operator);
        _refuse(other, abi.encode(ROOT), abi.encodeWithSelector(IBatches.NoDefaultIssuer.selector, other));
    }

    function test_fallback_removedOperator() external {
        vm.prank(controller);
        registry.setOperator(issuer, operator, false);
        bytes memory thrown = abi.encodeWithSelector(IParties.NotOperator.selector, issuer, operator);
        _refuse(operator, abi.encode(ROOT), thrown);
    }

    function test_fallback_retiredIssuer() external {
        vm.prank(controller);
        registry.retire(issuer);
        bytes memory thrown = abi.encodeWithSelector(IParties.PartyIsRetired.selector, issuer, block.timestamp);
        _refuse(operator, abi.encode(ROOT), thrown);
    }

    function test_fallback_again() external {
        _bare(ROOT);
        bytes memory thrown = abi.encodeWithSelector(IBatches.AlreadyAnchored.selector, issuer, ROOT, 1);
        _refuse(operator, abi.encode(ROOT), thrown);
        _refuse(operator, abi.encodeCall(registry.anchor, (issuer, ROOT, 5)), thrown);
    }

    function testFuzz_fallback_looksLikeACall(uint256 pick, bytes28 rest) external {
        bytes4[] memory all = _selectors();
        bytes4 selector = all[pick % all.length];
        vm.prank(operator);
        (bool done,) = address(registry).call(abi.encodePacked(selector, rest));
        // It may only be a view that has no arguments.
        bool noArguments = selector == registry.partyCount.selector || selector == registry.eip712Domain.selector;
        if (done) assert(noArguments);
        assert(registry.partyOf(issuer).sequence == 0);
    }

    function testFuzz_fallback(bytes32 root, uint40 time, uint40 number) external {
        vm.assume(time > 0 && !_isSelector(bytes4(root)));
        vm.warp(time);
        vm.roll(number);
        anchored(~root, 7);
        vm.expectEmit(address(registry));
        emit IBatches.Anchored(issuer, root, 0, 2, operator);
        _bare(root);
        IBatches.Batch memory batch = registry.batchOf(issuer, root);
        assert(batch.anchoredAt == time && batch.blockNumber == number);
        assert(batch.leafCount == 0 && batch.sequence == 2 && batch.voidedAt == 0);
        assert(registry.partyOf(issuer).sequence == 2);
    }

    function test_fallback_takesNoEther() external {
        (bool done,) = address(registry).call{value: 1}(abi.encode(ROOT));
        assert(!done);
        (done,) = address(registry).call{value: 1}("");
        assert(!done);
    }

    // setDefaultIssuer

    function testFuzz_setDefaultIssuer_notAnOperator(address other) external {
        vm.assume(other != operator);
        vm.expectRevert(abi.encodeWithSelector(IParties.NotOperator.selector, issuer, other));
        vm.prank(other);
        registry.setDefaultIssuer(issuer);
        vm.expectRevert(abi.encodeWithSelector(IParties.UnknownParty.selector, 2));
        vm.prank(other);
        registry.setDefaultIssuer(2);
    }

    function testFuzz_setDefaultIssuer_cleared(address other) external {
        vm.expectEmit(address(registry));
        emit IBatches.DefaultIssuerSet(other, 0);
        vm.prank(other);
        registry.setDefaultIssuer(0);
        assert(registry.defaultIssuerOf(other) == 0);
        assert(registry.defaultIssuerOf(operator) == (other == operator ? 0 : issuer));
    }

    function test_setDefaultIssuer_changes() external {
        vm.prank(operator);
        uint64 second = registry.registerParty("", 0);
        vm.expectEmit(address(registry));
        emit IBatches.DefaultIssuerSet(operator, second);
        vm.prank(operator);
        registry.setDefaultIssuer(second);
        assert(registry.defaultIssuerOf(operator) == second);
        _bare(ROOT);
        assert(registry.batchOf(second, ROOT).sequence == 1);
        vm.expectRevert(abi.encodeWithSelector(IBatches.UnknownBatch.selector, issuer, ROOT));
        registry.batchOf(issuer, ROOT);
    }

    // stateLeafCount

    function testFuzz_stateLeafCount_notAnOperator(address other) external {
        vm.assume(other != operator);
        _bare(ROOT);
        vm.expectRevert(abi.encodeWithSelector(IParties.NotOperator.selector, issuer, other));
        vm.prank(other);
        registry.stateLeafCount(issuer, ROOT, 5);
    }

    function testFuzz_stateLeafCount_unknownBatch(bytes32 root, uint32 leafCount) external {
        vm.expectRevert(abi.encodeWithSelector(IBatches.UnknownBatch.selector, issuer, root));
        _state(root, leafCount);
    }

    function testFuzz_stateLeafCount_known(uint32 leafCount, uint32 other) external {
        vm.assume(leafCount > 0);
        anchored(ROOT, leafCount);
        vm.expectRevert(abi.encodeWithSelector(IBatches.LeafCountIsStated.selector, issuer, ROOT, leafCount));
        _state(ROOT, other);
    }

    function test_stateLeafCount_zero() external {
        _bare(ROOT);
        vm.expectRevert(abi.encodeWithSelector(IBatches.EmptyBatch.selector, issuer, ROOT));
        _state(ROOT, 0);
    }

    function testFuzz_stateLeafCount(uint32 leafCount, uint32 other, bool voided) external {
        vm.assume(leafCount > 0);
        _bare(ROOT);
        vm.warp(block.timestamp + 1);
        if (voided) {
            vm.prank(controller);
            registry.voidBatch(issuer, ROOT, Reason.KeyCompromise);
        }
        IBatches.Batch memory batch = registry.batchOf(issuer, ROOT);
        vm.warp(block.timestamp + 1);
        vm.expectEmit(address(registry));
        emit IBatches.LeafCountStated(issuer, ROOT, leafCount, operator);
        _state(ROOT, leafCount);
        batch.leafCount = leafCount;
        assert(keccak256(abi.encode(registry.batchOf(issuer, ROOT))) == keccak256(abi.encode(batch)));
        (bool revoked, bool suspended) = registry.statusOf(issuer, ROOT, leafCount - 1, 0);
        assert(revoked == voided && !suspended);
        vm.expectRevert(abi.encodeWithSelector(IBatches.LeafCountIsStated.selector, issuer, ROOT, leafCount));
        _state(ROOT, other);
    }

    // while the count is unstated

    function test_unstated() external {
        bytes32[] memory leaves = ReferenceTree.leavesOf(5, 1);
        bytes32 root = leaves.root(0, 5);
        (bytes32[] memory path,) = leaves.way(0, 5, 0);
        IBatches.Leaf memory none;
        IBatches.Leaf memory first = IBatches.Leaf(0, leaves[0], path);
        anchored(OTHER_ROOT, 5);
        _bare(root);
        bytes memory thrown = abi.encodeWithSelector(IBatches.LeafCountUnstated.selector, issuer, root);
        _refuse(operator, abi.encodeCall(registry.verifyInclusion, (issuer, root, 0, leaves[0], path)), thrown);
        _refuse(operator, abi.encodeCall(registry.verifyAbsence, (issuer, root, 0, none, first)), thrown);
        _refuse(operator, abi.encodeCall(registry.statusOf, (issuer, root, 0, 0)), thrown);
        _refuse(operator, abi.encodeCall(registry.statusWords, (issuer, root, Purpose.Revocation, 0, 0)), thrown);
        bytes memory setting =
            abi.encodeCall(registry.setStatus, (issuer, root, Purpose.Revocation, 0, 1, Reason.Unspecified));
        _refuse(operator, setting, thrown);
        _refuse(operator, abi.encodeCall(registry.clearSuspension, (issuer, root, 0, 1, Reason.Unspecified)), thrown);
        _refuse(operator, abi.encodeCall(registry.supersede, (issuer, root, 0, OTHER_ROOT, 0)), thrown);
        _refuse(operator, abi.encodeCall(registry.supersede, (issuer, OTHER_ROOT, 0, root, 0)), thrown);
        _state(root, 5);
        assert(registry.verifyInclusion(issuer, root, 0, leaves[0], path));
        assert(registry.verifyAbsence(issuer, root, 0, none, first));
        vm.prank(operator);
        (bool done,) = address(registry).call(setting);
        assert(done);
    }

    function test_unstated_canBeVoided() external {
        _bare(ROOT);
        vm.expectEmit(address(registry));
        emit IStatuses.BatchVoided(issuer, ROOT, Reason.IssuedInError, controller);
        vm.prank(controller);
        registry.voidBatch(issuer, ROOT, Reason.IssuedInError);
        _refuse(
            operator,
            abi.encodeCall(registry.statusOf, (issuer, ROOT, 0, 0)),
            abi.encodeWithSelector(IBatches.LeafCountUnstated.selector, issuer, ROOT)
        );
    }

    function _bare(bytes32 root) private {
        vm.prank(operator);
        (bool done,) = address(registry).call(abi.encode(root));
        assert(done);
    }

    /// @dev The sender's call reverts with exactly this.
    function _refuse(address sender, bytes memory data, bytes memory thrown) private {
        vm.prank(sender);
        (bool done, bytes memory answer) = address(registry).call(data);
        assert(!done && keccak256(answer) == keccak256(thrown));
    }

    function _state(bytes32 root, uint32 leafCount) private {
        vm.prank(operator);
        registry.stateLeafCount(issuer, root, leafCount);
    }

    /// @dev All of them: the fuzzer tries the selectors it has seen in the code.
    function _selectors() private view returns (bytes4[] memory all) {
        all = new bytes4[](33);
        all[0] = registry.acceptController.selector;
        all[1] = registry.anchor.selector;
        all[2] = registry.anchorBySignature.selector;
        all[3] = registry.anchorMany.selector;
        all[4] = registry.batchOf.selector;
        all[5] = registry.clearSuspension.selector;
        all[6] = registry.defaultIssuerOf.selector;
        all[7] = registry.digestStatusesOf.selector;
        all[8] = registry.eip712Domain.selector;
        all[9] = registry.governanceOf.selector;
        all[10] = registry.isOperator.selector;
        all[11] = registry.multicall.selector;
        all[12] = registry.operatorsOf.selector;
        all[13] = registry.partyCount.selector;
        all[14] = registry.partyOf.selector;
        all[15] = registry.registerParty.selector;
        all[16] = registry.reinstateDigests.selector;
        all[17] = registry.retire.selector;
        all[18] = registry.revokeDigests.selector;
        all[19] = registry.setDefaultIssuer.selector;
        all[20] = registry.setOperator.selector;
        all[21] = registry.setProfile.selector;
        all[22] = registry.setStatus.selector;
        all[23] = registry.setStatuses.selector;
        all[24] = registry.stateLeafCount.selector;
        all[25] = registry.statusOf.selector;
        all[26] = registry.statusWords.selector;
        all[27] = registry.supersede.selector;
        all[28] = registry.suspendDigests.selector;
        all[29] = registry.transferController.selector;
        all[30] = registry.verifyAbsence.selector;
        all[31] = registry.verifyInclusion.selector;
        all[32] = registry.voidBatch.selector;
    }

    function _isSelector(bytes4 selector) private view returns (bool) {
        bytes4[] memory all = _selectors();
        for (uint256 i = 0; i < all.length; ++i) {
            if (all[i] == selector) return true;
        }
        return false;
    }
}
