/**
 * Whom a verifier believes, as its policy says: an object with the members that the policy file has
 * (`docs/reference/recognition.md`).
 */

import { NOTE, readVerifierKey } from "./notes.js";
import { Refusal } from "./refusal.js";
import { country } from "./scope.js";
import { MOST_VALIDATORS } from "./seals.js";

/**
 * @typedef {object} Policy
 * @property {string | null} chain CAIP-2 of the chain that the numbers are of; null for whichever is asked.
 * @property {string} jurisdiction where an accreditation has to be for, ISO 3166-1; "" for anywhere.
 * @property {boolean} require whether a credential without an accreditation on record is not valid, instead of a warning.
 * @property {ReadonlyMap<number, string>} bodies whose accreditations and recognitions count, by their numbers, with the names
 *   that the verifier knows them by; with any, two more checks are made.
 * @property {ReadonlyMap<number, string>} issuers who is believed without any accreditation.
 *
 * @typedef {Policy & {validators: ReadonlyMap<string, string>}} ReadPolicy with whose seals are believed: addresses in lower
 *   case, and names.
 *
 * @typedef {Readonly<Record<string, unknown>>} Given
 */

const LONGEST_NAME = 200;

/**
 * The policy that an object says, as it comes out of `JSON.parse`.
 *
 * Auditors are looked at for their form alone: their word is on what was never issued, which is not asked here.
 * @param {unknown} given
 * @returns {Promise<ReadPolicy>}
 * @throws {Refusal} `policy`: a member is unknown, or makes no sense.
 */
export async function readPolicy(given) {
  const { chain = null, jurisdiction = "", require = false, ...lists } = members(given, "", [], ["chain", "jurisdiction", "require", "bodies", "issuers", "auditors", "validators"]);
  if (chain !== null && !(typeof chain === "string" && /^eip155:[1-9][0-9]{0,31}$/.test(chain))) senseless("chain", "it is no CAIP-2 name of an EVM chain");
  if (typeof require !== "boolean") senseless("require", "it is true or false");
  const bodies = parties(lists.bodies, "bodies");
  const issuers = parties(lists.issuers, "issuers");
  await auditors(lists.auditors);
  const validators = addresses(lists.validators);
  // A header does not say which chain it is of.
  if (validators.size && chain === null) senseless("", "validators are those of one chain, but chain names none");
  if (require && !bodies.size) senseless("", "require asks for an accreditation, but bodies names nobody");
  return { chain, jurisdiction: place(jurisdiction), require, bodies, issuers, validators };
}

/** @param {unknown} given */
function place(given) {
  try {
    if (typeof given === "string") return country(given);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
  return senseless("jurisdiction", "it is no country of ISO 3166-1");
}

/**
 * @param {unknown} given
 * @param {string} key
 * @returns {Map<number, string>}
 */
function parties(given, key) {
  const found = new Map();
  for (const [at, { party, name }] of listed(given, key, ["party", "name"])) {
    if (typeof party !== "number" || !Number.isSafeInteger(party) || party < 1) senseless(`${at}.party`, "it is no number of a party");
    if (found.has(party)) senseless("", `${key} has party ${party} twice`);
    found.set(party, named(name, at));
  }
  return found;
}

/** @param {unknown} given */
async function auditors(given) {
  const found = new Set();
  for (const [at, { name, key }] of listed(given, "auditors", ["name", "key"])) {
    named(name, at);
    const read = typeof key === "string" ? await keyOf(key, at) : senseless(`${at}.key`, "it is no text");
    if (found.has(read)) senseless("", "auditors has a key twice");
    found.add(read);
  }
}

/**
 * Name and id of an auditor's key.
 * @param {string} text
 * @param {string} at
 */
async function keyOf(text, at) {
  try {
    const { kind, name, id } = await readVerifierKey(text);
    if (kind === NOTE) return `${name}+${id.join()}`;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return senseless(`${at}.key`, error.what);
  }
  return senseless(`${at}.key`, "it is the key of a witness, not one that signs statements");
}

/**
 * @param {unknown} given
 * @returns {Map<string, string>}
 */
function addresses(given) {
  const found = new Map();
  for (const [at, { address, name }] of listed(given, "validators", ["address", "name"])) {
    if (typeof address !== "string" || !/^0x[0-9a-fA-F]{40}$/.test(address)) senseless(`${at}.address`, "it is no address");
    const lower = address.toLowerCase();
    if (found.has(lower)) senseless("", `validators has ${lower} twice`);
    found.set(lower, named(name, at));
  }
  if (found.size > MOST_VALIDATORS) senseless("validators", `at most ${MOST_VALIDATORS} are named`);
  return found;
}

/**
 * The objects of a list, each with where it is.
 * @param {unknown} given
 * @param {string} key
 * @param {readonly string[]} names the members that each has.
 * @returns {[string, Given][]}
 */
function listed(given, key, names) {
  if (given === undefined) return [];
  if (!Array.isArray(given)) return senseless(key, "it is no list");
  return given.map((each, place) => [`${key}[${place}]`, members(each, `${key}[${place}]`, names, names)]);
}

/**
 * @param {unknown} given
 * @param {string} at
 * @param {readonly string[]} needed
 * @param {readonly string[]} known
 * @returns {Given}
 */
function members(given, at, needed, known) {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return senseless(at, "it is no object");
  const inside = (/** @type {string} */ name) => (at ? `${at}.${name}` : name);
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined) throw refusal(`a policy has no key ${inside(unknown)}`);
  const missing = needed.find((name) => !Object.hasOwn(given, name));
  return missing === undefined ? /** @type {Given} */ (given) : senseless(inside(missing), "it is missing");
}

/**
 * @param {unknown} name
 * @param {string} at
 */
function named(name, at) {
  if (typeof name === "string" && name && [...name].length <= LONGEST_NAME) return name;
  return senseless(`${at}.name`, `it is no text of 1 to ${LONGEST_NAME} characters`);
}

/**
 * @param {string} key "" where it is about more than one.
 * @param {string} why
 * @returns {never}
 */
function senseless(key, why) {
  throw refusal(key ? `${key}: ${why}` : why);
}

/** @param {string} what */
function refusal(what) {
  return new Refusal("policy", what, { remedy: "Correct the policy; docs/reference/recognition.md lists its keys." });
}
