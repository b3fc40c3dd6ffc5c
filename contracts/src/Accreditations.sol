// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {AccreditationHistory, AccreditationState, Change} from "./AccreditationHistory.sol";
import {IAccreditations, Kind} from "./IAccreditations.sol";
import {IBatches} from "./IBatches.sol";
import {IParties} from "./IParties.sol";
import {Reason} from "./Reasons.sol";
import {Scope, Scopes} from "./Scopes.sol";

/// @title Accreditations: who accredited whom for what and when, and who accepts whose accreditations.
/// @notice Nobody can change or stop this contract: it has no owner and no proxy. It is about the parties of one registry.
contract Accreditations is IAccreditations, EIP712, Multicall {
    using AccreditationHistory for Change[];
    using Scopes for Scope;

    uint256 private constant LONGEST_PATH = 5;

    string private constant SCOPE_FIELDS =
        "Scope(uint16 field,uint8 fieldDigits,uint8 levelMin,uint8 levelMax,uint32 qualificationTypes,uint16 jurisdiction,bytes32 programme)";
    string private constant TERMS_FIELDS =
        "Terms(uint64 body,uint64 holder,uint48 validFrom,uint48 validUntil,uint8 kind,Scope scope,bytes32 conditionHash,bytes32 evidenceHash,string evidenceUri)";
    bytes32 private constant SCOPE_TYPE = keccak256(bytes(SCOPE_FIELDS));
    bytes32 private constant TERMS_TYPE = keccak256(abi.encodePacked(TERMS_FIELDS, SCOPE_FIELDS));
    bytes32 private constant OFFER_TYPE =
        keccak256(abi.encodePacked("Offer(Terms terms,uint256 nonce,uint256 deadline)", SCOPE_FIELDS, TERMS_FIELDS));
    bytes32 private constant ACCEPTANCE_TYPE =
        keccak256(abi.encodePacked("Acceptance(uint64 id,Terms terms,uint256 deadline)", SCOPE_FIELDS, TERMS_FIELDS));

    struct AccreditationRecord {
        Terms terms;
        Change[] history;
    }

    /// @inheritdoc IAccreditations
    IParties public immutable registry;

    uint64 private _accreditationCount;
    mapping(uint64 id => AccreditationRecord) private _accreditations;
    mapping(uint64 body => mapping(uint256 nonce => bool)) private _usedNonces;

    /// @param parties The registry whose parties are meant.
    constructor(IParties parties) EIP712("Testamur", "2") {
        registry = parties;
    }

    /// @inheritdoc IAccreditations
    function offerAccreditation(Terms memory terms) external returns (uint64 id) {
        _requireController(terms.body);
        return _offer(terms);
    }

    /// @inheritdoc IAccreditations
    function offerAccreditationBySignature(
        Terms memory terms,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external returns (uint64 id) {
        bytes32 offer = keccak256(abi.encode(OFFER_TYPE, _hashOf(terms), nonce, deadline));
        _requireSigned(terms.body, offer, deadline, signature);
        if (_usedNonces[terms.body][nonce]) revert NonceUsed(terms.body, nonce);
        _usedNonces[terms.body][nonce] = true;
        return _offer(terms);
    }

    /// @inheritdoc IAccreditations
    function acceptAccreditation(uint64 id) external {
        AccreditationRecord storage record = _accreditation(id);
        _requireController(record.terms.holder);
        _accept(record, id);
    }

    /// @inheritdoc IAccreditations
    function acceptAccreditationBySignature(uint64 id, uint256 deadline, bytes calldata signature) external {
        AccreditationRecord storage record = _accreditation(id);
        bytes32 acceptance = keccak256(abi.encode(ACCEPTANCE_TYPE, id, _hashOf(record.terms), deadline));
        _requireSigned(record.terms.holder, acceptance, deadline, signature);
        _accept(record, id);
    }

    /// @inheritdoc IAccreditations
    function refuseAccreditation(uint64 id) external {
        AccreditationRecord storage record = _accreditation(id);
        _requireController(record.terms.holder);
        _answer(record, id, AccreditationState.Refused);
        emit AccreditationRefused(id);
    }

    /// @inheritdoc IAccreditations
    function recognise(Terms memory terms) external returns (uint64 id) {
        _requireController(terms.body);
        if (terms.kind != Kind.Recognise) revert WrongKind(terms.kind);
        if (terms.validUntil != 0 && terms.validUntil <= terms.validFrom) {
            revert InvalidPeriod(terms.validFrom, terms.validUntil);
        }
        id = _store(terms, AccreditationState.Active);
        emit Recognised(
            id,
            terms.body,
            terms.holder,
            terms.scope,
            terms.validFrom,
            terms.validUntil,
            terms.conditionHash,
            terms.evidenceHash,
            terms.evidenceUri
        );
    }

    /// @inheritdoc IAccreditations
    function suspendAccreditation(uint64 id, uint48 effectiveFrom, Reason reason) external {
        _change(id, AccreditationState.Suspended, effectiveFrom, reason);
        emit AccreditationSuspended(id, effectiveFrom, reason);
    }

    /// @inheritdoc IAccreditations
    function reinstateAccreditation(uint64 id, uint48 effectiveFrom, Reason reason) external {
        _change(id, AccreditationState.Active, effectiveFrom, reason);
        emit AccreditationReinstated(id, effectiveFrom, reason);
    }

    /// @inheritdoc IAccreditations
    function withdrawAccreditation(uint64 id, uint48 effectiveFrom, Reason reason) external {
        _change(id, AccreditationState.Withdrawn, effectiveFrom, reason);
        emit AccreditationWithdrawn(id, effectiveFrom, reason);
    }

    /// @inheritdoc IAccreditations
    function voidAccreditation(uint64 id, Reason reason) external {
        AccreditationRecord storage record = _accreditation(id);
        _requireController(record.terms.body);
        AccreditationState from = record.history.last().state;
        if (from == AccreditationState.Refused || from == AccreditationState.Void) {
            revert InvalidChange(id, from, AccreditationState.Void);
        }
        record.history.add(AccreditationState.Void, record.terms.validFrom, reason);
        emit AccreditationVoided(id, reason);
    }

    /// @inheritdoc IAccreditations
    function accreditationOf(uint64 id) external view returns (Accreditation memory) {
        AccreditationRecord storage record = _accreditation(id);
        return Accreditation(record.terms, record.history.last().state, record.history);
    }

    /// @inheritdoc IAccreditations
    function accreditationCount() external view returns (uint64) {
        return _accreditationCount;
    }

    /// @inheritdoc IAccreditations
    function stateAt(uint64 id, uint48 time)
        external
        view
        returns (AccreditationState asKnownThen, AccreditationState asKnownNow)
    {
        return _stateAt(_accreditation(id), time);
    }

    /// @inheritdoc IAccreditations
    function checkPath(uint64[] calldata ids, uint64 issuer, Scope memory scope, uint48 time)
        external
        view
        returns (bool asKnownThen, bool asKnownNow, uint64 body)
    {
        if (ids.length == 0 || ids.length > LONGEST_PATH) revert InvalidPathLength(ids.length);
        scope.requireValid();
        (asKnownThen, asKnownNow) = (true, true);
        // Whom the next link has to be by, and within what; the first may be by anybody.
        uint64 expected = body = _accreditation(ids[0]).terms.body;
        Scope memory wider;
        bool narrows;
        for (uint256 i = 0; i < ids.length; ++i) {
            AccreditationRecord storage link = _accreditation(ids[i]);
            Kind kind = link.terms.kind;
            bool fits = i == ids.length - 1
                ? kind == Kind.AccreditToIssue && link.terms.holder == issuer
                : kind == Kind.AccreditToAccredit || (kind == Kind.Recognise && i == 0);
            if (!fits || link.terms.body != expected) revert BrokenPath(i, ids[i]);
            Scope memory linked = link.terms.scope;
            if (!linked.covers(scope)) revert ScopeNotCovered(i, ids[i]);
            if (narrows && !wider.covers(linked)) revert ScopeWidened(i, ids[i]);
            (AccreditationState then, AccreditationState now_) = _stateAt(link, time);
            asKnownThen = asKnownThen && then == AccreditationState.Active;
            asKnownNow = asKnownNow && now_ == AccreditationState.Active;
            (expected, wider, narrows) = (link.terms.holder, linked, kind != Kind.Recognise);
        }
    }

    function _offer(Terms memory terms) private returns (uint64 id) {
        if (terms.kind == Kind.Recognise) revert WrongKind(terms.kind);
        if (terms.validUntil <= terms.validFrom) revert InvalidPeriod(terms.validFrom, terms.validUntil);
        id = _store(terms, AccreditationState.Offered);
        emit AccreditationOffered(
            id,
            terms.body,
            terms.holder,
            terms.kind,
            terms.scope,
            terms.validFrom,
            terms.validUntil,
            terms.conditionHash,
            terms.evidenceHash,
            terms.evidenceUri
        );
    }

    /// @dev Its period has been looked at.
    function _store(Terms memory terms, AccreditationState state) private returns (uint64 id) {
        _requireBothActive(terms.body, terms.holder);
        if (terms.body == terms.holder) revert OwnAccreditation(terms.body);
        terms.scope.requireValid();
        id = ++_accreditationCount;
        AccreditationRecord storage record = _accreditations[id];
        record.terms = terms;
        record.history.add(state, terms.validFrom, Reason.Unspecified);
    }

    /// @dev Between the offer and its acceptance either party may have retired.
    function _accept(AccreditationRecord storage record, uint64 id) private {
        _requireBothActive(record.terms.body, record.terms.holder);
        _answer(record, id, AccreditationState.Active);
        emit AccreditationAccepted(id);
    }

    /// @dev The holder's answer to an offer, once it is sure that the holder gave it.
    function _answer(AccreditationRecord storage record, uint64 id, AccreditationState to) private {
        AccreditationState from = record.history.last().state;
        if (from != AccreditationState.Offered) revert InvalidChange(id, from, to);
        record.history.add(to, record.terms.validFrom, Reason.Unspecified);
    }

    /// @dev A change to something that was accepted, by the controller of the body.
    function _change(uint64 id, AccreditationState to, uint48 effectiveFrom, Reason reason) private {
        AccreditationRecord storage record = _accreditation(id);
        _requireController(record.terms.body);
        // Of what it said, a body that retired takes back, and puts nothing in force again. Its holder may have retired:
        // the change concerns those whom the holder awarded something before.
        if (to == AccreditationState.Active) _requireActive(record.terms.body);
        Change memory last = record.history.last();
        bool possible = last.state == AccreditationState.Active
            ? to != AccreditationState.Active
            : last.state == AccreditationState.Suspended && to != AccreditationState.Suspended;
        if (!possible) revert InvalidChange(id, last.state, to);
        uint48 latest = uint48(Math.max(block.timestamp, last.effectiveFrom));
        if (effectiveFrom < last.effectiveFrom || effectiveFrom > latest) {
            revert InvalidEffect(id, effectiveFrom, last.effectiveFrom, latest);
        }
        record.history.add(to, effectiveFrom, reason);
    }

    /// @dev Every way into an accreditation or a recognition: both are parties, and neither has retired.
    function _requireBothActive(uint64 body, uint64 holder) private view {
        _requireActive(body);
        _requireActive(holder);
    }

    /// @dev That there is such a party, and that it has not retired.
    function _requireActive(uint64 party) private view {
        (, uint48 retiredAt) = registry.governanceOf(party);
        if (retiredAt != 0) revert IParties.PartyIsRetired(party, retiredAt);
    }

    /// @dev That the sender governs the party.
    function _requireController(uint64 party) private view {
        (address controller,) = registry.governanceOf(party);
        if (controller != msg.sender) revert IParties.NotController(party, msg.sender);
    }

    /// @dev The accreditation's record, once it is sure that there is one.
    function _accreditation(uint64 id) private view returns (AccreditationRecord storage record) {
        record = _accreditations[id];
        if (record.history.length == 0) revert UnknownAccreditation(id);
    }

    function _stateAt(AccreditationRecord storage record, uint48 time)
        private
        view
        returns (AccreditationState asKnownThen, AccreditationState asKnownNow)
    {
        uint48 validUntil = record.terms.validUntil;
        if (time < record.terms.validFrom || (validUntil != 0 && time >= validUntil)) {
            return (AccreditationState.None, AccreditationState.None);
        }
        return record.history.asOf(time);
    }

    function _requireSigned(uint64 party, bytes32 structHash, uint256 deadline, bytes calldata signature) private view {
        if (block.timestamp > deadline) revert IBatches.SignatureExpired(deadline);
        (address controller,) = registry.governanceOf(party);
        if (!SignatureChecker.isValidSignatureNowCalldata(controller, _hashTypedDataV4(structHash), signature)) {
            revert NotSignedByController(party, controller);
        }
    }

    function _hashOf(Terms memory terms) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                TERMS_TYPE,
                terms.body,
                terms.holder,
                terms.validFrom,
                terms.validUntil,
                terms.kind,
                keccak256(abi.encode(SCOPE_TYPE, terms.scope)),
                terms.conditionHash,
                terms.evidenceHash,
                keccak256(bytes(terms.evidenceUri))
            )
        );
    }
}
