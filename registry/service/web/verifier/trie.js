/**
 * What an account stores, proved against the state root of a block: Merkle Patricia proofs, as of `eth_getProof`.
 *
 * Both answers are proved: that a slot holds a value, and that it holds none, which is zero.
 */

import { equal } from "./bytes.js";
import { keccak } from "./keccak.js";
import { Refusal } from "./refusal.js";
import { decode, encode, wholeNumber } from "./rlp.js";

/**
 * @typedef {import("./rlp.js").Item} Item
 * @typedef {{nonce: bigint, balance: bigint, storageRoot: Uint8Array, codeHash: Uint8Array}} Account
 */

const HASH_BYTES = 32;
export const MOST_NODE_BYTES = 600;
/** A path has 64 nibbles, and each node that is a hash of its own takes one at least. */
export const MOST_NODES = 64;
const NOTHING = new Uint8Array();
const EMPTY_LIST = encode(NOTHING);
const EMPTY_TRIE = keccak(EMPTY_LIST);
export const EMPTY_CODE = keccak(NOTHING);
const BRANCH = 17;
const PAIR = 2;
const ODD = 1;
const LEAF = 2;

/**
 * The account at an address of 20 bytes, or null where the proof shows that there is none.
 * @param {Uint8Array} stateRoot
 * @param {Uint8Array} address
 * @param {readonly Uint8Array[]} nodes from the root on; no more and no fewer than lead there.
 * @returns {Account | null}
 * @throws {Refusal} the nodes prove nothing of it.
 */
export function proveAccount(stateRoot, address, nodes) {
  const found = prove(stateRoot, address, nodes);
  if (!found) return null;
  const parts = decode(found);
  if (!Array.isArray(parts) || parts.length !== 4) refuse("evidence-value", "what is in the account's place is no account");
  const [nonce, balance, storageRoot, codeHash] = parts;
  if (!isHash(storageRoot) || !isHash(codeHash)) refuse("evidence-value", "an account has hashes of 32 bytes");
  return { nonce: wholeNumber(nonce, 8), balance: wholeNumber(balance, HASH_BYTES), storageRoot, codeHash };
}

/**
 * What an account stores in a slot, whose number has 32 bytes.
 * @param {Uint8Array} storageRoot
 * @param {Uint8Array} slot
 * @param {readonly Uint8Array[]} nodes
 * @throws {Refusal} the nodes prove nothing of it.
 */
export function proveSlot(storageRoot, slot, nodes) {
  const found = prove(storageRoot, slot, nodes);
  return found ? wholeNumber(decode(found), HASH_BYTES) : 0n;
}

/**
 * What is under a key, which is hashed; null where the proof shows that nothing is.
 * @param {Uint8Array} root
 * @param {Uint8Array} key
 * @param {readonly Uint8Array[]} nodes
 * @returns {Uint8Array | null}
 * @throws {Refusal} `evidence-size`, `evidence-node`, `evidence-encoding` or `evidence-surplus`.
 */
function prove(root, key, nodes) {
  if (nodes.length > MOST_NODES || nodes.some((node) => node.length > MOST_NODE_BYTES)) {
    refuse("evidence-size", `a proof has up to ${MOST_NODES} nodes of ${MOST_NODE_BYTES} bytes`);
  }
  if (equal(root, EMPTY_TRIE)) {
    // Some nodes send the one node of an empty tree, others nothing.
    if (nodes.length && !(nodes.length === 1 && equal(nodes[0], EMPTY_LIST))) {
      refuse("evidence-surplus", "the tree is empty, and the proof has nodes");
    }
    return null;
  }
  const walk = new Walk(nodes);
  const found = walk.from(root, nibbles(keccak(key)));
  if (walk.left) refuse("evidence-surplus", `${walk.left} of its nodes lead nowhere`);
  return found;
}

/** Goes down a trie by the nodes of a proof, in their order. */
class Walk {
  /** @param {readonly Uint8Array[]} nodes */
  constructor(nodes) {
    this.nodes = nodes;
    this.next = 0;
  }

  /** How many nodes were not needed. */
  get left() {
    return this.nodes.length - this.next;
  }

  /**
   * What is under the rest of a path, from the node that has this hash on.
   * @param {Item} reference
   * @param {number[]} path
   */
  from(reference, path) {
    for (let isRoot = true; ; isRoot = false) {
      const node = this.node(reference, isRoot);
      if (node.length === BRANCH) {
        if (!isEmpty(node[BRANCH - 1])) refuse("evidence-node", "a branch has a value, where all keys are equally long");
        if (!path.length) refuse("evidence-node", "the path goes on after its end");
        reference = node[path[0]];
        path = path.slice(1);
        if (isEmpty(reference)) return null;
        continue;
      }
      if (node.length !== PAIR) refuse("evidence-node", `a node has ${node.length} parts`);
      const { isLeaf, own } = unpacked(node[0]);
      const value = node[1];
      const isOnPath = own.every((nibble, at) => nibble === path[at]);
      if (isLeaf) {
        if (own.length !== path.length) refuse("evidence-node", "a leaf is not at the end of the path");
        if (!(value instanceof Uint8Array) || !value.length) refuse("evidence-node", "a leaf holds nothing");
        return isOnPath ? value : null;
      }
      if (!own.length || own.length >= path.length) refuse("evidence-node", "an extension leads nowhere");
      if (!isOnPath) {
        // What is below is not asked for; that there is something, is.
        if (isEmpty(value)) refuse("evidence-node", "an extension leads nowhere");
        return null;
      }
      reference = value;
      path = path.slice(own.length);
    }
  }

  /**
   * The node that a reference means: itself, where it is short, else the next of the proof.
   * @param {Item} reference
   * @param {boolean} isRoot
   * @returns {Item[]}
   */
  node(reference, isRoot) {
    if (Array.isArray(reference)) {
      if (encode(reference).length >= HASH_BYTES) {
        refuse("evidence-node", "a node is within another that has to have a hash of its own");
      }
      return reference;
    }
    if (reference.length !== HASH_BYTES) refuse("evidence-node", "what leads to a node is no hash");
    if (!this.left) refuse("evidence-node", "a node is missing");
    const encoded = this.nodes[this.next++];
    if (!equal(keccak(encoded), reference)) {
      refuse("evidence-node", `node ${this.next - 1} (counted from 0) is another one than it has to be`);
    }
    if (encoded.length < HASH_BYTES && !isRoot) {
      refuse("evidence-node", "a node has a hash of its own that has to be within another");
    }
    const node = decode(encoded);
    if (!Array.isArray(node)) refuse("evidence-node", "a node is no list");
    return node;
  }
}

/** @param {Uint8Array} key */
function nibbles(key) {
  return [...key].flatMap((byte) => [byte >> 4, byte & 15]);
}

/**
 * Whether a node is a leaf, and its part of the path (hex-prefix encoding).
 * @param {Item} item
 */
function unpacked(item) {
  if (!(item instanceof Uint8Array) || !item.length) refuse("evidence-node", "a node has no path");
  const [flag, ...rest] = nibbles(item);
  if (flag > ODD + LEAF) refuse("evidence-node", "a path has a flag that means nothing");
  if (!(flag & ODD)) {
    if (rest[0]) refuse("evidence-node", "a path has a second form");
    rest.shift();
  }
  return { isLeaf: Boolean(flag & LEAF), own: rest };
}

/**
 * @param {Item} item
 * @returns {item is Uint8Array}
 */
function isHash(item) {
  return item instanceof Uint8Array && item.length === HASH_BYTES;
}

/** @param {Item} item */
function isEmpty(item) {
  return item instanceof Uint8Array && !item.length;
}

/**
 * @param {string} code
 * @param {string} why
 * @returns {never}
 */
function refuse(code, why) {
  throw new Refusal(code, `the proof of what is stored does not hold: ${why}`);
}
