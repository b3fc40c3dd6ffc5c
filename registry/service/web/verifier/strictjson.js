/**
 * JSON read without ambiguity: I-JSON (RFC 7493), as `registry/credential/strictjson.py` reads it.
 *
 * Not `JSON.parse`: that keeps the last of two equal keys, rounds integers, and a number written `1.0` is `1` to it.
 * The texts of refusals and the places that they name are those of Python's decoder.
 */

import { SAVE_AS_UTF8, decodeUtf8, foreignEncoding, invalidAt } from "./encodings.js";
import { Refusal } from "./refusal.js";

/**
 * @typedef {null | boolean | string | number | Real | any[] | Members} Value
 * @typedef {{maxBytes: number, maxDepth: number}} Limits
 */

/** A number that was written with a fraction or an exponent: where an integer is asked for, it is none. */
export class Real {
  /** @param {number} value */
  constructor(value) {
    this.value = value;
  }
}

/**
 * The members of an object, in the order in which they stand: a map, so that no name is special.
 * @extends {Map<string, any>}
 */
export class Members extends Map {}

/** @type {Limits} */
export const DEFAULT_LIMITS = { maxBytes: 8 << 20, maxDepth: 64 };
const MOST_DEPTH = 256;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const SPACES = /[ \t\n\r]*/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const HALF = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
/** @type {Record<string, string>} */
const ESCAPES = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
/** @type {readonly (readonly [string, boolean | null])[]} */
const WORDS = [["true", true], ["false", false], ["null", null]];
const CONSTANTS = ["NaN", "Infinity", "-Infinity"];

/**
 * What a reader does where JSON leaves it open; a strict one refuses.
 * @typedef {object} Hooks
 * @property {(pairs: [string, Value][]) => Members} members
 * @property {(digits: string) => Value} integer
 * @property {(digits: string) => Value} real
 * @property {(text: string) => Value} constant
 * @property {boolean} controls whether control characters may stand in strings.
 */

/** @type {Hooks} */
const STRICT = {
  members(pairs) {
    const members = new Members(pairs);
    if (members.size < pairs.length) {
      throw new Refusal("duplicate-key", `The key ${quoted(mostCommon(pairs))} occurs twice in one object, and readers differ in which one they keep.`, {
        remedy: "Remove one of them.",
      });
    }
    return members;
  },
  integer(digits) {
    const number = digits.length <= 17 ? Number(digits) : NaN;
    if (!Number.isSafeInteger(number)) {
      throw new Refusal("integer-range", `The integer ${shortened(digits)} is beyond ±(2^53−1), where readers round differently.`, {
        remedy: "Write it as a string.",
      });
    }
    return number + 0; // "-0" is zero
  },
  real(digits) {
    const number = Number(digits);
    if (!Number.isFinite(number)) {
      throw new Refusal("number-range", `The number ${shortened(digits)} is too large for a 64-bit float.`, { remedy: "Write it as a string." });
    }
    return new Real(number);
  },
  constant(text) {
    throw new Refusal("not-a-number", `${text} is not a JSON value.`, { remedy: "Leave the member out, or write null or a string." });
  },
  controls: false,
};

/**
 * The value of a JSON text that has only one reading.
 * @param {Uint8Array} data UTF-8 without a byte order mark.
 * @param {Limits} [limits]
 * @returns {Value}
 * @throws {Refusal} `too-large`, `invalid-utf8`, `too-deep`, `syntax`, `duplicate-key`, `not-a-number`,
 *   `integer-range`, `number-range` or `lone-surrogate`.
 */
export function parseJson(data, limits = DEFAULT_LIMITS) {
  if (limits.maxDepth > MOST_DEPTH) throw new RangeError(`a depth of ${limits.maxDepth} is more than ${MOST_DEPTH}`);
  if (data.length > limits.maxBytes) {
    throw new Refusal("too-large", `The document is longer than ${thousands(limits.maxBytes)} bytes, the most that are read.`, {
      remedy: "Move images and attachments out of the document, or raise the setting max_document_bytes.",
    });
  }
  const text = decodeUtf8(data);
  if (text === null) {
    const encoding = foreignEncoding(data);
    const looks = encoding ? `it looks like ${encoding}` : "the text ends there in the middle of a character";
    throw new Refusal("invalid-utf8", `Byte ${invalidAt(data) + 1} of the document is not UTF-8: ${looks}.`, {
      remedy: encoding ? SAVE_AS_UTF8 : "Ask for the file again, or export it again.",
    });
  }
  if (text.startsWith("\ufeff")) {
    throw new Refusal("syntax", "The document begins with a byte order mark, which JSON does not allow.", { remedy: SAVE_AS_UTF8 });
  }
  if (isDeeperThan(text, limits.maxDepth)) throw tooDeep(limits.maxDepth);
  let value;
  try {
    value = new Decoder(text, STRICT).decode();
  } catch (error) {
    if (!(error instanceof SyntaxAt)) throw error;
    const encoding = foreignEncoding(data);
    throw new Refusal("syntax", `The document is not JSON: ${error.message}.${encoding ? ` It looks like ${encoding}.` : ""}`, {
      remedy: encoding ? SAVE_AS_UTF8 : "Correct the text there, or export the document again.",
    });
  }
  refuseHalves(value, limits.maxDepth);
  return value;
}

/**
 * Whether objects and arrays of a text nest deeper than that, found without recursion.
 * @param {string} text
 * @param {number} maxDepth
 */
export function isDeeperThan(text, maxDepth) {
  let depth = 0;
  let inside = false;
  for (const [token] of text.matchAll(/\\[^]|["{}[\]]/g)) {
    if (token === '"') inside = !inside;
    else if (inside || token.length > 1) continue;
    else if (token === "{" || token === "[") {
      if (++depth > maxDepth) return true;
    } else depth--;
  }
  return false;
}

/** Where a text stops being JSON, and why. */
export class SyntaxAt extends Error {
  /**
   * @param {string} why
   * @param {string} text
   * @param {number} at
   */
  constructor(why, text, at) {
    const line = text.slice(0, at).split("\n");
    // Columns are counted in characters, not in UTF-16.
    super(`${why} at line ${line.length}, column ${[...line[line.length - 1]].length + 1}`);
  }
}

/** Reads one text; nesting was looked at before. */
export class Decoder {
  /**
   * @param {string} text
   * @param {Hooks} hooks
   */
  constructor(text, hooks) {
    this.text = text;
    this.hooks = hooks;
    this.at = 0;
  }

  /** @returns {Value} */
  decode() {
    this.spaces();
    const value = this.value();
    this.spaces();
    if (this.at < this.text.length) this.fail("Extra data");
    return value;
  }

  /**
   * @param {string} why
   * @param {number} [at]
   * @returns {never}
   */
  fail(why, at = this.at) {
    throw new SyntaxAt(why, this.text, at);
  }

  /**
   * What the pattern matches here; it may match nothing.
   * @param {RegExp} pattern sticky.
   */
  take(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at = pattern.lastIndex;
    return found;
  }

  spaces() {
    this.take(SPACES);
  }

  /** @returns {Value} */
  value() {
    const { text, at, hooks } = this;
    const first = text[at];
    if (first === '"') return this.string();
    if (first === "{") return this.object();
    if (first === "[") return this.array();
    for (const [word, value] of WORDS) if (this.isWord(word)) return value;
    for (const word of CONSTANTS) if (this.isWord(word)) return hooks.constant(word);
    const number = this.take(NUMBER);
    if (!number) this.fail("Expecting value");
    return number[1] === undefined && number[2] === undefined ? hooks.integer(number[0]) : hooks.real(number[0]);
  }

  /** @param {string} word */
  isWord(word) {
    const is = this.text.startsWith(word, this.at);
    if (is) this.at += word.length;
    return is;
  }

  object() {
    /** @type {[string, Value][]} */
    const pairs = [];
    this.at++;
    this.spaces();
    if (!this.isWord("}")) {
      for (;;) {
        if (this.text[this.at] !== '"') this.fail("Expecting property name enclosed in double quotes");
        const name = this.string();
        this.spaces();
        if (!this.isWord(":")) this.fail("Expecting ':' delimiter");
        this.spaces();
        pairs.push([name, this.value()]);
        this.spaces();
        if (this.isWord("}")) break;
        if (!this.isWord(",")) this.fail("Expecting ',' delimiter");
        this.spaces();
      }
    }
    return this.hooks.members(pairs);
  }

  array() {
    /** @type {Value[]} */
    const items = [];
    this.at++;
    this.spaces();
    if (this.isWord("]")) return items;
    for (;;) {
      items.push(this.value());
      this.spaces();
      if (this.isWord("]")) return items;
      if (!this.isWord(",")) this.fail("Expecting ',' delimiter");
      this.spaces();
    }
  }

  string() {
    const { text } = this;
    const start = this.at++;
    let read = "";
    for (;;) {
      read += this.take(PLAIN)?.[0];
      const sign = text[this.at];
      if (sign === undefined) this.fail("Unterminated string starting at", start);
      if (sign === '"') {
        this.at++;
        return read;
      }
      if (sign === "\\") read += this.escape(start);
      else if (this.hooks.controls) read += text[this.at++];
      else this.fail("Invalid control character at");
    }
  }

  /** @param {number} start of the string. */
  escape(start) {
    const { text } = this;
    const sign = text[++this.at];
    if (sign === undefined) this.fail("Unterminated string starting at", start);
    if (sign !== "u") {
      const meant = ESCAPES[sign];
      if (meant === undefined) this.fail("Invalid \\escape", this.at - 1);
      this.at++;
      return meant;
    }
    const digits = text.slice(this.at + 1, this.at + 5);
    // A string goes on behind its last escape, with a quote at the least.
    if (!/^[0-9a-fA-F]{4}$/.test(digits) || this.at + 5 >= text.length) this.fail("Invalid \\uXXXX escape");
    this.at += 5;
    return String.fromCharCode(parseInt(digits, 16));
  }
}

/**
 * Refuse half of a surrogate pair, and what nests too deep, level by level, as Python looks for them.
 * @param {Value} value
 * @param {number} maxDepth
 */
export function refuseHalves(value, maxDepth) {
  for (let level = [value], depth = 0; level.length; depth++) {
    /** @type {Value[]} */
    const below = [];
    for (const item of level) {
      if (typeof item === "string") checkText(item);
      else if (depth >= maxDepth && typeof item === "object" && item && !(item instanceof Real)) throw tooDeep(maxDepth);
      else if (Array.isArray(item)) for (const each of item) below.push(each);
      else if (item instanceof Members) {
        for (const [key, each] of item) {
          checkText(key);
          below.push(each);
        }
      }
    }
    level = below;
  }
}

/** @param {number} maxDepth */
function tooDeep(maxDepth) {
  return new Refusal("too-deep", `The document nests deeper than ${maxDepth} levels.`, { remedy: "Flatten it; no credential needs that." });
}

/** @param {string} text */
function checkText(text) {
  if (HALF.test(text)) {
    throw new Refusal("lone-surrogate", `The string ${quoted(text)} holds half of a surrogate pair, which is not a character.`, {
      remedy: "Write the character itself in UTF-8.",
    });
  }
}

/** @param {[string, Value][]} pairs */
function mostCommon(pairs) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const [name] of pairs) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].reduce((most, each) => (each[1] > most[1] ? each : most))[0];
}

/**
 * A text as Python's `json.dumps` writes it: nothing but ASCII.
 * @param {string} text
 */
function quoted(text) {
  return JSON.stringify(shortened(text)).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** @param {string} text */
function shortened(text) {
  const signs = [...text];
  return signs.length <= 40 ? text : `${signs.slice(0, 37).join("")}...`;
}

/**
 * `8,388,608`.
 * @param {number} number
 */
export function thousands(number) {
  return String(number).replace(/\B(?=(?:[0-9]{3})+$)/g, ",");
}
