/**
 * What an accreditation is about: field, levels, types of qualification, jurisdiction and programme
 * (`registry/recognition/scope.py`).
 */

import { Refusal } from "./refusal.js";
import { COUNTRIES, QUALIFICATION_TYPES } from "./vocabulary.js";

/**
 * @typedef {object} Scope
 * @property {string} field ISCED-F 2013 code of 2 to 4 digits, "" for any; it holds all codes that begin with it.
 * @property {readonly [number, number]} levels lowest and highest of the European Qualifications Framework.
 * @property {readonly string[]} types of qualification, sorted; none for any.
 * @property {string} jurisdiction ISO 3166-1, "" for any.
 * @property {string} programme SHA-256 of its identifier, 64 digits; zeros for any.
 *
 * @typedef {Record<"field" | "fieldDigits" | "levelMin" | "levelMax" | "qualificationTypes" | "jurisdiction", number> &
 *   {programme: string}} ScopeNumbers as the contract has a scope.
 */

const HIGHEST_LEVEL = 8;
const TYPE_BITS = 32;
export const ANY_PROGRAMME = "0".repeat(64);
/** @type {Scope} */
export const ANYTHING = { field: "", levels: [1, HIGHEST_LEVEL], types: [], jurisdiction: "", programme: ANY_PROGRAMME };
const PAIRS = COUNTRIES.match(/.{5}/g) ?? [];
const LETTERS = new Map(PAIRS.map((pair) => [Number(pair.slice(2)), pair.slice(0, 2)]));
const KNOWN = new Set(LETTERS.values());

/**
 * The scope that the contract has.
 * @param {ScopeNumbers} numbers
 * @returns {Scope}
 * @throws {Refusal} `scope`: no contract of ours holds such a scope.
 */
export function scopeOfNumbers({ field, fieldDigits, levelMin, levelMax, qualificationTypes, jurisdiction, programme }) {
  const isField = [0, 2, 3, 4].includes(fieldDigits) && field < 10 ** fieldDigits;
  if (!isField || jurisdiction >= 1_000 || levelMin < 1 || levelMin > levelMax || levelMax > HIGHEST_LEVEL) {
    throw new Refusal("scope", "what is stored of a scope is no scope");
  }
  const bits = Array.from({ length: TYPE_BITS }, (_, bit) => bit).filter((bit) => (qualificationTypes >>> bit) & 1);
  return {
    field: fieldDigits ? String(field).padStart(fieldDigits, "0") : "",
    levels: [levelMin, levelMax],
    // A bit that has no name yet still means something to whoever set it.
    types: bits.map((bit) => QUALIFICATION_TYPES[bit] ?? `type-${bit}`).sort(),
    jurisdiction: country(String(jurisdiction).padStart(3, "0")),
    programme,
  };
}

/**
 * The code of a country in the form that scopes have: two letters, three digits without letters, or "" for any.
 * @param {string} text
 * @throws {Refusal} `scope`: ISO 3166-1 has no such code.
 */
export function country(text) {
  if (/^[0-9]{3}$/.test(text)) return LETTERS.get(Number(text)) ?? (Number(text) ? text : "");
  const letters = text.toUpperCase();
  if (text && !KNOWN.has(letters)) throw new Refusal("scope", `${JSON.stringify(text)} is no country`);
  return letters;
}

/**
 * Whether ISO 3166-1 has these two letters.
 * @param {string} text
 */
export function isCountry(text) {
  return KNOWN.has(text);
}

/**
 * Whether everything in the inner scope is in the outer one; what is "any" there is covered by "any" alone.
 * @param {Scope} outer
 * @param {Scope} inner
 */
export function covers(outer, inner) {
  return (
    inner.field.startsWith(outer.field) &&
    outer.levels[0] <= inner.levels[0] &&
    inner.levels[1] <= outer.levels[1] &&
    ["", inner.jurisdiction].includes(outer.jurisdiction) &&
    [ANY_PROGRAMME, inner.programme].includes(outer.programme) &&
    (!outer.types.length || (inner.types.length > 0 && inner.types.every((type) => outer.types.includes(type))))
  );
}

/**
 * What is in both scopes; null when nothing is.
 * @param {Scope} one
 * @param {Scope} other
 * @returns {Scope | null}
 */
export function narrowed(one, other) {
  const [outer, inner] = one.field.length <= other.field.length ? [one.field, other.field] : [other.field, one.field];
  const lowest = Math.max(one.levels[0], other.levels[0]);
  const highest = Math.min(one.levels[1], other.levels[1]);
  const isAny = !one.types.length || !other.types.length;
  const types = isAny ? [...one.types, ...other.types] : one.types.filter((type) => other.types.includes(type));
  const differ = (/** @type {string} */ left, /** @type {string} */ right, /** @type {string} */ any) => left !== any && right !== any && left !== right;
  const isApart = differ(one.jurisdiction, other.jurisdiction, "") || differ(one.programme, other.programme, ANY_PROGRAMME);
  if (!inner.startsWith(outer) || lowest > highest || isApart || !(types.length || isAny)) return null;
  return {
    field: inner,
    levels: [lowest, highest],
    types,
    jurisdiction: one.jurisdiction || other.jurisdiction,
    programme: one.programme === ANY_PROGRAMME ? other.programme : one.programme,
  };
}

/**
 * Each of the scopes once, in their order.
 * @param {readonly Scope[]} scopes
 */
export function distinct(scopes) {
  return [...new Map(scopes.map((scope) => [keyOf(scope), scope])).values()];
}

/**
 * The same text for the same scope.
 * @param {Scope} scope
 */
export function keyOf({ field, levels, types, jurisdiction, programme }) {
  return JSON.stringify([field, levels, types, jurisdiction, programme]);
}
