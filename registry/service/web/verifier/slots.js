/**
 * Where a registry stores what a verdict needs, and what is in it, by the layout that the compiler told (`contracts.js`).
 *
 * Slots are 64 digits; what is in them is a number. What no registry stores is refused with `evidence-value`.
 */

import { concat, hex, ofBigInt, unhex } from "./bytes.js";
import { REASONS } from "./contracts.js";
import { keccak } from "./keccak.js";
import { Refusal } from "./refusal.js";
import { LATEST } from "./timestamps.js";

/**
 * @typedef {import("./contracts.js").Edition} Edition
 *
 * @typedef {object} Batch
 * @property {number} issuer
 * @property {string} root 0x and 64 digits.
 * @property {number} anchoredAt seconds since 1970, as all times here.
 * @property {number} blockNumber
 * @property {number} leafCount 0 while it is not stated.
 * @property {number} sequence
 * @property {number | null} voidedAt null while the batch holds.
 * @property {string | null} voidReason
 * @property {{blockHash: string, transaction: string} | null} anchor what its event adds; null where that was not seen.
 *
 * @typedef {object} Party
 * @property {number} id
 * @property {string} uri
 * @property {number} registeredAt
 * @property {number | null} retiredAt
 * @property {number} sequence how many batches it has anchored.
 *
 * @typedef {object} DigestStatus what an issuer said of a credential by its digest, for every batch of his.
 * @property {number | null} revokedAt
 * @property {string | null} revocationReason
 * @property {number | null} suspendedAt
 * @property {string | null} suspensionReason
 *
 * @typedef {(slots: readonly string[]) => Promise<ReadonlyMap<string, bigint>>} Values what is in slots, each proved.
 */

/** @type {DigestStatus} */
export const NOTHING_SAID = { revokedAt: null, revocationReason: null, suspendedAt: null, suspensionReason: null };
export const REVOCATION = 0;
export const SUSPENSION = 1;
export const WORD_BITS = 256;
const SLOT_BYTES = 32;
const LONGEST_TEXT = 16_384;

/** A registry by its slots, as of the block that they are proved against. */
export class StoredRegistry {
  /**
   * @param {Edition} edition
   * @param {Values} values
   */
  constructor(edition, values) {
    this.slots = edition.slots;
    this.values = values;
  }

  /**
   * The batch an issuer anchored under a root, or null.
   * @param {number} issuer
   * @param {string} root
   * @returns {Promise<Batch | null>}
   */
  async batch(issuer, root) {
    const packed = await this.value(this.batchSlot(issuer, root));
    if (!packed) return null;
    const voidedAt = time(bits(packed, 160, 48), "a batch");
    return {
      issuer,
      root,
      anchoredAt: time(bits(packed, 64, 48), "a batch"),
      blockNumber: bits(packed, 112, 48),
      leafCount: bits(packed, 0, 32),
      sequence: bits(packed, 32, 32),
      voidedAt: voidedAt || null,
      voidReason: voidedAt ? reason(bits(packed, 208, 8), "a batch") : null,
      anchor: null,
    };
  }

  /**
   * The party with that number, or null.
   * @param {number} id
   * @returns {Promise<Party | null>}
   */
  async party(id) {
    const slots = this.partySlots(id);
    const found = await this.values(slots);
    const [packed, governed, , , text] = slots.map((slot) => /** @type {bigint} */ (found.get(slot)));
    if (!governed) return null;
    const rest = textSlots(slots[4], text);
    const more = await this.values(rest);
    const retiredAt = time(bits(packed, 192, 48), "a party");
    return {
      id,
      uri: readText(text, rest.map((slot) => /** @type {bigint} */ (more.get(slot)))),
      registeredAt: time(bits(governed, 160, 48), "a party"),
      retiredAt: retiredAt || null,
      sequence: bits(packed, 160, 32),
    };
  }

  /**
   * Whether the place of a leaf is revoked and suspended.
   * @param {number} issuer
   * @param {string} root
   * @param {number} leafIndex
   */
  async place(issuer, root, leafIndex) {
    const words = this.wordSlots(issuer, root, leafIndex);
    const found = await this.values(words);
    const [revoked, suspended] = words.map((slot) => Boolean(bits(/** @type {bigint} */ (found.get(slot)), leafIndex % WORD_BITS, 1)));
    return { revoked, suspended };
  }

  /**
   * What an issuer said of a credential by its digest; null in the first edition, where nobody can. Of an issuer that
   * never said anything of a digest one number proves that, and none of them is asked for.
   * @param {number} issuer
   * @param {string} digest 64 digits.
   * @returns {Promise<DigestStatus | null>}
   */
  async digestStatus(issuer, digest) {
    if (this.slots.digests === null) return null;
    const governed = await this.value(this.partySlots(issuer)[1]);
    if (!bits(governed, 208, 48)) return NOTHING_SAID;
    const packed = await this.value(hex(mapped(unhex(digest), mapped(ofBigInt(issuer), ofBigInt(this.slots.digests)))));
    const revokedAt = time(bits(packed, 0, 48), "a digest");
    const suspendedAt = time(bits(packed, 56, 48), "a digest");
    return {
      revokedAt: revokedAt || null,
      revocationReason: revokedAt ? reason(bits(packed, 48, 8), "a digest") : null,
      suspendedAt: suspendedAt || null,
      suspensionReason: suspendedAt ? reason(bits(packed, 104, 8), "a digest") : null,
    };
  }

  /**
   * Of a party, a batch and the place of a leaf: what is read of any credential.
   * @param {number} issuer
   * @param {{root: string, leafIndex: number}} place
   */
  slotsOf(issuer, { root, leafIndex }) {
    return [...this.partySlots(issuer), this.batchSlot(issuer, root), ...this.wordSlots(issuer, root, leafIndex)];
  }

  /**
   * Of the two status words that a leaf's bits are in.
   * @param {number} issuer
   * @param {string} root
   * @param {number} leafIndex
   */
  wordSlots(issuer, root, leafIndex) {
    return [REVOCATION, SUSPENSION].map((purpose) => this.wordSlot(issuer, root, purpose, Math.floor(leafIndex / WORD_BITS)));
  }

  /**
   * Of the record of a batch.
   * @param {number} issuer
   * @param {string} root
   */
  batchSlot(issuer, root) {
    return hex(mapped(unhex(root), mapped(ofBigInt(issuer), ofBigInt(this.slots.batches))));
  }

  /**
   * Of the status bits of 256 credentials of a batch.
   * @param {number} issuer
   * @param {string} root
   * @param {number} purpose
   * @param {number} word
   */
  wordSlot(issuer, root, purpose, word) {
    return hex(mapped(ofBigInt((BigInt(word) << 8n) | BigInt(purpose)), following(unhex(this.batchSlot(issuer, root)), this.slots.statuses)));
  }

  /**
   * Of all of a party, in the order in which it is stored: what an anchor reads, controller and registration, the address
   * control was offered to, profile hash, and URI.
   * @param {number} id
   */
  partySlots(id) {
    const own = mapped(ofBigInt(id), ofBigInt(this.slots.parties));
    return [0, 1, 2, 3, 4].map((member) => hex(following(own, member)));
  }

  /** @param {string} slot */
  async value(slot) {
    return /** @type {bigint} */ ((await this.values([slot])).get(slot));
  }
}

/**
 * The slot of a mapping's value.
 * @param {Uint8Array} key
 * @param {Uint8Array} mapping
 */
export function mapped(key, mapping) {
  return keccak(concat(key, mapping));
}

/**
 * The slot that is so many after another.
 * @param {Uint8Array} slot
 * @param {number} place
 */
export function following(slot, place) {
  return ofBigInt(BigInt(`0x${hex(slot)}`) + BigInt(place));
}

/**
 * Some bits of what is in a slot, as a number; up to 48 of them.
 * @param {bigint} packed
 * @param {number} offset
 * @param {number} size
 */
function bits(packed, offset, size) {
  return Number(BigInt.asUintN(size, packed >> BigInt(offset)));
}

/**
 * Where the rest of a text is, by what is in its own slot: nowhere, if it fits in there.
 * @param {string} slot
 * @param {bigint} value
 */
function textSlots(slot, value) {
  if (!(value & 1n)) return [];
  const length = value / 2n;
  if (length < SLOT_BYTES || length > LONGEST_TEXT) senseless("a party", `a text of ${length} bytes`);
  const first = keccak(unhex(slot));
  return Array.from({ length: Math.ceil(Number(length) / SLOT_BYTES) }, (_, place) => hex(following(first, place)));
}

/**
 * The text in a slot, or in those that `textSlots` names.
 * @param {bigint} value
 * @param {bigint[]} rest
 */
function readText(value, rest) {
  const isLong = value & 1n;
  const length = Number(isLong ? value / 2n : (value & 0xffn) / 2n);
  const stored = isLong ? concat(...rest.map((each) => ofBigInt(each))) : ofBigInt(value).subarray(0, SLOT_BYTES - 1);
  if (length > stored.length) senseless("a party", "a text that is longer than its place");
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(stored.subarray(0, length)).replaceAll("\0", "\ufffd");
}

/**
 * @param {number} seconds
 * @param {string} what
 */
function time(seconds, what) {
  return seconds > LATEST ? senseless(what, `year ${new Date(Math.min(seconds * 1000, 8.64e15)).getUTCFullYear()} is out of range`) : seconds;
}

/**
 * @param {number} number
 * @param {string} what
 */
function reason(number, what) {
  return REASONS[number] ?? senseless(what, `${number} is not a valid Reason`);
}

/**
 * @param {string} what
 * @param {string} why
 * @returns {never}
 */
function senseless(what, why) {
  throw new Refusal("evidence-value", `what is stored of ${what} is not what a registry stores: ${why}`);
}
