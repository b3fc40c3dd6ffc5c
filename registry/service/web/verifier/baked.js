/**
 * Badges baked into an SVG (Open Badges 3.0 and 2.0, section "Baking"), and XML that is a credential itself.
 */

import { utf8 } from "./bytes.js";
import { Carried } from "./carriers.js";
import { latin1 } from "./lenientjson.js";
import { strip } from "./text.js";
import { readXml } from "./xml.js";
import { NotRead } from "./xmlrefusal.js";

const BAKED = ["https://purl.imsglobal.org/ob/v3p0 credential", "http://openbadges.org assertion", "http://openbadges.org credential"];
const SIGNATURE = "http://www.w3.org/2000/09/xmldsig# Signature";
const NAMES_A_BADGE = /openbadges|purl\.imsglobal\.org\/ob/;
const NAMES_A_PICTURE = /<svg|openbadges|purl\.imsglobal\.org\/ob/;
const CREDENTIAL = /credential|presentation|assertion|diploma|transcript/;
const MOST_ELEMENTS = 1_000_000;
const MOST_ATTRIBUTES = 1_000_000;
const MOST_DEEP = 1_000;
const HEAD = 4096;
const MARKS = ["\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"];
const BEGINNING = /^[\0 \t\r\n]*</;

/**
 * Whether a file begins as XML does.
 * @param {Uint8Array} data
 */
export function beginsAsXml(data) {
  let head = latin1(data.subarray(0, HEAD));
  for (const mark of MARKS) if (head.startsWith(mark)) head = head.slice(mark.length);
  return BEGINNING.test(head);
}

/**
 * The credentials baked into an SVG; of another XML, whether it is a credential itself, which is not read. Null where it is
 * no carrier.
 * @param {Uint8Array} data
 */
export function carriedByXml(data) {
  const badge = new Badges();
  const problem = readXml(data, badge);
  const root = badge.root.slice(badge.root.lastIndexOf(" ") + 1).toLowerCase();
  // Also in UTF-16.
  const names = latin1(data).replaceAll("\0", "");
  if (problem && !root) {
    // A text like "<3" says nothing; what declares itself as XML, or names what it is, may.
    const small = lower(names);
    return small.slice(0, HEAD).includes("<?xml") || NAMES_A_PICTURE.test(small) ? unread("an XML document", problem) : null;
  }
  if (root === "svg") {
    const found = new Carried("a baked SVG");
    for (const content of badge.baked) found.add("the baked element", content);
    if (problem) found.miss("", problem);
    const isBaked = found.contents.length > 0 || NAMES_A_BADGE.test(names);
    if (isBaked && !found.contents.length && !problem) found.miss("", "a baked element has another form than is read");
    return isBaked || problem ? found : null;
  }
  if (!CREDENTIAL.test(root)) return null;
  const found = unread("an XML credential", "credentials in XML are not read here");
  found.signature = badge.isSigned ? "XML" : null;
  return found;
}

/** Gathers the baked elements of one XML document. */
class Badges {
  constructor() {
    this.root = "";
    /** @type {Uint8Array[]} */
    this.baked = [];
    this.isSigned = false;
    this.elements = 0;
    this.attributes = 0;
    this.depth = 0;
    /** The depth of the baked element that is read; 0 outside. */
    this.inside = 0;
    /** @type {string[]} */
    this.text = [];
    this.attribute = "";
  }

  /** @param {string} name */
  doctype(name) {
    this.root = name; // until the element itself comes
  }

  /**
   * @param {string} name
   * @param {Map<string, string>} attributes
   */
  start(name, attributes) {
    if (!this.elements) this.root = name;
    this.elements++;
    this.depth++;
    // A declaration gives every element attributes that are not written there.
    this.attributes += attributes.size;
    if (this.elements > MOST_ELEMENTS || this.depth > MOST_DEEP || this.attributes > MOST_ATTRIBUTES) {
      throw new NotRead("it has too many elements or attributes");
    }
    this.isSigned ||= name === SIGNATURE;
    if (this.inside || !BAKED.includes(name)) return;
    this.inside = this.depth;
    this.text = [];
    this.attribute = attributes.get("verify") ?? "";
  }

  end() {
    if (this.inside === this.depth) {
      // Both count: a reader that takes the one does not see the other.
      for (const part of [strip(this.text.join("")), this.attribute]) if (part) this.baked.push(utf8(part));
      this.inside = 0;
    }
    this.depth--;
  }

  /** @param {string} text */
  characters(text) {
    if (this.inside) this.text.push(text);
  }
}

/**
 * @param {string} kind
 * @param {string} why
 */
function unread(kind, why) {
  const found = new Carried(kind);
  found.miss("", why);
  return found;
}

/**
 * Letters of ASCII in lower case, and others as they are.
 * @param {string} text
 */
function lower(text) {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
