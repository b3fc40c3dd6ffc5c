/**
 * Whether a document carries a signature of its issuer's, which is not the anchor, and whose it is.
 */

import { missed } from "./integrity.js";
import { making } from "./verdict.js";

/**
 * @typedef {import("./reading.js").Reading} Reading
 * @typedef {import("./verdict.js").Check} Check
 */

/**
 * Whether the signatures that can be checked hold, and what says whose they are; receipts are not signatures.
 * @param {Reading | null} reading
 * @param {{uri: string} | null} [party] the one that anchored it, as the chain has it.
 * @returns {Check}
 */
export function checkSignature(reading, party = null) {
  const { pass, fail, warn } = making("signature");
  /** @param {string} text */
  const unread = (text) => warn("signature-unread", text);
  if (!reading?.isAtHand) return unread("The document was not read, so neither was a signature it may carry.");
  const { signatures, signed } = reading;
  if (reading.unread.length && !signatures.length) {
    return unread(`Not all of it was read (${missed(reading)}), so neither was a signature it may carry.`);
  }
  if (!signatures.length) return pass("no-signature", "It carries no signature besides what proves the anchor.");
  if (signed.broken.length) {
    return fail(
      "signature-broken",
      `It carries a signature that is said to be of ${signed.broken[0]}, and is not: the document was changed after it was signed, or the signature is of another one. Ask the issuer for the document again.`,
    );
  }
  if (signed.unchecked.length) {
    return unread(
      `It also carries a signature (${signed.unchecked.slice(0, 4).join(", ")}), which was not checked: a broken or foreign one would look the same here. That it was anchored does not depend on it.`,
    );
  }
  const signers = signed.holding.join(", ");
  if (party && signed.holding.length === 1 && party.uri === signers) {
    return pass("signature-holds", `Its signature by ${signers} holds. By this URI the issuer is known on the chain.`);
  }
  return warn(
    "signer-unknown",
    `Its signature by ${signers} holds. That this key is the issuer's is said by the document alone: anybody could have signed it so. That it was anchored does not depend on it.`,
  );
}
