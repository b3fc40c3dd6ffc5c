/**
 * Whom the page asks and whom its user trusts: as they were put into the page, and as the user changed them.
 */

import { EDITIONS } from "../verifier/contracts.js";
import { say } from "./messages.js";

/**
 * @typedef {object} Settings as `registry/service/web/page/settings.py` puts them into the page.
 * @property {string} institution "" for none.
 * @property {string} chain CAIP-2; "" for none.
 * @property {string} contract "" for the usual address.
 * @property {string[]} endpoints
 * @property {number} quorum
 * @property {boolean} fixed whether the endpoints may not be changed.
 * @property {boolean} lookup whether the registry has this page, so that it can be asked beside it.
 * @property {[number, string][]} issuers
 * @property {[number, string][]} bodies whose accreditations and recognitions count.
 * @property {string} country whose levels are told beside those of others; "" for none.
 * @property {[number, string][]} accords what accords are called.
 * @property {string[]} conditions texts of conditions.
 * @property {[string, string][]} programmes identifiers and names.
 * @property {string[]} registers names of registers that are believed, and that no page reads.
 * @property {string} witnesses the policy by which lists of blocks are believed; "" for none.
 * @property {[string, string][]} validators addresses and names.
 *
 * @typedef {{chain: string, contract: string, endpoints: string, quorum: string, issuers: string}} Fields what the form says.
 *
 * @typedef {object} Chosen
 * @property {string} chain CAIP-2.
 * @property {string} contract in lower case.
 * @property {readonly string[]} endpoints URLs.
 * @property {number} quorum how many hosts have to name a block alike.
 * @property {Map<number, string>} issuers whom the user trusts.
 * @property {Map<number, string>} bodies
 * @property {string} country
 * @property {Map<number, string>} accords
 * @property {readonly string[]} conditions
 * @property {readonly [string, string][]} programmes
 * @property {readonly string[]} registers
 * @property {string} witnesses
 * @property {Map<string, string>} validators
 */

/** What is wrong with a field. */
export class Mistake extends Error {
  /**
   * @param {keyof Fields} field
   * @param {string} text
   */
  constructor(field, text) {
    super(text);
    this.field = field;
  }
}

/**
 * The form as it begins.
 * @param {Settings} settings
 * @returns {Fields}
 */
export function fieldsOf({ chain, contract, endpoints, quorum, issuers }) {
  return {
    chain,
    contract: contract || EDITIONS[0].address,
    endpoints: endpoints.join("\n"),
    quorum: String(quorum),
    issuers: issuers.map(([number, name]) => `${number} ${name}`.trim()).join("\n"),
  };
}

/**
 * What a form says, if it makes sense.
 * @param {Fields} fields
 * @param {Settings} settings
 * @returns {Chosen}
 * @throws {Mistake}
 */
export function chosen(fields, settings) {
  const chain = fields.chain.trim();
  const contract = fields.contract.trim().toLowerCase();
  if (!/^eip155:[1-9][0-9]{0,31}$/.test(chain)) throw new Mistake("chain", say("bad.chain"));
  if (!/^0x[0-9a-f]{40}$/.test(contract)) throw new Mistake("contract", say("bad.contract"));
  const endpoints = settings.fixed ? settings.endpoints : [...new Set(linesOf(fields.endpoints).map(endpoint))];
  const quorum = Number(fields.quorum.trim());
  if (!Number.isInteger(quorum) || quorum < 1 || (endpoints.length && quorum > endpoints.length)) {
    throw new Mistake("quorum", say("bad.quorum"));
  }
  const issuers = new Map(linesOf(fields.issuers).map(issuer));
  const before = fieldsOf(settings);
  const isOther = chain !== before.chain || contract !== before.contract.toLowerCase();
  // A number is another party elsewhere: those that were put in for one registry say nothing about another.
  if (isOther && before.chain && before.issuers && fields.issuers === before.issuers) throw new Mistake("issuers", say("bad.registry"));
  // Bodies are those of one registry, validators those of one chain; a list of blocks says of each which chain it is of.
  const [bodies, accords] = [settings.bodies, settings.accords].map((parties) => new Map(isOther ? [] : parties));
  const registers = isOther ? [] : settings.registers;
  const validators = new Map(isOther ? [] : settings.validators);
  const { country, conditions, programmes, witnesses } = settings;
  return { chain, contract, endpoints, quorum, issuers, bodies, country, accords, conditions, programmes, registers, witnesses, validators };
}

/** @param {string} text */
function linesOf(text) {
  return text.split(/[\r\n]+/).map((line) => line.trim()).filter(Boolean);
}

/** @param {string} text */
function endpoint(text) {
  let url;
  try {
    url = new URL(text);
  } catch {
    throw new Mistake("endpoints", say("bad.endpoint", { text }));
  }
  const isHere = url.protocol === "http:" && ["localhost", "127.0.0.1"].includes(url.hostname);
  if (url.protocol !== "https:" && !isHere) throw new Mistake("endpoints", say("bad.endpoint", { text }));
  if (url.username || url.password) throw new Mistake("endpoints", say("bad.endpointName", { text: url.host }));
  return url.href;
}

/**
 * @param {string} line
 * @returns {[number, string]}
 */
function issuer(line) {
  const found = /^([1-9][0-9]{0,15})(?:[\s,:]+(.*))?$/u.exec(line);
  if (!found || !Number.isSafeInteger(Number(found[1]))) throw new Mistake("issuers", say("bad.issuer", { text: line }));
  return [Number(found[1]), (found[2] ?? "").trim()];
}
