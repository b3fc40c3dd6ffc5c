/**
 * The credentials of a learner, each with its own verdict, as plain values.
 */

import { isOfParty } from "../verifier/issuer.js";
import { checkOf } from "../verifier/verdict.js";
import { marked } from "../verifier/text.js";
import { language, say as sayOnAll } from "../browser/messages.js";
import { brokenOf, shownOf } from "../browser/view.js";
import { itemOf } from "./achieved.js";
import { accreditedOf, fateOf } from "./fates.js";
import { say } from "./words.js";

/**
 * @typedef {import("../browser/intake.js").Item} Brought
 * @typedef {import("../browser/intake.js").Broken} Broken
 * @typedef {import("../browser/judging.js").Judgement} Judgement
 * @typedef {import("../browser/view.js").Shown} Shown
 * @typedef {import("./achieved.js").Item} Stated
 * @typedef {import("../verifier/reading.js").Reading} Reading
 * @typedef {import("./fates.js").Fate} Fate
 *
 * @typedef {object} Entry
 * @property {Brought | null} brought null for a file that could not be read.
 * @property {string} place by which a part of the page leads to it.
 * @property {Shown} shown
 * @property {Stated | null} stated what it says of itself; null where there is no document.
 * @property {Fate} fate
 * @property {import("./fates.js").Accredited} accredited
 * @property {string} title
 * @property {string} issuer as it names it; "" where it does not.
 */

const LONGEST = 120;
/** What a credential comes to, the best first, with the verdict's own word where that says it; of a good one the verdict may have a warning. */
const COMES_TO = /** @type {const} */ ([
  ["good", "valid"],
  ["warning", "valid with a warning"],
  ["expired", ""],
  ["revoked", ""],
  ["suspended", ""],
  ["not yet valid", ""],
  ["not valid", "not valid"],
  ["unchecked", "could not be checked"],
]);

/**
 * @param {Brought} brought
 * @param {Judgement} judgement
 * @param {number} at
 * @param {ReadonlyMap<number, string>} issuers
 * @returns {Entry}
 */
export function entryOf(brought, judgement, at, issuers) {
  const { reading, name } = brought;
  const stated = reading?.isAtHand ? itemOf(covered(reading, judgement.verdict)) : null;
  const shown = shownOf(judgement, { reading, issuers });
  const { verdict } = judgement;
  return { brought, place: placeOf(at), shown, stated, fate: fateOf(verdict), accredited: accreditedOf(verdict), title: titleOf(stated) || marked(name, LONGEST), issuer: marked(stated?.issuerName || stated?.issuerId || "", LONGEST) };
}

/**
 * The entries as items to hold against a pathway, each by its place in the list.
 * @param {readonly Entry[]} entries
 * @returns {import("./standing.js").Held[]}
 */
export function heldItems(entries) {
  return entries.map(({ brought, shown: { verdict }, stated, fate, accredited }, position) => ({
    position,
    digest: verdict.digest?.value ?? brought?.reading?.digest?.value ?? "",
    identifier: stated?.identifier ?? "",
    issuerId: stated?.issuerId ?? "",
    issuerConfirmed: Boolean(verdict.anchoredAt !== null && verdict.partyUri && stated?.issuerId && isOfParty(stated.issuerId, verdict.partyUri)),
    validFrom: stated?.validFrom ?? null,
    achieved: stated?.achieved ?? [],
    wholes: stated?.wholes ?? [],
    fate,
    accredited,
    issuer: verdict.anchoredAt === null ? null : verdict.issuer,
    anchoredAt: verdict.anchoredAt,
  }));
}

/**
 * The reading with what the verdict is about and nothing else: where a credential inside a document is the one that was
 * anchored, what stands beside it there is nobody's word (`registry/learning/checking.py`).
 * @param {Reading} reading
 * @param {import("../verifier/verdict.js").Verdict} verdict
 * @returns {Reading}
 */
function covered(reading, verdict) {
  const { digest } = verdict;
  if (!digest || checkOf(verdict, "integrity").code !== "digest-inside") return reading;
  const inside = reading.parts.find((part) => part.digests.some(({ value }) => value === digest.value));
  return { ...reading, parts: reading.parts.filter((part) => inside && (part === inside || part.where.startsWith(`${inside.where}, `))) };
}

/**
 * A file of which nothing could be read is not passed over in silence.
 * @param {Broken} broken
 * @param {number} at
 * @returns {Entry}
 */
export function entryOfBroken(broken, at) {
  const shown = shownOf(brokenOf(broken), { reading: null, issuers: new Map() });
  return { brought: null, place: placeOf(at), shown, stated: null, fate: "unchecked", accredited: "unknown", title: shown.name, issuer: "" };
}

/**
 * How many there are of each kind, those of which there are none left out.
 * @param {readonly Entry[]} entries
 */
export function counted(entries) {
  const kinds = entries.map(({ fate, shown }) => (fate === "good" && shown.tone !== "good" ? "warning" : fate));
  return COMES_TO.flatMap(([kind, verdict]) => {
    const count = kinds.filter((each) => each === kind).length;
    return count ? [{ label: verdict ? sayOnAll(verdict) : say(`fate.${kind}`), count: language().text({ key: "learner.number", values: { count } }) }] : [];
  });
}

/**
 * A text in the language of the page, or else in English, or in the first that there is.
 * @param {Readonly<Record<string, string>>} texts
 */
export function textIn(texts) {
  return texts[language().code] || texts.en || texts[""] || Object.values(texts)[0] || "";
}

/** @param {Stated | null} stated */
function titleOf(stated) {
  const names = (stated?.achieved ?? []).filter(({ whole }) => whole === null).map(({ name }) => textIn(name));
  return marked(names.find(Boolean) ?? "", LONGEST);
}

/** @param {number} at */
function placeOf(at) {
  return `credential-${at + 1}`;
}
