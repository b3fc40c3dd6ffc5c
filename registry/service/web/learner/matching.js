/**
 * Whether an achievement is what criteria ask for, by what its credential says alone
 * (`registry/learning/pathways/matching.py`).
 */

import { strip } from "../verifier/text.js";

/** @typedef {import("./openbadges.js").Achieved} Achieved */

/** Whether something is what was asked for. */
export const NO = 0;
export const PERHAPS = 1;
export const YES = 2;

const FIELD_URL = /\/isced-f\/((?:0[0-9]|10)[0-9]{0,2})\/?$/i;
const FIELD_CODE = /^(?:0[0-9]|10)[0-9]{0,2}$/;
const LEVEL_URL = /\/eqf\/([1-8])\/?$/i;
const SPACES_AROUND = /^ +| +$/g;

/**
 * A text as it is compared: letters of ASCII in lower case, without spaces around it, all else as it is.
 * @param {string} text
 */
export function folded(text) {
  return text.replace(SPACES_AROUND, "").replace(/[A-Z]/g, (sign) => sign.toLowerCase());
}

/**
 * Codes of ISCED-F 2013 that it is aligned with.
 * @param {Achieved} achieved
 */
export function fieldsOf({ alignments }) {
  return alignments.flatMap(({ url, framework, code }) => {
    const match = FIELD_URL.exec(url);
    return match ? [match[1]] : folded(framework).includes("isced") && FIELD_CODE.test(code) ? [code] : [];
  });
}

/**
 * Framework and code of all that may be a level of it.
 * @param {Achieved} achieved
 * @returns {[string, string][]}
 */
export function levelsOf({ levels, alignments }) {
  return [
    ...levels,
    ...alignments.flatMap(({ url, framework, code }) => {
      const match = LEVEL_URL.exec(url);
      return match ? [/** @type {[string, string]} */ (["eqf", match[1]])] : framework && code ? [/** @type {[string, string]} */ ([framework, code])] : [];
    }),
  ];
}

/**
 * Values and levels of its results, folded.
 * @param {Achieved} achieved
 */
export function resultsOf({ results }) {
  return new Set(results.flatMap(({ value, level }) => [value, level]).filter(Boolean).map(folded));
}

/**
 * What stands for each item that it is aligned with: framework and code, or the URL.
 * @param {Achieved} achieved
 * @param {ReadonlyMap<string, string>} names identifier of each framework that the pathway names, by its names, folded.
 */
export function competencesOf({ alignments }, names) {
  return new Set(
    alignments.flatMap(({ url, framework, code }) => [...(url ? [competence("", url)] : []), ...(framework && code ? [competence(named(framework, names), code)] : [])]),
  );
}

/**
 * The name by which a pathway knows a framework.
 * @param {string} framework
 * @param {ReadonlyMap<string, string>} names
 */
export function named(framework, names) {
  return names.get(folded(framework)) ?? folded(framework);
}

/**
 * What stands for an item of a framework.
 * @param {string} framework "" where the other is a URL.
 * @param {string} code
 */
export function competence(framework, code) {
  return JSON.stringify([framework, code]);
}

/**
 * Whether stated levels are in a range: one that is known to be decides, then one that is known not to be.
 * @param {readonly [string, string][]} stated
 * @param {import("./pathway.js").Within} within
 */
export function levelMatch(stated, { of, names }) {
  const found = new Set(stated.flatMap(([framework, code]) => of.get(names.get(folded(framework)) ?? "")?.get(strip(code)) ?? []));
  if (found.has(YES)) return YES;
  return found.has(PERHAPS) && found.size === 1 ? PERHAPS : NO;
}
