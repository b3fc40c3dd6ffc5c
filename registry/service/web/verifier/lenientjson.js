/**
 * JSON as any reader may take it: for finding what a document states, never for its digest.
 *
 * A text that `strictjson.js` refuses may still be the credential that somebody shows, and then its dates count. So it is
 * read with everything that it may mean, and the reading says whether that is certain.
 */

import { beginsWith, decodeUtf8 } from "./encodings.js";
import { Decoder, Members, Real, SyntaxAt, isDeeperThan } from "./strictjson.js";

/**
 * @typedef {import("./strictjson.js").Value} Value
 * @typedef {import("./strictjson.js").Limits} Limits
 * @typedef {{text: string, doubt: string | null}} LenientText
 * @typedef {{value: Value, doubt: string | null}} LenientValue
 */

// What a JSON object or array begins with. "{\" is RTF, "[1]" a footnote of plain text: they are not taken for JSON.
const BEGINNING = /^[ \t\r\n]*(?:\{[ \t\r\n]*["}]|\[[ \t\r\n]*[[{"\]])/;
// What may still become one where more follows than was looked at.
const OPEN_BEGINNING = /^[ \t\r\n]*[{[]?[ \t\r\n]*$/;
const LOOKED_AT = 1024;
/** @type {readonly (readonly [readonly number[], string])[]} */
const MARKS = [
  [[0xef, 0xbb, 0xbf], "utf-8"],
  [[0xff, 0xfe, 0, 0], "utf-32-le"],
  [[0, 0, 0xfe, 0xff], "utf-32-be"],
  [[0xff, 0xfe], "utf-16-le"],
  [[0xfe, 0xff], "utf-16-be"],
];
/** @type {Record<string, string>} by where the first zero bytes are (RFC 4627 section 3). */
const WITHOUT_MARK = { "0,0,0,1": "utf-32-be", "1,0,0,0": "utf-32-le", "0,1,0,1": "utf-16-be", "1,0,1,0": "utf-16-le" };
const LONGEST_INTEGER = 22;

/**
 * The text of a file: UTF-8, or another encoding of Unicode that its first bytes show; else Latin-1, in doubt.
 * @param {Uint8Array} data
 * @returns {LenientText}
 */
export function decodeText(data) {
  const [mark, name] = MARKS.find(([each]) => beginsWith(data, each)) ?? [[], null];
  const encoding = name ?? WITHOUT_MARK[[...data.subarray(0, 4)].map((byte) => (byte ? 1 : 0)).join()] ?? "utf-8";
  const body = data.subarray(mark.length);
  const text = decodeAs(encoding, body, true);
  if (text !== null) return { text, doubt: null };
  const doubt = `it is not ${encoding.toUpperCase()} throughout`;
  return { text: encoding === "utf-8" ? latin1(body) : (decodeAs(encoding, body, false) ?? ""), doubt };
}

/**
 * Whether a file begins as a JSON object or array does, in any encoding of Unicode; the first KiB is looked at.
 * @param {Uint8Array} data
 */
export function beginsAsJson(data) {
  const head = decodeText(data.subarray(0, LOOKED_AT)).text;
  return BEGINNING.test(head) || (data.length > LOOKED_AT && OPEN_BEGINNING.test(head));
}

/**
 * The value of a JSON text, or why there is none.
 *
 * A member that is written twice gets the list of its values. NaN, the infinities and an integer beyond the largest float
 * are null; an integer that no float holds is the nearest one.
 * @param {string} text
 * @param {Limits} limits
 * @returns {LenientValue | string}
 */
export function readLeniently(text, limits) {
  if (isDeeperThan(text, limits.maxDepth)) return `it nests deeper than ${limits.maxDepth} levels`;
  /** @type {string[]} */
  const doubts = [];
  const decoder = new Decoder(text, {
    members(pairs) {
      const found = new Members(pairs);
      if (found.size < pairs.length) {
        doubts.push("a key occurs twice in one object");
        /** @type {Map<string, Value[]>} */
        const several = new Map();
        for (const [name, value] of pairs) several.set(name, [...(several.get(name) ?? []), value]);
        for (const [name, values] of several) if (values.length > 1) found.set(name, values);
      }
      return found;
    },
    integer(digits) {
      const number = Number(digits);
      if (digits.length <= 17 && Number.isSafeInteger(number)) return number + 0;
      if (digits.length > LONGEST_INTEGER || JSON.stringify(number) !== digits) doubts.push("an integer is beyond ±(2^53-1)");
      return Number.isFinite(number) ? new Real(number) : null;
    },
    real(digits) {
      const number = Number(digits);
      if (Number.isFinite(number)) return new Real(number);
      doubts.push("a number is too large");
      return null;
    },
    constant() {
      doubts.push("it holds NaN or Infinity");
      return null;
    },
    controls: true,
  });
  try {
    return { value: decoder.decode(), doubt: doubts[0] ?? null };
  } catch (error) {
    if (error instanceof SyntaxAt) return `it is not JSON: ${error.message}`;
    throw error;
  }
}

/**
 * @param {Uint8Array} bytes
 */
export function latin1(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}

/**
 * @param {string} encoding
 * @param {Uint8Array} body
 * @param {boolean} fatal
 */
function decodeAs(encoding, body, fatal) {
  if (encoding === "utf-8") return decodeUtf8(body);
  if (encoding.startsWith("utf-32")) return utf32(body, encoding.endsWith("le"), fatal);
  try {
    return new TextDecoder(encoding.replace("-16-", "-16"), { fatal, ignoreBOM: true }).decode(body);
  } catch {
    return null;
  }
}

/**
 * @param {Uint8Array} body
 * @param {boolean} isLittle
 * @param {boolean} fatal
 */
function utf32(body, isLittle, fatal) {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  let text = "";
  for (let at = 0; at + 4 <= body.length; at += 4) {
    const code = view.getUint32(at, isLittle);
    const isCharacter = code < 0x110000 && (code < 0xd800 || code > 0xdfff);
    if (!isCharacter && fatal) return null;
    text += isCharacter ? String.fromCodePoint(code) : "\ufffd";
  }
  return body.length % 4 && fatal ? null : text;
}
