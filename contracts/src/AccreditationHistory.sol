// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {Reason} from "./Reasons.sol";

/// @notice What an accreditation or a recognition is. None stands for "nothing is on record for that time".
/// @dev Numbers are part of the format: add at the end only.
enum AccreditationState {
    None,
    Offered,
    Refused,
    Active,
    Suspended,
    Withdrawn,
    Void
}

/// @notice One change of state, with both clocks, in one storage slot.
/// @param recordedAt Block time at which the change was recorded.
/// @param effectiveFrom Unix time from which it holds, as declared.
/// @param state What the accreditation became.
/// @param reason Why.
struct Change {
    uint48 recordedAt;
    uint48 effectiveFrom;
    AccreditationState state;
    Reason reason;
}

/// @title AccreditationHistory: all changes of state of one accreditation, and what they say about a time.
/// @dev OpenZeppelin's Checkpoints write over the last entry when a key comes twice. Two changes may share a block, and
/// two may take effect at the same time; here each is kept, and the later one counts.
///
/// Both clocks ascend, except that a last change to Void takes effect from the start.
library AccreditationHistory {
    /// @notice Add a change recorded now.
    function add(Change[] storage history, AccreditationState state, uint48 effectiveFrom, Reason reason) internal {
        history.push(Change(uint48(block.timestamp), effectiveFrom, state, reason));
    }

    /// @notice The last change; there is one.
    function last(Change[] storage history) internal view returns (Change memory) {
        return history[history.length - 1];
    }

    /// @notice What is known of a time within the period of the accreditation.
    /// @param time Unix time.
    /// @return asKnownThen By the changes that were recorded by then. They are in effect by then, too: no change is
    /// declared for a time after it is recorded, except for the start of the period.
    /// @return asKnownNow By the changes that are in effect by then, and by Void in any case.
    function asOf(Change[] storage history, uint48 time)
        internal
        view
        returns (AccreditationState asKnownThen, AccreditationState asKnownNow)
    {
        uint256 recorded = _countUntil(history, time, true);
        if (recorded != 0) asKnownThen = history[recorded - 1].state;
        asKnownNow = last(history).state;
        if (asKnownNow != AccreditationState.Void) {
            uint256 effective = _countUntil(history, time, false);
            asKnownNow = effective == 0 ? AccreditationState.None : history[effective - 1].state;
        }
    }

    /// @dev How many changes one of the clocks, which ascends, has at that time or before.
    function _countUntil(Change[] storage history, uint48 time, bool byRecord) private view returns (uint256 low) {
        uint256 high = history.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            Change storage change = history[middle];
            if ((byRecord ? change.recordedAt : change.effectiveFrom) <= time) low = middle + 1;
            else high = middle;
        }
    }
}
