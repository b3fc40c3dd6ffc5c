/**
 * Whether a document is the one that a receipt is for, and which of its credentials the verdict is about.
 */

import { JSON_METHODS } from "./digest.js";
import { original, say } from "./language.js";
import { Refusal } from "./refusal.js";
import { making, sentences } from "./verdict.js";

/**
 * @typedef {import("./digest.js").Digest} Digest
 * @typedef {import("./reading.js").Reading} Reading
 * @typedef {import("./reading.js").Part} Part
 * @typedef {import("./receipt.js").Receipt} Receipt
 * @typedef {import("./strictjson.js").Members} Members
 * @typedef {import("./verdict.js").Check} Check
 */

const { pass, fail, warn, unknown } = making("integrity");
// Refusals that say something about the verifier's own limits, not about the document.
const OWN_LIMITS = ["too-large", "too-deep", "unsupported-method"];

/**
 * Whether the document, or a credential in it, has the receipt's digest.
 * @param {Reading | null} reading
 * @param {Receipt | Refusal | null} receipt
 * @returns {Check}
 */
export function checkIntegrity(reading, receipt) {
  if (!reading) {
    return unknown("no-document", say("integrity.noDocument"));
  }
  if (!receipt) {
    if (!reading.digest && reading.refusal) return unreadable(reading.refusal);
    return unknown("no-receipt", say("integrity.noReceipt"));
  }
  if (receipt instanceof Refusal) {
    return unknown(receipt.code, say("integrity.unreadReceipt"));
  }
  return reading.isAtHand && reading.digest?.method !== "given" ? compare(reading, receipt) : compareDigest(reading.digest, receipt);
}

/**
 * The digest of the document that belongs beside the receipt's: by its method, or of the credential inside.
 * @param {Reading | null} reading
 * @param {Receipt} receipt
 * @returns {Digest | null}
 */
export function comparedDigest(reading, receipt) {
  if (!reading) return null;
  const { method, value } = receipt.digest;
  const part = inside(reading, receipt);
  return (part ? part.digests.find((digest) => digest.value === value) : reading.own.find((digest) => digest.method === method)) ?? null;
}

/**
 * The members of what the receipt is for: of one credential inside, or else of all that the document holds.
 * @param {Reading | null} reading
 * @param {Receipt} receipt
 * @returns {Members[]}
 */
export function judgedClaims(reading, receipt) {
  if (!reading) return [];
  const part = inside(reading, receipt);
  const parts = part ? reading.parts.filter((each) => each === part || each.where.startsWith(`${part.where}, `)) : reading.parts;
  return parts.map(({ members }) => members);
}

/**
 * What could not be read, in words; the first few.
 * @param {Reading} reading
 */
export function missed({ unread }) {
  const told = unread.map(({ where, why }) => (where ? `${where}: ${why}` : why));
  return original(told.slice(0, 3).join("; ") + (told.length > 3 ? `; and ${told.length - 3} more` : ""));
}

/**
 * The credential inside the document that the receipt is for, when it is not for the whole of it.
 * @param {Reading} reading
 * @param {Receipt} receipt
 * @returns {Part | undefined}
 */
function inside(reading, { digest: { value } }) {
  if (reading.own.some((digest) => digest.value === value)) return undefined;
  return reading.parts.find(({ digests }) => digests.some((digest) => digest.value === value));
}

/**
 * Of a credential that was digested before.
 * @param {Digest | null} digest
 * @param {Receipt} receipt
 */
function compareDigest(digest, receipt) {
  if (!digest || digest.value !== receipt.digest.value) return differs(digest, receipt);
  if (digest.method === "given") return equalGiven();
  if (digest.method !== receipt.digest.method) {
    return fail("method-mismatch", say("integrity.methodsDiffer", { found: digest.method, named: receipt.digest.method }));
  }
  return equal();
}

/**
 * @param {Reading} reading
 * @param {Receipt} receipt
 */
function compare(reading, receipt) {
  const { method, value } = receipt.digest;
  const byMethod = reading.own.find((digest) => digest.method === method) ?? null;
  if (byMethod?.value === value) return method === "given" ? equalGiven() : equal(method);
  if (method === "given" && reading.own.some((digest) => digest.value === value)) return equal();
  const part = inside(reading, receipt);
  if (part) {
    const others = reading.parts.length > 1 ? [say("integrity.parts", { count: reading.parts.length })] : [];
    if (reading.revisions > 1) others.push(say("integrity.revisions", { count: reading.revisions }));
    return warn("digest-inside", say("integrity.inside", { place: part.where }), ...others);
  }
  if (method === "given") {
    return unknown("not-recomputable", say("integrity.notRecomputable"));
  }
  if (method === "vc-rdfc") {
    return unknown("unsupported-method", say("integrity.unsupportedMethod", { method }));
  }
  // Whatever is shown of it, it would be the same.
  if (method === "sd-jwt" && byMethod) return differs(byMethod, receipt);
  return notEqual(reading, receipt, byMethod);
}

/**
 * What it means that the receipt's digest was not found; "changed" is said only where that is certain.
 * @param {Reading} reading
 * @param {Receipt} receipt
 * @param {Digest | null} byMethod
 */
function notEqual(reading, receipt, byMethod) {
  const { method, value } = receipt.digest;
  if (reading.alike.some((digest) => digest.value === value)) {
    return unknown("presentation-differs", say("integrity.writtenOtherwise"));
  }
  if (reading.isSelection) {
    return unknown("presentation-differs", say("integrity.selection"));
  }
  if (reading.carriers.length && reading.unread.length) {
    return unknown("presentation-differs", say("integrity.partsUnread", { what: missed(reading) }));
  }
  if (!byMethod && JSON_METHODS.includes(method)) {
    if (reading.refusal) return refused(reading.refusal);
    const kind = reading.own[reading.own.length - 1].method;
    return fail("method-mismatch", say("integrity.methodsDifferCheck", { found: kind, named: method }));
  }
  return differs(byMethod, receipt);
}

/** @param {string} [method] Of a token with its disclosures the digest is of what was signed, and says nothing of what is not shown. */
function equal(method) {
  return pass("digest-equal", say(method === "sd-jwt" ? "integrity.equalSigned" : "integrity.equal"));
}

function equalGiven() {
  return pass("digest-given", say("integrity.equalGiven"));
}

/**
 * @param {Digest | null} digest
 * @param {Receipt} receipt
 */
function differs(digest, receipt) {
  const named = receipt.digest.value;
  return fail("digest-differs", digest ? say("integrity.differs", { found: digest.value, named }) : say("integrity.differsNone", { named }));
}

/**
 * Of a document that a receipt is for, and that has no digest by the receipt's method.
 * @param {Refusal} error
 */
function refused(error) {
  if (OWN_LIMITS.includes(error.code)) return unknown(error.code, asTold(error));
  return fail(error.code, asTold(error), say("integrity.notThatDocument"));
}

/**
 * Of one that nothing says was anchored: a damaged file accuses nobody.
 * @param {Refusal} error
 */
function unreadable(error) {
  if (OWN_LIMITS.includes(error.code)) return refused(error);
  return unknown(error.code, asTold(error), say("integrity.unreadable"));
}

/** @param {Refusal} error */
function asTold({ code, what, remedy }) {
  return original(sentences(what, remedy), code);
}
