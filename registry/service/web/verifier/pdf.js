/**
 * The files attached to a PDF, found without following what it says about itself.
 *
 * Nothing of a PDF is drawn or run. Instead of its cross-references, which may lie and which an edited file has several
 * of, every object in it is looked at, also those of earlier revisions and those packed into object streams. So an
 * attachment that some viewer shows is not missed, at the price of finding one that was taken out again.
 * Source: ISO 32000-2, sections 7.3 (objects), 7.5.7 (object streams), 7.11 (file specifications).
 */

import { Carried, MOST_UNPACKED } from "./carriers.js";
import { latin1 } from "./lenientjson.js";
import { thousands } from "./strictjson.js";
import { ASCII_SPACE, strip } from "./text.js";

/** @typedef {{head: string, streamAt: number}} Stream its dictionary as text, and where its bytes begin. */

const MOST_OBJECTS = 100_000;
const MOST_STREAMS = 20_000;
const MOST_NAMED = 1_000;
/** Of objects of one number. */
const MOST_REVISIONS = 16;

const OBJECT = /(?<![0-9])([0-9]{1,10})[\0\t\n\f\r ]+([0-9]{1,5})[\0\t\n\f\r ]+obj\b/g;
const STREAM = /stream(?:\r\n|\n|\r)/;
const EMBEDDED_AT = /\/EF[\0\t\n\f\r ]*(<<|([0-9]{1,10})[\0\t\n\f\r ]+[0-9]{1,5}[\0\t\n\f\r ]+R)/g;
const REFERENCE = /([0-9]{1,10})[\0\t\n\f\r ]+[0-9]{1,5}[\0\t\n\f\r ]+R/g;
const IS_EMBEDDED = /\/Type[\0\t\n\f\r ]*\/EmbeddedFile\b/;
const IS_OBJECTS = /\/Type[\0\t\n\f\r ]*\/ObjStm\b/;
const FILTER = /\/F(?:ilter)?[\0\t\n\f\r ]*(\[[^\]]{0,200}\]|\/[A-Za-z0-9]+)/;
const FILTERS = /\/([A-Za-z0-9]+)/g;
const LENGTH = /\/Length[\0\t\n\f\r ]+([0-9]{1,10})(?![\0\t\n\f\r ]+[0-9]+[\0\t\n\f\r ]+R)/;
const FIRST = /\/First[\0\t\n\f\r ]+([0-9]{1,10})/;
// Each save ends so (section 7.5.5); one that is made for reading while it is fetched ends so twice (annex F).
const END_OF_REVISION = /startxref[\0\t\n\f\r ]+[0-9]{1,10}[\0\t\n\f\r ]+%%EOF/g;
const LINEARIZED = /\/Linearized[\0\t\n\f\r ]+[0-9]/;
const NAME_ESCAPE = /#([0-9A-Fa-f]{2})/g;
const WORD = /[^\t-\r ]+/g;
const NUMBER = /^[0-9]{1,10}$/;
const LONGEST_DICTIONARY = 8192;
// Names with escapes are looked for in single objects, which are short, and not in all of an object stream.
const LONGEST_ESCAPED = 1 << 16;

/**
 * Whether a file is a PDF; viewers allow some bytes before its header.
 * @param {Uint8Array} data
 */
export function isPdf(data) {
  return latin1(data.subarray(0, 1024)).includes("%PDF-");
}

/**
 * The files attached to a PDF.
 * @param {Uint8Array} data
 * @param {number} most bytes of one of them.
 * @param {import("./carriers.js").Allowance} allowance for the whole document.
 */
export function carriedByPdf(data, most, allowance) {
  return new PdfReader(data, most, allowance).read();
}

class PdfReader {
  /**
   * @param {Uint8Array} data
   * @param {number} most
   * @param {import("./carriers.js").Allowance} allowance
   */
  constructor(data, most, allowance) {
    this.data = data;
    this.text = latin1(data);
    this.most = most;
    this.allowance = allowance;
    this.namedAtMost = MOST_NAMED;
    this.found = new Carried("a PDF with attachments");
    /** @type {Map<number, Stream[]>} */
    this.streams = new Map();
    /** @type {Map<number, {text: string, at: number}[]>} */
    this.heads = new Map();
  }

  read() {
    const { found, text } = this;
    const ends = text.match(END_OF_REVISION)?.length ?? 0;
    found.revisions = Math.max(1, Math.min(ends, MOST_OBJECTS) - (LINEARIZED.test(text.slice(0, 1024)) ? 1 : 0));
    if (text.includes("/ByteRange")) found.signature = "PDF signature";
    if (text.includes("/Encrypt")) {
      found.miss("", "the PDF is encrypted");
      return found;
    }
    const numbers = new Set([...this.objects()].flatMap((each) => [...this.named(each)]));
    for (const [number, streams] of this.streams) {
      if (streams.some(({ head }) => IS_EMBEDDED.test(head))) numbers.add(number);
    }
    for (const number of [...numbers].sort((one, other) => one - other).slice(0, MOST_NAMED)) this.take(number);
    if (numbers.size > MOST_NAMED) found.miss("", `it has more than ${thousands(MOST_NAMED)} attachments`);
    return found;
  }

  /**
   * The text of every object outside streams, and what object streams hold; all, before any is looked into.
   * @returns {string[]}
   */
  objects() {
    /** @type {string[]} */
    const texts = [];
    const starts = [];
    for (const match of this.text.matchAll(OBJECT)) {
      starts.push({ number: Number(match[1]), start: match.index + match[0].length });
      if (starts.length === MOST_OBJECTS) break;
    }
    if (starts.length >= MOST_OBJECTS) this.found.miss("", `it has more than ${thousands(MOST_OBJECTS)} objects`);
    let unpacked = 0;
    for (const [at, { number, start }] of starts.entries()) {
      const { head, streamAt } = this.head(start, starts[at + 1]?.start ?? this.text.length);
      if (streamAt >= 0) {
        append(this.streams, number, { head, streamAt });
        if (IS_OBJECTS.test(head)) {
          unpacked++;
          if (unpacked <= MOST_STREAMS) texts.push(...this.packed({ head, streamAt }));
          else if (unpacked === MOST_STREAMS + 1) this.found.miss("", "it has too many object streams");
        }
      }
      append(this.heads, number, { text: head, at: 0 });
      texts.push(head);
    }
    return texts;
  }

  /**
   * The object up to its stream, if it has one, and where that begins; -1 without one.
   * @param {number} start
   * @param {number} end
   */
  head(start, end) {
    const match = STREAM.exec(this.text.slice(start, Math.min(end, start + LONGEST_DICTIONARY)));
    const head = this.text.slice(start, match ? start + match.index : end);
    if (match && strip(head, ASCII_SPACE).endsWith(">>")) return { head: plainNames(head), streamAt: start + match.index + match[0].length };
    return { head: plainNames(this.text.slice(start, end)), streamAt: -1 };
  }

  /**
   * The text of the objects in an object stream; none where it cannot be had.
   * @param {Stream} stream
   * @returns {string[]}
   */
  packed(stream) {
    const content = this.content(stream, MOST_UNPACKED);
    if (!content) {
      this.found.miss("", "an object stream is damaged, too large, or packed otherwise");
      return [];
    }
    const text = plainNames(latin1(content));
    const first = FIRST.exec(stream.head);
    if (!first) return [text];
    const numbers = [];
    for (const [word] of text.slice(0, Number(first[1])).matchAll(WORD)) if (numbers.push(word) === 2 * MOST_OBJECTS) break;
    for (let at = 0; at + 1 < numbers.length; at += 2) {
      if (NUMBER.test(numbers[at]) && NUMBER.test(numbers[at + 1])) {
        append(this.heads, Number(numbers[at]), { text, at: Number(first[1]) + Number(numbers[at + 1]) });
      }
    }
    return [text];
  }

  /**
   * The numbers of the streams that file specifications in an object name.
   * @param {string} text
   * @returns {Generator<number>}
   */
  *named(text) {
    for (const match of text.matchAll(EMBEDDED_AT)) {
      this.namedAtMost--;
      if (this.namedAtMost < 0) {
        if (this.namedAtMost === -1) this.found.miss("", `it names more than ${thousands(MOST_NAMED)} attachments`);
        return;
      }
      if (match[2] === undefined) {
        const start = match.index + match[0].length;
        yield* references(text.slice(start, start + LONGEST_DICTIONARY));
        continue;
      }
      for (const { text: source, at } of (this.heads.get(Number(match[2])) ?? []).slice(0, MOST_REVISIONS)) {
        const dictionary = source.slice(at, at + LONGEST_DICTIONARY);
        const open = dictionary.indexOf("<<");
        if (open >= 0) yield* references(dictionary.slice(open + 2));
      }
    }
  }

  /** @param {number} number */
  take(number) {
    const place = `attachment in object ${number}`;
    const streams = this.streams.get(number);
    if (!streams) this.found.miss(place, "it is not in the file");
    for (const stream of (streams ?? []).slice(0, MOST_REVISIONS)) {
      const content = this.content(stream, this.most);
      if (content) this.found.add(place, content);
      else this.found.miss(place, "it is damaged, too large, or packed otherwise than by deflate");
    }
  }

  /**
   * The bytes of a stream, unpacked; null where they cannot be had within the bounds.
   * @param {Stream} stream
   * @param {number} most
   */
  content({ head, streamAt }, most) {
    const filters = FILTER.exec(head);
    const names = filters ? [...filters[1].matchAll(FILTERS)].map((match) => match[1]) : [];
    if (head.includes("/Predictor") || names.some((name) => name !== "FlateDecode" && name !== "Fl") || names.length > 1) return null;
    if (this.allowance.packed < 0) return null;
    let end = this.text.indexOf("endstream", streamAt);
    if (end + "endstream".length > streamAt + MOST_UNPACKED) end = -1;
    const length = LENGTH.exec(head);
    if (length && this.isEnd(streamAt + Number(length[1]))) end = streamAt + Number(length[1]);
    this.allowance.packed -= (end >= 0 ? end : this.data.length) - streamAt;
    if (end < 0 || this.allowance.packed < 0) return null;
    const packed = this.data.subarray(streamAt, end);
    // Line ends after packed data are not part of it: deflate knows its own end.
    return names.length ? this.allowance.inflate(packed, most) : this.allowance.take(packed, most);
  }

  /** @param {number} at */
  isEnd(at) {
    return /^[\r\n\t ]*endstream/.test(this.text.slice(at, at + 20));
  }
}

/** @param {string} dictionary */
function* references(dictionary) {
  const close = dictionary.indexOf(">>");
  for (const match of (close < 0 ? dictionary : dictionary.slice(0, close)).matchAll(REFERENCE)) yield Number(match[1]);
}

/**
 * Names without escapes: `/E#46` is `/EF`.
 * @param {string} text
 */
function plainNames(text) {
  if (text.length > LONGEST_ESCAPED) return text;
  return text.replace(NAME_ESCAPE, (_, digits) => String.fromCharCode(parseInt(digits, 16)));
}

/**
 * @template T
 * @param {Map<number, T[]>} map
 * @param {number} key
 * @param {T} value
 */
function append(map, key, value) {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
}
