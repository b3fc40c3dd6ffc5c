// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {CredentialRegistry} from "../src/CredentialRegistry.sol";
import {IBatches} from "../src/IBatches.sol";
import {IStatuses} from "../src/IStatuses.sol";
import {Purpose, Reason} from "../src/Reasons.sol";
import {Ledger} from "./Ledger.sol";
import {Vm} from "./Test.sol";
import {Try} from "./Try.sol";

/// @title Handler: what anybody may try with the registry, over few enough values that most of it meets.
contract Handler is Try {
    uint64 public constant PARTIES = 3;
    uint256 public constant ROOTS = 10;
    uint32 public constant WORDS = 3;
    uint256 public constant DIGESTS = 5;

    Ledger private immutable _ledger;

    constructor(CredentialRegistry registry, Ledger ledger) Try(registry) {
        _ledger = ledger;
        for (uint256 i = 0; i < PARTIES; ++i) {
            _send(actor(i), abi.encodeCall(registry.registerParty, ("https://party.example", bytes32(i))));
        }
    }

    function root(uint256 pick) public pure returns (bytes32) {
        return keccak256(abi.encode("root", pick % ROOTS));
    }

    function digest(uint256 pick) public pure returns (bytes32) {
        return keccak256(abi.encode("credential", pick % DIGESTS));
    }

    function wait(uint16 time) external {
        vm.warp(block.timestamp + time);
        vm.roll(block.number + time / 12);
    }

    // Parties. What ends much of the rest, such as retiring, is tried more rarely.

    function setProfile(uint256 by, uint64 party, bytes32 profileHash) external {
        party = _party(party);
        _send(_controller(by, party), abi.encodeCall(_registry.setProfile, (party, "https://b.example", profileHash)));
    }

    function setOperator(uint256 by, uint64 party, uint256 operator, uint8 chance) external {
        party = _party(party);
        bool allowed = chance % 4 != 0;
        _send(_controller(by, party), abi.encodeCall(_registry.setOperator, (party, actor(operator), allowed)));
    }

    function transferController(uint256 by, uint64 party, uint256 to) external {
        party = _party(party);
        _send(_controller(by, party), abi.encodeCall(_registry.transferController, (party, actor(to))));
    }

    function acceptController(uint256 by, uint64 party) external {
        party = _party(party);
        address pending = _ledger.partyOf(party).pendingController;
        _send(_rarely(by) ? actor(by) : pending, abi.encodeCall(_registry.acceptController, (party)));
    }

    function retire(uint256 by, uint64 party, uint8 chance) external {
        vm.assume(chance % 16 == 0);
        party = _party(party);
        _send(_controller(by, party), abi.encodeCall(_registry.retire, (party)));
    }

    // Batches

    function anchor(uint256 by, uint64 party, uint256 pick, uint32 leafCount) external {
        party = _party(party);
        _send(_operator(by, party), abi.encodeCall(_registry.anchor, (party, root(pick), _count(leafCount))));
    }

    function anchorMany(uint256 by, uint64 party, uint256[3] calldata picks, uint32 leafCount) external {
        party = _party(party);
        bytes32[] memory roots = new bytes32[](3);
        uint32[] memory leafCounts = new uint32[](3);
        for (uint256 i = 0; i < 3; ++i) {
            (roots[i], leafCounts[i]) = (root(picks[i]), _count(leafCount));
        }
        _send(_operator(by, party), abi.encodeCall(_registry.anchorMany, (party, roots, leafCounts)));
    }

    function anchorBySignature(uint256 by, uint64 party, uint256 pick, uint256 signer, uint256 named) external {
        party = _party(party);
        bytes32 hash = _anchorHash(party, root(pick), 300, block.timestamp);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(signer % ACTORS + 1, hash);
        address operator = _rarely(named) ? actor(named / 4) : actor(signer);
        bytes memory signature = abi.encodePacked(r, s, v);
        bytes memory call =
            abi.encodeCall(_registry.anchorBySignature, (party, root(pick), 300, operator, block.timestamp, signature));
        _send(actor(by), call);
        assert(operator == actor(signer));
    }

    function setDefaultIssuer(uint256 by, uint64 party) external {
        party %= PARTIES + 1;
        _send(_operator(by, party), abi.encodeCall(_registry.setDefaultIssuer, (party)));
    }

    function anchorBareRoot(uint256 by, uint256 pick) external {
        for (uint256 i = 0; i < ACTORS && _ledger.defaultIssuerOf(actor(by)) == 0; ++i) {
            by = (by % ACTORS) + 1;
        }
        _send(actor(by), abi.encode(root(pick)));
    }

    function stateLeafCount(uint256 by, uint64 party, uint256 pick, uint32 leafCount) external {
        party = _party(party);
        bytes32 batch = _rarely(by) ? root(pick) : _batch(party, pick, true);
        _send(_operator(by, party), abi.encodeCall(_registry.stateLeafCount, (party, batch, _count(leafCount))));
    }

    // Statuses

    function setStatus(uint256 by, uint64 party, uint256 pick, bool suspend, uint32 word, uint256 mask) external {
        party = _party(party);
        bytes32 batch = _batch(party, pick, false);
        word %= WORDS;
        Purpose purpose = suspend ? Purpose.Suspension : Purpose.Revocation;
        if (!_rarely(by / ACTORS)) mask &= _ledger.leavesOf(word, _ledger.batchOf(party, batch).leafCount);
        bytes memory call = abi.encodeCall(_registry.setStatus, (party, batch, purpose, word, mask, Reason.UnderReview));
        _send(_operator(by, party), call);
    }

    function setStatuses(uint256 by, uint64 party, uint256 pick, bool suspend, uint256[3] calldata masks) external {
        party = _party(party);
        bytes32 batch = _batch(party, pick, false);
        IStatuses.WordMask[] memory several = new IStatuses.WordMask[](masks.length);
        for (uint32 i = 0; i < masks.length; ++i) {
            uint32 word = uint32(masks[i] % WORDS);
            uint256 mask = masks[i] & _ledger.leavesOf(word, _ledger.batchOf(party, batch).leafCount);
            several[i] = IStatuses.WordMask(word, _rarely(by / ACTORS) ? masks[i] : mask);
        }
        Purpose purpose = suspend ? Purpose.Suspension : Purpose.Revocation;
        bytes memory call = abi.encodeCall(_registry.setStatuses, (party, batch, purpose, several, Reason.UnderReview));
        _send(_operator(by, party), call);
    }

    function clearSuspension(uint256 by, uint64 party, uint256 pick, uint32 word, uint256 mask) external {
        party = _party(party);
        bytes32 batch = _batch(party, pick, false);
        // Mostly a word in which something is suspended, if there is one.
        for (uint256 i = 0; i < WORDS && _ledger.wordOf(party, batch, Purpose.Suspension, word % WORDS) == 0; ++i) {
            word = word % WORDS + 1;
        }
        word %= WORDS;
        if (!_rarely(by / ACTORS)) mask &= _ledger.leavesOf(word, _ledger.batchOf(party, batch).leafCount);
        bytes memory call = abi.encodeCall(_registry.clearSuspension, (party, batch, word, mask, Reason.Resolved));
        _send(_operator(by, party), call);
    }

    function voidBatch(uint256 by, uint64 party, uint256 pick, uint8 chance) external {
        vm.assume(chance % 8 == 0);
        party = _party(party);
        bytes32 batch = _batch(party, pick, chance % 16 == 0);
        _send(_controller(by, party), abi.encodeCall(_registry.voidBatch, (party, batch, Reason.KeyCompromise)));
    }

    function supersede(uint256 by, uint64 party, uint256 pick, uint32 index, uint256 other) external {
        party = _party(party);
        (bytes32 one, bytes32 two) = (_batch(party, pick, false), _batch(party, other, false));
        _send(_operator(by, party), abi.encodeCall(_registry.supersede, (party, one, index % 4, two, index / 4 % 4)));
    }

    /// @dev Mostly suspensions and their ends, as a revocation happens once for each digest.
    function changeDigests(uint256 by, uint64 party, uint256[3] calldata picks, uint8 kind, uint8 reason) external {
        party = _party(party);
        bytes32[] memory digests = new bytes32[](picks[0] % 4);
        for (uint256 i = 0; i < digests.length; ++i) {
            digests[i] = digest(picks[i]);
        }
        Reason why = Reason(reason % (uint8(type(Reason).max) + 1));
        bytes memory call = abi.encodeCall(_registry.revokeDigests, (party, digests, why));
        if (kind % 4 == 1) call = abi.encodeCall(_registry.suspendDigests, (party, digests, why));
        if (kind % 4 > 1) call = abi.encodeCall(_registry.reinstateDigests, (party, digests, why));
        _send(_operator(by, party), call);
    }

    /// @dev A batch of one credential, which is its own root: it is anchored under every roof that there is.
    function anchorADigest(uint256 by, uint64 party, uint256 pick) external {
        party = _party(party);
        _send(_operator(by, party), abi.encodeCall(_registry.anchor, (party, digest(pick), 1)));
    }

    /// @dev Several calls at once, in which a refusal of one undoes the others.
    function multicall(uint256 by, uint64 party, uint256 pick, uint32 leafCount) external {
        party = _party(party);
        bytes[] memory calls = new bytes[](5);
        calls[0] = abi.encodeCall(_registry.setDefaultIssuer, (party));
        calls[1] = abi.encode(root(pick));
        calls[2] = abi.encodeCall(_registry.stateLeafCount, (party, root(pick), _count(leafCount)));
        calls[3] = abi.encodeCall(_registry.setStatus, (party, root(pick), Purpose.Revocation, 0, 1, Reason(0)));
        bytes32[] memory digests = new bytes32[](1);
        digests[0] = digest(pick);
        calls[4] = abi.encodeCall(_registry.suspendDigests, (party, digests, Reason(0)));
        _send(_operator(by, party), abi.encodeCall(_registry.multicall, (calls)));
    }

    /// @dev Mostly the party's controller.
    function _controller(uint256 pick, uint64 party) private view returns (address) {
        return _rarely(pick) ? actor(pick / 16) : _ledger.partyOf(party).controller;
    }

    /// @dev Mostly one of the party's operators, if it has any.
    function _operator(uint256 pick, uint64 party) private view returns (address account) {
        account = actor(pick / 16);
        for (uint256 i = 0; i < ACTORS && !_rarely(pick) && !_ledger.isOperator(party, account); ++i) {
            account = actor(pick / 16 % ACTORS + i);
        }
    }

    /// @dev One of the party's batches, counted or not, if there is one.
    function _batch(uint64 party, uint256 pick, bool unstated) private view returns (bytes32 found) {
        for (uint256 i = 0; i < ROOTS; ++i) {
            found = root(pick % ROOTS + i);
            IBatches.Batch memory batch = _ledger.batchOf(party, found);
            if (batch.sequence != 0 && (batch.leafCount == 0) == unstated) return found;
        }
    }

    function _count(uint32 pick) private pure returns (uint32) {
        return pick % (WORDS * 256);
    }

    function _party(uint64 pick) private pure returns (uint64) {
        return pick % PARTIES + 1;
    }

    function _record(Vm.Log[] memory logs) internal override {
        _ledger.record(logs);
    }

    function _anchorHash(uint64 party, bytes32 batch, uint32 leafCount, uint256 deadline)
        private
        view
        returns (bytes32)
    {
        bytes32 typeHash = keccak256("Anchor(uint64 issuer,bytes32 root,uint32 leafCount,uint256 deadline)");
        bytes32 message = keccak256(abi.encode(typeHash, party, batch, leafCount, deadline));
        return typedData(address(_registry), message);
    }
}
