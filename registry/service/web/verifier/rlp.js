/**
 * Recursive Length Prefix, read and written strictly: one encoding for each value (Ethereum yellow paper, appendix B).
 */

import { concat, ofBigInt, toBigInt } from "./bytes.js";
import { Refusal } from "./refusal.js";

/** @typedef {Uint8Array | any[]} Item a list of items. */

const MOST_DEPTH = 32;
const TEXT = 0x80;
const LONG_TEXT = 0xb8;
const LIST = 0xc0;
const LONG_LIST = 0xf8;
const SHORT = 55;

/**
 * The value of an encoding.
 * @param {Uint8Array} encoded
 * @returns {Item}
 * @throws {Refusal} `evidence-encoding`: it is cut off, has a second form, goes on, or is nested too deeply.
 */
export function decode(encoded) {
  const [item, end] = read(encoded, 0, encoded.length, 0);
  if (end !== encoded.length) refuse("something follows its end");
  return item;
}

/**
 * @param {Item} item
 * @returns {Uint8Array}
 */
export function encode(item) {
  if (item instanceof Uint8Array) {
    return item.length === 1 && item[0] < TEXT ? item : concat(prefix(item.length, TEXT), item);
  }
  const body = concat(...item.map(encode));
  return concat(prefix(body.length, LIST), body);
}

/**
 * A number, which has no zeros before it.
 * @param {Item} item
 * @param {number} mostBytes
 * @throws {Refusal} `evidence-encoding`.
 */
export function wholeNumber(item, mostBytes) {
  if (!(item instanceof Uint8Array) || item.length > mostBytes || item[0] === 0) refuse("a number was expected");
  return toBigInt(item);
}

/**
 * A number as RLP has it: without zeros before it, and nothing for zero.
 * @param {bigint} number
 */
export function ofNumber(number) {
  return ofBigInt(number, number ? (number.toString(16).length + 1) >> 1 : 0);
}

/**
 * @param {number} length
 * @param {number} offset
 */
function prefix(length, offset) {
  if (length <= SHORT) return Uint8Array.of(offset + length);
  const digits = ofNumber(BigInt(length));
  return Uint8Array.of(offset + SHORT + digits.length, ...digits);
}

/**
 * The item that begins there, and where it ends.
 * @param {Uint8Array} data
 * @param {number} at
 * @param {number} end
 * @param {number} depth
 * @returns {[Item, number]}
 */
function read(data, at, end, depth) {
  if (at >= end) refuse("it is cut off");
  const first = data[at];
  if (first < TEXT) return [data.subarray(at, at + 1), at + 1];
  const isList = first >= LIST;
  const long = isList ? LONG_LIST : LONG_TEXT;
  let start = at + 1;
  let length = first - (isList ? LIST : TEXT);
  if (first >= long) {
    start += first - long + 1;
    // A length of eight bytes may be rounded here; it is beyond the end all the same.
    length = Number(toBigInt(data.subarray(at + 1, start)));
    if (start > end || data[at + 1] === 0 || length <= SHORT) refuse("a length has a second form");
  }
  const stop = start + length;
  if (stop > end) refuse("it is cut off");
  if (!isList) {
    if (length === 1 && data[start] < TEXT) refuse("a byte has a second form");
    return [data.subarray(start, stop), stop];
  }
  if (depth >= MOST_DEPTH) refuse("it is nested too deeply");
  /** @type {Item[]} */
  const items = [];
  while (start < stop) {
    const [item, next] = read(data, start, stop, depth + 1);
    items.push(item);
    start = next;
  }
  return [items, stop];
}

/**
 * @param {string} why
 * @returns {never}
 */
function refuse(why) {
  throw new Refusal("evidence-encoding", `it is no encoding of RLP: ${why}`);
}
