/**
 * The CBOR that receipts use: one map from small numbers to numbers, texts and byte strings, in deterministic encoding
 * (a subset of RFC 8949, section 4.2.1). So there is one encoding of each receipt, and nothing recurses.
 */

import { concat, ofBigInt, toBigInt, utf8 } from "./bytes.js";
import { decodeUtf8 } from "./encodings.js";
import { Refusal } from "./refusal.js";

/** @typedef {number | bigint | string | Uint8Array} Item a number that is too large for one is a bigint. */

const UNSIGNED = 0;
const BYTES = 2;
const TEXT = 3;
const MAP = 5;
const ONE_BYTE = 24;
const EIGHT_BYTES = 27;
const MOST_ENTRIES = 23;

/**
 * Whether the first byte says that this is a CBOR map; no JSON text begins so.
 * @param {Uint8Array} data
 */
export function isCborMap(data) {
  return data.length > 0 && data[0] >> 5 === MAP;
}

/**
 * The one encoding of a map.
 * @param {ReadonlyMap<number, Item>} entries keys and numbers from 0 to 2^64 - 1, the keys in ascending order.
 */
export function encodeMap(entries) {
  /** @type {Uint8Array[]} */
  const parts = [head(MAP, entries.size)];
  for (const [key, item] of entries) {
    parts.push(head(UNSIGNED, key));
    if (typeof item === "number" || typeof item === "bigint") parts.push(head(UNSIGNED, item));
    else {
      const content = typeof item === "string" ? utf8(item) : item;
      parts.push(head(typeof item === "string" ? TEXT : BYTES, content.length), content);
    }
  }
  return concat(...parts);
}

/**
 * A head in its shortest form.
 * @param {number} kind major type.
 * @param {number | bigint} argument
 */
function head(kind, argument) {
  if (argument < ONE_BYTE) return Uint8Array.of((kind << 5) | Number(argument));
  const power = [0, 1, 2].find((each) => BigInt(argument) < 1n << BigInt(8 << each)) ?? 3;
  return concat(Uint8Array.of((kind << 5) | (ONE_BYTE + power)), ofBigInt(BigInt(argument), 1 << power));
}

/**
 * The map that these bytes are the one encoding of.
 * @param {Uint8Array} data
 * @returns {Map<number, Item>}
 * @throws {Refusal} `cbor`: they are something else, or something follows.
 */
export function decodeMap(data) {
  let [kind, count, at] = readHead(data, 0);
  if (kind !== MAP || count > MOST_ENTRIES) refuse(0, `a map of at most ${MOST_ENTRIES} entries was expected`);
  /** @type {Map<number, Item>} */
  const entries = new Map();
  let last = -1n;
  for (let entry = 0; entry < count; entry++) {
    const start = at;
    /** @type {bigint} */
    let key;
    [kind, key, at] = readHead(data, at);
    if (kind !== UNSIGNED || key <= last) refuse(start, "keys are unsigned numbers in ascending order");
    last = key;
    /** @type {Item} */
    let item;
    [item, at] = readItem(data, at);
    entries.set(Number(key), item);
  }
  if (at !== data.length) refuse(at, `${data.length - at} bytes follow the receipt`);
  return entries;
}

/**
 * @param {Uint8Array} data
 * @param {number} start
 * @returns {[Item, number]}
 */
function readItem(data, start) {
  const [kind, argument, at] = readHead(data, start);
  if (kind === UNSIGNED) return [argument <= Number.MAX_SAFE_INTEGER ? Number(argument) : argument, at];
  if (kind !== BYTES && kind !== TEXT) refuse(start, "only unsigned numbers, byte strings and texts are used");
  if (argument > data.length - at) refuse(start, "it ends in the middle of a string");
  const end = at + Number(argument);
  const content = data.subarray(at, end);
  return [kind === BYTES ? content : (decodeUtf8(content) ?? refuse(at, "a text is not UTF-8")), end];
}

/**
 * Major type, argument, and where the head ends (RFC 8949 section 3).
 * @param {Uint8Array} data
 * @param {number} start
 * @returns {[number, bigint, number]}
 */
function readHead(data, start) {
  if (start >= data.length) refuse(start, "it ends too early");
  const kind = data[start] >> 5;
  const additional = data[start] & 31;
  const at = start + 1;
  if (additional < ONE_BYTE) return [kind, BigInt(additional), at];
  if (additional > EIGHT_BYTES) refuse(start, "lengths are definite");
  const size = 1 << (additional - ONE_BYTE);
  if (at + size > data.length) refuse(start, "it ends too early");
  const argument = toBigInt(data.subarray(at, at + size));
  if (argument < (size === 1 ? BigInt(ONE_BYTE) : 1n << BigInt(4 * size))) refuse(start, "a number is not in its shortest form");
  return [kind, argument, at + size];
}

/**
 * @param {number} at
 * @param {string} why
 * @returns {never}
 */
function refuse(at, why) {
  throw new Refusal("cbor", `The receipt is not in the CBOR form of receipts: at byte ${at}, ${why}.`, {
    remedy: "Scan or download it again, or use its JSON form.",
  });
}
