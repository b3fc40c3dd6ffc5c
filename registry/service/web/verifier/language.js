/**
 * What is said to people: sentences of a catalogue by their keys, and the language that makes text of them
 * (`registry/language/said.py` and `rendering.py`). A sentence is never made of pieces of English: whatever comes from
 * outside is a value, and a value has one place in a sentence, in every language.
 */

import { ENGLISH } from "./english.js";
import { writeTimestamp } from "./timestamps.js";

/**
 * @typedef {{key: string, values: Readonly<Record<string, Value>>}} Said a sentence that every catalogue has.
 * @typedef {{original: string, code: string}} Original a text that there is in English alone; the code of a reason.
 * @typedef {{items: readonly Value[]}} Listed several values in one place.
 * @typedef {Said | Original} Sentence
 * @typedef {string | number | Sentence | Listed | readonly Sentence[]} Value times are seconds since 1970.
 *
 * @typedef {string | readonly (string | readonly any[])[]} Message a text, or texts and places.
 *
 * @typedef {object} Content a language as `scripts/build_languages.py` builds it.
 * @property {string} language as browsers call it.
 * @property {string} name what it calls itself.
 * @property {string} direction `ltr` or `rtl`.
 * @property {string} reviewedBy "" for nobody.
 * @property {{first: number, others: number, separator: string, least: number}} number
 * @property {{months: string[], form: (string | string[])[]} | null} time null where programs' way is the people's.
 * @property {Readonly<Record<string, Message>>} messages
 *
 * @typedef {string | {english: string}} Piece a part of a text: in the language, or as it is in English.
 */

const HALF = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const TURNS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * The sentence with that key.
 * @param {string} key
 * @param {Record<string, Value>} [values]
 * @returns {Said}
 */
export function say(key, values = {}) {
  return { key, values };
}

/**
 * A text that there is in English alone.
 * @param {string} text
 * @param {string} [code]
 * @returns {Original}
 */
export function original(text, code = "") {
  return { original: text, code };
}

/**
 * Several values in one place.
 * @param {readonly Value[]} items
 * @returns {Listed}
 */
export function listed(items) {
  return { items };
}

/** What makes text of what is said, in one language. */
export class Language {
  /** @param {Content} content */
  constructor({ language, name, direction, reviewedBy, number, time, messages }) {
    this.code = language;
    this.name = name;
    this.direction = direction;
    this.reviewedBy = reviewedBy;
    this.number = number;
    this.time = time;
    this.messages = messages;
    this.plurals = new Intl.PluralRules(language);
  }

  /**
   * What is said, as one text.
   * @param {Value} words
   */
  text(words) {
    return [...this.any(words)].map((piece) => (typeof piece === "string" ? piece : piece.english)).join("");
  }

  /**
   * The same, with what is English in it apart from the rest.
   * @param {Value} words
   */
  pieces(words) {
    /** @type {Piece[]} */
    const made = [];
    for (const piece of this.any(words)) {
      const last = made[made.length - 1];
      if (typeof piece === "string" && typeof last === "string") made[made.length - 1] = last + piece;
      else made.push(piece);
    }
    return made;
  }

  /**
   * @param {Value} value
   * @returns {Generator<Piece>}
   */
  *any(value) {
    if (typeof value !== "object") yield this.plain(value);
    else if ("key" in value) yield* this.message(this.of(value.key), value.values);
    else if ("original" in value) yield* this.untranslated(value);
    else if ("items" in value) yield* this.joined(value.items, "list.separator");
    else yield* this.joined(value, "sentence.separator");
  }

  /**
   * @param {Message} message
   * @param {Readonly<Record<string, Value>>} values
   * @returns {Generator<Piece>}
   */
  *message(message, values) {
    for (const part of typeof message === "string" ? [message] : message) {
      if (typeof part === "string") {
        yield part;
        continue;
      }
      const [name, way, cases] = part;
      if (!Object.hasOwn(values, name)) throw new Error(`nothing was given for ${name}`);
      const value = /** @type {any} */ (values[name]);
      if (!way) yield* this.any(value);
      else if (way === "number") yield this.grouped(value);
      else if (way === "time") yield this.moment(value);
      else yield* this.message(cases[this.plurals.select(value)] ?? cases.other, values);
    }
  }

  /**
   * @param {Original} original
   * @returns {Generator<Piece>}
   */
  *untranslated({ original: text, code }) {
    if (!this.time) {
      yield whole(text);
      return;
    }
    const reason = `reason.${code}`;
    if (Object.hasOwn(this.messages, reason)) {
      yield* this.message(this.messages[reason], {});
      yield* this.message(this.of("sentence.separator"), {});
    }
    yield { english: this.plain(text) };
  }

  /**
   * @param {readonly Value[]} values
   * @param {string} separator
   * @returns {Generator<Piece>}
   */
  *joined(values, separator) {
    for (const [at, value] of values.entries()) {
      if (at) yield* this.message(this.of(separator), {});
      yield* this.any(value);
    }
  }

  /** @param {string} key */
  of(key) {
    if (!Object.hasOwn(this.messages, key)) throw new Error(`there is no message ${key}`);
    return this.messages[key];
  }

  /**
   * A value as it is; in a translation nothing in it turns the text around it.
   * @param {string | number} value
   */
  plain(value) {
    if (typeof value === "number") return String(value);
    if (!this.time || !value) return whole(value);
    const text = whole(value).replace(TURNS, "\ufffd");
    return this.direction === "rtl" ? `\u2068${text}\u2069` : text;
  }

  /**
   * A number with its groups of digits parted; all languages have the same digits, so that they compare.
   * @param {number} number
   */
  grouped(number) {
    const { first, others, separator, least } = this.number;
    let digits = String(number);
    if (digits.length < least) return digits;
    const groups = [];
    for (let size = first; digits.length > size; size = others) {
      groups.unshift(digits.slice(-size));
      digits = digits.slice(0, -size);
    }
    return [digits, ...groups].join(separator);
  }

  /**
   * A moment in UTC; in English as programs write it.
   * @param {number} seconds since 1970.
   */
  moment(seconds) {
    const written = writeTimestamp(seconds);
    if (!this.time) return written;
    const { months, form } = this.time;
    const [year, month, day] = written.slice(0, 10).split("-").map(Number);
    /** @type {Record<string, string>} */
    const parts = { d: String(day), M: String(month), MMMM: months[month - 1], y: String(year), clock: written.slice(11, 19) };
    return form.map((part) => (typeof part === "string" ? part : parts[part[0]])).join("");
  }
}

/**
 * Half of a surrogate pair can be written nowhere.
 * @param {string} text
 */
function whole(text) {
  return text.replace(HALF, "\ufffd");
}

/** The language of JSON, and of whoever chooses no other. */
export const english = new Language(ENGLISH);
