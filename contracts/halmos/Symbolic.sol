// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

/// @dev The cheat codes that halmos understands and these proofs use.
interface Vm {
    function assume(bool condition) external pure;
    function prank(address sender) external;
    function roll(uint256 number) external;
    function warp(uint256 timestamp) external;
}

/// @dev Values of halmos's own: every value they could have is meant.
interface Svm {
    function createAddress(string memory name) external pure returns (address);
    function createBytes32(string memory name) external pure returns (bytes32);
    function createUint256(string memory name) external pure returns (uint256);
    function createCalldata(string memory contractName) external pure returns (bytes memory);
}

/// @dev The base of all proofs. A function whose name begins with `check_` is proved for every value of its arguments.
abstract contract Symbolic {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    Svm internal constant svm = Svm(address(uint160(uint256(keccak256("svm cheat code")))));
}
