/**
 * Times as receipts and verdicts write them: UTC, whole seconds, RFC 3339 with Z.
 */

/** 9999-12-31T23:59:59Z, in seconds since 1970: the last that such a text can say. */
export const LATEST = 253_402_300_799;

/**
 * `2026-01-01T00:00:00Z`; fractions of a second are cut off.
 * @param {number} seconds since 1970.
 */
export function writeTimestamp(seconds) {
  const text = new Date(Math.floor(seconds) * 1000).toISOString();
  return `${text.slice(0, 19)}Z`;
}

/**
 * The seconds since 1970 that `writeTimestamp` wrote.
 * @param {string} text
 * @returns {number | string} why it is none, where it is none.
 */
export function readTimestamp(text) {
  const parts = /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z$/.exec(text);
  if (!parts) return "a time is written as 2026-01-01T00:00:00Z";
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number);
  if (!year) return "year 0 is out of range";
  if (month < 1 || month > 12) return "month must be in 1..12";
  if (day < 1 || day > daysIn(year, month)) return "day is out of range for month";
  if (hour > 23) return "hour must be in 0..23";
  if (minute > 59) return "minute must be in 0..59";
  if (second > 59) return "second must be in 0..59";
  return midnight(year, month, day) / 1000 + hour * 3600 + minute * 60 + second;
}

/**
 * Milliseconds since 1970 at which a day begins.
 * @param {number} year
 * @param {number} month from 1.
 * @param {number} day
 */
export function midnight(year, month, day) {
  // Date.UTC takes the years before 100 for those of the twentieth century.
  return new Date(0).setUTCFullYear(year, month - 1, day);
}

/**
 * @param {number} year
 * @param {number} month from 1.
 */
export function daysIn(year, month) {
  return new Date(midnight(year, month + 1, 0)).getUTCDate();
}
