/**
 * Signed notes: a text, and below it a line for each signature (C2SP signed-note; keys of the types 0x01 and 0x04, the
 * latter a witness's cosignature/v1, as of C2SP tlog-cosignature).
 */

import { concat, equal, hex, sha256, toBigInt, utf8 } from "./bytes.js";
import { isSignedBy } from "./ed25519.js";
import { decodeUtf8 } from "./encodings.js";
import { Refusal } from "./refusal.js";
import { thousands } from "./strictjson.js";
import { SPACE } from "./text.js";
import { LATEST } from "./timestamps.js";

/**
 * @typedef {object} VerifierKey
 * @property {string} name
 * @property {number} kind what it signs: `NOTE` or `COSIGNATURE`.
 * @property {Uint8Array} id 4 bytes.
 * @property {Uint8Array} key 32 bytes.
 *
 * @typedef {{name: string, id: Uint8Array, value: Uint8Array}} NoteSignature nothing of it is checked yet.
 * @typedef {{text: string, signatures: readonly NoteSignature[]}} SignedNote
 */

export const NOTE = 0x01;
export const COSIGNATURE = 0x04;
const MOST_BYTES = 1 << 19;
const MOST_SIGNATURES = 100;
const MOST_NAME_BYTES = 255;
const MOST_KEY = "PRIVATE+KEY+".length + MOST_NAME_BYTES + 64;
const DASH = "\u2014 ";
const CONTROLS = /[\x00-\x09\x0b-\x1f]/;
const NO_NAME = new RegExp(`[+\\ud800-\\udfff]|${SPACE}|[\\x00-\\x1f]`, "u");

/**
 * A signed note from its text; whose signatures are below it is not looked at.
 * @param {Uint8Array} data
 * @returns {SignedNote}
 * @throws {Refusal} `note-size` or `note-form`.
 */
export function readNote(data) {
  if (data.length > MOST_BYTES) throw new Refusal("note-size", `a signed note of more than ${thousands(MOST_BYTES)} bytes is not read`);
  const whole = decodeUtf8(data) ?? malformed("it is not UTF-8");
  if (CONTROLS.test(whole)) malformed("it has control characters");
  // The text may have empty lines: the last one parts it from its signatures.
  const at = whole.lastIndexOf("\n\n");
  if (at < 0 || !whole.endsWith("\n") || at + 2 >= whole.length) malformed("it has no text, no empty line and signatures, each line with its break");
  const lines = whole.slice(at + 2, -1).split("\n");
  if (lines.length > MOST_SIGNATURES) throw new Refusal("note-size", `a note with more than ${MOST_SIGNATURES} signatures is not read`);
  return { text: whole.slice(0, at + 1), signatures: lines.map(readSignature) };
}

/**
 * Which of these keys signed a note, each once, with the newest time that it says: 0 for a key that is no witness's.
 * @param {SignedNote} note
 * @param {readonly VerifierKey[]} keys
 * @returns {Promise<Map<VerifierKey, number>>}
 * @throws {Refusal} `note-signature`: one that says it is of such a key does not hold; `note-key`: two keys have one name
 *   and id.
 */
export async function signedBy({ text, signatures }, keys) {
  const isCalled = (/** @type {{name: string, id: Uint8Array}} */ one, /** @type {VerifierKey} */ key) => one.name === key.name && equal(one.id, key.id);
  /** @type {VerifierKey[]} */
  const known = [];
  for (const key of keys) {
    const same = known.find((each) => isCalled(each, key));
    if (same && !(same.kind === key.kind && equal(same.key, key.key))) noKey(`two keys are called ${key.name}+${hex(key.id)}`);
    if (!same) known.push(key);
  }
  /** @type {Map<VerifierKey, number>} */
  const found = new Map();
  for (const signature of signatures) {
    const key = known.find((each) => isCalled(signature, each));
    if (key) found.set(key, Math.max(await verified(key, text, signature.value), found.get(key) ?? 0));
  }
  return found;
}

/**
 * A public key from its text, `name+id+base64(type ‖ key)`.
 * @param {string} text
 * @returns {Promise<VerifierKey>}
 * @throws {Refusal} `note-key`.
 */
export async function readVerifierKey(text) {
  // Base 64 has pluses, too.
  const [, name, id, coded] = /^([^+]*)\+([^+]*)\+([^]*)$/.exec(text) ?? [];
  if (text.length > MOST_KEY || !/^[0-9a-f]{8}$/.test(id ?? "")) noKey("a key is name+id+base64, the id in 8 digits of lower case");
  keyName(name);
  const value = decoded(coded);
  if (!value) noKey("what follows its id is no base 64");
  const [kind] = value;
  if (kind !== NOTE && kind !== COSIGNATURE) noKey(`its type is 0x${hex(value.subarray(0, 1)) || "00"}, and 0x01 and 0x04 are known here`);
  if (value.length !== 33) noKey("it has not 32 bytes");
  const own = (await sha256(concat(utf8(`${name}\n`), value))).subarray(0, 4);
  if (hex(own) !== id) noKey("its id is not that of its name and key");
  return { name, kind, id: own, key: value.subarray(1) };
}

/**
 * The name of a key, if one can be called so.
 * @param {string} text
 * @throws {Refusal} `note-key`.
 */
export function keyName(text) {
  const { length } = utf8(text);
  if (!length || length > MOST_NAME_BYTES) noKey(`a name has 1 to ${MOST_NAME_BYTES} bytes`);
  if (NO_NAME.test(text)) noKey("a name has neither spaces nor a plus");
  return text;
}

/**
 * What base 64 stands for, if it is written in the one way that there is; null where it is not.
 * @param {string} text
 */
export function decoded(text) {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return null;
  const signs = atob(text);
  return btoa(signs) === text ? Uint8Array.from(signs, (sign) => sign.charCodeAt(0)) : null;
}

/**
 * @param {string} line
 * @returns {NoteSignature}
 */
function readSignature(line) {
  const at = line.indexOf(" ", DASH.length);
  if (!line.startsWith(DASH) || at < 0) malformed("a line below the text is no signature");
  const name = line.slice(DASH.length, at);
  const value = decoded(line.slice(at + 1));
  try {
    keyName(name);
  } catch {
    malformed("a signature has no name or no base 64");
  }
  if (!value) malformed("a signature has no name or no base 64");
  if (value.length <= 4) malformed("a signature is too short");
  return { name, id: value.subarray(0, 4), value: value.subarray(4) };
}

/**
 * The time that a signature by a key over a text says, if it holds.
 * @param {VerifierKey} key
 * @param {string} text
 * @param {Uint8Array} value
 */
async function verified(key, text, value) {
  const isWitness = key.kind === COSIGNATURE;
  const seconds = isWitness ? Number(toBigInt(value.subarray(0, 8))) : 0;
  const signature = isWitness ? value.subarray(8) : value;
  const message = isWitness ? `cosignature/v1\ntime ${seconds}\n${text}` : text;
  if (seconds > LATEST || signature.length !== 64 || !(await isSignedBy(key.key, signature, utf8(message)))) {
    throw new Refusal("note-signature", `the signature that says it is by ${key.name}+${hex(key.id)} does not hold`, {
      remedy: "Get the list again from where it came; if that stays so, ask whose key it is.",
    });
  }
  return seconds;
}

/**
 * @param {string} why
 * @returns {never}
 */
function noKey(why) {
  throw new Refusal("note-key", `the key cannot be read: ${why}`);
}

/**
 * @param {string} why
 * @returns {never}
 */
function malformed(why) {
  throw new Refusal("note-form", `the signed note cannot be read: ${why}`);
}
