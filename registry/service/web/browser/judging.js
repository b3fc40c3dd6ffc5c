/**
 * From what was brought to verdicts.
 */

import { MOST_JUDGED, decided } from "../verifier/decided.js";
import { ChainUnavailable, Endpoints } from "../verifier/endpoints.js";
import { byCheckpoints, trustedBlocks } from "../verifier/checkpoints.js";
import { firstOf } from "../verifier/grounds.js";
import { EndpointsReader, EvidenceReader } from "../verifier/readers.js";
import { conditionsOf, programmesOf } from "../verifier/policy.js";
import { bySeals } from "../verifier/seals.js";
import { parseWitnesses } from "../verifier/witnesses.js";
import { utf8 } from "../verifier/bytes.js";
import { Refusal } from "../verifier/refusal.js";
import { say as said } from "../verifier/language.js";
import { saidChain, unavailableFor } from "../verifier/verdict.js";
import { Verifier } from "../verifier/verifier.js";
import { isFacts, verify } from "../verifier/verify.js";
import { say } from "./messages.js";

/**
 * @typedef {import("./intake.js").Item} Item
 * @typedef {import("./settings.js").Chosen} Chosen
 * @typedef {import("../verifier/endpoints.js").Fetch} Fetch
 * @typedef {import("../verifier/receipt.js").Receipt} Receipt
 * @typedef {import("../verifier/verdict.js").Verdict} Verdict
 *
 * @typedef {object} Judgement
 * @property {Verdict} verdict
 * @property {string[]} said what went wrong with the endpoints, in their words.
 * @property {Receipt | null} receipt the one that decided.
 * @property {string | null} uri of the party that anchored it, as the chain has it.
 */

/** @type {import("../verifier/verifier.js").Unavailable} */
const NOBODY_ASKED = unavailableFor("chain-not-asked", said("chain.noneNamed"), said("chain.nameOne"));

/** Endpoints that have to be of the chain that was named: the issuers whom the user trusts are parties of that one. */
class NamedChain extends EndpointsReader {
  /**
   * @param {Chosen} chosen
   * @param {Fetch} [fetch]
   */
  constructor({ chain, contract, endpoints, quorum }, fetch) {
    super(new Endpoints(endpoints, { quorum, ...(fetch && { fetch }) }), { contract });
    this.named = chain;
  }

  /** @override */
  async chain() {
    const found = await super.chain();
    if (found === this.named) return found;
    throw new ChainUnavailable("wrong-chain", say("otherChain", { found: saidChain(found), named: saidChain(this.named) }));
  }
}

/**
 * Whoever tells what the chain says: endpoints; without any, the evidence in receipts, if somebody is believed to know its
 * block; else nobody.
 * @param {Chosen} chosen
 * @param {readonly import("./intake.js").Checkpoints[]} lists
 * @param {Fetch} [fetch]
 * @throws {Refusal} a list is not signed by enough.
 */
async function readerOf(chosen, lists, fetch) {
  const { chain, contract, endpoints, witnesses, validators } = chosen;
  if (endpoints.length) return new NamedChain(chosen, fetch);
  const grounds = validators.size ? [bySeals(chain, validators)] : [];
  if (witnesses) {
    const policy = await parseWitnesses(utf8(witnesses));
    for (const list of lists) grounds.push(byCheckpoints(chain, await trustedBlocks(list, policy)));
  }
  return grounds.length ? new EvidenceReader(firstOf(grounds), { contract }) : null;
}

/**
 * Whoever judges what is brought now, all as of one block.
 * @param {Chosen} chosen
 * @param {{lists?: readonly import("./intake.js").Checkpoints[], fetch?: Fetch, now?: () => Date}} [means]
 */
export async function judgeBy(chosen, { lists = [], fetch, now = () => new Date() } = {}) {
  const reader = await readerOf(chosen, lists, fetch);
  const trust = { chain: chosen.chain, issuers: chosen.issuers };
  const { chain, bodies, accords, registers, country: here } = chosen;
  const [conditions, programmes] = await Promise.all([conditionsOf(chosen.conditions), programmesOf(chosen.programmes)]);
  const policy = { chain, jurisdiction: "", require: false, bodies, issuers: new Map(), accords, conditions, programmes, registers };
  const verifier = new Verifier(reader, { trust, policy, now });

  /**
   * The verdict on a document by its receipts, or on a receipt without its document.
   * @param {Item} item
   * @returns {Promise<Judgement>}
   */
  return async ({ name, reading, receipts }) => {
    /** @type {Set<string>} */
    const details = new Set();
    /** @type {Receipt[]} */
    const readable = receipts.flatMap((receipt) => (receipt instanceof Refusal ? [] : [receipt]));
    const judged = [];
    for (const receipt of [...readable, ...receipts.filter((each) => each instanceof Refusal)].slice(0, MOST_JUDGED)) {
      let facts = null;
      let uri = null;
      let ledger = null;
      if (!(receipt instanceof Refusal)) {
        facts = reader ? await verifier.facts(receipt, readable) : NOBODY_ASKED;
        ledger = isFacts(facts) ? await verifier.ledger() : null;
        for (const each of [facts, ledger]) if (each && "detail" in each && each.detail) details.add(each.detail);
        if (isFacts(facts)) uri = facts.party?.uri ?? null;
      }
      judged.push({ receipt, uri, verdict: await verify({ reading, name, receipt, facts, now: now(), trust, policy, ledger, here }) });
    }
    const own = reading?.own.map(({ value }) => value) ?? [];
    const verdict = judged.length ? decided(judged, own, null) : await verify({ reading, name, receipt: null, facts: null, now: now(), trust, policy });
    const by = judged.find((each) => each.verdict.checks === verdict.checks);
    return { verdict, said: [...details], receipt: by?.receipt instanceof Refusal ? null : (by?.receipt ?? null), uri: by?.uri ?? null };
  };
}
