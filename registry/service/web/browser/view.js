/**
 * What is shown of verdicts, as plain values: nothing here knows of a browser.
 */

import { original } from "../verifier/language.js";
import { Refusal } from "../verifier/refusal.js";
import { marked } from "../verifier/text.js";
import { checkOf, deciding, overall, saidChain, saidOf, unknownVerdict, verdictJson } from "../verifier/verdict.js";
import { language, say, tell } from "./messages.js";
import { statedFacts } from "./stated.js";

/**
 * @typedef {import("../verifier/verdict.js").Verdict} Verdict
 * @typedef {import("../verifier/verdict.js").Overall} Overall
 * @typedef {import("../verifier/language.js").Piece} Piece
 *
 * @typedef {object} LevelCard
 * @property {string} title
 * @property {string | null} programme whose level it is.
 * @property {string} stated
 * @property {{label: string, values: Piece[][]}[]} places each country with its levels, or with why there are none.
 * @property {string} note
 *
 * @typedef {object} Shown
 * @property {"good" | "bad" | "unsure"} tone
 * @property {string} name
 * @property {string} head the verdict in words.
 * @property {string} sentence what it means.
 * @property {Piece[][]} because the sentences that made it so.
 * @property {{title: string, outcome: string, code: string, text: Piece[], tone: "good" | "bad" | "unsure", means: string, meansNot: string}[]} checks
 * @property {import("./stated.js").Stated[]} stated what the document states, to compare with a paper.
 * @property {string} statedNote how far that is on record.
 * @property {string} factsTitle whether the facts are on record, or a receipt's alone.
 * @property {{label: string, value: Piece[]}[]} facts
 * @property {LevelCard | null} levels what the level that the document states stands beside.
 * @property {string[]} doesNot what it does not say.
 * @property {string[]} said what endpoints said, where something went wrong.
 * @property {Piece[][]} others other receipts.
 * @property {import("../verifier/receipt.js").Receipt | null} receipt by which it was judged.
 * @property {Verdict} verdict
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
 * @param {{reading: import("../verifier/reading.js").Reading | null, issuers: ReadonlyMap<number, string>}} more what was looked at;
 *   whom the user trusts.
 * @returns {Shown}
 */
export function shownOf({ verdict, said, receipt, uri }, { reading, issuers }) {
  const comes = overall(verdict.checks);
  const told = verdictJson(verdict);
  const isAtHand = Boolean(reading?.isAtHand);
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
      means: say(`means.${name}`),
      meansNot: say(`meansNot.${name}`),
    })),
    stated: reading ? statedFacts(reading, isAnchored(verdict) ? verdict.digest : (reading.own[0] ?? null)) : [],
    statedNote: say(isAnchored(verdict) ? "statedAnchored" : "statedAlone"),
    factsTitle: say(isOnRecord(verdict) ? "facts" : "factsAlone"),
    facts: factsOf(verdict, { issuers, uri }),
    levels: levelsOf(verdict),
    doesNot: ["person", "content", ...(verdict.asOf ? ["later"] : []), ...(isAtHand ? [] : ["receipt"])].map((key) => say(`doesNot.${key}`)),
    said: said.map((text) => marked(text, LONGEST_SAID)),
    others: verdict.otherReceipts.map(({ issuer, overall: one, said: text }) => tell({ key: "page.other", values: { issuer: issuer ?? "?", overall: say(one), text } })),
    receipt,
    verdict,
    json: JSON.stringify(told, null, 2),
  };
}

/**
 * Whether the document, or the credential in it, is unchanged in a batch that is on record: only then is what it states what somebody anchored.
 * @param {Verdict} verdict
 */
function isAnchored(verdict) {
  const { outcome, code } = checkOf(verdict, "integrity");
  return isOnRecord(verdict) && checkOf(verdict, "inclusion").outcome === "pass" && (outcome === "pass" || code === "digest-inside");
}

/**
 * Whether the chain has the batch that the receipt names; else what is known of it is what the receipt says.
 * @param {Verdict} verdict
 */
function isOnRecord(verdict) {
  return ["pass", "warn"].includes(checkOf(verdict, "anchor").outcome);
}

/**
 * @param {Verdict} verdict
 * @param {{issuers: ReadonlyMap<number, string>, uri: string | null}} more
 */
function factsOf({ chain, issuer, anchoredAt, asOf, basis, digest, checks }, { issuers, uri }) {
  const wordsOfCheck = (/** @type {string} */ name) => checks.find((check) => check.name === name)?.said ?? null;
  /** @type {[string, import("../verifier/language.js").Value | null][]} */
  const rows = [
    ["issuerKnown", issuer === null ? null : knownAs(issuer, issuers)],
    ["issuerUri", uri === null ? null : marked(uri, LONGEST_NAME)],
    ["accreditation", wordsOfCheck("accreditation")],
    ["recognition", wordsOfCheck("recognition")],
    ["anchoredAt", anchoredAt === null ? null : language().moment(anchoredAt)],
    ["chain", chain && saidChain(chain)],
    ["asOf", asOf && say("asOfBlock", { number: asOf.number, time: asOf.timestamp })],
    ["restsOn", basis && asOf && saidOf(basis, asOf)],
    ["fingerprint", digest && say("fingerprintBy", { value: digest.value, method: digest.method })],
  ];
  return rows.flatMap(([key, value]) => (value === null ? [] : [{ label: say(key), value: typeof value === "string" ? [value] : tell(value) }]));
}

/**
 * The level card of a verdict.
 * @param {Verdict} verdict
 * @returns {LevelCard | null}
 */
function levelsOf({ levels: card }) {
  if (!card) return null;
  const said = (/** @type {string} */ key, /** @type {Record<string, import("../verifier/language.js").Value>} */ values = {}) => ({ key: `level.${key}`, values });
  /** @type {Map<string, Piece[][]>} */
  const places = new Map();
  const add = (/** @type {string} */ place, /** @type {string | null} */ country, /** @type {import("../verifier/language.js").Value} */ told) => {
    const label = language().text(said(place, { country: country ?? "?" }));
    places.set(label, [...(places.get(label) ?? []), tell(told)]);
  };
  for (const { place, country, frameworkName: framework, level, levelName: name, match, checked, source } of card.rows) {
    const by = said("source", { name: source.name, date: source.date });
    add(place, country, { items: [name ? said("levelNamed", { level, framework, name }) : said("level", { level, framework }), said(match), checked ? by : said("unchecked", { source: by })] });
  }
  for (const { place, country, said: why } of card.unknown) add(place, country, why);
  return {
    title: language().text(said("title")),
    programme: card.programme,
    stated: language().text(said("stated", { level: card.level, framework: card.frameworkName })),
    places: [...places].map(([label, values]) => ({ label, values })),
    note: language().text(said("note")),
  };
}

/**
 * How the user knows a party.
 * @param {number} number
 * @param {ReadonlyMap<number, string>} issuers
 */
function knownAs(number, issuers) {
  const name = issuers.get(number);
  if (name === undefined) return say("issuerUnknown", { number });
  return name ? say("issuerTrustedAs", { number, name: marked(name, LONGEST_NAME) }) : say("issuerTrusted", { number });
}

/**
 * The judgement on a file that could not be read.
 * @param {import("./intake.js").Broken} broken
 * @returns {import("./judging.js").Judgement}
 */
export function brokenOf({ name, refusal }) {
  return { verdict: unknownVerdict(name, refusal.code, wordsOf(refusal)), said: [], receipt: null, uri: null };
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
