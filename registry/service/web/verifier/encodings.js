/**
 * Text out of bytes: UTF-8 without a second reading, and for whoever is refused, what the bytes look like instead.
 */

export const SAVE_AS_UTF8 = "Save it as UTF-8 without a byte order mark (in Windows' Notepad: Save as, encoding UTF-8).";

/** @type {readonly (readonly [readonly number[], string])[]} UTF-32 begins like UTF-16 in little-endian order. */
const MARKS = [
  [[0xff, 0xfe, 0, 0], "UTF-32"],
  [[0, 0, 0xfe, 0xff], "UTF-32"],
  [[0xef, 0xbb, 0xbf], "UTF-8 with a byte order mark"],
  [[0xff, 0xfe], "UTF-16"],
  [[0xfe, 0xff], "UTF-16"],
];
const LOOKED_AT = 4096;
// A decoder drops a byte order mark unless it is told to ignore that it is one.
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The text of bytes that are UTF-8, or null.
 * @param {Uint8Array} data
 */
export function decodeUtf8(data) {
  try {
    return strict.decode(data);
  } catch {
    return null;
  }
}

/**
 * @param {Uint8Array} data
 * @param {readonly number[]} head
 */
export function beginsWith(data, head) {
  return head.every((byte, at) => data[at] === byte);
}

/**
 * Where the first sequence begins that is not UTF-8 (Unicode, table 3-7); the length where there is none.
 * @param {Uint8Array} data
 */
export function invalidAt(data) {
  let at = 0;
  while (at < data.length) {
    const lead = data[at];
    const more = lead < 0x80 ? 0 : lead >= 0xc2 && lead < 0xe0 ? 1 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xf0 && lead < 0xf5 ? 3 : -1;
    if (more < 0) return at;
    for (let place = 1; place <= more; place++) {
      const least = place === 1 ? ({ 0xe0: 0xa0, 0xf0: 0x90 }[lead] ?? 0x80) : 0x80;
      const most = place === 1 ? ({ 0xed: 0x9f, 0xf4: 0x8f }[lead] ?? 0xbf) : 0xbf;
      const byte = data[at + place];
      if (byte === undefined || byte < least || byte > most) return at;
    }
    at += more + 1;
  }
  return at;
}

/**
 * The name of the encoding of a text that is not plain UTF-8, as far as its bytes show it; null for UTF-8.
 * @param {Uint8Array} data
 */
export function foreignEncoding(data) {
  for (const [mark, name] of MARKS) if (beginsWith(data, mark)) return name;
  const head = data.subarray(0, LOOKED_AT);
  if (head.includes(0)) {
    // Texts in Latin letters have every second byte zero in UTF-16.
    const zeros = [0, 0];
    head.forEach((byte, at) => byte || zeros[at & 1]++);
    return 4 * Math.max(...zeros) > head.length ? "UTF-16 without a byte order mark" : "not text";
  }
  const at = invalidAt(data);
  if (at === data.length || isCutOff(data.subarray(at))) return null;
  return data.some((byte) => byte >= 0x80 && byte < 0xa0) ? "Windows-1252" : "Latin-1 (ISO 8859-1), or damaged";
}

/**
 * Whether bytes are the beginning of a character, and would be one if more came.
 * @param {Uint8Array} tail
 */
function isCutOff(tail) {
  if (tail.length > 3) return false;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(tail, { stream: true });
    return true;
  } catch {
    return false;
  }
}
