// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {CredentialRegistry} from "../src/CredentialRegistry.sol";
import {PackedBatch} from "../src/PackedBatch.sol";
import {IStatuses} from "../src/IStatuses.sol";
import {PackedParty} from "../src/PackedParty.sol";
import {Purpose, Reason} from "../src/Reasons.sol";
import {Symbolic} from "./Symbolic.sol";

/// @dev The registry, and its words as they are stored: decoding them would split every proof into many more paths.
contract OpenRegistry is CredentialRegistry {
    struct Words {
        uint256 party;
        address controller;
        address pendingController;
        uint48 registeredAt;
        uint48 digestChanges;
        bytes32 profileHash;
    }

    function partyWords(uint64 party) external view returns (Words memory) {
        PartyRecord storage record = _party(party);
        return Words(
            PackedParty.unwrap(record.packed),
            record.controller,
            record.pendingController,
            record.registeredAt,
            record.digestChanges,
            record.profileHash
        );
    }

    function batchWord(uint64 issuer, bytes32 root) external view returns (uint256) {
        (, PackedBatch batch) = _known(issuer, root);
        return PackedBatch.unwrap(batch);
    }

    function statusWord(uint64 issuer, bytes32 root, Purpose purpose, uint32 word) external view returns (uint256) {
        (BatchRecord storage record,) = _known(issuer, root);
        return record.statuses[uint256(word) << 8 | uint256(purpose)].bits;
    }
}

/// @dev Of the whole contract: statuses for every mask and every leaf, and what one call of anybody cannot do.
contract RegistryProof is Symbolic {
    /// @dev Who calls, and where the proof looks: any account, any other account, any word of statuses, any
    /// digest.
    struct Case {
        address sender;
        address other;
        uint32 word;
        bytes32 digest;
    }

    struct State {
        OpenRegistry.Words party;
        uint256 batch;
        uint256 voidedBatch;
        uint256 bareBatch;
        uint256 revoked;
        uint256 suspended;
        bool operates;
        uint48 digestRevokedAt;
        uint48 digestSuspendedAt;
    }

    address private constant CONTROLLER = address(0xC0);
    address private constant OPERATOR = address(0x0E);
    address private constant HEIR = address(0x4E);
    address private constant RIVAL = address(0x51);
    bytes32 private constant ROOT = keccak256("root");
    bytes32 private constant VOIDED_ROOT = keccak256("voided root");
    bytes32 private constant BARE_ROOT = keccak256("bare root");
    uint32 private constant LEAVES = 300;
    uint32 private constant FIRST_REVOKED = 7;
    uint256 private constant FIRST_REVOKED_MASK = 1 << 7;
    bytes32 private constant REVOKED = keccak256("revoked credential");
    bytes32 private constant SUSPENDED = keccak256("suspended credential");
    uint256 private constant SEQUENCE_BITS = uint256(type(uint32).max) << 160;

    OpenRegistry private _registry;
    uint64 private _issuer;
    uint64 private _rival;

    function setUp() external {
        vm.warp(1_800_000_000);
        vm.roll(20_000_000);
        _registry = new OpenRegistry();
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
        _registry.setStatus(_issuer, ROOT, Purpose.Revocation, 0, FIRST_REVOKED_MASK, Reason.IssuedInError);
        vm.prank(OPERATOR);
        _registry.setStatus(_issuer, ROOT, Purpose.Suspension, 1, FIRST_REVOKED_MASK, Reason.UnderReview);
        vm.prank(OPERATOR);
        _registry.revokeDigests(_issuer, _only(REVOKED), Reason.IssuedInError);
        vm.prank(OPERATOR);
        _registry.suspendDigests(_issuer, _only(SUSPENDED), Reason.UnderReview);
        vm.prank(CONTROLLER);
        _registry.voidBatch(_issuer, VOIDED_ROOT, Reason.KeyCompromise);
        vm.prank(OPERATOR);
        _registry.setDefaultIssuer(_issuer);
        vm.prank(OPERATOR);
        (bool anchored,) = address(_registry).call(abi.encode(BARE_ROOT));
        assert(anchored);
        vm.prank(CONTROLLER);
        _registry.transferController(_issuer, HEIR);
        // Another party has the same roots.
        vm.prank(RIVAL);
        _rival = _registry.registerParty("https://rival.example", "profile");
        vm.prank(RIVAL);
        _registry.anchor(_rival, ROOT, LEAVES);
    }

    /// @dev A mask revokes the leaves whose bits it has, and no other: every count, word, mask and leaf.
    function check_setStatus_exactlyTheMask(bytes32 root, uint32 leaves, uint32 word, uint256 mask, uint32 leaf)
        external
    {
        vm.assume(root != ROOT && root != VOIDED_ROOT && root != BARE_ROOT && leaves != 0 && leaf < leaves);
        vm.prank(OPERATOR);
        _registry.anchor(_issuer, root, leaves);
        vm.prank(OPERATOR);
        _registry.setStatus(_issuer, root, Purpose.Revocation, word, mask, Reason.Unspecified);
        (bool revoked, bool suspended) = _registry.statusOf(_issuer, root, leaf, 0);
        assert(revoked == (leaf / 256 == word && (mask >> (leaf % 256)) & 1 == 1));
        assert(!suspended);
    }

    /// @dev No mask goes beyond the last leaf of a batch of 300: every word, mask and purpose.
    function check_setStatus_endsWithTheBatch(uint32 word, uint256 mask, uint8 purpose) external {
        vm.assume(purpose <= uint8(type(Purpose).max));
        vm.prank(OPERATOR);
        try _registry.setStatus(_issuer, ROOT, Purpose(purpose), word, mask, Reason.Unspecified) {
            assert(word < 2);
            assert(word == 0 || mask >> (LEAVES - 256) == 0);
        } catch {}
    }

    /// @dev Suspension and revocation do not touch each other; lifting takes back what the mask says: every
    /// mask, every mask to lift, each of the first 256 leaves.
    function check_suspension(uint256 mask, uint256 lifted, uint8 leaf) external {
        vm.prank(OPERATOR);
        _registry.setStatus(_issuer, ROOT, Purpose.Suspension, 0, mask, Reason.UnderReview);
        vm.prank(OPERATOR);
        _registry.clearSuspension(_issuer, ROOT, 0, lifted, Reason.Resolved);
        (bool revoked, bool suspended) = _registry.statusOf(_issuer, ROOT, leaf, 0);
        assert(suspended == ((mask & ~lifted) >> leaf & 1 == 1));
        assert(revoked == (leaf == FIRST_REVOKED));
    }

    /// @dev A digest that was revoked reads so in each place of each batch that is anchored afterwards: every root, count and
    /// leaf.
    function check_revokedDigest_laterBatch(bytes32 root, uint32 leaves, uint32 leaf) external {
        vm.assume(root != ROOT && root != VOIDED_ROOT && root != BARE_ROOT && leaves != 0 && leaf < leaves);
        vm.prank(OPERATOR);
        _registry.anchor(_issuer, root, leaves);
        (bool revoked, bool suspended) = _registry.statusOf(_issuer, root, leaf, REVOKED);
        assert(revoked && !suspended);
    }

    /// @dev Exactly the digest that is named is revoked and suspended, by whichever is done first: every digest, every other
    /// one, every reason.
    function check_digests_exactlyThese(bytes32 named, bytes32 other, bool suspendFirst, uint8 reason) external {
        vm.assume(named != REVOKED && other != REVOKED && named != SUSPENDED && other != SUSPENDED);
        vm.assume(reason <= uint8(type(Reason).max));
        if (suspendFirst) {
            vm.prank(OPERATOR);
            _registry.suspendDigests(_issuer, _only(named), Reason(reason));
        }
        vm.prank(OPERATOR);
        _registry.revokeDigests(_issuer, _only(named), Reason(reason));
        if (!suspendFirst) {
            vm.prank(OPERATOR);
            _registry.suspendDigests(_issuer, _only(named), Reason(reason));
        }
        (bool revoked, bool suspended) = _registry.statusOf(_issuer, ROOT, 0, other);
        assert(revoked == (other == named) && suspended == (other == named));
        vm.prank(OPERATOR);
        _registry.reinstateDigests(_issuer, _only(named), Reason(reason));
        (revoked, suspended) = _registry.statusOf(_issuer, ROOT, 0, other);
        assert(revoked == (other == named) && !suspended);
    }

    // What one call cannot do, whoever makes it and whatever its arguments are: see `_harmless`. Lists have two entries and
    // texts three bytes. Not here: `multicall`, which makes the same calls one after the other, and `anchorBySignature`.

    /// @dev Any sender and hash.
    function check_call_registerParty(Case calldata given, bytes32 hash) external {
        _harmless(given, abi.encodeCall(_registry.registerParty, ("uri", hash)));
    }

    /// @dev Any sender and hash, and the two parties there are: writing over a text of unknown length would take a loop of unknown length.
    function check_call_setProfile(Case calldata given, bool rival, bytes32 hash) external {
        uint64 party = rival ? _rival : _issuer;
        _harmless(given, abi.encodeCall(_registry.setProfile, (party, "uri", hash)));
    }

    /// @dev Any sender, party and account.
    function check_call_setOperator_allow(Case calldata given, uint64 party, address account) external {
        _harmless(given, abi.encodeCall(_registry.setOperator, (party, account, true)));
    }

    /// @dev Any sender, party and account.
    function check_call_setOperator_remove(Case calldata given, uint64 party, address account) external {
        _harmless(given, abi.encodeCall(_registry.setOperator, (party, account, false)));
    }

    /// @dev Any sender, party and account.
    function check_call_transferController(Case calldata given, uint64 party, address account) external {
        _harmless(given, abi.encodeCall(_registry.transferController, (party, account)));
    }

    /// @dev Any sender and party.
    function check_call_acceptController(Case calldata given, uint64 party) external {
        _harmless(given, abi.encodeCall(_registry.acceptController, (party)));
    }

    /// @dev Any sender and party.
    function check_call_retire(Case calldata given, uint64 party) external {
        _harmless(given, abi.encodeCall(_registry.retire, (party)));
    }

    /// @dev Any sender, party, root and count.
    function check_call_anchor(Case calldata given, uint64 party, bytes32 root, uint32 leaves) external {
        _harmless(given, abi.encodeCall(_registry.anchor, (party, root, leaves)));
    }

    /// @dev Any sender and party, any two roots and counts.
    function check_call_anchorMany(
        Case calldata given,
        uint64 party,
        bytes32[2] calldata named,
        uint32[2] calldata leaves
    ) external {
        bytes32[] memory roots = new bytes32[](2);
        uint32[] memory counts = new uint32[](2);
        (roots[0], roots[1]) = (named[0], named[1]);
        (counts[0], counts[1]) = (leaves[0], leaves[1]);
        _harmless(given, abi.encodeCall(_registry.anchorMany, (party, roots, counts)));
    }

    /// @dev Any sender and party.
    function check_call_setDefaultIssuer(Case calldata given, uint64 party) external {
        _harmless(given, abi.encodeCall(_registry.setDefaultIssuer, (party)));
    }

    /// @dev Any sender, party, root and count.
    function check_call_stateLeafCount(Case calldata given, uint64 party, bytes32 root, uint32 leaves) external {
        _harmless(given, abi.encodeCall(_registry.stateLeafCount, (party, root, leaves)));
    }

    /// @dev Any sender, party, root, word and mask.
    function check_call_setStatus_revoke(Case calldata given, uint64 party, bytes32 root, uint32 word, uint256 mask)
        external
    {
        _harmless(
            given, abi.encodeCall(_registry.setStatus, (party, root, Purpose.Revocation, word, mask, Reason.Resolved))
        );
    }

    /// @dev Any sender, party, root, word and mask.
    function check_call_setStatus_suspend(Case calldata given, uint64 party, bytes32 root, uint32 word, uint256 mask)
        external
    {
        _harmless(
            given, abi.encodeCall(_registry.setStatus, (party, root, Purpose.Suspension, word, mask, Reason.Resolved))
        );
    }

    /// @dev Any sender, party and root, any two words and masks.
    function check_call_setStatuses(
        Case calldata given,
        uint64 party,
        bytes32 root,
        uint32[2] calldata words,
        uint256[2] calldata masks
    ) external {
        IStatuses.WordMask[] memory several = new IStatuses.WordMask[](2);
        several[0] = IStatuses.WordMask(words[0], masks[0]);
        several[1] = IStatuses.WordMask(words[1], masks[1]);
        bytes memory data =
            abi.encodeCall(_registry.setStatuses, (party, root, Purpose.Revocation, several, Reason.Resolved));
        _harmless(given, data);
    }

    /// @dev Any sender and party, any one digest.
    function check_call_revokeDigests(Case calldata given, uint64 party, bytes32 named) external {
        _harmless(given, abi.encodeCall(_registry.revokeDigests, (party, _only(named), Reason.Resolved)));
    }

    /// @dev Any sender and party, any one digest.
    function check_call_suspendDigests(Case calldata given, uint64 party, bytes32 named) external {
        _harmless(given, abi.encodeCall(_registry.suspendDigests, (party, _only(named), Reason.Resolved)));
    }

    /// @dev Any sender and party, any two digests.
    function check_call_reinstateDigests(Case calldata given, uint64 party, bytes32[2] calldata named) external {
        _harmless(given, abi.encodeCall(_registry.reinstateDigests, (party, _both(named), Reason.Resolved)));
    }

    /// @dev Any sender, party, root, word and mask.
    function check_call_clearSuspension(Case calldata given, uint64 party, bytes32 root, uint32 word, uint256 mask)
        external
    {
        _harmless(given, abi.encodeCall(_registry.clearSuspension, (party, root, word, mask, Reason.Resolved)));
    }

    /// @dev Any sender, party and root.
    function check_call_voidBatch(Case calldata given, uint64 party, bytes32 root) external {
        _harmless(given, abi.encodeCall(_registry.voidBatch, (party, root, Reason.KeyCompromise)));
    }

    /// @dev Any sender, party, roots and indexes.
    function check_call_supersede(
        Case calldata given,
        uint64 party,
        bytes32 root,
        uint32 index,
        bytes32 other,
        uint32 otherIndex
    ) external {
        _harmless(given, abi.encodeCall(_registry.supersede, (party, root, index, other, otherIndex)));
    }

    /// @dev Any sender and root.
    function check_call_bareRoot(Case calldata given, bytes32 root) external {
        _harmless(given, abi.encode(root));
    }

    /// @dev Whoever calls: an anchor stays as it is, a voided batch too, no revocation is undone, by place or by
    /// digest, the numbers of batches and of changes by digest do not go back, and nothing is said of a digest that is
    /// not counted. A stranger changes nothing of the party, its batches and their statuses. An operator changes
    /// neither who governs the party nor who operates it, and voids nothing. (The account that the party was offered to
    /// counts as its controller.)
    function _harmless(Case calldata given, bytes memory data) private {
        vm.assume(given.sender != address(0)); // nobody sends from there
        State memory before = _state(given);
        vm.prank(given.sender);
        (bool done,) = address(_registry).call(data);
        vm.assume(done);
        State memory later = _state(given);

        uint256 undone = (before.batch ^ later.batch) << 96; // all but when and why it was voided
        undone |= before.voidedBatch ^ later.voidedBatch;
        undone |= (before.bareBatch ^ later.bareBatch) << 96 >> 128; // its count may be stated
        undone |= before.revoked & ~later.revoked;
        undone |= before.party.registeredAt ^ later.party.registeredAt;
        assert(undone == 0);
        assert(before.digestRevokedAt == 0 || later.digestRevokedAt == before.digestRevokedAt);
        assert(_sequence(later) >= _sequence(before));
        assert(later.party.digestChanges >= before.party.digestChanges);
        bool same =
            before.digestRevokedAt == later.digestRevokedAt && before.digestSuspendedAt == later.digestSuspendedAt;
        assert(same || later.party.digestChanges > before.party.digestChanges);

        if (given.sender == CONTROLLER || given.sender == HEIR) return;
        uint256 governed = uint160(before.party.controller) ^ uint160(later.party.controller);
        governed |= uint160(before.party.pendingController) ^ uint160(later.party.pendingController);
        governed |= uint256(before.party.profileHash ^ later.party.profileHash);
        governed |= (before.party.party ^ later.party.party) & ~SEQUENCE_BITS;
        governed |= before.batch ^ later.batch;
        assert(governed == 0);
        assert(before.operates == later.operates);

        if (given.sender == OPERATOR) return;
        uint256 own = before.party.party ^ later.party.party;
        own |= before.bareBatch ^ later.bareBatch;
        own |= before.revoked ^ later.revoked;
        own |= before.suspended ^ later.suspended;
        own |= before.party.digestChanges ^ later.party.digestChanges;
        assert(own == 0);
        assert(same);
    }

    function _state(Case calldata given) private view returns (State memory) {
        IStatuses.DigestStatus memory said = _registry.digestStatusesOf(_issuer, _only(given.digest))[0];
        return State(
            _registry.partyWords(_issuer),
            _registry.batchWord(_issuer, ROOT),
            _registry.batchWord(_issuer, VOIDED_ROOT),
            _registry.batchWord(_issuer, BARE_ROOT),
            _registry.statusWord(_issuer, ROOT, Purpose.Revocation, given.word),
            _registry.statusWord(_issuer, ROOT, Purpose.Suspension, given.word),
            _registry.isOperator(_issuer, given.other),
            said.revokedAt,
            said.suspendedAt
        );
    }

    function _only(bytes32 digest) private pure returns (bytes32[] memory digests) {
        digests = new bytes32[](1);
        digests[0] = digest;
    }

    function _both(bytes32[2] calldata named) private pure returns (bytes32[] memory digests) {
        digests = new bytes32[](2);
        (digests[0], digests[1]) = (named[0], named[1]);
    }

    function _sequence(State memory state) private pure returns (uint32) {
        return PackedParty.wrap(state.party.party).sequence();
    }
}
