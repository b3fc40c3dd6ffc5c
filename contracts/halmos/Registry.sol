// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {CredentialRegistry} from "../src/CredentialRegistry.sol";
import {IBatches} from "../src/IBatches.sol";
import {IParties} from "../src/IParties.sol";
import {Purpose, Reason} from "../src/Reasons.sol";
import {Symbolic} from "./Symbolic.sol";

/// @dev Of the whole contract: statuses for every mask and every leaf, and what one call of anybody cannot do.
contract RegistryProof is Symbolic {
    address private constant CONTROLLER = address(0xC0);
    address private constant OPERATOR = address(0x0E);
    bytes32 private constant ROOT = keccak256("root");
    bytes32 private constant VOIDED_ROOT = keccak256("voided root");
    uint32 private constant LEAVES = 300;
    uint32 private constant FIRST_REVOKED = 7;

    CredentialRegistry private _registry;
    uint64 private _issuer;

    function setUp() external {
        vm.warp(1_800_000_000);
        vm.roll(20_000_000);
        _registry = new CredentialRegistry();
        vm.prank(CONTROLLER);
        _issuer = _registry.registerParty("https://university.example", "profile");
        vm.prank(CONTROLLER);
        _registry.setOperator(_issuer, CONTROLLER, false);
        vm.prank(CONTROLLER);
        _registry.setOperator(_issuer, OPERATOR, true);
        vm.prank(OPERATOR);
        _registry.anchor(_issuer, ROOT, LEAVES);
        vm.prank(OPERATOR);
        _registry.anchor(_issuer, VOIDED_ROOT, LEAVES);
        vm.prank(OPERATOR);
        _registry.setStatus(_issuer, ROOT, Purpose.Revocation, 0, 1 << FIRST_REVOKED, Reason.IssuedInError);
        vm.prank(CONTROLLER);
        _registry.voidBatch(_issuer, VOIDED_ROOT, Reason.KeyCompromise);
    }

    /// @dev A mask revokes the leaves whose bits it has, and no other: every count, word, mask and leaf.
    function check_setStatus_exactlyTheMask(bytes32 root, uint32 leaves, uint32 word, uint256 mask, uint32 leaf)
        external
    {
        vm.assume(root != ROOT && root != VOIDED_ROOT && leaves != 0 && leaf < leaves);
        vm.prank(OPERATOR);
        _registry.anchor(_issuer, root, leaves);
        vm.prank(OPERATOR);
        _registry.setStatus(_issuer, root, Purpose.Revocation, word, mask, Reason.Unspecified);
        (bool revoked, bool suspended) = _registry.statusOf(_issuer, root, leaf);
        assert(revoked == (leaf / 256 == word && (mask >> (leaf % 256)) & 1 == 1));
        assert(!suspended);
    }

    /// @dev No mask goes beyond the last leaf.
    function check_setStatus_endsWithTheBatch(uint32 word, uint256 mask, uint8 purpose) external {
        vm.assume(purpose <= uint8(type(Purpose).max));
        vm.prank(OPERATOR);
        try _registry.setStatus(_issuer, ROOT, Purpose(purpose), word, mask, Reason.Unspecified) {
            assert(word < 2);
            assert(word == 0 || mask >> (LEAVES - 256) == 0);
        } catch {}
    }

    /// @dev Suspension and revocation do not touch each other; lifting takes back what the mask says.
    function check_suspension(uint256 mask, uint256 lifted, uint8 leaf) external {
        vm.prank(OPERATOR);
        _registry.setStatus(_issuer, ROOT, Purpose.Suspension, 0, mask, Reason.UnderReview);
        vm.prank(OPERATOR);
        _registry.clearSuspension(_issuer, ROOT, 0, lifted, Reason.Resolved);
        (bool revoked, bool suspended) = _registry.statusOf(_issuer, ROOT, leaf);
        assert(suspended == ((mask & ~lifted) >> leaf & 1 == 1));
        assert(revoked == (leaf == FIRST_REVOKED));
    }

    /// @dev No single call of anybody, with any arguments, changes an anchor, undoes a revocation, lifts a voiding or makes a
    /// number of batches go back.
    function check_anyCall_history(address sender) external {
        IBatches.Batch memory before = _registry.batchOf(_issuer, ROOT);
        IBatches.Batch memory voided = _registry.batchOf(_issuer, VOIDED_ROOT);
        IParties.Party memory party = _registry.partyOf(_issuer);
        _anyCall(sender);
        IBatches.Batch memory later = _registry.batchOf(_issuer, ROOT);
        assert(later.anchoredAt == before.anchoredAt && later.blockNumber == before.blockNumber);
        assert(later.leafCount == before.leafCount && later.sequence == before.sequence);
        assert(keccak256(abi.encode(_registry.batchOf(_issuer, VOIDED_ROOT))) == keccak256(abi.encode(voided)));
        (bool revoked,) = _registry.statusOf(_issuer, ROOT, FIRST_REVOKED);
        assert(revoked);
        assert(_registry.partyOf(_issuer).registeredAt == party.registeredAt);
        assert(_registry.partyOf(_issuer).sequence >= party.sequence);
    }

    /// @dev No call of a stranger, with any arguments, changes the party, its batches or their statuses. What an
    /// operator signed may be relayed by anybody, and is left out.
    function check_anyCall_stranger(address sender, uint32 leaf) external {
        vm.assume(sender != CONTROLLER && sender != OPERATOR && leaf < LEAVES);
        bytes32 before = _stateOf(leaf);
        _anyCall(sender);
        assert(_stateOf(leaf) == before);
    }

    /// @dev No call of an operator changes who governs the party and who operates it, or voids a batch.
    function check_anyCall_operator(address other) external {
        IParties.Party memory party = _registry.partyOf(_issuer);
        bool operates = _registry.isOperator(_issuer, other);
        _anyCall(OPERATOR);
        IParties.Party memory later = _registry.partyOf(_issuer);
        assert(later.controller == party.controller && later.pendingController == party.pendingController);
        assert(later.retiredAt == 0 && later.profileHash == party.profileHash);
        assert(_registry.isOperator(_issuer, other) == operates);
        assert(_registry.batchOf(_issuer, ROOT).voidedAt == 0);
    }

    /// @dev Any function of parties, batches and statuses that changes something, a bare root included, with any
    /// arguments; texts have three bytes, lists one entry. Not here: `multicall`, which makes the same calls one after
    /// the other, `anchorBySignature`, and accreditations, which have a storage of their own.
    function _anyCall(address sender) private {
        bytes memory data = _call(svm.createUint256("which"));
        vm.prank(sender);
        (bool done,) = address(_registry).call(data);
        vm.assume(done);
    }

    function _call(uint256 which) private view returns (bytes memory) {
        uint64 party = uint64(svm.createUint256("party"));
        bytes32 word = svm.createBytes32("root");
        address account = svm.createAddress("account");
        uint256 number = svm.createUint256("number");
        if (which == 0) return abi.encodeCall(_registry.registerParty, ("uri", word));
        if (which == 1) return abi.encodeCall(_registry.setProfile, (party, "uri", word));
        if (which == 2) return abi.encodeCall(_registry.setOperator, (party, account, true));
        if (which == 3) return abi.encodeCall(_registry.setOperator, (party, account, false));
        if (which == 4) return abi.encodeCall(_registry.transferController, (party, account));
        if (which == 5) return abi.encodeCall(_registry.acceptController, (party));
        if (which == 6) return abi.encodeCall(_registry.retire, (party));
        if (which == 7) return abi.encodeCall(_registry.anchor, (party, word, uint32(number)));
        if (which == 8) {
            bytes32[] memory roots = new bytes32[](1);
            uint32[] memory counts = new uint32[](1);
            (roots[0], counts[0]) = (word, uint32(number));
            return abi.encodeCall(_registry.anchorMany, (party, roots, counts));
        }
        if (which == 9) return abi.encodeCall(_registry.setDefaultIssuer, (party));
        if (which == 10) return abi.encodeCall(_registry.stateLeafCount, (party, word, uint32(number)));
        Purpose purpose = uint256(word) & 1 == 0 ? Purpose.Revocation : Purpose.Suspension;
        uint256 mask = svm.createUint256("mask");
        uint32 other = uint32(mask);
        bytes32 replacement = svm.createBytes32("replacement");
        if (which == 11) {
            return
                abi.encodeCall(
                    _registry.setStatus, (party, replacement, purpose, uint32(number), mask, Reason.Resolved)
                );
        }
        if (which == 12) {
            return abi.encodeCall(_registry.clearSuspension, (party, word, uint32(number), mask, Reason.Resolved));
        }
        if (which == 13) return abi.encodeCall(_registry.voidBatch, (party, word, Reason.KeyCompromise));
        if (which == 14) {
            return abi.encodeCall(_registry.supersede, (party, word, uint32(number), replacement, other));
        }
        return abi.encode(word);
    }

    function _stateOf(uint32 leaf) private view returns (bytes32) {
        (bool revoked, bool suspended) = _registry.statusOf(_issuer, ROOT, leaf);
        return keccak256(
            abi.encode(
                _registry.partyOf(_issuer),
                _registry.batchOf(_issuer, ROOT),
                _registry.batchOf(_issuer, VOIDED_ROOT),
                revoked,
                suspended
            )
        );
    }
}
