/**
 * From what was brought to verdicts.
 */

import { verify } from "../verifier/verify.js";
import { Refusal } from "../verifier/refusal.js";
import { EndpointReader } from "./endpoints.js";
import { say } from "./messages.js";
import { MOST_JUDGED, decided } from "./receipts.js";

/**
 * @typedef {import("./intake.js").Item} Item
 * @typedef {import("./settings.js").Chosen} Chosen
 * @typedef {import("../verifier/receipt.js").Receipt} Receipt
 * @typedef {import("../verifier/verdict.js").Verdict} Verdict
 * @typedef {Pick<EndpointReader, "facts">} Reader
 */

/**
 * Whoever tells what the chain says: endpoints, or nobody.
 * @param {Chosen} chosen
 * @returns {Reader}
 */
export function readerOf(chosen) {
  if (chosen.endpoints.length) return new EndpointReader(chosen);
  return { facts: async () => ({ code: "chain-not-asked", what: say("noEndpoint"), remedy: say("noEndpointDo") }) };
}

/**
 * The verdict on one document, or on a receipt without its document.
 * @param {Item} item
 * @param {Chosen} chosen
 * @param {Reader} reader
 * @param {Date} now
 * @returns {Promise<Verdict>}
 */
export async function judge({ name, reading, receipts }, { chain, issuers }, reader, now) {
  const trust = { issuers, chain };
  if (!receipts.length) return verify({ reading, name, receipt: null, facts: null, now, trust });
  /** @type {Receipt[]} */
  const readable = receipts.flatMap((receipt) => (receipt instanceof Refusal ? [] : [receipt]));
  const judged = [];
  for (const receipt of [...readable, ...receipts.filter((each) => each instanceof Refusal)].slice(0, MOST_JUDGED)) {
    const facts = receipt instanceof Refusal ? null : await reader.facts(receipt, readable);
    judged.push({ receipt, verdict: await verify({ reading, name, receipt, facts, now, trust }) });
  }
  return decided(judged, new Set(reading?.own.map(({ value }) => value)));
}
