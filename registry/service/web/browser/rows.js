/**
 * Verdicts as lines of a table: the columns and cells of `registry/verify/rows.py`.
 */

import { english } from "../verifier/language.js";
import { checkOf, deciding, overall } from "../verifier/verdict.js";
import { strip } from "../verifier/text.js";
import { writeTimestamp } from "../verifier/timestamps.js";

/** @typedef {import("../verifier/verdict.js").Verdict} Verdict */

const COLUMNS = ["name", "overall", "codes", "issuer", "anchored_at", "text"];
// What a spreadsheet takes for the beginning of a formula.
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;
// Where numbers have a decimal comma, spreadsheets part cells by semicolons, which no quotes of ours are around.
const LATER_FORMULA = /(?<=[;\t\r\n])(?=[ "]*[=+\-@＝＋－＠])/g;

/**
 * A table for spreadsheets (RFC 4180), in which no cell of a stranger becomes a formula.
 * @param {readonly Verdict[]} verdicts
 */
export function csvOf(verdicts) {
  return [COLUMNS, ...verdicts.map(cellsOf)].map((cells) => `${cells.map(cell).join(",")}\r\n`).join("");
}

/**
 * @param {Verdict} verdict
 * @returns {string[]}
 */
function cellsOf(verdict) {
  const { name, issuer, anchoredAt } = verdict;
  /** @type {Map<string, string>} */
  const told = new Map();
  for (const { code, said } of deciding(verdict)) if (!told.has(code)) told.set(code, english.text(said));
  return [
    name,
    overall(verdict.checks),
    [...told.keys()].join(" "),
    issuer === null ? "" : String(issuer),
    anchoredAt === null ? "" : writeTimestamp(anchoredAt),
    [...told.values()].join(" ") || english.text(checkOf(verdict, "anchor").said),
  ];
}

/** @param {string} text */
function cell(text) {
  const shown = text.replace(LATER_FORMULA, "'");
  const safe = FORMULA.test(text) || FORMULA.test(strip(text)) ? `'${shown}` : shown;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
