// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {AccreditationHistory, AccreditationState, Change} from "../src/AccreditationHistory.sol";
import {Reason} from "../src/Reasons.sol";
import {Symbolic} from "./Symbolic.sol";

/// @dev The search by halves finds what reading the whole history from its beginning finds.
contract AccreditationHistoryProof is Symbolic {
    using AccreditationHistory for Change[];

    Change[] private _history;

    /// @dev Every history of one change, every time.
    function check_asOf_1(uint48[1] calldata recorded, uint48[1] calldata effective, uint8[1] calldata to, uint48 time)
        external
    {
        for (uint256 i = 0; i < 1; ++i) {
            _add(recorded[i], effective[i], to[i]);
        }
        _agree(time);
    }

    /// @dev Every history of two changes, every time.
    function check_asOf_2(uint48[2] calldata recorded, uint48[2] calldata effective, uint8[2] calldata to, uint48 time)
        external
    {
        for (uint256 i = 0; i < 2; ++i) {
            _add(recorded[i], effective[i], to[i]);
        }
        _agree(time);
    }

    /// @dev Every history of three changes, every time.
    function check_asOf_3(uint48[3] calldata recorded, uint48[3] calldata effective, uint8[3] calldata to, uint48 time)
        external
    {
        for (uint256 i = 0; i < 3; ++i) {
            _add(recorded[i], effective[i], to[i]);
        }
        _agree(time);
    }

    /// @dev Every history of four changes, every time.
    function check_asOf_4(uint48[4] calldata recorded, uint48[4] calldata effective, uint8[4] calldata to, uint48 time)
        external
    {
        for (uint256 i = 0; i < 4; ++i) {
            _add(recorded[i], effective[i], to[i]);
        }
        _agree(time);
    }

    /// @dev What was known at a time in the past stays as it was, whatever is added later: every history of two
    /// changes, every third one, every time.
    function check_knownThen_isFixed(
        uint48[3] calldata recorded,
        uint48[3] calldata effective,
        uint8[3] calldata to,
        uint48 time
    ) external {
        for (uint256 i = 0; i < 2; ++i) {
            _add(recorded[i], effective[i], to[i]);
        }
        (AccreditationState before,) = _history.asOf(time);
        vm.assume(recorded[2] > time);
        _add(recorded[2], effective[2], to[2]);
        (AccreditationState later,) = _history.asOf(time);
        assert(before == later);
    }

    /// @dev As the contract adds: both clocks ascend, only a change to Void takes effect from the start, and nothing
    /// follows it.
    function _add(uint48 recorded, uint48 effective, uint8 to) private {
        vm.assume(to > uint8(AccreditationState.None));
        vm.assume(to <= uint8(AccreditationState.Void));
        if (_history.length != 0) {
            Change storage last = _history[_history.length - 1];
            vm.assume(last.recordedAt <= recorded);
            vm.assume(last.state != AccreditationState.Void);
            vm.assume(_or(last.effectiveFrom <= effective, to == uint8(AccreditationState.Void)));
        }
        vm.warp(recorded);
        _history.add(AccreditationState(to), effective, Reason.Unspecified);
    }

    function _agree(uint48 time) private view {
        (AccreditationState then, AccreditationState now_) = _history.asOf(time);
        uint256 slowThen = uint256(AccreditationState.None);
        uint256 slowNow = uint256(AccreditationState.None);
        for (uint256 i = 0; i < _history.length; ++i) {
            Change storage change = _history[i];
            uint256 state = uint256(change.state);
            slowThen = _pick(change.recordedAt <= time, state, slowThen);
            bool isVoid = change.state == AccreditationState.Void;
            slowNow = _pick(_or(change.effectiveFrom <= time, isVoid), state, slowNow);
        }
        assert(uint256(then) == slowThen);
        assert(uint256(now_) == slowNow);
    }

    // Without jumps, each of which would double the paths that halmos has to follow.

    function _or(bool one, bool other) private pure returns (bool either) {
        assembly {
            either := or(one, other)
        }
    }

    function _pick(bool first, uint256 one, uint256 other) private pure returns (uint256 picked) {
        assembly {
            picked := xor(other, and(sub(0, first), xor(one, other)))
        }
    }
}
