/**
 * What the registry that has this page says of a digest, asked by its user and by nothing else: where the credential is
 * anchored, and what its issuer put in its place. The receipts are judged as those of anybody are; who replaced what is
 * the registry's own word.
 */

import { utf8 } from "../verifier/bytes.js";
import { readTimestamp } from "../verifier/timestamps.js";

/**
 * @typedef {import("./intake.js").Given} Given
 *
 * @typedef {object} Replacement what the issuer put in the place of a credential.
 * @property {string | null} digest null where the registry does not know what is at that place.
 * @property {number} since seconds since 1970.
 *
 * @typedef {object} Found
 * @property {Given[]} receipts one of each anchor; none where the registry knows none.
 * @property {ReadonlyMap<number, Replacement>} replaced by the party that said it of all its anchors.
 */

// As many receipts as are judged of one document at most, and room for what is said beside them.
const MOST_BYTES = 1 << 20;
const DIGEST = /^(?:0x)?([0-9a-f]{64})$/i;

/**
 * The digest in the fragment of a link, in lower case; null where it is none.
 * @param {string} fragment with its `#`.
 */
export function digestIn(fragment) {
  return DIGEST.exec(fragment.replace(/^#/, ""))?.[1].toLowerCase() ?? null;
}

/**
 * What the registry says of a digest; null where it does not answer so that it can be understood.
 * @param {string} digest
 * @returns {Promise<Found | null>}
 */
export async function lookedUp(digest) {
  try {
    const answer = await globalThis.fetch(`/v1/credentials/${digest}`, { headers: { accept: "application/json" }, credentials: "omit" });
    const text = await answer.text();
    if (text.length > MOST_BYTES) return null;
    const content = JSON.parse(text);
    if (answer.status === 404 && content.code === "unknown-digest") return { receipts: [], replaced: new Map() };
    if (answer.status !== 200 || content.digest !== digest || !Array.isArray(content.anchors)) return null;
    return {
      receipts: content.anchors.map((/** @type {any} */ { receipt }, /** @type {number} */ at) => ({ name: `${at + 1}.receipt.json`, data: utf8(JSON.stringify(receipt)) })),
      replaced: replacements(digest, content.anchors),
    };
  } catch {
    return null;
  }
}

/**
 * By party, the last word on what replaces a credential: an anchor that nothing replaced stands for itself.
 * @param {string} digest
 * @param {readonly any[]} anchors
 */
function replacements(digest, anchors) {
  /** @type {Map<number, Replacement>} */
  const found = new Map();
  const standing = new Set(anchors.filter(({ status }) => !status.supersededBy?.length).map(({ receipt }) => receipt.anchor.issuer));
  for (const { receipt, status } of anchors) {
    const { issuer } = receipt.anchor;
    if (standing.has(issuer)) continue;
    const { digest: named, since } = status.supersededBy.at(-1);
    const said = readTimestamp(since);
    if (typeof said === "string") throw new Error(said);
    const by = { digest: typeof named === "string" ? digestIn(named) : null, since: said };
    const before = found.get(issuer);
    // Of the same credential, anchored again, there is nothing to tell.
    if (by.digest !== digest && (!before || before.since <= by.since)) found.set(issuer, by);
  }
  return found;
}
