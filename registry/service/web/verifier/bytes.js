/**
 * Bytes, hexadecimal and SHA-256: what browsers and Node have, in few words.
 */

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */

const encoder = new TextEncoder();
const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/**
 * Bytes as hexadecimal in lower case, without 0x.
 * @param {Uint8Array} bytes
 */
export function hex(bytes) {
  let text = "";
  for (const byte of bytes) text += DIGITS[byte];
  return text;
}

/**
 * The bytes of an even number of hexadecimal digits, with or without 0x; whoever calls has looked at their form.
 * @param {string} text
 * @returns {Bytes}
 */
export function unhex(text) {
  const digits = text.startsWith("0x") ? text.slice(2) : text;
  const bytes = new Uint8Array(digits.length >> 1);
  for (let at = 0; at < bytes.length; at++) bytes[at] = parseInt(digits.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}

/**
 * @param {Uint8Array} one
 * @param {Uint8Array} other
 */
export function equal(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/**
 * Whether bytes come before others, as `memcmp` orders them.
 * @param {Uint8Array} one
 * @param {Uint8Array} other
 */
export function before(one, other) {
  const at = one.findIndex((byte, place) => byte !== other[place]);
  return at < 0 ? one.length < other.length : one[at] < (other[at] ?? -1);
}

/**
 * @param {readonly Uint8Array[]} parts
 * @returns {Bytes}
 */
export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * A text as UTF-8; half of a surrogate pair is written as U+FFFD.
 * @param {string} text
 * @returns {Bytes}
 */
export function utf8(text) {
  return encoder.encode(text);
}

/**
 * @param {Uint8Array} bytes
 * @returns {Promise<Bytes>} 32 bytes.
 */
export async function sha256(bytes) {
  return digest("SHA-256", bytes);
}

/**
 * @param {"SHA-256" | "SHA-384"} hash
 * @param {Uint8Array} bytes
 * @returns {Promise<Bytes>}
 */
export async function digest(hash, bytes) {
  return new Uint8Array(await crypto.subtle.digest(hash, /** @type {Bytes} */ (bytes)));
}

/**
 * Bytes as a number, the highest first.
 * @param {Uint8Array} bytes
 */
export function toBigInt(bytes) {
  return bytes.length ? BigInt(`0x${hex(bytes)}`) : 0n;
}

/**
 * A number in so many bytes, the highest first; what does not fit is cut off, as the EVM does it.
 * @param {bigint | number} number
 * @param {number} [size]
 */
export function ofBigInt(number, size = 32) {
  return unhex(BigInt.asUintN(8 * size, BigInt(number)).toString(16).padStart(2 * size, "0"));
}
