// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {IBatches} from "../src/IBatches.sol";
import {IParties} from "../src/IParties.sol";
import {IStatuses} from "../src/IStatuses.sol";
import {Purpose, Reason} from "../src/Reasons.sol";
import {Vm} from "./Test.sol";

/// @title Ledger: the state of the registry as somebody sees it who has nothing but its events.
/// @dev Each event is also checked against those before it, as an auditor would: what must never happen fails here.
contract Ledger {
    struct Anchor {
        uint64 issuer;
        bytes32 root;
    }

    uint64 public partyCount;
    Anchor[] private _anchors;
    mapping(uint64 party => IParties.Party) private _parties;
    mapping(uint64 party => mapping(address account => bool)) public isOperator;
    mapping(address operator => uint64) public defaultIssuerOf;
    mapping(uint64 issuer => mapping(bytes32 root => IBatches.Batch)) private _batches;
    mapping(uint64 issuer => mapping(bytes32 root => mapping(Purpose => mapping(uint32 word => uint256)))) private
        _words;
    mapping(uint64 issuer => mapping(bytes32 root => mapping(uint32 word => uint256))) public everRevoked;
    mapping(uint64 party => uint256) public operatorCount;
    mapping(uint64 issuer => mapping(bytes32 digest => IStatuses.DigestStatus)) private _digests;
    mapping(uint64 issuer => mapping(bytes32 digest => bool)) public everRevokedDigest;

    function partyOf(uint64 party) external view returns (IParties.Party memory) {
        return _parties[party];
    }

    function batchOf(uint64 issuer, bytes32 root) external view returns (IBatches.Batch memory) {
        return _batches[issuer][root];
    }

    /// @dev Every anchor there was, in the order of the events.
    function anchors() external view returns (Anchor[] memory) {
        return _anchors;
    }

    /// @dev As the contract tells it: all leaves of a voided batch are revoked.
    function wordOf(uint64 issuer, bytes32 root, Purpose purpose, uint32 word) external view returns (uint256) {
        IBatches.Batch storage batch = _batches[issuer][root];
        if (purpose == Purpose.Revocation && batch.voidedAt != 0) return leavesOf(word, batch.leafCount);
        return _words[issuer][root][purpose][word];
    }

    function digestStatusOf(uint64 issuer, bytes32 digest) external view returns (IStatuses.DigestStatus memory) {
        return _digests[issuer][digest];
    }

    /// @dev Whether the list has every operator of the party once and nobody else.
    function areOperators(uint64 party, address[] calldata list) external view returns (bool) {
        return _areOperators(party, list);
    }

    /// @dev The bits of a word that stand for leaves, one by one.
    function leavesOf(uint32 word, uint32 leafCount) public pure returns (uint256 bits) {
        for (uint256 bit = 0; bit < 256; ++bit) {
            if (uint256(word) * 256 + bit < leafCount) bits |= 1 << bit;
        }
    }

    /// @dev Take note of the events of one transaction.
    function record(Vm.Log[] calldata logs) external {
        for (uint256 i = 0; i < logs.length; ++i) {
            _record(logs[i].topics, logs[i].data);
        }
    }

    function _record(bytes32[] calldata topics, bytes calldata data) private {
        bytes32 kind = topics[0];
        if (kind == IBatches.DefaultIssuerSet.selector) {
            defaultIssuerOf[address(uint160(uint256(topics[1])))] = uint64(uint256(topics[2]));
            return;
        }
        uint64 party = uint64(uint256(topics[1]));
        if (kind == IParties.PartyRegistered.selector) _registered(party, topics, data);
        else if (_ofParty(kind, party, topics, data)) return;
        else if (_ofDigest(kind, party, topics[2], data)) return;
        else if (_ofBatch(kind, party, topics[2], data)) return;
        else assert(kind == IStatuses.Superseded.selector);
    }

    function _registered(uint64 party, bytes32[] calldata topics, bytes calldata data) private {
        assert(party == ++partyCount);
        IParties.Party storage stored = _parties[party];
        stored.controller = address(uint160(uint256(topics[2])));
        stored.registeredAt = uint48(block.timestamp);
        (stored.uri, stored.profileHash) = abi.decode(data, (string, bytes32));
    }

    function _ofParty(bytes32 kind, uint64 party, bytes32[] calldata topics, bytes calldata data)
        private
        returns (bool)
    {
        IParties.Party storage stored = _parties[party];
        if (kind == IParties.ProfileSet.selector) {
            (stored.uri, stored.profileHash) = abi.decode(data, (string, bytes32));
        } else if (kind == IParties.OperatorSet.selector) {
            (address operator, bool allowed) = (address(uint160(uint256(topics[2]))), abi.decode(data, (bool)));
            assert(operator != address(0) && isOperator[party][operator] != allowed);
            isOperator[party][operator] = allowed;
            operatorCount[party] = allowed ? operatorCount[party] + 1 : operatorCount[party] - 1;
        } else if (kind == IParties.ControllerOffered.selector) {
            stored.pendingController = address(uint160(uint256(topics[3])));
            assert(_areOperators(party, abi.decode(data, (address[]))));
        } else if (kind == IParties.ControllerChanged.selector) {
            stored.controller = address(uint160(uint256(topics[3])));
            stored.pendingController = address(0);
            assert(_areOperators(party, abi.decode(data, (address[]))));
        } else if (kind == IParties.PartyRetired.selector) {
            assert(stored.retiredAt == 0);
            stored.retiredAt = uint48(block.timestamp);
        } else {
            return false;
        }
        return true;
    }

    function _ofDigest(bytes32 kind, uint64 issuer, bytes32 digest, bytes calldata data) private returns (bool) {
        bool revoked = kind == IStatuses.DigestRevoked.selector;
        bool suspended = kind == IStatuses.DigestSuspended.selector;
        if (!revoked && !suspended && kind != IStatuses.DigestReinstated.selector) return false;
        (Reason reason, address operator) = abi.decode(data, (Reason, address));
        assert(isOperator[issuer][operator]);
        ++_parties[issuer].digestChanges;
        IStatuses.DigestStatus storage status = _digests[issuer][digest];
        if (revoked) {
            assert(status.revokedAt == 0);
            (status.revokedAt, status.revocationReason) = (uint48(block.timestamp), reason);
            everRevokedDigest[issuer][digest] = true;
        } else {
            assert((status.suspendedAt == 0) == suspended);
            status.suspendedAt = suspended ? uint48(block.timestamp) : 0;
            status.suspensionReason = suspended ? reason : Reason.Unspecified;
        }
        return true;
    }

    function _areOperators(uint64 party, address[] memory list) private view returns (bool) {
        for (uint256 i = 0; i < list.length; ++i) {
            if (!isOperator[party][list[i]]) return false;
            for (uint256 before = 0; before < i; ++before) {
                if (list[before] == list[i]) return false;
            }
        }
        return list.length == operatorCount[party];
    }

    function _ofBatch(bytes32 kind, uint64 issuer, bytes32 root, bytes calldata data) private returns (bool) {
        IBatches.Batch storage batch = _batches[issuer][root];
        if (kind == IBatches.Anchored.selector) {
            _anchored(issuer, root, data);
        } else if (kind == IBatches.LeafCountStated.selector) {
            assert(batch.sequence != 0 && batch.leafCount == 0);
            (batch.leafCount,) = abi.decode(data, (uint32, address));
        } else if (kind == IStatuses.BatchVoided.selector) {
            assert(batch.sequence != 0 && batch.voidedAt == 0);
            batch.voidedAt = uint48(block.timestamp);
            (batch.voidReason,) = abi.decode(data, (Reason, address));
        } else if (kind == IStatuses.StatusSet.selector) {
            (Purpose purpose, uint32 word, uint256 changed,,) =
                abi.decode(data, (Purpose, uint32, uint256, Reason, address));
            _change(issuer, root, purpose, word, changed, false);
        } else if (kind == IStatuses.SuspensionCleared.selector) {
            (uint32 word, uint256 changed,,) = abi.decode(data, (uint32, uint256, Reason, address));
            _change(issuer, root, Purpose.Suspension, word, changed, true);
        } else {
            return false;
        }
        return true;
    }

    function _anchored(uint64 issuer, bytes32 root, bytes calldata data) private {
        (uint32 leafCount, uint32 sequence, address operator) = abi.decode(data, (uint32, uint32, address));
        IParties.Party storage party = _parties[issuer];
        assert(party.registeredAt != 0 && party.retiredAt == 0 && isOperator[issuer][operator]);
        assert(_batches[issuer][root].sequence == 0 && sequence == party.sequence + 1);
        party.sequence = sequence;
        _batches[issuer][root] =
            IBatches.Batch(uint48(block.timestamp), uint48(block.number), leafCount, sequence, 0, Reason.Unspecified);
        _anchors.push(Anchor(issuer, root));
    }

    /// @dev The event names only bits that did change, all of them leaves of a batch that holds.
    function _change(uint64 issuer, bytes32 root, Purpose purpose, uint32 word, uint256 changed, bool cleared) private {
        IBatches.Batch storage batch = _batches[issuer][root];
        assert(changed != 0 && batch.voidedAt == 0 && changed & ~leavesOf(word, batch.leafCount) == 0);
        uint256 before = _words[issuer][root][purpose][word];
        assert(before & changed == (cleared ? changed : 0));
        _words[issuer][root][purpose][word] = before ^ changed;
        if (purpose == Purpose.Revocation) everRevoked[issuer][root][word] |= changed;
    }
}
