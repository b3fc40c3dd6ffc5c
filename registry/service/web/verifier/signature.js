/**
 * Whether a document carries a signature of its issuer's, which is not the anchor, and whose it is.
 */

import { secondsOf } from "./dates.js";
import { missed } from "./integrity.js";
import { listed, say } from "./language.js";
import { making } from "./verdict.js";

/**
 * @typedef {import("./reading.js").Reading} Reading
 * @typedef {import("./verdict.js").Check} Check
 */

/** By how many microseconds the clock of a signer may be ahead of a verifier's. */
const MOST_AHEAD = 300_000_000n;

/**
 * Whether the signatures that can be checked hold, and what says whose they are; receipts are not signatures.
 * @param {Reading | null} reading
 * @param {Date} now the moment to judge by what signatures say of their own time.
 * @param {{uri: string} | null} [party] the one that anchored it, as the chain has it.
 * @returns {Check}
 */
export function checkSignature(reading, now, party = null) {
  const { pass, fail, warn } = making("signature");
  /** @type {(key: string, values?: Record<string, import("./language.js").Value>) => Check} */
  const unread = (key, values) => warn("signature-unread", say(key, values));
  if (!reading?.isAtHand) return unread("signature.notAtHand");
  const { signatures, signed } = reading;
  if (reading.unread.length && !signatures.length) return unread("signature.partsUnread", { what: missed(reading) });
  if (!signatures.length) return pass("no-signature", say("signature.none"));
  const moment = BigInt(now.getTime()) * 1000n;
  const broken = signed.found.find(({ held }) => held === "broken");
  if (broken) return fail("signature-broken", say("signature.broken", { signer: broken.signer }));
  for (const { signer, expires } of signed.found) {
    if (expires !== null && expires <= moment) return fail("signature-expired", say("signature.expired", { signer, when: secondsOf(expires) }));
  }
  if (signed.unchecked.length) return unread("signature.unread", { names: listed(signed.unchecked.slice(0, 4)) });
  for (const { signer, created } of signed.found) {
    if (created !== null && created > moment + MOST_AHEAD) return unread("signature.early", { signer, when: secondsOf(created) });
  }
  const signers = [...new Set(signed.found.map(({ signer }) => signer))];
  if (party && signers.length === 1 && party.uri === signers[0]) {
    // Whoever has one credential of the issuer's could lay any other beside it.
    if (signed.isPartial) return warn("signer-unknown", say("signature.notAll", { signer: party.uri }));
    return pass("signature-holds", say("signature.ofIssuer", { signer: party.uri }));
  }
  return warn("signer-unknown", say("signature.ofAnybody", { signers: listed(signers) }));
}
