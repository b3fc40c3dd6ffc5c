// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

/// @title Parties: organisations, who governs them and who may anchor for them.
/// @notice Anyone may register. Whom to believe is the verifier's decision, never this contract's.
interface IParties {
    /// @notice An organisation.
    /// @param controller The address that governs it.
    /// @param pendingController The address control was offered to; zero when to none.
    /// @param registeredAt Block time of the registration.
    /// @param retiredAt Block time from which it anchors no more; zero while it is active.
    /// @param sequence How many batches it has anchored.
    /// @param digestChanges How often it changed what it says of a digest: as many events tell of it, and none is hidden.
    /// @param profileHash Hash of the profile at `uri`, by the party's own choice of function; zero for none.
    /// @param uri Where the party describes itself.
    struct Party {
        address controller;
        address pendingController;
        uint48 registeredAt;
        uint48 retiredAt;
        uint32 sequence;
        uint48 digestChanges;
        bytes32 profileHash;
        string uri;
    }

    /// @notice A party was registered; `controller` is also its first operator.
    event PartyRegistered(uint64 indexed party, address indexed controller, string uri, bytes32 profileHash);

    /// @notice A party changed what it says about itself.
    event ProfileSet(uint64 indexed party, string uri, bytes32 profileHash);

    /// @notice An address may anchor for the party from now on, or no longer.
    event OperatorSet(uint64 indexed party, address indexed operator, bool allowed);

    /// @notice Control of the party was offered; to the zero address: the offer was withdrawn.
    /// @param operators Who may anchor for the party, and still may when control changes hands.
    event ControllerOffered(
        uint64 indexed party, address indexed controller, address indexed pendingController, address[] operators
    );

    /// @notice Control of the party changed hands.
    /// @param operators Who may anchor for the party: the new controller removes those it does not want.
    event ControllerChanged(
        uint64 indexed party, address indexed previous, address indexed controller, address[] operators
    );

    /// @notice The party anchors no more.
    event PartyRetired(uint64 indexed party);

    /// @notice Thrown when no party has that id.
    error UnknownParty(uint64 party);

    /// @notice Thrown when `account` does not govern the party.
    error NotController(uint64 party, address account);

    /// @notice Thrown when control of the party was not offered to `account`.
    error NotPendingController(uint64 party, address account);

    /// @notice Thrown when `account` may not act for the party. A controller is no operator unless it was made one.
    error NotOperator(uint64 party, address account);

    /// @notice Thrown when the zero address is to become an operator.
    error InvalidOperator(uint64 party);

    /// @notice Thrown when the operator already is, or is not, what it should become.
    error OperatorUnchanged(uint64 party, address operator, bool allowed);

    /// @notice Thrown when the party has as many operators as it may have: their list has to fit into an event.
    error TooManyOperators(uint64 party, uint256 most);

    /// @notice Thrown when a party that retired is to anchor, to retire once more, or to enter into an accreditation or a
    /// recognition on either side, also by accepting what was offered before; and when a body that retired is to
    /// reinstate what it accredited.
    error PartyIsRetired(uint64 party, uint48 retiredAt);

    /// @notice Register a party. The sender becomes its controller and its first operator.
    /// @param uri Where the party describes itself.
    /// @param profileHash Hash of that description; zero for none.
    /// @return party The id: 1 for the first party, then 2, 3…
    function registerParty(string calldata uri, bytes32 profileHash) external returns (uint64 party);

    /// @notice Change what the party says about itself. By its controller.
    function setProfile(uint64 party, string calldata uri, bytes32 profileHash) external;

    /// @notice Let an address anchor and set statuses for the party, or no longer. By its controller.
    function setOperator(uint64 party, address operator, bool allowed) external;

    /// @notice Offer control of the party; it changes hands when the other side accepts. By its controller.
    /// @dev Operators stay what they are, as both events say: the new controller removes those it does not want.
    /// @param controller Whom to offer it to; the zero address withdraws an offer.
    function transferController(uint64 party, address controller) external;

    /// @notice Take the control that was offered to the sender.
    function acceptController(uint64 party) external;

    /// @notice End the party's anchoring, accrediting and recognising for good, and its being accredited and recognised.
    /// By its controller.
    /// @dev History stays, and so does everything that concerns it: statuses, profile, operators, control, and what it
    /// accredited before, which it can still suspend, withdraw or void, but not reinstate. Offers that wait for an answer,
    /// by it or to it, can only be refused or voided. Whoever accredited it can still change what it gave, in every way.
    function retire(uint64 party) external;

    /// @notice The party with that id; reverts with `UnknownParty` when there is none.
    function partyOf(uint64 party) external view returns (Party memory);

    /// @notice Who governs the party, and the block time from which it has retired; zero while it is active.
    /// @dev What other contracts have to know before they let somebody speak for a party. Reverts with `UnknownParty`.
    function governanceOf(uint64 party) external view returns (address controller, uint48 retiredAt);

    /// @notice How many parties there are: ids run from 1 to this.
    function partyCount() external view returns (uint64);

    /// @notice All addresses that may anchor and set statuses for the party, 64 at most. None for an unknown party.
    function operatorsOf(uint64 party) external view returns (address[] memory);

    /// @notice Whether the address may anchor and set statuses for the party. False for an unknown party.
    function isOperator(uint64 party, address account) external view returns (bool);
}
