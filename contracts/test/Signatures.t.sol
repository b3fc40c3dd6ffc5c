// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {CredentialRegistry} from "../src/CredentialRegistry.sol";
import {IBatches} from "../src/IBatches.sol";
import {IParties} from "../src/IParties.sol";
import {Reason} from "../src/Reasons.sol";
import {RegistryTest} from "./RegistryTest.sol";
import {SafeLikeWallet} from "./SafeLikeWallet.sol";

/// @dev A wallet that answers with given bytes, or reverts with them.
contract OddWallet {
    bytes private _answer;
    bool private _fails;

    constructor(bytes memory answer, bool fails) {
        (_answer, _fails) = (answer, fails);
    }

    fallback() external {
        bytes memory answer = _answer;
        bool fails = _fails;
        assembly {
            if fails { revert(add(answer, 32), mload(answer)) }
            return(add(answer, 32), mload(answer))
        }
    }
}

/// @dev Anchors that an operator signed; the cases are in Signatures.tree.
contract SignaturesTest is RegistryTest {
    uint256 private constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    uint256 private constant FIRST_KEY = 0xB0B;
    uint256 private constant SECOND_KEY = 0xCAFE;
    uint256 private constant FOREVER = type(uint256).max;
    uint32 private constant LEAVES = 5;
    /// @dev The compiler takes `block.chainid` for the same throughout a call, so it is not kept in a variable.
    uint256 private constant FORGE_CHAIN = 31_337;

    struct Domain {
        string name;
        string version;
        uint256 chain;
        address verifier;
    }

    function testFuzz_deadline(uint256 deadline, uint48 late) external {
        deadline = between(deadline, block.timestamp, type(uint64).max);
        bytes memory signature = _sign(OPERATOR_KEY, _hash(deadline));
        vm.warp(deadline + 1 + late);
        _refuse(abi.encodeWithSelector(IBatches.SignatureExpired.selector, deadline));
        _send(operator, deadline, signature);
        _refuseSignature(operator);
        _send(operator, FOREVER, signature);
        vm.warp(deadline);
        _send(operator, deadline, signature);
    }

    function testFuzz_anyOtherValue(uint64 party, bytes32 root, uint32 leafCount, uint256 deadline) external {
        vm.assume(leafCount > 0 && deadline >= block.timestamp);
        vm.assume(party != issuer || root != ROOT || leafCount != LEAVES || deadline != FOREVER);
        bytes memory signature = _sign(OPERATOR_KEY, _hash(FOREVER));
        _refuse(abi.encodeWithSelector(IBatches.InvalidSignature.selector, party, operator));
        registry.anchorBySignature(party, root, leafCount, operator, deadline, signature);
    }

    function test_noLeaves() external {
        _refuse(abi.encodeWithSelector(IBatches.EmptyBatch.selector, issuer, ROOT));
        registry.anchorBySignature(issuer, ROOT, 0, operator, FOREVER, "");
    }

    function testFuzz_anotherChain(uint64 chain) external {
        vm.assume(chain > 0 && chain != FORGE_CHAIN);
        bytes memory signature = _sign(OPERATOR_KEY, _hash(FOREVER));
        vm.chainId(chain);
        _refuseSignature(operator);
        _send(operator, FOREVER, signature);
        vm.chainId(FORGE_CHAIN);
        _send(operator, FOREVER, signature);
    }

    function test_anotherContract() external {
        CredentialRegistry second = new CredentialRegistry();
        vm.prank(operator);
        assert(second.registerParty("", 0) == issuer);
        bytes memory signature = _sign(OPERATOR_KEY, _hash(FOREVER));
        _refuseSignature(operator);
        second.anchorBySignature(issuer, ROOT, LEAVES, operator, FOREVER, signature);
        _send(operator, FOREVER, signature);
    }

    function test_anotherNameOrVersion() external {
        Domain memory domain = Domain("Testament", "2", block.chainid, address(registry));
        bytes memory signature = _sign(OPERATOR_KEY, _hashIn(domain, FOREVER));
        _refuseSignature(operator);
        _send(operator, FOREVER, signature);
        domain = Domain("Testamur", "1", block.chainid, address(registry));
        signature = _sign(OPERATOR_KEY, _hashIn(domain, FOREVER));
        _refuseSignature(operator);
        _send(operator, FOREVER, signature);
        domain = Domain("Testamur", "2", block.chainid, address(registry));
        _send(operator, FOREVER, _sign(OPERATOR_KEY, _hashIn(domain, FOREVER)));
    }

    function testFuzz_secondForm(uint256 deadline) external {
        vm.assume(deadline >= block.timestamp);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(OPERATOR_KEY, _hash(deadline));
        bytes32 mirrored = bytes32(ORDER - uint256(s));
        // The curve itself takes both for the operator's.
        assert(ecrecover(_hash(deadline), 55 - v, r, mirrored) == operator);
        _refuseSignature(operator);
        _send(operator, deadline, abi.encodePacked(r, mirrored, 55 - v));
        _refuseSignature(operator);
        _send(operator, deadline, abi.encodePacked(r, bytes32(uint256(s) | uint256(v - 27) << 255)));
        _refuseSignature(operator);
        _send(operator, deadline, abi.encodePacked(r, s, v, uint8(0)));
        _send(operator, deadline, abi.encodePacked(r, s, v));
    }

    function testFuzz_garbage(bytes calldata signature, address account) external {
        vm.assume(account.code.length == 0 && uint160(account) > 0xffff);
        _refuseSignature(account);
        _send(account, FOREVER, signature);
    }

    function test_zeroAddress() external {
        _refuseSignature(address(0));
        _send(address(0), FOREVER, new bytes(65));
    }

    function testFuzz_notAnOperator(uint128 key) external {
        vm.assume(key != 0 && key != OPERATOR_KEY);
        bytes memory signature = _sign(key, _hash(FOREVER));
        _refuse(abi.encodeWithSelector(IParties.NotOperator.selector, issuer, vm.addr(key)));
        _send(vm.addr(key), FOREVER, signature);
    }

    function test_removedOperator() external {
        bytes memory signature = _sign(OPERATOR_KEY, _hash(FOREVER));
        vm.prank(controller);
        registry.setOperator(issuer, operator, false);
        _refuse(abi.encodeWithSelector(IParties.NotOperator.selector, issuer, operator));
        _send(operator, FOREVER, signature);
    }

    function test_retiredIssuer() external {
        bytes memory signature = _sign(OPERATOR_KEY, _hash(FOREVER));
        vm.prank(controller);
        registry.retire(issuer);
        _refuse(abi.encodeWithSelector(IParties.PartyIsRetired.selector, issuer, block.timestamp));
        _send(operator, FOREVER, signature);
    }

    function test_replay() external {
        bytes memory signature = _sign(OPERATOR_KEY, _hash(FOREVER));
        _send(operator, FOREVER, signature);
        bytes memory thrown = abi.encodeWithSelector(IBatches.AlreadyAnchored.selector, issuer, ROOT, 1);
        _refuse(thrown);
        _send(operator, FOREVER, signature);
        vm.prank(controller);
        registry.voidBatch(issuer, ROOT, Reason.IssuedInError);
        _refuse(thrown);
        _send(operator, FOREVER, signature);
    }

    function test_replay_ofAnAnchorThatWasSent() external {
        bytes memory signature = _sign(OPERATOR_KEY, _hash(FOREVER));
        anchored(ROOT, 7);
        _refuse(abi.encodeWithSelector(IBatches.AlreadyAnchored.selector, issuer, ROOT, 1));
        _send(operator, FOREVER, signature);
        assert(registry.batchOf(issuer, ROOT).leafCount == 7);
    }

    function testFuzz_frontRunning(address attacker) external {
        vm.assume(attacker != operator && attacker != address(0));
        bytes memory signature = _sign(OPERATOR_KEY, _hash(FOREVER));
        vm.prank(attacker);
        uint64 own = registry.registerParty("", 0);
        vm.prank(attacker);
        assert(registry.anchor(own, ROOT, 99) == 1);
        vm.expectEmit(address(registry));
        emit IBatches.Anchored(issuer, ROOT, LEAVES, 1, operator);
        vm.prank(attacker);
        registry.anchorBySignature(issuer, ROOT, LEAVES, operator, FOREVER, signature);
        assert(registry.batchOf(issuer, ROOT).leafCount == LEAVES);
        assert(registry.batchOf(own, ROOT).leafCount == 99);
    }

    function test_wallet() external {
        SafeLikeWallet wallet = _wallet();
        bytes32 wanted = wallet.messageHash(_hash(FOREVER));
        bytes memory one = _sign(FIRST_KEY, wanted);
        bytes memory two = _sign(SECOND_KEY, wanted);
        if (vm.addr(FIRST_KEY) > vm.addr(SECOND_KEY)) (one, two) = (two, one);
        bytes[] memory bad = new bytes[](5);
        bad[0] = one;
        bad[1] = abi.encodePacked(one, one);
        bad[2] = abi.encodePacked(two, one);
        bad[3] = abi.encodePacked(one, _sign(OPERATOR_KEY, wanted));
        bad[4] = abi.encodePacked(_sign(FIRST_KEY, _hash(FOREVER)), _sign(SECOND_KEY, _hash(FOREVER)));
        for (uint256 i = 0; i < bad.length; ++i) {
            _refuseSignature(address(wallet));
            _send(address(wallet), FOREVER, bad[i]);
        }
        vm.expectEmit(address(registry));
        emit IBatches.Anchored(issuer, ROOT, LEAVES, 1, address(wallet));
        _send(address(wallet), FOREVER, abi.encodePacked(one, two));
        _refuse(abi.encodeWithSelector(IBatches.AlreadyAnchored.selector, issuer, ROOT, 1));
        _send(address(wallet), FOREVER, abi.encodePacked(one, two));
    }

    function test_wallet_anotherOneOfTheSameOwners() external {
        SafeLikeWallet first = _wallet();
        SafeLikeWallet second = _wallet();
        bytes32 wanted = first.messageHash(_hash(FOREVER));
        bytes memory one = _sign(FIRST_KEY, wanted);
        bytes memory two = _sign(SECOND_KEY, wanted);
        if (vm.addr(FIRST_KEY) > vm.addr(SECOND_KEY)) (one, two) = (two, one);
        _refuseSignature(address(second));
        _send(address(second), FOREVER, abi.encodePacked(one, two));
        _send(address(first), FOREVER, abi.encodePacked(one, two));
    }

    function test_wallet_oddAnswers() external {
        bytes4 magic = SafeLikeWallet.isValidSignature.selector;
        _refuseWallet("", false);
        _refuseWallet(abi.encodePacked(magic), false);
        _refuseWallet(abi.encode(uint256(uint32(magic))), false);
        _refuseWallet(abi.encode(true), false);
        _refuseWallet(abi.encodePacked(magic, bytes28(uint224(1))), false);
        _refuseWallet(abi.encode(magic), true);
    }

    function testFuzz_wallet_oddAnswers(bytes32 answer) external {
        vm.assume(answer != bytes32(SafeLikeWallet.isValidSignature.selector));
        _refuseWallet(abi.encode(answer), false);
    }

    /// @dev A wallet of two owners that both have to sign; an operator of the issuer.
    function _wallet() private returns (SafeLikeWallet wallet) {
        address[] memory owners = new address[](2);
        (owners[0], owners[1]) = (vm.addr(FIRST_KEY), vm.addr(SECOND_KEY));
        wallet = new SafeLikeWallet(owners, 2);
        vm.prank(controller);
        registry.setOperator(issuer, address(wallet), true);
    }

    function _refuseWallet(bytes memory answer, bool fails) private {
        address wallet = address(new OddWallet(answer, fails));
        vm.prank(controller);
        registry.setOperator(issuer, wallet, true);
        _refuseSignature(wallet);
        _send(wallet, FOREVER, "");
    }

    function _refuseSignature(address account) private {
        _refuse(abi.encodeWithSelector(IBatches.InvalidSignature.selector, issuer, account));
    }

    function _refuse(bytes memory thrown) private {
        vm.expectRevert(thrown);
    }

    /// @dev Anybody relays it.
    function _send(address account, uint256 deadline, bytes memory signature) private {
        vm.prank(stranger);
        registry.anchorBySignature(issuer, ROOT, LEAVES, account, deadline, signature);
    }

    function _sign(uint256 key, bytes32 hash) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, hash);
        return abi.encodePacked(r, s, v);
    }

    function _hash(uint256 deadline) private view returns (bytes32) {
        return _hashIn(Domain("Testamur", "2", block.chainid, address(registry)), deadline);
    }

    function _hashIn(Domain memory domain, uint256 deadline) private view returns (bytes32) {
        bytes32 domainHash = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(domain.name)),
                keccak256(bytes(domain.version)),
                domain.chain,
                domain.verifier
            )
        );
        bytes32 typeHash = keccak256("Anchor(uint64 issuer,bytes32 root,uint32 leafCount,uint256 deadline)");
        bytes32 message = keccak256(abi.encode(typeHash, issuer, ROOT, LEAVES, deadline));
        return keccak256(abi.encodePacked(hex"1901", domainHash, message));
    }
}
