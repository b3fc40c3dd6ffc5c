/**
 * What is shown of verdicts, as plain values: nothing here knows of a browser.
 */

import { Refusal } from "../verifier/refusal.js";
import { marked } from "../verifier/text.js";
import { writeTimestamp } from "../verifier/timestamps.js";
import { chainName, deciding, overall, verdictJson } from "../verifier/verdict.js";
import { say } from "./messages.js";

/**
 * @typedef {import("../verifier/verdict.js").Verdict} Verdict
 * @typedef {import("../verifier/verdict.js").Overall} Overall
 *
 * @typedef {object} Shown
 * @property {"good" | "bad" | "unsure"} tone
 * @property {string} name
 * @property {string} head the verdict in words.
 * @property {string} sentence what it means.
 * @property {string[]} because the sentences that made it so.
 * @property {{title: string, outcome: string, code: string, text: string, tone: "good" | "bad" | "unsure"}[]} checks
 * @property {{label: string, value: string}[]} facts
 * @property {string[]} doesNot what it does not say.
 * @property {string[]} said what endpoints said, where something went wrong.
 * @property {string[]} others other receipts.
 * @property {string} json
 */

const LONGEST_NAME = 120;
const LONGEST_SAID = 1_000;
/** @type {Record<Overall, Shown["tone"]>} */
const TONES = { valid: "good", "valid with a warning": "unsure", "not valid": "bad", "could not be checked": "unsure" };
/** @type {Record<import("../verifier/verdict.js").Outcome, Shown["tone"]>} */
const OUTCOME_TONES = { pass: "good", fail: "bad", warn: "unsure", unknown: "unsure" };

/**
 * One verdict.
 * @param {import("./judging.js").Judgement} judgement
 * @param {{isAtHand: boolean, issuers: ReadonlyMap<number, string>}} more whether a document was looked at; whom the user
 *   trusts.
 * @returns {Shown}
 */
export function shownOf({ verdict, said }, { isAtHand, issuers }) {
  const comes = overall(verdict.checks);
  const told = verdictJson(verdict);
  const because = comes === "valid" ? [] : [...new Set(deciding(verdict).map(({ text }) => text))];
  return {
    tone: TONES[comes],
    name: marked(verdict.name, LONGEST_NAME),
    head: say(comes),
    sentence: say(`${comes}.text`),
    because,
    checks: verdict.checks.map(({ name, outcome, code, text }) => ({
      title: say(name),
      outcome: say(outcome),
      code,
      text,
      tone: OUTCOME_TONES[outcome],
    })),
    facts: factsOf(verdict, told.restsOn?.words ?? null, issuers),
    doesNot: ["person", "content", "later", ...(isAtHand ? [] : ["receipt"])].map((key) => say(`doesNot.${key}`)),
    said: said.map((text) => marked(text, LONGEST_SAID)),
    others: verdict.otherReceipts.map(({ issuer, overall: one, text }) => say("other", { issuer: issuer ?? "?", overall: say(one), text })),
    json: JSON.stringify(told, null, 2),
  };
}

/**
 * @param {Verdict} verdict
 * @param {string | null} words
 * @param {ReadonlyMap<number, string>} issuers
 */
function factsOf({ chain, issuer, anchoredAt, asOf, digest }, words, issuers) {
  const known = issuer === null ? "" : (issuers.get(issuer) ?? "");
  const number = issuer === null ? null : String(issuer);
  /** @type {[string, string | null][]} */
  const rows = [
    ["issuerNumber", number && (known ? say("issuerNamed", { number, name: marked(known) }) : number)],
    ["anchoredAt", anchoredAt === null ? null : writeTimestamp(anchoredAt)],
    ["chain", chain && chainName(chain)],
    ["asOf", asOf && say("asOfBlock", { number: asOf.number, time: writeTimestamp(asOf.timestamp) })],
    ["restsOn", words],
    ["fingerprint", digest && `${digest.value} (${digest.method})`],
  ];
  return rows.flatMap(([key, value]) => (value === null ? [] : [{ label: say(key), value }]));
}

/**
 * A file that could not be read.
 * @param {import("./intake.js").Broken} broken
 * @returns {Shown}
 */
export function brokenOf({ name, refusal }) {
  const { code, what, remedy } = refusal;
  return {
    tone: "unsure",
    name: marked(name, LONGEST_NAME),
    head: say("could not be checked"),
    sentence: say("could not be checked.text"),
    because: [sentenceOf(refusal)],
    checks: [],
    facts: [],
    doesNot: [],
    said: [],
    others: [],
    json: JSON.stringify({ name, code, what, remedy }, null, 2),
  };
}

/**
 * The heading over several.
 * @param {readonly Shown[]} all
 */
export function tableOf(all) {
  return { caption: say("table", { count: all.length }), rows: all.map(({ name, head, because, sentence, tone }) => ({ name, head, why: because[0] ?? sentence, tone })) };
}

/**
 * An error as a sentence.
 * @param {unknown} error
 */
export function sentenceOf(error) {
  if (error instanceof Refusal) return [error.what, error.remedy].filter(Boolean).join(" ");
  return say("failed", { what: error instanceof Error ? error.message : String(error) });
}
