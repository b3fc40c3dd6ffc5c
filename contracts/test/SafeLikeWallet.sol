// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

/// @title SafeLikeWallet: a wallet of several owners that answers for signatures as a Safe does (EIP-1271).
/// @dev The owners sign not the hash itself but the hash in the wallet's own domain, so that a signature for one wallet
/// is worth nothing to another one of the same owners. Signatures of 65 bytes follow each other by ascending owner.
contract SafeLikeWallet {
    bytes32 private constant DOMAIN_TYPE = keccak256("EIP712Domain(uint256 chainId,address verifyingContract)");
    bytes32 private constant MESSAGE_TYPE = keccak256("SafeMessage(bytes message)");

    uint256 public immutable threshold;
    mapping(address account => bool) public isOwner;

    constructor(address[] memory owners, uint256 needed) {
        threshold = needed;
        for (uint256 i = 0; i < owners.length; ++i) {
            isOwner[owners[i]] = true;
        }
    }

    /// @notice The magic value when enough owners have signed; reverts otherwise, as a Safe does.
    function isValidSignature(bytes32 hash, bytes calldata signatures) external view returns (bytes4) {
        require(signatures.length >= threshold * 65, "GS020");
        address last = address(0);
        bytes32 wanted = messageHash(hash);
        for (uint256 i = 0; i < threshold; ++i) {
            bytes calldata signature = signatures[i * 65:(i + 1) * 65];
            address owner = ecrecover(wanted, uint8(signature[64]), bytes32(signature[:32]), bytes32(signature[32:64]));
            require(owner > last && isOwner[owner], "GS026");
            last = owner;
        }
        return this.isValidSignature.selector;
    }

    /// @notice What the owners sign.
    function messageHash(bytes32 hash) public view returns (bytes32) {
        bytes32 domain = keccak256(abi.encode(DOMAIN_TYPE, block.chainid, address(this)));
        bytes32 message = keccak256(abi.encode(MESSAGE_TYPE, keccak256(abi.encode(hash))));
        return keccak256(abi.encodePacked(hex"1901", domain, message));
    }
}
