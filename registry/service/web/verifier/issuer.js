/**
 * Whether the issuer that a document names is the party that anchored it.
 */

import { Members } from "./strictjson.js";
import { marked, strip, words } from "./text.js";

/** @typedef {import("./strictjson.js").Value} Value */

const LONGEST = 200;
const MOST_SHOWN = 8;
const UNREADABLE = "an issuer in a form that is not read here";

/**
 * The ids and names under which a document names its issuer; empty when it names none.
 * @param {Members} claims
 * @returns {string[]}
 */
export function namedIssuers(claims) {
  let issuer = claims.has("issuer") ? claims.get("issuer") : (claims.get("iss") ?? null);
  // Open Badges 2.0
  if (issuer === null) issuer = list(claims.get("badge")).flatMap((badge) => (badge instanceof Members ? [badge.get("issuer") ?? null] : []));
  const named = list(issuer).flatMap(namesOf).filter((text) => strip(text));
  return named.length || !list(issuer).some(isNamed) ? named : [UNREADABLE];
}

/**
 * The ids and names for people: the first few, shortened, and marked where they look like others.
 * @param {readonly string[]} named
 */
export function shownIssuers(named) {
  return named.slice(0, MOST_SHOWN).map((text) => marked(text, LONGEST)).join(" / ");
}

/**
 * Whether one of the ids or names is the party's: its URI, a URL or did:web of its host, or its trusted name.
 * @param {readonly string[]} named
 * @param {string} uri of the party.
 * @param {string | null} trustedName
 */
export function isSameIssuer(named, uri, trustedName) {
  const knownAs = trustedName ? plain(trustedName) : null;
  return named.some((text) => isOfParty(text, uri) || plain(text) === knownAs);
}

/**
 * Whether an identifier is that of the party with a URI: the same, or a URL or did:web of its host.
 * @param {string} identifier
 * @param {string} uri
 */
export function isOfParty(identifier, uri) {
  const host = hostOf(uri);
  return identifier === uri || (host !== null && hostOf(identifier) === host);
}

/** @param {Value} issuer */
function isNamed(issuer) {
  if (issuer instanceof Members) return issuer.size > 0;
  return Array.isArray(issuer) ? issuer.length > 0 : issuer !== null && issuer !== "";
}

/**
 * @param {Value} issuer
 * @returns {string[]}
 */
function namesOf(issuer) {
  if (typeof issuer === "string") return [issuer];
  return issuer instanceof Members ? ["id", "@id", "url", "name"].flatMap((name) => textsOf(issuer.get(name))) : [];
}

/**
 * A text, or the texts of a list or of JSON-LD language objects.
 * @param {Value | undefined} value
 * @returns {string[]}
 */
function textsOf(value) {
  return list(value).map((item) => (item instanceof Members ? item.get("@value") : item)).filter((text) => typeof text === "string");
}

/**
 * @param {Value | undefined} value
 * @returns {any[]}
 */
function list(value) {
  return Array.isArray(value) ? value : [value ?? null];
}

/** @param {string} name */
function plain(name) {
  return casefold(words(name).join(" "));
}

/**
 * A text apart from its case.
 * @param {string} text
 */
export function casefold(text) {
  return text.replace(/[^ -~]/gu, folded).toLowerCase();
}

/**
 * A character apart from its case (Unicode, C and F of CaseFolding.txt).
 * @param {string} sign
 */
function folded(sign) {
  // A dotless i stays one; the sharp s becomes two letters in either case.
  return sign === "\u0131" ? sign : [...sign.toLowerCase().toUpperCase()].map((each) => each.toLowerCase()).join("");
}

/**
 * The host of an http(s) URL or of a did:web, with its port.
 * @param {string} uri
 */
function hostOf(uri) {
  if (uri.startsWith("did:web:")) return ascii(unquote(uri.split(":")[2].split("#")[0])) || null;
  // As Python's urlsplit takes a URL apart.
  const text = uri.replace(/^[\x00- ]+/, "").replace(/[\t\r\n]/g, "");
  const found = /^(https?):\/\/([^/?#]*)/i.exec(text);
  if (!found || /[[\]]/.test(found[2]) !== /\[.*\]/.test(found[2])) return null;
  return ascii(found[2]) || null;
}

/** @param {string} text */
function unquote(text) {
  return text.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) =>
    new TextDecoder().decode(Uint8Array.from(run.slice(1).split("%"), (digits) => parseInt(digits, 16))),
  );
}

/**
 * A host in lower case, as domain names are looked up: international ones in their ASCII form. Of some letters two
 * standards make two names: who has one is nobody but itself.
 * @param {string} host
 */
function ascii(host) {
  if (/^[\x00-\x7f]*$/.test(host) || /[\u00df\u1e9e\u03c2\u200c\u200d]/.test(host)) return host.toLowerCase();
  try {
    return new URL(`http://${host}`).host;
  } catch {
    return host.toLowerCase();
  }
}
