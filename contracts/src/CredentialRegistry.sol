// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";

import {Accreditations} from "./Accreditations.sol";
import {Statuses} from "./Statuses.sol";

/// @title CredentialRegistry: who anchored which credentials, when, what became of them, and who was accredited for them.
/// @notice Nobody can change or stop this contract: it has no owner and no proxy.
contract CredentialRegistry is Statuses, Accreditations, Multicall {}
