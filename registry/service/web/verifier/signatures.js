/**
 * Which signatures of a document hold: Data Integrity proofs over the RFC 8785 form whose key their `did:key` names.
 *
 * Nothing is fetched, and nothing is made RDF of: all others are told apart as not checked, also those that the program in
 * Python checks (Data Integrity EdDSA Cryptosuites 1.0, section 3.3; ECDSA Cryptosuites 1.0, section 3.3).
 */

import { concat, digest, utf8 } from "./bytes.js";
import { isCredential } from "./digest.js";
import { isMerkleProof } from "./foreign.js";
import { canonicalize } from "./jcs.js";
import { readMoment } from "./moments.js";
import { fromBase58 } from "./multibase.js";
import { publicKey } from "./publickeys.js";
import { Refusal } from "./refusal.js";
import { DEFAULT_LIMITS, Members, refuseHalves } from "./strictjson.js";

/**
 * @typedef {import("./strictjson.js").Value} Value
 * @typedef {import("./publickeys.js").PublicKey} PublicKey
 *
 * @typedef {object} Signature
 * @property {"holds" | "broken" | "unread"} held
 * @property {string} signer the `did:key` that it is said to be of; "" where it was not checked.
 * @property {bigint | null} created microseconds since 1970, its signer's own word; null where it says nothing.
 * @property {bigint | null} expires
 *
 * @typedef {object} Signatures of a document that are not receipts.
 * @property {readonly Signature[]} found Data Integrity proofs.
 * @property {readonly string[]} unchecked the kinds of all that were not checked.
 * @property {boolean} isPartial whether there is a credential that none of those that hold is over.
 */

export const PROOF_TYPE = "DataIntegrityProof";
const DID_KEY = "did:key:";
// Each costs a canonical form of all of the document.
const MOST_CHECKED = 8;
// What of a proof says more than the signature: another proof that it is made over, and whom alone it is meant for.
const SAYS_MORE = ["previousProof", "domain", "challenge"];
const TIME = /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
/** @type {Signature} */
const UNREAD = { held: "unread", signer: "", created: null, expires: null };

/**
 * Check all that can be checked.
 * @param {readonly import("./reading.js").Part[]} parts all that are in the document, each with a single reading.
 * @param {Iterable<string>} kinds of all signatures that were seen in it.
 * @returns {Promise<Signatures>}
 */
export async function checkSignatures(parts, kinds) {
  /** @type {Signature[]} */
  const found = [];
  /** @type {Set<string>} */
  const over = new Set();
  for (const { members, where } of parts) {
    for (const proof of proofsOf(members)) {
      const signature = found.length < MOST_CHECKED ? await checked(members, proof) : UNREAD;
      found.push(signature);
      if (signature.held === "holds") over.add(where);
    }
  }
  const unchecked = new Set([...kinds].filter((kind) => kind !== PROOF_TYPE));
  if (found.includes(UNREAD)) unchecked.add(PROOF_TYPE);
  const isPartial = parts.some(({ members, where, isToken }) => (isToken || isCredential(members)) && !isWithin(where, over));
  return { found, unchecked: [...unchecked], isPartial };
}

/**
 * @param {string} where
 * @param {Set<string>} places
 */
function isWithin(where, places) {
  return places.has(where) || places.has("") || [...places].some((place) => where.startsWith(`${place}, `));
}

/**
 * @param {Members} members
 * @returns {Members[]}
 */
function proofsOf(members) {
  const given = members.get("proof");
  return (Array.isArray(given) ? given : [given]).filter((each) => each instanceof Members && each.get("type") === PROOF_TYPE && !isMerkleProof(each));
}

/**
 * @param {Members} members
 * @param {Members} proof
 * @returns {Promise<Signature>}
 */
async function checked(members, proof) {
  const by = signerOf(proof);
  if (!by) return UNREAD;
  const { signer, key } = by;
  const [created, expires] = ["created", "expires"].map((name) => timeOf(proof, name));
  const holds = await isSigned(members, proof, key);
  if (holds === null) return UNREAD;
  // A time that is none is as good as a signature that is none.
  if (!holds || created === undefined || expires === undefined) return { held: "broken", signer, created: null, expires: null };
  return { held: "holds", signer, created, expires };
}

/**
 * Whom a proof says it is of; null where it cannot be checked.
 * @param {Members} proof
 * @returns {{signer: string, key: PublicKey | null} | null} without a key where the suite is not for such a one.
 */
function signerOf(proof) {
  const method = proof.get("verificationMethod");
  const suite = proof.get("cryptosuite");
  const isOurs = (suite === "eddsa-jcs-2022" || suite === "ecdsa-jcs-2019") && proof.get("proofPurpose") === "assertionMethod";
  if (!isOurs || typeof method !== "string" || SAYS_MORE.some((name) => proof.has(name))) return null;
  const [signer, ...fragment] = method.split("#");
  const multikey = signer.slice(DID_KEY.length);
  const key = signer.startsWith(DID_KEY) && fragment.join("#") === multikey ? publicKey(multikey) : null;
  return key && { signer, key: key.isEdwards === (suite === "eddsa-jcs-2022") ? key : null };
}

/**
 * A time that a proof says; null where it says none, and undefined where that is none.
 * @param {Members} proof
 * @param {string} name
 */
function timeOf(proof, name) {
  if (!proof.has(name)) return null;
  const said = proof.get(name);
  return typeof said === "string" && TIME.test(said) ? readMoment(said)?.earliest : undefined;
}

/**
 * Whether a proof is of a key over its document; null where this browser cannot tell.
 * @param {Members} members
 * @param {Members} proof
 * @param {PublicKey | null} key
 */
async function isSigned(members, proof, key) {
  const value = proof.get("proofValue");
  const signature = typeof value === "string" ? fromBase58(value) : null;
  if (!signature || !key) return false;
  let signed;
  try {
    const options = await hashOf(without(proof, "proofValue"), key);
    const unsecured = without(members, "proof");
    if (proof.has("@context")) {
      if (proof.get("@context") === null || !beginsWith(unsecured.get("@context"), proof.get("@context"))) return false;
      unsecured.set("@context", proof.get("@context"));
    }
    signed = concat(options, await hashOf(unsecured, key));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return false;
  }
  return key.holds(signature, signed).catch(() => null);
}

/**
 * A document may have gained contexts at its end since it was signed (section 3.3.2).
 * @param {Value | undefined} whole
 * @param {Value} part
 */
function beginsWith(whole, part) {
  const [entire, first] = [whole, part].map((each) => (Array.isArray(each) ? each : [each ?? null]).map(canonical));
  return first.every((each, at) => each === entire[at]);
}

/**
 * @param {Members} members
 * @param {string} name
 */
function without(members, name) {
  return new Members([...members].filter(([each]) => each !== name));
}

/**
 * @param {Members} members
 * @param {PublicKey} key
 */
async function hashOf(members, { hash }) {
  return digest(hash, utf8(canonical(members)));
}

/**
 * The RFC 8785 form; what has none is nothing that anybody signed, wherever in the document it is.
 * @param {Value} value
 * @throws {Refusal}
 */
function canonical(value) {
  refuseHalves(value, DEFAULT_LIMITS.maxDepth);
  return canonicalize(value);
}
