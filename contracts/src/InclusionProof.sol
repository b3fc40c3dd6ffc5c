// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

/// @title InclusionProof: whether a leaf is at an index of a tree.
/// @notice A node is SHA-256 of its left and right child, without prefixes; an odd last node is promoted unchanged.
/// @dev Without prefixes a path alone proves nothing, as inner nodes look like leaves. The path's length and its turns
/// therefore follow from index and count, as in RFC 9162 section 2.1.3.2, and a path of another length is refused.
library InclusionProof {
    /// @notice Whether the leaf is at the index of the tree with that root and that many leaves.
    function verify(bytes32 root, uint256 count, uint256 index, bytes32 leaf, bytes32[] calldata path)
        internal
        view
        returns (bool included)
    {
        if (index >= count) return false;
        assembly ("memory-safe") {
            // `node` and `last` are the places, on the current level, of the node being proved and of the last node.
            let node := index
            let last := sub(count, 1)
            let hash := leaf
            let sibling := path.offset
            let end := add(sibling, shl(5, path.length))
            let ok := 1
            for {} lt(sibling, end) { sibling := add(sibling, 0x20) } {
                if iszero(last) {
                    ok := 0 // the path goes on above the root
                    break
                }
                // A last node at an even place has no sibling on its level: it rises until it is a right child.
                if eq(node, last) {
                    for {} iszero(and(node, 1)) {} {
                        node := shr(1, node)
                        last := shr(1, last)
                    }
                }
                // The two halves of the scratch space: the right child's place is the second.
                let right := shl(5, and(node, 1))
                mstore(right, hash)
                mstore(xor(right, 0x20), calldataload(sibling))
                // Precompile 2 is SHA-256. It fails when it is given too little gas, and answers nothing on a chain
                // without it: neither may pass for a hash.
                let success := staticcall(gas(), 2, 0x00, 0x40, 0x00, 0x20)
                if iszero(and(success, eq(returndatasize(), 0x20))) { revert(0, 0) }
                hash := mload(0x00)
                node := shr(1, node)
                last := shr(1, last)
            }
            included := and(and(ok, iszero(last)), eq(hash, root))
        }
    }
}
