// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {InclusionProof} from "../src/InclusionProof.sol";
import {Symbolic} from "./Symbolic.sol";

/// @dev SHA-256 is any function at all here: what is proved holds whatever the hash is.
contract InclusionProofProof is Symbolic {
    uint256 private constant MOST_LEAVES = 9;
    uint256 private constant LONGEST_PATH = 4;

    function verify(bytes32 root, uint256 count, uint256 index, bytes32 leaf, bytes32[] calldata path)
        external
        view
        returns (bool)
    {
        return InclusionProof.verify(root, count, index, leaf, path);
    }

    /// @dev No index from the count on: all counts, all indexes, an empty path and paths of one and two nodes.
    function check_index_bound(bytes32 root, uint256 count, uint256 index, bytes32 leaf, bytes32[2] calldata nodes)
        external
        view
    {
        vm.assume(index >= count);
        for (uint256 length = 0; length <= nodes.length; ++length) {
            assert(!this.verify(root, count, index, leaf, _first(nodes[0], nodes[1], length)));
        }
    }

    /// @dev A path of another length than index and count ask for is refused, whatever is in it: every count up to nine,
    /// each of its leaves, and paths up to two nodes longer than any of them needs.
    function check_anotherLength(bytes32 root, bytes32 leaf, bytes32[6] calldata nodes) external view {
        for (uint256 count = 1; count <= MOST_LEAVES; ++count) {
            for (uint256 index = 0; index < count; ++index) {
                for (uint256 length = 0; length <= nodes.length; ++length) {
                    if (length == _length(index, count)) continue;
                    bytes32[] memory path = new bytes32[](length);
                    for (uint256 i = 0; i < length; ++i) {
                        path[i] = nodes[i];
                    }
                    assert(!this.verify(root, count, index, leaf, path));
                }
            }
        }
    }

    /// @dev For every count up to nine and each of its leaves, the answer is yes exactly when the root is the hash of
    /// the path, folded as the recursive definition of the tree says.
    function check_rightLength(bytes32 root, bytes32 leaf, bytes32[4] calldata nodes) external view {
        for (uint256 count = 1; count <= MOST_LEAVES; ++count) {
            for (uint256 index = 0; index < count; ++index) {
                bytes32[] memory path = new bytes32[](_length(index, count));
                for (uint256 i = 0; i < path.length; ++i) {
                    path[i] = nodes[i];
                }
                (bytes32 folded,) = _folded(index, count, leaf, path);
                assert(this.verify(root, count, index, leaf, path) == (folded == root));
            }
        }
    }

    /// @dev RFC 9162, section 2.1.3.1, without recursion: below the place where the ways of this leaf and of the last
    /// one part there is a sibling on every level, above it wherever the way turns left.
    function _length(uint256 index, uint256 count) private pure returns (uint256 length) {
        uint256 apart = index ^ (count - 1);
        for (uint256 level = 0; level < LONGEST_PATH; ++level) {
            if (apart >> level != 0 || (index >> level) & 1 == 1) ++length;
        }
    }

    /// @dev The definition of the tree: the left part has the largest power of two below the count.
    function _folded(uint256 index, uint256 count, bytes32 leaf, bytes32[] memory path)
        private
        pure
        returns (bytes32 hash, uint256 used)
    {
        if (count == 1) return (leaf, 0);
        uint256 left = 1;
        while (left * 2 < count) left *= 2;
        bool isLeft = index < left;
        (hash, used) = _folded(isLeft ? index : index - left, isLeft ? left : count - left, leaf, path);
        bytes32 sibling = path[used];
        hash = isLeft ? sha256(abi.encodePacked(hash, sibling)) : sha256(abi.encodePacked(sibling, hash));
        ++used;
    }

    function _first(bytes32 one, bytes32 two, uint256 length) private pure returns (bytes32[] memory path) {
        path = new bytes32[](length);
        if (length > 0) path[0] = one;
        if (length > 1) path[1] = two;
    }
}
