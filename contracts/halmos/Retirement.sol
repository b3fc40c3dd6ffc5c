// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {Accreditations} from "../src/Accreditations.sol";
import {CredentialRegistry} from "../src/CredentialRegistry.sol";
import {IAccreditations, Kind} from "../src/IAccreditations.sol";
import {Reason} from "../src/Reasons.sol";
import {Scope} from "../src/Scopes.sol";
import {Symbolic} from "./Symbolic.sol";

// Of this file's own: forge makes a cheat code of the creation of contracts from elsewhere, and halmos has none.
contract Registry is CredentialRegistry {}

contract Graph is Accreditations {
    constructor(CredentialRegistry registry) Accreditations(registry) {}
}

/// @dev No offer is accepted once either party has retired. Of four parties one body and one holder have; offers among them
/// wait for an answer, and one accreditation is suspended. Parties are in one contract, offers in the other.
contract RetirementProof is Symbolic {
    address private constant GOVERNOR = address(0xC0);
    uint64 private constant BODY = 1;
    uint64 private constant HOLDER = 2;
    uint64 private constant RETIRED_BODY = 3;
    uint64 private constant RETIRED_HOLDER = 4;
    uint48 private constant START = 1_700_000_000;
    uint48 private constant END = 1_900_000_000;

    CredentialRegistry private _registry;
    Accreditations private _accreditations;
    uint64 private _goodOffer;
    uint64 private _suspended;

    function setUp() external {
        vm.warp(1_800_000_000);
        _registry = new Registry();
        _accreditations = new Graph(_registry);
        for (uint64 party = BODY; party <= RETIRED_HOLDER; ++party) {
            vm.prank(GOVERNOR);
            _registry.registerParty("", 0);
        }
        _offer(RETIRED_BODY, HOLDER);
        _offer(BODY, RETIRED_HOLDER);
        _goodOffer = _offer(BODY, HOLDER);
        _suspended = _offer(RETIRED_BODY, HOLDER);
        vm.prank(GOVERNOR);
        _accreditations.acceptAccreditation(_suspended);
        vm.prank(GOVERNOR);
        _accreditations.suspendAccreditation(_suspended, START, Reason.UnderReview);
        vm.prank(GOVERNOR);
        _registry.retire(RETIRED_BODY);
        vm.prank(GOVERNOR);
        _registry.retire(RETIRED_HOLDER);
    }

    /// @dev Any sender, any accreditation: only the offer between two active parties is accepted.
    function check_retired_accept(address sender, uint64 id) external {
        vm.prank(sender);
        try _accreditations.acceptAccreditation(id) {
            assert(id == _goodOffer);
        } catch {}
    }

    function _offer(uint64 body, uint64 holder) private returns (uint64) {
        vm.prank(GOVERNOR);
        return _accreditations.offerAccreditation(
            IAccreditations.Terms(body, holder, START, END, Kind.AccreditToIssue, _anything(), 0, 0, "")
        );
    }

    function _anything() private pure returns (Scope memory) {
        return Scope(0, 0, 1, 8, 0, 0, 0);
    }
}
