// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

/// @notice All of a party that an anchor has to read and write, in one storage slot: an operator (bits 0 to 159), the
/// number of its batches (160 to 191) and the block time at which it retired (192 to 239).
/// @dev Unpacked by hand, as the compiler would load and store the slot once for each part.
type PackedParty is uint256;

using PackedPartyParts for PackedParty global;

/// @title PackedPartyParts: the parts of a `PackedParty`.
library PackedPartyParts {
    uint256 private constant OPERATOR_BITS = 160;
    uint256 private constant RETIRED_AT = 192;

    /// @notice One of the operators; zero for none here.
    function operator(PackedParty party) internal pure returns (address) {
        return address(uint160(PackedParty.unwrap(party)));
    }

    /// @notice How many batches it has anchored.
    function sequence(PackedParty party) internal pure returns (uint32) {
        return uint32(PackedParty.unwrap(party) >> OPERATOR_BITS);
    }

    /// @notice Block time from which it anchors no more; zero while it is active.
    function retiredAt(PackedParty party) internal pure returns (uint48) {
        return uint48(PackedParty.unwrap(party) >> RETIRED_AT);
    }

    /// @notice With another operator in this place.
    function withOperator(PackedParty party, address account) internal pure returns (PackedParty) {
        uint256 rest = (PackedParty.unwrap(party) >> OPERATOR_BITS) << OPERATOR_BITS;
        return PackedParty.wrap(rest | uint160(account));
    }

    /// @notice With one more batch; reverts when the number would not fit.
    function withNextSequence(PackedParty party) internal pure returns (PackedParty) {
        assert(sequence(party) != type(uint32).max);
        unchecked {
            // Cannot carry into the time above, by the check.
            return PackedParty.wrap(PackedParty.unwrap(party) + (1 << OPERATOR_BITS));
        }
    }

    /// @notice Retired; it was not before.
    function withRetiredAt(PackedParty party, uint256 time) internal pure returns (PackedParty) {
        return PackedParty.wrap(PackedParty.unwrap(party) | (uint256(uint48(time)) << RETIRED_AT));
    }
}
