// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {CredentialRegistry} from "../src/CredentialRegistry.sol";
import {IBatches} from "../src/IBatches.sol";
import {IStatuses} from "../src/IStatuses.sol";
import {Purpose} from "../src/Reasons.sol";
import {Handler} from "./Handler.sol";
import {Ledger} from "./Ledger.sol";
import {Test} from "./Test.sol";

/// @dev What holds after any course of calls by anybody. For every issuer i, root r, leaf l and times t < u:
/// - anchored(i, r, t) implies anchored(i, r, u), with the same time, block, sequence and, once stated, leaf count;
/// - the sequences of i are 1, 2, …, sequence(i), each once and in the order of time;
/// - revoked(i, r, l, t) implies revoked(i, r, l, u);
/// - revoked(i, d, t), by digest d, implies revoked(i, d, u), and that it is told so of every place in every batch of i;
/// - digestChanges(i) is the number of events about digests of i (counted by the ledger, event by event);
/// - the operators that are told of are those who may act, in events, too (asserted by the ledger);
/// - retired(i, t) implies that no batch of i is anchored at u (asserted by the ledger, event by event);
/// - the state of the contract is a function of its events.
contract InvariantsTest is Test {
    CredentialRegistry private _registry;
    Ledger private _ledger;
    Handler private _handler;

    function setUp() external {
        vm.warp(1_800_000_000);
        vm.roll(20_000_000);
        _registry = new CredentialRegistry();
        _ledger = new Ledger();
        _handler = new Handler(_registry, _ledger);
    }

    /// @dev Forge asks for the contracts that it may call.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @dev The ledger keeps the batch of the one event that there may be for a root.
    function invariant_aRootNeverChanges() external view {
        Ledger.Anchor[] memory anchors = _ledger.anchors();
        for (uint256 i = 0; i < anchors.length; ++i) {
            IBatches.Batch memory first = _ledger.batchOf(anchors[i].issuer, anchors[i].root);
            IBatches.Batch memory now_ = _registry.batchOf(anchors[i].issuer, anchors[i].root);
            assert(now_.anchoredAt == first.anchoredAt && now_.blockNumber == first.blockNumber);
            assert(now_.sequence == first.sequence && now_.leafCount == first.leafCount);
        }
    }

    function invariant_sequencesAreContiguous() external view {
        uint32[] memory last = new uint32[](_handler.PARTIES() + 1);
        uint48[] memory time = new uint48[](_handler.PARTIES() + 1);
        Ledger.Anchor[] memory anchors = _ledger.anchors();
        for (uint256 i = 0; i < anchors.length; ++i) {
            uint64 issuer = anchors[i].issuer;
            IBatches.Batch memory batch = _registry.batchOf(issuer, anchors[i].root);
            assert(batch.sequence == ++last[issuer] && batch.anchoredAt >= time[issuer]);
            time[issuer] = batch.anchoredAt;
        }
        for (uint64 party = 1; party <= _handler.PARTIES(); ++party) {
            assert(_registry.partyOf(party).sequence == last[party]);
        }
    }

    function invariant_aRevocationIsNeverUndone() external view {
        Ledger.Anchor[] memory anchors = _ledger.anchors();
        for (uint256 i = 0; i < anchors.length; ++i) {
            (uint64 issuer, bytes32 root) = (anchors[i].issuer, anchors[i].root);
            IBatches.Batch memory batch = _registry.batchOf(issuer, root);
            for (uint32 word = 0; uint256(word) * 256 < batch.leafCount; ++word) {
                uint256 bits = _registry.statusWords(issuer, root, Purpose.Revocation, word, 1)[0];
                assert(_ledger.everRevoked(issuer, root, word) & ~bits == 0);
                if (batch.voidedAt != 0) assert(bits == _ledger.leavesOf(word, batch.leafCount));
            }
        }
    }

    /// @dev Whatever else was anchored, voided, suspended or reinstated, and whoever operates now: a digest that was once
    /// revoked reads so by itself and in each place of each batch, wherever one puts it.
    function invariant_aRevokedDigestIsNeverInForce() external view {
        bytes32[] memory digests = new bytes32[](_handler.DIGESTS());
        for (uint256 i = 0; i < digests.length; ++i) {
            digests[i] = _handler.digest(i);
        }
        Ledger.Anchor[] memory anchors = _ledger.anchors();
        for (uint64 party = 1; party <= _handler.PARTIES(); ++party) {
            IStatuses.DigestStatus[] memory found = _registry.digestStatusesOf(party, digests);
            for (uint256 i = 0; i < digests.length; ++i) {
                bool revoked = _ledger.everRevokedDigest(party, digests[i]);
                assert((found[i].revokedAt != 0) == revoked);
                for (uint256 place = 0; revoked && place < anchors.length; ++place) {
                    if (anchors[place].issuer == party) _readsAsRevoked(party, anchors[place].root, digests[i]);
                }
            }
        }
    }

    function _readsAsRevoked(uint64 issuer, bytes32 root, bytes32 digest) private view {
        uint32 leafCount = _registry.batchOf(issuer, root).leafCount;
        try _registry.statusOf(issuer, root, leafCount == 0 ? 0 : leafCount - 1, digest) returns (bool revoked, bool) {
            assert(revoked);
        } catch (bytes memory thrown) {
            assert(leafCount == 0);
            _same(thrown, abi.encodeWithSelector(IBatches.LeafCountUnstated.selector, issuer, root));
        }
    }

    function invariant_digestStatusesFollowFromEvents() external view {
        for (uint64 party = 1; party <= _handler.PARTIES(); ++party) {
            for (uint256 i = 0; i < _handler.DIGESTS(); ++i) {
                bytes32[] memory digests = new bytes32[](1);
                digests[0] = _handler.digest(i);
                IStatuses.DigestStatus memory found = _registry.digestStatusesOf(party, digests)[0];
                _same(abi.encode(found), abi.encode(_ledger.digestStatusOf(party, digests[0])));
            }
        }
    }

    function invariant_partiesFollowFromEvents() external view {
        assert(_registry.partyCount() == _ledger.partyCount());
        for (uint64 party = 1; party <= _handler.PARTIES(); ++party) {
            _same(abi.encode(_registry.partyOf(party)), abi.encode(_ledger.partyOf(party)));
            assert(_ledger.areOperators(party, _registry.operatorsOf(party)));
            (address controller, uint48 retiredAt) = _registry.governanceOf(party);
            assert(controller == _ledger.partyOf(party).controller && retiredAt == _ledger.partyOf(party).retiredAt);
            for (uint256 i = 0; i < _handler.ACTORS(); ++i) {
                address actor = _handler.actor(i);
                assert(_registry.isOperator(party, actor) == _ledger.isOperator(party, actor));
            }
        }
        for (uint256 i = 0; i < _handler.ACTORS(); ++i) {
            assert(_registry.defaultIssuerOf(_handler.actor(i)) == _ledger.defaultIssuerOf(_handler.actor(i)));
        }
    }

    function invariant_batchesAndStatusesFollowFromEvents() external view {
        for (uint64 party = 1; party <= _handler.PARTIES(); ++party) {
            for (uint256 i = 0; i < _handler.ROOTS(); ++i) {
                bytes32 root = _handler.root(i);
                try _registry.batchOf(party, root) returns (IBatches.Batch memory batch) {
                    _same(abi.encode(batch), abi.encode(_ledger.batchOf(party, root)));
                    _sameStatuses(party, root, batch.leafCount);
                } catch (bytes memory thrown) {
                    _same(thrown, abi.encodeWithSelector(IBatches.UnknownBatch.selector, party, root));
                    assert(_ledger.batchOf(party, root).sequence == 0);
                }
            }
        }
    }

    /// @dev Of a batch whose leaves nobody has counted, nothing is told.
    function _sameStatuses(uint64 issuer, bytes32 root, uint32 leafCount) private view {
        uint32 words = (leafCount + 255) / 256;
        for (uint8 purpose = 0; purpose < 2; ++purpose) {
            try _registry.statusWords(issuer, root, Purpose(purpose), 0, words) returns (uint256[] memory found) {
                assert(leafCount != 0 && found.length == words);
                for (uint32 word = 0; word < words; ++word) {
                    assert(found[word] == _ledger.wordOf(issuer, root, Purpose(purpose), word));
                }
            } catch (bytes memory thrown) {
                assert(leafCount == 0);
                _same(thrown, abi.encodeWithSelector(IBatches.LeafCountUnstated.selector, issuer, root));
            }
        }
    }

    function _same(bytes memory one, bytes memory other) private pure {
        assert(keccak256(one) == keccak256(other));
    }
}
