/**
 * XML with namespaces, read as the parser behind Python's reads it: every refusal has its words, at the same place.
 *
 * Entities are refused where they are declared, nothing outside the text is looked at, and what a declaration gives to
 * elements counts as if it were written there. Source: XML 1.0, fourth edition; Namespaces in XML 1.0.
 */

import { utf8 } from "./bytes.js";
import { latin1 } from "./lenientjson.js";
import { NAME, NAME_START } from "./xmlnames.js";
import { NotRead, SYNTAX, refuse } from "./xmlrefusal.js";
import { CUT_OFF, NO_CHARACTER, isLead, ofUtf16, ofUtf8, tableOf, unitOf } from "./xmltext.js";
import { GRAMMAR, PREDEFINED, TypeDeclaration } from "./xmltypes.js";

/**
 * What is told of a document while it is read; each may throw a `NotRead`.
 * @typedef {object} Listener
 * @property {(name: string) => void} doctype
 * @property {(name: string, attributes: Map<string, string>) => void} start names have their namespace and a space before them.
 * @property {() => void} end
 * @property {(text: string) => void} characters
 *
 * @typedef {{areCdata: Map<string, boolean>, values: Map<string, string>}} Declared attributes of an element: their kinds,
 *   and the values of those that have one without being written.
 * @typedef {{name: string, hidden: [string, string | null | undefined][]}} Open an element, and what its prefixes meant
 *   before it, the last first.
 */

const INVALID = "not well-formed (invalid token)";
const UNCLOSED = "unclosed token";
const PARTIAL = "partial character";
const NO_ELEMENT = "no element found";
const MISPLACED = "XML or text declaration not at start of entity";
const BAD_REFERENCE = "reference to invalid character number";
const UNDEFINED = "undefined entity";
const DUPLICATE = "duplicate attribute";
const PARAMETER = "illegal parameter entity reference";
const ENCODING_UNREAD = "its encoding is not read here";

const XML = "http://www.w3.org/XML/1998/namespace";
const XMLNS = "http://www.w3.org/2000/xmlns/";
const NO_CHARACTERS = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|$/;
const DATA = /[^<&\]\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]*/y;
const VALUE = /[^<&"'\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]*/y;
const PLAIN_VALUE = /^[^<&\0-\x1f\ufffe\uffff]*$/;
const CDATA = "CDATA[";
const SPACES = /[ \t\r\n]*/y;
const SPACE = /[ \t\r\n]/;
const DECLARATION =
  /^[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(["'])[\w.-]*\1(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(["'])([A-Za-z][\w.-]*)\2)?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(["'])(yes|no)\4)?[ \t\r\n]*$/;
// Not letters to XML, but to tables of Latin-1 and UTF-16.
const LATIN_LETTER = /[\xaa\xb5\xba]/;

/**
 * Read a document.
 * @param {Uint8Array} data
 * @param {Listener} listener
 * @returns {string | null} why it could not be read to its end, in words.
 */
export function readXml(data, listener) {
  try {
    new Reader(data, listener).read();
  } catch (error) {
    if (!(error instanceof NotRead)) throw error;
    return error.message;
  }
  return null;
}

export class Reader {
  /**
   * @param {Uint8Array} data
   * @param {Listener} listener
   */
  constructor(data, listener) {
    this.listener = listener;
    const [unit, offset] = unitOf(data);
    this.data = data;
    this.offset = offset;
    /** How it is encoded: 8 and 16 bits, 17 for 16 with the higher byte first; 1 for one byte a character. */
    this.unit = unit;
    /** Whether letters are those of the table of Latin-1, too. */
    this.isLatin = unit !== 8;
    this.text = unit === 8 ? ofUtf8(data.subarray(offset)) : ofUtf16(data.subarray(offset), unit === 16);
    /** Whether half of a character is left at the end. */
    this.isHalf = unit !== 8 && (data.length - offset) % 2 === 1;
    this.at = 0;
    /** @type {number | null} where the first is that is no character; null before it was looked for. */
    this.wrongAt = null;
    this.isStandalone = false;
    this.hasReferences = false;
    /** Whether declarations still count: not behind a reference that was not followed. */
    this.isProcessing = true;
    /** @type {Map<string, Declared>} */
    this.declared = new Map();
    /** @type {Map<string, string | null | undefined>} what each prefix means here. */
    this.bindings = new Map([["xml", XML]]);
    /** @type {Open[]} */
    this.open = [];
  }

  read() {
    this.prolog();
    this.content();
    for (;;) {
      const { kind } = this.token();
      if (kind === "end") return;
      if (kind !== "space" && kind !== "pi" && kind !== "comment") refuse("junk after document element");
    }
  }

  // Before the first element

  prolog() {
    let state = "prolog";
    const declaration = new TypeDeclaration(this);
    for (;;) {
      const start = this.at;
      const { kind, text } = this.token();
      if (kind === "end") refuse(NO_ELEMENT);
      if (kind === "instance" && state.startsWith("prolog")) {
        this.at = start;
        return;
      }
      if (kind === "space") {
        if (state === "prolog") state = "prolog1";
        continue;
      }
      let next = GRAMMAR[state][`${kind}:${text}`] ?? GRAMMAR[state][kind];
      if (!next) refuse(kind === "reference" ? PARAMETER : kind === "xmldecl" ? MISPLACED : SYNTAX);
      if (kind === "xmldecl") this.xmlDeclaration(text);
      else next = declaration.step(state, kind, text, next);
      state = next;
    }
  }

  /** @param {string} text */
  xmlDeclaration(text) {
    const match = DECLARATION.exec(text);
    if (!match) refuse("XML declaration not well-formed");
    this.isStandalone = match[5] === "yes";
    if (match[3]) this.encoded(match[3]);
  }

  /**
   * The rest is in this encoding.
   * @param {string} name
   */
  encoded(name) {
    const known = name.toUpperCase();
    if (this.unit !== 8 && (known === "UTF-16" || known === (this.unit === 16 ? "UTF-16LE" : "UTF-16BE"))) return;
    if (known === "UTF-8" && this.unit === 8) return;
    const isUnicode = /^UTF-(?:8|16|16BE|16LE)$/.test(known);
    const isKnown = isUnicode || known === "ISO-8859-1" || known === "US-ASCII";
    if (isUnicode || (isKnown && this.unit !== 8)) refuse("encoding specified in XML declaration is incorrect");
    const table = tableOf(known);
    if (!table) throw new NotRead(ENCODING_UNREAD);
    const rest = this.data.subarray(this.offset + this.at * (this.unit === 8 ? 1 : 2));
    this.isHalf = false;
    this.wrongAt = null;
    this.unit = 1;
    this.isLatin = known === "ISO-8859-1";
    this.text = this.text.slice(0, this.at) + latin1(rest).replace(/[\x80-\xff]/g, (sign) => table[sign.charCodeAt(0) - 0x80]);
  }

  /**
   * The next token outside elements; one that the end cuts short is still one where it may stand there.
   * @returns {{kind: string, text: string}}
   */
  token() {
    const { text } = this;
    const start = this.at;
    const token = (/** @type {string} */ kind, /** @type {number} */ from = start, /** @type {number} */ to = this.at) => ({ kind, text: text.slice(from, to) });
    if (start >= text.length) {
      if (this.isHalf) refuse(UNCLOSED);
      return token("end");
    }
    const sign = text[this.at++];
    switch (sign) {
      case " ":
      case "\t":
      case "\r":
      case "\n":
        this.spaces();
        return token("space");
      case '"':
      case "'": {
        const end = this.until(sign);
        this.followedBy(/[ \t\r\n>%[]/, true);
        return token("literal", start + 1, end);
      }
      case "<": {
        const next = this.need();
        if (next === "!") return this.declarationOrComment();
        if (next === "?") return this.instruction();
        if (!this.mayBeginElement(next)) refuse(INVALID);
        return token("instance");
      }
      case "%":
        if (SPACE.test(this.need()) || this.need() === "%") return token("%");
        return { kind: "reference", text: this.named() };
      case "#":
        this.nameStart();
        this.nameRest();
        this.followedBy(/[ \t\r\n)>%|]/, true);
        return token("pound", start + 1);
      case "]":
        if (text.startsWith("]>", this.at)) return token("sections");
        if (text[this.at] === "]" && this.at + 1 === text.length) refuse(UNCLOSED);
        return token("]");
      case ")":
        if (/^[*?+]/.test(text.slice(this.at, this.at + 1))) this.at++;
        else this.followedBy(/[ \t\r\n>,|)]/, true);
        return token(this.text.slice(start, this.at));
      case ",":
      case "[":
      case "(":
      case "|":
      case ">":
        return token(sign);
      default:
        return this.nameToken(start);
    }
  }

  /** @param {number} start */
  nameToken(start) {
    this.at = start;
    const sign = this.text[start];
    if (sign === CUT_OFF) refuse(PARTIAL);
    let kind = this.isNameStart(sign) ? "name" : "nmtoken";
    if (sign !== ":" && !this.isName(sign)) refuse(INVALID);
    this.at++;
    for (;;) {
      this.nameRest();
      if (this.text[this.at] !== ":") break;
      this.at++;
      if (kind === "name") {
        const next = this.need();
        if (next === CUT_OFF) refuse(PARTIAL);
        kind = this.isName(next) ? "prefixed" : "nmtoken";
      } else kind = "nmtoken";
    }
    const text = this.text.slice(start, this.at);
    const next = this.text[this.at];
    if (next === "+" || next === "*" || next === "?") {
      if (kind === "nmtoken") refuse(INVALID);
      this.at++;
      return { kind: `name${next}`, text };
    }
    this.followedBy(/[ \t\r\n>),|[%]/, true);
    return { kind, text };
  }

  declarationOrComment() {
    this.at++;
    const next = this.need();
    if (next === "-") {
      this.at++;
      this.comment();
      return { kind: "comment", text: "" };
    }
    if (next === "[") {
      this.at++;
      return { kind: "section", text: "" };
    }
    const start = this.at;
    for (; this.isLatin ? this.isNameStart(this.need()) && this.need() < "\u0100" : /[A-Za-z_]/.test(this.need()); this.at++);
    if (this.at === start) refuse(INVALID);
    const end = this.text[this.at];
    if (end === "%") {
      if (this.at + 1 >= this.text.length) refuse(UNCLOSED);
      if (/[ \t\r\n%]/.test(this.text[this.at + 1])) refuse(INVALID);
    } else if (!SPACE.test(end)) refuse(INVALID);
    return { kind: "decl", text: this.text.slice(start, this.at) };
  }

  /** Behind `<!-`. */
  comment() {
    if (this.need() !== "-") refuse(INVALID);
    this.at++;
    this.until("--");
    if (this.need() !== ">") refuse(INVALID);
    this.at++;
  }

  /** At the question mark of `<?`. */
  instruction() {
    this.at++;
    const start = this.at;
    this.nameStart();
    this.nameRest();
    const next = this.need();
    const target = this.text.slice(start, this.at);
    if (next !== "?" && !SPACE.test(next)) refuse(INVALID);
    if (target.toLowerCase() === "xml" && target !== "xml") refuse(INVALID);
    const kind = target === "xml" ? "xmldecl" : "pi";
    if (next === "?") {
      this.at++;
      if (this.need() !== ">") refuse(INVALID);
      this.at++;
      return { kind, text: "" };
    }
    const begin = this.at;
    return { kind, text: this.text.slice(begin, this.until("?>")) };
  }

  // Elements

  content() {
    for (;;) {
      const { text } = this;
      if (this.at >= text.length) refuse(this.isHalf ? UNCLOSED : NO_ELEMENT);
      const sign = text[this.at];
      if (sign === "<") this.markup();
      else if (sign === "&") {
        this.at++;
        this.listener.characters(this.reference() ?? "");
      } else this.characters();
      if (!this.open.length) return;
    }
  }

  characters() {
    const { text } = this;
    const start = this.at;
    this.pass(DATA);
    const sign = text[this.at];
    if (sign === "]") {
      if (text.startsWith("]]>", this.at)) refuse(INVALID);
      this.at++;
    } else if (sign !== undefined && sign !== "<" && sign !== "&") refuse(sign === CUT_OFF ? PARTIAL : INVALID);
    this.listener.characters(lined(text.slice(start, this.at)));
  }

  markup() {
    this.at++;
    const next = this.need();
    if (next === "?") {
      if (this.instruction().kind === "xmldecl") refuse(MISPLACED);
    } else if (next === "/") this.endTag();
    else if (next === "!") {
      this.at++;
      const sign = this.need();
      this.at++;
      if (sign === "-") this.comment();
      else if (sign === "[") this.section();
      else refuse(INVALID);
    } else this.startTag();
  }

  /** Behind `<![`. */
  section() {
    const head = this.text.slice(this.at, this.at + CDATA.length);
    if (head !== CDATA) {
      // As many bytes are looked at as it would have.
      const left = this.unit === 8 ? utf8(head.replace(/[\ufffe\uffff]/g, "?")).length : head.length;
      refuse(left < CDATA.length ? UNCLOSED : INVALID);
    }
    this.at += CDATA.length;
    const start = this.at;
    this.listener.characters(lined(this.text.slice(start, this.until("]]>", "unclosed CDATA section"))));
  }

  endTag() {
    this.at++;
    const start = this.at;
    this.nameStart();
    for (this.nameRest(); this.text[this.at] === ":"; this.nameRest()) this.at++;
    const name = this.text.slice(start, this.at);
    this.spaces();
    if (this.need() !== ">") refuse(INVALID);
    this.at++;
    const tag = this.open.pop();
    if (tag?.name !== name) refuse("mismatched tag");
    this.end(tag);
  }

  startTag() {
    const name = this.qualifiedName();
    /** @type {Map<string, string>} raw values. */
    const written = new Map();
    let isRepeated = false;
    let isEmpty = false;
    for (;;) {
      const before = this.at;
      this.spaces();
      const sign = this.need();
      if (sign === ">") {
        this.at++;
        break;
      }
      if (sign === "/") {
        this.at++;
        if (this.need() !== ">") refuse(INVALID);
        this.at++;
        isEmpty = true;
        break;
      }
      if (this.at === before) refuse(INVALID);
      const [key, value] = this.attribute();
      if (written.has(key)) isRepeated = true;
      // The first that is wrong decides, whether it is repeated or not.
      else if (!isRepeated) written.set(key, value);
      if (!/[ \t\r\n/>]/.test(this.need())) refuse(INVALID);
    }
    this.element(name, written, { isRepeated, isEmpty });
  }

  /** @returns {[string, string]} its name, and its value as it is written. */
  attribute() {
    const name = this.qualifiedName();
    this.spaces();
    if (this.need() !== "=") refuse(INVALID);
    this.at++;
    this.spaces();
    const quote = this.need();
    if (quote !== '"' && quote !== "'") refuse(INVALID);
    this.at++;
    const start = this.at;
    for (;;) {
      this.pass(VALUE);
      const sign = this.need();
      if (sign === quote) break;
      if (sign === CUT_OFF) refuse(PARTIAL);
      if (sign === "<" || !isCharacter(sign)) refuse(INVALID);
      this.at++;
      if (sign === "&") this.referenceName();
    }
    this.at++;
    return [name, this.text.slice(start, this.at - 1)];
  }

  /**
   * @param {string} name
   * @param {Map<string, string>} written
   * @param {{isRepeated: boolean, isEmpty: boolean}} how
   */
  element(name, written, { isRepeated, isEmpty }) {
    /** @type {Open} */
    const tag = { name, hidden: [] };
    const declared = this.declared.get(name);
    /** @type {Map<string, string>} by their own names. */
    const given = new Map();
    const add = (/** @type {string} */ key, /** @type {string} */ value) => {
      if (isNamespace(key)) this.bind(key, value, tag);
      else given.set(key, value);
    };
    for (const [key, raw] of written) add(key, this.valueOf(raw, declared?.areCdata.get(key) ?? true));
    if (isRepeated) refuse(DUPLICATE);
    for (const [key, value] of declared?.values ?? []) if (!written.has(key)) add(key, value);
    /** @type {Map<string, string>} */
    const attributes = new Map();
    for (const [key, value] of given) {
      const expanded = key.includes(":") ? this.expanded(key) : key;
      if (attributes.has(expanded)) refuse(DUPLICATE);
      attributes.set(expanded, value);
    }
    const uri = name.includes(":") ? null : this.bindings.get("");
    this.listener.start(name.includes(":") ? this.expanded(name) : uri ? `${uri} ${name}` : name, attributes);
    if (isEmpty) this.end(tag);
    else this.open.push(tag);
  }

  /** @param {Open} tag */
  end({ hidden }) {
    this.listener.end();
    for (const [prefix, uri] of hidden.reverse()) this.bindings.set(prefix, uri);
  }

  /** @param {string} name */
  expanded(name) {
    const [prefix, local] = name.split(":");
    const uri = this.bindings.get(prefix);
    if (!uri) refuse("unbound prefix");
    return `${uri} ${local}`;
  }

  /**
   * @param {string} name
   * @param {string} uri
   * @param {Open} tag
   */
  bind(name, uri, { hidden }) {
    const prefix = name.slice("xmlns:".length);
    if (!uri && prefix) refuse("must not undeclare prefix");
    if (prefix === "xmlns") refuse("reserved prefix (xmlns) must not be declared or undeclared");
    if (uri.includes(" ")) refuse(SYNTAX);
    if ((prefix === "xml") !== (uri === XML)) {
      refuse(
        prefix === "xml"
          ? "reserved prefix (xml) must not be undeclared or bound to another namespace name"
          : "prefix must not be bound to one of the reserved namespace names",
      );
    }
    if (uri === XMLNS) refuse("prefix must not be bound to one of the reserved namespace names");
    hidden.push([prefix, this.bindings.get(prefix)]);
    this.bindings.set(prefix, uri || null);
  }

  /**
   * The value of an attribute: spaces for line ends, and what its references stand for.
   * @param {string} raw
   * @param {boolean} isCdata
   */
  valueOf(raw, isCdata) {
    if (isCdata && PLAIN_VALUE.test(raw)) return raw;
    let value = "";
    const add = (/** @type {string} */ sign, /** @type {boolean} */ isSpace) => {
      if (isCdata || !isSpace || (value && !value.endsWith(" "))) value += sign;
    };
    this.within(raw, (sign) => {
      if (sign === "&") {
        const meant = this.reference() ?? "";
        add(meant, meant === " ");
      } else if (SPACE.test(sign)) {
        if (sign === "\r" && raw[this.at] === "\n") this.at++;
        add(" ", true);
      } else if (sign === "<" || !isCharacter(sign)) refuse(INVALID);
      else add(sign, false);
    });
    return isCdata ? value : value.replace(/ $/, "");
  }

  /**
   * The value of an entity: references in it have their form, and none is to a parameter.
   * @param {string} raw
   */
  checkEntity(raw) {
    this.within(raw, (sign) => {
      if (sign === "&") {
        const name = this.referenceName();
        if (name.startsWith("#")) characterOf(name);
      } else if (sign === "%") {
        this.named();
        refuse(PARAMETER);
      }
    });
  }

  /**
   * Read a value that was passed before: each character of it, and behind it more of them. A reference that it cuts short
   * is a wrong one.
   * @param {string} raw
   * @param {(sign: string) => void} read
   */
  within(raw, read) {
    const { text, at } = this;
    try {
      [this.text, this.at] = [raw, 0];
      while (this.at < raw.length) read(raw[this.at++]);
    } catch (error) {
      if (error instanceof NotRead && error.message.endsWith(UNCLOSED)) refuse(INVALID);
      throw error;
    }
    [this.text, this.at] = [text, at];
  }

  /** What a reference stands for, behind its `&`; null for one that nobody here declares and somebody elsewhere may. */
  reference() {
    const name = this.referenceName();
    if (name.startsWith("#")) return characterOf(name);
    const meant = PREDEFINED.get(name);
    if (meant === undefined && (!this.hasReferences || this.isStandalone)) refuse(UNDEFINED);
    return meant ?? null;
  }

  /** The name in a reference, behind its `&`. */
  referenceName() {
    if (this.need() !== "#") return this.named();
    const start = this.at;
    this.at++;
    const digit = this.need() === "x" ? /[0-9a-fA-F]/ : /[0-9]/;
    if (this.need() === "x") this.at++;
    if (!digit.test(this.need())) refuse(INVALID);
    while (digit.test(this.need())) this.at++;
    if (this.need() !== ";") refuse(INVALID);
    this.at++;
    return this.text.slice(start, this.at - 1);
  }

  // Characters

  /** The character here, without which a token is not closed. */
  need() {
    const sign = this.text[this.at];
    if (sign === undefined) refuse(UNCLOSED);
    return sign;
  }

  /** @param {RegExp} pattern sticky; what it matches is passed. */
  pass(pattern) {
    pattern.lastIndex = this.at;
    pattern.test(this.text);
    this.at = Math.max(this.at, pattern.lastIndex);
  }

  spaces() {
    this.pass(SPACES);
  }

  /** @param {string} sign */
  isNameStart(sign) {
    return NAME_START.test(sign) || (this.isLatin && LATIN_LETTER.test(sign));
  }

  /** @param {string} sign */
  isName(sign) {
    return NAME.test(sign) || (this.isLatin && LATIN_LETTER.test(sign));
  }

  /**
   * Whether an element is taken to begin with a character behind `<`, before it is looked at as a name.
   * @param {string} sign
   */
  mayBeginElement(sign) {
    if (sign < "\x80" || this.unit === 1) return this.isNameStart(sign);
    // What is no UTF-8 may begin as a character of several bytes does.
    if (this.unit === 8) return sign !== NO_CHARACTER || isLead(this.data[this.offset + utf8(this.text.slice(0, this.at)).length]);
    return sign < "\u0100" ? this.isNameStart(sign) : sign !== NO_CHARACTER;
  }

  nameStart() {
    const sign = this.need();
    if (!this.isNameStart(sign)) refuse(sign === CUT_OFF ? PARTIAL : INVALID);
    this.at++;
  }

  nameRest() {
    while (this.at < this.text.length && this.isName(this.text[this.at])) this.at++;
    if (this.text[this.at] === CUT_OFF) refuse(PARTIAL);
  }

  /** A name of which the first part may be a prefix. */
  qualifiedName() {
    const start = this.at;
    this.nameStart();
    this.nameRest();
    if (this.need() === ":") {
      this.at++;
      this.nameStart();
      this.nameRest();
      if (this.text[this.at] === ":") refuse(INVALID);
    }
    return this.text.slice(start, this.at);
  }

  /** A name that a semicolon ends. */
  named() {
    const start = this.at;
    this.nameStart();
    this.nameRest();
    if (this.need() !== ";") refuse(INVALID);
    this.at++;
    return this.text.slice(start, this.at - 1);
  }

  /**
   * Pass all characters up to a text, and the text; returns where that began.
   * @param {string} end
   * @param {string} [unclosed]
   */
  until(end, unclosed = UNCLOSED) {
    const found = this.text.indexOf(end, this.at);
    // The first in all of the text: nothing is passed that holds one.
    this.wrongAt ??= this.text.search(NO_CHARACTERS);
    if (found < 0 || this.wrongAt < found) {
      const sign = this.text[this.wrongAt];
      refuse(sign === undefined ? unclosed : sign === CUT_OFF ? PARTIAL : INVALID);
    }
    this.at = found + end.length;
    return found;
  }

  /**
   * Refuse what may not come next.
   * @param {RegExp} what may.
   * @param {boolean} [mayEnd]
   */
  followedBy(what, mayEnd = false) {
    const sign = this.text[this.at];
    if (sign === undefined && mayEnd) return;
    if (!what.test(this.need())) refuse(INVALID);
  }
}

/** @param {string} name */
function isNamespace(name) {
  return name === "xmlns" || name.startsWith("xmlns:");
}

/**
 * The character that a number stands for.
 * @param {string} reference `#` and the number, or `#x` and hexadecimal digits.
 */
function characterOf(reference) {
  const code = reference[1] === "x" ? parseInt(reference.slice(2), 16) : parseInt(reference.slice(1), 10);
  const isAllowed = code < 0x110000 && (code < 0xd800 || code > 0xdfff) && (code > 0x1f || SPACE.test(String.fromCharCode(code))) && code !== 0xfffe && code !== 0xffff;
  if (!isAllowed) refuse(BAD_REFERENCE);
  return String.fromCodePoint(code);
}

/** @param {string} sign */
function isCharacter(sign) {
  return sign > "\x1f" ? sign !== NO_CHARACTER && sign !== CUT_OFF : SPACE.test(sign);
}

/**
 * A text whose lines end as those of XML do.
 * @param {string} text
 */
function lined(text) {
  return text.replace(/\r\n?/g, "\n");
}
