/**
 * ZIP files as strangers send them: what of them is read, and what is refused before it is
 * (`registry/untrusted/archives.py`, `registry/document/submitted.py`). Names in them are labels and nothing else.
 */

import { inflateRaw } from "../verifier/inflate.js";
import { latin1 } from "../verifier/lenientjson.js";
import { decodeUtf8 } from "../verifier/encodings.js";
import { Refusal } from "../verifier/refusal.js";
import { thousands } from "../verifier/strictjson.js";

/**
 * @typedef {{name: string, read: (most: number) => Uint8Array}} Packed a file in a ZIP; what cannot be read is a `Refusal`.
 * @typedef {{name: string, written: string, flags: number, packing: number, sum: number, packedSize: number, size: number, mode: number, at: number}} Entry
 *   `written`: the name with what follows a zero in it.
 */

// Of the list of files in a ZIP, for each file allowed: a name, and what comes with it.
const DIRECTORY_BYTES_A_FILE = 512;
const LONGEST_LABEL = 400;
// How far beyond its packed size one file may unpack: more is a bomb, not a credential.
const MAXIMUM_RATIO = 1000;
const MOST_FOLDERS = 100;
const LONGEST_COMMENT = 65_535;
const NEWEST_VERSION = 63;
const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const DIRECTORY = 0x02014b50;
const LOCAL = 0x04034b50;
const ENCRYPTED = 1;
// Patches of other data, and other ways to encrypt.
const NOT_READ = 0x60;
const UTF_8 = 0x800;
const STORED = 0;
const DEFLATED = 8;
const OVER = 0xffffffff;
const NOT_PRINTABLE = /\p{C}|(?! )\p{Z}/gu;
const SUMS = Int32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = (byte >>> 1) ^ (byte & 1 ? 0xedb88320 : 0);
  return byte;
});
// Code page 437 from 0x80 on, in which names are that do not say that they are UTF-8.
const CP437 =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\xa0";

/**
 * The files of a ZIP that can be verified, and those that are refused for their names.
 * @param {Uint8Array} data
 * @param {{mostFiles: number, mostBytes: number, prefix?: string}} bounds to how much all of them may unpack; the prefix of
 *   the names that its files are called by.
 * @returns {{files: Packed[], strays: {name: string, refusal: Refusal}[]}}
 * @throws {Refusal} it cannot be read.
 */
export function openZip(data, { mostFiles, mostBytes, prefix = "" }) {
  const entries = directory(data, mostFiles * DIRECTORY_BYTES_A_FILE);
  if (entries.some(({ name }) => !name)) throw badZip("a file in it has no name");
  const shown = entries.filter(({ name }) => !name.endsWith("/") && (leadsOut(name) || !isHidden(name)));
  const strays = shown.flatMap(({ name }) => {
    const why = leadsOut(name);
    return why ? [{ name: labelOf(prefix + name), refusal: unreadable("zip-name", `it was not read: ${why}`, "Name it plainly.") }] : [];
  });
  const inside = shown.filter(({ name }) => !leadsOut(name));
  if (inside.reduce((sum, { size }) => sum + size, 0) > mostBytes) throw badZip(`it unpacks to more than ${thousands(mostBytes)} bytes`);
  return { files: inside.map((entry) => ({ name: labelOf(prefix + entry.name), read: (most) => unpacked(data, entry, most) })), strays };
}

/**
 * Whether a name is of a file that systems hide, or of what they put beside others.
 * @param {string} name
 */
export function isHidden(name) {
  return parts(name).some((part) => part.startsWith(".") || part === "__MACOSX");
}

/**
 * A name that a stranger gave a file, with its folders, as it can be shown.
 * @param {string} name
 */
export function labelOf(name) {
  const shown = [...name.replaceAll("\\", "/").replace(NOT_PRINTABLE, "_")];
  return shown.length <= LONGEST_LABEL ? shown.join("") : `…${shown.slice(-LONGEST_LABEL).join("")}`;
}

/**
 * Why a file in a ZIP is refused for its name; null if it is not. No path that leaves its archive is believed.
 * @param {string} name
 */
function leadsOut(name) {
  const all = parts(name);
  if (all.includes("..")) return "its name leads out of the ZIP";
  return all.length > MOST_FOLDERS + 1 ? `its name has more than ${MOST_FOLDERS} folders` : null;
}

/** @param {string} name */
function parts(name) {
  return name.replaceAll("\\", "/").split("/").filter((part) => part !== "" && part !== ".");
}

/**
 * The list of files at the end of a ZIP (APPNOTE.TXT 4.3.12 to 4.3.16).
 * @param {Uint8Array} data
 * @param {number} mostBytes that it may have.
 * @returns {Entry[]}
 */
function directory(data, mostBytes) {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const end = endOf(data, view);
  let [size, offset, before] = [view.getUint32(end + 12, true), view.getUint32(end + 16, true), end];
  if (end >= 76 && view.getUint32(end - 20, true) === LOCATOR64 && view.getUint32(end - 76, true) === END64) {
    if (view.getUint32(end - 16, true) !== 0 || view.getUint32(end - 4, true) > 1) throw badZip("zipfiles that span multiple disks are not supported");
    [size, offset, before] = [Number(view.getBigUint64(end - 36, true)), Number(view.getBigUint64(end - 28, true)), end - 76];
  }
  if (size > mostBytes) throw badZip("its list of files is too long");
  const start = before - size;
  if (start < 0) throw badZip("Bad offset for central directory");
  // A ZIP may stand behind something else.
  const moved = start - offset;
  /** @type {Entry[]} */
  const entries = [];
  for (let at = start; at < before; ) {
    if (at + 46 > before) throw badZip("Truncated central directory");
    if (view.getUint32(at, true) !== DIRECTORY) throw badZip("Bad magic number for central directory");
    const [nameSize, extraSize, commentSize] = [28, 30, 32].map((place) => view.getUint16(at + place, true));
    if (view.getUint8(at + 6) > NEWEST_VERSION) throw badZip(`zip file version ${(view.getUint8(at + 6) / 10).toFixed(1)}`);
    const flags = view.getUint16(at + 8, true);
    const written = nameOf(data.subarray(at + 46, Math.min(before, at + 46 + nameSize)), flags);
    if (written === null) throw badZip("a name in it is not UTF-8");
    const entry = {
      name: written.split("\0")[0],
      written,
      flags,
      packing: view.getUint16(at + 10, true),
      sum: view.getUint32(at + 16, true),
      packedSize: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      mode: view.getUint16(at + 40, true),
      at: view.getUint32(at + 42, true),
    };
    readExtra(data.subarray(Math.min(before, at + 46 + nameSize), Math.min(before, at + 46 + nameSize + extraSize)), entry);
    entry.at += moved;
    entries.push(entry);
    at += 46 + nameSize + extraSize + commentSize;
  }
  return entries;
}

/**
 * Where the record at the end begins.
 * @param {Uint8Array} data
 * @param {DataView} view
 */
function endOf(data, view) {
  for (let at = data.length - 4; at >= Math.max(0, data.length - LONGEST_COMMENT - 1 - 22); at--) {
    if (view.getUint32(at, true) === END) {
      if (at + 22 <= data.length) return at;
      break;
    }
  }
  throw badZip("it has no end record");
}

/**
 * What has more than 32 bits.
 * @param {Uint8Array} extra
 * @param {Entry} entry
 */
function readExtra(extra, entry) {
  const view = new DataView(extra.buffer, extra.byteOffset, extra.length);
  for (let at = 0; at + 4 <= extra.length; ) {
    const [kind, size] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    if (at + 4 + size > extra.length) throw badZip(`Corrupt extra field ${kind.toString(16).padStart(4, "0")} (size=${size})`);
    let place = at + 4;
    for (const [key, field] of /** @type {const} */ ([["size", "File size"], ["packedSize", "Compress size"], ["at", "Header offset"]])) {
      if (kind !== 1 || entry[key] !== OVER) continue;
      if (place + 8 > at + 4 + size) throw badZip(`Corrupt zip64 extra field. ${field} not found.`);
      entry[key] = Number(view.getBigUint64(place, true));
      place += 8;
    }
    at += 4 + size;
  }
}

/**
 * A name; null where it says that it is UTF-8 and is not.
 * @param {Uint8Array} bytes
 * @param {number} flags
 */
function nameOf(bytes, flags) {
  return flags & UTF_8 ? decodeUtf8(bytes) : latin1(bytes).replace(/[\x80-\xff]/g, (sign) => CP437[sign.charCodeAt(0) - 0x80]);
}

/**
 * @param {Uint8Array} data
 * @param {Entry} entry
 * @param {number} most
 */
function unpacked(data, entry, most) {
  const { flags, mode, packing, size, packedSize } = entry;
  if (flags & ENCRYPTED) throw unreadable("encrypted", "it is encrypted", "Send it without a password.");
  if (![0, 0o100000].includes(mode & 0o170000)) throw unreadable("not-a-file", "it is a link or a device, not a file", "Send the file itself.");
  if (packing !== STORED && packing !== DEFLATED) throw unreadable("zip-packing", "it is packed otherwise than by deflate", "Create the ZIP with deflate.");
  if (size > most || size > MAXIMUM_RATIO * Math.max(1, packedSize)) {
    throw unreadable("zip-ratio", `it unpacks to ${thousands(size)} bytes from ${thousands(packedSize)}: more than is allowed`, "Send it by itself.");
  }
  const packed = packedBytes(data, entry);
  const content = packing === STORED ? packed.subarray(0, size) : inflateRaw(packed, size, { mayBeCut: true })?.content;
  if (!content) throw damaged("it is no deflate, or longer than it says");
  if (crc32(content) !== entry.sum) throw damaged("its check sum is another");
  return content;
}

/**
 * @param {Uint8Array} data
 * @param {Entry} entry
 */
function packedBytes(data, { written, flags, at, packedSize }) {
  if (at < 0 || at + 30 > data.length) throw damaged("its header is cut off");
  const view = new DataView(data.buffer, data.byteOffset + at, data.length - at);
  if (view.getUint32(0, true) !== LOCAL) throw damaged("it has no header");
  if (flags & NOT_READ) throw damaged("it is encrypted or packed in a way that is not read here");
  const nameSize = view.getUint16(26, true);
  if (nameOf(data.subarray(at + 30, at + 30 + nameSize), view.getUint16(6, true)) !== written) throw damaged("it has another name in its header");
  const start = at + 30 + nameSize + view.getUint16(28, true);
  return data.subarray(start, start + packedSize);
}

/**
 * CRC-32 of bytes.
 * @param {Uint8Array} data
 */
function crc32(data) {
  let sum = -1;
  for (const byte of data) sum = SUMS[(sum ^ byte) & 255] ^ (sum >>> 8);
  return ~sum >>> 0;
}

/** @param {string} why */
function badZip(why) {
  return unreadable("bad-zip", `this is not a ZIP file that can be read: ${why}`, "Create the ZIP again, with deflate and without encryption.");
}

/** @param {string} why */
function damaged(why) {
  return unreadable("zip-damaged", `it cannot be unpacked: ${why}`, "Create the ZIP again.");
}

/**
 * @param {string} code
 * @param {string} what
 * @param {string} remedy
 */
function unreadable(code, what, remedy) {
  return new Refusal(code, `${what[0].toUpperCase()}${what.slice(1)}.`, { remedy });
}
