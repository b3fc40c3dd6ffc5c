/**
 * What is shown of verdicts, as plain values: nothing here knows of a browser.
 */

import { original } from "../verifier/language.js";
import { Refusal } from "../verifier/refusal.js";
import { marked } from "../verifier/text.js";
import { deciding, overall, saidChain, saidOf, verdictJson } from "../verifier/verdict.js";
import { language, say, tell } from "./messages.js";

/**
 * @typedef {import("../verifier/verdict.js").Verdict} Verdict
 * @typedef {import("../verifier/verdict.js").Overall} Overall
 * @typedef {import("../verifier/language.js").Piece} Piece
 *
 * @typedef {object} Shown
 * @property {"good" | "bad" | "unsure"} tone
 * @property {string} name
 * @property {string} head the verdict in words.
 * @property {string} sentence what it means.
 * @property {Piece[][]} because the sentences that made it so.
 * @property {{title: string, outcome: string, code: string, text: Piece[], tone: "good" | "bad" | "unsure"}[]} checks
 * @property {{label: string, value: string}[]} facts
 * @property {string[]} doesNot what it does not say.
 * @property {string[]} said what endpoints said, where something went wrong.
 * @property {Piece[][]} others other receipts.
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
  const reasons = comes === "valid" ? [] : deciding(verdict).map(({ said: why }) => why);
  const because = [...new Map(reasons.map((why) => [language().text(why), tell(why)])).values()];
  return {
    tone: TONES[comes],
    name: marked(verdict.name, LONGEST_NAME),
    head: say(comes),
    sentence: say(`${comes}.text`),
    because,
    checks: verdict.checks.map(({ name, outcome, code, said: why }) => ({
      title: say(name),
      outcome: say(outcome),
      code,
      text: tell(why),
      tone: OUTCOME_TONES[outcome],
    })),
    facts: factsOf(verdict, issuers),
    doesNot: ["person", "content", "later", ...(isAtHand ? [] : ["receipt"])].map((key) => say(`doesNot.${key}`)),
    said: said.map((text) => marked(text, LONGEST_SAID)),
    others: verdict.otherReceipts.map(({ issuer, overall: one, said: text }) => tell({ key: "page.other", values: { issuer: issuer ?? "?", overall: say(one), text } })),
    json: JSON.stringify(told, null, 2),
  };
}

/**
 * @param {Verdict} verdict
 * @param {ReadonlyMap<number, string>} issuers
 */
function factsOf({ chain, issuer, anchoredAt, asOf, basis, digest }, issuers) {
  const known = issuer === null ? "" : (issuers.get(issuer) ?? "");
  const number = issuer === null ? null : String(issuer);
  /** @type {[string, string | null][]} */
  const rows = [
    ["issuerNumber", number && (known ? say("issuerNamed", { number, name: marked(known) }) : number)],
    ["anchoredAt", anchoredAt === null ? null : language().moment(anchoredAt)],
    ["chain", chain && language().text(saidChain(chain))],
    ["asOf", asOf && say("asOfBlock", { number: asOf.number, time: asOf.timestamp })],
    ["restsOn", basis && asOf && language().text(saidOf(basis, asOf))],
    ["fingerprint", digest && `${digest.value} (${digest.method})`],
  ];
  return rows.flatMap(([key, value]) => (value === null ? [] : [{ label: say(key), value }]));
}

/**
 * The heading over several.
 * @param {readonly Shown[]} all
 */
export function tableOf(all) {
  return { caption: say("table", { count: all.length }), rows: all.map(({ name, head, because, sentence, tone }) => ({ name, head, why: because[0] ?? [sentence], tone })) };
}

/**
 * An error as a sentence.
 * @param {unknown} error
 */
export function sentenceOf(error) {
  return tell(wordsOf(error));
}

/**
 * An error as something to say.
 * @param {unknown} error
 * @returns {import("../verifier/language.js").Sentence}
 */
export function wordsOf(error) {
  if (error instanceof Refusal) return original([error.what, error.remedy].filter(Boolean).join(" "), error.code);
  return { key: "page.failed", values: { what: original(error instanceof Error ? error.message : String(error)) } };
}
