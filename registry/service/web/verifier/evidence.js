/**
 * Evidence: the header of a block, and what one account stores in it (`docs/reference/evidence.md`).
 *
 * It proves its statements to whoever knows the hash of the block, and rests on that alone.
 */

import { equal, hex, unhex } from "./bytes.js";
import { MOST_BYTES, readHeader } from "./header.js";
import { Refusal } from "./refusal.js";
import { Members, thousands } from "./strictjson.js";
import { MOST_NODES, MOST_NODE_BYTES, proveAccount, proveSlot } from "./trie.js";

/**
 * @typedef {import("./strictjson.js").Value} Value
 * @typedef {import("./header.js").Header} Header
 * @typedef {import("./trie.js").Account} Account
 *
 * @typedef {object} Evidence nothing of it is checked yet.
 * @property {Uint8Array} header as it is hashed.
 * @property {Uint8Array} address 20 bytes.
 * @property {readonly Uint8Array[]} account nodes from the block's state root to the account.
 * @property {ReadonlyMap<string, readonly Uint8Array[]>} slots by the 64 digits of the slot, the nodes to it.
 *
 * @typedef {object} Proved what evidence shows.
 * @property {Header} header
 * @property {Account} account
 * @property {ReadonlyMap<string, bigint>} values by the 64 digits of the slot.
 */

const ADDRESS_BYTES = 20;
const SLOT_BYTES = 32;
export const MOST_SLOTS = 1_024;
const TABLE_A_SLOT = 8;
const MEMBERS = ["account", "address", "header", "nodes", "slots"];

/**
 * Evidence from its JSON form, of which there is one for each.
 * @param {Value | undefined} given
 * @param {number} [mostSlots]
 * @returns {Evidence}
 * @throws {Refusal} `evidence-form` or `evidence-size`.
 */
export function readEvidence(given, mostSlots = MOST_SLOTS) {
  if (!(given instanceof Members) || [...given.keys()].sort().join() !== MEMBERS.join()) {
    malformed(`it has other members than ${MEMBERS.join(", ")}`);
  }
  const slots = given.get("slots");
  if (!(slots instanceof Members)) malformed("slots is no object");
  if (slots.size > mostSlots) throw new Refusal("evidence-size", tooManySlots(slots.size, mostSlots));
  const table = new Table(given.get("nodes"), mostSlots * TABLE_A_SLOT);
  const header = bytes(given.get("header"), MOST_BYTES);
  const address = bytes(given.get("address"), ADDRESS_BYTES, true);
  const account = table.proof(given.get("account"));
  const proofs = [...slots.keys()].sort().map((slot) => /** @type {const} */ ([hex(bytes(slot, SLOT_BYTES, true)), table.proof(slots.get(slot))]));
  table.checkUsed();
  return { header, address, account, slots: new Map(proofs) };
}

/**
 * Evidence as values of JSON, as `readEvidence` reads it: each node once, in the order in which the proofs come to need it.
 * @param {Evidence} evidence
 */
export function evidenceForm({ header, address, account, slots }) {
  /** @type {Map<string, number>} */
  const numbers = new Map();
  const numbered = (/** @type {readonly Uint8Array[]} */ nodes) =>
    nodes.map((node) => {
      const text = `0x${hex(node)}`;
      const number = numbers.get(text) ?? numbers.size;
      numbers.set(text, number);
      return number;
    });
  const ofAccount = numbered(account);
  const ofSlots = [...slots.keys()].sort().map((slot) => [`0x${slot}`, numbered(/** @type {readonly Uint8Array[]} */ (slots.get(slot)))]);
  return { header: `0x${hex(header)}`, address: `0x${hex(address)}`, nodes: [...numbers.keys()], account: ofAccount, slots: Object.fromEntries(ofSlots) };
}

/**
 * @param {number} count
 * @param {number} most
 */
export function tooManySlots(count, most) {
  return `the evidence is not read: it is about ${thousands(count)} slots, and at most ${thousands(most)} are read`;
}

/**
 * What evidence shows to whoever knows that this is the hash of a block of the chain.
 * @param {Evidence} evidence
 * @param {Uint8Array} blockHash
 * @returns {Proved}
 * @throws {Refusal} `other-block`, `no-account`, or whatever else is wrong with it.
 */
export function proveEvidence(evidence, blockHash) {
  if (evidence.slots.size > MOST_SLOTS) {
    throw new Refusal("evidence-size", `evidence of more than ${thousands(MOST_SLOTS)} slots is not read`);
  }
  const header = readHeader(evidence.header);
  if (!equal(header.hash, blockHash)) {
    throw new Refusal("other-block", `the evidence is about block 0x${hex(header.hash)}, not about 0x${hex(blockHash)}`);
  }
  const account = proveAccount(header.stateRoot, evidence.address, evidence.account);
  if (!account) throw new Refusal("no-account", `in block ${header.number} there is no account 0x${hex(evidence.address)}`);
  /** @type {Map<string, bigint>} */
  const values = new Map();
  for (const [slot, nodes] of evidence.slots) values.set(slot, proveSlot(account.storageRoot, unhex(slot), nodes));
  return { header, account, values };
}

/** The nodes of a JSON form, which proofs name by their numbers. */
class Table {
  /**
   * @param {Value | undefined} given
   * @param {number} most
   */
  constructor(given, most) {
    if (!Array.isArray(given)) malformed("nodes is no list");
    if (given.length > most) tooLarge(`there are more than ${thousands(most)} nodes`);
    this.nodes = given.map((node) => bytes(node, MOST_NODE_BYTES));
    if (new Set(given).size !== given.length) malformed("a node is there twice");
    this.used = 0;
  }

  /**
   * The nodes of one proof; what is named first has the lowest number.
   * @param {Value | undefined} given
   */
  proof(given) {
    if (!Array.isArray(given)) malformed("a proof is no list of nodes");
    if (given.length > MOST_NODES) tooLarge(`a proof has more than ${MOST_NODES} nodes`);
    return given.map((number) => {
      if (typeof number !== "number" || number < 0 || number > Math.min(this.used, this.nodes.length - 1)) {
        malformed("a proof names a node that is not there, or not in its order");
      }
      this.used = Math.max(this.used, number + 1);
      return this.nodes[number];
    });
  }

  checkUsed() {
    if (this.used !== this.nodes.length) malformed("a node is in no proof");
  }
}

/**
 * @param {Value | undefined} given
 * @param {number} most
 * @param {boolean} [exactly]
 */
function bytes(given, most, exactly = false) {
  if (typeof given !== "string") malformed("bytes in hexadecimal were expected");
  if (given.length > 2 + 2 * most) tooLarge(`there are more than ${most} bytes where as many are possible`);
  if (!/^0x(?:[0-9a-f]{2})*$/.test(given)) malformed("bytes in hexadecimal, with 0x and in lower case, were expected");
  if (exactly && given.length !== 2 + 2 * most) malformed(`${most} bytes in hexadecimal were expected`);
  return unhex(given);
}

/**
 * @param {string} why
 * @returns {never}
 */
function tooLarge(why) {
  throw new Refusal("evidence-size", `the evidence is not read: ${why}`);
}

/**
 * @param {string} why
 * @returns {never}
 */
function malformed(why) {
  throw new Refusal("evidence-form", `the evidence cannot be read: ${why}`);
}
