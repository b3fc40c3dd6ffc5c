/**
 * Texts in base58btc, as Multikey and Data Integrity use them (Controlled Identifiers 1.0, section 2.4).
 */

/** @typedef {import("./bytes.js").Bytes} Bytes */

const DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
// The cost is quadratic, and keys and signatures have under 100 characters.
const LONGEST = 256;

/**
 * The bytes of a text that begins with `z`; null where it is none.
 * @param {string} text
 * @returns {Bytes | null}
 */
export function fromBase58(text) {
  if (!text.startsWith("z") || text.length > LONGEST) return null;
  /** @type {number[]} the lowest first. */
  const bytes = [];
  let zeros = 0;
  for (const character of text.slice(1)) {
    let carried = DIGITS.indexOf(character);
    if (carried < 0) return null;
    if (!bytes.length && !carried) zeros++;
    for (let at = 0; at < bytes.length || carried; at++) {
      carried += (bytes[at] ?? 0) * 58;
      bytes[at] = carried & 0xff;
      carried >>= 8;
    }
  }
  return new Uint8Array([...new Array(zeros).fill(0), ...bytes.reverse()]);
}
