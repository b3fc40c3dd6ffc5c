// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {AccreditationState, Change} from "../src/AccreditationHistory.sol";
import {IAccreditations, Kind} from "../src/IAccreditations.sol";
import {IParties} from "../src/IParties.sol";
import {Reason} from "../src/Reasons.sol";
import {Scope} from "../src/Scopes.sol";
import {Vm} from "./Test.sol";

/// @title AccreditationLedger: accreditations as somebody sees them who has nothing but the events.
/// @dev Each event is also checked against those before it: what must never happen fails here.
contract AccreditationLedger {
    uint64 public count;
    mapping(uint64 id => IAccreditations.Terms) private _terms;
    mapping(uint64 id => Change[]) private _changes;
    mapping(uint64 party => bool) private _retired;
    mapping(uint64 party => address) public controllerOf;

    /// @dev As the contract tells it.
    function accreditationOf(uint64 id) external view returns (IAccreditations.Accreditation memory) {
        return IAccreditations.Accreditation(_terms[id], _last(id), _changes[id]);
    }

    function termsOf(uint64 id) external view returns (IAccreditations.Terms memory) {
        return _terms[id];
    }

    /// @dev The definition of both answers, read from the beginning: at that time, what had been recorded; and, of all
    /// that is recorded, what is in effect for it.
    function stateAt(uint64 id, uint48 time) external view returns (AccreditationState then, AccreditationState now_) {
        IAccreditations.Terms storage terms = _terms[id];
        if (time < terms.validFrom || (terms.validUntil != 0 && time >= terms.validUntil)) return (then, now_);
        for (uint256 i = 0; i < _changes[id].length; ++i) {
            Change storage change = _changes[id][i];
            if (change.recordedAt <= time) then = change.state;
            if (change.effectiveFrom <= time || change.state == AccreditationState.Void) now_ = change.state;
        }
    }

    /// @dev Take note of the events of one transaction.
    function record(Vm.Log[] calldata logs) external {
        for (uint256 i = 0; i < logs.length; ++i) {
            _record(logs[i].topics, logs[i].data);
        }
    }

    function _record(bytes32[] calldata topics, bytes calldata data) private {
        bytes32 kind = topics[0];
        uint64 id = uint64(uint256(topics[1]));
        if (kind == IParties.PartyRegistered.selector) controllerOf[id] = address(uint160(uint256(topics[2])));
        else if (kind == IParties.ControllerChanged.selector) controllerOf[id] = address(uint160(uint256(topics[3])));
        else if (kind == IParties.OperatorSet.selector || kind == IParties.ControllerOffered.selector) return;
        else if (kind == IParties.PartyRetired.selector) _retired[id] = true;
        else if (kind == IAccreditations.AccreditationOffered.selector) _offered(id, topics, data);
        else if (kind == IAccreditations.Recognised.selector) _recognised(id, topics, data);
        else if (kind == IAccreditations.AccreditationAccepted.selector) _answered(id, AccreditationState.Active);
        else if (kind == IAccreditations.AccreditationRefused.selector) _answered(id, AccreditationState.Refused);
        else if (kind == IAccreditations.AccreditationVoided.selector) _voided(id, abi.decode(data, (Reason)));
        else _changed(id, _stateAfter(kind), data);
    }

    function _offered(uint64 id, bytes32[] calldata topics, bytes calldata data) private {
        IAccreditations.Terms storage terms = _new(id, topics);
        (
            terms.kind,
            terms.scope,
            terms.validFrom,
            terms.validUntil,
            terms.conditionHash,
            terms.evidenceHash,
            terms.evidenceUri
        ) = abi.decode(data, (Kind, Scope, uint48, uint48, bytes32, bytes32, string));
        assert(terms.kind != Kind.Recognise && terms.validUntil > terms.validFrom);
        _add(id, AccreditationState.Offered, terms.validFrom, Reason.Unspecified);
    }

    function _recognised(uint64 id, bytes32[] calldata topics, bytes calldata data) private {
        IAccreditations.Terms storage terms = _new(id, topics);
        terms.kind = Kind.Recognise;
        (terms.scope, terms.validFrom, terms.validUntil, terms.conditionHash, terms.evidenceHash, terms.evidenceUri) =
            abi.decode(data, (Scope, uint48, uint48, bytes32, bytes32, string));
        _add(id, AccreditationState.Active, terms.validFrom, Reason.Unspecified);
    }

    function _new(uint64 id, bytes32[] calldata topics) private returns (IAccreditations.Terms storage terms) {
        assert(id == ++count);
        terms = _terms[id];
        (terms.body, terms.holder) = (uint64(uint256(topics[2])), uint64(uint256(topics[3])));
        assert(terms.body != terms.holder);
        _bothAreActive(terms);
    }

    function _answered(uint64 id, AccreditationState to) private {
        assert(_last(id) == AccreditationState.Offered);
        if (to == AccreditationState.Active) _bothAreActive(_terms[id]);
        _add(id, to, _terms[id].validFrom, Reason.Unspecified);
    }

    function _voided(uint64 id, Reason reason) private {
        assert(_last(id) != AccreditationState.Refused && _last(id) != AccreditationState.Void);
        _add(id, AccreditationState.Void, _terms[id].validFrom, reason);
    }

    /// @dev Nothing takes effect before what is known to have happened, or later than now or the start of the period.
    function _changed(uint64 id, AccreditationState to, bytes calldata data) private {
        (uint48 effectiveFrom, Reason reason) = abi.decode(data, (uint48, Reason));
        uint48 before = _changes[id][_changes[id].length - 1].effectiveFrom;
        assert(effectiveFrom >= before && (effectiveFrom <= block.timestamp || effectiveFrom == before));
        assert(_last(id) == AccreditationState.Active || _last(id) == AccreditationState.Suspended);
        assert(_last(id) != to);
        assert(to != AccreditationState.Active || !_retired[_terms[id].body]);
        _add(id, to, effectiveFrom, reason);
    }

    function _stateAfter(bytes32 kind) private pure returns (AccreditationState) {
        if (kind == IAccreditations.AccreditationSuspended.selector) return AccreditationState.Suspended;
        if (kind == IAccreditations.AccreditationReinstated.selector) return AccreditationState.Active;
        assert(kind == IAccreditations.AccreditationWithdrawn.selector);
        return AccreditationState.Withdrawn;
    }

    /// @dev Nobody enters into anything once it has retired.
    function _bothAreActive(IAccreditations.Terms storage terms) private view {
        assert(!_retired[terms.body] && !_retired[terms.holder]);
    }

    function _add(uint64 id, AccreditationState to, uint48 effectiveFrom, Reason reason) private {
        _changes[id].push(Change(uint48(block.timestamp), effectiveFrom, to, reason));
    }

    function _last(uint64 id) private view returns (AccreditationState) {
        return _changes[id][_changes[id].length - 1].state;
    }
}
