/**
 * One credential in several batches: what its issuer did to it in one of them counts in the others, unless that anchor
 * was superseded by the one looked at (`registry/anchors.py`).
 */

/**
 * @typedef {import("./slots.js").DigestStatus} DigestStatus
 * @typedef {{root: string, leafIndex: number}} AnchorPlace
 *
 * @typedef {object} AnchorState what became of one anchor of a digest, by itself.
 * @property {number} issuer
 * @property {AnchorPlace} place
 * @property {boolean} revoked the status of its own leaf.
 * @property {boolean} suspended
 * @property {boolean} voided whether its whole batch was voided.
 * @property {AnchorPlace | null} supersededBy
 * @property {string | null} reason
 * @property {DigestStatus} byDigest
 */

/**
 * What counts of one anchor of a digest: for each kind of withdrawal the anchor that makes it so, or undefined.
 * @param {AnchorState} lookedAt
 * @param {readonly AnchorState[]} known all anchors of the same digest that are known; the one looked at may be among them.
 */
export function judge(lookedAt, known) {
  const own = keyOf(lookedAt.place);
  /** @type {Map<string, AnchorState>} */
  const others = new Map();
  for (const each of known) if (each.issuer === lookedAt.issuer && keyOf(each.place) !== own) others.set(keyOf(each.place), each);
  const counting = [lookedAt, ...[...others].filter(([place]) => !leadsTo(place, own, others)).map(([, each]) => each)];
  return {
    revoked: counting.find((each) => each.revoked || each.byDigest.revokedAt !== null),
    voided: counting.find((each) => each.voided),
    suspended: counting.find((each) => each.suspended || each.byDigest.suspendedAt !== null),
  };
}

/** @param {AnchorPlace} place */
export function keyOf({ root, leafIndex }) {
  return `${root} ${leafIndex}`;
}

/**
 * Whether the replacements lead from one anchor to another; an issuer may write a circle of them.
 * @param {string} start
 * @param {string} end
 * @param {ReadonlyMap<string, AnchorState>} states
 */
function leadsTo(start, end, states) {
  const seen = new Set();
  for (let place = start; ; ) {
    seen.add(place);
    const next = states.get(place)?.supersededBy;
    if (!next || seen.has(keyOf(next))) return false;
    if (keyOf(next) === end) return true;
    place = keyOf(next);
  }
}
