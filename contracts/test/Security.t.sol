// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {AccreditationState} from "../src/AccreditationHistory.sol";
import {CredentialRegistry} from "../src/CredentialRegistry.sol";
import {IAccreditations, Kind} from "../src/IAccreditations.sol";
import {IBatches} from "../src/IBatches.sol";
import {IParties} from "../src/IParties.sol";
import {IStatuses} from "../src/IStatuses.sol";
import {Purpose, Reason} from "../src/Reasons.sol";
import {Scope} from "../src/Scopes.sol";
import {RegistryTest} from "./RegistryTest.sol";

/// @dev A wallet that, while it is asked for its signature, tries to change the registry it is asked by.
contract MeddlingWallet {
    CredentialRegistry private immutable _registry;
    uint64 private immutable _issuer;

    constructor(CredentialRegistry registry, uint64 issuer) {
        _registry = registry;
        _issuer = issuer;
    }

    function isValidSignature(bytes32, bytes calldata) external returns (bytes4) {
        _registry.anchor(_issuer, keccak256("meddled"), 1);
        return this.isValidSignature.selector;
    }
}

/// @dev What docs/explanation/security.md says of stolen keys, where no other test shows it.
contract SecurityTest is RegistryTest {
    uint32 private constant LEAVES = 300;
    bytes32 private constant FALSE_ROOT = keccak256("a batch of the thief's");
    bytes32 private constant PAST_ROOT = keccak256("a root that was signed before");
    Reason private constant STOLEN = Reason.KeyCompromise;
    Scope private _anything = Scope(0, 0, 1, 8, 0, 0, 0);
    address private successor = address(0x5CC);

    /// @dev All that a stolen operator's key can do to an issuer, and that nothing of it is hidden or dated back.
    function test_stolenOperatorKey_can() external {
        anchored(ROOT, LEAVES);
        vm.warp(block.timestamp + 1 days);
        vm.prank(operator);
        assert(registry.anchor(issuer, FALSE_ROOT, 1) == 2);
        assert(registry.batchOf(issuer, FALSE_ROOT).anchoredAt == block.timestamp);
        vm.prank(operator);
        registry.setStatus(issuer, ROOT, Purpose.Revocation, 1, 1, Reason.Unspecified);
        (bool revoked,) = registry.statusOf(issuer, ROOT, 256, DIGEST);
        assert(revoked);
        vm.prank(operator);
        registry.revokeDigests(issuer, only(DIGEST), Reason.Unspecified);
        (revoked,) = registry.statusOf(issuer, ROOT, 0, DIGEST);
        assert(revoked && registry.digestStatusesOf(issuer, only(DIGEST))[0].revokedAt == block.timestamp);
    }

    /// @dev Everything that governs a party is refused to the operator, in words.
    function test_stolenOperatorKey_cannot() external {
        anchored(ROOT, LEAVES);
        vm.prank(stranger);
        uint64 other = registry.registerParty("", 0);
        bytes[5] memory calls = [
            abi.encodeCall(registry.setOperator, (issuer, stranger, true)),
            abi.encodeCall(registry.setProfile, (issuer, "https://thief.example", 0)),
            abi.encodeCall(registry.transferController, (issuer, operator)),
            abi.encodeCall(registry.retire, (issuer)),
            abi.encodeCall(registry.voidBatch, (issuer, ROOT, STOLEN))
        ];
        bytes memory thrown = abi.encodeWithSelector(IParties.NotController.selector, issuer, operator);
        for (uint256 i = 0; i < calls.length; ++i) {
            _refused(operator, calls[i], thrown);
        }
        IAccreditations.Terms memory terms = _terms(other, Kind.AccreditToIssue);
        _refusedBeside(operator, abi.encodeCall(accreditations.offerAccreditation, (terms)), thrown);
        terms.kind = Kind.Recognise;
        _refusedBeside(operator, abi.encodeCall(accreditations.recognise, (terms)), thrown);
    }

    /// @dev The way back: remove the key, void what it anchored. From then on nothing it has or signed is worth anything.
    function test_stolenOperatorKey_recovery() external {
        anchored(ROOT, LEAVES);
        anchored(FALSE_ROOT, 2);
        vm.prank(operator);
        registry.setDefaultIssuer(issuer);
        bytes memory signature = _signed(PAST_ROOT);
        vm.prank(controller);
        registry.setOperator(issuer, operator, false);
        vm.prank(controller);
        registry.voidBatch(issuer, FALSE_ROOT, STOLEN);

        IBatches.Batch memory batch = registry.batchOf(issuer, FALSE_ROOT);
        assert(batch.voidedAt == block.timestamp && batch.voidReason == STOLEN);
        (bool revoked,) = registry.statusOf(issuer, FALSE_ROOT, 1, DIGEST);
        assert(revoked);
        (revoked,) = registry.statusOf(issuer, ROOT, 1, DIGEST);
        assert(!revoked);
        bytes memory thrown = abi.encodeWithSelector(IParties.NotOperator.selector, issuer, operator);
        _refused(operator, abi.encodeCall(registry.anchor, (issuer, PAST_ROOT, 1)), thrown);
        _refused(operator, bytes.concat(PAST_ROOT), thrown);
        _refused(stranger, _relayed(PAST_ROOT, signature), thrown);
        _refused(
            operator,
            abi.encodeCall(registry.setStatus, (issuer, ROOT, Purpose.Revocation, 0, 1, Reason.Unspecified)),
            thrown
        );
        bytes memory byDigest = abi.encodeCall(registry.revokeDigests, (issuer, only(DIGEST), Reason.Unspecified));
        _refused(operator, byDigest, thrown);
    }

    /// @dev A limit: what the thief revoked stays revoked, whoever is the operator afterwards.
    function test_stolenOperatorKey_itsRevocationsStay() external {
        anchored(ROOT, LEAVES);
        vm.prank(operator);
        registry.setStatus(issuer, ROOT, Purpose.Revocation, 0, type(uint256).max, Reason.Unspecified);
        vm.prank(controller);
        registry.setOperator(issuer, operator, false);
        vm.prank(controller);
        registry.setOperator(issuer, successor, true);
        _refused(
            successor,
            abi.encodeCall(registry.clearSuspension, (issuer, ROOT, 0, 1, Reason.Resolved)),
            abi.encodeWithSelector(IStatuses.StatusUnchanged.selector, issuer, ROOT, 0)
        );
        (bool revoked,) = registry.statusOf(issuer, ROOT, 0, DIGEST);
        assert(revoked);
    }

    /// @dev A limit: a digest that the thief revoked stays revoked in every batch, also in those that are yet to come and
    /// before the credential was ever issued. Its issuer has to issue another document.
    function test_stolenOperatorKey_itsRevokedDigestsStay() external {
        vm.prank(operator);
        registry.revokeDigests(issuer, only(DIGEST), Reason.Unspecified);
        vm.prank(controller);
        registry.setOperator(issuer, operator, false);
        vm.prank(controller);
        registry.setOperator(issuer, successor, true);
        _refused(
            successor,
            abi.encodeCall(registry.reinstateDigests, (issuer, only(DIGEST), Reason.Resolved)),
            abi.encodeWithSelector(IStatuses.DigestsUnchanged.selector, issuer, 1)
        );
        vm.prank(successor);
        registry.anchor(issuer, DIGEST, 1);
        (bool revoked,) = registry.statusOf(issuer, DIGEST, 0, DIGEST);
        assert(revoked);
    }

    /// @dev A limit: an operator may take a root of the issuer with a wrong count, and the root is then spent.
    function test_stolenOperatorKey_spendsARoot() external {
        anchored(ROOT, 1);
        vm.prank(controller);
        registry.setOperator(issuer, operator, false);
        vm.prank(controller);
        registry.voidBatch(issuer, ROOT, STOLEN);
        vm.prank(controller);
        registry.setOperator(issuer, successor, true);
        bytes memory thrown = abi.encodeWithSelector(IBatches.AlreadyAnchored.selector, issuer, ROOT, 1);
        _refused(successor, abi.encodeCall(registry.anchor, (issuer, ROOT, LEAVES)), thrown);
        vm.prank(successor);
        assert(registry.anchor(issuer, OTHER_ROOT, LEAVES) == 2);
    }

    /// @dev A limit: an operator who is named again finds its old signatures good again, up to their deadline.
    function test_anOperatorNamedAgain_signedBefore() external {
        bytes memory signature = _signed(PAST_ROOT);
        vm.prank(controller);
        registry.setOperator(issuer, operator, false);
        vm.prank(controller);
        registry.setOperator(issuer, operator, true);
        vm.prank(stranger);
        (bool done,) = address(registry).call(_relayed(PAST_ROOT, signature));
        assert(done);
    }

    /// @dev A limit: the thief of a controller's key keeps the party, and its first owner has no way back.
    function test_stolenControllerKey_keepsTheParty() external {
        anchored(ROOT, LEAVES);
        bytes memory before = abi.encode(registry.batchOf(issuer, ROOT));
        vm.prank(controller);
        registry.transferController(issuer, stranger);
        vm.prank(stranger);
        registry.acceptController(issuer);
        _refused(
            controller,
            abi.encodeCall(registry.setOperator, (issuer, stranger, true)),
            abi.encodeWithSelector(IParties.NotController.selector, issuer, controller)
        );
        _refused(
            controller,
            abi.encodeCall(registry.acceptController, (issuer)),
            abi.encodeWithSelector(IParties.NotPendingController.selector, issuer, controller)
        );
        assert(keccak256(abi.encode(registry.batchOf(issuer, ROOT))) == keccak256(before));
    }

    /// @dev The way back while the thief has not handed the party on: offer, accept, and remove its operators.
    function test_stolenControllerKey_recovery() external {
        address[2] memory theirs = [stranger, address(0xBAD)];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(controller);
            registry.setOperator(issuer, theirs[i], true);
        }
        vm.prank(controller);
        registry.transferController(issuer, successor);
        vm.prank(successor);
        registry.acceptController(issuer);
        // They outlive the change of hands, and the contract tells who they are.
        address[] memory all = registry.operatorsOf(issuer);
        assert(all.length == 3);
        for (uint256 i = 0; i < all.length; ++i) {
            vm.prank(successor);
            registry.setOperator(issuer, all[i], false);
        }
        assert(!registry.isOperator(issuer, theirs[0]) && !registry.isOperator(issuer, theirs[1]));
        assert(registry.operatorsOf(issuer).length == 0);
        bytes memory thrown = abi.encodeWithSelector(IParties.NotController.selector, issuer, controller);
        _refused(controller, abi.encodeCall(registry.transferController, (issuer, stranger)), thrown);
        assert(registry.partyOf(issuer).pendingController == address(0));
    }

    /// @dev The last resort: nobody anchors for the party any more, whoever has its keys, and this cannot be undone.
    function test_stolenControllerKey_retire() external {
        anchored(ROOT, LEAVES);
        bytes memory signature = _signed(PAST_ROOT);
        vm.prank(operator);
        registry.setDefaultIssuer(issuer);
        vm.prank(controller);
        registry.retire(issuer);
        bytes memory thrown = abi.encodeWithSelector(IParties.PartyIsRetired.selector, issuer, uint48(block.timestamp));
        _refused(operator, abi.encodeCall(registry.anchor, (issuer, PAST_ROOT, 1)), thrown);
        _refused(operator, bytes.concat(PAST_ROOT), thrown);
        _refused(stranger, _relayed(PAST_ROOT, signature), thrown);
        _refused(controller, abi.encodeCall(registry.retire, (issuer)), thrown);
        vm.prank(stranger);
        uint64 other = registry.registerParty("", 0);
        bytes memory recognising = abi.encodeCall(accreditations.recognise, (_terms(other, Kind.Recognise)));
        _refusedBeside(controller, recognising, thrown);
        // Its credentials can still be revoked: by its operators, the thief's among them.
        vm.prank(operator);
        registry.setStatus(issuer, ROOT, Purpose.Revocation, 0, 1, STOLEN);
        vm.prank(operator);
        registry.revokeDigests(issuer, only(DIGEST), STOLEN);
    }

    /// @dev A body retires while an offer of the thief is open: it can only be refused.
    function test_stolenAccreditorKey_retire() external {
        vm.prank(successor);
        uint64 diplomaMill = registry.registerParty("", 0);
        vm.prank(controller);
        uint64 offer = accreditations.offerAccreditation(_terms(diplomaMill, Kind.AccreditToIssue));
        vm.prank(controller);
        registry.retire(issuer);
        bytes memory thrown = abi.encodeWithSelector(IParties.PartyIsRetired.selector, issuer, uint48(block.timestamp));
        _refusedBeside(successor, abi.encodeCall(accreditations.acceptAccreditation, (offer)), thrown);
        vm.prank(successor);
        accreditations.refuseAccreditation(offer);
    }

    /// @dev A limit: what concerns the history of a party that retired can be changed by whoever has its keys.
    function test_stolenControllerKey_afterRetiring() external {
        anchored(ROOT, LEAVES);
        anchored(PAST_ROOT, LEAVES);
        vm.prank(controller);
        registry.retire(issuer);
        vm.prank(operator);
        registry.setStatus(issuer, ROOT, Purpose.Suspension, 0, 1, STOLEN);
        vm.prank(operator);
        registry.clearSuspension(issuer, ROOT, 0, 1, STOLEN);
        vm.prank(operator);
        registry.supersede(issuer, ROOT, 0, PAST_ROOT, 1);
        vm.prank(controller);
        registry.voidBatch(issuer, ROOT, STOLEN);
        vm.prank(controller);
        registry.setProfile(issuer, "https://elsewhere.example", 0);
        vm.prank(controller);
        registry.setOperator(issuer, stranger, true);
        vm.prank(controller);
        registry.transferController(issuer, successor);
        vm.prank(successor);
        registry.acceptController(issuer);
        assert(registry.partyOf(issuer).controller == successor && registry.partyOf(issuer).retiredAt != 0);
    }

    /// @dev A limit: accreditations of a body whose key was stolen are voided one by one, and no one else can do it.
    function test_stolenAccreditorKey() external {
        vm.prank(successor);
        uint64 diplomaMill = registry.registerParty("", 0);
        vm.prank(controller);
        uint64 id = accreditations.recognise(_terms(diplomaMill, Kind.Recognise));
        vm.prank(controller);
        uint64 offer = accreditations.offerAccreditation(_terms(diplomaMill, Kind.AccreditToIssue));
        vm.prank(successor);
        accreditations.acceptAccreditation(offer);
        bytes memory thrown = abi.encodeWithSelector(IParties.NotController.selector, issuer, successor);
        for (uint64 each = id; each <= offer; ++each) {
            _refusedBeside(successor, abi.encodeCall(accreditations.voidAccreditation, (each, STOLEN)), thrown);
            vm.prank(controller);
            accreditations.voidAccreditation(each, STOLEN);
            (, AccreditationState known) = accreditations.stateAt(each, uint48(block.timestamp));
            assert(known == AccreditationState.Void);
        }
    }

    /// @dev An operator that is a contract is only ever read: it cannot use the moment it is asked.
    function test_walletCannotMeddle() external {
        address wallet = address(new MeddlingWallet(registry, issuer));
        vm.prank(controller);
        registry.setOperator(issuer, wallet, true);
        bytes memory thrown = abi.encodeWithSelector(IBatches.InvalidSignature.selector, issuer, wallet);
        _refused(
            stranger,
            abi.encodeCall(registry.anchorBySignature, (issuer, ROOT, 1, wallet, type(uint256).max, "")),
            thrown
        );
        assert(registry.partyOf(issuer).sequence == 0);
    }

    /// @dev In one transaction of several calls each is checked for its sender as if it came alone, and all or none holds.
    function testFuzz_multicallGivesNoRights(address sender) external {
        vm.assume(sender != controller && sender != operator);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(registry.registerParty, ("", 0));
        calls[1] = abi.encodeCall(registry.setOperator, (issuer, sender, true));
        bytes memory thrown = abi.encodeWithSelector(IParties.NotController.selector, issuer, sender);
        _refused(sender, abi.encodeCall(registry.multicall, (calls)), thrown);
        calls[1] = abi.encodeCall(registry.anchor, (issuer, ROOT, 1));
        thrown = abi.encodeWithSelector(IParties.NotOperator.selector, issuer, sender);
        _refused(sender, abi.encodeCall(registry.multicall, (calls)), thrown);
        assert(registry.partyCount() == 1);
    }

    function _refused(address sender, bytes memory call, bytes memory thrown) private {
        vm.prank(sender);
        (bool done, bytes memory answer) = address(registry).call(call);
        assert(!done);
        assert(keccak256(answer) == keccak256(thrown));
    }

    /// @dev As `_refused`, of the contract beside the registry.
    function _refusedBeside(address sender, bytes memory call, bytes memory thrown) private {
        vm.prank(sender);
        (bool done, bytes memory answer) = address(accreditations).call(call);
        assert(!done);
        assert(keccak256(answer) == keccak256(thrown));
    }

    /// @dev The issuer says of another party that it may do anything, without end where that is possible.
    function _terms(uint64 other, Kind kind) private view returns (IAccreditations.Terms memory) {
        uint48 until = kind == Kind.Recognise ? 0 : type(uint48).max;
        return IAccreditations.Terms(issuer, other, 1, until, kind, _anything, 0, 0, "");
    }

    function _relayed(bytes32 root, bytes memory signature) private view returns (bytes memory) {
        return abi.encodeCall(registry.anchorBySignature, (issuer, root, 1, operator, type(uint256).max, signature));
    }

    /// @dev The operator's signature over a batch of one leaf, without end.
    function _signed(bytes32 root) private view returns (bytes memory) {
        bytes32 typeHash = keccak256("Anchor(uint64 issuer,bytes32 root,uint32 leafCount,uint256 deadline)");
        bytes32 message = keccak256(abi.encode(typeHash, issuer, root, 1, type(uint256).max));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(OPERATOR_KEY, typedData(address(registry), message));
        return abi.encodePacked(r, s, v);
    }
}
