/**
 * What was brought: which of it is a document, which a receipt, and which belong together.
 */

import { labelOf, openZip } from "./archive.js";
import { readCheckpoints } from "../verifier/checkpoints.js";
import { digestGiven } from "../verifier/digest.js";
import { mayBePortfolio, readPortfolio } from "../verifier/portfolio.js";
import { digestOnly, readDocument } from "../verifier/reading.js";
import { parseReceipt } from "../verifier/receipt.js";
import { Refusal } from "../verifier/refusal.js";
import { utf8 } from "../verifier/bytes.js";
import { digestIn } from "./lookup.js";
import { say } from "./messages.js";

/**
 * @typedef {import("../verifier/reading.js").Reading} Reading
 * @typedef {import("../verifier/portfolio.js").Portfolio} Portfolio
 * @typedef {import("../verifier/receipt.js").Receipt} Receipt
 * @typedef {object} Given a file, or a text that was pasted.
 * @property {string} name
 * @property {Uint8Array} data
 * @property {"zip" | "portfolio"} [from] what it was taken out of. A stranger made that: a digest in it stands for no document, and
 *   what is in a portfolio is a credential or nothing.
 * @property {Receipt} [receipt] that a portfolio has of it.
 *
 * @typedef {import("../verifier/checkpoints.js").Checkpoints} Checkpoints
 * @typedef {{name: string, reading: Reading | null, receipts: (Receipt | Refusal)[], files: string[]}} Item `files`: names of
 *   what it was made of, its own before all.
 * @typedef {{name: string, refusal: Refusal}} Broken something that cannot be read, and why.
 */

/** Most files that are taken at a time, also out of ZIPs: a document and its receipt are two. */
export const MOST_FILES = 2_000;
// As the lookup service has them.
const MOST_FILE_BYTES = 16 << 20;
const MOST_ZIP_BYTES = 64 << 20;
const MOST_UNPACKED_BYTES = 512 << 20;

const DIGEST = /^\s*(?:0x|sha256:)?[0-9a-fA-F]{64}\s*$/;
// The name of a list of blocks, how many they are, and the root of their tree: it is a signed note.
const LIST = /^[^\n{[]{1,300}\n[0-9]{1,6}\n[A-Za-z0-9+/]{43}=\n/;
// The address of a page like this one, with a receipt behind it.
const LINK = /^(?:https?|file):[^\s#]*(#\S+)$/i;
const RECEIPT_NAME = /\.receipt\.(?:json|cbor)$/i;
const RECEIPT_SUFFIXES = [".receipt.json", ".receipt.cbor"];
const ZIP_NAME = /\.zip$/i;
// A portfolio holds many files, too.
const HOLDING_NAME = /\.(?:zip|json)$/i;
const RECEIPT_TYPE = /"type"\s*:\s*"TestamurReceipt"/;

/**
 * A text that was pasted or scanned, with a name by which it is read; of a link, the receipt that it brings.
 * @param {string} text
 * @param {string} name
 * @returns {Given[]}
 */
export function pasted(text, name) {
  if (!text.trim()) return [];
  const link = LINK.exec(text.trim());
  const digest = link && digestIn(link[1]);
  if (digest) return [{ name, data: utf8(digest) }];
  const receipt = link && linked(link[1]);
  if (receipt) return [receipt];
  return [{ name: /^\s*[{[]/.test(text) ? `${name}.json` : name, data: utf8(text) }];
}

/**
 * The receipt in the fragment of a link, base64url of its JSON or CBOR; null where there is none.
 * @param {string} fragment with its `#`.
 * @returns {Given | null}
 */
export function linked(fragment) {
  const text = fragment.replace(/^#/, "");
  if (!text) return null;
  let bytes = "";
  try {
    bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    // What is no base64 is no receipt, and is told as that.
  }
  return { name: "link.receipt.json", data: Uint8Array.from(bytes, (sign) => sign.charCodeAt(0)) };
}

/**
 * The lists of blocks among what was brought, and the rest.
 * @param {readonly Given[]} given
 * @throws {Refusal} one is damaged.
 */
export async function listsOf(given) {
  /** @type {Checkpoints[]} */
  const lists = [];
  /** @type {Given[]} */
  const rest = [];
  for (const each of given) {
    if (each.from !== "portfolio" && LIST.test(new TextDecoder().decode(each.data.subarray(0, 400)))) lists.push(await readCheckpoints(each.data));
    else rest.push(each);
  }
  return { lists, rest };
}

/**
 * Most bytes that a file of this name may have.
 * @param {string} name
 */
export function mostBytes(name) {
  return HOLDING_NAME.test(name) ? MOST_ZIP_BYTES : MOST_FILE_BYTES;
}

/**
 * All files, those in ZIPs and portfolios with them, each name once; and what of them cannot be read.
 *
 * A ZIP or portfolio that a receipt is named after is a document itself. A ZIP in another is not opened, and neither is a
 * portfolio.
 * @param {readonly Given[]} given
 * @returns {Promise<{given: Given[], broken: Broken[], portfolios: Portfolio[]}>} the portfolios as they were read.
 * @throws {Refusal} a ZIP cannot be read, or they are too many.
 */
export async function unpacked(given) {
  const names = new Set(given.map(({ name }) => name));
  /** @type {Portfolio[]} */
  const portfolios = [];
  /** @type {Map<string, Given>} */
  const found = new Map();
  /** @type {Broken[]} */
  const broken = [];
  /** @type {(name: string, read: () => Uint8Array, more?: Pick<Given, "from" | "receipt">) => void} */
  const take = (name, read, more = {}) => {
    if (found.size + broken.length >= MOST_FILES) throw new Refusal("too-many", say("tooManyPacked", { most: MOST_FILES }));
    try {
      if (found.has(name)) throw new Refusal("repeated-name", "Another file has this name, and that one was verified.", { remedy: "Send each under its own name." });
      found.set(name, { name, data: read(), ...more });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      broken.push({ name, refusal: error });
    }
  };
  let left = MOST_UNPACKED_BYTES;
  for (const { name, data } of given) {
    if (!ZIP_NAME.test(name) || RECEIPT_SUFFIXES.some((suffix) => names.has(name + suffix))) take(name, () => data);
    else {
      const { files, strays } = openZip(data, { mostFiles: MOST_FILES, mostBytes: left, prefix: given.length > 1 ? `${name}/` : "" });
      for (const file of files) {
        const read = () => {
          const content = file.read(MOST_FILE_BYTES);
          left -= content.length;
          return content;
        };
        take(file.name, read, { from: "zip" });
      }
      broken.push(...strays);
    }
  }
  const all = [...found.values()];
  for (const { name, data } of all) {
    const portfolio = RECEIPT_SUFFIXES.some((suffix) => found.has(name + suffix)) ? null : await portfolioIn(name, data, MOST_FILES - found.size - broken.length);
    if (!portfolio) continue;
    found.delete(name);
    if ("refusal" in portfolio) {
      broken.push(portfolio);
      continue;
    }
    portfolios.push(portfolio);
    const called = new Set(found.keys());
    for (const item of [...portfolio.items, ...portfolio.strays]) {
      const label = freeLabel(labelOf(all.length > 1 ? `${name}/${item.name}` : item.name), called);
      if ("refusal" in item) broken.push({ name: label, refusal: item.refusal });
      else take(label, () => item.content, { from: "portfolio", ...(item.receipt && { receipt: item.receipt }) });
    }
  }
  return { given: [...found.values()], broken, portfolios };
}

/**
 * The portfolio that a file is, or why it cannot be read; null where it is none.
 * @param {string} name
 * @param {Uint8Array} data
 * @param {number} most credentials in it.
 * @returns {Promise<Portfolio | Broken | null>}
 */
async function portfolioIn(name, data, most) {
  if (!mayBePortfolio(data)) return null;
  try {
    return await readPortfolio(data, most);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.code === "not-a-portfolio" ? null : { name, refusal: error };
  }
}

/**
 * A name that is not taken, which is taken then.
 * @param {string} name
 * @param {Set<string>} taken
 */
export function freeLabel(name, taken) {
  const [, stem, ending] = /** @type {RegExpExecArray} */ (/^(.*?)((?:\.[^./]*)?)$/s.exec(name));
  let free = name;
  for (let number = 2; taken.has(free); number++) free = `${stem} (${number})${ending}`;
  taken.add(free);
  return free;
}

/**
 * Documents with the receipts that are inside or beside them, and receipts of no document that was brought.
 *
 * A receipt that is named after a document is its own, whatever it says; others are found by their digest. One document and one
 * receipt were brought to be compared, whatever they say. A receipt in the place of a credential of a portfolio is of nothing.
 * @param {readonly Given[]} given
 * @returns {Promise<Item[]>}
 */
export async function itemsOf(given) {
  /** @type {Item[]} */
  const documents = [];
  /** @type {{name: string, receipt: Receipt | Refusal}[]} */
  const loose = [];
  /** @type {Item[]} */
  const alone = [];
  for (const each of given) {
    const receipt = each.receipt ? null : receiptIn(each);
    if (receipt && each.from === "portfolio") alone.push({ name: each.name, reading: null, receipts: [receipt], files: [each.name] });
    else if (receipt) loose.push({ name: each.name, receipt });
    else documents.push(await documentOf(each));
  }
  const isPair = documents.length === 1 && loose.length === 1;
  // Thousands of either are looked up, not compared with each other.
  const byName = grouped(documents, ({ name }) => RECEIPT_SUFFIXES.map((suffix) => name + suffix));
  const byDigest = grouped(documents, digestsOf);
  for (const { name, receipt } of loose) {
    const own = byName.get(name)?.[0];
    const found = isPair ? documents : receipt instanceof Refusal ? [] : (byDigest.get(receipt.digest.value) ?? []);
    const owners = own ? [own] : found;
    for (const owner of owners) {
      owner.receipts.push(receipt);
      owner.files.push(name);
    }
    if (!owners.length) alone.push({ name, reading: null, receipts: [receipt], files: [name] });
  }
  return [...documents, ...alone];
}

/**
 * @param {Given} given
 * @returns {Receipt | Refusal | null} null for what is no receipt.
 */
function receiptIn({ name, data }) {
  try {
    return parseReceipt(data);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // Whatever calls itself one is one that cannot be read, and no document.
    const claims = RECEIPT_NAME.test(name) || RECEIPT_TYPE.test(new TextDecoder().decode(data.subarray(0, 1 << 16)));
    return claims && !isDocument(data) ? error : null;
  }
}

/** @param {Uint8Array} data */
function isDocument(data) {
  return /"(?:credentialSubject|verifiableCredential)"\s*:/.test(new TextDecoder().decode(data.subarray(0, 1 << 20)));
}

/**
 * @param {Given} given
 * @returns {Promise<Item>}
 */
async function documentOf({ name, data, from, receipt }) {
  const text = !from && data.length < 100 ? new TextDecoder().decode(data) : "";
  if (DIGEST.test(text)) {
    const digest = digestGiven(text.trim());
    return { name, reading: digestOnly(digest, digest.value), receipts: [], files: [name] };
  }
  const reading = await readDocument(data, name);
  return { name, reading, receipts: [...(receipt ? [receipt] : []), ...reading.receipts.map(({ read }) => read)], files: [name] };
}

/**
 * The digests by which a receipt may be of a document.
 * @param {Item} document
 */
function digestsOf({ reading }) {
  if (!reading) return [];
  return [...reading.own, ...reading.alike, ...reading.parts.flatMap((part) => part.digests)].map(({ value }) => value);
}

/**
 * Documents by what they are looked up by, in their order.
 * @param {readonly Item[]} documents
 * @param {(document: Item) => string[]} keysOf
 */
function grouped(documents, keysOf) {
  /** @type {Map<string, Item[]>} */
  const found = new Map();
  for (const document of documents) {
    for (const key of new Set(keysOf(document))) {
      const others = found.get(key);
      if (others) others.push(document);
      else found.set(key, [document]);
    }
  }
  return found;
}
