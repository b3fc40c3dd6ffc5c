/**
 * The text of an XML document, out of its bytes: in Unicode, or in an encoding of one byte a character that it names.
 */

import { decodeUtf8, invalidAt } from "./encodings.js";

// What stands in the text for bytes that are no character, and for one that the end cuts off.
export const NO_CHARACTER = "\ufffe";
export const CUT_OFF = "\uffff";
// Of those, as many as any token needs to be looked at.
const MOST_SIGNS = 8;
// What its bytes from 0x80 to 0x9f mean, which not every engine knows.
const WINDOWS_1252 = "€\ufffe‚ƒ„…†‡ˆ‰Š‹Œ\ufffeŽ\ufffe\ufffe‘’“”•–—˜™š›œ\ufffežŸ";

/**
 * How a document is encoded by its first bytes, before it says so itself, and how many bytes of a mark it begins with.
 * @param {Uint8Array} data
 * @returns {[number, number]} bits; 17 for the higher byte first.
 */
export function unitOf(data) {
  const [first, second, third] = data;
  if (first === 0xfe && second === 0xff) return [17, 2];
  if (first === 0xff && second === 0xfe) return [16, 2];
  if (first === 0xef && second === 0xbb && third === 0xbf) return [8, 3];
  if (data.length > 1 && first === 0) return [17, 0];
  return [data.length > 1 && second === 0 ? 16 : 8, 0];
}

/** @param {number | undefined} byte */
export function isLead(byte = 0) {
  return byte >= 0xc0 && byte <= 0xf4;
}

/**
 * A text up to what is no UTF-8, and a sign for each byte from there on, of which few are needed.
 * @param {Uint8Array} data
 */
export function ofUtf8(data) {
  const whole = decodeUtf8(data);
  if (whole !== null) return whole.replaceAll(CUT_OFF, NO_CHARACTER);
  const at = invalidAt(data);
  const lead = data[at];
  const size = !isLead(lead) ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const sign = data.length - at < size ? CUT_OFF : NO_CHARACTER;
  return (decodeUtf8(data.subarray(0, at)) ?? "").replaceAll(CUT_OFF, NO_CHARACTER) + sign.repeat(Math.min(MOST_SIGNS, data.length - at));
}

/**
 * Two units that begin as a pair are one character, whatever the second is.
 * @param {Uint8Array} data
 * @param {boolean} isLittle
 */
export function ofUtf16(data, isLittle) {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const parts = [];
  for (let at = 0; at + 2 <= data.length; at += 2) {
    const unit = view.getUint16(at, isLittle);
    if (unit >= 0xdc00 && unit < 0xe000) parts.push(NO_CHARACTER);
    else if (unit < 0xd800 || unit > 0xdbff) parts.push(unit === 0xffff ? NO_CHARACTER : String.fromCharCode(unit));
    else if (at + 4 > data.length) parts.push(CUT_OFF);
    else {
      at += 2;
      parts.push(String.fromCharCode(unit, 0xdc00 | (view.getUint16(at, isLittle) & 0x3ff)));
    }
  }
  return parts.join("");
}

/**
 * What the bytes above 127 mean in an encoding of one byte a character; null for one that is not known here.
 * @param {string} name
 */
export function tableOf(name) {
  const known = name.toUpperCase().replace(/[^A-Z0-9.]+/g, "-");
  const upper = Array.from({ length: 128 }, (_, at) => String.fromCharCode(at + 0x80));
  if (/^(?:ISO-?8859-1|LATIN-?1)$/.test(known)) return upper;
  if (/^(?:(?:US-)?ASCII|UTF-?8)$/.test(known)) return upper.map(() => NO_CHARACTER);
  if (/^(?:WINDOWS-|CP)1252$/.test(known)) return [...WINDOWS_1252, ...upper.slice(WINDOWS_1252.length)];
  if (!/^(?:(?:WINDOWS-|CP)125[0145678]|ISO-?8859-(?:[2-9]|1[0345])|KOI8-[RU])$/.test(known)) return null;
  const decoder = new TextDecoder(known);
  // Bytes that mean nothing in those of Windows are controls to browsers.
  const nothing = known.startsWith("ISO") ? /\ufffd/ : /[\x80-\x9f\ufffd]/;
  return upper.map((_, at) => decoder.decode(Uint8Array.of(at + 0x80)).replace(nothing, NO_CHARACTER));
}
