// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {IParties} from "../src/IParties.sol";
import {RegistryTest} from "./RegistryTest.sol";

contract PartiesTest is RegistryTest {
    function test_registerParty() external {
        vm.expectEmit(address(registry));
        emit IParties.PartyRegistered(2, stranger, "uri", "hash");
        vm.expectEmit(address(registry));
        emit IParties.OperatorSet(2, stranger, true);
        vm.prank(stranger);
        assert(registry.registerParty("uri", "hash") == 2);
        assert(registry.partyCount() == 2);
        assert(registry.isOperator(2, stranger));
        IParties.Party memory party = registry.partyOf(2);
        assert(party.controller == stranger && party.pendingController == address(0));
        assert(party.registeredAt == block.timestamp && party.retiredAt == 0 && party.sequence == 0);
        assert(party.profileHash == "hash" && keccak256(bytes(party.uri)) == keccak256("uri"));
    }

    function test_partyOf_unknown() external {
        vm.expectRevert(abi.encodeWithSelector(IParties.UnknownParty.selector, 0));
        registry.partyOf(0);
        vm.expectRevert(abi.encodeWithSelector(IParties.UnknownParty.selector, 2));
        registry.partyOf(2);
    }

    function testFuzz_setProfile(string calldata uri, bytes32 profileHash) external {
        vm.expectEmit(address(registry));
        emit IParties.ProfileSet(issuer, uri, profileHash);
        vm.prank(controller);
        registry.setProfile(issuer, uri, profileHash);
        IParties.Party memory party = registry.partyOf(issuer);
        assert(party.profileHash == profileHash && keccak256(bytes(party.uri)) == keccak256(bytes(uri)));
    }

    function testFuzz_onlyTheControllerGoverns(address other) external {
        vm.assume(other != controller);
        bytes memory refusal = abi.encodeWithSelector(IParties.NotController.selector, issuer, other);
        vm.expectRevert(refusal);
        vm.prank(other);
        registry.setProfile(issuer, "", 0);
        vm.expectRevert(refusal);
        vm.prank(other);
        registry.setOperator(issuer, other, true);
        vm.expectRevert(refusal);
        vm.prank(other);
        registry.transferController(issuer, other);
        vm.expectRevert(refusal);
        vm.prank(other);
        registry.retire(issuer);
    }

    /// @dev Allowing and removing in any order leaves the set it should, whichever operator is packed.
    function testFuzz_setOperator(uint8[24] calldata changes) external {
        bool[3] memory expected = [true, false, false];
        address[3] memory accounts = [operator, controller, stranger];
        for (uint256 i = 0; i < changes.length; ++i) {
            uint256 who = changes[i] % 3;
            bool allowed = changes[i] >= 128;
            if (expected[who] == allowed) {
                vm.expectRevert(
                    abi.encodeWithSelector(IParties.OperatorUnchanged.selector, issuer, accounts[who], allowed)
                );
            } else {
                vm.expectEmit(address(registry));
                emit IParties.OperatorSet(issuer, accounts[who], allowed);
            }
            vm.prank(controller);
            registry.setOperator(issuer, accounts[who], allowed);
            expected[who] = allowed;
            for (uint256 each = 0; each < 3; ++each) {
                assert(registry.isOperator(issuer, accounts[each]) == expected[each]);
            }
            assert(!registry.isOperator(issuer, address(0)));
        }
        assert(registry.partyOf(issuer).sequence == 0 && registry.partyOf(issuer).retiredAt == 0);
    }

    /// @dev The operator, the sequence and the time of retirement share a slot and do not disturb one another.
    function testFuzz_packedPartsAreIndependent(address newOperator, uint8 batches) external {
        vm.assume(newOperator != address(0) && newOperator != operator);
        for (uint32 i = 1; i <= batches % 8; ++i) {
            assert(anchored(bytes32(uint256(i)), i) == i);
        }
        vm.prank(controller);
        registry.setOperator(issuer, operator, false);
        vm.prank(controller);
        registry.setOperator(issuer, newOperator, true);
        vm.prank(controller);
        registry.retire(issuer);
        assert(registry.isOperator(issuer, newOperator) && !registry.isOperator(issuer, operator));
        assert(registry.partyOf(issuer).sequence == batches % 8);
        assert(registry.partyOf(issuer).retiredAt == block.timestamp);
        vm.prank(controller);
        registry.setOperator(issuer, newOperator, false);
        assert(registry.partyOf(issuer).sequence == batches % 8);
        assert(registry.partyOf(issuer).retiredAt == block.timestamp);
    }

    function test_setOperator_zero() external {
        vm.expectRevert(abi.encodeWithSelector(IParties.InvalidOperator.selector, issuer));
        vm.prank(controller);
        registry.setOperator(issuer, address(0), true);
    }

    function test_transferController() external {
        vm.expectEmit(address(registry));
        emit IParties.ControllerOffered(issuer, controller, stranger, registry.operatorsOf(issuer));
        vm.prank(controller);
        registry.transferController(issuer, stranger);
        vm.expectRevert(abi.encodeWithSelector(IParties.NotPendingController.selector, issuer, operator));
        vm.prank(operator);
        registry.acceptController(issuer);
        vm.expectEmit(address(registry));
        emit IParties.ControllerChanged(issuer, controller, stranger, registry.operatorsOf(issuer));
        vm.prank(stranger);
        registry.acceptController(issuer);
        assert(registry.partyOf(issuer).controller == stranger);
        assert(registry.partyOf(issuer).pendingController == address(0));
    }

    function test_acceptController_unknownParty() external {
        vm.expectRevert(abi.encodeWithSelector(IParties.UnknownParty.selector, 9));
        vm.prank(address(0));
        registry.acceptController(9);
    }

    function test_retire() external {
        vm.expectEmit(address(registry));
        emit IParties.PartyRetired(issuer);
        vm.prank(controller);
        registry.retire(issuer);
        bytes memory refusal = abi.encodeWithSelector(IParties.PartyIsRetired.selector, issuer, block.timestamp);
        vm.expectRevert(refusal);
        vm.prank(controller);
        registry.retire(issuer);
        vm.expectRevert(refusal);
        vm.prank(operator);
        registry.anchor(issuer, ROOT, 1);
    }
}
