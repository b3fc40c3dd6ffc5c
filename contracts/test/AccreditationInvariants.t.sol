// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {AccreditationState} from "../src/AccreditationHistory.sol";
import {Accreditations} from "../src/Accreditations.sol";
import {CredentialRegistry} from "../src/CredentialRegistry.sol";
import {IAccreditations} from "../src/IAccreditations.sol";
import {AccreditationHandler} from "./AccreditationHandler.sol";
import {AccreditationLedger} from "./AccreditationLedger.sol";
import {Test} from "./Test.sol";

/// @dev What holds of accreditations after any course of calls by anybody. For every accreditation a and time t:
/// - what a is, and both answers for t, are functions of the events;
/// - no path is valid for t unless each of its links was active at t, by the same reading;
/// - none is offered, accepted or recognised where a party has retired, and none reinstated by a body that has (asserted
///   by the ledger, event by event).
contract AccreditationInvariantsTest is Test {
    CredentialRegistry private _registry;
    Accreditations private _accreditations;
    AccreditationLedger private _ledger;
    AccreditationHandler private _handler;

    function setUp() external {
        vm.warp(1_800_000_000);
        _registry = new CredentialRegistry();
        _accreditations = new Accreditations(_registry);
        _ledger = new AccreditationLedger();
        _handler = new AccreditationHandler(_registry, _accreditations, _ledger);
    }

    /// @dev Forge asks for the contracts that it may call.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_accreditationsFollowFromEvents() external view {
        assert(_accreditations.accreditationCount() == _ledger.count());
        for (uint64 id = 1; id <= _ledger.count(); ++id) {
            bytes memory found = abi.encode(_accreditations.accreditationOf(id));
            assert(keccak256(found) == keccak256(abi.encode(_ledger.accreditationOf(id))));
        }
    }

    /// @dev Whoever governs a party there governs it here.
    function invariant_controllersAreTheRegistrys() external view {
        for (uint64 party = 1; party <= _handler.PARTIES(); ++party) {
            (address controller,) = _accreditations.registry().governanceOf(party);
            assert(controller == _ledger.controllerOf(party));
        }
    }

    function invariant_statesFollowFromEvents() external view {
        for (uint64 id = 1; id <= _ledger.count(); ++id) {
            IAccreditations.Accreditation memory known = _ledger.accreditationOf(id);
            _sameStates(id, known.terms.validFrom);
            _sameStates(id, known.terms.validUntil);
            for (uint256 i = 0; i < known.history.length; ++i) {
                _sameStates(id, known.history[i].recordedAt);
                _sameStates(id, known.history[i].effectiveFrom);
            }
        }
    }

    /// @dev Every path of up to three links from the last accreditations, now and at the time of each of their changes.
    function invariant_aValidPathWasActive() external view {
        uint64 count = _ledger.count();
        uint64 first = count > 5 ? count - 5 : 0;
        for (uint64 last = first + 1; last <= count; ++last) {
            _checkPath(_path(last, 0, 0));
            for (uint64 middle = first + 1; middle <= count; ++middle) {
                _checkPath(_path(middle, last, 0));
                for (uint64 start = first + 1; start <= count; ++start) {
                    _checkPath(_path(start, middle, last));
                }
            }
        }
    }

    function _checkPath(uint64[] memory ids) private view {
        for (uint256 i = 1; i < ids.length; ++i) {
            if (_ledger.termsOf(ids[i]).body != _ledger.termsOf(ids[i - 1]).holder) return;
        }
        IAccreditations.Accreditation memory link = _ledger.accreditationOf(ids[0]);
        uint48 time = link.history[link.history.length - 1].effectiveFrom;
        _checkPath(ids, time);
        _checkPath(ids, link.history[link.history.length - 1].recordedAt);
        _checkPath(ids, uint48(block.timestamp));
    }

    function _checkPath(uint64[] memory ids, uint48 time) private view {
        uint64 issuer = _ledger.termsOf(ids[ids.length - 1]).holder;
        for (uint256 scope = 1; scope < 4; ++scope) {
            try _accreditations.checkPath(ids, issuer, _handler.scopeOf(scope), time) returns (
                bool then, bool now_, uint64 body
            ) {
                (bool activeThen, bool activeNow) = _active(ids, time);
                assert(then == activeThen && now_ == activeNow && body == _ledger.termsOf(ids[0]).body);
            } catch {}
        }
    }

    function _active(uint64[] memory ids, uint48 time) private view returns (bool then, bool now_) {
        (then, now_) = (true, true);
        for (uint256 i = 0; i < ids.length; ++i) {
            (AccreditationState stateThen, AccreditationState stateNow) = _ledger.stateAt(ids[i], time);
            then = then && stateThen == AccreditationState.Active;
            now_ = now_ && stateNow == AccreditationState.Active;
        }
    }

    function _sameStates(uint64 id, uint48 time) private view {
        (AccreditationState then, AccreditationState now_) = _accreditations.stateAt(id, time);
        (AccreditationState slowThen, AccreditationState slowNow) = _ledger.stateAt(id, time);
        assert(then == slowThen && now_ == slowNow);
        if (time > 0) {
            (then, now_) = _accreditations.stateAt(id, time - 1);
            (slowThen, slowNow) = _ledger.stateAt(id, time - 1);
            assert(then == slowThen && now_ == slowNow);
        }
    }

    /// @dev A path of the links that are not zero.
    function _path(uint64 one, uint64 two, uint64 three) private pure returns (uint64[] memory ids) {
        ids = new uint64[](two == 0 ? 1 : three == 0 ? 2 : 3);
        ids[0] = one;
        if (ids.length > 1) ids[1] = two;
        if (ids.length > 2) ids[2] = three;
    }
}
