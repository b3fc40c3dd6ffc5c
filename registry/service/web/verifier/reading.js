/**
 * What a document says, read once, so that no two checks can disagree about it.
 *
 * A credential may come as it is, under any name, in a presentation or envelope, or as a token: it is looked for in all of
 * these, and in pictures and PDF, bounded in bytes, depth and number, and without asking anybody
 * (`registry/document/reading.py`).
 */

import { beginsAsXml, carriedByXml } from "./baked.js";
import { utf8 } from "./bytes.js";
import { Allowance } from "./carriers.js";
import { JSON_METHODS, digestFile, digestGiven, digestObject, digestSdJwt, readJson } from "./digest.js";
import { beginsWith } from "./encodings.js";
import { beginsAsJson, decodeText, latin1, readLeniently } from "./lenientjson.js";
import { carriedByPdf, isPdf } from "./pdf.js";
import { carriedByPng, isPng } from "./png.js";
import { EMBEDDED_TYPE, embeddedReceipts } from "./receipt.js";
import { Refusal } from "./refusal.js";
import { fieldsShown, foreignKind, isMerkleProof } from "./foreign.js";
import { PROOF_TYPE, checkSignatures } from "./signatures.js";
import { DEFAULT_LIMITS, Members, refuseHalves, thousands } from "./strictjson.js";
import { repr, shown, strip } from "./text.js";
import { disclose, jsonToken, readToken } from "./tokens.js";

/**
 * @typedef {import("./strictjson.js").Value} Value
 * @typedef {import("./strictjson.js").Limits} Limits
 * @typedef {import("./digest.js").Digest} Digest
 * @typedef {import("./receipt.js").EmbeddedReceipt} EmbeddedReceipt
 * @typedef {import("./tokens.js").Token} Token
 *
 * @typedef {object} Part the members of one credential, or of what it is wrapped in.
 * @property {string} where it was found; "" for the document itself.
 * @property {Members} members
 * @property {readonly Digest[]} digests every one by which it may have been anchored by itself.
 * @property {boolean} isToken whether they are the claims of a token.
 *
 * @typedef {{where: string, why: string, isStatement: boolean}} Unread something in a document that may state dates, and
 *   could not be read; `isStatement` where it certainly states something.
 *
 * @typedef {object} Reading all that one reading of a document found.
 * @property {string} name of the file.
 * @property {Digest | null} digest by the method that the name says.
 * @property {Refusal | null} refusal why it has no digest as JSON.
 * @property {readonly Digest[]} own the digests of the whole file; `file` first.
 * @property {readonly Digest[]} alike digests of the same content written otherwise.
 * @property {readonly Part[]} parts
 * @property {readonly EmbeddedReceipt[]} receipts
 * @property {readonly string[]} carriers what the parts came in, in words.
 * @property {readonly Unread[]} unread
 * @property {readonly string[]} signatures kinds of signatures in it that are not receipts.
 * @property {string | null} foreign what kind of document of others it is, where it is anchored otherwise than here.
 * @property {import("./signatures.js").Signatures} signed which of these hold, do not hold, and were not checked.
 * @property {boolean} isSelection whether its holder may show more or less of what was signed.
 * @property {boolean} isAtHand whether there was a document; otherwise only its digest is known.
 * @property {number} revisions how many times a PDF in it was saved, by what that says itself; of several the most.
 */

const MOST_PARTS = 64;
const MOST_CARRIERS_DEEP = 8;
/** Longest picture or PDF in which a credential is looked for. */
const MOST_CARRIER_BYTES = 64 << 20;
const LONGEST_WORD = 60;
const LONGEST_DIGEST = 100;
const JSON_NAME = /\.json(?:ld)?$/i;
const SD_JWT_NAME = /\.sd-?jwt$/i;
// Proofs of which the holder shows a part that the issuer did not sign as such.
const SELECTIVE_SUITES = ["ecdsa-sd-2023", "bbs-2023"];
const SELECTIVE_TYPES = ["BbsBlsSignatureProof2020"];
const ENVELOPED = ["EnvelopedVerifiableCredential", "EnvelopedVerifiablePresentation"];
// Members that hold a credential: of presentations, of tokens (VC 1.1), and of what wallets and services save.
const HOLDERS = ["verifiableCredential", "vc", "vp", "credential", "credentials", "document", "assertion"];
const CREDENTIAL_MEMBERS = ["credentialSubject", "issuedOn", "expires", "assertion", "credential"];
const LINES = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/;
/** @type {readonly (readonly [readonly number[], string])[]} */
const PACKED = [
  [[0x1f, 0x8b], "a gzip file"],
  [[0x42, 0x5a, 0x68], "a bzip2 file"],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], "an xz file"],
  [[0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], "a 7z file"],
  [[0x28, 0xb5, 0x2f, 0xfd], "a zstd file"],
  [[0xd2, 0x84], "a COSE message"],
  [[0xd8, 0x62, 0x84], "a COSE message"],
  [[0xd8, 0x3d, 0xd2, 0x84], "a COSE message"],
];

/**
 * Read a document once, whatever it is; nothing in it is refused.
 * @param {Uint8Array} data all of the file.
 * @param {string} name of the file; its ending says by which method `digest` is.
 * @param {Limits} [limits]
 * @returns {Promise<Reading>}
 */
export async function readDocument(data, name, limits = DEFAULT_LIMITS) {
  const reader = new Reader(limits);
  const isJson = JSON_NAME.test(name);
  const { own, alike, refusal } = await reader.content(data, "", 0, isJson);
  const byJson = (refusal ? undefined : own.find(({ method }) => JSON_METHODS.includes(method))) ?? null;
  const byToken = own.find(({ method }) => method === "sd-jwt") ?? own[own.length - 1];
  const signatures = [...new Set(reader.signatures)];
  return {
    name,
    digest: isJson ? byJson : SD_JWT_NAME.test(name) ? byToken : own[0],
    refusal,
    own,
    alike,
    parts: reader.parts,
    receipts: reader.receipts,
    carriers: [...new Set(reader.carriers)],
    unread: reader.unread,
    signatures,
    foreign: reader.foreign,
    // What has no single reading is nothing that anybody signed.
    signed: reader.unread.length > reader.withheld ? notChecked(signatures) : await checkSignatures(reader.parts, signatures),
    isSelection: reader.isSelection,
    isAtHand: true,
    revisions: reader.revisions,
  };
}

/**
 * The reading of a credential of which only the digest is at hand.
 * @param {Digest} digest
 * @param {string} name
 * @returns {Reading}
 */
export function digestOnly(digest, name) {
  const none = { alike: [], parts: [], receipts: [], carriers: [], unread: [], signatures: [], foreign: null, signed: notChecked([]) };
  return { name, digest, refusal: null, own: [digest], ...none, isSelection: false, isAtHand: false, revisions: 1 };
}

/**
 * @param {readonly string[]} unchecked
 * @returns {import("./signatures.js").Signatures}
 */
function notChecked(unchecked) {
  return { found: [], unchecked, isPartial: false };
}

/** @typedef {{own: Digest[], alike: Digest[], refusal: Refusal | null}} Content */

/** Gathers what is found in one document. */
class Reader {
  /** @param {Limits} limits */
  constructor(limits) {
    this.limits = limits;
    this.allowance = new Allowance();
    /** @type {Part[]} */
    this.parts = [];
    /** @type {EmbeddedReceipt[]} */
    this.receipts = [];
    /** @type {string[]} */
    this.carriers = [];
    /** @type {Unread[]} */
    this.unread = [];
    /** @type {string[]} */
    this.signatures = [];
    this.revisions = 1;
    /** @type {string | null} */
    this.foreign = null;
    this.withheld = 0;
    this.isSelection = false;
  }

  /**
   * Read bytes, whatever they are.
   * @param {Uint8Array} data
   * @param {string} where they were found; "" for the document itself.
   * @param {number} depth
   * @param {boolean} [isJson] whether something says that it is JSON.
   * @returns {Promise<Content>}
   */
  async content(data, where, depth, isJson = false) {
    const file = await digestFile(data);
    /** @type {(own: Digest[], alike: Digest[], refusal: Refusal | null) => Content} */
    const content = (own, alike, refusal) => ({ own, alike, refusal });
    if (depth > MOST_CARRIERS_DEEP) {
      this.tooDeep(where);
      return content([file], [], null);
    }
    /** @type {Refusal | null} */
    let refusal = null;
    const begins = beginsAsJson(data);
    if (begins || isJson) {
      try {
        const { digest, document } = await readJson(data, this.limits);
        const own = [file, digest];
        await this.members(document, where, depth, where ? own : []);
        return content(own, [], null);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        refusal = error;
      }
    }
    if (refusal && begins) return content([file], await this.doubtful(data, refusal, where, depth), refusal);
    const token = readToken(data);
    if (token) {
      const own = [file, ...(await asIssued(data))];
      const payload = await this.token(token, where, depth, where ? own : []);
      const whole = payload.filter(({ method }) => method === "vc-jcs");
      return content([...own, ...whole], await trimmed(data), refusal);
    }
    const carried = this.carried(data, where);
    if (carried) {
      await this.takeOut(carried, where, depth);
      return content([file], [], refusal);
    }
    const given = digestHeld(data);
    if (given) {
      this.miss(where, "it is a digest and not a document");
      return content([file, given], [], refusal);
    }
    if (refusal) this.miss(where, refusal.what);
    return content([file], [], refusal);
  }

  /**
   * What a picture or PDF carries; null where it is none, or carries nothing and is whole, or is not read.
   * @param {Uint8Array} data
   * @param {string} where
   */
  carried(data, where) {
    const packed = packedKind(data);
    if (packed) {
      this.miss(where, `it is ${packed}, which is not read here`);
      return null;
    }
    const [isPicture, isDocument] = [isPng(data), isPdf(data)];
    if (!isPicture && !isDocument && !beginsAsXml(data)) return null;
    if (data.length > MOST_CARRIER_BYTES) {
      this.miss(where, `it is longer than ${thousands(MOST_CARRIER_BYTES)} bytes`);
      return null;
    }
    if (isPicture) return carriedByPng(data, this.limits.maxBytes, this.allowance);
    return isDocument ? carriedByPdf(data, this.limits.maxBytes, this.allowance) : carriedByXml(data);
  }

  /**
   * @param {import("./carriers.js").Carried} carried
   * @param {string} where
   * @param {number} depth
   */
  async takeOut({ kind, contents, missed, signature, revisions }, where, depth) {
    if (signature) this.signatures.push(signature);
    this.revisions = Math.max(this.revisions, revisions);
    for (const { place, why } of missed) this.miss(place ? placed(where, place) : where, why);
    if (contents.length || missed.length) this.carriers.push(kind);
    for (const { place, content } of contents) {
      const inner = placed(where, place);
      const found = this.parts.length + this.unread.length;
      await this.content(content, inner, depth + 1);
      if (kind.startsWith("a baked") && found === this.parts.length + this.unread.length) this.miss(inner, "it is named there and not held");
    }
  }

  /**
   * Find what a text states that has no digest as JSON; its digests if it were written as JSON should be.
   * @param {Uint8Array} data
   * @param {Refusal} refusal
   * @param {string} where
   * @param {number} depth
   * @returns {Promise<Digest[]>}
   */
  async doubtful(data, refusal, where, depth) {
    if (data.length > this.limits.maxBytes) {
      this.miss(where, refusal.what, true);
      return [];
    }
    const text = decodeText(data);
    const result = readLeniently(text.text, this.limits);
    if (typeof result === "string") {
      if (!(await this.lines(text.text, where, depth))) this.miss(where, result, true);
      return [];
    }
    const doubt = text.doubt ?? result.doubt;
    if (doubt) this.miss(where, doubt, true);
    if (result.value instanceof Members) await this.members(result.value, where, depth, where ? await digestsOf(result.value) : []);
    else await this.value(result.value, where, depth);
    return doubt ? [] : digestsOf(result.value);
  }

  /**
   * Whether the text is JSON documents, one a line, and then what they say.
   * @param {string} text
   * @param {string} where
   * @param {number} depth
   */
  async lines(text, where, depth) {
    const lines = text.split(LINES).filter((line) => strip(line));
    if (lines.length < 2 || typeof readLeniently(lines[0], this.limits) === "string") return false;
    this.carriers.push("lines of JSON");
    for (const [at, line] of lines.slice(0, MOST_PARTS + 1).entries()) {
      await this.content(utf8(line), placed(where, `document ${at + 1}`), depth + 1, true);
    }
    return true;
  }

  /**
   * Read what stands where a credential may stand: an object, a token, or a list of these.
   * @param {Value} value
   * @param {string} where
   * @param {number} depth
   * @returns {Promise<void>}
   */
  async value(value, where, depth) {
    if (depth > MOST_CARRIERS_DEEP) this.tooDeep(where);
    else if (value instanceof Members) await this.members(value, where, depth, await digestsOf(value));
    else if (Array.isArray(value)) {
      for (const [at, item] of value.entries()) {
        if (at >= MOST_PARTS || this.parts.length >= MOST_PARTS) {
          this.tooMany(where);
          return;
        }
        await this.value(item, `${where}[${at}]`, depth + 1);
      }
    } else if (typeof value === "string" && value) await this.text(value, where, depth);
  }

  /**
   * @param {string} text
   * @param {string} where
   * @param {number} depth
   */
  async text(text, where, depth) {
    const data = utf8(text);
    const token = isDataUrl(text) ? null : readToken(data);
    if (isDataUrl(text)) await this.dataUrl(text, where, depth);
    else if (token) await this.token(token, where, depth, [await digestFile(data)]);
    else if (beginsAsJson(data)) await this.content(data, where, depth + 1);
    else this.miss(where, "it is named there and not held");
  }

  /**
   * @param {string} url
   * @param {string} where
   * @param {number} depth
   */
  async dataUrl(url, where, depth) {
    const comma = url.indexOf(",");
    const head = comma < 0 ? url : url.slice(0, comma);
    let data = comma < 0 ? null : unquoted(url.slice(comma + 1));
    if (data && head.toLowerCase().endsWith(";base64")) data = fromBase64(data);
    const before = this.parts.length + this.unread.length;
    if (data) await this.content(data, where, depth + 1);
    if (before === this.parts.length + this.unread.length) {
      this.miss(where, `its kind is not read here: ${repr([...head].slice(5, LONGEST_WORD).join(""))}`);
    }
  }

  /**
   * Read what a token signs.
   * @param {Token} token
   * @param {string} where
   * @param {number} depth
   * @param {Digest[]} digests
   * @returns {Promise<Digest[]>} the digests of that as a document of its own.
   */
  async token(token, where, depth, digests) {
    this.carriers.push(token.isSelective ? "an SD-JWT" : "a token (JWS)");
    if (token.isSigned) this.signatures.push("JWS");
    if (!token.payload) {
      this.isSelection ||= token.isSelective;
      this.miss(where, "what it signs is encrypted or elsewhere");
      return [];
    }
    const place = placed(where, "the token's payload");
    const text = decodeText(token.payload);
    const result = readLeniently(text.text, this.limits);
    if (typeof result === "string" || !(result.value instanceof Members)) {
      this.miss(place, typeof result === "string" ? result : "it is not an object", true);
      return [];
    }
    let claims = result.value;
    let doubt = text.doubt ?? result.doubt;
    const disclosed = await disclose(claims, token.disclosures);
    // One that shows nothing of what it hides does not look like an SD-JWT from outside.
    const isSelective = token.isSelective || Boolean(disclosed?.hidden);
    this.isSelection ||= isSelective;
    if (isSelective) {
      if (!disclosed) this.miss(place, "disclosures nest too deep");
      else if (disclosed.hidden) {
        // What a holder does not show was signed all the same.
        if (this.unread.length < MOST_PARTS) this.withheld++;
        this.miss(place, `${disclosed.hidden} claims are not shown`);
      }
      if (disclosed) {
        claims = disclosed.claims;
        doubt ??= disclosed.doubt;
      }
    }
    if (doubt) this.miss(place, doubt, true);
    const payload = doubt || isSelective ? [] : await digestsOf(claims);
    await this.members(claims, place, depth, [...digests, ...payload], true);
    return payload;
  }

  /**
   * @param {Members} members
   * @param {string} where
   * @param {number} depth
   * @param {Digest[]} digests
   * @param {boolean} [isClaims]
   * @returns {Promise<void>}
   */
  async members(members, where, depth, digests, isClaims = false) {
    if (this.parts.length >= MOST_PARTS) {
      this.tooMany(where);
      return;
    }
    const isToken = isClaims || areClaims(members);
    this.parts.push({ where, members, digests, isToken });
    this.receipts.push(...embeddedReceipts(members, where ? `${where}, ` : ""));
    this.foreign ??= foreignKind(members);
    const fields = fieldsShown(members);
    if (fields && this.parts.length < MOST_PARTS) this.parts.push({ where: placed(where, "data"), members: fields, digests: [], isToken: false });
    this.signaturesOf(members);
    const token = jsonToken(members);
    if (token) await this.token(token, where, depth + 1, []);
    if (kindsOf(members).some((kind) => ENVELOPED.includes(kind))) {
      this.carriers.push("an envelope");
      const identifier = members.has("id") ? members.get("id") : members.get("@id");
      if (typeof identifier === "string") await this.text(identifier, placed(where, "id"), depth + 1);
      else this.miss(where, "the envelope is empty");
    }
    for (const name of HOLDERS) {
      const value = members.get(name);
      if (isNothing(value)) continue;
      if (name !== "verifiableCredential" && !(isToken && (name === "vc" || name === "vp")) && !mayBeCredential(value)) continue;
      this.carriers.push(name === "verifiableCredential" ? "a presentation" : `a member '${name}'`);
      await this.value(value, placed(where, name), depth + 1);
    }
    const subjects = members.get("credentialSubject");
    for (const [at, subject] of (Array.isArray(subjects) ? subjects : [subjects]).entries()) {
      if (!(subject instanceof Members) || isNothing(subject.get("verifiableCredential"))) continue;
      const place = Array.isArray(subjects) ? `credentialSubject[${at}]` : "credentialSubject";
      this.carriers.push("a record of credentials");
      await this.value(subject.get("verifiableCredential"), placed(where, `${place}.verifiableCredential`), depth + 1);
    }
  }

  /** @param {Members} members */
  signaturesOf(members) {
    const proof = members.get("proof");
    for (const entry of Array.isArray(proof) ? proof : [proof]) {
      if (entry === null || entry === undefined) continue;
      const kind = entry instanceof Members ? entry.get("type") : undefined;
      if (kind === EMBEDDED_TYPE || (entry instanceof Members && isMerkleProof(entry))) continue;
      this.signatures.push(typeof kind === "string" ? shown(kind, LONGEST_WORD) : "another form of proof");
      if (!(entry instanceof Members)) continue;
      this.isSelection ||= SELECTIVE_SUITES.includes(entry.get("cryptosuite")) || SELECTIVE_TYPES.includes(kind);
    }
    const signature = members.get("signature"); // of Blockcerts 1; that of later ones is a Merkle proof
    if (!(signature instanceof Members) || this.foreign) return;
    const kind = shown(kindsOf(signature).sort(byCharacter).join(" "), LONGEST_WORD);
    // Under the name of a proof that is checked it would pass for one that was.
    this.signatures.push(kind && kind !== PROOF_TYPE ? kind : "another form of proof");
  }

  /** @param {string} where */
  tooDeep(where) {
    this.miss(where, `it is more than ${MOST_CARRIERS_DEEP} carriers deep`, true);
  }

  /** @param {string} where */
  tooMany(where) {
    if (!this.unread.some(({ why }) => why.startsWith("there are more"))) {
      this.miss(where, `there are more than ${MOST_PARTS} credentials in it`, true);
    }
  }

  /**
   * @param {string} where
   * @param {string} why
   * @param {boolean} [isStatement]
   */
  miss(where, why, isStatement = false) {
    if (this.unread.length < MOST_PARTS || isStatement) this.unread.push({ where, why, isStatement });
  }
}

/**
 * Whether an object is the claims of a token that somebody decoded (RFC 7519): what they say of dates counts.
 * @param {Members} members
 */
function areClaims(members) {
  const isDated = members.has("iss") && ["exp", "nbf", "iat"].some((name) => members.has(name));
  return isDated || members.has("vct") || members.has("_sd_alg") || ["vc", "vp", "cnf"].some((name) => members.get(name) instanceof Members);
}

/**
 * Whether what stands in a member of a common name is a credential, a token, or a list of these.
 * @param {Value} value
 * @returns {boolean}
 */
function mayBeCredential(value) {
  if (Array.isArray(value)) return value.some((item) => !Array.isArray(item) && mayBeCredential(item));
  if (typeof value === "string") {
    const data = utf8(value);
    return isDataUrl(value) || readToken(data) !== null || beginsAsJson(data);
  }
  // Blockcerts 1 has its dates in `assertion`, which is in `document`.
  return value instanceof Members && (kindsOf(value).length > 0 || CREDENTIAL_MEMBERS.some((name) => value.has(name)));
}

/**
 * @param {Members} members
 * @returns {string[]} each once.
 */
function kindsOf(members) {
  const kind = members.has("type") ? members.get("type") : members.get("@type");
  return [...new Set((Array.isArray(kind) ? kind : [kind]).filter((item) => typeof item === "string"))];
}

/** @param {Value | undefined} value */
function isNothing(value) {
  return value === null || value === undefined || (Array.isArray(value) && !value.length);
}

/** @param {string} text */
function isDataUrl(text) {
  return text.slice(0, 5).toLowerCase() === "data:";
}

/**
 * The digest of an object by its JSON method, where it has one.
 * @param {Value} value
 * @returns {Promise<Digest[]>}
 */
async function digestsOf(value) {
  if (!(value instanceof Members)) return [];
  try {
    refuseHalves(value, DEFAULT_LIMITS.maxDepth);
    return [await digestObject(value)];
  } catch (error) {
    if (error instanceof Refusal) return [];
    throw error;
  }
}

/**
 * The digest of an issuer's own system that a file holds in place of a credential.
 * @param {Uint8Array} data
 */
export function digestHeld(data) {
  if (data.length > LONGEST_DIGEST) return null;
  try {
    return digestGiven(strip(latin1(data)));
  } catch {
    return null;
  }
}

/**
 * The digest of the part of a token that its holder cannot change, where it is written as it was issued.
 * @param {Uint8Array} data
 * @returns {Promise<Digest[]>}
 */
async function asIssued(data) {
  try {
    return [await digestSdJwt(data)];
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return [];
  }
}

/**
 * Digests of a text as other programs may have saved it: without a line's end, or with one.
 * @param {Uint8Array} data
 * @returns {Promise<Digest[]>}
 */
async function trimmed(data) {
  const whole = latin1(data);
  const text = strip(whole, /[ \t-\r]/);
  const others = [text, `${text}\n`, `${text}\r\n`].filter((each) => each !== whole);
  return Promise.all(others.map(async (each) => digestFile(Uint8Array.from(each, (sign) => sign.charCodeAt(0)))));
}

/** @param {Uint8Array} data */
function packedKind(data) {
  if (beginsWith(data, [0x50, 0x4b, 3, 4])) {
    const isOffice = latin1(data).includes("[Content_Types].xml") || latin1(data.subarray(30, 60)).startsWith("mimetypeapplication");
    return isOffice ? null : "a ZIP file";
  }
  if (latin1(data.subarray(257, 262)) === "ustar") return "a tar file";
  return PACKED.find(([head]) => beginsWith(data, head))?.[1] ?? null;
}

/**
 * @param {string} text
 * @returns {Uint8Array}
 */
function unquoted(text) {
  const given = utf8(text);
  const bytes = new Uint8Array(given.length);
  let size = 0;
  for (let at = 0; at < given.length; at++) {
    const digits = given[at] === 0x25 ? latin1(given.subarray(at + 1, at + 3)) : "";
    const isEscape = /^[0-9a-fA-F]{2}$/.test(digits);
    bytes[size++] = isEscape ? parseInt(digits, 16) : given[at];
    if (isEscape) at += 2;
  }
  return bytes.subarray(0, size);
}

/** @param {Uint8Array} data */
function fromBase64(data) {
  const text = latin1(data);
  if (text.length % 4 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  return Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
}

/**
 * By the numbers of their characters, which are not in the order of the units that characters are made of.
 * @param {string} one
 * @param {string} other
 */
function byCharacter(one, other) {
  const [left, right] = [one, other].map((text) => Array.from(text, (sign) => Number(sign.codePointAt(0))));
  const at = left.findIndex((number, place) => number !== right[place]);
  return at < 0 ? -1 : left[at] - (right[at] ?? -1);
}

/**
 * @param {string} where
 * @param {string} step
 */
function placed(where, step) {
  return where ? `${where}, ${step}` : step;
}
