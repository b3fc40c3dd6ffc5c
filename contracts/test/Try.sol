// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {CredentialRegistry} from "../src/CredentialRegistry.sol";
import {Test, Vm} from "./Test.sol";

/// @title Try: calls of the registry by a few actors, whose events are taken down.
/// @dev A call that the registry refuses is discarded, so that forge counts those that went through.
abstract contract Try is Test {
    uint256 public constant ACTORS = 4;

    CredentialRegistry internal immutable _registry;

    constructor(CredentialRegistry registry) {
        _registry = registry;
    }

    function actor(uint256 pick) public pure returns (address) {
        return vm.addr(pick % ACTORS + 1);
    }

    function _rarely(uint256 pick) internal pure returns (bool) {
        return pick % 16 == 0;
    }

    /// @dev Call the registry and take down what happened.
    function _send(address sender, bytes memory call) internal {
        _send(address(_registry), sender, call);
    }

    /// @dev As above, of a contract beside the registry.
    function _send(address callee, address sender, bytes memory call) internal {
        vm.recordLogs();
        vm.prank(sender);
        (bool accepted,) = callee.call(call);
        vm.assume(accepted);
        _record(vm.getRecordedLogs());
    }

    function _record(Vm.Log[] memory logs) internal virtual;
}
