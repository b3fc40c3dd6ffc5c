/**
 * Whether a document carries a signature of its issuer's, which is not the anchor, and whose it is.
 */

import { missed } from "./integrity.js";
import { listed, say } from "./language.js";
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
  /** @type {(key: string, values?: Record<string, import("./language.js").Value>) => Check} */
  const unread = (key, values) => warn("signature-unread", say(key, values));
  if (!reading?.isAtHand) return unread("signature.notAtHand");
  const { signatures, signed } = reading;
  if (reading.unread.length && !signatures.length) return unread("signature.partsUnread", { what: missed(reading) });
  if (!signatures.length) return pass("no-signature", say("signature.none"));
  if (signed.broken.length) return fail("signature-broken", say("signature.broken", { signer: signed.broken[0] }));
  if (signed.unchecked.length) return unread("signature.unread", { names: listed(signed.unchecked.slice(0, 4)) });
  if (party && signed.holding.length === 1 && party.uri === signed.holding[0]) {
    return pass("signature-holds", say("signature.ofIssuer", { signer: party.uri }));
  }
  return warn("signer-unknown", say("signature.ofAnybody", { signers: listed(signed.holding) }));
}
