/**
 * Whether a document is the one that a receipt is for, and which of its credentials the verdict is about.
 */

import { JSON_METHODS } from "./digest.js";
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
    return unknown("no-document", "There is only a receipt and no document to compare it with. Verify the document together with it.");
  }
  if (!receipt) {
    if (!reading.digest && reading.refusal) return unreadable(reading.refusal);
    return unknown("no-receipt", "There is no receipt to compare the document with. Ask the issuer or the holder for the receipt.");
  }
  if (receipt instanceof Refusal) {
    return unknown(receipt.code, "There is a receipt that cannot be read, so the document was compared with none.");
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
  return told.slice(0, 3).join("; ") + (told.length > 3 ? `; and ${told.length - 3} more` : "");
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
    return fail("method-mismatch", `The document is digested by ${digest.method}, the receipt says ${receipt.digest.method}.`);
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
  if (byMethod?.value === value) return method === "given" ? equalGiven() : equal();
  if (method === "given" && reading.own.some((digest) => digest.value === value)) return equal();
  const part = inside(reading, receipt);
  if (part) {
    const others = reading.parts.length > 1 ? ` It holds ${reading.parts.length} parts, and the dates of all count.` : "";
    return warn(
      "digest-inside",
      `A credential inside it (${part.where}) is the one that was anchored. What is around it was not: compare what the document shows with the credential.${others}`,
    );
  }
  if (method === "given") {
    return unknown(
      "not-recomputable",
      "The issuer made this digest in its own system, so it cannot be recomputed from the document. Ask the issuer for the digest of the document and verify that.",
    );
  }
  if (method === "vc-rdfc") {
    return refused(
      new Refusal("unsupported-method", `The digest method ${method} is not supported here.`, { remedy: "Verify it with a program that supports it." }),
    );
  }
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
    return unknown(
      "presentation-differs",
      "Its content is the one that was anchored, but the file is written otherwise: in another encoding, with a byte order mark, or with a line's end more or less. Ask for the file as the issuer made it.",
    );
  }
  if (reading.isSelection) {
    return unknown(
      "presentation-differs",
      "Of such a credential the holder may show more or less, and each showing has another digest. So it cannot be told whether this is the one that was anchored. Ask for all of it, as the issuer made it.",
    );
  }
  if (reading.carriers.length && reading.unread.length) {
    return unknown(
      "presentation-differs",
      `The receipt is not for what could be read of it, and something in it could not be read: ${missed(reading)}. Verify the credential by itself.`,
    );
  }
  if (!byMethod && JSON_METHODS.includes(method)) {
    if (reading.refusal) return refused(reading.refusal);
    const kind = reading.own[reading.own.length - 1].method;
    return fail("method-mismatch", `The document is digested by ${kind}, not by ${method}. Check that the receipt belongs to this document.`);
  }
  return differs(byMethod, receipt);
}

function equal() {
  return pass("digest-equal", "The document is, byte by byte or value by value, the one that was anchored.");
}

function equalGiven() {
  return pass("digest-given", "The digest is the one of the receipt. Only the digest was compared, not a document.");
}

/**
 * @param {Digest | null} digest
 * @param {Receipt} receipt
 */
function differs(digest, receipt) {
  const has = digest ? `has the digest ${digest.value}` : "has no such digest";
  return fail(
    "digest-differs",
    `The document ${has}, the receipt is for ${receipt.digest.value}: the document was changed, or the receipt belongs to another one.`,
  );
}

/**
 * Of a document that a receipt is for, and that has no digest by the receipt's method.
 * @param {Refusal} error
 */
function refused({ code, what, remedy }) {
  if (OWN_LIMITS.includes(code)) return unknown(code, sentences(what, remedy));
  return fail(code, `${sentences(what, remedy)} So it is not the document that the receipt is for.`);
}

/**
 * Of one that nothing says was anchored: a damaged file accuses nobody.
 * @param {Refusal} error
 */
function unreadable(error) {
  if (OWN_LIMITS.includes(error.code)) return refused(error);
  return unknown(
    error.code,
    `${sentences(error.what, error.remedy)} In this form it cannot have been anchored as a JSON document, and there is no receipt that says it was. It may have been damaged on its way: ask for the file again, and for its receipt.`,
  );
}
