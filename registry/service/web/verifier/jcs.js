/**
 * The canonical form of a value: RFC 8785 (JCS).
 */

import { Members, Real } from "./strictjson.js";

/** @typedef {import("./strictjson.js").Value} Value */

/**
 * The one text of a value, without a member of the outermost object where one is named.
 * @param {Value} value whose strings have no half of a surrogate pair.
 * @param {string | null} [without]
 * @returns {string}
 */
export function canonicalize(value, without = null) {
  if (value instanceof Real) return JSON.stringify(value.value);
  if (Array.isArray(value)) return `[${value.map((item) => canonicalize(item)).join(",")}]`;
  if (value instanceof Members) {
    // The order of JavaScript's own sort is that of UTF-16 code units, and its numbers are those of ECMAScript.
    const names = [...value.keys()].filter((name) => name !== without).sort();
    return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalize(value.get(name))}`).join(",")}}`;
  }
  return JSON.stringify(value);
}
