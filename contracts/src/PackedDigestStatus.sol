// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {IStatuses} from "./IStatuses.sol";
import {Reason} from "./Reasons.sol";

/// @notice What an issuer said of a credential by its digest, in one storage slot: block time (bits 0 to 47) and reason
/// (48 to 55) of the revocation, block time (56 to 103) and reason (104 to 111) of the suspension.
/// @dev A time of zero stands for "was not said", as no block has it.
type PackedDigestStatus is uint256;

using PackedDigestStatusParts for PackedDigestStatus global;

/// @title PackedDigestStatusParts: the parts of a `PackedDigestStatus`.
library PackedDigestStatusParts {
    uint256 private constant REVOCATION_REASON = 48;
    uint256 private constant SUSPENSION = 56;
    uint256 private constant SUSPENSION_REASON = 104;

    /// @notice Whether it was revoked.
    function isRevoked(PackedDigestStatus status) internal pure returns (bool) {
        return uint48(PackedDigestStatus.unwrap(status)) != 0;
    }

    /// @notice Whether it is suspended.
    function isSuspended(PackedDigestStatus status) internal pure returns (bool) {
        return PackedDigestStatus.unwrap(status) >> SUSPENSION != 0;
    }

    /// @notice Revoked in this block; it was not before.
    function revokedNow(PackedDigestStatus status, Reason reason) internal view returns (PackedDigestStatus) {
        return PackedDigestStatus.wrap(
            PackedDigestStatus.unwrap(status) | uint48(block.timestamp) | (uint256(reason) << REVOCATION_REASON)
        );
    }

    /// @notice Suspended in this block; it was not before.
    function suspendedNow(PackedDigestStatus status, Reason reason) internal view returns (PackedDigestStatus) {
        return PackedDigestStatus.wrap(
            PackedDigestStatus.unwrap(status) | (uint256(uint48(block.timestamp)) << SUSPENSION)
                | (uint256(reason) << SUSPENSION_REASON)
        );
    }

    /// @notice Not suspended any more.
    function reinstated(PackedDigestStatus status) internal pure returns (PackedDigestStatus) {
        return PackedDigestStatus.wrap(uint56(PackedDigestStatus.unwrap(status)));
    }

    /// @notice All parts.
    function unpacked(PackedDigestStatus status) internal pure returns (IStatuses.DigestStatus memory) {
        uint256 packed = PackedDigestStatus.unwrap(status);
        return IStatuses.DigestStatus({
            revokedAt: uint48(packed),
            revocationReason: Reason(uint8(packed >> REVOCATION_REASON)),
            suspendedAt: uint48(packed >> SUSPENSION),
            suspensionReason: Reason(uint8(packed >> SUSPENSION_REASON))
        });
    }
}
