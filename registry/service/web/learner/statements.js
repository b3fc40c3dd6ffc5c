/**
 * Members of strangers' JSON as the values that achievements are made of: whatever has another form gives less
 * (`registry/learning/statements/members.py`).
 */

import { objects as every, isLonger } from "../verifier/stated.js";
import { Members, Real } from "../verifier/strictjson.js";
import { first, strip } from "../verifier/text.js";

/**
 * @typedef {import("../verifier/strictjson.js").Value} Value
 * @typedef {Record<string, string>} Texts by language tag; `""` where none is named.
 */

/** Most values of one member that are read. */
export const MOST_VALUES = 64;
export const LONGEST_NAME = 500;
/** Credits are counted in millionths, in which every amount that is read is whole. */
export const MILLION = 1_000_000;
const LONGEST_TEXT = 4_000;
const LONGEST_IDENTIFIER = 2_000;
const MOST_DEEP = 4;
const MOST_CREDITS = 1_000_000;
const MOST_PLACES = 6;
const LANGUAGE = /^[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,8}$/;
// Three digits after a comma may be thousands, and nobody knows.
const AMOUNT = /^[0-9]{1,7}(?:\.[0-9]{1,6}|,[0-9]{1,2})?$/;
const WORDS = ["@value", "noteLiteral", "prefLabel", "notation", "title", "name"];

/**
 * The texts of a member by their languages, of each language the first.
 * @param {Value | undefined} value
 * @param {string} [language] of a text that names none itself.
 * @param {number} [longest]
 * @returns {Texts}
 */
export function textsOf(value, language = "", longest = LONGEST_TEXT) {
  /** @type {Map<string, string>} */
  const found = new Map();
  let read = 0;
  for (const [tag, text] of tagged(value, language, 0)) {
    if (!found.has(tag)) found.set(tag, first(text, longest));
    if (++read === MOST_VALUES) break;
  }
  return Object.fromEntries(found);
}

/**
 * The first text of a member, in English where that is one of its languages; "" where it has none.
 * @param {Value | undefined} value
 * @param {number} [longest]
 * @returns {string}
 */
export function textOf(value, longest = LONGEST_NAME) {
  let begins = "";
  let read = 0;
  for (const [tag, text] of tagged(value, "", 0)) {
    if (tag === "en") return first(text, longest);
    if (!read) begins = first(text, longest);
    if (++read === MOST_VALUES) break;
  }
  return begins;
}

/**
 * A URI or other identifier, or that of an object; "" where there is none or it is too long to be one.
 * @param {Value | undefined} given
 */
export function identifierOf(given) {
  const value = given instanceof Members ? either(given, "id", "@id") : given;
  return typeof value === "string" && !isLonger(value, LONGEST_IDENTIFIER) ? strip(value) : "";
}

/**
 * A number that is not negative, in millionths, as a number or as text; null of anything else.
 * @param {Value | undefined} given
 */
export function amountOf(given) {
  const value = given instanceof Members ? given.get("@value") : given;
  let text = "";
  if (typeof value === "string") text = AMOUNT.test(strip(value)) ? strip(value).replace(",", ".") : "";
  else if (typeof value === "number" || typeof value === "bigint") text = String(value);
  else if (value instanceof Real) text = String(value.value);
  const parts = /^([0-9]+)(?:\.([0-9]+))?$/.exec(text);
  if (!parts || (parts[2] ?? "").length > MOST_PLACES) return null;
  const amount = Number(parts[1]) * MILLION + Number((parts[2] ?? "").padEnd(MOST_PLACES, "0"));
  return amount > MOST_CREDITS * MILLION ? null : amount;
}

/**
 * A language tag with hyphens, as it is written otherwise; "" where it is none.
 * @param {Value | undefined} value
 */
export function languageOf(value) {
  const text = textOf(value);
  return LANGUAGE.test(text) ? text.replaceAll("_", "-") : "";
}

/**
 * The objects of a member, as many as are read; a mere name is one that has it as its name.
 * @param {Value | undefined} value
 * @param {string} [namedBy]
 * @param {number} [most]
 * @returns {Members[]}
 */
export function objects(value, namedBy = "id", most = MOST_VALUES) {
  /** @type {Members[]} */
  const found = [];
  if (most <= 0) return found;
  for (const each of every(value, namedBy)) {
    if (each.size) found.push(each);
    if (found.length === most) break;
  }
  return found;
}

/**
 * The types of an object.
 * @param {Members} members
 * @returns {Set<string>}
 */
export function kindsOf(members) {
  const kinds = either(members, "type", "@type");
  const given = Array.isArray(kinds) ? kinds.slice(0, MOST_VALUES) : [kinds];
  return new Set(given.filter((each) => typeof each === "string"));
}

/**
 * The first of two members that is there, whatever it has.
 * @param {Members} members
 * @param {string} name
 * @param {string} other
 * @returns {Value | undefined}
 */
export function either(members, name, other) {
  return members.get(members.has(name) ? name : other);
}

/**
 * @param {Value | undefined} value
 * @param {string} language
 * @param {number} depth
 * @returns {Generator<[string, string]>}
 */
function* tagged(value, language, depth) {
  if (typeof value === "string") {
    const text = strip(value);
    if (text) yield [language, text];
  } else if (depth === MOST_DEEP) return;
  else if (Array.isArray(value)) {
    for (const item of value.slice(0, MOST_VALUES)) yield* tagged(item, language, depth + 1);
  } else if (value instanceof Members) {
    const tag = either(value, "@language", "language");
    const own = typeof tag === "string" && LANGUAGE.test(tag) ? tag : language;
    const name = WORDS.find((each) => (value.get(each) ?? null) !== null);
    if (name !== undefined) {
      yield* tagged(value.get(name), own, depth + 1);
      return;
    }
    const languages = [...value.keys()].filter((key) => key !== "id" && LANGUAGE.test(key));
    for (const key of languages.slice(0, MOST_VALUES)) yield* tagged(value.get(key), key, depth + 1);
  }
}
