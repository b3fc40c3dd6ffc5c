/**
 * Files that carry a credential inside: what they carry, and how much of it may be unpacked.
 *
 * What they carry is found and handed on, not interpreted. All of it is bounded in bytes and number, nothing is fetched,
 * and what belongs to a carrier and cannot be read is named.
 */

import { inflate } from "./inflate.js";

/** Most credentials taken out of one carrier. */
const MOST_CARRIED = 64;
/** Most bytes that everything in one document may unpack to together. */
export const MOST_UNPACKED = 32 << 20;
// Bytes of streams that are looked through, packed: streams without an end overlap.
const MOST_LOOKED_THROUGH = 128 << 20;

/** What may still be unpacked of one document, with all the carriers in carriers in it. */
export class Allowance {
  constructor() {
    /** Bytes that may still come out. */
    this.unpacked = MOST_UNPACKED;
    /** Bytes that may still be looked through for them. */
    this.packed = MOST_LOOKED_THROUGH;
  }

  /**
   * Unpack deflate with a zlib header; null where it is damaged, or has more than `most` bytes or is left.
   * @param {Uint8Array} data
   * @param {number} most
   */
  inflate(data, most) {
    return this.take(inflate(data, Math.min(most, this.unpacked)), most);
  }

  /**
   * The content where so much is left; what could not be had costs as much as it might.
   * @param {Uint8Array | null} content
   * @param {number} most
   */
  take(content, most) {
    const allowed = Math.min(most, this.unpacked);
    const isAllowed = content !== null && content.length <= allowed;
    this.unpacked -= isAllowed ? content.length : allowed;
    return isAllowed ? content : null;
  }
}

/** What a file carries. */
export class Carried {
  /** @param {string} kind of the carrier, in words. */
  constructor(kind) {
    this.kind = kind;
    /** @type {{place: string, content: Uint8Array}[]} */
    this.contents = [];
    /** @type {{place: string, why: string}[]} what could not be read. */
    this.missed = [];
    /** @type {string | null} the kind of signature that the carrier itself has. */
    this.signature = null;
    /** How many times it was saved, by what it says itself. */
    this.revisions = 1;
  }

  /**
   * One more credential, or the word that there were too many.
   * @param {string} place
   * @param {Uint8Array} content
   */
  add(place, content) {
    const tooMany = `it carries more than ${MOST_CARRIED}`;
    if (this.contents.length < MOST_CARRIED) this.contents.push({ place, content });
    else if (!this.missed.some((each) => !each.place && each.why === tooMany)) this.miss("", tooMany);
  }

  /**
   * @param {string} place
   * @param {string} why
   */
  miss(place, why) {
    this.missed.push({ place, why });
  }
}
