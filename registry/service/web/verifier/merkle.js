/**
 * Proofs of inclusion and of absence in the tree of a batch (`docs/reference/tree.md`).
 */

import { before, concat, equal, hex, sha256 } from "./bytes.js";
import { Refusal } from "./refusal.js";

/**
 * @typedef {object} InclusionProof
 * @property {number} leafIndex from 0.
 * @property {number} leafCount
 * @property {readonly Uint8Array[]} path siblings of 32 bytes, lowest first.
 *
 * @typedef {{digest: Uint8Array, proof: InclusionProof}} Neighbour
 * @typedef {{leafCount: number, lower: Neighbour | null, upper: Neighbour | null}} AbsenceProof
 */

export const NODE_BYTES = 32;
/** The contract keeps the leaf count in 32 bits. */
export const MAX_LEAVES = 2 ** 32 - 1;

/**
 * How many siblings lead from a leaf to the root.
 * @param {number} leafIndex
 * @param {number} leafCount
 * @throws {Refusal} `count-range` or `index-range`.
 */
export function pathLength(leafIndex, leafCount) {
  if (!(leafCount >= 1 && leafCount <= MAX_LEAVES)) {
    refuse("count-range", `a leaf count of ${leafCount} is not within 1 and ${MAX_LEAVES}`);
  }
  if (!(leafIndex >= 0 && leafIndex < leafCount)) {
    refuse("index-range", `leaf ${leafIndex} is not within a tree of ${leafCount} leaves`);
  }
  // Below `shared` every level has a sibling; from there on the path is the right edge, where only a right child has one.
  const shared = 32 - Math.clz32(leafIndex ^ (leafCount - 1));
  let length = shared;
  for (let edge = shared > 31 ? 0 : leafIndex >>> shared; edge; edge >>>= 1) length += edge & 1;
  return length;
}

/**
 * The root that a path leads to from a leaf (RFC 9162 section 2.1.3.2).
 * @param {Uint8Array} leaf
 * @param {InclusionProof} proof
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} `count-range`, `index-range`, `path-length` or `node-length`.
 */
export async function rootFromPath(leaf, { leafIndex, leafCount, path }) {
  const expected = pathLength(leafIndex, leafCount);
  if (path.length !== expected) {
    refuse("path-length", `leaf ${leafIndex} of ${leafCount} has a path of ${expected} nodes, not ${path.length}`);
  }
  if ([leaf, ...path].some((node) => node.length !== NODE_BYTES)) {
    refuse("node-length", `the digest or a node of the path is not ${NODE_BYTES} bytes long`);
  }
  let node = leaf;
  let index = leafIndex;
  let last = leafCount - 1;
  for (const sibling of path) {
    // Promoted: no sibling on this level.
    while (index === last && !(index & 1)) {
      index >>>= 1;
      last >>>= 1;
    }
    node = await sha256(index & 1 ? concat(sibling, node) : concat(node, sibling));
    index >>>= 1;
    last >>>= 1;
  }
  return node;
}

/**
 * Check that a digest is the leaf at that index of the tree with that root and leaf count. Compare the count with the
 * chain: it is not proved.
 * @param {Uint8Array} digest
 * @param {Uint8Array} root
 * @param {InclusionProof} proof
 * @throws {Refusal} as `rootFromPath`, or `root-differs`.
 */
export async function checkInclusion(digest, root, proof) {
  const derived = await rootFromPath(digest, proof);
  if (!equal(derived, root)) refuse("root-differs", `the path leads to the root ${hex(derived)}, not to ${hex(root)}`);
}

/**
 * Check that a digest is not among the leaves of the tree with that root and leaf count, if those are sorted.
 * @param {Uint8Array} digest
 * @param {Uint8Array} root
 * @param {AbsenceProof} proof
 * @throws {Refusal} as `checkInclusion`, or `no-neighbours`, `count-differs`, `not-adjacent`, `not-between`.
 */
export async function checkAbsence(digest, root, { leafCount, lower, upper }) {
  if (digest.length !== NODE_BYTES) refuse("node-length", `the digest is not ${NODE_BYTES} bytes long`);
  if (!lower && !upper) refuse("no-neighbours", "the absence proof names no neighbouring leaf");
  for (const neighbour of [lower, upper]) {
    if (!neighbour) continue;
    if (neighbour.proof.leafCount !== leafCount) {
      refuse("count-differs", `the absence proof is for ${leafCount} leaves, its neighbour for ${neighbour.proof.leafCount}`);
    }
    await checkInclusion(neighbour.digest, root, neighbour.proof);
  }
  const below = lower ? lower.proof.leafIndex : -1;
  const above = upper ? upper.proof.leafIndex : leafCount;
  if (above !== below + 1) refuse("not-adjacent", `there are leaves between those at ${below} and ${above}`);
  if ((lower && !before(lower.digest, digest)) || (upper && !before(digest, upper.digest))) {
    refuse("not-between", "the digest does not lie between the neighbouring leaves");
  }
}

/**
 * @param {string} code
 * @param {string} what
 * @returns {never}
 */
function refuse(code, what) {
  throw new Refusal(code, what, { remedy: "Ask the issuer or the registry for a new proof." });
}
