// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {AccreditationState} from "../src/AccreditationHistory.sol";
import {Accreditations} from "../src/Accreditations.sol";
import {CredentialRegistry} from "../src/CredentialRegistry.sol";
import {IAccreditations, Kind} from "../src/IAccreditations.sol";
import {Reason} from "../src/Reasons.sol";
import {Scope} from "../src/Scopes.sol";
import {AccreditationLedger} from "./AccreditationLedger.sol";
import {Vm} from "./Test.sol";
import {Try} from "./Try.sol";

/// @title AccreditationHandler: what bodies and those they accredit may try, over few enough values that most meets.
/// @dev Party n is registered by actor n - 1. Parties live in the registry, accreditations beside it.
contract AccreditationHandler is Try {
    uint64 public constant PARTIES = 4;
    uint48 public constant START = 1_800_000_000;

    Accreditations private immutable _accreditations;
    AccreditationLedger private immutable _ledger;

    constructor(CredentialRegistry registry, Accreditations accreditations, AccreditationLedger ledger) Try(registry) {
        _accreditations = accreditations;
        _ledger = ledger;
        for (uint64 party = 1; party <= PARTIES; ++party) {
            _send(
                actor(party - 1),
                abi.encodeCall(registry.registerParty, ("https://party.example", bytes32(uint256(party))))
            );
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

    /// @dev Control changes hands in the registry, and counts here at once.
    function handOver(uint64 party, uint256 to, uint8 chance) external {
        vm.assume(chance % 4 == 1);
        party = _party(party);
        _send(_controller(party), abi.encodeCall(_registry.transferController, (party, actor(to))));
        _send(actor(to), abi.encodeCall(_registry.acceptController, (party)));
    }

    function offer(uint256 by, uint64 body, uint64 holder, uint8 kind, uint256 scope, uint8 since, uint16 lasts)
        external
    {
        IAccreditations.Terms memory terms = _terms(body, holder, kind, scope, since);
        terms.validUntil = terms.validFrom + lasts;
        address sender = _rarely(by) ? actor(by / 16) : _controller(terms.body);
        _sendBeside(sender, abi.encodeCall(_accreditations.offerAccreditation, (terms)));
    }

    /// @dev Two offers or none.
    function offerTwice(uint64 body, uint64 holder, uint8 kind, uint256 scope, uint8 since) external {
        bytes[] memory calls = new bytes[](2);
        IAccreditations.Terms memory terms = _terms(body, holder, kind, scope, since);
        terms.validUntil = terms.validFrom + 1000;
        calls[0] = abi.encodeCall(_accreditations.offerAccreditation, (terms));
        (terms.body, terms.holder) = (terms.holder, terms.body);
        calls[1] = abi.encodeCall(_accreditations.offerAccreditation, (terms));
        _sendBeside(_controller(terms.body), abi.encodeCall(_accreditations.multicall, (calls)));
    }

    function recognise(uint64 body, uint64 other, uint8 kind, uint256 scope, uint8 since, uint16 lasts) external {
        IAccreditations.Terms memory terms = _terms(body, other, _rarely(kind) ? kind / 16 : 2, scope, since);
        terms.validUntil = lasts % 2 == 0 ? 0 : terms.validFrom + lasts;
        _sendBeside(_controller(terms.body), abi.encodeCall(_accreditations.recognise, (terms)));
    }

    function answer(uint256 by, uint64 id, uint8 refused) external {
        id = _offered(id);
        bytes memory call = _rarely(refused)
            ? abi.encodeCall(_accreditations.refuseAccreditation, (id))
            : abi.encodeCall(_accreditations.acceptAccreditation, (id));
        _sendBeside(_rarely(by) ? actor(by / 16) : _controller(_ledger.termsOf(id).holder), call);
    }

    function change(uint256 by, uint64 id, uint8 to, uint16 effective, uint8 reason) external {
        id = _any(id);
        IAccreditations.Accreditation memory known = _ledger.accreditationOf(id);
        uint48 from = known.history[known.history.length - 1].effectiveFrom + effective % 256;
        Reason why = Reason(reason % (uint8(type(Reason).max) + 1));
        bytes memory call = abi.encodeCall(_accreditations.withdrawAccreditation, (id, from, why));
        if (to % 8 != 0) {
            call = known.state == AccreditationState.Suspended
                ? abi.encodeCall(_accreditations.reinstateAccreditation, (id, from, why))
                : abi.encodeCall(_accreditations.suspendAccreditation, (id, from, why));
        }
        _sendBeside(_rarely(by) ? actor(by / 16) : _controller(known.terms.body), call);
    }

    function voidAccreditation(uint64 id, uint8 chance) external {
        vm.assume(chance % 8 == 0);
        id = _any(id);
        bytes memory call = abi.encodeCall(_accreditations.voidAccreditation, (id, Reason.IssuedInError));
        _sendBeside(_controller(_ledger.termsOf(id).body), call);
    }

    /// @dev One of three scopes, each within the one before it.
    function scopeOf(uint256 pick) external pure returns (Scope memory) {
        return _scope(pick);
    }

    function _scope(uint256 pick) private pure returns (Scope memory) {
        if (pick % 4 < 2) return Scope(0, 0, 1, 8, 0, 0, 0);
        return pick % 4 == 2 ? Scope(6, 2, 5, 8, 7, 276, 0) : Scope(613, 4, 6, 7, 2, 276, "programme");
    }

    function _terms(uint64 body, uint64 holder, uint8 kind, uint256 scope, uint8 since)
        private
        pure
        returns (IAccreditations.Terms memory terms)
    {
        (terms.body, terms.holder) = (_party(body), _party(holder));
        (terms.kind, terms.scope) = (Kind(kind % 3), _scope(scope));
        terms.validFrom = START - 100 + since;
        (terms.conditionHash, terms.evidenceUri) = (bytes32(scope / 4 % 2), "https://x.example");
    }

    function _sendBeside(address sender, bytes memory call) private {
        _send(address(_accreditations), sender, call);
    }

    function _controller(uint64 party) private view returns (address) {
        return _ledger.controllerOf(party);
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
