/**
 * What was brought: which of it is a document, which a receipt, and which belong together.
 */

import { readCheckpoints } from "../verifier/checkpoints.js";
import { digestGiven } from "../verifier/digest.js";
import { digestOnly, readDocument } from "../verifier/reading.js";
import { parseReceipt } from "../verifier/receipt.js";
import { Refusal } from "../verifier/refusal.js";
import { utf8 } from "../verifier/bytes.js";

/**
 * @typedef {import("../verifier/reading.js").Reading} Reading
 * @typedef {import("../verifier/receipt.js").Receipt} Receipt
 * @typedef {{name: string, data: Uint8Array}} Given a file, or a text that was pasted.
 * @typedef {import("../verifier/checkpoints.js").Checkpoints} Checkpoints
 * @typedef {{name: string, reading: Reading | null, receipts: (Receipt | Refusal)[]}} Item
 */

const DIGEST = /^\s*(?:0x|sha256:)?[0-9a-fA-F]{64}\s*$/;
// The name of a list of blocks, how many they are, and the root of their tree: it is a signed note.
const LIST = /^[^\n{[]{1,300}\n[0-9]{1,6}\n[A-Za-z0-9+/]{43}=\n/;
// The address of a page like this one, with a receipt behind it.
const LINK = /^(?:https?|file):[^\s#]*(#\S+)$/i;
const RECEIPT_NAME = /\.receipt\.(?:json|cbor)$/i;
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
    if (LIST.test(new TextDecoder().decode(each.data.subarray(0, 400)))) lists.push(await readCheckpoints(each.data));
    else rest.push(each);
  }
  return { lists, rest };
}

/**
 * Documents with the receipts that are inside or beside them, and receipts of no document that was brought.
 *
 * Receipts are found by their digest. One document and one receipt were brought to be compared, whatever they say.
 * @param {readonly Given[]} given
 * @returns {Promise<Item[]>}
 */
export async function itemsOf(given) {
  /** @type {Item[]} */
  const documents = [];
  /** @type {{name: string, receipt: Receipt | Refusal}[]} */
  const loose = [];
  for (const each of given) {
    const receipt = receiptIn(each);
    if (receipt) loose.push({ name: each.name, receipt });
    else documents.push(await documentOf(each));
  }
  const isPair = documents.length === 1 && loose.length === 1;
  /** @type {Item[]} */
  const alone = [];
  for (const { name, receipt } of loose) {
    const owners = documents.filter((document) => isPair || isOf(receipt, name, document));
    for (const owner of owners) owner.receipts.push(receipt);
    if (!owners.length) alone.push({ name, reading: null, receipts: [receipt] });
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
async function documentOf({ name, data }) {
  const text = data.length < 100 ? new TextDecoder().decode(data) : "";
  if (DIGEST.test(text)) {
    const digest = digestGiven(text.trim());
    return { name, reading: digestOnly(digest, digest.value), receipts: [] };
  }
  const reading = await readDocument(data, name);
  return { name, reading, receipts: reading.receipts.map(({ read }) => read) };
}

/**
 * Whether a receipt is of a document, by its digest; one that cannot be read, by its name.
 * @param {Receipt | Refusal} receipt
 * @param {string} name
 * @param {Item} document
 */
function isOf(receipt, name, { name: ofDocument, reading }) {
  if (receipt instanceof Refusal) return name.replace(RECEIPT_NAME, "") === ofDocument;
  const digests = reading ? [...reading.own, ...reading.alike, ...reading.parts.flatMap((part) => part.digests)] : [];
  return digests.some(({ value }) => value === receipt.digest.value);
}
