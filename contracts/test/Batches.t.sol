// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {IBatches} from "../src/IBatches.sol";
import {IParties} from "../src/IParties.sol";
import {Reason} from "../src/Reasons.sol";
import {ReferenceTree} from "./ReferenceTree.sol";
import {RegistryTest} from "./RegistryTest.sol";

/// @dev A contract that accepts one signature (EIP-1271).
contract Wallet {
    bytes32 private _accepted;

    constructor(bytes32 accepted) {
        _accepted = accepted;
    }

    function isValidSignature(bytes32, bytes calldata signature) external view returns (bytes4) {
        return keccak256(signature) == _accepted ? this.isValidSignature.selector : bytes4(0);
    }
}

contract BatchesTest is RegistryTest {
    using ReferenceTree for bytes32[];

    function testFuzz_anchor(bytes32 root, uint32 leafCount, uint40 time, uint40 number) external {
        vm.assume(leafCount > 0 && time > 0);
        vm.warp(time);
        vm.roll(number);
        vm.expectEmit(address(registry));
        emit IBatches.Anchored(issuer, root, leafCount, 1, operator);
        assert(anchored(root, leafCount) == 1);
        IBatches.Batch memory batch = registry.batchOf(issuer, root);
        assert(batch.anchoredAt == time && batch.blockNumber == number);
        assert(batch.leafCount == leafCount && batch.sequence == 1);
        assert(batch.voidedAt == 0 && batch.voidReason == Reason.Unspecified);
        vm.expectRevert(abi.encodeWithSelector(IBatches.AlreadyAnchored.selector, issuer, root, 1));
        vm.prank(operator);
        registry.anchor(issuer, root, leafCount);
        assert(anchored(~root, leafCount) == 2);
    }

    function testFuzz_anchor_onlyOperators(address other) external {
        vm.assume(other != operator);
        vm.expectRevert(abi.encodeWithSelector(IParties.NotOperator.selector, issuer, other));
        vm.prank(other);
        registry.anchor(issuer, ROOT, 1);
    }

    function test_anchor_empty() external {
        vm.expectRevert(abi.encodeWithSelector(IBatches.EmptyBatch.selector, issuer, ROOT));
        vm.prank(operator);
        registry.anchor(issuer, ROOT, 0);
    }

    function test_anchor_unknownParty() external {
        vm.expectRevert(abi.encodeWithSelector(IParties.UnknownParty.selector, 2));
        vm.prank(operator);
        registry.anchor(2, ROOT, 1);
    }

    function testFuzz_anchorMany(uint8[16] calldata picks) external {
        bytes32[] memory roots = new bytes32[](picks.length);
        uint32[] memory counts = new uint32[](picks.length);
        bool[8] memory seen;
        seen[0] = true;
        anchored(bytes32(0), 99);
        uint256 fresh = 0;
        for (uint32 i = 0; i < picks.length; ++i) {
            uint256 pick = picks[i] % 8;
            (roots[i], counts[i]) = (bytes32(pick), i + 1);
            if (!seen[pick]) ++fresh;
            seen[pick] = true;
        }
        vm.prank(operator);
        assert(registry.anchorMany(issuer, roots, counts) == fresh);
        assert(registry.partyOf(issuer).sequence == fresh + 1);
        assert(registry.batchOf(issuer, bytes32(0)).leafCount == 99);
        vm.prank(operator);
        assert(registry.anchorMany(issuer, roots, counts) == 0);
    }

    function test_anchorMany_lengths() external {
        vm.expectRevert(abi.encodeWithSelector(IBatches.LengthsDiffer.selector, 1, 2));
        vm.prank(operator);
        registry.anchorMany(issuer, new bytes32[](1), new uint32[](2));
    }

    /// @dev One batch without leaves refuses all; of a root that is anchored, the count is not looked at.
    function test_anchorMany_empty() external {
        (bytes32[] memory roots, uint32[] memory counts) = (new bytes32[](2), new uint32[](2));
        (roots[0], roots[1], counts[0]) = (ROOT, OTHER_ROOT, 3);
        vm.expectRevert(abi.encodeWithSelector(IBatches.EmptyBatch.selector, issuer, OTHER_ROOT));
        vm.prank(operator);
        registry.anchorMany(issuer, roots, counts);
        assert(registry.partyOf(issuer).sequence == 0);
        anchored(OTHER_ROOT, 5);
        vm.prank(operator);
        assert(registry.anchorMany(issuer, roots, counts) == 1);
        assert(registry.batchOf(issuer, OTHER_ROOT).leafCount == 5);
    }

    function testFuzz_anchorBySignature(bytes32 root, uint32 leafCount, uint256 deadline) external {
        vm.assume(leafCount > 0 && deadline >= block.timestamp);
        bytes memory signature = _signed(OPERATOR_KEY, root, leafCount, deadline);
        vm.expectEmit(address(registry));
        emit IBatches.Anchored(issuer, root, leafCount, 1, operator);
        vm.prank(stranger);
        assert(registry.anchorBySignature(issuer, root, leafCount, operator, deadline, signature) == 1);
        vm.expectRevert(abi.encodeWithSelector(IBatches.AlreadyAnchored.selector, issuer, root, 1));
        registry.anchorBySignature(issuer, root, leafCount, operator, deadline, signature);
    }

    function test_anchorBySignature_expired() external {
        bytes memory signature = _signed(OPERATOR_KEY, ROOT, 1, block.timestamp - 1);
        vm.expectRevert(abi.encodeWithSelector(IBatches.SignatureExpired.selector, block.timestamp - 1));
        registry.anchorBySignature(issuer, ROOT, 1, operator, block.timestamp - 1, signature);
        signature = _signed(OPERATOR_KEY, ROOT, 1, block.timestamp);
        registry.anchorBySignature(issuer, ROOT, 1, operator, block.timestamp, signature);
    }

    function test_anchorBySignature_onAnotherChain() external {
        bytes memory signature = _signed(OPERATOR_KEY, ROOT, 1, type(uint256).max);
        vm.chainId(block.chainid + 1);
        vm.expectRevert(abi.encodeWithSelector(IBatches.InvalidSignature.selector, issuer, operator));
        registry.anchorBySignature(issuer, ROOT, 1, operator, type(uint256).max, signature);
    }

    function testFuzz_anchorBySignature_ofSomebodyElse(uint128 key) external {
        vm.assume(key != 0 && key != OPERATOR_KEY);
        bytes memory signature = _signed(key, ROOT, 1, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(IBatches.InvalidSignature.selector, issuer, operator));
        registry.anchorBySignature(issuer, ROOT, 1, operator, type(uint256).max, signature);
        vm.expectRevert(abi.encodeWithSelector(IParties.NotOperator.selector, issuer, vm.addr(key)));
        registry.anchorBySignature(issuer, ROOT, 1, vm.addr(key), type(uint256).max, signature);
    }

    function test_anchorBySignature_ofAContract() external {
        address wallet = address(new Wallet(keccak256("yes")));
        vm.prank(controller);
        registry.setOperator(issuer, wallet, true);
        vm.expectRevert(abi.encodeWithSelector(IBatches.InvalidSignature.selector, issuer, wallet));
        registry.anchorBySignature(issuer, ROOT, 1, wallet, type(uint256).max, "no");
        assert(registry.anchorBySignature(issuer, ROOT, 1, wallet, type(uint256).max, "yes") == 1);
    }

    function test_batchOf_unknown() external {
        vm.expectRevert(abi.encodeWithSelector(IBatches.UnknownBatch.selector, issuer, ROOT));
        registry.batchOf(issuer, ROOT);
    }

    function test_multicall() external {
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(IBatches.anchor, (issuer, ROOT, 1));
        calls[1] = abi.encodeCall(IBatches.anchor, (issuer, OTHER_ROOT, 2));
        vm.prank(operator);
        bytes[] memory answers = registry.multicall(calls);
        assert(abi.decode(answers[1], (uint32)) == 2);
        vm.expectRevert(abi.encodeWithSelector(IParties.NotOperator.selector, issuer, stranger));
        vm.prank(stranger);
        registry.multicall(calls);
    }

    function testFuzz_verifyInclusion(uint256 count, uint256 index, uint256 seed) external {
        count = between(count, 1, 70);
        index = between(index, 0, count - 1);
        bytes32[] memory leaves = ReferenceTree.leavesOf(count, seed);
        bytes32 root = leaves.root(0, count);
        anchored(root, uint32(count));
        (bytes32[] memory path,) = leaves.way(0, count, index);
        assert(registry.verifyInclusion(issuer, root, uint32(index), leaves[index], path));
        assert(!registry.verifyInclusion(issuer, root, uint32(index), ~leaves[index], path));
        assert(!registry.verifyInclusion(issuer, root, uint32(count), leaves[index], path));
        vm.expectRevert(abi.encodeWithSelector(IBatches.UnknownBatch.selector, issuer, OTHER_ROOT));
        registry.verifyInclusion(issuer, OTHER_ROOT, uint32(index), leaves[index], path);
    }

    function testFuzz_verifyAbsence(uint256 count, bytes32 digest, uint256 seed) external {
        count = between(count, 1, 40);
        bytes32[] memory leaves = ReferenceTree.leavesOf(count, seed);
        bytes32 root = leaves.root(0, count);
        anchored(root, uint32(count));
        uint256 place = 0;
        while (place < count && leaves[place] < digest) ++place;
        bool there = place < count && leaves[place] == digest;
        IBatches.Leaf memory none;
        IBatches.Leaf memory lower = place > 0 ? _leaf(leaves, place - 1) : none;
        IBatches.Leaf memory upper = place < count ? _leaf(leaves, place) : none;
        assert(registry.verifyAbsence(issuer, root, digest, lower, upper) == !there);
        if (place > 0 && place < count) {
            assert(!registry.verifyAbsence(issuer, root, digest, upper, lower));
            assert(!registry.verifyAbsence(issuer, root, digest, lower, none));
            assert(!registry.verifyAbsence(issuer, root, digest, none, upper));
            upper.digest = ~upper.digest;
            assert(!registry.verifyAbsence(issuer, root, digest, lower, upper));
        }
    }

    /// @dev No pair of true leaves proves that a leaf is absent.
    function testFuzz_verifyAbsence_ofALeaf(uint256 count, uint256 index, uint256 seed) external {
        count = between(count, 1, 12);
        index = between(index, 0, count - 1);
        bytes32[] memory leaves = ReferenceTree.leavesOf(count, seed);
        bytes32 root = leaves.root(0, count);
        anchored(root, uint32(count));
        for (uint256 lower = 0; lower < count; ++lower) {
            for (uint256 upper = 0; upper < count; ++upper) {
                IBatches.Leaf memory below = _leaf(leaves, lower);
                IBatches.Leaf memory above = _leaf(leaves, upper);
                assert(!registry.verifyAbsence(issuer, root, leaves[index], below, above));
                (below.index, above.index) = (uint32(count - 1), 0);
                assert(!registry.verifyAbsence(issuer, root, leaves[index], below, above));
            }
        }
    }

    function _leaf(bytes32[] memory leaves, uint256 index) private pure returns (IBatches.Leaf memory) {
        (bytes32[] memory path,) = leaves.way(0, leaves.length, index);
        return IBatches.Leaf({index: uint32(index), digest: leaves[index], path: path});
    }

    function _signed(uint256 key, bytes32 root, uint32 leafCount, uint256 deadline)
        private
        view
        returns (bytes memory)
    {
        bytes32 message = keccak256(
            abi.encode(
                keccak256("Anchor(uint64 issuer,bytes32 root,uint32 leafCount,uint256 deadline)"),
                issuer,
                root,
                leafCount,
                deadline
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, typedData(address(registry), message));
        return abi.encodePacked(r, s, v);
    }
}
