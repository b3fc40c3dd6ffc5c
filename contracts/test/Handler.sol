// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {CredentialRegistry} from "../src/CredentialRegistry.sol";
import {Purpose, Reason} from "../src/Reasons.sol";
import {Ledger} from "./Ledger.sol";
import {Test, Vm} from "./Test.sol";

/// @title Handler: what anybody may try with the registry, over few enough values that most of it meets.
/// @dev A refusal is no failure: the registry may refuse, and a ledger that is wrong afterwards fails the test.
contract Handler is Test {
    uint256 public constant ACTORS = 4;
    uint64 public constant PARTIES = 3;
    uint256 public constant ROOTS = 6;
    uint32 public constant WORDS = 3;

    CredentialRegistry private immutable _registry;
    Ledger private immutable _ledger;
    /// @dev How many calls went through and how many were refused.
    uint256 public done;
    uint256 public refused;

    constructor(CredentialRegistry registry, Ledger ledger) {
        (_registry, _ledger) = (registry, ledger);
        for (uint256 i = 0; i < PARTIES; ++i) {
            _send(i, abi.encodeCall(registry.registerParty, ("https://party.example", bytes32(i))));
        }
    }

    function actor(uint256 pick) public pure returns (address) {
        return vm.addr(pick % ACTORS + 1);
    }

    function root(uint256 pick) public pure returns (bytes32) {
        return keccak256(abi.encode("root", pick % ROOTS));
    }

    function wait(uint16 time) external {
        vm.warp(block.timestamp + time);
        vm.roll(block.number + time / 12);
    }

    // Parties. What ends most of the rest, retiring and removing operators, is tried more rarely.

    function setProfile(uint256 sender, uint64 party, bytes32 profileHash) external {
        _send(sender, abi.encodeCall(_registry.setProfile, (_party(party), "https://other.example", profileHash)));
    }

    function setOperator(uint256 sender, uint64 party, uint256 operator, uint8 chance) external {
        _send(sender, abi.encodeCall(_registry.setOperator, (_party(party), actor(operator), chance % 4 != 0)));
    }

    function transferController(uint256 sender, uint64 party, uint256 to) external {
        _send(sender, abi.encodeCall(_registry.transferController, (_party(party), actor(to))));
    }

    function acceptController(uint256 sender, uint64 party) external {
        _send(sender, abi.encodeCall(_registry.acceptController, (_party(party))));
    }

    function retire(uint256 sender, uint64 party, uint8 chance) external {
        if (chance % 8 == 0) _send(sender, abi.encodeCall(_registry.retire, (_party(party))));
    }

    // Batches

    function anchor(uint256 sender, uint64 party, uint256 pick, uint32 leafCount) external {
        _send(sender, abi.encodeCall(_registry.anchor, (_party(party), root(pick), leafCount % (WORDS * 256))));
    }

    function anchorMany(uint256 sender, uint64 party, uint256[3] calldata picks, uint32 leafCount) external {
        bytes32[] memory roots = new bytes32[](3);
        uint32[] memory leafCounts = new uint32[](3);
        for (uint256 i = 0; i < 3; ++i) {
            (roots[i], leafCounts[i]) = (root(picks[i]), leafCount % (WORDS * 256));
        }
        _send(sender, abi.encodeCall(_registry.anchorMany, (_party(party), roots, leafCounts)));
    }

    function anchorBySignature(uint256 sender, uint64 party, uint256 pick, uint256 signer, uint256 named) external {
        party = _party(party);
        bytes32 hash = _anchorHash(party, root(pick), 300, block.timestamp);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(signer % ACTORS + 1, hash);
        // Mostly in the signer's own name.
        address operator = actor(named % 4 == 0 ? named / 4 : signer);
        bytes memory signature = abi.encodePacked(r, s, v);
        bytes memory call =
            abi.encodeCall(_registry.anchorBySignature, (party, root(pick), 300, operator, block.timestamp, signature));
        bool accepted = _send(sender, call);
        assert(!accepted || operator == actor(signer));
    }

    function setDefaultIssuer(uint256 sender, uint64 party) external {
        _send(sender, abi.encodeCall(_registry.setDefaultIssuer, (party % (PARTIES + 1))));
    }

    function anchorBareRoot(uint256 sender, uint256 pick) external {
        _send(sender, abi.encode(root(pick)));
    }

    function stateLeafCount(uint256 sender, uint64 party, uint256 pick, uint32 leafCount) external {
        _send(sender, abi.encodeCall(_registry.stateLeafCount, (_party(party), root(pick), leafCount % (WORDS * 256))));
    }

    // Statuses

    function setStatus(uint256 sender, uint64 party, uint256 pick, bool suspend, uint32 word, uint256 mask) external {
        Purpose purpose = suspend ? Purpose.Suspension : Purpose.Revocation;
        (bytes32 batch, uint32 place, uint256 bits) = _aim(party, pick, word, mask);
        _send(
            sender,
            abi.encodeCall(_registry.setStatus, (_party(party), batch, purpose, place, bits, Reason.UnderReview))
        );
    }

    function clearSuspension(uint256 sender, uint64 party, uint256 pick, uint32 word, uint256 mask) external {
        (bytes32 batch, uint32 place, uint256 bits) = _aim(party, pick, word, mask);
        _send(sender, abi.encodeCall(_registry.clearSuspension, (_party(party), batch, place, bits, Reason.Resolved)));
    }

    function voidBatch(uint256 sender, uint64 party, uint256 pick, uint8 chance) external {
        if (chance % 4 == 0) {
            _send(sender, abi.encodeCall(_registry.voidBatch, (_party(party), root(pick), Reason.KeyCompromise)));
        }
    }

    function supersede(uint256 sender, uint64 party, uint256 pick, uint32 index, uint256 other) external {
        _send(
            sender,
            abi.encodeCall(_registry.supersede, (_party(party), root(pick), index % 4, root(other), index / 4 % 4))
        );
    }

    /// @dev Several calls at once, in which a refusal of one undoes the others.
    function multicall(uint256 sender, uint64 party, uint256 pick, uint32 leafCount) external {
        bytes[] memory calls = new bytes[](3);
        calls[0] = abi.encode(root(pick));
        calls[1] = abi.encodeCall(_registry.stateLeafCount, (_party(party), root(pick), leafCount % (WORDS * 256)));
        calls[2] = abi.encodeCall(_registry.setStatus, (_party(party), root(pick), Purpose.Revocation, 0, 1, Reason(0)));
        _send(sender, abi.encodeCall(_registry.multicall, (calls)));
    }

    /// @dev A batch and a mask; of most masks only the leaves that there are.
    function _aim(uint64 party, uint256 pick, uint32 word, uint256 mask)
        private
        view
        returns (bytes32 batch, uint32 place, uint256 bits)
    {
        (batch, place, bits) = (root(pick), word % WORDS, mask);
        if (mask % 8 != 0) bits &= _ledger.leavesOf(place, _ledger.batchOf(_party(party), batch).leafCount);
    }

    function _party(uint64 pick) private pure returns (uint64) {
        return pick % PARTIES + 1;
    }

    /// @dev Call the registry; its events go into the ledger.
    function _send(uint256 sender, bytes memory call) private returns (bool accepted) {
        vm.recordLogs();
        vm.prank(actor(sender));
        (accepted,) = address(_registry).call(call);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        if (accepted) {
            ++done;
            _ledger.record(logs);
        } else {
            ++refused;
        }
    }

    function _anchorHash(uint64 party, bytes32 batch, uint32 leafCount, uint256 deadline)
        private
        view
        returns (bytes32)
    {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Testamur"),
                keccak256("1"),
                block.chainid,
                address(_registry)
            )
        );
        bytes32 typeHash = keccak256("Anchor(uint64 issuer,bytes32 root,uint32 leafCount,uint256 deadline)");
        bytes32 message = keccak256(abi.encode(typeHash, party, batch, leafCount, deadline));
        return keccak256(abi.encodePacked(hex"1901", domain, message));
    }
}
