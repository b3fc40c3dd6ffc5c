/**
 * Badges baked into a PNG (Open Badges 3.0 and 2.0, section "Baking").
 */

import { Carried } from "./carriers.js";
import { beginsWith } from "./encodings.js";
import { latin1 } from "./lenientjson.js";
import { ASCII_SPACE, strip } from "./text.js";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
// Older bakers wrote the other kinds of text.
const KEYWORDS = ["openbadgecredential", "openbadges"];
const TEXTS = ["iTXt", "tEXt", "zTXt"];

/**
 * Whether a file is a PNG.
 * @param {Uint8Array} data
 */
export function isPng(data) {
  return beginsWith(data, SIGNATURE);
}

/**
 * The texts that a badge baked into a PNG has; every one, since readers differ in which they take.
 * @param {Uint8Array} data
 * @param {number} most bytes of a text that is packed.
 * @param {import("./carriers.js").Allowance} allowance for the whole document.
 */
export function carriedByPng(data, most, allowance) {
  const found = new Carried("a baked PNG");
  for (const { kind, body } of chunks(data, found)) {
    if (!TEXTS.includes(kind)) continue;
    const [head, rest] = parted(body);
    const keyword = strip(latin1(head), ASCII_SPACE);
    if (!rest || !KEYWORDS.includes(keyword.toLowerCase())) continue;
    const place = `${kind} ${keyword}`;
    const text = textOf(kind, rest, most, allowance);
    if (text) found.add(place, text);
    else found.miss(place, "its text is damaged or too large");
  }
  return found;
}

/**
 * Kind and content of each chunk (PNG, third edition, section 5.3).
 * @param {Uint8Array} data
 * @param {Carried} found
 */
function* chunks(data, found) {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  for (let at = SIGNATURE.length; at + 12 <= data.length; ) {
    const size = view.getUint32(at);
    if (at + 12 + size > data.length) break;
    const kind = latin1(data.subarray(at + 4, at + 8));
    yield { kind, body: data.subarray(at + 8, at + 8 + size) };
    if (kind === "IEND") return;
    at += 12 + size;
  }
  found.miss("", "the picture is cut off");
}

/**
 * @param {string} kind
 * @param {Uint8Array} rest
 * @param {number} most
 * @param {import("./carriers.js").Allowance} allowance
 */
function textOf(kind, rest, most, allowance) {
  if (kind === "tEXt") return rest;
  if (kind === "zTXt") return allowance.inflate(rest.subarray(1), most);
  if (rest.length < 2) return null;
  const [, afterLanguage] = parted(rest.subarray(2));
  const [, text] = parted(afterLanguage ?? rest.subarray(rest.length));
  const given = text ?? rest.subarray(rest.length);
  return rest[0] ? allowance.inflate(given, most) : given;
}

/**
 * What is before the first zero byte, and what is after it; null for that where there is none.
 * @param {Uint8Array} data
 * @returns {[Uint8Array, Uint8Array | null]}
 */
function parted(data) {
  const at = data.indexOf(0);
  return at < 0 ? [data, null] : [data.subarray(0, at), data.subarray(at + 1)];
}
