/**
 * Keccak-256, as the EVM has it: the permutation is that of `@noble/hashes`.
 */

import { keccakP } from "@noble/hashes/sha3.js";

import { concat } from "./bytes.js";

const RATE = 136;

/**
 * @param {Uint8Array} bytes
 * @returns {Uint8Array} 32 bytes.
 */
export function keccak(bytes) {
  return keccakFrom(new Uint8Array(200), bytes);
}

/**
 * From a state on.
 * @param {Uint8Array} state 200 bytes, after whole blocks; it is used up.
 * @param {Uint8Array} rest
 * @returns {Uint8Array} 32 bytes.
 */
export function keccakFrom(state, rest) {
  const padded = concat(rest, new Uint8Array(RATE - (rest.length % RATE)));
  padded[rest.length] ^= 0x01;
  padded[padded.length - 1] ^= 0x80;
  const lanes = new Uint32Array(state.buffer);
  for (let at = 0; at < padded.length; at += RATE) {
    for (let place = 0; place < RATE; place++) state[place] ^= padded[at + place];
    keccakP(lanes);
  }
  return state.slice(0, 32);
}
