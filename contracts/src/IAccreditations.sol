// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {AccreditationState, Change} from "./AccreditationHistory.sol";
import {IParties} from "./IParties.sol";
import {Reason} from "./Reasons.sol";
import {Scope} from "./Scopes.sol";

/// @notice What the body says of the other party.
/// @dev Numbers are part of the format: add at the end only.
enum Kind {
    AccreditToIssue,
    AccreditToAccredit,
    Recognise
}

/// @title Accreditations: who accredited whom for what and when, and who accepts whose accreditations.
/// @notice Each accreditation is a body's statement about a holder, accepted by the holder; a recognition is one body's
/// own, one-way acceptance of another body. Neither makes anybody trustworthy: whom to start from is the verifier's
/// decision.
/// @dev Two clocks. *Recorded* is the block time of a change. *Effective from* is declared: not before the change before
/// it and never in the future, save for the start of the period. Nothing is overwritten, so each question about a time
/// has two answers: as known then, and as known now. What was known at a time cannot change once a later block is there.
interface IAccreditations {
    /// @notice What an accreditation says; fixed when it is made.
    /// @param body Who says it.
    /// @param holder Of whom: the accredited party, or the recognised body.
    /// @param validFrom First Unix time at which it can hold; it may lie before the record.
    /// @param validUntil First Unix time at which it holds no more; zero for never, with recognitions only.
    /// @param kind What the holder may do by it.
    /// @param scope For what.
    /// @param conditionHash Hash of what the holder has yet to fulfil, by the body's own choice of function; zero for an
    /// unconditional decision. Once it is fulfilled, the body accredits anew without it.
    /// @param evidenceHash Hash of the evidence at `evidenceUri`, by the body's own choice of function; zero for none.
    /// @param evidenceUri Where the decision can be read.
    struct Terms {
        uint64 body;
        uint64 holder;
        uint48 validFrom;
        uint48 validUntil;
        Kind kind;
        Scope scope;
        bytes32 conditionHash;
        bytes32 evidenceHash;
        string evidenceUri;
    }

    /// @notice An accreditation or a recognition.
    /// @param terms What it says.
    /// @param state What it became with the last change, whether or not the period has begun or ended.
    /// @param history All changes in the order of their record.
    struct Accreditation {
        Terms terms;
        AccreditationState state;
        Change[] history;
    }

    /// @notice A body offered an accreditation. It holds nothing until it is accepted.
    event AccreditationOffered(
        uint64 indexed id,
        uint64 indexed body,
        uint64 indexed holder,
        Kind kind,
        Scope scope,
        uint48 validFrom,
        uint48 validUntil,
        bytes32 conditionHash,
        bytes32 evidenceHash,
        string evidenceUri
    );

    /// @notice The holder accepted: the accreditation is active from the start of its period.
    event AccreditationAccepted(uint64 indexed id);

    /// @notice The holder refused.
    event AccreditationRefused(uint64 indexed id);

    /// @notice A body recognised another; active from the start of the period.
    event Recognised(
        uint64 indexed id,
        uint64 indexed body,
        uint64 indexed recognised,
        Scope scope,
        uint48 validFrom,
        uint48 validUntil,
        bytes32 conditionHash,
        bytes32 evidenceHash,
        string evidenceUri
    );

    /// @notice Suspended from that time on.
    event AccreditationSuspended(uint64 indexed id, uint48 effectiveFrom, Reason reason);

    /// @notice Active again from that time on.
    event AccreditationReinstated(uint64 indexed id, uint48 effectiveFrom, Reason reason);

    /// @notice Withdrawn for good from that time on; what was before stands.
    event AccreditationWithdrawn(uint64 indexed id, uint48 effectiveFrom, Reason reason);

    /// @notice Void from the start of its period.
    event AccreditationVoided(uint64 indexed id, Reason reason);

    /// @notice Thrown when no accreditation has that id.
    error UnknownAccreditation(uint64 id);

    /// @notice Thrown by the registry, and handed on as it is, when no party has that id.
    error UnknownParty(uint64 party);

    /// @notice Thrown when a recognition is to be offered, as it needs nobody's acceptance, or something else is to be
    /// a recognition.
    error WrongKind(Kind kind);

    /// @notice Thrown when a party is to accredit or to recognise itself.
    error OwnAccreditation(uint64 party);

    /// @notice Thrown when the end is not after the start, or when an accreditation has no end.
    error InvalidPeriod(uint48 validFrom, uint48 validUntil);

    /// @notice Thrown when what the accreditation is does not let it become that.
    error InvalidChange(uint64 id, AccreditationState from, AccreditationState to);

    /// @notice Thrown when a change is to take effect before the change before it, or in the future.
    error InvalidEffect(uint64 id, uint48 effectiveFrom, uint48 earliest, uint48 latest);

    /// @notice Thrown when the body has made an offer by a signature with that number.
    error NonceUsed(uint64 body, uint256 nonce);

    /// @notice Thrown when the signature is not that of the party's controller over these very values.
    error NotSignedByController(uint64 party, address controller);

    /// @notice Thrown when a path has no link, or more than five.
    error InvalidPathLength(uint256 length);

    /// @notice Thrown when the link at that index, from 0, is not about the body of the next link or about the issuer,
    /// or is not of the kind that this place asks for.
    error BrokenPath(uint256 index, uint64 id);

    /// @notice Thrown when the link at that index, from 0, does not cover the scope that was asked for.
    error ScopeNotCovered(uint256 index, uint64 id);

    /// @notice Thrown when the link at that index, from 0, is wider than the body's own accreditation, the link before.
    error ScopeWidened(uint256 index, uint64 id);

    /// @notice The registry whose parties accredit and recognise each other here; it cannot change.
    function registry() external view returns (IParties);

    /// @notice Offer an accreditation. By the controller of the body; neither party has retired.
    /// @param terms No recognition; its end is mandatory and after its start.
    /// @return id 1 for the first accreditation or recognition, then 2, 3…
    function offerAccreditation(Terms calldata terms) external returns (uint64 id);

    /// @notice Offer what the controller of the body signed; anyone may send it and pay. Neither party has retired.
    /// @dev EIP-712 in the domain "Testamur", version "2":
    /// `Offer(Terms terms,uint256 nonce,uint256 deadline)`
    /// `Scope(uint16 field,uint8 fieldDigits,uint8 levelMin,uint8 levelMax,uint32 qualificationTypes,uint16 jurisdiction,bytes32 programme)`
    /// `Terms(uint64 body,uint64 holder,uint48 validFrom,uint48 validUntil,uint8 kind,Scope scope,bytes32 conditionHash,bytes32 evidenceHash,string evidenceUri)`.
    /// A controller that is a contract answers by EIP-1271. Another controller's signature is worth nothing after a
    /// transfer of control.
    /// @param nonce Any number that the body has not used in a signed offer: each works once, in any order.
    /// @param deadline Last block time, in Unix seconds, at which the signature is good.
    function offerAccreditationBySignature(
        Terms calldata terms,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external returns (uint64 id);

    /// @notice Accept an offer. By the controller of the holder; neither party has retired since the offer.
    /// @dev Possible as long as the offer stands, after its period, too: accreditations of the past can be put on record.
    function acceptAccreditation(uint64 id) external;

    /// @notice Accept what the controller of the holder signed; anyone may send it and pay. Neither party has retired.
    /// @dev EIP-712 `Acceptance(uint64 id,Terms terms,uint256 deadline)`, with `Scope` and `Terms` as with offers. The terms
    /// are in it because after a reorganisation of the chain the same id may stand for another offer. An offer is
    /// accepted once, so a signature works once.
    /// @param deadline Last block time, in Unix seconds, at which the signature is good.
    function acceptAccreditationBySignature(uint64 id, uint256 deadline, bytes calldata signature) external;

    /// @notice Refuse an offer for good. By the controller of the holder.
    function refuseAccreditation(uint64 id) external;

    /// @notice Recognise another body: one way and never passed on. By the controller of the body; neither has retired.
    /// @param terms A recognition. Accepted are the holder's accreditations, so far as they cover what the scope covers. An
    /// end of zero is none.
    /// @return id In the same sequence as accreditations.
    function recognise(Terms calldata terms) external returns (uint64 id);

    /// @notice Suspend an active accreditation or recognition. By the controller of the body.
    /// @param effectiveFrom Not before the last change took effect, and not in the future.
    function suspendAccreditation(uint64 id, uint48 effectiveFrom, Reason reason) external;

    /// @notice Lift a suspension. By the controller of the body, which has not retired.
    /// @param effectiveFrom As with `suspendAccreditation`; that of the suspension undoes it altogether, as known now.
    function reinstateAccreditation(uint64 id, uint48 effectiveFrom, Reason reason) external;

    /// @notice Withdraw an active or suspended accreditation or recognition for good. By the controller of the body.
    /// @param effectiveFrom As with `suspendAccreditation`.
    function withdrawAccreditation(uint64 id, uint48 effectiveFrom, Reason reason) external;

    /// @notice Declare that an accreditation or recognition never held. By the controller of the body.
    /// @dev In any state but refused and void; it takes back an offer, too. Void is the last state.
    function voidAccreditation(uint64 id, Reason reason) external;

    /// @notice The accreditation or recognition with that id; reverts with `UnknownAccreditation` when there is none.
    function accreditationOf(uint64 id) external view returns (Accreditation memory);

    /// @notice How many accreditations and recognitions there are: ids run from 1 to this.
    function accreditationCount() external view returns (uint64);

    /// @notice What an accreditation was at a time. Outside of its period it is None, whatever happened to it.
    /// @dev Reverts with `UnknownAccreditation`. For a time that has not passed, both answers may still change.
    /// @param time Unix time.
    /// @return asKnownThen By what was recorded at that time.
    /// @return asKnownNow By all that is recorded now; Void is void at every time.
    function stateAt(uint64 id, uint48 time)
        external
        view
        returns (AccreditationState asKnownThen, AccreditationState asKnownNow);

    /// @notice Whether an issuer was accredited for a scope at a time, along a path of at most five links.
    /// @dev The first link may be a recognition; then follow accreditations to accredit, and last the issuer's
    /// accreditation to issue. The holder of each link is the body of the next. Each accreditation lies within the one
    /// before it; a recognition only limits what is accepted, so what follows may be wider; every link covers the scope.
    ///
    /// What never changes, shape and scopes, reverts with the link that is wrong: `InvalidPathLength`, `BrokenPath`,
    /// `ScopeNotCovered`, `ScopeWidened`, `UnknownAccreditation`, `InvalidScope`. What depends on the time is the answer.
    /// Retirement of a body is not looked at: what it said stands until it is changed. Nor are conditions: a decision with
    /// conditions holds like any other, and whoever makes a difference reads them in the terms of the links.
    /// @param ids The links, from the body that is trusted to the issuer.
    /// @param scope Of the credential; a part that is "any" is covered by "any" alone.
    /// @param time Unix time of the anchor.
    /// @return asKnownThen Every link was active, by what was recorded at that time.
    /// @return asKnownNow Every link was active, by all that is recorded now.
    /// @return body Where the path starts. The answers mean nothing to whoever does not trust this party: anyone may
    /// register bodies and accredit.
    function checkPath(uint64[] calldata ids, uint64 issuer, Scope calldata scope, uint48 time)
        external
        view
        returns (bool asKnownThen, bool asKnownNow, uint64 body);
}
