/**
 * Keccak-256, as the EVM has it.
 */

import { keccak_256 } from "@noble/hashes/sha3.js";

/**
 * @param {Uint8Array} bytes
 * @returns {Uint8Array} 32 bytes.
 */
export function keccak(bytes) {
  return keccak_256(bytes);
}
