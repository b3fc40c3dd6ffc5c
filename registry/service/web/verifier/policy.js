/**
 * Whom a verifier believes, as its policy says: an object with the members that the policy file has
 * (`docs/reference/recognition.md`).
 */

import { hex, sha256, utf8 } from "./bytes.js";
import { NOTE, readVerifierKey } from "./notes.js";
import { Refusal } from "./refusal.js";
import { country } from "./scope.js";
import { MOST_VALIDATORS } from "./seals.js";
import { hashOfProgramme } from "./stated.js";
import { strip } from "./text.js";

/**
 * @typedef {object} Policy
 * @property {string | null} chain CAIP-2 of the chain that the numbers are of; null for whichever is asked.
 * @property {string} jurisdiction where an accreditation has to be for, ISO 3166-1; "" for anywhere.
 * @property {boolean} require whether a credential without an accreditation on record is not valid, instead of a warning.
 * @property {ReadonlyMap<number, string>} bodies whose accreditations and recognitions count, by their numbers, with the names
 *   that the verifier knows them by; with any, two more checks are made.
 * @property {ReadonlyMap<number, string>} issuers who is believed without any accreditation.
 * @property {ReadonlyMap<number, string>} accords what accords are called; which parties are accords, the chain says.
 * @property {ReadonlyMap<string, string>} conditions texts of conditions by their SHA-256, 64 digits.
 * @property {ReadonlyMap<string, string>} programmes what programmes are called, by SHA-256 of their identifiers.
 * @property {readonly string[]} registers names of registers of quality decisions, which are not read here.
 *
 * @typedef {Policy & {validators: ReadonlyMap<string, string>}} ReadPolicy with whose seals are believed: addresses in lower
 *   case, and names.
 *
 * @typedef {Readonly<Record<string, unknown>>} Given
 */

const LONGEST_NAME = 200;
const LONGEST_FILE = 1_000;
const LONGEST_IDENTIFIER = 2_000;
const LONGEST_CONDITION = 20_000;
const MOST_CONDITIONS = 1_000;
const MOST_PROGRAMMES = 10_000;
const MOST_REGISTERS = 16;
const MOST_SNAPSHOTS = 64;
const MOST_MAPPED = 20_000;
const KEYS = ["chain", "jurisdiction", "require", "bodies", "issuers", "auditors", "validators", "accords", "conditions", "programmes", "registers"];

/**
 * The policy that an object says, as it comes out of `JSON.parse`.
 *
 * Auditors are looked at for their form alone: their word is on what was never issued, which is not asked here.
 * @param {unknown} given
 * @returns {Promise<ReadPolicy>}
 * @throws {Refusal} `policy`: a member is unknown, or makes no sense.
 */
export async function readPolicy(given) {
  const { chain = null, jurisdiction = "", require = false, ...lists } = members(given, "", [], KEYS);
  if (chain !== null && !(typeof chain === "string" && /^eip155:[1-9][0-9]{0,31}$/.test(chain))) senseless("chain", "it is no CAIP-2 name of an EVM chain");
  if (typeof require !== "boolean") senseless("require", "it is true or false");
  const bodies = parties(lists.bodies, "bodies");
  const issuers = parties(lists.issuers, "issuers");
  await auditors(lists.auditors);
  const validators = addresses(lists.validators);
  const accords = parties(lists.accords, "accords");
  const conditions = await conditionsOf(bounded(lists.conditions, "conditions", MOST_CONDITIONS, ["text"]).map(([at, { text }]) => textOf(text, `${at}.text`, LONGEST_CONDITION)));
  const programmes = await programmesOf(bounded(lists.programmes, "programmes", MOST_PROGRAMMES, ["identifier"], ["name"]).map(programme));
  const registers = registersIn(lists.registers);
  // A header does not say which chain it is of.
  if (validators.size && chain === null) senseless("", "validators are those of one chain, but chain names none");
  // A party of another chain is somebody else, and so is the mirror.
  if (registers.length && chain === null) senseless("", "registers are those of one chain, but chain names none");
  if (require && !bodies.size) senseless("", "require asks for an accreditation, but bodies names nobody");
  return { chain, jurisdiction: place(jurisdiction), require, bodies, issuers, accords, conditions, programmes, registers, validators };
}

/**
 * Texts of conditions by what stands for them on chain.
 * @param {readonly string[]} texts
 * @returns {Promise<Map<string, string>>}
 */
export async function conditionsOf(texts) {
  return new Map(await Promise.all(texts.map(async (text) => /** @type {[string, string]} */ ([hex(await sha256(utf8(text))), text]))));
}

/**
 * What programmes are called, by what stands for them on chain; one without a name, by its identifier.
 * @param {readonly (readonly [string, string])[]} named identifiers and names.
 * @returns {Promise<Map<string, string>>}
 */
export async function programmesOf(named) {
  return new Map(
    await Promise.all(named.map(async ([identifier, name]) => /** @type {[string, string]} */ ([await hashOfProgramme(identifier), name || strip(identifier)]))),
  );
}

/**
 * @param {[string, Given]} given
 * @returns {[string, string]}
 */
function programme([at, { identifier, name = "" }]) {
  const written = textOf(identifier, `${at}.identifier`, LONGEST_IDENTIFIER);
  if (!strip(written)) senseless(`${at}.identifier`, "the programme has no identifier");
  return [written, name === "" ? "" : named(name, at)];
}

/**
 * The names of registers, which are looked at for their form alone.
 * @param {unknown} given
 * @returns {string[]}
 */
function registersIn(given) {
  const found = new Map();
  for (const [at, each] of bounded(given, "registers", MOST_REGISTERS, ["register", "mirror", "name"], ["file", "require", "parties"])) {
    const { register, mirror, name, file = [], require = false, parties: mapped = {} } = each;
    if (typeof register !== "string" || !/^[a-z0-9][a-z0-9-]{0,63}$/.test(register)) senseless(`${at}.register`, "it is no short name of a register");
    partyIn(mirror, `${at}.mirror`);
    if (typeof require !== "boolean") senseless(`${at}.require`, "it is true or false");
    const files = typeof file === "string" ? [file] : file;
    if (!Array.isArray(files) || files.length > MOST_SNAPSHOTS) senseless(`${at}.file`, `it is no list of up to ${MOST_SNAPSHOTS} files`);
    for (const path of /** @type {unknown[]} */ (files)) textOf(path, `${at}.file`, LONGEST_FILE);
    if (typeof mapped !== "object" || mapped === null || Array.isArray(mapped)) senseless(`${at}.parties`, "it is no object");
    const entries = Object.entries(/** @type {object} */ (mapped));
    if (entries.length > MOST_MAPPED) senseless(`${at}.parties`, `at most ${MOST_MAPPED} are named`);
    for (const [identifier, party] of entries) {
      if (!isIdentifier(identifier)) senseless(`${at}.parties`, "an institution is named by a scheme and a value");
      partyIn(party, `${at}.parties`);
    }
    const key = `${register} of party ${mirror}`;
    if (found.has(key)) senseless("", `registers has ${key} twice`);
    found.set(key, named(name, at));
  }
  return [...found.values()];
}

/** @param {string} text */
function isIdentifier(text) {
  const [scheme, ...value] = text.split(":");
  return /^[a-z][a-z0-9-]{0,31}$/.test(scheme) && strip(value.join(":")) !== "";
}

/**
 * @param {unknown} given
 * @param {string} at
 * @param {number} longest
 */
function textOf(given, at, longest) {
  if (typeof given === "string" && given && [...given].length <= longest && !/\p{Surrogate}/u.test(given)) return given;
  return senseless(at, `it is no text of 1 to ${longest} characters`);
}

/** @param {unknown} given */
function place(given, key = "jurisdiction") {
  try {
    if (typeof given === "string") return country(given);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
  return senseless(key, "it is no country of ISO 3166-1");
}

/**
 * @param {unknown} given
 * @param {string} key
 * @returns {Map<number, string>}
 */
function parties(given, key) {
  const found = new Map();
  for (const [at, { party: number, name, country: where = "" }] of listed(given, key, ["party", "name"], ["country"])) {
    const party = partyIn(number, `${at}.party`);
    place(where, `${at}.country`);
    if (found.has(party)) senseless("", `${key} has party ${party} twice`);
    found.set(party, named(name, at));
  }
  return found;
}

/**
 * @param {unknown} given
 * @param {string} at
 */
function partyIn(given, at) {
  return typeof given === "number" && Number.isSafeInteger(given) && given >= 1 ? given : senseless(at, "it is no number of a party");
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
 * @param {readonly string[]} [more] the members that each may have.
 * @returns {[string, Given][]}
 */
function listed(given, key, names, more = []) {
  if (given === undefined) return [];
  if (!Array.isArray(given)) return senseless(key, "it is no list");
  return given.map((each, place) => [`${key}[${place}]`, members(each, `${key}[${place}]`, names, [...names, ...more])]);
}

/**
 * As `listed`, and no more than that many.
 * @param {unknown} given
 * @param {string} key
 * @param {number} most
 * @param {readonly string[]} names
 * @param {readonly string[]} [more]
 */
function bounded(given, key, most, names, more) {
  const found = listed(given, key, names, more);
  return found.length > most ? senseless(key, `at most ${most} are named`) : found;
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
