/**
 * Text that somebody else wrote, as a person may see it: in one line, with a visible sign for what is not seen, and with
 * what makes a name look like another one (`registry/untrusted/text.py`, with the Unicode of the browser).
 */

const LONGEST = 1_000;
const REPLACEMENT = "\ufffd";
const PRINTABLE_ASCII = /^[ -~]*$/;
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\uffa0\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/u;
const JOINER = /[\u200c\u200d]/;
// Scripts in which a joiner between two letters changes how honest words look, such as Persian and Hindi.
const JOINING =
  /[\p{scx=Arabic}\p{scx=Syriac}\p{scx=Mongolian}\p{scx=Nko}\p{scx=Devanagari}\p{scx=Bengali}\p{scx=Gurmukhi}\p{scx=Gujarati}\p{scx=Oriya}\p{scx=Tamil}\p{scx=Telugu}\p{scx=Kannada}\p{scx=Malayalam}\p{scx=Sinhala}\p{scx=Khmer}\p{scx=Myanmar}\p{scx=Tibetan}]/u;
const NO_SCRIPT = /[\u00aa\u00ba\u00b5\u2071\u207f\u02b0-\u02ff\u1d2c-\u1d6a\u1d78\u1d9b-\u1dbf\ua717-\ua721\ua788]/u;
/** @type {readonly (readonly [string, RegExp])[]} */
const RANGES = [
  ["FULLWIDTH", /[\uff01-\uffdc]/],
  ["MATHEMATICAL", /[\u{1d400}-\u{1d7ff}]/u],
  ["GREEK", /\u2126/],
  ["KATAKANA", /\u30fc/],
  ["CJK", /\u3006/],
];
const SCRIPTS =
  "Latin Greek Cyrillic Armenian Hebrew Arabic Syriac Thaana Nko Devanagari Bengali Gurmukhi Gujarati Oriya Tamil Telugu Kannada Malayalam Sinhala Thai Lao Tibetan Myanmar Georgian Hangul Ethiopic Cherokee Khmer Mongolian Hiragana Katakana Bopomofo Han Coptic Runic Ogham Yi Vai Adlam Balinese Bamum Canadian_Aboriginal Cham Glagolitic Javanese Lisu New_Tai_Lue Nushu Osage Sundanese Tai_Le Tifinagh"
    .split(" ")
    .map((name) => /** @type {const} */ ([name === "Han" ? "CJK" : name.split("_")[0].toUpperCase(), new RegExp(`\\p{Script=${name}}`, "u")]));
const EAST_ASIAN = ["CJK", "HIRAGANA", "KATAKANA", "BOPOMOFO", "HANGUL"];
// Cyrillic and Greek letters that nobody tells from Latin ones (confusables.txt of UTS 39).
const LATIN_LOOKALIKES = new Set("асԁеһіјӏоԛѕԝхуАВСЕНІЈӀКМОРЅТХУԚԜҮүрѵѴΑΒΕΖΗΙΚΜΝΟΡΤΥΧοανκιρυχϲ");
const URI_LOOKALIKES = /[∕⁄／⧸╱․。｡．∶：ː﹕？﹖＃﹟＠﹫∖＼]/;
// What Python takes for white space.
export const SPACE = "[\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
// The same of bytes.
export const ASCII_SPACE = /[ \t-\r]/;
const ONE_SPACE = new RegExp(SPACE);
const INNER_SPACE = new RegExp(`${SPACE}+`);

/**
 * Without white space around it, as Python strips it. Not by a pattern, which would try a long gap from each of its places.
 * @param {string} text
 * @param {RegExp} [space] what one space is.
 */
export function strip(text, space = ONE_SPACE) {
  let start = 0;
  let end = text.length;
  while (start < end && space.test(text[start])) start++;
  while (start < end && space.test(text[end - 1])) end--;
  return text.slice(start, end);
}

/**
 * The first characters of a text, which may be long.
 * @param {string} text
 * @param {number} most
 */
export function first(text, most) {
  return [...text.slice(0, 2 * most)].slice(0, most).join("");
}

/**
 * The words of a text, as Python splits it.
 * @param {string} text
 */
export function words(text) {
  return text.split(INNER_SPACE).filter(Boolean);
}

/**
 * The text in one line, without what is not seen or moves a cursor: each such character is a visible sign instead.
 * @param {string} text
 * @param {number} [longest] cut it there, with `…` at the end.
 */
export function shown(text, longest = Infinity) {
  // Each character is one or two units.
  let signs = [...text.slice(0, 2 * longest + 2)];
  if (signs.length > longest) signs = [...signs.slice(0, longest - 1), "…"];
  return signs.map((sign, at) => (isHidden(signs, at) ? REPLACEMENT : sign)).join("");
}

/**
 * A name or a URI in one line, and behind it in brackets whatever makes it look like another one.
 * @param {string} text
 * @param {number} [longest]
 */
export function marked(text, longest = LONGEST) {
  const found = oddities(first(text, longest));
  return found.length ? `${shown(text, longest)} [${found.join("; ")}]` : shown(text, longest);
}

/**
 * A text as Python's `repr` writes it.
 * @param {string} text
 */
export function repr(text) {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const body = text.replaceAll("\\", "\\\\").replaceAll(quote, `\\${quote}`).replace(/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, (sign) => {
    const known = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[sign];
    const code = /** @type {number} */ (sign.codePointAt(0));
    const digits = code.toString(16);
    return known ?? (code < 0x100 ? `\\x${digits.padStart(2, "0")}` : code < 0x10000 ? `\\u${digits.padStart(4, "0")}` : `\\U${digits.padStart(8, "0")}`);
  });
  return quote + body + quote;
}

/**
 * What makes a name look like another one, in words: hidden characters, mixed scripts, look-alikes.
 * @param {string} text
 */
export function oddities(text) {
  /** @type {string[]} */
  const found = [];
  if (PRINTABLE_ASCII.test(text)) return found;
  const signs = [...text];
  if (signs.some((_, at) => isHidden(signs, at))) found.push("with hidden characters");
  const isAddress = new RegExp(`[:.](?!${SPACE})[^]`).test(text);
  const all = lettersOfWords(text);
  const scripts = all.map(scriptsOf);
  const mixed = new Set(scripts.filter(isMixed).map((each) => each.join("\0")));
  for (const each of [...mixed].sort()) found.push(`letters of ${listed(each.split("\0"))} in one word`);
  if (scripts.some((each) => each.includes("MATHEMATICAL"))) found.push("with letters of mathematics");
  if (scripts.some((each) => each.includes("LATIN"))) {
    const isAlike = (/** @type {string[]} */ word) => word.every((letter) => LATIN_LOOKALIKES.has(letter));
    const alike = scripts.filter((_, at) => isAlike(all[at]) && (isAddress || all[at].length > 1));
    // An honest name in another script has words that pass for nothing else; each part of a host stands alone.
    const honest = scripts.filter((_, at) => !isAlike(all[at])).map(String);
    if (alike.length && (isAddress || !honest.includes(String(alike[0])))) {
      found.push(`${listed(alike[0])} letters that look like Latin ones`);
    }
  }
  if (isAddress && URI_LOOKALIKES.test(text)) found.push("with signs that look like those of an address");
  return found;
}

/**
 * @param {readonly string[]} signs
 * @param {number} at
 */
function isHidden(signs, at) {
  const sign = signs[at];
  if (sign >= " " && sign <= "~") return false;
  if (JOINER.test(sign)) return !(at > 0 && at < signs.length - 1 && JOINING.test(signs[at - 1]) && JOINING.test(signs[at + 1]));
  return HIDDEN.test(sign);
}

/**
 * The letters of each word; marks, digits and what is hidden part no word.
 * @param {string} text
 */
function lettersOfWords(text) {
  const parted = text.replace(/[^\p{L}\p{M}\p{N}\p{C}]/gu, " ").split(" ");
  return parted.map((word) => word.match(/\p{L}/gu) ?? []).filter((word) => word.length);
}

/** @param {readonly string[]} word */
function scriptsOf(word) {
  const found = new Set(word.filter((letter) => !NO_SCRIPT.test(letter)).map(scriptOf));
  return [...found].sort();
}

/** @param {string} letter */
function scriptOf(letter) {
  return (RANGES.find(([, range]) => range.test(letter)) ?? SCRIPTS.find(([, script]) => script.test(letter)) ?? ["UNNAMED"])[0];
}

/** @param {readonly string[]} scripts */
function isMixed(scripts) {
  const foreign = scripts.filter((each) => !EAST_ASIAN.includes(each));
  if (foreign.length < scripts.length) return foreign.some((each) => each !== "LATIN" && each !== "FULLWIDTH") || foreign.length > 1;
  return foreign.length > 1;
}

/** @param {readonly string[]} scripts */
function listed(scripts) {
  const names = scripts.map((each) => each[0] + each.slice(1).toLowerCase());
  return names.length < 3 ? names.join(" and ") : `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
}
