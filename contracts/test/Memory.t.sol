// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {AccreditationHistory, AccreditationState, Change} from "../src/AccreditationHistory.sol";
import {IBatches} from "../src/IBatches.sol";
import {InclusionProof} from "../src/InclusionProof.sol";
import {PackedBatch, PackedBatchParts} from "../src/PackedBatch.sol";
import {PackedParty} from "../src/PackedParty.sol";
import {Reason} from "../src/Reasons.sol";
import {Scope, Scopes} from "../src/Scopes.sol";
import {ReferenceTree} from "./ReferenceTree.sol";
import {RegistryTest} from "./RegistryTest.sol";

/// @dev Leaves garbage wherever the language lets earlier code leave it: in the scratch space, in memory that nobody
/// has taken yet, and in the bits of a word beyond a small number.
abstract contract Dirt {
    error MemoryWasHarmed();

    /// @dev The code in the middle finds dirty memory, and leaves what is not its own as it was.
    modifier inDirtyMemory(uint256 seed) {
        _soil(seed);
        uint256 guard;
        uint256 written;
        assembly ("memory-safe") {
            // A word that is taken, between what was there before and what is free.
            guard := mload(0x40)
            written := not(seed)
            mstore(guard, written)
            mstore(0x40, add(guard, 0x20))
        }
        _;
        bool harmed;
        assembly ("memory-safe") {
            harmed := or(
                or(iszero(eq(mload(guard), written)), iszero(iszero(mload(0x60)))),
                lt(mload(0x40), add(guard, 0x20))
            )
        }
        if (harmed) revert MemoryWasHarmed();
    }

    /// @dev Fill the scratch space and two kilobytes of free memory, which begins at an odd place for an odd seed.
    function _soil(uint256 seed) internal pure {
        assembly ("memory-safe") {
            mstore(0x00, seed)
            let free := add(mload(0x40), and(seed, 0x1f))
            mstore(0x40, free)
            for { let end := add(free, 0x800) } lt(free, end) { free := add(free, 0x20) } {
                mstore(0x00, keccak256(0x00, 0x20))
                mstore(free, mload(0x00))
            }
            mstore(0x00, not(0))
            mstore(0x20, not(seed))
        }
    }

    function _dirty32(uint32 value, uint256 dirt) internal pure returns (uint32 dirty) {
        assembly ("memory-safe") {
            dirty := or(and(value, 0xffffffff), shl(32, dirt))
        }
    }

    function _dirty48(uint48 value, uint256 dirt) internal pure returns (uint48 dirty) {
        assembly ("memory-safe") {
            dirty := or(and(value, 0xffffffffffff), shl(48, dirt))
        }
    }

    function _dirty(address account, uint256 dirt) internal pure returns (address dirty) {
        assembly ("memory-safe") {
            dirty := or(shr(96, shl(96, account)), shl(160, dirt))
        }
    }

    /// @dev The same scope in memory, with garbage above each of its six small numbers.
    function _dirty(Scope memory scope, uint256 dirt) internal pure returns (Scope memory dirty) {
        dirty = Scope(
            scope.field,
            scope.fieldDigits,
            scope.levelMin,
            scope.levelMax,
            scope.qualificationTypes,
            scope.jurisdiction,
            scope.programme
        );
        assembly ("memory-safe") {
            for { let place := 0 } lt(place, 6) { place := add(place, 1) } {
                let word := add(dirty, shl(5, place))
                mstore(word, or(mload(word), shl(32, xor(dirt, place))))
            }
        }
    }
}

/// @dev The libraries as a contract: what is asked in dirty memory, and plainly.
contract Library is Dirt {
    using AccreditationHistory for Change[];
    using Scopes for Scope;

    Change[] private _clean;
    Change[] private _soiled;

    function verify(uint256 seed, bytes32 root, uint256 count, uint256 index, bytes32 leaf, bytes32[] calldata path)
        external
        view
        inDirtyMemory(seed)
        returns (bool)
    {
        return InclusionProof.verify(root, count, index, leaf, path);
    }

    function plainVerify(bytes32 root, uint256 count, uint256 index, bytes32 leaf, bytes32[] calldata path)
        external
        view
        returns (bool)
    {
        return InclusionProof.verify(root, count, index, leaf, path);
    }

    function covers(uint256 seed, Scope memory outer, Scope memory inner)
        external
        pure
        inDirtyMemory(seed)
        returns (bool)
    {
        return _dirty(outer, seed).covers(_dirty(inner, ~seed));
    }

    function plainCovers(Scope memory outer, Scope memory inner) external pure returns (bool) {
        return outer.covers(inner);
    }

    function requireValid(uint256 seed, Scope memory scope) external pure inDirtyMemory(seed) {
        _dirty(scope, seed).requireValid();
    }

    function plainRequireValid(Scope memory scope) external pure {
        scope.requireValid();
    }

    function withOperator(uint256 seed, PackedParty party, address account)
        external
        pure
        inDirtyMemory(seed)
        returns (PackedParty, address)
    {
        PackedParty changed = party.withOperator(_dirty(account, seed));
        return (changed, changed.operator());
    }

    function anchoredNow(uint256 seed, uint32 leaves, uint32 number)
        external
        view
        inDirtyMemory(seed)
        returns (PackedBatch, IBatches.Batch memory)
    {
        PackedBatch batch = PackedBatchParts.anchoredNow(_dirty32(leaves, seed), _dirty32(number, ~seed));
        return (batch, batch.unpacked());
    }

    function withLeafCount(uint256 seed, PackedBatch batch, uint32 leaves)
        external
        pure
        inDirtyMemory(seed)
        returns (PackedBatch)
    {
        return batch.withLeafCount(_dirty32(leaves, seed));
    }

    function add(uint256 seed, AccreditationState state, uint48 effectiveFrom, Reason reason)
        external
        inDirtyMemory(seed)
    {
        _soiled.add(state, _dirty48(effectiveFrom, seed), reason);
    }

    function plainAdd(AccreditationState state, uint48 effectiveFrom, Reason reason) external {
        _clean.add(state, effectiveFrom, reason);
    }

    function asOf(uint256 seed, uint48 time)
        external
        view
        inDirtyMemory(seed)
        returns (AccreditationState, AccreditationState)
    {
        return _soiled.asOf(_dirty48(time, seed));
    }

    function plainAsOf(uint48 time) external view returns (AccreditationState, AccreditationState) {
        return _clean.asOf(time);
    }

    function last(uint256 seed) external view inDirtyMemory(seed) returns (Change memory) {
        return _soiled.last();
    }

    function plainLast() external view returns (Change memory) {
        return _clean.last();
    }
}

/// @dev The libraries answer the same whatever lies in memory and above the small numbers, and harm nothing there.
contract MemoryTest is RegistryTest, Dirt {
    using ReferenceTree for bytes32[];

    struct Dirty {
        uint256 small;
        uint256 longer;
        uint256 account;
        uint256 field;
        uint256 scratch;
        uint256 free;
    }

    Library private code = new Library();

    /// @dev The tests below would prove nothing if the compiler cleaned up before the code under test runs.
    function test_theDirtIsThere() external pure {
        Dirty memory found;
        uint32 small = _dirty32(5, 1);
        uint48 longer = _dirty48(5, 1);
        address account = _dirty(address(5), 1);
        Scope memory scope = _dirty(Scope(1, 2, 3, 4, 5, 6, "7"), 1);
        _soil(1);
        assembly ("memory-safe") {
            let scratch := mload(0x00)
            mstore(found, small)
            mstore(add(found, 0x20), longer)
            mstore(add(found, 0x40), account)
            mstore(add(found, 0x60), mload(scope))
            mstore(add(found, 0x80), scratch)
            mstore(add(found, 0xa0), mload(mload(0x40)))
        }
        assert(found.small == 5 + (1 << 32) && found.longer == 5 + (1 << 48) && found.account == 5 + (1 << 160));
        assert(found.field == 1 + (1 << 32) && found.scratch == type(uint256).max && found.free != 0);
    }

    function testFuzz_verify(uint256 seed, uint256 count, uint256 index, uint256 other, bytes32 wrong) external view {
        count = between(count, 1, 80);
        index = between(index, 0, count - 1);
        other = between(other, 0, count + 1);
        bytes32[] memory leaves = ReferenceTree.leavesOf(count, seed);
        bytes32 root = leaves.root(0, count);
        (bytes32[] memory path,) = leaves.way(0, count, index);
        assert(code.verify(seed, root, count, index, leaves[index], path));
        bytes32 leaf = leaves[index];
        assert(code.verify(seed, root, count, other, leaf, path) == (other == index));
        assert(code.verify(seed, root, count, index, wrong, path) == (wrong == leaf));
        bytes32[] memory longer = path.appended(wrong);
        assert(!code.verify(seed, root, count, index, leaf, longer));
    }

    /// @dev Any nodes at all, which hardly ever prove anything.
    function testFuzz_verify_anything(
        uint256 seed,
        bytes32 root,
        uint256 count,
        uint256 index,
        bytes32 leaf,
        bytes32[] calldata path
    ) external view {
        assert(code.verify(seed, root, count, index, leaf, path) == code.plainVerify(root, count, index, leaf, path));
    }

    function testFuzz_scopes(uint256 seed, Scope memory outer, Scope memory inner, bool alike) external view {
        if (alike) inner.field = outer.field;
        inner.fieldDigits = uint8(between(inner.fieldDigits, 0, 4));
        outer.fieldDigits = uint8(between(outer.fieldDigits, 0, 4));
        assert(code.covers(seed, outer, inner) == code.plainCovers(outer, inner));
        assert(code.covers(seed, outer, outer));
        _sameAnswer(
            address(code),
            abi.encodeCall(code.requireValid, (seed, outer)),
            abi.encodeCall(code.plainRequireValid, (outer))
        );
    }

    function testFuzz_packedParty(uint256 seed, uint256 word, address account) external view {
        (PackedParty changed, address read) = code.withOperator(seed, PackedParty.wrap(word), account);
        assert(read == account);
        assert(PackedParty.unwrap(changed) == (word >> 160 << 160 | uint160(account)));
    }

    function testFuzz_packedBatch(uint256 seed, uint256 word, uint32 leaves, uint32 number) external view {
        (PackedBatch batch, IBatches.Batch memory parts) = code.anchoredNow(seed, leaves, number);
        uint256 expected = uint256(leaves) | uint256(number) << 32 | block.timestamp << 64 | block.number << 112;
        assert(PackedBatch.unwrap(batch) == expected);
        assert(parts.leafCount == leaves && parts.sequence == number);
        assert(parts.anchoredAt == block.timestamp && parts.blockNumber == block.number && parts.voidedAt == 0);
        word = word >> 32 << 32;
        assert(PackedBatch.unwrap(code.withLeafCount(seed, PackedBatch.wrap(word), leaves)) == (word | leaves));
    }

    function testFuzz_history(uint256 seed, uint8[6] calldata states, uint48[6] calldata effects, uint48 time)
        external
    {
        uint48 effective = uint48(block.timestamp);
        for (uint256 i = 0; i < states.length; ++i) {
            vm.warp(block.timestamp + states[i] % 3);
            AccreditationState state = AccreditationState(states[i] % 7);
            effective += effects[i] % 5;
            code.add(seed, state, effective, Reason(effects[i] % 9));
            code.plainAdd(state, effective, Reason(effects[i] % 9));
            assert(keccak256(abi.encode(code.last(seed))) == keccak256(abi.encode(code.plainLast())));
        }
        _sameStates(seed, time);
        for (uint48 moment = 1_799_999_999; moment < 1_800_000_030; ++moment) {
            _sameStates(seed, moment);
        }
    }

    /// @dev Bits beyond a number in the data of a call make no second name for it: such a call is refused.
    function testFuzz_dirtyCallData(uint256 dirt, uint8 bit) external {
        dirt |= 1 << between(bit, 0, 63);
        bytes32 party = bytes32(uint256(issuer));
        bytes memory call = abi.encodeWithSelector(registry.anchor.selector, party, ROOT, uint256(5));
        vm.prank(operator);
        (bool clean,) = address(registry).call(call);
        assert(clean);
        _refused(abi.encodeWithSelector(registry.anchor.selector, party | bytes32(dirt << 64), OTHER_ROOT, 5));
        _refused(abi.encodeWithSelector(registry.anchor.selector, party, OTHER_ROOT, 5 | dirt << 32));
        _refused(abi.encodeWithSelector(registry.setStatus.selector, party, ROOT, 0, dirt << 32, 1, 0));
        _refused(abi.encodeWithSelector(registry.setStatus.selector, party, ROOT, dirt << 8, 0, 1, 0));
        _refused(abi.encodeWithSelector(registry.setStatus.selector, party, ROOT, 0, 0, 1, dirt << 8));
        bytes32 account = bytes32(uint256(uint160(controller)) | dirt << 160);
        _refused(abi.encodeWithSelector(registry.isOperator.selector, party, account));
        assert(registry.partyOf(issuer).sequence == 1);
    }

    function _sameStates(uint256 seed, uint48 time) private view {
        (AccreditationState then, AccreditationState known) = code.asOf(seed, time);
        (AccreditationState cleanThen, AccreditationState cleanKnown) = code.plainAsOf(time);
        assert(then == cleanThen && known == cleanKnown);
    }

    function _sameAnswer(address callee, bytes memory call, bytes memory otherCall) private view {
        (bool done, bytes memory answer) = callee.staticcall(call);
        (bool otherDone, bytes memory otherAnswer) = callee.staticcall(otherCall);
        assert(done == otherDone && keccak256(answer) == keccak256(otherAnswer));
    }

    /// @dev Before any of the contract's own code has a word to say: without data.
    function _refused(bytes memory call) private {
        vm.prank(operator);
        (bool done, bytes memory thrown) = address(registry).call(call);
        assert(!done && thrown.length == 0);
    }
}
