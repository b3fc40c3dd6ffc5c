// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {InclusionProof} from "../src/InclusionProof.sol";
import {ReferenceTree} from "./ReferenceTree.sol";
import {Test} from "./Test.sol";

/// @dev The library as a contract, so that paths arrive as call data.
contract Prover {
    function verify(bytes32 root, uint256 count, uint256 index, bytes32 leaf, bytes32[] calldata path)
        external
        view
        returns (bool)
    {
        // The library must not rely on clean scratch space.
        assembly ("memory-safe") {
            mstore(0x00, not(0))
            mstore(0x20, not(0))
        }
        return InclusionProof.verify(root, count, index, leaf, path);
    }
}

contract InclusionProofTest is Test {
    using ReferenceTree for bytes32[];

    Prover private prover = new Prover();

    /// @dev Every count to 70; every leaf to 32, then the last one and some of the others.
    function test_smallTreesOfEveryCount() external view {
        for (uint256 count = 1; count <= 70; ++count) {
            bytes32[] memory leaves = ReferenceTree.leavesOf(count, count);
            bytes32 root = leaves.root(0, count);
            for (uint256 fromEnd = 0; fromEnd < count; fromEnd += count <= 32 ? 1 : 5) {
                uint256 index = count - 1 - fromEnd;
                (bytes32[] memory path,) = leaves.way(0, count, index);
                assert(prover.verify(root, count, index, leaves[index], path));
            }
        }
    }

    function testFuzz_aLeafIsAtItsOwnIndexOnly(uint256 count, uint256 index, uint256 seed) external view {
        count = between(count, 1, 150);
        index = between(index, 0, count - 1);
        bytes32[] memory leaves = ReferenceTree.leavesOf(count, seed);
        bytes32 root = leaves.root(0, count);
        (bytes32[] memory path,) = leaves.way(0, count, index);
        for (uint256 other = 0; other < count + 3; ++other) {
            assert(prover.verify(root, count, other, leaves[index], path) == (other == index));
        }
        assert(!prover.verify(root, count, type(uint256).max, leaves[index], path));
        assert(!prover.verify(root, 0, 0, leaves[index], path));
    }

    function testFuzz_anotherLeafOrRootOrSiblingIsRefused(uint256 count, uint256 index, bytes32 change, uint256 place)
        external
        view
    {
        vm.assume(change != 0);
        count = between(count, 2, 150);
        index = between(index, 0, count - 1);
        bytes32[] memory leaves = ReferenceTree.leavesOf(count, 0);
        bytes32 root = leaves.root(0, count);
        (bytes32[] memory path,) = leaves.way(0, count, index);
        assert(!prover.verify(root, count, index, leaves[index] ^ change, path));
        assert(!prover.verify(root ^ change, count, index, leaves[index], path));
        path[place % path.length] ^= change;
        assert(!prover.verify(root, count, index, leaves[index], path));
    }

    function testFuzz_aPathOfAnotherLengthIsRefused(uint256 count, uint256 index, bytes32 more) external view {
        count = between(count, 1, 150);
        index = between(index, 0, count - 1);
        bytes32[] memory leaves = ReferenceTree.leavesOf(count, 0);
        bytes32 root = leaves.root(0, count);
        (bytes32[] memory path,) = leaves.way(0, count, index);
        assert(!prover.verify(root, count, index, leaves[index], path.appended(more)));
        // As if the root had a sibling: the hash fits the longer path, yet the count does not allow it.
        bytes32 taller = sha256(abi.encodePacked(root, more));
        assert(!prover.verify(taller, count, index, leaves[index], path.appended(more)));
        taller = sha256(abi.encodePacked(more, root));
        assert(!prover.verify(taller, count, index, leaves[index], path.appended(more)));
        for (uint256 length = 0; length < path.length; ++length) {
            assert(!prover.verify(root, count, index, leaves[index], path.part(0, length)));
        }
    }

    function testFuzz_anInnerNodeIsNoLeaf(uint256 count, uint256 index, uint256 seed) external view {
        count = between(count, 2, 60);
        index = between(index, 0, count - 1);
        bytes32[] memory leaves = ReferenceTree.leavesOf(count, seed);
        bytes32 root = leaves.root(0, count);
        (bytes32[] memory path, bytes32[] memory nodes) = leaves.way(0, count, index);
        for (uint256 level = 0; level < nodes.length; ++level) {
            bytes32[] memory rest = path.part(level + 1, path.length);
            for (uint256 place = 0; place < count; ++place) {
                assert(!prover.verify(root, count, place, nodes[level], rest));
            }
        }
    }

    /// @dev The shape of a tree too large to build: a leaf, siblings at will, and the root that follows from the way
    /// the recursive definition halves the tree.
    function testFuzz_largeTrees(uint32 count, uint256 index, bytes32 leaf, uint256 seed) external view {
        vm.assume(count > 0);
        index = between(index, 0, count - 1);
        (bytes32 root, bytes32[] memory path) = _climbed(count, index, leaf, seed);
        assert(path.length <= 32);
        assert(prover.verify(root, count, index, leaf, path));
        assert(!prover.verify(root, count, index, ~leaf, path));
        assert(!prover.verify(root, count, index, leaf, path.appended(leaf)));
        if (path.length > 0) assert(!prover.verify(root, count, index, leaf, path.part(0, path.length - 1)));
    }

    /// @dev Too little gas for the hash function must never look like an answer.
    function test_littleGasGivesNoAnswerOrTheRightOne() external view {
        bytes32[] memory leaves = ReferenceTree.leavesOf(9, 1);
        (bytes32[] memory path,) = leaves.way(0, 9, 4);
        bytes memory right = abi.encodeCall(Prover.verify, (leaves.root(0, 9), 9, 4, leaves[4], path));
        bytes memory wrong = abi.encodeCall(Prover.verify, (leaves.root(0, 9), 9, 4, leaves[5], path));
        uint256 answers = 0;
        for (uint256 amount = 100; amount < 6000; amount += 13) {
            (bool success, bytes memory answer) = address(prover).staticcall{gas: amount}(right);
            assert(!success || abi.decode(answer, (bool)));
            (success, answer) = address(prover).staticcall{gas: amount}(wrong);
            assert(!success || !abi.decode(answer, (bool)));
            if (success) ++answers;
        }
        assert(answers > 0 && answers < 400);
    }

    /// @dev A hash function that fails, and a chain that does not have it.
    function test_noHashNoAnswer() external {
        bytes32[] memory leaves = ReferenceTree.leavesOf(2, 1);
        (bytes32[] memory path,) = leaves.way(0, 2, 0);
        bytes32 root = leaves.root(0, 2);
        vm.mockCallRevert(address(2), "", "");
        vm.expectRevert();
        prover.verify(root, 2, 0, leaves[0], path);
        vm.mockCall(address(2), "", "");
        vm.expectRevert();
        prover.verify(root, 2, 0, leaves[0], path);
    }

    function _climbed(uint256 count, uint256 index, bytes32 leaf, uint256 seed)
        private
        pure
        returns (bytes32 root, bytes32[] memory path)
    {
        if (count == 1) return (leaf, path);
        uint256 left = ReferenceTree.split(count);
        bytes32 sibling = keccak256(abi.encode(seed, count));
        if (index < left) {
            (root, path) = _climbed(left, index, leaf, seed);
            root = sha256(abi.encodePacked(root, sibling));
        } else {
            (root, path) = _climbed(count - left, index - left, leaf, seed);
            root = sha256(abi.encodePacked(sibling, root));
        }
        path = path.appended(sibling);
    }
}
