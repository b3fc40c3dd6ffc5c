/**
 * The header of a block: what its hash is of, and the state root, number and time in it.
 *
 * A header is known by how many fields it has, which grew with the forks. One that validators seal (QBFT, as Hyperledger
 * Besu has it) is known by its `mixHash`: its hash is made with round 0 and without the seals.
 */

import { equal, hex, toBigInt, unhex, utf8 } from "./bytes.js";
import { keccak } from "./keccak.js";
import { Refusal } from "./refusal.js";
import { decode, encode, ofNumber, wholeNumber } from "./rlp.js";
import { LATEST } from "./timestamps.js";

/**
 * @typedef {import("./rlp.js").Item} Item
 *
 * @typedef {object} Header
 * @property {Uint8Array} hash
 * @property {number} number
 * @property {number} timestamp seconds since 1970.
 * @property {Uint8Array} stateRoot
 * @property {Uint8Array} encoded
 * @property {SealedHeader | null} sealed null for one of a chain without seals, and for a first block.
 *
 * @typedef {object} SealedHeader seals that nobody has checked yet.
 * @property {Uint8Array} blockHash
 * @property {Uint8Array} signedHash of the header with its round and without seals: what validators sign.
 * @property {readonly Uint8Array[]} seals 65 bytes each: r, s, and the parity.
 */

export const MOST_BYTES = 8_192;
/** @type {readonly (readonly [string, number])[]} names, and bytes: negative for a number of up to so many. */
const FIELDS = [
  ["parentHash", 32], ["sha3Uncles", 32], ["miner", 20], ["stateRoot", 32], ["transactionsRoot", 32],
  ["receiptsRoot", 32], ["logsBloom", 256], ["difficulty", -32], ["number", -8], ["gasLimit", -8], ["gasUsed", -8],
  ["timestamp", -8], ["extraData", 0], ["mixHash", 32], ["nonce", 8], ["baseFeePerGas", -32], ["withdrawalsRoot", 32],
  ["blobGasUsed", -8], ["excessBlobGas", -8], ["parentBeaconBlockRoot", 32], ["requestsHash", 32],
];
const [STATE_ROOT, DIFFICULTY, NUMBER, TIMESTAMP, EXTRA_DATA, MIX_HASH] = [3, 7, 8, 11, 12, 13];
/** Frontier, London, Shanghai, Cancun, Prague. */
const FORKS = [15, 16, 17, 20, 21];
/** From Cancun on; Besu gives these chains no `parentBeaconBlockRoot`. */
const QBFT_FIELDS = 19;
const QBFT_MIX_HASH = utf8("ctical byzantine fault tolerance");
const MOST_ROUND = 2n ** 31n - 1n;
const ADDRESS_BYTES = 20;
const SEAL_BYTES = 65;
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/**
 * A header from its encoding.
 * @param {Uint8Array} encoded
 * @returns {Header}
 * @throws {Refusal} `header-shape`, `evidence-size` or `evidence-encoding`.
 */
export function readHeader(encoded) {
  if (encoded.length > MOST_BYTES) throw new Refusal("evidence-size", `the header of a block has more than ${MOST_BYTES} bytes`);
  const fields = decode(encoded);
  if (!Array.isArray(fields)) throw unknown("it has no fields");
  if (!FORKS.includes(fields.length) && !(fields.length === QBFT_FIELDS && claimsSeals(fields))) {
    throw unknown(`it has ${fields.length} fields`);
  }
  const named = FIELDS.slice(0, fields.length);
  named.forEach(([name, size], at) => {
    if (size > 0 && !isSized(fields[at], size)) throw unknown(`${name} has not ${size} bytes`);
  });
  if (!(fields[EXTRA_DATA] instanceof Uint8Array)) throw unknown("extraData is a list");
  const numbers = named.map(([, size], at) => (size < 0 ? wholeNumber(fields[at], -size) : 0n));
  if (numbers[TIMESTAMP] > BigInt(LATEST)) throw unknown("its time is in no calendar");
  const sealed = sealedHeader(fields);
  return {
    hash: sealed ? sealed.blockHash : keccak(encoded),
    number: Number(numbers[NUMBER]),
    timestamp: Number(numbers[TIMESTAMP]),
    stateRoot: /** @type {Uint8Array} */ (fields[STATE_ROOT]),
    encoded,
    sealed,
  };
}

/**
 * The header of a block as JSON-RPC tells it, if what is told has the hash that is told.
 * @param {Record<string, unknown>} block
 * @returns {Header}
 * @throws {Refusal} `header-shape`.
 */
export function headerOf(block) {
  /** @type {Item[]} */
  const fields = [];
  for (const [name, size] of FIELDS) {
    const value = block[name];
    // What comes after a field that is not there is in no header; the hash says whether that is so here.
    if (value === undefined || value === null) break;
    if (typeof value !== "string" || !/^0x[0-9a-fA-F]*$/.test(value)) throw unknown("it is malformed");
    if (size < 0 ? value.length < 3 : value.length % 2) throw unknown("it is malformed");
    fields.push(size < 0 ? ofNumber(BigInt(value)) : unhex(value));
  }
  const header = readHeader(encode(fields));
  if (`0x${hex(header.hash)}` !== String(block.hash).toLowerCase()) throw unknown("its fields do not have the hash that is told of it");
  return header;
}

/** @param {Item[]} fields */
function claimsSeals(fields) {
  const mixHash = fields[MIX_HASH];
  return mixHash instanceof Uint8Array && equal(mixHash, QBFT_MIX_HASH);
}

/**
 * What the hashes of a header are of, and its seals. Read as strictly as Besu reads it; IBFT 2.0 and GoQuorum, with the
 * same `mixHash`, are refused.
 * @param {Item[]} fields
 * @returns {SealedHeader | null}
 */
function sealedHeader(fields) {
  // Nobody seals the first block: its hash is of the header as it is.
  if (!claimsSeals(fields) || isSized(fields[NUMBER], 0)) return null;
  if (!isSized(fields[DIFFICULTY], 1) || fields[DIFFICULTY][0] !== 1) {
    throw unknown("it has the mixHash of a chain with seals, and a difficulty that no such chain has");
  }
  let extra;
  try {
    extra = readExtra(fields[EXTRA_DATA]);
  } catch (error) {
    if (error instanceof Refusal) throw unknown(`its extraData is not that of QBFT: ${error.what}`);
    throw error;
  }
  const { vanity, validators, vote, round, seals } = extra;
  const hashed = (/** @type {bigint} */ ofRound) =>
    keccak(encode(fields.with(EXTRA_DATA, encode([vanity, validators, vote, ofNumber(ofRound), []]))));
  return { blockHash: hashed(0n), signedHash: hashed(round), seals };
}

/** @param {Item} extra */
function readExtra(extra) {
  const parts = extra instanceof Uint8Array ? decode(extra) : null;
  if (!Array.isArray(parts) || parts.length !== 5) malformed("it is no list of five");
  const [vanity, validators, vote, ownRound, seals] = parts;
  if (!Array.isArray(validators) || !Array.isArray(vote) || !Array.isArray(seals)) malformed("validators, vote or seals are no lists");
  const isAdded = (/** @type {Item} */ kind) => isSized(kind, 1) && kind[0] === 0xff;
  if (vote.length && (vote.length !== 2 || !(isSized(vote[1], 0) || isAdded(vote[1])))) malformed("its vote is none");
  for (const address of [...validators, ...vote.slice(0, 1)]) sized(address, ADDRESS_BYTES, "an address");
  const round = wholeNumber(ownRound, 4);
  if (round > MOST_ROUND) malformed("its round is too high");
  return { vanity: sized(vanity, 32, "its vanity"), validators, vote, round, seals: seals.map(seal) };
}

/** @param {Item} item */
function seal(item) {
  const found = sized(item, SEAL_BYTES, "a seal");
  const isOfCurve = (/** @type {bigint} */ number) => number > 0n && number < ORDER;
  // An s in the upper half stands: Besu takes it, and a second form of a signature makes no second validator.
  if (!isOfCurve(toBigInt(found.subarray(0, 32))) || !isOfCurve(toBigInt(found.subarray(32, 64))) || found[64] > 1) {
    malformed("a seal is no signature");
  }
  return found;
}

/**
 * @param {Item} item
 * @param {number} size
 * @param {string} what
 */
function sized(item, size, what) {
  return isSized(item, size) ? item : malformed(`${what} has not ${size} bytes`);
}

/**
 * @param {Item} item
 * @param {number} size
 * @returns {item is Uint8Array}
 */
function isSized(item, size) {
  return item instanceof Uint8Array && item.length === size;
}

/**
 * @param {string} why
 * @returns {never}
 */
function malformed(why) {
  throw new Refusal("header-shape", why);
}

/** @param {string} why */
function unknown(why) {
  return new Refusal("header-shape", `the header of the block cannot be checked: ${why}`, {
    remedy: "A chain with headers of its own needs a program that knows them; ask without proof, or another chain.",
  });
}
