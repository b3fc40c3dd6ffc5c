/**
 * Credentials as signed tokens: compact JWS, SD-JWT with its disclosures, and JWS in JSON. Only what they say is read; no
 * signature is checked here. (RFC 7515, RFC 7519, RFC 9901, VC-JOSE-COSE.)
 */

import { utf8 } from "./bytes.js";
import { decodeUtf8 } from "./encodings.js";
import { canonicalize } from "./jcs.js";
import { decodeText, latin1, readLeniently } from "./lenientjson.js";
import { DEFAULT_LIMITS, Members, isDeeperThan } from "./strictjson.js";
import { ASCII_SPACE, strip } from "./text.js";

/**
 * @typedef {import("./strictjson.js").Value} Value
 *
 * @typedef {object} Token
 * @property {Uint8Array | null} payload as it was signed; null when it is not in the token, or encrypted.
 * @property {readonly string[]} disclosures
 * @property {boolean} isSelective whether it is an SD-JWT, of which a holder may show less.
 * @property {boolean} isSigned
 *
 * @typedef {{claims: Members, hidden: number, doubt: string | null}} Disclosed
 */

const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]*)$/;
const DISCLOSED = /^[A-Za-z0-9_.~-]*$/;
const ENCRYPTED = /^([A-Za-z0-9_-]+)(?:\.[A-Za-z0-9_-]*){4}$/;
const BEARER = /^bearer[ \t]+/i;
// How base64url of a JSON object begins. Some write tokens in lines, with padding, or in the other alphabet.
// Where the reader of headers in Python stops.
const DEEPEST_HEADER = 1_024;
const HALF = /\p{Cs}/u;
const HEADS = ["ey", "ew", "IH", "CX", "Cg", "DQ"];
/** @type {Record<string, string>} */
const HASHES = { "sha-256": "SHA-256", "sha-384": "SHA-384", "sha-512": "SHA-512" };
const MOST_DISCLOSURES = 1000;
const MOST_DEPTH = 64;
/** @type {Token} */
const ENCRYPTED_TOKEN = { payload: null, disclosures: [], isSelective: false, isSigned: false };

/**
 * The token that a file or text is, with white space around it or not; null when it is none.
 * @param {Uint8Array} data
 * @returns {Token | null}
 */
export function readToken(data) {
  let text = strip(latin1(data), ASCII_SPACE);
  if (text.startsWith('"') && text.endsWith('"')) text = text.slice(1, -1);
  // No header is so long; and a pattern is not tried on a whole picture.
  if (!text.slice(0, 1 << 16).includes(".") || !/^[A-Za-z0-9]/.test(text)) return null;
  text = text.replace(BEARER, "");
  if (HEADS.some((head) => text.startsWith(head))) {
    text = text.replace(/[ \t\r\n=]/g, "").replaceAll("+", "-").replaceAll("/", "_");
  }
  const tilde = text.indexOf("~");
  const signed = COMPACT.exec(tilde < 0 ? text : text.slice(0, tilde));
  const rest = tilde < 0 ? "" : text.slice(tilde + 1);
  if (signed && DISCLOSED.test(rest)) {
    if (!headerHas(signed[1], "alg")) return null;
    const parts = rest.split("~");
    // As Python parts it: what follows the most that are read is one more, and has to be without a tilde to count.
    const read = parts.length > MOST_DISCLOSURES + 2 ? [...parts.slice(0, MOST_DISCLOSURES + 1), parts.slice(MOST_DISCLOSURES + 1).join("~")] : parts;
    const disclosures = read.filter((part) => part && !part.includes("."));
    const payload = fromBase64Url(signed[2]);
    return { payload: payload?.length ? payload : null, disclosures, isSelective: tilde >= 0, isSigned: signed[3] !== "" };
  }
  const encrypted = ENCRYPTED.exec(text);
  return encrypted && headerHas(encrypted[1], "enc") ? ENCRYPTED_TOKEN : null;
}

/**
 * The token in the JSON form of a JWS, with one signature or several (RFC 7515 section 7.2), or null.
 * @param {Members} members
 * @returns {Token | null}
 */
export function jsonToken(members) {
  const isHeaded = members.has("protected") || members.has("header");
  const isSigned = (members.has("signature") && isHeaded) || Array.isArray(members.get("signatures"));
  if (members.has("ciphertext") && (members.has("recipients") || members.has("protected"))) return ENCRYPTED_TOKEN;
  const isDetached = members.has("header") && canonicalize(members.get("header")).includes("sigD");
  if (!isSigned || !(members.has("payload") || isDetached)) return null;
  const payload = members.get("payload");
  if (typeof payload !== "string") return { payload: null, disclosures: [], isSelective: false, isSigned: true };
  const disclosures = jsonDisclosures(members);
  // Unencoded payloads (RFC 7797) are the text itself.
  const signed = fromBase64Url(payload) ?? utf8(payload);
  return { payload: signed.length ? signed : null, disclosures, isSelective: disclosures.length > 0, isSigned: true };
}

/**
 * The disclosures of an SD-JWT in JSON, in whichever header they are (RFC 9901 section 8).
 * @param {Members} members
 * @returns {string[]}
 */
function jsonDisclosures(members) {
  const signatures = members.get("signatures");
  const holders = [members, ...(Array.isArray(signatures) ? signatures : [])].filter((holder) => holder instanceof Members);
  return holders
    .flatMap((holder) => [holder, holder.get("header")])
    .flatMap((place) => (place instanceof Members ? place.get("disclosures") : []))
    .filter((disclosure) => typeof disclosure === "string");
}

/**
 * The claims with those disclosures in their places (RFC 9901 section 7.1); null where they nest too deep.
 * @param {Members} claims
 * @param {readonly string[]} disclosures
 * @returns {Promise<Disclosed | null>}
 */
export async function disclose(claims, disclosures) {
  const algorithm = claims.has("_sd_alg") ? claims.get("_sd_alg") : "sha-256";
  const hash = typeof algorithm === "string" ? HASHES[algorithm] : undefined;
  /** @type {Map<string, any[]>} */
  const known = new Map();
  /** @type {string[]} */
  const doubts = [];
  for (const disclosure of disclosures.slice(0, MOST_DISCLOSURES)) {
    const { content, doubt } = disclosed(disclosure);
    if (!hash || !Array.isArray(content) || content.length < 2 || content.length > 3) continue;
    const digest = await crypto.subtle.digest(hash, utf8(disclosure));
    known.set(toBase64Url(new Uint8Array(digest)), content);
    if (doubt) doubts.push(doubt);
  }
  let hidden = 0;
  const take = (/** @type {unknown} */ digest, /** @type {number} */ size) => {
    const content = typeof digest === "string" ? known.get(digest) : undefined;
    if (typeof digest === "string") known.delete(digest);
    return content?.length === size && (size === 2 || typeof content[1] === "string") ? content : null;
  };
  /** @type {(value: Value, depth: number) => Value} */
  const filled = (value, depth) => {
    if (depth > MOST_DEPTH) throw new RangeError("too deep");
    if (Array.isArray(value)) {
      return value.flatMap((item) => {
        const digest = item instanceof Members && item.size === 1 ? item.get("...") : undefined;
        if (typeof digest !== "string") return [filled(item, depth + 1)];
        const content = take(digest, 2);
        if (content) return [filled(content[1], depth + 1)];
        hidden++;
        return [];
      });
    }
    if (!(value instanceof Members)) return value;
    const members = new Members();
    for (const [name, member] of value) if (name !== "_sd" && name !== "_sd_alg") members.set(name, filled(member, depth + 1));
    const digests = value.get("_sd");
    for (const digest of Array.isArray(digests) ? digests : []) {
      const content = take(digest, 3);
      if (!content) {
        hidden++;
        continue;
      }
      // A name that is there already would be another reading: both are kept.
      const added = filled(content[2], depth + 1);
      members.set(content[1], members.has(content[1]) ? [members.get(content[1]), added] : added);
    }
    return members;
  };
  try {
    return { claims: /** @type {Members} */ (filled(claims, 0)), hidden, doubt: doubts[0] ?? null };
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/**
 * What a disclosure holds, and why it may hold something else.
 * @param {string} disclosure
 * @returns {{content: Value, doubt: string | null}}
 */
function disclosed(disclosure) {
  const decoded = fromBase64Url(disclosure);
  if (!decoded) return { content: null, doubt: null };
  const text = decodeText(decoded);
  const result = readLeniently(text.text, DEFAULT_LIMITS);
  return typeof result === "string" ? { content: null, doubt: null } : { content: result.value, doubt: text.doubt ?? result.doubt };
}

/**
 * Whether the header of a token has a member. One that is not JSON by every letter is none.
 * @param {string} encoded
 * @param {string} name
 */
function headerHas(encoded, name) {
  const decoded = fromBase64Url(encoded);
  const text = decoded && decodeUtf8(decoded);
  if (!text || isDeeperThan(text, DEEPEST_HEADER)) return false;
  try {
    const header = JSON.parse(text, whole);
    return header !== null && typeof header === "object" && !Array.isArray(header) && Object.hasOwn(header, name);
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/**
 * A member as it is, unless a strict reader would not have it.
 * @param {string} name
 * @param {unknown} value
 */
function whole(name, value) {
  if (HALF.test(name) || (typeof value === "string" && HALF.test(value)) || value === Infinity || value === -Infinity) throw new SyntaxError();
  return value;
}

/**
 * From base64url without padding; null when it is not that.
 * @param {string} text
 */
function fromBase64Url(text) {
  if (text.length % 4 === 1 || !/^[A-Za-z0-9_-]*$/.test(text)) return null;
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
}

/** @param {Uint8Array} bytes */
function toBase64Url(bytes) {
  return btoa(latin1(bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
