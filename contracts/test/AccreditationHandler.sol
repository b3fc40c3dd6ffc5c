// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {AccreditationState} from "../src/AccreditationHistory.sol";
import {CredentialRegistry} from "../src/CredentialRegistry.sol";
import {IAccreditations, Kind} from "../src/IAccreditations.sol";
import {Reason} from "../src/Reasons.sol";
import {Scope} from "../src/Scopes.sol";
import {AccreditationLedger} from "./AccreditationLedger.sol";
import {Vm} from "./Test.sol";
import {Try} from "./Try.sol";

/// @title AccreditationHandler: what bodies and those they accredit may try, over few enough values that most meets.
/// @dev Party n is governed by actor n - 1.
contract AccreditationHandler is Try {
    uint64 public constant PARTIES = 4;
    uint48 public constant START = 1_800_000_000;

    AccreditationLedger private immutable _ledger;

    constructor(CredentialRegistry registry, AccreditationLedger ledger) Try(registry) {
        _ledger = ledger;
        for (uint64 party = 1; party <= PARTIES; ++party) {
            vm.prank(_controller(party));
            _registry.registerParty("https://party.example", bytes32(uint256(party)));
        }
    }

    function wait(uint8 time) external {
        vm.warp(block.timestamp + time);
    }

    function retire(uint64 party, uint8 chance) external {
        // Not 0, which the fuzzer tries often: it ends most of the rest.
        vm.assume(chance % 64 == 7);
        party = _party(party);
        _send(_controller(party), abi.encodeCall(_registry.retire, (party)));
    }

    function offer(uint64 body, uint64 holder, bool toIssue, uint256 scope, uint8 since, uint16 lasts) external {
        (body, holder) = (_party(body), _party(holder));
        Kind kind = toIssue ? Kind.AccreditToIssue : Kind.AccreditToAccredit;
        uint48 from = START - 100 + since;
        bytes memory call = abi.encodeCall(
            _registry.offerAccreditation,
            (body, holder, kind, _scope(scope), from, from + lasts, "", "https://x.example")
        );
        _send(_controller(body), call);
    }

    function recognise(uint64 body, uint64 other, uint256 scope, uint8 since, uint16 lasts) external {
        (body, other) = (_party(body), _party(other));
        uint48 from = START - 100 + since;
        uint48 until = lasts % 2 == 0 ? 0 : from + lasts;
        _send(
            _controller(body),
            abi.encodeCall(_registry.recognise, (body, other, _scope(scope), from, until, "", "https://x.example"))
        );
    }

    function answer(uint256 by, uint64 id, uint8 refused) external {
        id = _offered(id);
        bytes memory call = _rarely(refused)
            ? abi.encodeCall(_registry.refuseAccreditation, (id))
            : abi.encodeCall(_registry.acceptAccreditation, (id));
        _send(_rarely(by) ? actor(by / 16) : _controller(_ledger.termsOf(id).holder), call);
    }

    function change(uint256 by, uint64 id, uint8 to, uint16 effective, uint8 reason) external {
        id = _any(id);
        IAccreditations.Accreditation memory known = _ledger.accreditationOf(id);
        uint48 from = known.history[known.history.length - 1].effectiveFrom + effective % 256;
        Reason why = Reason(reason % (uint8(type(Reason).max) + 1));
        bytes memory call = abi.encodeCall(_registry.withdrawAccreditation, (id, from, why));
        if (to % 8 != 0) {
            call = known.state == AccreditationState.Suspended
                ? abi.encodeCall(_registry.reinstateAccreditation, (id, from, why))
                : abi.encodeCall(_registry.suspendAccreditation, (id, from, why));
        }
        _send(_rarely(by) ? actor(by / 16) : _controller(known.terms.body), call);
    }

    function voidAccreditation(uint64 id, uint8 chance) external {
        vm.assume(chance % 8 == 0);
        id = _any(id);
        bytes memory call = abi.encodeCall(_registry.voidAccreditation, (id, Reason.IssuedInError));
        _send(_controller(_ledger.termsOf(id).body), call);
    }

    /// @dev One of three scopes, each within the one before it.
    function scopeOf(uint256 pick) external pure returns (Scope memory) {
        return _scope(pick);
    }

    function _scope(uint256 pick) private pure returns (Scope memory) {
        if (pick % 4 < 2) return Scope(0, 0, 1, 8, 0, 0);
        return pick % 4 == 2 ? Scope(6, 2, 5, 8, 7, 276) : Scope(613, 4, 6, 7, 2, 276);
    }

    function _controller(uint64 party) private pure returns (address) {
        return actor(party - 1);
    }

    function _party(uint64 pick) private pure returns (uint64) {
        return pick % PARTIES + 1;
    }

    function _any(uint64 pick) private view returns (uint64) {
        vm.assume(_ledger.count() != 0);
        return pick % _ledger.count() + 1;
    }

    /// @dev One that waits for an answer, if there is one.
    function _offered(uint64 pick) private view returns (uint64 id) {
        for (uint64 i = 0; i < _ledger.count(); ++i) {
            id = (_any(pick) - 1 + i) % _ledger.count() + 1;
            if (_ledger.accreditationOf(id).state == AccreditationState.Offered) return id;
        }
        return _any(pick);
    }

    function _record(Vm.Log[] memory logs) internal override {
        _ledger.record(logs);
    }
}
