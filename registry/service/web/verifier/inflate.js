/**
 * Deflate (RFC 1951), with a zlib header (RFC 1950) or without, as zlib unpacks it: within a bound, and as far as it goes.
 *
 * `DecompressionStream` is not used: what follows packed data, as line ends do in PDF, is an error to it in some browsers
 * and not in others, and cannot be told from damage.
 */

/** @typedef {{counts: Uint16Array, symbols: Uint16Array}} Code how many codes there are of each length, and what they mean. */
/** @typedef {{content: Uint8Array<ArrayBuffer>, size: number}} Unpacked `size`: of the packed data. */

const LONGEST_CODE = 15;
const END_OF_BLOCK = 256;
const LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const MOST_LENGTH_CODES = 286;
const MOST_DISTANCES = 30;
const ORDER_OF_LENGTHS = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const FIRST_SIZE = 1 << 12;
const ADLER = 65_521;
// So many sums of bytes are exact in a number before they are reduced.
const ADLER_RUN = 1 << 16;

/** What is not deflate, is cut off, or unpacks to too much. */
class Damaged extends Error {}

/** What ends too early, or goes on too long. */
class CutOff extends Damaged {}

/**
 * The content of deflate with a zlib header, whatever follows it; null where it is damaged or has more than `most` bytes.
 * @param {Uint8Array} data
 * @param {number} most
 * @param {{isAlone?: boolean}} [how] whether nothing may follow it.
 */
export function inflate(data, most, { isAlone = false } = {}) {
  const [method, flags] = data;
  if (data.length < 2 || (method & 15) !== 8 || method >> 4 > 7 || ((method << 8) | flags) % 31 || flags & 32) return null;
  const unpacked = inflateRaw(data.subarray(2), most);
  if (!unpacked) return null;
  if (isAlone && data.length !== 6 + unpacked.size) return null;
  const sum = data.subarray(2 + unpacked.size, 6 + unpacked.size);
  const expected = adler(unpacked.content);
  return sum.length === 4 && new DataView(sum.buffer, sum.byteOffset).getUint32(0) === expected ? unpacked.content : null;
}

/**
 * The content of deflate without a header, and the length of what was packed; null as above.
 * @param {Uint8Array} data
 * @param {number} most
 * @param {{mayBeCut?: boolean}} [how] whether what is cut off, or goes on for longer, is read up to there.
 * @returns {Unpacked | null}
 */
export function inflateRaw(data, most, { mayBeCut = false } = {}) {
  const inflater = new Inflater(data, most);
  try {
    inflater.read();
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    if (!mayBeCut || !(error instanceof CutOff)) return null;
  }
  return { content: inflater.content.slice(0, inflater.size), size: inflater.at };
}

class Inflater {
  /**
   * @param {Uint8Array} data
   * @param {number} most
   */
  constructor(data, most) {
    this.data = data;
    this.most = most;
    this.at = 0;
    this.held = 0;
    this.bits = 0;
    this.content = new Uint8Array(Math.min(most, FIRST_SIZE));
    this.size = 0;
  }

  read() {
    for (let isLast = 0; !isLast; ) {
      isLast = this.take(1);
      const kind = this.take(2);
      if (kind === 0) this.stored();
      else if (kind === 1) this.packed(codeOf(FIXED_LENGTHS), codeOf(FIXED_DISTANCES));
      else if (kind === 2) this.packed(...this.codes());
      else throw new Damaged();
    }
  }

  /** @param {number} count of bits. */
  take(count) {
    while (this.bits < count) {
      if (this.at >= this.data.length) throw new CutOff();
      this.held |= this.data[this.at++] << this.bits;
      this.bits += 8;
    }
    const value = this.held & ((1 << count) - 1);
    this.held >>>= count;
    this.bits -= count;
    return value;
  }

  stored() {
    // No more bits are held than the rest of a byte.
    this.held = this.bits = 0;
    const length = this.take(16);
    if (this.take(16) !== (length ^ 0xffff) || this.at + length > this.data.length) throw new Damaged();
    const fits = this.room(length);
    this.content.set(this.data.subarray(this.at, this.at + fits), this.size);
    this.size += fits;
    this.at += length;
    if (fits < length) throw new CutOff();
  }

  /**
   * @param {Code} lengths
   * @param {Code} distances
   */
  packed(lengths, distances) {
    for (;;) {
      const symbol = this.symbol(lengths);
      if (symbol === END_OF_BLOCK) return;
      if (symbol < END_OF_BLOCK) {
        if (!this.room(1)) throw new CutOff();
        this.content[this.size++] = symbol;
        continue;
      }
      const place = symbol - END_OF_BLOCK - 1;
      if (place >= LENGTHS.length) throw new Damaged();
      const length = LENGTHS[place] + this.take(LENGTH_BITS[place]);
      const far = this.symbol(distances);
      if (far >= MOST_DISTANCES) throw new Damaged();
      const extra = far < 4 ? 0 : (far >> 1) - 1;
      const distance = (far < 4 ? far : (2 + (far & 1)) << extra) + 1 + this.take(extra);
      if (distance > this.size) throw new Damaged();
      const fits = this.room(length);
      for (let left = fits; left; left--, this.size++) this.content[this.size] = this.content[this.size - distance];
      if (fits < length) throw new CutOff();
    }
  }

  /**
   * The codes of a block that brings its own.
   * @returns {[Code, Code]}
   */
  codes() {
    const some = this.take(5) + 257;
    const far = this.take(5) + 1;
    const count = this.take(4) + 4;
    if (some > MOST_LENGTH_CODES || far > MOST_DISTANCES) throw new Damaged();
    const ofLengths = new Uint8Array(ORDER_OF_LENGTHS.length);
    for (const place of ORDER_OF_LENGTHS.slice(0, count)) ofLengths[place] = this.take(3);
    const code = codeOf(ofLengths, true);
    const found = new Uint8Array(some + far);
    for (let at = 0; at < found.length; ) {
      const symbol = this.symbol(code);
      if (symbol < 16) {
        found[at++] = symbol;
        continue;
      }
      if (symbol === 16 && !at) throw new Damaged();
      const value = symbol === 16 ? found[at - 1] : 0;
      const times = symbol === 16 ? 3 + this.take(2) : symbol === 17 ? 3 + this.take(3) : 11 + this.take(7);
      if (at + times > found.length) throw new Damaged();
      found.fill(value, at, at + times);
      at += times;
    }
    if (!found[END_OF_BLOCK]) throw new Damaged();
    return [codeOf(found.subarray(0, some)), codeOf(found.subarray(some))];
  }

  /** @param {Code} code */
  symbol({ counts, symbols }) {
    let value = 0;
    let first = 0;
    let place = 0;
    for (let length = 1; length <= LONGEST_CODE; length++) {
      value |= this.take(1);
      const count = counts[length];
      if (value - count < first) return symbols[place + value - first];
      place += count;
      first = (first + count) << 1;
      value <<= 1;
    }
    throw new Damaged();
  }

  /**
   * Make room for so many bytes more; returns how many there may be.
   * @param {number} count
   */
  room(count) {
    const needed = Math.min(this.size + count, this.most);
    if (needed > this.content.length) {
      const larger = new Uint8Array(Math.min(this.most, Math.max(needed, 2 * this.content.length)));
      larger.set(this.content);
      this.content = larger;
    }
    return needed - this.size;
  }
}

/**
 * A code by the lengths of its symbols. One that leaves something out is refused, as in zlib, but for a single symbol.
 * @param {Uint8Array} lengths
 * @param {boolean} [isWhole] whether a single symbol is refused, too.
 * @returns {Code}
 */
function codeOf(lengths, isWhole = false) {
  const counts = new Uint16Array(LONGEST_CODE + 1);
  for (const length of lengths) counts[length]++;
  const isEmpty = counts[0] === lengths.length;
  counts[0] = 0;
  let left = 1;
  let longest = 0;
  for (let length = 1; length <= LONGEST_CODE; length++) {
    left = 2 * left - counts[length];
    if (left < 0) throw new Damaged();
    if (counts[length]) longest = length;
  }
  if (left && !isEmpty && (isWhole || longest > 1)) throw new Damaged();
  const places = new Uint16Array(LONGEST_CODE + 2);
  for (let length = 1; length <= LONGEST_CODE; length++) places[length + 1] = places[length] + counts[length];
  const symbols = new Uint16Array(lengths.length);
  for (const [symbol, length] of lengths.entries()) if (length) symbols[places[length]++] = symbol;
  return { counts, symbols };
}

const FIXED_LENGTHS = Uint8Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8));
const FIXED_DISTANCES = new Uint8Array(32).fill(5);

/**
 * Adler-32 of bytes.
 * @param {Uint8Array} data
 */
function adler(data) {
  let low = 1;
  let high = 0;
  for (let at = 0; at < data.length; ) {
    for (const end = Math.min(data.length, at + ADLER_RUN); at < end; at++) {
      low += data[at];
      high += low;
    }
    low %= ADLER;
    high %= ADLER;
  }
  return high * 65_536 + low;
}
