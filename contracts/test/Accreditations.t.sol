// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {AccreditationState, Change} from "../src/AccreditationHistory.sol";
import {Accreditations} from "../src/Accreditations.sol";
import {CredentialRegistry} from "../src/CredentialRegistry.sol";
import {IAccreditations, Kind} from "../src/IAccreditations.sol";
import {IBatches} from "../src/IBatches.sol";
import {IParties} from "../src/IParties.sol";
import {Reason} from "../src/Reasons.sol";
import {Scope, Scopes} from "../src/Scopes.sol";
import {RegistryTest} from "./RegistryTest.sol";

/// @dev A wallet with one owner, which says whether the owner signed (EIP-1271).
contract OwnedWallet {
    address private _owner;

    constructor(address owner) {
        _owner = owner;
    }

    function isValidSignature(bytes32 signed, bytes calldata signature) external view returns (bytes4) {
        if (signature.length != 65) return 0;
        (bytes32 r, bytes32 s) = abi.decode(signature, (bytes32, bytes32));
        return ecrecover(signed, uint8(signature[64]), r, s) == _owner ? this.isValidSignature.selector : bytes4(0);
    }
}

contract AccreditationsTest is RegistryTest {
    using Scopes for Scope;

    uint256 private constant BODY_KEY = 0xB0D1;
    uint256 private constant HOLDER_KEY = 0x401D;
    bytes32 private constant CONDITION = keccak256("two more teachers by autumn");
    bytes32 private constant EVIDENCE = keccak256("decision");
    bytes32 private constant PROGRAMME = keccak256("nursing, BSc");
    bytes32 private constant OTHER_PROGRAMME = keccak256("midwifery, BSc");
    string private constant URI = "https://agency.example/decision";
    uint256 private constant CHAIN = 7;
    uint256 private constant OTHER_CHAIN = 8;
    uint48 private constant START = 1_700_000_000;
    uint48 private constant END = 1_900_000_000;

    address private bodyController = vm.addr(BODY_KEY);
    address private holderController = vm.addr(HOLDER_KEY);
    uint64 private body;
    uint64 private holder;

    function setUp() public override {
        super.setUp();
        body = _register(bodyController);
        holder = _register(holderController);
    }

    // registry

    /// @dev Each is about the parties of its own registry, and neither knows of what happens beside the other.
    function test_registry_anotherOne() external {
        assert(address(accreditations.registry()) == address(registry));
        CredentialRegistry second = new CredentialRegistry();
        Accreditations beside = new Accreditations(second);
        assert(address(beside.registry()) == address(second));
        vm.expectRevert(abi.encodeWithSelector(IParties.UnknownParty.selector, body));
        vm.prank(bodyController);
        beside.offerAccreditation(_terms());
        for (uint256 i = 0; i < holder; ++i) {
            vm.prank(stranger);
            second.registerParty("", 0);
        }
        vm.expectRevert(abi.encodeWithSelector(IParties.NotController.selector, body, bodyController));
        vm.prank(bodyController);
        beside.offerAccreditation(_terms());
        vm.prank(stranger);
        assert(beside.offerAccreditation(_terms()) == 1);
        assert(accreditations.accreditationCount() == 0);
    }

    /// @dev Where there is no registry nothing can be said, rather than anything by anybody.
    function test_registry_none() external {
        Accreditations alone = new Accreditations(CredentialRegistry(payable(address(0xDEAD))));
        vm.expectRevert();
        vm.prank(bodyController);
        alone.offerAccreditation(_terms());
        assert(alone.accreditationCount() == 0);
    }

    /// @dev Nothing that is accredited here changes a word of the registry, and each has the functions of its own.
    function test_registry_apart() external {
        bytes memory before = abi.encode(registry.partyOf(body), registry.partyOf(holder));
        _active();
        assert(keccak256(abi.encode(registry.partyOf(body), registry.partyOf(holder))) == keccak256(before));
        vm.startPrank(bodyController);
        (bool done, bytes memory thrown) =
            address(registry).call(abi.encodeCall(accreditations.offerAccreditation, (_terms())));
        assert(!done && bytes4(thrown) == IBatches.UnknownCall.selector);
        (done,) = address(accreditations).call(abi.encodeCall(registry.registerParty, ("", 0)));
        assert(!done);
        // Thirty-two bytes are a root for the registry, and nothing for this contract.
        (done,) = address(accreditations).call(abi.encode(ROOT));
        assert(!done);
        vm.stopPrank();
    }

    /// @dev Who governs a party is asked at the time of the call: control that changed hands counts at once.
    function test_registry_newController() external {
        vm.prank(bodyController);
        registry.transferController(body, stranger);
        _offer(bodyController, _terms());
        vm.prank(stranger);
        registry.acceptController(body);
        vm.expectRevert(abi.encodeWithSelector(IParties.NotController.selector, body, bodyController));
        _offer(bodyController, _terms());
        assert(_offer(stranger, _terms()) == 2);
        vm.expectRevert(abi.encodeWithSelector(IParties.NotController.selector, body, bodyController));
        vm.prank(bodyController);
        accreditations.voidAccreditation(1, Reason.Unspecified);
    }

    /// @dev Several calls in one transaction are each checked for their sender, and all or none holds.
    function testFuzz_multicall(address other) external {
        vm.assume(other != bodyController && other != holderController);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(accreditations.offerAccreditation, (_terms()));
        calls[1] = calls[0];
        vm.expectRevert(abi.encodeWithSelector(IParties.NotController.selector, body, other));
        vm.prank(other);
        accreditations.multicall(calls);
        vm.prank(bodyController);
        bytes[] memory answers = accreditations.multicall(calls);
        assert(abi.decode(answers[0], (uint64)) == 1 && abi.decode(answers[1], (uint64)) == 2);
        calls[1] = abi.encodeCall(accreditations.acceptAccreditation, (1));
        vm.expectRevert(abi.encodeWithSelector(IParties.NotController.selector, holder, bodyController));
        vm.prank(bodyController);
        accreditations.multicall(calls);
        assert(accreditations.accreditationCount() == 2);
    }

    // offerAccreditation

    function testFuzz_offer_onlyTheController(address other) external {
        vm.assume(other != bodyController);
        vm.expectRevert(abi.encodeWithSelector(IParties.NotController.selector, body, other));
        _offer(other, _terms());
    }

    function testFuzz_offer_retired(bool itIsTheBody) external {
        _expectRetired(itIsTheBody);
        _offer(bodyController, _terms());
    }

    function testFuzz_offer_unknownHolder(uint64 unknown) external {
        vm.assume(unknown == 0 || unknown > registry.partyCount());
        IAccreditations.Terms memory terms = _terms();
        terms.holder = unknown;
        vm.expectRevert(abi.encodeWithSelector(IParties.UnknownParty.selector, unknown));
        _offer(bodyController, terms);
    }

    function test_offer_toItself() external {
        IAccreditations.Terms memory terms = _terms();
        terms.holder = body;
        vm.expectRevert(abi.encodeWithSelector(IAccreditations.OwnAccreditation.selector, body));
        _offer(bodyController, terms);
    }

    function test_offer_recognition() external {
        IAccreditations.Terms memory terms = _terms();
        terms.kind = Kind.Recognise;
        vm.expectRevert(abi.encodeWithSelector(IAccreditations.WrongKind.selector, Kind.Recognise));
        _offer(bodyController, terms);
    }

    function testFuzz_offer_period(uint48 validFrom, uint48 validUntil) external {
        IAccreditations.Terms memory terms = _terms();
        (terms.validFrom, terms.validUntil) = (validFrom, validUntil);
        if (validUntil <= validFrom) {
            vm.expectRevert(abi.encodeWithSelector(IAccreditations.InvalidPeriod.selector, validFrom, validUntil));
        }
        _offer(bodyController, terms);
    }

    function testFuzz_offer_scope(Scope memory scope) external {
        // Mostly small numbers, where it matters.
        if (scope.qualificationTypes % 4 != 0) {
            scope.fieldDigits %= 6;
            scope.field %= 1200;
            (scope.levelMin, scope.levelMax) = (scope.levelMin % 10, scope.levelMax % 10);
            scope.jurisdiction %= 1001;
        }
        uint256 limit = 1;
        for (uint256 i = 0; i < scope.fieldDigits; ++i) {
            unchecked {
                limit *= 10;
            }
        }
        uint256 digits = scope.fieldDigits;
        bool valid = (digits == 0 || digits == 2 || digits == 3 || digits == 4) && scope.field < limit
            && scope.levelMin >= 1 && scope.levelMax <= 8 && scope.levelMin <= scope.levelMax
            && scope.jurisdiction <= 999;
        IAccreditations.Terms memory terms = _terms();
        terms.scope = scope;
        if (!valid) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    Scopes.InvalidScope.selector,
                    scope.field,
                    scope.fieldDigits,
                    scope.levelMin,
                    scope.levelMax,
                    scope.jurisdiction
                )
            );
        }
        _offer(bodyController, terms);
    }

    function test_offer() external {
        IAccreditations.Terms memory terms = _terms();
        vm.expectEmit(address(accreditations));
        emit IAccreditations.AccreditationOffered(
            1, body, holder, terms.kind, terms.scope, START, END, CONDITION, EVIDENCE, URI
        );
        assert(_offer(bodyController, terms) == 1);
        assert(accreditations.accreditationCount() == 1);
        IAccreditations.Accreditation memory found = accreditations.accreditationOf(1);
        assert(keccak256(abi.encode(found.terms)) == keccak256(abi.encode(terms)));
        assert(found.state == AccreditationState.Offered && found.history.length == 1);
        assert(found.history[0].recordedAt == block.timestamp && found.history[0].effectiveFrom == START);
        assert(!_holds(1, uint48(block.timestamp)));
        assert(_offer(bodyController, terms) == 2);
    }

    // offerAccreditationBySignature

    function testFuzz_offerBySignature_expired(uint48 deadline) external {
        deadline = uint48(between(deadline, 0, block.timestamp - 1));
        bytes memory signature = _signOffer(BODY_KEY, _terms(), 1, deadline);
        vm.expectRevert(abi.encodeWithSelector(IBatches.SignatureExpired.selector, deadline));
        accreditations.offerAccreditationBySignature(_terms(), 1, deadline, signature);
    }

    function test_offerBySignature_untilTheDeadline() external {
        bytes memory signature = _signOffer(BODY_KEY, _terms(), 1, block.timestamp);
        assert(accreditations.offerAccreditationBySignature(_terms(), 1, block.timestamp, signature) == 1);
    }

    function testFuzz_offerBySignature_forOtherValues(uint8 which, uint256 change) external {
        IAccreditations.Terms memory terms = _terms();
        bytes memory signature = _signOffer(BODY_KEY, terms, 1, END);
        uint256 nonce = 1;
        uint256 deadline = END;
        change = between(change, 1, 5);
        which %= 16;
        if (which == 0) terms.holder = issuer;
        if (which == 1) terms.validFrom += uint48(change);
        if (which == 2) terms.validUntil += uint48(change);
        if (which == 3) terms.kind = Kind.AccreditToAccredit;
        if (which == 4) terms.scope.field += uint16(change);
        if (which == 5) terms.scope.fieldDigits = 3;
        if (which == 6) terms.scope.levelMin -= uint8(change % 2 + 1);
        if (which == 7) terms.scope.levelMax = 8;
        if (which == 8) terms.scope.qualificationTypes += uint32(change);
        if (which == 9) terms.scope.jurisdiction += uint16(change);
        if (which == 10) terms.evidenceHash ^= bytes32(change);
        if (which == 11) terms.evidenceUri = "https://agency.example/decisio";
        if (which == 12) nonce += change;
        if (which == 13) deadline += change;
        if (which == 14) terms.scope.programme ^= bytes32(change);
        if (which == 15) terms.conditionHash ^= bytes32(change);
        vm.expectRevert(abi.encodeWithSelector(IAccreditations.NotSignedByController.selector, body, bodyController));
        accreditations.offerAccreditationBySignature(terms, nonce, deadline, signature);
    }

    function testFuzz_offerBySignature_byAnother(uint256 key) external {
        key = between(key, 1, 1 << 128);
        vm.assume(key != BODY_KEY);
        bytes memory signature = _signOffer(key, _terms(), 1, END);
        vm.expectRevert(abi.encodeWithSelector(IAccreditations.NotSignedByController.selector, body, bodyController));
        accreditations.offerAccreditationBySignature(_terms(), 1, END, signature);
    }

    function test_offerBySignature_elsewhere() external {
        // Constants, as the compiler may read a chain id once more where it was kept.
        vm.chainId(CHAIN);
        bytes memory signature = _signOffer(BODY_KEY, _terms(), 1, END);
        bytes memory refusal =
            abi.encodeWithSelector(IAccreditations.NotSignedByController.selector, body, bodyController);
        vm.chainId(OTHER_CHAIN);
        vm.expectRevert(refusal);
        accreditations.offerAccreditationBySignature(_terms(), 1, END, signature);
        vm.chainId(CHAIN);
        CredentialRegistry second = new CredentialRegistry();
        for (uint256 i = 0; i < body; ++i) {
            vm.prank(bodyController);
            second.registerParty("", 0);
        }
        Accreditations ofAnotherRegistry = new Accreditations(second);
        vm.expectRevert(refusal);
        ofAnotherRegistry.offerAccreditationBySignature(_terms(), 1, END, signature);
        Accreditations ofThisRegistry = new Accreditations(registry);
        vm.expectRevert(refusal);
        ofThisRegistry.offerAccreditationBySignature(_terms(), 1, END, signature);
        assert(accreditations.offerAccreditationBySignature(_terms(), 1, END, signature) == 1);
    }

    function test_offerBySignature_formerController() external {
        bytes memory signature = _signOffer(BODY_KEY, _terms(), 1, END);
        vm.prank(bodyController);
        registry.transferController(body, stranger);
        vm.prank(stranger);
        registry.acceptController(body);
        vm.expectRevert(abi.encodeWithSelector(IAccreditations.NotSignedByController.selector, body, stranger));
        accreditations.offerAccreditationBySignature(_terms(), 1, END, signature);
    }

    function testFuzz_offerBySignature_eachNonceOnce(address sender, uint256 nonce, uint256 otherNonce) external {
        vm.assume(nonce != otherNonce);
        bytes memory signature = _signOffer(BODY_KEY, _terms(), nonce, END);
        vm.prank(sender);
        assert(accreditations.offerAccreditationBySignature(_terms(), nonce, END, signature) == 1);
        vm.expectRevert(abi.encodeWithSelector(IAccreditations.NonceUsed.selector, body, nonce));
        accreditations.offerAccreditationBySignature(_terms(), nonce, END, signature);
        signature = _signOffer(BODY_KEY, _terms(), otherNonce, END);
        assert(accreditations.offerAccreditationBySignature(_terms(), otherNonce, END, signature) == 2);
    }

    function testFuzz_offerBySignature_retired(bool itIsTheBody) external {
        bytes memory signature = _signOffer(BODY_KEY, _terms(), 1, END);
        _expectRetired(itIsTheBody);
        accreditations.offerAccreditationBySignature(_terms(), 1, END, signature);
    }

    function test_bySignature_wallets() external {
        address wallet = address(new OwnedWallet(bodyController));
        IAccreditations.Terms memory terms = _terms();
        (terms.body, terms.holder) = (_register(wallet), holder);
        bytes memory wrong = _signOffer(HOLDER_KEY, terms, 1, END);
        vm.expectRevert(abi.encodeWithSelector(IAccreditations.NotSignedByController.selector, terms.body, wallet));
        accreditations.offerAccreditationBySignature(terms, 1, END, wrong);
        bytes memory signature = _signOffer(BODY_KEY, terms, 1, END);
        assert(accreditations.offerAccreditationBySignature(terms, 1, END, signature) == 1);
        (terms.body, terms.holder) = (body, terms.body);
        _offer(bodyController, terms);
        signature = _signAcceptance(BODY_KEY, 2, terms, END);
        accreditations.acceptAccreditationBySignature(2, END, signature);
        assert(_holds(2, uint48(block.timestamp)));
    }

    // acceptAccreditation, acceptAccreditationBySignature, refuseAccreditation

    function testFuzz_answer_onlyTheHolder(address other) external {
        vm.assume(other != holderController);
        _offer(bodyController, _terms());
        bytes memory refusal = abi.encodeWithSelector(IParties.NotController.selector, holder, other);
        vm.expectRevert(refusal);
        vm.prank(other);
        accreditations.acceptAccreditation(1);
        vm.expectRevert(refusal);
        vm.prank(other);
        accreditations.refuseAccreditation(1);
    }

    function testFuzz_accept(uint48 wait, uint48 time) external {
        uint48 offered = uint48(block.timestamp);
        uint48 accepted = offered + uint48(between(wait, 1, 10_000_000));
        time = uint48(between(time, START, END - 1));
        _offer(bodyController, _terms());
        vm.warp(accepted);
        vm.expectEmit(address(accreditations));
        emit IAccreditations.AccreditationAccepted(1);
        _accept(1);
        (AccreditationState then, AccreditationState known) = accreditations.stateAt(1, time);
        assert(known == AccreditationState.Active);
        assert(
            then
                == (time >= accepted
                        ? AccreditationState.Active
                        : time >= offered ? AccreditationState.Offered : AccreditationState.None)
        );
        _refuseChange(1, AccreditationState.Active, AccreditationState.Active);
        _accept(1);
        _refuseChange(1, AccreditationState.Active, AccreditationState.Refused);
        vm.prank(holderController);
        accreditations.refuseAccreditation(1);
    }

    function test_refuse() external {
        _offer(bodyController, _terms());
        vm.expectEmit(address(accreditations));
        emit IAccreditations.AccreditationRefused(1);
        vm.prank(holderController);
        accreditations.refuseAccreditation(1);
        assert(accreditations.accreditationOf(1).state == AccreditationState.Refused);
        _refuseChange(1, AccreditationState.Refused, AccreditationState.Active);
        _accept(1);
        _refuseChange(1, AccreditationState.Refused, AccreditationState.Void);
        vm.prank(bodyController);
        accreditations.voidAccreditation(1, Reason.Unspecified);
    }

    function testFuzz_accept_retired(bool itIsTheBody) external {
        _offer(bodyController, _terms());
        _expectRetired(itIsTheBody);
        _accept(1);
        assert(accreditations.accreditationOf(1).state == AccreditationState.Offered);
    }

    function testFuzz_refuse_retired(bool itIsTheBody) external {
        _offer(bodyController, _terms());
        _retire(itIsTheBody);
        vm.prank(holderController);
        accreditations.refuseAccreditation(1);
        assert(accreditations.accreditationOf(1).state == AccreditationState.Refused);
    }

    function testFuzz_acceptBySignature_retired(bool itIsTheBody) external {
        _offer(bodyController, _terms());
        bytes memory signature = _signAcceptance(HOLDER_KEY, 1, _terms(), END);
        _expectRetired(itIsTheBody);
        accreditations.acceptAccreditationBySignature(1, END, signature);
        assert(accreditations.accreditationOf(1).state == AccreditationState.Offered);
    }

    function test_acceptBySignature() external {
        bytes memory signature = _signAcceptance(HOLDER_KEY, 1, _terms(), END);
        // Another offer took the id, as it may after a reorganisation.
        IAccreditations.Terms memory other = _terms();
        other.kind = Kind.AccreditToAccredit;
        _offer(bodyController, other);
        vm.expectRevert(
            abi.encodeWithSelector(IAccreditations.NotSignedByController.selector, holder, holderController)
        );
        accreditations.acceptAccreditationBySignature(1, END, signature);
        _offer(bodyController, _terms());
        vm.expectRevert(
            abi.encodeWithSelector(IAccreditations.NotSignedByController.selector, holder, holderController)
        );
        accreditations.acceptAccreditationBySignature(2, END, signature);
        signature = _signAcceptance(HOLDER_KEY, 2, _terms(), END);
        vm.prank(stranger);
        accreditations.acceptAccreditationBySignature(2, END, signature);
        _refuseChange(2, AccreditationState.Active, AccreditationState.Active);
        accreditations.acceptAccreditationBySignature(2, END, signature);
        _offer(bodyController, _terms());
        uint256 deadline = block.timestamp - 1;
        signature = _signAcceptance(HOLDER_KEY, 3, _terms(), deadline);
        vm.expectRevert(abi.encodeWithSelector(IBatches.SignatureExpired.selector, deadline));
        accreditations.acceptAccreditationBySignature(3, deadline, signature);
    }

    function test_anOfferCannotPassForAnAcceptance() external {
        _offer(bodyController, _terms());
        bytes memory signature = _signOffer(HOLDER_KEY, _terms(), 1, END);
        vm.expectRevert(
            abi.encodeWithSelector(IAccreditations.NotSignedByController.selector, holder, holderController)
        );
        accreditations.acceptAccreditationBySignature(1, END, signature);
    }

    // recognise

    function testFuzz_recognise(uint48 validFrom, uint48 validUntil, uint48 time) external {
        IAccreditations.Terms memory terms = _recognition(validFrom, validUntil);
        if (validUntil != 0 && validUntil <= validFrom) {
            vm.expectRevert(abi.encodeWithSelector(IAccreditations.InvalidPeriod.selector, validFrom, validUntil));
        } else {
            vm.expectEmit(address(accreditations));
            emit IAccreditations.Recognised(
                1, body, holder, terms.scope, validFrom, validUntil, CONDITION, EVIDENCE, URI
            );
        }
        vm.prank(bodyController);
        accreditations.recognise(terms);
        if (accreditations.accreditationCount() == 0) return;
        assert(keccak256(abi.encode(accreditations.accreditationOf(1).terms)) == keccak256(abi.encode(terms)));
        (AccreditationState then, AccreditationState known) = accreditations.stateAt(1, time);
        bool within = validFrom <= time && (validUntil == 0 || time < validUntil);
        assert((known == AccreditationState.Active) == within);
        assert((then == AccreditationState.Active) == (within && time >= block.timestamp));
    }

    function testFuzz_recognise_onlyTheController(address other) external {
        vm.assume(other != bodyController);
        vm.expectRevert(abi.encodeWithSelector(IParties.NotController.selector, body, other));
        vm.prank(other);
        accreditations.recognise(_recognition(START, 0));
    }

    function testFuzz_recognise_anAccreditation(bool toIssue) external {
        IAccreditations.Terms memory terms = _recognition(START, 0);
        terms.kind = toIssue ? Kind.AccreditToIssue : Kind.AccreditToAccredit;
        vm.expectRevert(abi.encodeWithSelector(IAccreditations.WrongKind.selector, terms.kind));
        vm.prank(bodyController);
        accreditations.recognise(terms);
    }

    function testFuzz_recognise_retired(bool itIsTheBody) external {
        _expectRetired(itIsTheBody);
        vm.prank(bodyController);
        accreditations.recognise(_recognition(START, 0));
    }

    // suspendAccreditation, reinstateAccreditation, withdrawAccreditation, voidAccreditation

    function testFuzz_change_onlyTheController(address other, uint8 which) external {
        vm.assume(other != bodyController);
        _active();
        vm.expectRevert(abi.encodeWithSelector(IParties.NotController.selector, body, other));
        _send(other, 1, AccreditationState(between(which, 3, 6)), START);
    }

    /// @dev Every state against every change.
    function test_change_fromEveryState() external {
        for (uint256 from = 1; from <= 6; ++from) {
            for (uint256 to = 3; to <= 6; ++to) {
                uint64 id = _reach(AccreditationState(from));
                bool possible = to == 6 ? from != 2 && from != 6 : from == 3 ? to != 3 : from == 4 && to != 4;
                if (!possible) _refuseChange(id, AccreditationState(from), AccreditationState(to));
                _send(bodyController, id, AccreditationState(to), START);
                assert(uint256(accreditations.accreditationOf(id).state) == (possible ? to : from));
            }
        }
    }

    /// @dev A body that retired takes back what it said, and says nothing anew.
    function test_change_retiredBody() external {
        uint64 active = _reach(AccreditationState.Active);
        uint64 suspended = _reach(AccreditationState.Suspended);
        _expectRetired(true);
        vm.prank(bodyController);
        accreditations.reinstateAccreditation(suspended, START, Reason.Resolved);
        _send(bodyController, active, AccreditationState.Suspended, START);
        _send(bodyController, active, AccreditationState.Withdrawn, START);
        _send(bodyController, suspended, AccreditationState.Void, START);
        assert(accreditations.accreditationOf(active).state == AccreditationState.Withdrawn);
        assert(accreditations.accreditationOf(suspended).state == AccreditationState.Void);
    }

    /// @dev What a holder was accredited for before it retired concerns those whom it awarded something then.
    function test_change_retiredHolder() external {
        uint64 id = _reach(AccreditationState.Active);
        _retire(false);
        _send(bodyController, id, AccreditationState.Suspended, START);
        _send(bodyController, id, AccreditationState.Active, START);
        assert(accreditations.accreditationOf(id).state == AccreditationState.Active);
        _send(bodyController, id, AccreditationState.Withdrawn, START);
        _send(bodyController, id, AccreditationState.Void, START);
        assert(accreditations.accreditationOf(id).state == AccreditationState.Void);
    }

    function test_change_events() external {
        _active();
        vm.expectEmit(address(accreditations));
        emit IAccreditations.AccreditationSuspended(1, START + 1, Reason.UnderReview);
        vm.prank(bodyController);
        accreditations.suspendAccreditation(1, START + 1, Reason.UnderReview);
        vm.expectEmit(address(accreditations));
        emit IAccreditations.AccreditationReinstated(1, START + 2, Reason.Resolved);
        vm.prank(bodyController);
        accreditations.reinstateAccreditation(1, START + 2, Reason.Resolved);
        vm.expectEmit(address(accreditations));
        emit IAccreditations.AccreditationWithdrawn(1, START + 2, Reason.RequirementsNotMet);
        vm.prank(bodyController);
        accreditations.withdrawAccreditation(1, START + 2, Reason.RequirementsNotMet);
        vm.expectEmit(address(accreditations));
        emit IAccreditations.AccreditationVoided(1, Reason.ObtainedByFraud);
        vm.prank(bodyController);
        accreditations.voidAccreditation(1, Reason.ObtainedByFraud);
        Change[] memory history = accreditations.accreditationOf(1).history;
        assert(history.length == 6 && history[2].reason == Reason.UnderReview);
        assert(history[4].effectiveFrom == START + 2 && history[4].state == AccreditationState.Withdrawn);
        assert(history[5].effectiveFrom == START && history[5].reason == Reason.ObtainedByFraud);
    }

    function testFuzz_change_effect(uint48 first, uint48 second) external {
        _active();
        uint48 latest = uint48(block.timestamp);
        first = uint48(between(first, START - 10, latest + 10));
        if (first < START || first > latest) _refuseEffect(first, START, latest);
        vm.prank(bodyController);
        accreditations.suspendAccreditation(1, first, Reason.Unspecified);
        if (first < START || first > latest) return;
        second = uint48(between(second, first - 10, latest + 10));
        if (second < first || second > latest) _refuseEffect(second, first, latest);
        vm.prank(bodyController);
        accreditations.reinstateAccreditation(1, second, Reason.Unspecified);
    }

    function testFuzz_change_beforeThePeriod(uint48 effectiveFrom) external {
        vm.warp(START - 100);
        _active();
        if (effectiveFrom != START) _refuseEffect(effectiveFrom, START, START);
        vm.prank(bodyController);
        accreditations.withdrawAccreditation(1, effectiveFrom, Reason.Unspecified);
    }

    function testFuzz_unknown(uint64 id, uint8 which) external {
        _active();
        vm.assume(id != 1);
        bytes[] memory calls = new bytes[](9);
        calls[0] = abi.encodeCall(accreditations.acceptAccreditation, (id));
        calls[1] = abi.encodeCall(accreditations.acceptAccreditationBySignature, (id, END, ""));
        calls[2] = abi.encodeCall(accreditations.refuseAccreditation, (id));
        calls[3] = abi.encodeCall(accreditations.suspendAccreditation, (id, START, Reason.Unspecified));
        calls[4] = abi.encodeCall(accreditations.reinstateAccreditation, (id, START, Reason.Unspecified));
        calls[5] = abi.encodeCall(accreditations.withdrawAccreditation, (id, START, Reason.Unspecified));
        calls[6] = abi.encodeCall(accreditations.voidAccreditation, (id, Reason.Unspecified));
        calls[7] = abi.encodeCall(accreditations.accreditationOf, (id));
        calls[8] = abi.encodeCall(accreditations.stateAt, (id, START));
        (bool done, bytes memory thrown) = address(accreditations).call(calls[which % 9]);
        bytes memory expected = abi.encodeWithSelector(IAccreditations.UnknownAccreditation.selector, id);
        assert(!done && keccak256(thrown) == keccak256(expected));
    }

    // stateAt

    /// @dev Any changes at any times, several in one block, and every answer against a walk through the history.
    function testFuzz_stateAt(uint8[12] calldata kinds, uint8[12] calldata waits, uint48[12] calldata effects)
        external
    {
        vm.warp(START - between(waits[0], 0, 20));
        _active();
        uint48 effective = START;
        for (uint256 i = 1; i < kinds.length; ++i) {
            vm.warp(block.timestamp + waits[i] % 8);
            // Mostly suspended and reinstated, as the rest ends it.
            AccreditationState to = AccreditationState(kinds[i] % 16 < 2 ? 5 + kinds[i] % 2 : 3 + kinds[i] % 2);
            uint48 latest = uint48(block.timestamp < effective ? effective : block.timestamp);
            uint48 from = uint48(between(effects[i], effective, latest));
            vm.prank(bodyController);
            (bool done,) = address(accreditations).call(_call(1, to, from));
            if (done) effective = from;
        }
        for (uint48 time = START - 25; time < START + 100; ++time) {
            _compareStates(time);
        }
        _compareStates(END - 1);
        _compareStates(END);
        _compareStates(type(uint48).max);
    }

    /// @dev What was known at a time that has passed never changes.
    function testFuzz_stateAt_knownThenIsFixed(uint48 time, uint8 to, uint48 effectiveFrom) external {
        _active();
        vm.warp(block.timestamp + 100);
        time = uint48(between(time, START, block.timestamp - 1));
        (AccreditationState before,) = accreditations.stateAt(1, time);
        effectiveFrom = uint48(between(effectiveFrom, START, block.timestamp));
        _send(bodyController, 1, AccreditationState(between(to, 4, 6)), effectiveFrom);
        (AccreditationState then,) = accreditations.stateAt(1, time);
        assert(then == before);
    }

    // covers

    function testFuzz_covers(Scope memory outer, Scope memory inner, uint256 likeness) external pure {
        _makeValid(outer);
        _makeValid(inner);
        // Alike in some parts, so that others decide.
        if (likeness & 1 != 0) (inner.field, inner.fieldDigits) = (outer.field, outer.fieldDigits);
        if (likeness & 2 != 0) (inner.levelMin, inner.levelMax) = (outer.levelMin, outer.levelMax);
        if (likeness & 4 != 0) inner.qualificationTypes &= outer.qualificationTypes;
        if (likeness & 8 != 0) inner.jurisdiction = outer.jurisdiction;
        if (likeness & 32 != 0) inner.programme = outer.programme;
        if (likeness & 64 != 0) outer.programme = 0;
        if (likeness & 16 != 0 && outer.fieldDigits != 0 && outer.fieldDigits < 4) {
            inner.field = outer.field * 10 + uint16(likeness >> 8) % 10;
            inner.fieldDigits = outer.fieldDigits + 1;
        }
        assert(outer.covers(inner) == _coversSlowly(outer, inner));
    }

    function testFuzz_covers_isAnOrder(Scope memory a, Scope memory b, Scope memory c) external pure {
        _makeValid(a);
        _makeValid(b);
        _makeValid(c);
        (b.fieldDigits, b.jurisdiction, b.levelMin, b.levelMax) =
        (a.fieldDigits, a.jurisdiction, a.levelMin, a.levelMax);
        b.field = a.field;
        c.field = b.field;
        c.fieldDigits = b.fieldDigits;
        b.programme = a.programme;
        assert(a.covers(a));
        if (a.covers(b) && b.covers(a)) assert(keccak256(abi.encode(a)) == keccak256(abi.encode(b)));
        if (a.covers(b) && b.covers(c)) assert(a.covers(c));
    }

    function test_covers_everything() external pure {
        Scope memory everything = Scope(0, 0, 1, 8, 0, 0, 0);
        assert(everything.covers(Scope(613, 4, 6, 6, 1, 276, 0)));
        assert(!Scope(613, 4, 1, 8, 0, 0, 0).covers(everything));
        assert(!Scope(0, 0, 1, 8, 1, 0, 0).covers(everything));
        assert(!Scope(0, 0, 1, 8, 0, 276, 0).covers(everything));
        assert(!Scope(0, 0, 1, 8, 0, 0, PROGRAMME).covers(everything));
        assert(Scope(6, 2, 1, 8, 0, 0, 0).covers(Scope(61, 3, 1, 8, 0, 0, 0)));
        assert(!Scope(61, 2, 1, 8, 0, 0, 0).covers(Scope(61, 3, 1, 8, 0, 0, 0)));
    }

    /// @dev One programme is in itself and in any programme, and in nothing else.
    function testFuzz_covers_programme(bytes32 one, bytes32 other) external pure {
        vm.assume(one != 0 && one != other);
        Scope memory any = Scope(0, 0, 1, 8, 0, 0, 0);
        Scope memory narrow = Scope(0, 0, 1, 8, 0, 0, one);
        assert(any.covers(narrow) && narrow.covers(narrow));
        assert(!narrow.covers(any) && !narrow.covers(Scope(0, 0, 1, 8, 0, 0, other)));
    }

    // checkPath

    /// @dev Up to five links with any changes: the path holds exactly when each of its links does.
    function testFuzz_checkPath(
        uint8 length,
        bool recognised,
        uint8[5] calldata kinds,
        uint48[5] calldata effects,
        uint48 time
    ) external {
        uint64[] memory ids = _path(between(length, recognised ? 2 : 1, 5), recognised);
        vm.warp(block.timestamp + 1000);
        bool then = true;
        bool known = true;
        time = uint48(between(time, START - 10, END + 10));
        if (time % 2 == 0) time = uint48(between(time, block.timestamp - 1000, block.timestamp));
        for (uint256 i = 0; i < ids.length; ++i) {
            if (kinds[i] % 4 == 0) {
                AccreditationState to = AccreditationState(4 + (kinds[i] >> 2) % 3);
                _send(controller, ids[i], to, uint48(between(effects[i], START, block.timestamp)));
            }
            (AccreditationState linkThen, AccreditationState linkNow) = _statesSlowly(ids[i], time);
            then = then && linkThen == AccreditationState.Active;
            known = known && linkNow == AccreditationState.Active;
        }
        (bool asKnownThen, bool asKnownNow, uint64 first) = _check(ids, time);
        assert(asKnownThen == then && asKnownNow == known);
        assert(first == accreditations.accreditationOf(ids[0]).terms.body);
    }

    function testFuzz_checkPath_length(uint8 length) external {
        vm.assume(length == 0 || length > 5);
        vm.expectRevert(abi.encodeWithSelector(IAccreditations.InvalidPathLength.selector, length));
        accreditations.checkPath(new uint64[](length), issuer, _terms().scope, START);
    }

    /// @dev Any other link in any place breaks the path.
    function testFuzz_checkPath_broken(uint8 place, uint8 other) external {
        uint64[] memory ids = _path(5, true);
        place %= 5;
        other %= 5;
        vm.assume(place != other);
        ids[place] = ids[other];
        try this.check(ids, uint48(block.timestamp)) {
            assert(false);
        } catch (bytes memory thrown) {
            assert(bytes4(thrown) == IAccreditations.BrokenPath.selector);
        }
    }

    function test_checkPath_shape() external {
        uint64[] memory ids = _path(3, true);
        _refusePath(_one(ids[0]), 0, ids[0]);
        _refusePath(_one(ids[1]), 0, ids[1]);
        uint64[] memory some = new uint64[](2);
        (some[0], some[1]) = (ids[0], ids[1]);
        _refusePath(some, 1, ids[1]);
        // To another issuer.
        uint64 last = registry.partyCount();
        vm.expectRevert(abi.encodeWithSelector(IAccreditations.BrokenPath.selector, 2, ids[2]));
        accreditations.checkPath(ids, last - 1, _terms().scope, START);
        some[0] = 99;
        vm.expectRevert(abi.encodeWithSelector(IAccreditations.UnknownAccreditation.selector, 99));
        accreditations.checkPath(some, last, _terms().scope, START);
    }

    function testFuzz_checkPath_scopes(Scope memory first, Scope memory second, Scope memory asked, bool recognised)
        external
    {
        _makeValid(first);
        _makeValid(second);
        _makeValid(asked);
        // Any field and any type in most, so that it often fits.
        if (first.field % 4 != 0) (first.field, first.fieldDigits) = (0, 0);
        if (first.qualificationTypes % 4 != 0) (first.qualificationTypes, first.jurisdiction) = (0, 0);
        if (uint256(first.programme) % 4 != 0) first.programme = 0;
        if (second.field % 4 != 0) (second.field, second.fieldDigits) = (0, 0);
        if (second.qualificationTypes % 4 != 0) (second.qualificationTypes, second.jurisdiction) = (0, 0);
        if (uint256(second.programme) % 4 != 0) second.programme = first.programme;
        uint64[] memory ids = new uint64[](2);
        ids[0] = _link(body, holder, recognised ? Kind.Recognise : Kind.AccreditToAccredit, first);
        ids[1] = _link(holder, issuer, Kind.AccreditToIssue, second);
        if (!_coversSlowly(first, asked)) {
            vm.expectRevert(abi.encodeWithSelector(IAccreditations.ScopeNotCovered.selector, 0, ids[0]));
        } else if (!_coversSlowly(second, asked)) {
            vm.expectRevert(abi.encodeWithSelector(IAccreditations.ScopeNotCovered.selector, 1, ids[1]));
        } else if (!recognised && !_coversSlowly(first, second)) {
            vm.expectRevert(abi.encodeWithSelector(IAccreditations.ScopeWidened.selector, 1, ids[1]));
        }
        accreditations.checkPath(ids, issuer, asked, START);
    }

    /// @dev An accreditation for one programme says nothing of another, nor of all of them.
    function test_checkPath_programme() external {
        Scope memory nursing = Scope(913, 4, 6, 6, 0, 276, PROGRAMME);
        Scope memory midwifery = Scope(913, 4, 6, 6, 0, 276, OTHER_PROGRAMME);
        Scope memory all = Scope(913, 4, 6, 6, 0, 276, 0);
        uint64[] memory ids = new uint64[](2);
        ids[0] = _link(body, holder, Kind.AccreditToAccredit, all);
        ids[1] = _link(holder, issuer, Kind.AccreditToIssue, nursing);
        (bool then,,) = accreditations.checkPath(ids, issuer, nursing, uint48(block.timestamp));
        assert(then);
        bytes memory refusal = abi.encodeWithSelector(IAccreditations.ScopeNotCovered.selector, 1, ids[1]);
        vm.expectRevert(refusal);
        accreditations.checkPath(ids, issuer, midwifery, START);
        vm.expectRevert(refusal);
        accreditations.checkPath(ids, issuer, all, START);
        // Nobody hands down more than one programme who has but one.
        ids[0] = _link(body, holder, Kind.AccreditToAccredit, nursing);
        ids[1] = _link(holder, issuer, Kind.AccreditToIssue, all);
        vm.expectRevert(abi.encodeWithSelector(IAccreditations.ScopeWidened.selector, 1, ids[1]));
        accreditations.checkPath(ids, issuer, nursing, START);
    }

    /// @dev A decision with conditions holds like any other: whoever asks for a path sees them in its terms.
    function testFuzz_checkPath_conditions(bytes32 condition) external {
        IAccreditations.Terms memory terms = _terms();
        (terms.holder, terms.conditionHash) = (issuer, condition);
        uint64 id = _offer(bodyController, terms);
        vm.prank(controller);
        accreditations.acceptAccreditation(id);
        (bool then, bool known,) = accreditations.checkPath(_one(id), issuer, terms.scope, uint48(block.timestamp));
        assert(then && known && accreditations.accreditationOf(id).terms.conditionHash == condition);
    }

    function test_checkPath_widened() external {
        Scope memory narrow = Scope(613, 4, 6, 7, 0, 0, 0);
        uint64[] memory ids = new uint64[](2);
        ids[0] = _link(body, holder, Kind.AccreditToAccredit, narrow);
        ids[1] = _link(holder, issuer, Kind.AccreditToIssue, Scope(613, 4, 5, 7, 0, 0, 0));
        vm.expectRevert(abi.encodeWithSelector(IAccreditations.ScopeWidened.selector, 1, ids[1]));
        accreditations.checkPath(ids, issuer, narrow, START);
        // A recognition does not hand down a right, so nothing is wider than it.
        ids[0] = _link(body, holder, Kind.Recognise, narrow);
        accreditations.checkPath(ids, issuer, narrow, START);
    }

    function test_checkPath_invalidScope() external {
        uint64[] memory ids = _path(1, false);
        vm.expectRevert(abi.encodeWithSelector(Scopes.InvalidScope.selector, 0, 0, 0, 8, 0));
        accreditations.checkPath(ids, issuer, Scope(0, 0, 0, 8, 0, 0, 0), START);
    }

    /// @dev For `try`, which needs an external call.
    function check(uint64[] calldata ids, uint48 time) external view returns (bool, bool, uint64) {
        return _check(ids, time);
    }

    // Helpers

    function _register(address account) private returns (uint64) {
        vm.prank(account);
        return registry.registerParty("", 0);
    }

    function _terms() private view returns (IAccreditations.Terms memory) {
        Scope memory scope = Scope(61, 4, 3, 7, 6, 276, PROGRAMME);
        return IAccreditations.Terms(body, holder, START, END, Kind.AccreditToIssue, scope, CONDITION, EVIDENCE, URI);
    }

    function _recognition(uint48 validFrom, uint48 validUntil)
        private
        view
        returns (IAccreditations.Terms memory terms)
    {
        terms = _terms();
        (terms.kind, terms.validFrom, terms.validUntil) = (Kind.Recognise, validFrom, validUntil);
    }

    function _offer(address sender, IAccreditations.Terms memory terms) private returns (uint64) {
        vm.prank(sender);
        return accreditations.offerAccreditation(terms);
    }

    function _accept(uint64 id) private {
        vm.prank(holderController);
        accreditations.acceptAccreditation(id);
    }

    function _active() private {
        _accept(_offer(bodyController, _terms()));
    }

    /// @dev A new accreditation in that state.
    function _reach(AccreditationState state) private returns (uint64 id) {
        id = _offer(bodyController, _terms());
        if (state == AccreditationState.Refused) {
            vm.prank(holderController);
            accreditations.refuseAccreditation(id);
        } else if (state != AccreditationState.Offered) {
            _accept(id);
            if (state != AccreditationState.Active) _send(bodyController, id, state, START);
        }
    }

    /// @dev The data of a change by the body.
    function _call(uint64 id, AccreditationState to, uint48 effectiveFrom) private view returns (bytes memory) {
        Reason reason = Reason.Unspecified;
        if (to == AccreditationState.Void) return abi.encodeCall(accreditations.voidAccreditation, (id, reason));
        if (to == AccreditationState.Active) {
            return abi.encodeCall(accreditations.reinstateAccreditation, (id, effectiveFrom, reason));
        }
        if (to == AccreditationState.Suspended) {
            return abi.encodeCall(accreditations.suspendAccreditation, (id, effectiveFrom, reason));
        }
        return abi.encodeCall(accreditations.withdrawAccreditation, (id, effectiveFrom, reason));
    }

    /// @dev Change an accreditation; a refusal that was announced to forge counts as done.
    function _send(address sender, uint64 id, AccreditationState to, uint48 effectiveFrom) private {
        vm.prank(sender);
        (bool done,) = address(accreditations).call(_call(id, to, effectiveFrom));
        assert(done);
    }

    function _retire(bool itIsTheBody) private {
        vm.prank(itIsTheBody ? bodyController : holderController);
        registry.retire(itIsTheBody ? body : holder);
    }

    function _expectRetired(bool itIsTheBody) private {
        _retire(itIsTheBody);
        uint64 party = itIsTheBody ? body : holder;
        vm.expectRevert(abi.encodeWithSelector(IParties.PartyIsRetired.selector, party, block.timestamp));
    }

    function _refuseChange(uint64 id, AccreditationState from, AccreditationState to) private {
        vm.expectRevert(abi.encodeWithSelector(IAccreditations.InvalidChange.selector, id, from, to));
    }

    function _refuseEffect(uint48 effectiveFrom, uint48 earliest, uint48 latest) private {
        vm.expectRevert(
            abi.encodeWithSelector(IAccreditations.InvalidEffect.selector, 1, effectiveFrom, earliest, latest)
        );
    }

    function _holds(uint64 id, uint48 time) private view returns (bool) {
        (, AccreditationState known) = accreditations.stateAt(id, time);
        return known == AccreditationState.Active;
    }

    function _compareStates(uint48 time) private view {
        (AccreditationState then, AccreditationState known) = accreditations.stateAt(1, time);
        (AccreditationState slowThen, AccreditationState slowNow) = _statesSlowly(1, time);
        assert(then == slowThen && known == slowNow);
    }

    /// @dev Straight from the words of the interface.
    function _statesSlowly(uint64 id, uint48 time)
        private
        view
        returns (AccreditationState then, AccreditationState known)
    {
        IAccreditations.Accreditation memory found = accreditations.accreditationOf(id);
        if (time < found.terms.validFrom) return (then, known);
        if (found.terms.validUntil != 0 && time >= found.terms.validUntil) return (then, known);
        for (uint256 i = 0; i < found.history.length; ++i) {
            Change memory change = found.history[i];
            if (change.recordedAt <= time) then = change.state;
            if (change.effectiveFrom <= time) known = change.state;
        }
        if (found.state == AccreditationState.Void) known = AccreditationState.Void;
    }

    /// @dev With digits, single levels and single bits in place of arithmetic.
    function _coversSlowly(Scope memory outer, Scope memory inner) private pure returns (bool) {
        bytes memory prefix = _digits(outer);
        bytes memory code = _digits(inner);
        if (prefix.length > code.length) return false;
        for (uint256 i = 0; i < prefix.length; ++i) {
            if (prefix[i] != code[i]) return false;
        }
        for (uint256 level = inner.levelMin; level <= inner.levelMax; ++level) {
            if (level < outer.levelMin || level > outer.levelMax) return false;
        }
        if (outer.qualificationTypes != 0) {
            if (inner.qualificationTypes == 0) return false;
            for (uint256 bit = 0; bit < 32; ++bit) {
                if (inner.qualificationTypes >> bit & 1 == 1 && outer.qualificationTypes >> bit & 1 == 0) return false;
            }
        }
        if (outer.programme != 0 && outer.programme != inner.programme) return false;
        return outer.jurisdiction == 0 || outer.jurisdiction == inner.jurisdiction;
    }

    function _digits(Scope memory scope) private pure returns (bytes memory digits) {
        digits = new bytes(scope.fieldDigits);
        uint256 rest = scope.field;
        for (uint256 i = digits.length; i > 0; --i) {
            digits[i - 1] = bytes1(uint8(rest % 10));
            rest /= 10;
        }
    }

    function _makeValid(Scope memory scope) private pure {
        scope.fieldDigits = scope.fieldDigits % 4 == 0 ? 0 : scope.fieldDigits % 4 + 1;
        scope.field = uint16(scope.field % 10 ** scope.fieldDigits);
        scope.levelMin = uint8(between(scope.levelMin, 1, 8));
        scope.levelMax = uint8(between(scope.levelMax, scope.levelMin, 8));
        scope.jurisdiction %= 1000;
    }

    /// @dev A link that is active from the start, between two parties of this test.
    function _link(uint64 from, uint64 to, Kind kind, Scope memory scope) private returns (uint64 id) {
        address sender = registry.partyOf(from).controller;
        address receiver = registry.partyOf(to).controller;
        IAccreditations.Terms memory terms = IAccreditations.Terms(from, to, START, END, kind, scope, 0, EVIDENCE, URI);
        if (kind == Kind.Recognise) {
            vm.prank(sender);
            return accreditations.recognise(terms);
        }
        id = _offer(sender, terms);
        vm.prank(receiver);
        accreditations.acceptAccreditation(id);
    }

    /// @dev A path between new parties, all governed by `controller`; the last of them is the issuer.
    function _path(uint256 length, bool recognised) private returns (uint64[] memory ids) {
        ids = new uint64[](length);
        uint64 from = _register(controller);
        for (uint256 i = 0; i < length; ++i) {
            uint64 to = _register(controller);
            Kind kind = i == length - 1
                ? Kind.AccreditToIssue
                : i == 0 && recognised ? Kind.Recognise : Kind.AccreditToAccredit;
            ids[i] = _link(from, to, kind, _terms().scope);
            from = to;
        }
    }

    function _check(uint64[] memory ids, uint48 time) private view returns (bool, bool, uint64) {
        return accreditations.checkPath(ids, registry.partyCount(), _terms().scope, time);
    }

    function _refusePath(uint64[] memory ids, uint256 index, uint64 id) private {
        uint64 last = registry.partyCount();
        vm.expectRevert(abi.encodeWithSelector(IAccreditations.BrokenPath.selector, index, id));
        accreditations.checkPath(ids, last, _terms().scope, START);
    }

    function _one(uint64 id) private pure returns (uint64[] memory ids) {
        ids = new uint64[](1);
        ids[0] = id;
    }

    function _signOffer(uint256 key, IAccreditations.Terms memory terms, uint256 nonce, uint256 deadline)
        private
        view
        returns (bytes memory)
    {
        bytes32 typeHash = keccak256(
            "Offer(Terms terms,uint256 nonce,uint256 deadline)Scope(uint16 field,uint8 fieldDigits,uint8 levelMin,uint8 levelMax,uint32 qualificationTypes,uint16 jurisdiction,bytes32 programme)Terms(uint64 body,uint64 holder,uint48 validFrom,uint48 validUntil,uint8 kind,Scope scope,bytes32 conditionHash,bytes32 evidenceHash,string evidenceUri)"
        );
        return _sign(key, keccak256(abi.encode(typeHash, _hashOf(terms), nonce, deadline)));
    }

    function _signAcceptance(uint256 key, uint64 id, IAccreditations.Terms memory terms, uint256 deadline)
        private
        view
        returns (bytes memory)
    {
        bytes32 typeHash = keccak256(
            "Acceptance(uint64 id,Terms terms,uint256 deadline)Scope(uint16 field,uint8 fieldDigits,uint8 levelMin,uint8 levelMax,uint32 qualificationTypes,uint16 jurisdiction,bytes32 programme)Terms(uint64 body,uint64 holder,uint48 validFrom,uint48 validUntil,uint8 kind,Scope scope,bytes32 conditionHash,bytes32 evidenceHash,string evidenceUri)"
        );
        return _sign(key, keccak256(abi.encode(typeHash, id, _hashOf(terms), deadline)));
    }

    function _hashOf(IAccreditations.Terms memory terms) private pure returns (bytes32) {
        Scope memory scope = terms.scope;
        bytes32 scopeType = keccak256(
            "Scope(uint16 field,uint8 fieldDigits,uint8 levelMin,uint8 levelMax,uint32 qualificationTypes,uint16 jurisdiction,bytes32 programme)"
        );
        bytes32 termsType = keccak256(
            "Terms(uint64 body,uint64 holder,uint48 validFrom,uint48 validUntil,uint8 kind,Scope scope,bytes32 conditionHash,bytes32 evidenceHash,string evidenceUri)Scope(uint16 field,uint8 fieldDigits,uint8 levelMin,uint8 levelMax,uint32 qualificationTypes,uint16 jurisdiction,bytes32 programme)"
        );
        bytes32 scopeHash = keccak256(
            abi.encode(
                scopeType,
                scope.field,
                scope.fieldDigits,
                scope.levelMin,
                scope.levelMax,
                scope.qualificationTypes,
                scope.jurisdiction,
                scope.programme
            )
        );
        return keccak256(
            abi.encode(
                termsType,
                terms.body,
                terms.holder,
                terms.validFrom,
                terms.validUntil,
                terms.kind,
                scopeHash,
                terms.conditionHash,
                terms.evidenceHash,
                keccak256(bytes(terms.evidenceUri))
            )
        );
    }

    function _sign(uint256 key, bytes32 structHash) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, typedData(address(accreditations), structHash));
        return abi.encodePacked(r, s, v);
    }
}
