// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

/// @notice What an accreditation or a recognition is about.
/// @param field ISCED-F 2013 code as a number: 613 for "0613"; zero for any field.
/// @param fieldDigits How many digits of the code are given: 2 broad, 3 narrow, 4 detailed; zero for any field.
/// @param levelMin Lowest level of the European Qualifications Framework, 1 to 8.
/// @param levelMax Highest level, not below the lowest.
/// @param qualificationTypes Bit set of types of qualification; zero for any type.
/// @param jurisdiction ISO 3166-1 numeric code; zero for any jurisdiction.
/// @param programme SHA-256 of the identifier of one programme, as the body writes it; zero for any programme.
struct Scope {
    uint16 field;
    uint8 fieldDigits;
    uint8 levelMin;
    uint8 levelMax;
    uint32 qualificationTypes;
    uint16 jurisdiction;
    bytes32 programme;
}

/// @title Scopes: whether one scope lies within another.
library Scopes {
    uint8 private constant HIGHEST_LEVEL = 8;
    uint16 private constant JURISDICTIONS = 1000;

    /// @notice Thrown when a field has not 0, 2, 3 or 4 digits or more than it says, when levels are not an ascending
    /// range within 1 to 8, or when a jurisdiction has more than three digits.
    error InvalidScope(uint16 field, uint8 fieldDigits, uint8 levelMin, uint8 levelMax, uint16 jurisdiction);

    /// @notice Reverts with `InvalidScope` unless the scope means something.
    function requireValid(Scope memory scope) internal pure {
        bool digits = scope.fieldDigits != 1 && scope.fieldDigits <= 4 && scope.field < 10 ** scope.fieldDigits;
        bool levels = 0 < scope.levelMin && scope.levelMin <= scope.levelMax && scope.levelMax <= HIGHEST_LEVEL;
        if (!digits || !levels || scope.jurisdiction >= JURISDICTIONS) {
            revert InvalidScope(scope.field, scope.fieldDigits, scope.levelMin, scope.levelMax, scope.jurisdiction);
        }
    }

    /// @notice Whether everything in the inner scope is in the outer one. Both are valid.
    /// @dev What is "any" within is covered only by "any" without.
    function covers(Scope memory outer, Scope memory inner) internal pure returns (bool) {
        if (outer.fieldDigits > inner.fieldDigits) return false;
        if (inner.field / 10 ** (inner.fieldDigits - outer.fieldDigits) != outer.field) return false;
        if (inner.levelMin < outer.levelMin || outer.levelMax < inner.levelMax) return false;
        if (outer.jurisdiction != 0 && outer.jurisdiction != inner.jurisdiction) return false;
        if (outer.programme != 0 && outer.programme != inner.programme) return false;
        if (outer.qualificationTypes == 0) return true;
        return inner.qualificationTypes != 0 && inner.qualificationTypes & ~outer.qualificationTypes == 0;
    }
}
