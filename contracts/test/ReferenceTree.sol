// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

/// @title ReferenceTree: a slow tree straight from the recursive definition, RFC 6962 section 2.1, without prefixes.
library ReferenceTree {
    /// @notice The root over `count` leaves from `from` on.
    function root(bytes32[] memory leaves, uint256 from, uint256 count) internal pure returns (bytes32) {
        if (count == 1) return leaves[from];
        uint256 left = split(count);
        return sha256(abi.encodePacked(root(leaves, from, left), root(leaves, from + left, count - left)));
    }

    /// @notice The way from a leaf to the root: each sibling, and the node that it leads to.
    function way(bytes32[] memory leaves, uint256 from, uint256 count, uint256 index)
        internal
        pure
        returns (bytes32[] memory siblings, bytes32[] memory nodes)
    {
        if (count == 1) return (siblings, nodes);
        uint256 left = split(count);
        bytes32 sibling;
        if (index < left) {
            (siblings, nodes) = way(leaves, from, left, index);
            sibling = root(leaves, from + left, count - left);
        } else {
            (siblings, nodes) = way(leaves, from + left, count - left, index - left);
            sibling = root(leaves, from, left);
        }
        return (appended(siblings, sibling), appended(nodes, root(leaves, from, count)));
    }

    /// @notice The greatest power of two below a count of two or more.
    function split(uint256 count) internal pure returns (uint256 left) {
        left = 1;
        while (left * 2 < count) left *= 2;
    }

    /// @notice So many leaves in ascending order, with room between them.
    function leavesOf(uint256 count, uint256 seed) internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](count);
        uint256 step = type(uint256).max / (count + 1);
        for (uint256 i = 0; i < count; ++i) {
            leaves[i] = bytes32(step * i + 1 + uint256(keccak256(abi.encode(seed, i))) % (step - 2));
        }
    }

    /// @notice A list with one more at its end.
    function appended(bytes32[] memory list, bytes32 last) internal pure returns (bytes32[] memory longer) {
        longer = new bytes32[](list.length + 1);
        for (uint256 i = 0; i < list.length; ++i) {
            longer[i] = list[i];
        }
        longer[list.length] = last;
    }

    /// @notice The part of a list from one place up to, and without, another.
    function part(bytes32[] memory list, uint256 from, uint256 to) internal pure returns (bytes32[] memory shorter) {
        shorter = new bytes32[](to - from);
        for (uint256 i = from; i < to; ++i) {
            shorter[i - from] = list[i];
        }
    }
}
