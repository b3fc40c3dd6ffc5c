// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

/// @notice Which of the two statuses of a credential is meant.
/// @dev Revocation is for good; a suspension can be lifted. Numbers are part of the format: add at the end only.
enum Purpose {
    Revocation,
    Suspension
}

/// @notice Why a status changed or a batch was voided.
/// @dev Numbers are part of the format: add at the end only.
enum Reason {
    Unspecified,
    IssuedInError,
    ObtainedByFraud,
    Superseded,
    RequirementsNotMet,
    HolderRequest,
    KeyCompromise,
    UnderReview,
    Resolved
}
