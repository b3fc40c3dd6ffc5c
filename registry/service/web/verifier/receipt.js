/**
 * The receipt a holder keeps, in JSON, in CBOR and inside a credential (`docs/reference/receipt.md`).
 *
 * What is refused has the code, the place and the text that it has in Python.
 */

import { hex, unhex, utf8 } from "./bytes.js";
import { decodeMap, encodeMap, isCborMap } from "./cbor.js";
import { METHODS } from "./digest.js";
import { readEvidence, tooManySlots } from "./evidence.js";
import { canonicalize } from "./jcs.js";
import { MAX_LEAVES, pathLength } from "./merkle.js";
import { Refusal } from "./refusal.js";
import { Members, parseJson, thousands } from "./strictjson.js";
import { LATEST, readTimestamp, writeTimestamp } from "./timestamps.js";

/**
 * @typedef {import("./strictjson.js").Value} Value
 * @typedef {import("./digest.js").Digest} Digest
 * @typedef {import("./evidence.js").Evidence} Evidence
 *
 * @typedef {object} Receipt its shape is checked, and it proves nothing by itself.
 * @property {number} version
 * @property {Digest} digest
 * @property {{root: string, leafCount: number, leafIndex: number, path: string[]}} inclusion
 * @property {Anchor} anchor
 * @property {Evidence | null} evidence
 *
 * @typedef {object} Anchor
 * @property {string} chain CAIP-2.
 * @property {string} contract in lower case.
 * @property {number} issuer number of the party.
 * @property {number | null} sequence null, as the next two, while the anchor is pending.
 * @property {string | null} transaction
 * @property {{number: number, hash: string, timestamp: number} | null} block its time in seconds since 1970.
 *
 * @typedef {{where: string, read: Receipt | Refusal}} EmbeddedReceipt
 */

export const MAX_BYTES = 256 * 1024;
export const EMBEDDED_TYPE = "MerkleAnchorProof";
const MAX_EMBEDDED = 32;
const MAX_PATH = 32;
const MAX_SLOTS = 128;
const LIMITS = { maxBytes: MAX_BYTES, maxDepth: 8 };
const TYPE = "TestamurReceipt";
const NEW_ONE = "Ask the issuer or the registry for a new receipt.";
const NO_EVIDENCE = `${NEW_ONE} This one may be in order without its evidence, as version 1.`;

/**
 * The receipt in a file or a QR code, in JSON or CBOR, told apart by the first byte.
 * @param {Uint8Array} data
 * @returns {Receipt}
 * @throws {Refusal} `where` is the member; the codes are in `docs/reference/receipt.md`.
 */
export function parseReceipt(data) {
  checkSize(data.length);
  return isCborMap(data) ? fromCbor(data) : read(strictly(data));
}

/**
 * The receipts in the `proof` of a document, in their order; proofs of other types are passed over, and one that cannot
 * be read hides no other.
 * @param {Members} document
 * @param {string} [where] the place of the document itself.
 * @returns {EmbeddedReceipt[]}
 */
export function embeddedReceipts(document, where = "") {
  const proof = document.get("proof") ?? (document.has("proof") ? null : []);
  /** @type {[number, Members][]} */
  const entries = [];
  (Array.isArray(proof) ? proof : [proof]).forEach((/** @type {Value} */ entry, /** @type {number} */ at) => {
    if (entry instanceof Members && entry.get("type") === EMBEDDED_TYPE) entries.push([at, entry]);
  });
  const found = entries.slice(0, MAX_EMBEDDED).map(([at, entry]) => readEntry(entry, `${where}proof[${at}]`));
  if (entries.length > MAX_EMBEDDED) {
    const place = `${where}proof`;
    const what = `The document holds ${entries.length} receipts; at most ${MAX_EMBEDDED} are read.`;
    found.push({ where: place, read: new Refusal("too-many", what, { where: place, remedy: "Remove those that are not needed." }) });
  }
  return found;
}

/**
 * @param {Members} entry
 * @param {string} where
 * @returns {EmbeddedReceipt}
 */
function readEntry(entry, where) {
  try {
    checkSize(utf8(canonicalize(entry)).length);
    const context = entry.get("@context");
    if (entry.has("@context") && !(context instanceof Members || Array.isArray(context) || typeof context === "string")) {
      throw badField("@context", "a JSON-LD context is an object, an array or a text");
    }
    const members = new Members([...entry].filter(([name]) => name !== "@context"));
    return { where, read: read(members.set("type", TYPE)) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    error.where = error.where ? `${where}.${error.where}` : where;
    return { where, read: error };
  }
}

/** @param {Uint8Array} data */
function strictly(data) {
  try {
    return parseJson(data, LIMITS);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new Refusal(error.code, error.what.replaceAll("The document", "The receipt"), { remedy: NEW_ONE });
  }
}

/** @param {number} size */
function checkSize(size) {
  if (size > MAX_BYTES) {
    throw new Refusal("too-large", `The receipt is ${thousands(size)} bytes long; at most ${thousands(MAX_BYTES)} are read.`, {
      remedy: "Check that this file is the receipt and not the credential.",
    });
  }
}

/**
 * What is wrong with a part: its code, a sentence, and its place; `rank` says what explains all else that is wrong.
 * @typedef {{code: string, what: string, message: string, where: string | null, rank: number}} Fault
 * @typedef {(value: any, place: string, faults: Fault[], record: Record<string, any>) => any} Reader
 */

const SENSELESS = "The receipt has a value that makes no sense here";
const CONTRADICTION = "The receipt contradicts itself";

/**
 * @param {Fault[]} faults
 * @param {string} where
 * @param {string} message
 * @param {string} [code]
 * @param {string} [what]
 */
export function fault(faults, where, message, code = "bad-field", what = SENSELESS) {
  const rank = where === "" || where === "type" ? 0 : where === "version" ? 1 : 2;
  const [own, said] = rank === 0 ? ["not-a-receipt", "This is not a receipt"] : [code, what];
  faults.push({ code: own, what: `${said}: ${message}.`, message, where: where || null, rank });
}

/**
 * @param {RegExp} pattern
 * @returns {Reader}
 */
const text = (pattern) => (value, place, faults) => {
  if (typeof value !== "string") fault(faults, place, "Input should be a valid string");
  else if (!pattern.test(value)) fault(faults, place, `String should match pattern '${pattern.source}'`);
  return value;
};

/**
 * @param {number} least
 * @param {number} most
 * @param {string} [beyond]
 * @returns {Reader}
 */
export const whole = (least, most, beyond = `less than or equal to ${most}`) => (value, place, faults) => {
  if (typeof value !== "number" && typeof value !== "bigint") fault(faults, place, "Input should be a valid integer");
  else if (value > most) fault(faults, place, `Input should be ${beyond}`);
  else if (value < least) fault(faults, place, `Input should be greater than or equal to ${least}`);
  return value;
};

/**
 * @param {readonly string[]} choices
 * @returns {Reader}
 */
const oneOf = (choices) => (value, place, faults) => {
  const listed = choices.map((each) => `'${each}'`);
  const last = listed.pop();
  if (!choices.includes(value)) fault(faults, place, `Input should be ${listed.length ? `${listed.join(", ")} or ${last}` : last}`);
  return value;
};

/**
 * @param {Reader} reader
 * @returns {Reader}
 */
export const orNull = (reader) => (value, ...rest) => (value === null ? null : reader(value, ...rest));

/** @type {Reader} */
const moment = (value, place, faults) => {
  const seconds = readTimestamp(typeof value === "string" ? value : "");
  if (typeof seconds === "string") fault(faults, place, `Value error, ${seconds}`);
  return seconds;
};

/** @type {Reader} */
const path = (value, place, faults) => {
  if (!Array.isArray(value)) fault(faults, place, "Input should be a valid array");
  else if (value.length > MAX_PATH) fault(faults, place, `Tuple should have at most ${MAX_PATH} items after validation, not ${value.length}`);
  else value.forEach((node, at) => NODE(node, `${place}[${at}]`, faults, {}));
  return value;
};

/** @type {Reader} */
const evidence = (value, place, faults, { version }) => {
  if (version === 1) return unversioned(faults);
  try {
    return readEvidence(value, MAX_SLOTS);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    fault(faults, place, error.what, error.code === "evidence-size" ? error.code : "evidence-form", "The receipt is not in order");
  }
};

/** @param {Fault[]} faults */
function unversioned(faults) {
  fault(faults, "evidence", "evidence is in receipts of version 2", "unknown-field", "The receipt has a field that version 1 does not have");
}

/**
 * An object of these members and no others.
 * @param {Record<string, Reader>} members
 * @param {readonly string[]} [optional]
 * @param {(record: Record<string, any>, given: Members, place: string, faults: Fault[]) => void} [check] of one whose
 *   members are in order.
 * @returns {Reader}
 */
export const object = (members, optional = [], check = () => undefined) => (value, place, faults) => {
  if (!(value instanceof Members)) return fault(faults, place, "Input should be an object");
  /** @type {Record<string, any>} */
  const record = {};
  const before = faults.length;
  const inside = (/** @type {string} */ name) => (place ? `${place}.${name}` : name);
  for (const [name, reader] of Object.entries(members)) {
    const faulty = faults.length;
    if (value.has(name)) record[name] = reader(value.get(name), inside(name), faults, record);
    else if (optional.includes(name)) record[name] = null;
    else fault(faults, inside(name), "Field required", "missing-field", "The receipt lacks this field");
    if (faults.length > faulty) delete record[name];
  }
  for (const name of value.keys()) {
    if (Object.hasOwn(members, name)) continue;
    const shown = [...name].slice(0, 80).join("");
    fault(faults, inside(shown), "Extra inputs are not permitted", "unknown-field", "The receipt has a field that its version does not have");
  }
  if (faults.length === before) check(record, value, place, faults);
  return record;
};

export const NODE = text(/^[0-9a-f]{64}$/);
export const HASH = text(/^0x[0-9a-f]{64}$/);
const LATER = ["sequence", "transaction", "block"];
const MAX_INTEGER = Number.MAX_SAFE_INTEGER;
export const DIGEST = object({ method: oneOf(METHODS), value: NODE });
export const ANCHOR = object(
  {
    chain: text(/^eip155:[1-9][0-9]{0,18}$/),
    contract: text(/^0x[0-9a-f]{40}$/),
    issuer: whole(1, MAX_INTEGER),
    sequence: orNull(whole(1, MAX_LEAVES)),
    transaction: orNull(HASH),
    block: orNull(object({ number: whole(0, MAX_INTEGER), hash: HASH, timestamp: moment })),
  },
  LATER,
  checkAllOrNone,
);
const RECEIPT = object(
  {
    type: oneOf([TYPE]),
    version: whole(1, 2, "less than or equal to 2"),
    digest: DIGEST,
    inclusion: object(
      { root: HASH, leafCount: whole(1, MAX_LEAVES), leafIndex: whole(0, MAX_LEAVES - 1, `less than ${MAX_LEAVES}`), path },
      [],
      checkShape,
    ),
    anchor: ANCHOR,
    evidence: orNull(evidence),
  },
  ["evidence"],
  checkEvidence,
);

/**
 * @param {Record<string, any>} record
 * @param {Members} _
 * @param {string} place
 * @param {Fault[]} faults
 */
function checkShape({ leafIndex, leafCount, path: nodes }, _, place, faults) {
  if (leafIndex >= leafCount) {
    return fault(faults, place, `leaf ${leafIndex} is not within a tree of ${leafCount} leaves`, "index-range", CONTRADICTION);
  }
  const expected = pathLength(leafIndex, leafCount);
  if (nodes.length !== expected) {
    const why = `leaf ${leafIndex} of ${leafCount} has a path of ${expected} nodes, this one has ${nodes.length}`;
    fault(faults, place, why, "path-length", CONTRADICTION);
  }
}

/**
 * @param {Record<string, any>} record
 * @param {Members} given
 * @param {string} place
 * @param {Fault[]} faults
 */
function checkAllOrNone(record, given, place, faults) {
  const stated = LATER.filter((name) => given.has(name));
  if (stated.length % LATER.length || stated.some((name) => record[name] === null)) {
    const why = "sequence, transaction and block are all there, or none while the anchor is pending";
    fault(faults, place, why, "partial-anchor", CONTRADICTION);
  }
}

/**
 * That evidence is there in version 2 alone, and is about the contract that the batch is anchored in.
 * @param {Record<string, any>} record
 * @param {Members} given
 * @param {string} _
 * @param {Fault[]} faults
 */
function checkEvidence({ version, anchor, evidence: found }, given, _, faults) {
  if (version === 1) return given.has("evidence") ? unversioned(faults) : undefined;
  if (!found) return fault(faults, "evidence", "version 2 is a receipt with evidence", "missing-field", "The receipt lacks its evidence");
  if (!anchor.block) {
    const why = "there is evidence of an anchor whose sequence, transaction and block are not known";
    return fault(faults, "evidence", why, "evidence-pending", CONTRADICTION);
  }
  const of = `0x${hex(found.address)}`;
  if (of !== anchor.contract) {
    const why = `the evidence is about ${of}, the batch is anchored in ${anchor.contract}`;
    fault(faults, "evidence.address", why, "evidence-contract", CONTRADICTION);
  }
}

/**
 * A receipt with evidence in place of any other.
 * @param {Receipt} receipt
 * @param {Evidence} evidence
 * @returns {Receipt}
 * @throws {Refusal} `evidence-size`, `evidence-pending` or `evidence-contract`.
 */
export function withEvidence(receipt, evidence) {
  /** @type {Fault[]} */
  const faults = [];
  const { size } = evidence.slots;
  if (size > MAX_SLOTS) fault(faults, "evidence", tooManySlots(size, MAX_SLOTS), "evidence-size", "The receipt is not in order");
  else checkEvidence({ ...receipt, version: 2, evidence }, new Members(), "", faults);
  if (faults.length) throw new Refusal(faults[0].code, faults[0].what, { where: faults[0].where, remedy: "Ask for evidence anew, of this receipt." });
  return { ...receipt, version: 2, evidence };
}

/**
 * @param {Value} value
 * @returns {Receipt}
 */
function read(value) {
  /** @type {Fault[]} */
  const faults = [];
  const receipt = RECEIPT(value, "", faults, {});
  if (!faults.length) return receipt;
  const first = faults.reduce((best, each) => (each.rank < best.rank ? each : best));
  const version = first.where === "version" && value instanceof Members ? value.get("version") : null;
  if (typeof version === "number" && version > 2) throw otherVersion(version, "versions 1 and 2");
  throw new Refusal(first.code, first.what, { where: first.where, remedy: first.code.startsWith("evidence-") ? NO_EVIDENCE : NEW_ONE });
}

/**
 * @param {number | bigint} version
 * @param {string} known
 */
function otherVersion(version, known) {
  return new Refusal("version", `The receipt is of version ${version}, this program reads ${known}.`, {
    where: "version",
    remedy: "Update this program, or ask for a receipt of version 1.",
  });
}

/**
 * @param {string} where
 * @param {string} why
 */
function badField(where, why) {
  return new Refusal("bad-field", `${SENSELESS}: ${why}.`, { where, remedy: NEW_ONE });
}

/** @type {Record<number, readonly [string, "str" | "bytes" | "int", (item: any, place: string) => Value]>} */
const CBOR_FIELDS = {
  1: ["digest.method", "str", (item) => item],
  2: ["digest.value", "bytes", hex],
  3: ["inclusion.root", "bytes", with0x],
  4: ["inclusion.leafCount", "int", (item) => item],
  5: ["inclusion.leafIndex", "int", (item) => item],
  6: ["inclusion.path", "bytes", nodesOf],
  7: ["anchor.chain", "int", (item) => `eip155:${item}`],
  8: ["anchor.contract", "bytes", with0x],
  9: ["anchor.issuer", "int", (item) => item],
  10: ["anchor.sequence", "int", (item) => item],
  11: ["anchor.transaction", "bytes", with0x],
  12: ["anchor.block.number", "int", (item) => item],
  13: ["anchor.block.hash", "bytes", with0x],
  14: ["anchor.block.timestamp", "int", timeOf],
};

/** @param {Uint8Array} item */
function with0x(item) {
  return `0x${hex(item)}`;
}

/**
 * @param {Uint8Array} item
 * @param {string} place
 */
function nodesOf(item, place) {
  if (item.length % 32 || item.length > MAX_PATH * 32) throw badField(place, `it is not at most ${MAX_PATH} nodes of 32 bytes`);
  return hex(item).match(/.{64}/g) ?? [];
}

/**
 * @param {number | bigint} item
 * @param {string} place
 */
function timeOf(item, place) {
  if (item > LATEST) throw badField(place, "it is beyond the year 9999");
  return writeTimestamp(Number(item));
}

/**
 * The receipt in its CBOR form; there is one such form of each, which is of version 1.
 * @param {Uint8Array} data
 */
function fromCbor(data) {
  const entries = decodeMap(data);
  const version = entries.get(0);
  entries.delete(0);
  if (version === undefined) throw new Refusal("missing-field", "The receipt lacks its version.", { where: "version", remedy: NEW_ONE });
  if (version !== 1) {
    if ((typeof version === "number" || typeof version === "bigint") && version > 1) throw otherVersion(version, "version 1 in CBOR");
    throw badField("version", "it is not the number of a version");
  }
  const document = new Members([["type", TYPE], ["version", 1]]);
  for (const [key, [place, kind, convert]] of Object.entries(CBOR_FIELDS)) {
    const item = entries.get(Number(key));
    if (item === undefined) continue;
    entries.delete(Number(key));
    const found = typeof item === "string" ? "str" : item instanceof Uint8Array ? "bytes" : "int";
    if (found !== kind) throw badField(place, `it is a ${found}, not a ${kind}`);
    put(document, place.split("."), convert(item, place));
  }
  if (entries.size) {
    const what = `The receipt has a field ${Math.min(...entries.keys())} that the CBOR form does not have.`;
    throw new Refusal("unknown-field", what, { remedy: NEW_ONE });
  }
  return read(document);
}

/**
 * The CBOR form, for QR codes and links; evidence is left out, which is several times what a QR code holds.
 * @param {Receipt} receipt
 * @returns {Uint8Array | null} null for a block before 1970, which no chain has and CBOR has no number for here.
 */
export function receiptCbor(receipt) {
  if (receipt.anchor.block && receipt.anchor.block.timestamp < 0) return null;
  /** @type {Map<number, import("./cbor.js").Item>} */
  const entries = new Map([[0, 1]]);
  for (const [key, [place, kind]] of Object.entries(CBOR_FIELDS)) {
    const value = place.split(".").reduce((/** @type {any} */ within, name) => within?.[name], receipt) ?? null;
    if (value !== null) entries.set(Number(key), kind === "bytes" ? bytesOf(value) : place === "anchor.chain" ? BigInt(value.slice("eip155:".length)) : value);
  }
  return encodeMap(entries);
}

/** @param {string | string[]} value a hash, an address, or the nodes of a path. */
function bytesOf(value) {
  return unhex([value].flat().map((text) => text.replace(/^0x/, "")).join(""));
}

/**
 * @param {Members} document
 * @param {string[]} place
 * @param {Value} value
 */
function put(document, place, value) {
  const [name, ...rest] = place;
  if (!rest.length) document.set(name, value);
  else put(document.get(name) ?? /** @type {Members} */ (document.set(name, new Members()).get(name)), rest, value);
}
