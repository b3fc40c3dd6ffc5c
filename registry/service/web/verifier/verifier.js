/**
 * Document in, chain asked, verdict out: the receipts of a document found, each judged, and the one that decides.
 */

import { MOST_JUDGED, decided } from "./decided.js";
import { ChainUnavailable } from "./endpoints.js";
import { EDITIONS } from "./contracts.js";
import { digestOnly, readDocument } from "./reading.js";
import { digestGiven } from "./digest.js";
import { parseReceipt } from "./receipt.js";
import { say } from "./language.js";
import { Refusal } from "./refusal.js";
import { NO_LEDGER } from "./standingwords.js";
import { saidChain, unavailableFor } from "./verdict.js";
import { NOBODY, isFacts, otherChain, verify } from "./verify.js";

/**
 * @typedef {import("./readers.js").FactsReader} FactsReader
 * @typedef {import("./ledger.js").Ledger} Ledger
 * @typedef {import("./policy.js").Policy} Policy
 * @typedef {import("./reading.js").Reading} Reading
 * @typedef {import("./receipt.js").Receipt} Receipt
 * @typedef {import("./strictjson.js").Limits} Limits
 * @typedef {import("./verdict.js").ChainFacts} ChainFacts
 * @typedef {import("./verdict.js").Unavailable & {detail?: string}} Unavailable `detail` is what an endpoint said, for
 *   whoever chose it.
 * @typedef {import("./verdict.js").Verdict} Verdict
 * @typedef {import("./verify.js").Trust} Trust
 */

const TRY_AGAIN = "Try again later, or tell whoever runs this.";
/** What a file proves does not change with time. */
const GET_ANOTHER = "Ask whoever gave it to you for another one.";
/** @type {Record<string, string>} by code, what is said of the chain in a verdict: sentences of ours, and nobody else's. */
const SENTENCES = {
  "chain-garbage": "the chain's endpoint gave an answer that makes no sense",
  "chain-http-status": "the chain's endpoint could not answer",
  "chain-rpc-error": "the chain's endpoint refused the question",
  "chain-timeout": "the chain's endpoint did not answer in time",
  "chain-unreachable": "the chain's endpoint does not answer",
  "no-contract": "the contract is not on this chain",
  "no-finality": "the chain does not tell which block is final",
  "wrong-chain": "the endpoint serves another chain",
  "wrong-code": "another contract is at the address",
};

/** Verifies the credentials of one visit, all as of one block. */
export class Verifier {
  /** @type {Promise<Ledger | Unavailable> | null} */
  #ledger = null;

  /**
   * @param {FactsReader | null} reader null where no chain can be asked.
   * @param {{trust?: Trust, policy?: Policy | null, issuer?: number | null, limits?: Limits, now?: () => Date, place?: string}} [options]
   *   `issuer`: the party that is asked about, null for any; `now`: the moment to judge dates by; `place`: the verifier's country,
   *   by two letters, whose levels are told.
   */
  constructor(reader, { trust = NOBODY, policy = null, issuer = null, limits, now = () => new Date(), place = "" } = {}) {
    this.reader = reader;
    this.trust = trust;
    this.policy = policy;
    this.issuer = issuer;
    this.limits = limits;
    this.now = now;
    this.place = place;
  }

  /**
   * The verdict on a document or file.
   * @param {Uint8Array | null} document null when there is only the receipt.
   * @param {string} name of the file; its ending tells JSON from other files.
   * @param {Uint8Array | null} [receipt] this one alone; by default the best of those inside the document.
   * @returns {Promise<Verdict>}
   */
  async verify(document, name, receipt = null) {
    const reading = document && (await readDocument(document, name, this.limits));
    return this.verifyReading(reading, name, receipt && readReceipt(receipt));
  }

  /**
   * The verdict on a digest that the issuer's own system made; there is no document to look at.
   * @param {string} text
   * @param {Uint8Array | null} [receipt]
   * @throws {Refusal} it is not a digest.
   */
  async verifyDigest(text, receipt = null) {
    return this.verifyReading(digestOnly(digestGiven(text), text), text, receipt && readReceipt(receipt));
  }

  /**
   * The verdict on a document that was read before.
   * @param {Reading | null} reading
   * @param {string} name
   * @param {Receipt | Refusal | null} receipt
   */
  async verifyReading(reading, name, receipt) {
    const receipts = receipt ? [receipt] : reading ? await this.embedded(reading) : [];
    if (!receipts.length) return this.judge(reading, name, null, []);
    const beside = receipts.flatMap((each) => (each instanceof Refusal ? [] : [each]));
    const judged = [];
    for (const each of receipts) judged.push({ receipt: each, verdict: await this.judge(reading, name, each, beside) });
    return reading ? decided(judged, reading.own.map(({ value }) => value), this.issuer) : judged[0].verdict;
  }

  /**
   * What the chain says about a receipt's leaf, or why that could not be had; nothing is thrown.
   * @param {Receipt} receipt
   * @param {readonly Receipt[]} [beside] other receipts that came with it.
   * @returns {Promise<ChainFacts | Unavailable>}
   */
  async facts(receipt, beside = []) {
    const { reader } = this;
    if (!reader) {
      return unavailableFor("chain-not-asked", say("chain.notAskedOf", { chain: saidChain(receipt.anchor.chain) }), say("chain.connect"));
    }
    try {
      const chain = await reader.chain();
      const isAsked = reader.asks !== false;
      const elsewhere = otherChain(receipt.anchor, chain, reader.contract, isAsked);
      if (elsewhere) return ofOtherEdition(receipt, chain, isAsked) ?? elsewhere;
      const facts = await reader.facts(receipt, beside);
      if (!facts.batch || !facts.party) return facts;
      const lookedAt = new Set([receipt.inclusion.root, ...facts.others.map(({ place }) => place.root)]);
      return { ...facts, notLookedAt: Math.max(0, facts.party.sequence - lookedAt.size) };
    } catch (error) {
      return orUnavailable(error);
    }
  }

  /**
   * @param {Reading | null} reading
   * @param {string} name
   * @param {Receipt | Refusal | null} receipt
   * @param {readonly Receipt[]} beside
   */
  async judge(reading, name, receipt, beside) {
    const facts = receipt && !(receipt instanceof Refusal) ? await this.facts(receipt, beside) : null;
    const ledger = facts && isFacts(facts) ? await this.ledger() : null;
    return verify({ reading, name, receipt, facts, now: this.now(), trust: this.trust, policy: this.policy, ledger, here: this.place });
  }

  /**
   * The accreditations of the registry, read once, or why they could not be had; null where the policy does not ask for them.
   * @returns {Promise<Ledger | Unavailable | null>}
   */
  async ledger() {
    const { reader, policy } = this;
    if (!reader || !policy?.bodies.size) return null;
    this.#ledger ??= reader.ledger ? reader.ledger([...policy.bodies.keys()]).catch(orUnavailable) : Promise.resolve(NO_LEDGER);
    return this.#ledger;
  }

  /**
   * The receipts inside the document: those for the chain that is asked first, what cannot be read last.
   * @param {Reading} reading
   * @returns {Promise<(Receipt | Refusal)[]>}
   */
  async embedded(reading) {
    const here = await this.here();
    const isHere = (/** @type {Receipt} */ { anchor }) => !here || (anchor.chain === here.chain && anchor.contract === here.contract);
    /** @type {Receipt[]} */
    const receipts = [];
    /** @type {Refusal[]} */
    const errors = [];
    for (const { read } of reading.receipts) read instanceof Refusal ? errors.push(read) : receipts.push(read);
    receipts.sort((one, other) => Number(isHere(other)) - Number(isHere(one)));
    if (receipts.length > MOST_JUDGED) {
      const what = `the document holds ${receipts.length} receipts; the first ${MOST_JUDGED} were judged`;
      errors.push(new Refusal("too-many", what, { where: reading.name, remedy: "Remove those that are not needed." }));
    }
    return [...receipts.slice(0, MOST_JUDGED), ...errors];
  }

  /** The chain and the contract that are asked; null where that is not known. */
  async here() {
    try {
      return this.reader && { chain: await this.reader.chain(), contract: this.reader.contract.toLowerCase() };
    } catch (error) {
      if (error instanceof Refusal) return null;
      throw error;
    }
  }
}

/**
 * @param {Uint8Array} data
 * @returns {Receipt | Refusal}
 */
function readReceipt(data) {
  try {
    return parseReceipt(data);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/**
 * That a receipt is of this chain's registry of another edition; null where it is not. Its numbers are other parties, so it
 * is not asked unbidden.
 * @param {Receipt} receipt
 * @param {string} chain
 * @param {boolean} isAsked whether an endpoint is.
 * @returns {Unavailable | null}
 */
function ofOtherEdition({ anchor }, chain, isAsked) {
  const edition = EDITIONS.find(({ address }) => address.toLowerCase() === anchor.contract);
  if (!edition || anchor.chain !== chain) return null;
  return unavailableFor(
    "other-chain",
    say(isAsked ? "chain.editionAsked" : "chain.editionMeant", { edition: edition.number, chain: saidChain(chain) }),
    say("chain.useEdition", { contract: edition.address }),
  );
}

/**
 * @param {unknown} error
 * @returns {Unavailable}
 */
function orUnavailable(error) {
  if (error instanceof Refusal) return unavailable(error);
  throw error;
}

/**
 * @param {Refusal} error
 * @returns {Unavailable}
 */
function unavailable(error) {
  const { code, what, where, remedy } = error;
  if (!(error instanceof ChainUnavailable)) return { code, what: where ? `${what} (${where})` : what, remedy: remedy ?? GET_ANOTHER };
  const detail = `${where ? `${where}: ` : ""}${what}. ${remedy ?? ""}`.trim();
  return { code, what: SENTENCES[code] ?? "the chain could not be asked", remedy: TRY_AGAIN, detail };
}
