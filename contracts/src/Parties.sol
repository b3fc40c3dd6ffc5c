// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {IParties} from "./IParties.sol";
import {PackedParty} from "./PackedParty.sol";

/// @title Parties: organisations, who governs them and who may anchor for them.
abstract contract Parties is IParties {
    struct PartyRecord {
        PackedParty packed;
        address controller;
        uint48 registeredAt;
        address pendingController;
        bytes32 profileHash;
        string uri;
    }

    uint64 private _partyCount;
    mapping(uint64 party => PartyRecord) private _parties;
    /// @dev All operators but the one in the packed party.
    mapping(uint64 party => mapping(address account => bool)) private _otherOperators;

    /// @inheritdoc IParties
    function registerParty(string calldata uri, bytes32 profileHash) external returns (uint64 party) {
        party = ++_partyCount;
        PartyRecord storage record = _parties[party];
        record.packed = record.packed.withOperator(msg.sender);
        record.controller = msg.sender;
        record.registeredAt = uint48(block.timestamp);
        record.profileHash = profileHash;
        record.uri = uri;
        emit PartyRegistered(party, msg.sender, uri, profileHash);
        emit OperatorSet(party, msg.sender, true);
    }

    /// @inheritdoc IParties
    function setProfile(uint64 party, string calldata uri, bytes32 profileHash) external {
        PartyRecord storage record = _controlled(party);
        record.profileHash = profileHash;
        record.uri = uri;
        emit ProfileSet(party, uri, profileHash);
    }

    /// @inheritdoc IParties
    function setOperator(uint64 party, address operator, bool allowed) external {
        PartyRecord storage record = _controlled(party);
        if (operator == address(0)) revert InvalidOperator(party);
        PackedParty packed = record.packed;
        if (_operates(packed, party, operator) == allowed) revert OperatorUnchanged(party, operator, allowed);
        if (allowed && packed.operator() == address(0)) {
            record.packed = packed.withOperator(operator);
        } else if (!allowed && packed.operator() == operator) {
            record.packed = packed.withOperator(address(0));
        } else {
            _otherOperators[party][operator] = allowed;
        }
        emit OperatorSet(party, operator, allowed);
    }

    /// @inheritdoc IParties
    function transferController(uint64 party, address controller) external {
        PartyRecord storage record = _controlled(party);
        record.pendingController = controller;
        emit ControllerOffered(party, msg.sender, controller);
    }

    /// @inheritdoc IParties
    function acceptController(uint64 party) external {
        PartyRecord storage record = _party(party);
        if (record.pendingController != msg.sender) revert NotPendingController(party, msg.sender);
        address previous = record.controller;
        record.controller = msg.sender;
        record.pendingController = address(0);
        emit ControllerChanged(party, previous, msg.sender);
    }

    /// @inheritdoc IParties
    function retire(uint64 party) external {
        PartyRecord storage record = _controlled(party);
        PackedParty packed = record.packed;
        _requireActive(packed, party);
        record.packed = packed.withRetiredAt(block.timestamp);
        emit PartyRetired(party);
    }

    /// @inheritdoc IParties
    function partyOf(uint64 party) external view returns (Party memory) {
        PartyRecord storage record = _party(party);
        return Party({
            controller: record.controller,
            pendingController: record.pendingController,
            registeredAt: record.registeredAt,
            retiredAt: record.packed.retiredAt(),
            sequence: record.packed.sequence(),
            profileHash: record.profileHash,
            uri: record.uri
        });
    }

    /// @inheritdoc IParties
    function partyCount() external view returns (uint64) {
        return _partyCount;
    }

    /// @inheritdoc IParties
    function isOperator(uint64 party, address account) external view returns (bool) {
        return _operates(_parties[party].packed, party, account);
    }

    /// @dev The party's record, once it is sure that there is one.
    function _party(uint64 party) internal view returns (PartyRecord storage record) {
        record = _parties[party];
        _requireKnown(record, party);
    }

    /// @dev The party's record, once it is sure that the sender governs it.
    function _controlled(uint64 party) internal view returns (PartyRecord storage record) {
        record = _parties[party];
        if (record.controller != msg.sender) {
            _requireKnown(record, party);
            revert NotController(party, msg.sender);
        }
    }

    /// @dev The party's record and its packed part, once it is sure that the account is its operator.
    function _operated(uint64 party, address account)
        internal
        view
        returns (PartyRecord storage record, PackedParty packed)
    {
        record = _parties[party];
        packed = record.packed;
        if (!_operates(packed, party, account)) {
            _requireKnown(record, party);
            revert NotOperator(party, account);
        }
    }

    /// @dev As `_operated`, and the party has not retired.
    function _anchoring(uint64 party, address account)
        internal
        view
        returns (PartyRecord storage record, PackedParty packed)
    {
        (record, packed) = _operated(party, account);
        _requireActive(packed, party);
    }

    /// @dev That there is such a party, and that it has not retired.
    function _requireActive(uint64 party) internal view {
        _requireActive(_party(party).packed, party);
    }

    /// @dev That it has not retired.
    function _requireActive(PackedParty packed, uint64 party) internal pure {
        if (packed.retiredAt() != 0) revert PartyIsRetired(party, packed.retiredAt());
    }

    /// @dev The zero address stands for "no packed operator" and therefore never operates.
    function _operates(PackedParty packed, uint64 party, address account) private view returns (bool) {
        if (account == address(0)) return false;
        return packed.operator() == account || _otherOperators[party][account];
    }

    function _requireKnown(PartyRecord storage record, uint64 party) private view {
        if (record.registeredAt == 0) revert UnknownParty(party);
    }
}
