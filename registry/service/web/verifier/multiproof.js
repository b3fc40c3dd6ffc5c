/**
 * One proof that several digests are leaves of one tree (`registry/merkle/multiproof.py`, `docs/reference/tree.md`). Which
 * nodes belong to it, and in which order, follows from the leaf indices and the leaf count alone.
 */

import { concat, equal, hex, sha256 } from "./bytes.js";
import { MAX_LEAVES, NODE_BYTES, rootFromPath } from "./merkle.js";
import { Refusal } from "./refusal.js";

/**
 * @typedef {import("./merkle.js").InclusionProof} InclusionProof
 *
 * @typedef {object} MultiProof
 * @property {number} leafCount
 * @property {readonly number[]} leafIndices from 0, strictly ascending.
 * @property {readonly Uint8Array[]} nodes of 32 bytes, level by level from the leaves up, from the left in each level.
 */

/** Most leaves of one proof. */
export const MOST_PROVED = 1 << 16;

/**
 * One proof of what single ones prove, each with its digest; in any order, and the same leaf more than once.
 * @param {readonly {digest: Uint8Array, proof: InclusionProof}[]} proved
 * @returns {Promise<MultiProof>}
 * @throws {Refusal} there is none, they are too many, one is not in order, or `proofs-differ`.
 */
export async function joined(proved) {
  /** @type {Map<number, readonly Uint8Array[]>} */
  const paths = new Map();
  const found = new Set();
  for (const { digest, proof } of proved) {
    found.add(`${proof.leafCount} ${hex(await rootFromPath(digest, proof))}`);
    paths.set(proof.leafIndex, proof.path);
  }
  const leafIndices = [...paths.keys()].sort((one, other) => one - other);
  const leafCount = proved[0]?.proof.leafCount ?? 1;
  checkLeaves(leafIndices, leafCount);
  if (found.size > 1) refuse("proofs-differ", "the single proofs are not of one tree");
  // Each path is walked up once: `step` is where its next sibling is in it, `leader` the leaf whose path is walked on.
  /** @type {Uint8Array[]} */
  const nodes = [];
  let level = leafIndices.map((index) => ({ index, leader: index, step: 0 }));
  for (let size = leafCount; size > 1; size = Math.ceil(size / 2)) {
    /** @type {typeof level} */
    const above = [];
    level.forEach(({ index, leader, step }, place) => {
      // Its sibling went up before it.
      if (index % 2 && level[place - 1]?.index === index - 1) return;
      const isPromoted = siblingOf(index) >= size;
      const hasRight = index % 2 === 0 && level[place + 1]?.index === index + 1;
      if (!hasRight && !isPromoted) nodes.push(/** @type {readonly Uint8Array[]} */ (paths.get(leader))[step]);
      above.push({ index: Math.floor(index / 2), leader, step: step + Number(!isPromoted) });
    });
    level = above;
  }
  return { leafCount, leafIndices, nodes };
}

/**
 * How many nodes the proof of these leaves has.
 * @param {readonly number[]} leafIndices
 * @param {number} leafCount
 * @throws {Refusal} indices or count are not in order.
 */
export function nodeCount(leafIndices, leafCount) {
  checkLeaves(leafIndices, leafCount);
  let count = 0;
  let level = [...leafIndices];
  for (let size = leafCount; size > 1; size = Math.ceil(size / 2)) {
    const present = new Set(level);
    count += level.filter((index) => siblingOf(index) < size && !present.has(siblingOf(index))).length;
    level = [...new Set(level.map((index) => Math.floor(index / 2)))];
  }
  return count;
}

/**
 * Check that the digests, in the order of the indices, are leaves of the tree with that root and leaf count. Compare the
 * count with the chain: it is not proved.
 * @param {readonly Uint8Array[]} digests
 * @param {Uint8Array} root
 * @param {MultiProof} proof
 * @throws {Refusal} `count-range`, `no-leaves`, `too-many-leaves`, `index-order`, `index-range`, `digest-count`,
 *   `node-count`, `node-length` or `root-differs`.
 */
export async function checkMultiproof(digests, root, proof) {
  const derived = /** @type {Uint8Array} */ ([.../** @type {Level} */ ((await levelsOf(digests, proof)).at(-1)).values()][0]);
  if (!equal(derived, root)) refuse("root-differs", `the proof leads to the root ${hex(derived)}, not to ${hex(root)}`);
}

/**
 * The single proofs of the same leaves, in their order; all of them lead to one root.
 * @param {readonly Uint8Array[]} digests
 * @param {MultiProof} proof
 * @returns {Promise<InclusionProof[]>}
 * @throws {Refusal} as `checkMultiproof`.
 */
export async function expanded(digests, proof) {
  const levels = await levelsOf(digests, proof);
  const { leafCount } = proof;
  return proof.leafIndices.map((leafIndex) => {
    /** @type {Uint8Array[]} */
    const path = [];
    let index = leafIndex;
    let size = leafCount;
    for (const level of levels.slice(0, -1)) {
      const sibling = level.get(siblingOf(index));
      if (siblingOf(index) < size && sibling) path.push(sibling);
      index = Math.floor(index / 2);
      size = Math.ceil(size / 2);
    }
    return { leafIndex, leafCount, path };
  });
}

/** @typedef {Map<number, Uint8Array>} Level the nodes that are known of a level, by their index there. */

/**
 * The nodes that are given, and those that follow, of each level.
 * @param {readonly Uint8Array[]} digests
 * @param {MultiProof} proof
 */
async function levelsOf(digests, { leafIndices, leafCount, nodes }) {
  const expected = nodeCount(leafIndices, leafCount);
  if (digests.length !== leafIndices.length) refuse("digest-count", `the proof is of ${leafIndices.length} leaves, not of ${digests.length}`);
  if (nodes.length !== expected) refuse("node-count", `the proof of these leaves has ${expected} nodes, not ${nodes.length}`);
  if ([...digests, ...nodes].some((node) => node.length !== NODE_BYTES)) refuse("node-length", `a digest or a node is not ${NODE_BYTES} bytes long`);
  let taken = 0;
  /** @type {Level[]} */
  const levels = [new Map(leafIndices.map((index, at) => [index, digests[at]]))];
  for (let size = leafCount; size > 1; size = Math.ceil(size / 2)) {
    const level = levels[levels.length - 1];
    const known = (/** @type {number} */ index) => /** @type {Uint8Array} */ (level.get(index));
    /** @type {Level} */
    const above = new Map();
    for (const index of [...level.keys()]) {
      const sibling = siblingOf(index);
      if (sibling < size && !level.has(sibling)) level.set(sibling, nodes[taken++]);
      const parent = Math.floor(index / 2);
      if (above.has(parent)) continue;
      above.set(parent, sibling >= size ? known(index) : await sha256(concat(known(2 * parent), known(2 * parent + 1))));
    }
    levels.push(above);
  }
  return levels;
}

/** @param {number} index */
function siblingOf(index) {
  return index % 2 ? index - 1 : index + 1;
}

/**
 * @param {readonly number[]} leafIndices
 * @param {number} leafCount
 */
function checkLeaves(leafIndices, leafCount) {
  if (!leafIndices.length) refuse("no-leaves", "the proof is of no leaf");
  if (leafIndices.length > MOST_PROVED) refuse("too-many-leaves", `the proof is of ${leafIndices.length} leaves; at most ${MOST_PROVED} are read`);
  if (!(leafCount >= 1 && leafCount <= MAX_LEAVES)) refuse("count-range", `a leaf count of ${leafCount} is not within 1 and ${MAX_LEAVES}`);
  let last = -1;
  for (const index of leafIndices) {
    if (!(index >= 0 && index < leafCount)) refuse("index-range", `leaf ${index} is not within a tree of ${leafCount} leaves`);
    if (index <= last) refuse("index-order", `leaf ${index} does not come after leaf ${last}`);
    last = index;
  }
}

/**
 * @param {string} code
 * @param {string} what
 * @returns {never}
 */
function refuse(code, what) {
  throw new Refusal(code, what, { remedy: "Ask whoever made it for a new one." });
}
