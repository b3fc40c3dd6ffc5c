/**
 * Receipts of several credentials of one batch as one: a multiproof, one anchor, and its evidence once
 * (`registry/receipt/batches.py`, `docs/reference/portfolio.md`). Expanded, each is a receipt like any other.
 */

import { equal, hex, unhex } from "./bytes.js";
import { MOST_SLOTS, evidenceForm, readEvidence } from "./evidence.js";
import { MAX_LEAVES, rootFromPath } from "./merkle.js";
import { MOST_PROVED, expanded, joined, nodeCount } from "./multiproof.js";
import { ANCHOR, DIGEST, HASH, NODE, fault, object, orNull, whole, withEvidence } from "./receipt.js";
import { Refusal } from "./refusal.js";
import { writeTimestamp } from "./timestamps.js";

/**
 * @typedef {import("./evidence.js").Evidence} Evidence
 * @typedef {import("./receipt.js").Fault} Fault
 * @typedef {import("./receipt.js").Reader} Reader
 * @typedef {import("./receipt.js").Receipt} Receipt
 * @typedef {import("./strictjson.js").Value} Value
 *
 * @typedef {{leafIndex: number, digest: import("./digest.js").Digest, items: number[], slots: number[] | null}} Leaf
 *   `items`: positions in the portfolio; `slots`: those of the batch's evidence that are about it, by their numbers.
 *
 * @typedef {object} Batch receipts of one batch; its shape is checked, and it proves nothing by itself.
 * @property {string} root
 * @property {number} leafCount
 * @property {Leaf[]} leaves
 * @property {string[]} nodes of the multiproof.
 * @property {import("./receipt.js").Anchor} anchor
 * @property {Evidence | null} evidence
 */

/** How often slots may be named in one batch: each is handed to the receipt that it is named for. */
export const MOST_SLOTS_NAMED = 1 << 16;
const REMEDY = "Ask whoever made the portfolio for a new one.";
// The readers tell places from that of the whole.
const BATCH = "batch";

/**
 * @param {Reader} reader
 * @param {{least?: number, most?: number}} [bounds]
 * @returns {Reader}
 */
const listOf = (reader, { least = 0, most = Infinity } = {}) => (value, place, faults, record) => {
  if (!Array.isArray(value)) return fault(faults, place, "Input should be a valid array");
  const before = faults.length;
  const read = [];
  for (const [at, each] of value.slice(0, most + 1).entries()) {
    read.push(reader(each, `${place}[${at}]`, faults, record));
    // The first fault is told, and a stranger can make millions of them.
    if (faults.length > before) return read;
  }
  const [bound, how] = value.length < least ? [least, "least"] : value.length > most ? [most, "most"] : [0, ""];
  if (how) fault(faults, place, `Tuple should have at ${how} ${bound} item${bound === 1 ? "" : "s"} after validation, not ${value.length}`);
  return read;
};

const POSITION = whole(0, MAX_LEAVES - 1, `less than ${MAX_LEAVES}`);

/** @type {Reader} */
const evidence = (value, place, faults) => {
  try {
    return readEvidence(value, MOST_SLOTS);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    fault(faults, place, error.what, error.code);
  }
};

const PARTS = object(
  {
    root: HASH,
    leafCount: whole(1, MAX_LEAVES),
    leaves: listOf(object({ leafIndex: POSITION, digest: DIGEST, items: listOf(POSITION, { least: 1 }), slots: orNull(listOf(POSITION)) }, ["slots"], checkAscending), {
      least: 1,
      most: MOST_PROVED,
    }),
    nodes: listOf(NODE),
    anchor: ANCHOR,
    evidence: orNull(evidence),
  },
  ["evidence"],
  checkShape,
);

/**
 * One member of `batches`.
 * @param {Value} given
 * @param {string} where
 * @returns {Batch}
 * @throws {Refusal} it is not in order; `where` leads to the member.
 */
export function readBatch(given, where) {
  /** @type {Fault[]} */
  const faults = [];
  const batch = PARTS(given, BATCH, faults, {});
  if (!faults.length) return batch;
  const place = (faults[0].where ?? BATCH).slice(BATCH.length);
  throw new Refusal(faults[0].code, `The receipts of a batch are not in order: ${faults[0].message}.`, { where: where + place, remedy: REMEDY });
}

/**
 * The receipt of each leaf, and the positions of the items that it is for. Whether the proof leads to the root is not looked
 * at here: the path of a receipt is checked with it.
 * @param {Batch} batch
 * @returns {Promise<{receipt: Receipt, items: number[]}[]>}
 * @throws {Refusal} what evidence there is cannot be that of a receipt.
 */
export async function receiptsOf({ root, leafCount, leaves, nodes, anchor, evidence: all }) {
  const proof = { leafCount, leafIndices: leaves.map(({ leafIndex }) => leafIndex), nodes: nodes.map(unhex) };
  const singles = await expanded(leaves.map(({ digest }) => unhex(digest.value)), proof);
  const slots = all ? [...all.slots.keys()].sort() : [];
  return leaves.map(({ leafIndex, digest, items, slots: named }, at) => {
    /** @type {Receipt} */
    const receipt = { version: 1, digest, inclusion: { root, leafCount, leafIndex, path: singles[at].path.map(hex) }, anchor, evidence: null };
    return { receipt: all && named ? withEvidence(receipt, partOf(all, named.map((number) => slots[number]))) : receipt, items };
  });
}

/**
 * Receipts by their batches, the batches in the order of their first receipts, as values of JSON. A receipt whose path does not
 * lead to its root is a batch of its own, so that it breaks no other.
 * @param {readonly {position: number, receipt: Receipt}[]} receipts
 */
export async function batchesOf(receipts) {
  /** @type {Group[]} */
  const groups = [];
  /** @type {Map<string, Group[]>} */
  const byBatch = new Map();
  for (const { position, receipt } of receipts) {
    const { root, leafCount } = receipt.inclusion;
    const place = JSON.stringify([anchorForm(receipt.anchor), root, leafCount]);
    const alike = byBatch.get(place) ?? [];
    byBatch.set(place, alike);
    const holds = await isHolding(receipt);
    if (alike.some((group) => group.takes(position, receipt, holds))) continue;
    const group = new Group(position, receipt, holds);
    groups.push(group);
    alike.push(group);
  }
  return Promise.all(groups.map((group) => group.form()));
}

/** Receipts of one anchor of one batch that can be told as one. */
class Group {
  /**
   * @param {number} position
   * @param {Receipt} receipt
   * @param {boolean} holds whether its path leads to its root.
   */
  constructor(position, receipt, holds) {
    this.first = receipt;
    this.holds = holds;
    this.slots = new Map(receipt.evidence?.slots);
    this.found = new Map([[receipt.inclusion.leafIndex, { receipt, positions: [position] }]]);
  }

  /**
   * Whether a receipt goes with those that are here; then it is here, too.
   * @param {number} position
   * @param {Receipt} receipt
   * @param {boolean} holds
   */
  takes(position, receipt, holds) {
    const same = this.found.get(receipt.inclusion.leafIndex);
    if (same) {
      const isSame = keyOf(same.receipt) === keyOf(receipt);
      if (isSame) same.positions.push(position);
      return isSame;
    }
    if (!this.holds || !holds || !this.#joins(receipt.evidence)) return false;
    this.found.set(receipt.inclusion.leafIndex, { receipt, positions: [position] });
    return true;
  }

  /**
   * Whether there is evidence of both, of one block, saying the same and not too much; or of neither.
   * @param {Evidence | null} other
   */
  #joins(other) {
    const mine = this.first.evidence;
    if (!mine || !other) return mine === other;
    const ofBlock = (/** @type {Evidence} */ each) => JSON.stringify(evidenceForm({ ...each, slots: new Map() }));
    if (ofBlock(mine) !== ofBlock(other)) return false;
    const both = new Map([...this.slots, ...other.slots]);
    if (both.size > MOST_SLOTS || [...this.slots].some(([slot, nodes]) => !isSameProof(nodes, both.get(slot) ?? []))) return false;
    this.slots = both;
    return true;
  }

  /** As a member of `batches`. */
  async form() {
    const ordered = [...this.found.keys()].sort((one, other) => one - other).flatMap((index) => this.found.get(index) ?? []);
    const { inclusion, anchor, evidence: of } = this.first;
    const nodes = this.holds ? (await joined(ordered.map(({ receipt }) => provedBy(receipt)))).nodes.map(hex) : inclusion.path;
    const numbers = new Map([...this.slots.keys()].sort().map((slot, number) => [slot, number]));
    return {
      root: inclusion.root,
      leafCount: inclusion.leafCount,
      leaves: ordered.map(({ receipt, positions }) => ({
        leafIndex: receipt.inclusion.leafIndex,
        digest: { method: receipt.digest.method, value: receipt.digest.value },
        items: [...new Set(positions)].sort((one, other) => one - other),
        ...(receipt.evidence && { slots: [...receipt.evidence.slots.keys()].map((slot) => Number(numbers.get(slot))).sort((one, other) => one - other) }),
      })),
      nodes,
      anchor: anchorForm(anchor),
      ...(of && { evidence: evidenceForm({ ...of, slots: this.slots }) }),
    };
  }
}

/**
 * Why a leaf is out of order.
 * @param {Record<string, any>} leaf
 * @param {unknown} _
 * @param {string} place
 * @param {Fault[]} faults
 */
function checkAscending({ items, slots }, _, place, faults) {
  const isAscending = (/** @type {number[]} */ numbers) => numbers.every((number, at) => !at || number > numbers[at - 1]);
  if (![items, slots ?? []].every(isAscending)) fault(faults, place, "positions stand in ascending order, each once", "item-order");
}

/**
 * @param {Record<string, any>} batch
 * @param {unknown} _
 * @param {string} place
 * @param {Fault[]} faults
 */
function checkShape({ leaves, leafCount, nodes, evidence: all }, _, place, faults) {
  try {
    const expected = nodeCount(leaves.map((/** @type {Leaf} */ { leafIndex }) => leafIndex), leafCount);
    if (nodes.length !== expected) return fault(faults, place, `the proof of these leaves has ${expected} nodes, not ${nodes.length}`, "node-count");
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return fault(faults, place, error.what, error.code);
  }
  const named = leaves.flatMap((/** @type {Leaf} */ { slots }) => slots ?? []);
  const there = all?.slots.size ?? 0;
  if (named.some((/** @type {number} */ number) => number >= there) || new Set(named).size !== there) {
    fault(faults, place, "leaves name slots that are not there, or not all that are", "evidence-slots");
  } else if (named.length > MOST_SLOTS_NAMED) fault(faults, place, "leaves name more slots than are read", "evidence-size");
}

/**
 * The part of evidence that is about some slots.
 * @param {Evidence} all
 * @param {readonly string[]} slots
 * @returns {Evidence}
 */
function partOf(all, slots) {
  return { ...all, slots: new Map(slots.map((slot) => [slot, all.slots.get(slot) ?? []])) };
}

/**
 * An anchor as a receipt has it in JSON.
 * @param {import("./receipt.js").Anchor} anchor
 */
function anchorForm({ chain, contract, issuer, sequence, transaction, block }) {
  return {
    chain,
    contract,
    issuer,
    ...(block && { sequence, transaction, block: { number: block.number, hash: block.hash, timestamp: writeTimestamp(block.timestamp) } }),
  };
}

/** @param {Receipt} receipt */
function keyOf({ digest, inclusion, anchor, evidence: of }) {
  return JSON.stringify([digest.method, digest.value, inclusion.leafIndex, inclusion.path, anchorForm(anchor), of && evidenceForm(of)]);
}

/**
 * @param {readonly Uint8Array[]} one
 * @param {readonly Uint8Array[]} other
 */
function isSameProof(one, other) {
  return one.length === other.length && one.every((node, at) => equal(node, other[at]));
}

/** @param {Receipt} receipt */
function provedBy({ digest, inclusion: { leafIndex, leafCount, path } }) {
  return { digest: unhex(digest.value), proof: { leafIndex, leafCount, path: path.map(unhex) } };
}

/** @param {Receipt} receipt */
async function isHolding(receipt) {
  const { digest, proof } = provedBy(receipt);
  try {
    return equal(await rootFromPath(digest, proof), unhex(receipt.inclusion.root));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return false;
  }
}
