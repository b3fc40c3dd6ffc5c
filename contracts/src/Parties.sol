// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";

import {IParties} from "./IParties.sol";
import {PackedParty} from "./PackedParty.sol";

/// @title Parties: organisations, who governs them and who may anchor for them.
abstract contract Parties is IParties {
    using EnumerableSet for EnumerableSet.AddressSet;

    uint256 private constant MOST_OPERATORS = 64;

    struct PartyRecord {
        PackedParty packed;
        address controller;
        uint48 registeredAt;
        /// @dev In the slot of the controller: one that was written before costs less to write.
        uint48 digestChanges;
        address pendingController;
        bytes32 profileHash;
        string uri;
    }

    uint64 private _partyCount;
    mapping(uint64 party => PartyRecord) private _parties;
    /// @dev All operators but the one in the packed party.
    mapping(uint64 party => EnumerableSet.AddressSet) private _otherOperators;

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
        if (allowed) {
            EnumerableSet.AddressSet storage others = _otherOperators[party];
            if (packed.operator() == address(0)) record.packed = packed.withOperator(operator);
            else if (others.length() < MOST_OPERATORS - 1) others.add(operator);
            else revert TooManyOperators(party, MOST_OPERATORS);
        } else if (packed.operator() == operator) {
            record.packed = packed.withOperator(address(0));
        } else {
            _otherOperators[party].remove(operator);
        }
        emit OperatorSet(party, operator, allowed);
    }

    /// @inheritdoc IParties
    function transferController(uint64 party, address controller) external {
        PartyRecord storage record = _controlled(party);
        record.pendingController = controller;
        emit ControllerOffered(party, msg.sender, controller, _operators(record.packed, party));
    }

    /// @inheritdoc IParties
    function acceptController(uint64 party) external {
        PartyRecord storage record = _party(party);
        if (record.pendingController != msg.sender) revert NotPendingController(party, msg.sender);
        address previous = record.controller;
        record.controller = msg.sender;
        record.pendingController = address(0);
        emit ControllerChanged(party, previous, msg.sender, _operators(record.packed, party));
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
            digestChanges: record.digestChanges,
            profileHash: record.profileHash,
            uri: record.uri
        });
    }

    /// @inheritdoc IParties
    function governanceOf(uint64 party) external view returns (address controller, uint48 retiredAt) {
        PartyRecord storage record = _party(party);
        return (record.controller, record.packed.retiredAt());
    }

    /// @inheritdoc IParties
    function operatorsOf(uint64 party) external view returns (address[] memory) {
        return _operators(_parties[party].packed, party);
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

    /// @dev That it has not retired.
    function _requireActive(PackedParty packed, uint64 party) private pure {
        if (packed.retiredAt() != 0) revert PartyIsRetired(party, packed.retiredAt());
    }

    /// @dev The zero address stands for "no packed operator" and therefore never operates.
    function _operates(PackedParty packed, uint64 party, address account) private view returns (bool) {
        if (account == address(0)) return false;
        return packed.operator() == account || _otherOperators[party].contains(account);
    }

    /// @dev All operators: the one in the packed party, where there is one, and the others.
    function _operators(PackedParty packed, uint64 party) private view returns (address[] memory operators) {
        EnumerableSet.AddressSet storage others = _otherOperators[party];
        address first = packed.operator();
        uint256 before = first == address(0) ? 0 : 1;
        operators = new address[](before + others.length());
        if (before == 1) operators[0] = first;
        for (uint256 i = before; i < operators.length; ++i) {
            operators[i] = others.at(i - before);
        }
    }

    function _requireKnown(PartyRecord storage record, uint64 party) private view {
        if (record.registeredAt == 0) revert UnknownParty(party);
    }
}
