/**
 * Validators' seals: whether two thirds of those whom a verifier names have sealed a block (`docs/reference/evidence.md`).
 * The seals are in the header; what that says of who the validators are is not looked at.
 */

import { hex } from "./bytes.js";
import { readHeader } from "./header.js";
import { Refusal } from "./refusal.js";
import { signerOf } from "./secp256k1.js";

/**
 * @typedef {import("./grounds.js").Grounds} Grounds
 *
 * @typedef {object} Sealed
 * @property {string} blockHash 0x and 64 digits.
 * @property {number} number
 * @property {number} timestamp
 * @property {readonly string[]} sealers those of the named validators who sealed it, in the order of their addresses.
 * @property {number} quorum how many of the named validators had to.
 * @property {number} named
 */

export const MOST_VALIDATORS = 100;
const SHOWN = 10;

/**
 * Who of the named validators has sealed a block, if they are two thirds of them at least.
 * @param {Uint8Array} encoded the header, with the seals in it.
 * @param {readonly string[]} validators addresses: 0x and 40 digits.
 * @returns {Sealed}
 * @throws {Refusal} `seals-missing`, `no-seals`, `evidence-size`, or those of `readHeader`.
 */
export function sealedBy(encoded, validators) {
  const named = [...new Set(validators.map((address) => address.toLowerCase()))].sort();
  if (!named.every((address) => /^0x[0-9a-f]{40}$/.test(address))) throw new TypeError("a validator is named by the 20 bytes of its address");
  if (named.length > MOST_VALIDATORS) throw new Refusal("evidence-size", `more than ${MOST_VALIDATORS} validators are named`);
  const { hash, number, timestamp, sealed } = readHeader(encoded);
  if (!sealed?.seals.length) {
    throw new Refusal("no-seals", `block ${number} has no seals of validators`, {
      remedy: "Only chains whose validators seal each block (QBFT) have them: verify by endpoints instead.",
    });
  }
  if (sealed.seals.length > MOST_VALIDATORS) throw new Refusal("evidence-size", `the block has more than ${MOST_VALIDATORS} seals`);
  const quorum = Math.ceil((2 * named.length) / 3);
  const signers = new Set(sealed.seals.map((seal) => signerOf(seal, sealed.signedHash)).map((signer) => signer && `0x${hex(signer)}`));
  const sealers = named.filter((address) => signers.has(address));
  // Nobody is no quorum of nobody.
  if (!named.length) throw new Refusal("seals-missing", "no validator is named whose seal would count");
  if (sealers.length < quorum) {
    const missing = named.filter((address) => !signers.has(address));
    const more = missing.length > SHOWN ? ` and ${missing.length - SHOWN} more` : "";
    const what = `block ${number} is sealed by ${sealers.length} of the ${named.length} validators that are named, and ${quorum} have to: no seal of ${missing.slice(0, SHOWN).join(", ")}${more}`;
    throw new Refusal("seals-missing", what, {
      remedy: "Ask for evidence of a block that enough of them have sealed, and check whom the policy names.",
    });
  }
  return { blockHash: `0x${hex(hash)}`, number, timestamp, sealers, quorum, named: named.length };
}

/**
 * Validators whom the verifier names, as who says that a block is one of the chain.
 * @param {string} chain CAIP-2.
 * @param {ReadonlyMap<string, string>} names by their addresses, 0x and 40 digits of lower case.
 * @returns {Grounds}
 */
export function bySeals(chain, names) {
  return {
    chain,
    async basisOf(header) {
      const { sealers, named } = sealedBy(header, [...names.keys()]);
      return { ground: "seals", namedBy: sealers.length, among: named, names: sealers.map((address) => names.get(address) ?? "") };
    },
  };
}
