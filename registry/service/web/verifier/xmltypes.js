/**
 * The document type declaration of an XML document: what may come next in it, and what it declares.
 */

import { NotRead, SYNTAX, refuse } from "./xmlrefusal.js";

const ENTITIES = "it declares entities";

/** The entities that everybody knows. */
export const PREDEFINED = new Map([["lt", "<"], ["gt", ">"], ["amp", "&"], ["quot", '"'], ["apos", "'"]]);

const PUBLIC = /^[-'()+,/=?;!*%#:$@\w. \r\n]*$/;

/**
 * What comes next outside elements, by where it is: a token, with its word where that decides.
 * @type {Readonly<Record<string, Readonly<Record<string, string>>>>}
 */
export const GRAMMAR = parsed(`
prolog: xmldecl=prolog1 pi=prolog1 comment=prolog1 decl:DOCTYPE=doctype
prolog1: pi=prolog1 comment=prolog1 decl:DOCTYPE=doctype
prolog2: pi=prolog2 comment=prolog2
doctype: name=doctype1 prefixed=doctype1
doctype1: [=subset >=prolog2 name:SYSTEM=doctype3 name:PUBLIC=doctype2
doctype2: literal=doctype3
doctype3: literal=doctype4
doctype4: [=subset >=prolog2
doctype5: >=prolog2
subset: decl:ENTITY=entity decl:ATTLIST=attlist decl:ELEMENT=element decl:NOTATION=notation pi=subset comment=subset reference=subset ]=doctype5
entity: %=entity1 name=entity2
entity1: name=entity7
entity2: name:SYSTEM=entity4 name:PUBLIC=entity3 literal=close
entity3: literal=entity4
entity4: literal=entity5
entity5: >=subset name:NDATA=entity6
entity6: name=close
entity7: name:SYSTEM=entity9 name:PUBLIC=entity8 literal=close
entity8: literal=entity9
entity9: literal=entity10
entity10: >=subset
notation: name=notation1
notation1: name:SYSTEM=notation3 name:PUBLIC=notation2
notation2: literal=notation4
notation3: literal=close
notation4: literal=close >=subset
attlist: name=attlist1 prefixed=attlist1
attlist1: >=subset name=attlist2 prefixed=attlist2
attlist2: name:CDATA=attlist8 name:ID=attlist8 name:IDREF=attlist8 name:IDREFS=attlist8 name:ENTITY=attlist8 name:ENTITIES=attlist8 name:NMTOKEN=attlist8 name:NMTOKENS=attlist8 name:NOTATION=attlist5 (=attlist3
attlist3: nmtoken=attlist4 name=attlist4 prefixed=attlist4
attlist4: )=attlist8 |=attlist3
attlist5: (=attlist6
attlist6: name=attlist7
attlist7: )=attlist8 |=attlist6
attlist8: pound:IMPLIED=attlist1 pound:REQUIRED=attlist1 pound:FIXED=attlist9 literal=attlist1
attlist9: literal=attlist1
element: name=element1 prefixed=element1
element1: name:EMPTY=close name:ANY=close (=element2
element2: pound:PCDATA=element3 (=element6 name=element7 prefixed=element7 name?=element7 name*=element7 name+=element7
element3: )=close )*=close |=element4
element4: name=element5 prefixed=element5
element5: )*=close |=element4
element6: (=element6 name=element7 prefixed=element7 name?=element7 name*=element7 name+=element7
element7: )=element7 )*=element7 )?=element7 )+=element7 ,=element6 |=element6
close: >=subset`);

/** What a document type declaration declares, token by token. */
export class TypeDeclaration {
  /** @param {import("./xml.js").Reader} reader */
  constructor(reader) {
    this.reader = reader;
    this.name = "";
    this.entity = "";
    this.element = "";
    this.attribute = "";
    this.isCdata = true;
    /** @type {string[]} how the parts of each open group are joined; "" before the second. */
    this.groups = [];
  }

  /**
   * @param {string} state
   * @param {string} kind
   * @param {string} text
   * @param {string} next
   * @returns {string} the state behind it.
   */
  step(state, kind, text, next) {
    const { reader } = this;
    if (kind === "literal" && /^(?:doctype2|entity3|entity8|notation2)$/.test(state) && !PUBLIC.test(text)) refuse("illegal character(s) in public id");
    if (kind === "reference") {
      reader.hasReferences = true;
      reader.isProcessing = reader.isStandalone;
    }
    if (state.startsWith("doctype")) this.doctype(state, kind, text);
    else if (state.startsWith("entity")) this.entities(state, kind, text);
    else if (state.startsWith("attlist")) this.attributes(state, kind, text);
    else if (state.startsWith("element")) return this.group(state, kind, next);
    return next;
  }

  /**
   * @param {string} state
   * @param {string} kind
   * @param {string} text
   */
  doctype(state, kind, text) {
    if (state === "doctype") this.name = text;
    else if (kind === "literal") this.reader.hasReferences = true;
    else if (kind === "[" || (kind === ">" && state !== "doctype5")) this.reader.listener.doctype(this.name);
  }

  /**
   * Those that everybody knows may be declared again.
   * @param {string} state
   * @param {string} kind
   * @param {string} text
   */
  entities(state, kind, text) {
    if (state === "entity" && kind === "name") this.entity = text;
    if (state === "entity1") this.entity = "";
    const isValue = kind === "literal" && (state === "entity2" || state === "entity7");
    const isWhole = isValue || kind === ">" || state === "entity6";
    if (!isWhole || !this.reader.isProcessing) return;
    if (!PREDEFINED.has(this.entity)) throw new NotRead(ENTITIES);
    if (isValue) this.reader.checkEntity(text);
  }

  /**
   * @param {string} state
   * @param {string} kind
   * @param {string} text
   */
  attributes(state, kind, text) {
    if (state === "attlist") this.element = text;
    else if (state === "attlist1" && kind !== ">") this.attribute = text;
    else if (state === "attlist2") this.isCdata = text === "CDATA";
    else if (this.reader.isProcessing && (kind === "literal" || (kind === "pound" && text !== "FIXED"))) {
      this.declare(kind === "literal" ? this.reader.valueOf(text, this.isCdata) : null);
    }
  }

  /** @param {string | null} value */
  declare(value) {
    const { declared } = this.reader;
    const known = declared.get(this.element) ?? { areCdata: new Map(), values: new Map() };
    declared.set(this.element, known);
    // What is declared again does not count.
    if (known.areCdata.has(this.attribute)) return;
    known.areCdata.set(this.attribute, this.isCdata);
    if (value !== null) known.values.set(this.attribute, value);
  }

  /**
   * @param {string} state
   * @param {string} kind
   * @param {string} next
   */
  group(state, kind, next) {
    if (kind === "(") this.groups.push("");
    if (kind.startsWith(")")) {
      this.groups.pop();
      return this.groups.length ? next : "close";
    }
    if ((kind === "," || kind === "|") && state === "element7") {
      const joined = this.groups.pop();
      if (joined && joined !== kind) refuse(SYNTAX);
      this.groups.push(kind);
    }
    return next;
  }
}

/**
 * @param {string} lines
 * @returns {Record<string, Record<string, string>>}
 */
function parsed(lines) {
  const pairs = lines.trim().split("\n").map((line) => {
    const [state, ...steps] = line.split(" ");
    return [state.slice(0, -1), Object.fromEntries(steps.map((step) => step.split(/=(?=\w+$)/)))];
  });
  return Object.fromEntries(pairs);
}
