/**
 * Which signatures of a document hold: Data Integrity proofs of `eddsa-jcs-2022` whose key their `did:key` names.
 *
 * Nothing is fetched: all others are told apart as not checked (Data Integrity EdDSA Cryptosuites 1.0, section 3.3).
 */

import { concat, sha256, utf8 } from "./bytes.js";
import { isSignedBy } from "./ed25519.js";
import { canonicalize } from "./jcs.js";
import { fromBase58 } from "./multibase.js";
import { Refusal } from "./refusal.js";
import { DEFAULT_LIMITS, Members, refuseHalves } from "./strictjson.js";

/**
 * @typedef {import("./strictjson.js").Value} Value
 *
 * @typedef {object} Signatures of a document that are not receipts.
 * @property {readonly string[]} holding the `did:key` of those that hold.
 * @property {readonly string[]} broken the `did:key` of those that do not.
 * @property {readonly string[]} unchecked the kinds of all others.
 */

export const PROOF_TYPE = "DataIntegrityProof";
const DID_KEY = "did:key:";
const ED25519 = [0xed, 0x01];
// Each costs a canonical form of all of the document.
const MOST_CHECKED = 8;
// What of a proof says more than the signature: another proof that it is made over, and until when it is meant.
const SAYS_MORE = ["previousProof", "expires"];

/**
 * Check all that can be checked.
 * @param {readonly Members[]} credentials the members of all that are in the document, each with a single reading.
 * @param {Iterable<string>} kinds of all signatures that were seen in it.
 * @returns {Promise<Signatures>}
 */
export async function checkSignatures(credentials, kinds) {
  /** @type {Set<string>} */
  const holding = new Set();
  /** @type {Set<string>} */
  const broken = new Set();
  const unchecked = new Set([...kinds].filter((kind) => kind !== PROOF_TYPE));
  let count = 0;
  for (const members of credentials) {
    for (const proof of proofsOf(members)) {
      const signer = ++count > MOST_CHECKED ? null : signerOf(proof);
      const holds = signer && (await isSigned(members, proof, signer.key));
      if (!signer || holds === null) unchecked.add(PROOF_TYPE);
      else (holds ? holding : broken).add(signer.did);
    }
  }
  return { holding: [...holding], broken: [...broken], unchecked: [...unchecked] };
}

/** @param {Members} members */
function proofsOf(members) {
  const given = members.get("proof");
  return (Array.isArray(given) ? given : [given]).filter((each) => each instanceof Members && each.get("type") === PROOF_TYPE);
}

/**
 * Whom a proof says it is of; null where it cannot be checked.
 * @param {Members} proof
 */
function signerOf(proof) {
  const method = proof.get("verificationMethod");
  const isOurs = proof.get("cryptosuite") === "eddsa-jcs-2022" && proof.get("proofPurpose") === "assertionMethod";
  if (!isOurs || typeof method !== "string" || SAYS_MORE.some((name) => proof.has(name))) return null;
  const [did, ...fragment] = method.split("#");
  const multikey = did.slice(DID_KEY.length);
  const key = did.startsWith(DID_KEY) && fragment.join("#") === multikey ? fromBase58(multikey) : null;
  if (key?.length !== ED25519.length + 32 || ED25519.some((byte, at) => key[at] !== byte)) return null;
  return { did, key: key.subarray(ED25519.length) };
}

/**
 * Whether a proof is of a key over its document; null where this browser cannot tell.
 * @param {Members} members
 * @param {Members} proof
 * @param {Uint8Array} key
 */
async function isSigned(members, proof, key) {
  const value = proof.get("proofValue");
  const signature = typeof value === "string" ? fromBase58(value) : null;
  if (signature?.length !== 64) return false;
  let signed;
  try {
    const options = await hashOf(without(proof, "proofValue"));
    const unsecured = without(members, "proof");
    if (proof.has("@context")) {
      if (!beginsWith(unsecured.get("@context"), proof.get("@context"))) return false;
      unsecured.set("@context", proof.get("@context"));
    }
    signed = concat(options, await hashOf(unsecured));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return false;
  }
  return isSignedBy(key, signature, signed).catch(() => null);
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

/** @param {Members} members */
async function hashOf(members) {
  return sha256(utf8(canonical(members)));
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
