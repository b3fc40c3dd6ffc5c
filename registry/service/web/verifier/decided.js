/**
 * Which of several receipts decides the verdict on a document, and what is told of the others
 * (`registry/verify/receipts.py`; `docs/reference/verdict.md` has the order in words).
 */

import { Refusal } from "./refusal.js";
import { REPLACEMENT_UNKNOWN, checkOf, deciding, overall } from "./verdict.js";

/**
 * @typedef {import("./receipt.js").Receipt} Receipt
 * @typedef {import("./verdict.js").Verdict} Verdict
 * @typedef {import("./verdict.js").OtherReceipt} OtherReceipt
 * @typedef {{receipt: Receipt | Refusal, verdict: Verdict}} Judged a receipt, and the verdict by it alone.
 */

/** Receipts of one document that are judged; each costs questions to the chain. */
export const MOST_JUDGED = 32;
// A credential that is certainly withdrawn in one place is not rescued by one that could not be looked at.
const BEST_FIRST = ["valid", "valid with a warning", "not valid", "could not be checked"];
const WORST_LAST = ["valid", "valid with a warning", "could not be checked", "not valid"];

/**
 * The verdict on a document by all of its receipts.
 * @param {readonly Judged[]} judged at least one; of equal ones the first decides.
 * @param {readonly string[]} own the digests of the document itself, 64 digits each.
 * @param {number | null} issuer the party that the verifier asks about; null for whichever it trusts.
 * @returns {Verdict}
 */
export function decided(judged, own, issuer) {
  const valueOf = (/** @type {Judged} */ { receipt }) => (receipt instanceof Refusal ? null : receipt.digest.value);
  const isOwn = (/** @type {Judged} */ each) => own.includes(valueOf(each) ?? "");
  const rank = (/** @type {Judged} */ { receipt, verdict }) => {
    const isAsked = issuer === null || (!(receipt instanceof Refusal) && receipt.anchor.issuer === issuer);
    const isTrusted = ["pass", "warn"].includes(checkOf(verdict, "issuer").outcome);
    return [Number(!isAbout(verdict)), Number(!isAsked), Number(!isTrusted), BEST_FIRST.indexOf(overall(verdict.checks))];
  };
  const first = (/** @type {readonly Judged[]} */ all) => all.reduce((best, each) => (isLess(rank(each), rank(best)) ? each : best));
  /** @type {Map<string | null, Judged[]>} */
  const groups = new Map();
  for (const each of judged) {
    // What cannot be read counts among those of the document itself.
    const key = isOwn(each) ? null : valueOf(each);
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  const best = [...groups.values()].map((group) => {
    const found = first(group);
    if (overall(found.verdict.checks) !== "not valid") return found;
    // What its issuer withdrew is not withdrawn where another anchor replaces it: while that could not be read, nobody knows.
    const mayReplace = (/** @type {Judged} */ { verdict }) => verdict.issuer === found.verdict.issuer && isAbout(verdict) && checkOf(verdict, "status").code === REPLACEMENT_UNKNOWN;
    return group.find(mayReplace) ?? found;
  });
  // What cannot be read is about nothing that is known: where another receipt is, that one decides.
  const about = best.filter(({ receipt, verdict }) => isAbout(verdict) && !(receipt instanceof Refusal));
  const mine = about.filter(isOwn);
  let chosen;
  if (about.length && !mine.length) {
    // Whose it is does not count here: one that was withdrawn is not hidden by one of another issuer.
    const badness = (/** @type {Judged} */ each) => [WORST_LAST.indexOf(overall(each.verdict.checks)), ...rank(each)];
    chosen = about.reduce((worst, each) => (isLess(badness(worst), badness(each)) ? each : worst));
  } else {
    chosen = first(mine.length ? mine : best);
  }
  return { ...chosen.verdict, otherReceipts: judged.filter((each) => each !== chosen).map(told) };
}

/**
 * Whether it may say something about the document; one for another document, or of no anchor, says nothing.
 * @param {Verdict} verdict
 */
function isAbout(verdict) {
  return ["integrity", "inclusion", "anchor"].every((name) => checkOf(verdict, name).outcome !== "fail");
}

/**
 * @param {readonly number[]} one
 * @param {readonly number[]} other
 */
function isLess(one, other) {
  const at = one.findIndex((part, place) => part !== other[place]);
  return at >= 0 && one[at] < other[at];
}

/**
 * @param {Judged} judged
 * @returns {OtherReceipt}
 */
function told({ receipt, verdict }) {
  /** @type {Map<string, readonly import("./language.js").Sentence[]>} */
  const reasons = new Map();
  for (const { code, said } of deciding(verdict)) if (!reasons.has(code)) reasons.set(code, said);
  const why = { overall: overall(verdict.checks), codes: [...reasons.keys()], said: [...reasons.values()].flat() };
  if (receipt instanceof Refusal) return { chain: null, issuer: null, root: null, ...why };
  return { chain: receipt.anchor.chain, issuer: receipt.anchor.issuer, root: receipt.inclusion.root, ...why };
}
