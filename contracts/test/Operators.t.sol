// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {IParties} from "../src/IParties.sol";
import {RegistryTest} from "./RegistryTest.sol";

/// @dev Who may act for a party, and who governs it, as others can ask for it; the cases are in Operators.tree.
contract OperatorsTest is RegistryTest {
    uint256 private constant MOST = 64;

    // operatorsOf

    function testFuzz_operators_unknownParty(uint64 unknown) external view {
        vm.assume(unknown == 0 || unknown > registry.partyCount());
        assert(registry.operatorsOf(unknown).length == 0);
    }

    /// @dev Six accounts allowed and removed in any order, the first place among them.
    function testFuzz_operators(uint8[32] calldata changes) external {
        bool[6] memory expected;
        expected[0] = true;
        for (uint256 i = 0; i < changes.length; ++i) {
            uint256 who = changes[i] % 6;
            expected[who] = !expected[who];
            _set(_account(who), expected[who]);
            _expectOperators(expected);
        }
    }

    // setOperator

    /// @dev The limit is the same whoever is removed: the account beside the sequence, or one of the others.
    function testFuzz_operators_atMost(bool fromNone) external {
        if (fromNone) _set(operator, false);
        uint256 count = fromNone ? 0 : 1;
        for (uint256 i = 100; count < MOST; ++i) {
            _set(address(uint160(i)), true);
            ++count;
        }
        assert(registry.operatorsOf(issuer).length == MOST);
        vm.expectRevert(abi.encodeWithSelector(IParties.TooManyOperators.selector, issuer, MOST));
        _set(stranger, true);
        // Whichever place becomes free takes one more, and no second.
        _set(fromNone ? address(100) : operator, false);
        _set(stranger, true);
        assert(registry.operatorsOf(issuer).length == MOST && registry.isOperator(issuer, stranger));
        vm.expectRevert(abi.encodeWithSelector(IParties.TooManyOperators.selector, issuer, MOST));
        _set(address(99), true);
        _set(address(120), false);
        _set(address(99), true);
        assert(registry.operatorsOf(issuer).length == MOST);
    }

    /// @dev The place beside the sequence is free at the beginning: whoever is allowed next gets it, and is not in the list
    /// of the others besides.
    function test_operators_again() external {
        for (uint256 i = 0; i < 2; ++i) {
            _set(stranger, true);
            address[] memory all = registry.operatorsOf(issuer);
            assert(all.length == 2 && all[0] == stranger && all[1] == operator);
            _set(stranger, false);
            assert(registry.operatorsOf(issuer).length == 1 && registry.operatorsOf(issuer)[0] == operator);
            assert(registry.isOperator(issuer, operator) && !registry.isOperator(issuer, stranger));
        }
    }

    // transferController, acceptController

    function testFuzz_events(uint8 count, bool changes) external {
        for (uint256 i = 1; i <= count % 8; ++i) {
            _set(address(uint160(1000 + i)), true);
        }
        address[] memory offered = registry.operatorsOf(issuer);
        assert(offered.length == 1 + count % 8);
        vm.expectEmit(address(registry));
        emit IParties.ControllerOffered(issuer, controller, stranger, offered);
        vm.prank(controller);
        registry.transferController(issuer, stranger);
        if (changes) _set(controller, true);
        address[] memory taken = registry.operatorsOf(issuer);
        assert(taken.length == offered.length + (changes ? 1 : 0));
        vm.expectEmit(address(registry));
        emit IParties.ControllerChanged(issuer, controller, stranger, taken);
        vm.prank(stranger);
        registry.acceptController(issuer);
    }

    // governanceOf

    function testFuzz_governance_unknownParty(uint64 unknown) external {
        vm.assume(unknown == 0 || unknown > registry.partyCount());
        vm.expectRevert(abi.encodeWithSelector(IParties.UnknownParty.selector, unknown));
        registry.governanceOf(unknown);
    }

    function testFuzz_governance(bool handedOver, bool retired, uint16 wait) external {
        vm.warp(block.timestamp + wait);
        address governor = controller;
        if (handedOver) {
            vm.prank(controller);
            registry.transferController(issuer, stranger);
            _expectGovernance();
            vm.prank(stranger);
            registry.acceptController(issuer);
            governor = stranger;
        }
        if (retired) {
            vm.prank(governor);
            registry.retire(issuer);
        }
        vm.warp(block.timestamp + 1);
        _expectGovernance();
        (address found, uint48 retiredAt) = registry.governanceOf(issuer);
        assert(found == governor && retiredAt == (retired ? block.timestamp - 1 : 0));
    }

    function _expectGovernance() private view {
        (address found, uint48 retiredAt) = registry.governanceOf(issuer);
        IParties.Party memory party = registry.partyOf(issuer);
        assert(found == party.controller && retiredAt == party.retiredAt);
    }

    function _expectOperators(bool[6] memory expected) private view {
        address[] memory all = registry.operatorsOf(issuer);
        uint256 count;
        for (uint256 who = 0; who < 6; ++who) {
            uint256 times;
            for (uint256 i = 0; i < all.length; ++i) {
                if (all[i] == _account(who)) ++times;
            }
            assert(times == (expected[who] ? 1 : 0));
            assert(registry.isOperator(issuer, _account(who)) == expected[who]);
            count += times;
        }
        assert(all.length == count && !registry.isOperator(issuer, address(0)));
    }

    function _account(uint256 who) private view returns (address) {
        return who == 0 ? operator : address(uint160(0xACC0 + who));
    }

    function _set(address account, bool allowed) private {
        vm.prank(controller);
        registry.setOperator(issuer, account, allowed);
    }
}
