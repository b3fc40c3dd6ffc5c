// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {Accreditations} from "../src/Accreditations.sol";
import {CredentialRegistry} from "../src/CredentialRegistry.sol";
import {Test} from "./Test.sol";

/// @dev A registry and its accreditations, with one issuer, party 1, whose operator is not its controller.
abstract contract RegistryTest is Test {
    uint256 internal constant OPERATOR_KEY = 0xA11CE;
    bytes32 internal constant ROOT = keccak256("root");
    bytes32 internal constant OTHER_ROOT = keccak256("other root");
    bytes32 internal constant DIGEST = keccak256("credential");

    CredentialRegistry internal registry = new CredentialRegistry();
    Accreditations internal accreditations = new Accreditations(registry);
    address internal controller = address(0xC0);
    address internal operator = vm.addr(OPERATOR_KEY);
    address internal stranger = address(0x57);
    uint64 internal issuer;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        vm.roll(20_000_000);
        vm.prank(controller);
        issuer = registry.registerParty("https://university.example", "profile");
        vm.prank(controller);
        registry.setOperator(issuer, operator, true);
        vm.prank(controller);
        registry.setOperator(issuer, controller, false);
    }

    /// @dev A list of one.
    function only(bytes32 digest) internal pure returns (bytes32[] memory digests) {
        digests = new bytes32[](1);
        digests[0] = digest;
    }

    /// @dev Anchor a batch of the issuer.
    function anchored(bytes32 root, uint32 leafCount) internal returns (uint32 sequence) {
        vm.prank(operator);
        return registry.anchor(issuer, root, leafCount);
    }
}
