/**
 * The hash of a contract's code on a chain at an address, and which edition has it.
 *
 * What is another on each chain stands at the end of the code. So what comes before is here as the state that Keccak has
 * after it (`contracts.js`, made of the whole code): 1.4 KB in place of 17 and 24, and no table of chains.
 */

import { concat, equal, ofBigInt, unhex, utf8 } from "./bytes.js";
import { DOMAIN_NAME, EDITIONS } from "./contracts.js";
import { keccak, keccakFrom } from "./keccak.js";

/**
 * @typedef {import("./contracts.js").Code} Code
 * @typedef {import("./contracts.js").Edition} Edition
 */

const DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";

/**
 * Keccak-256 of the code of a contract at an address, as its constructor leaves it on a chain.
 * @param {{number: number, code: Code}} contract the number of its edition, and its code.
 * @param {bigint} chainId
 * @param {string} address 0x and 40 digits.
 */
export function codeHash({ number, code }, chainId, address) {
  const itself = concat(new Uint8Array(12), unhex(address));
  const chain = ofBigInt(chainId);
  const names = [DOMAIN_TYPE, DOMAIN_NAME, String(number)].map((text) => keccak(utf8(text)));
  /** @type {Record<string, Uint8Array>} */
  const values = { _cachedThis: itself, _cachedChainId: chain, _cachedDomainSeparator: keccak(concat(...names, chain, itself)) };
  const rest = fromBase64(code.rest);
  for (const [name, places] of Object.entries(code.immutables)) for (const at of places) rest.set(values[name], at);
  return keccakFrom(fromBase64(code.state), rest);
}

/**
 * The edition of the registry at an address of a chain, by the hash of its code; undefined for none of ours.
 * @param {Uint8Array} hash
 * @param {bigint} chainId
 * @param {string} address
 */
export function editionByHash(hash, chainId, address) {
  return EDITIONS.find((each) => equal(codeHash(each, chainId, address), hash));
}

/** @param {string} text */
function fromBase64(text) {
  return Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
}
