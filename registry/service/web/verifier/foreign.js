/**
 * Documents of others that are anchored otherwise than here: Blockcerts and OpenAttestation, recognised and no more.
 *
 * Their proofs are computed by `testamur verify` (`registry/document/foreign.py`): canonical RDF is not made here. So what
 * they are is said, and that nothing of them was checked.
 */
import { original, say } from "./language.js";
import { making } from "./verdict.js";
import { Members } from "./strictjson.js";

const MOST_PROOFS = 32;
const WHY = "this verifier does not compute it.";

/**
 * What kind of document of others it is, for people; null where it is none.
 * @param {Members} members
 * @returns {string | null}
 */
export function foreignKind(members) {
  const [signature, proof] = [members.get("signature"), members.get("proof")];
  if (signature instanceof Members && words(signature.get("type")).includes("MerkleProof2017")) return "Blockcerts v2";
  const entries = (Array.isArray(proof) ? proof : [proof]).slice(0, MOST_PROOFS);
  if (entries.some((entry) => entry instanceof Members && isBlockcerts(entry))) return "Blockcerts v3";
  if (signature instanceof Members && signature.get("type") === "SHA3MerkleProof") return "OpenAttestation v2";
  const type = proof instanceof Members ? proof.get("type") : null;
  if (type === "OpenAttestationMerkleProofSignature2018") return "OpenAttestation v3";
  return type === "OpenAttestationHashProof2018" ? "OpenAttestation v4" : null;
}

/**
 * Whether an entry of a `proof` leads to an anchor of others, and signs nothing.
 * @param {Members} entry
 */
export function isMerkleProof(entry) {
  return isBlockcerts(entry) || (entry.get("type") === "OpenAttestationMerkleProofSignature2018" && !entry.has("signature"));
}

/**
 * What the fields of an OpenAttestation document of version 2 say without their salts, the outermost alone; null of any
 * other.
 * @param {Members} members
 * @returns {Members | null}
 */
export function fieldsShown(members) {
  const [signature, data] = [members.get("signature"), members.get("data")];
  if (!(signature instanceof Members) || signature.get("type") !== "SHA3MerkleProof" || !(data instanceof Members)) return null;
  const shown = new Members();
  for (const [name, value] of data) {
    const parts = typeof value === "string" ? value.split(":") : [];
    if (parts.length > 2) shown.set(name, parts.slice(2).join(":"));
  }
  return shown;
}

/**
 * The checks from `integrity` to `status` of such a document.
 * @param {string} kind
 */
export function checkForeign(kind) {
  const unread = say("foreign.uncomputed", { kind, why: original(WHY) });
  const left = say("foreign.notChecked", { kind });
  return [
    ...["integrity", "inclusion"].map((name) => making(name).unknown("foreign-unread", unread)),
    ...["anchor", "issuer", "status"].map((name) => making(name).unknown("foreign-anchor", left)),
  ];
}

/** @param {Members} entry */
function isBlockcerts(entry) {
  const kinds = [...words(entry.get("type")), ...words(entry.get("chainedProofType"))];
  return kinds.includes("MerkleProof2019") || (kinds.includes("DataIntegrityProof") && entry.get("cryptosuite") === "merkle-proof-2019");
}

/** @param {unknown} kinds @returns {string[]} */
function words(kinds) {
  return (Array.isArray(kinds) ? kinds : [kinds]).filter((kind) => typeof kind === "string");
}
