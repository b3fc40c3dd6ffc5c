// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.35;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";

import {Statuses} from "./Statuses.sol";

/// @title CredentialRegistry: who anchored which credentials, when, and what became of them.
/// @notice Nobody can change or stop this contract: it has no owner and no proxy.
contract CredentialRegistry is Statuses, Multicall {}
