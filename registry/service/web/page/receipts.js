/**
 * Which of several receipts decides the verdict on a document (`registry/verify/receipts.py`).
 */

import { Refusal } from "../verifier/refusal.js";
import { REPLACEMENT_UNKNOWN, checkOf, deciding, overall } from "../verifier/verdict.js";

/**
 * @typedef {import("../verifier/receipt.js").Receipt} Receipt
 * @typedef {import("../verifier/verdict.js").Verdict} Verdict
 * @typedef {{receipt: Receipt | Refusal, verdict: Verdict}} Judged
 */

export const MOST_JUDGED = 32;
// What cannot be read is grouped with receipts of the document itself, as its own would be.
const OWN = "own";
const BEST_FIRST = ["valid", "valid with a warning", "not valid", "could not be checked"];
const WORST_LAST = ["valid", "valid with a warning", "could not be checked", "not valid"];

/**
 * The verdict by all receipts: of one credential the best decides, of several inside one document the one that stands worst.
 * @param {readonly Judged[]} judged at least one; of equal ones the first decides.
 * @param {ReadonlySet<string>} own the digests of the document itself.
 * @returns {Verdict}
 */
export function decided(judged, own) {
  /** @type {Map<string, Judged[]>} */
  const groups = new Map();
  for (const each of judged) {
    const value = valueOf(each);
    const key = value === null || own.has(value) ? OWN : value;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  const best = [...groups.values()].map(bestOf);
  const about = best.filter((each) => isAbout(each) && valueOf(each) !== null);
  const mine = about.filter((each) => own.has(/** @type {string} */ (valueOf(each))));
  const decides =
    about.length && !mine.length
      ? about.reduce((one, next) => (before([WORST_LAST.indexOf(overall(one.verdict.checks)), ...rank(one)], [WORST_LAST.indexOf(overall(next.verdict.checks)), ...rank(next)]) ? next : one))
      : first(mine.length ? mine : best);
  return { ...decides.verdict, otherReceipts: judged.filter((each) => each !== decides).map(told) };
}

/** @param {Judged} each */
function valueOf({ receipt }) {
  return receipt instanceof Refusal ? null : receipt.digest.value;
}

/** @param {readonly Judged[]} group */
function bestOf(group) {
  const found = first(group);
  if (overall(found.verdict.checks) !== "not valid") return found;
  const mayReplace = (/** @type {Judged} */ each) => isAbout(each) && checkOf(each.verdict, "status").code === REPLACEMENT_UNKNOWN;
  return group.find((each) => each.verdict.issuer === found.verdict.issuer && mayReplace(each)) ?? found;
}

/** @param {readonly Judged[]} group */
function first(group) {
  return group.reduce((one, next) => (before(rank(next), rank(one)) ? next : one));
}

/**
 * @param {Judged} each
 * @returns {number[]}
 */
function rank(each) {
  const { verdict } = each;
  const trusted = ["pass", "warn"].includes(checkOf(verdict, "issuer").outcome);
  return [Number(!isAbout(each)), Number(!trusted), BEST_FIRST.indexOf(overall(verdict.checks))];
}

/**
 * @param {readonly number[]} one
 * @param {readonly number[]} other
 */
function before(one, other) {
  const at = one.findIndex((number, place) => number !== other[place]);
  return at >= 0 && one[at] < other[at];
}

/** @param {Judged} each */
function isAbout({ verdict }) {
  return ["integrity", "inclusion", "anchor"].every((name) => checkOf(verdict, name).outcome !== "fail");
}

/**
 * @param {Judged} each
 * @returns {import("../verifier/verdict.js").OtherReceipt}
 */
function told({ receipt, verdict }) {
  const because = deciding(verdict);
  const codes = [...new Set(because.map(({ code }) => code))];
  const text = codes.map((code) => because.find((check) => check.code === code)?.text).join(" ");
  const isRead = !(receipt instanceof Refusal);
  return {
    chain: isRead ? receipt.anchor.chain : null,
    issuer: isRead ? receipt.anchor.issuer : null,
    root: isRead ? receipt.inclusion.root : null,
    overall: overall(verdict.checks),
    codes,
    text,
  };
}
