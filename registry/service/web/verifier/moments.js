/**
 * Dates and times as credentials state them: what a stated value may mean, in every reading of it.
 *
 * Moments are microseconds since 1970, of the years 1 to 9999.
 */

import { Members, Real } from "./strictjson.js";
import { SPACE, strip } from "./text.js";
import { daysIn, midnight } from "./timestamps.js";

/**
 * @typedef {import("./strictjson.js").Value} Value
 *
 * @typedef {object} Span the moments that a stated date may mean.
 * @property {bigint} earliest
 * @property {bigint} latest
 * @property {boolean} isClear whether every reader takes it for the same moment.
 *
 * @typedef {{name: string, span: Span | null}} Stated a date that a document states; null when that is no date.
 */

export const FROM = ["validFrom", "issuanceDate", "issuedOn", "issued", "validSince"];
export const UNTIL = ["validUntil", "expirationDate", "expires", "expiryDate", "expiry_date", "date_of_expiry"];

const SECOND = 1_000_000n;
const HOUR = 3600n * SECOND;
const DAY = 24n * HOUR;
// Clocks of the world are from 12 hours behind UTC to 14 hours ahead of it.
const BEHIND = 12n * HOUR;
const AHEAD = 14n * HOUR;
const EARLIEST = -62_135_596_800n * SECOND;
const LATEST = 253_402_300_800n * SECOND - 1n;
const LONGEST = 80;
const MOST_VALUES = 64;
const ZONE = "(?<zone>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)";
const FORMS = [
  new RegExp(
    "^(?<year>[0-9]{4})(?<dash>[-/.]?)(?<month>[0-9]{2})\\k<dash>(?<day>[0-9]{2})" +
      `(?:[Tt ]${SPACE}*(?<hour>[0-9]{2}):?(?<minute>[0-9]{2})(?::?(?<second>[0-9]{2})(?<fraction>[.,][0-9]{1,30})?)?${SPACE}*${ZONE}?)?$`,
  ),
  /^(?<year>[0-9]{4})(?:[-/](?<month>[0-9]{2}))?$/,
];
const DAY_FIRST_OR_MONTH_FIRST = /^([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})$/;
const NUMBER = /^[0-9]{9,16}(?:\.[0-9]{1,9})?$/;
// 10**11 seconds are in the year 5138, 10**11 milliseconds in 1973: no credential means the other unit.
const MILLISECONDS_FROM = 1e11;

/**
 * The dates that a document states in members of these names; those that are null are not stated.
 * @param {Members} members
 * @param {readonly string[]} names
 * @returns {Stated[]}
 */
export function statedDates(members, names) {
  return names.flatMap((name) => statedSpans(members.get(name)).map((span) => ({ name, span })));
}

/**
 * What a member that should state one moment may mean; null for each value that is no date.
 * @param {Value | undefined} value
 * @returns {(Span | null)[]}
 */
function statedSpans(value) {
  if (value === "" || (Array.isArray(value) && !value.length)) return [null];
  const pending = [value];
  /** @type {(Span | null)[]} */
  const found = [];
  for (let read = 0; read < MOST_VALUES && pending.length; read++) {
    const item = pending.pop();
    if (Array.isArray(item)) for (const each of item) pending.push(each);
    else if (item instanceof Members && item.has("@value")) pending.push(item.get("@value"));
    else if (item !== null && item !== undefined) found.push(readMoment(item));
  }
  if (pending.length) found.push(null);
  return found;
}

/**
 * What a text or number means as a date, or null when it is none.
 * @param {Value} value
 * @returns {Span | null}
 */
export function readMoment(value) {
  if (typeof value === "number") return unix(value);
  if (value instanceof Real) return unix(value.value);
  if (typeof value !== "string" || [...value].length > LONGEST) return null;
  const text = strip(value);
  for (const form of FORMS) {
    const parts = form.exec(text)?.groups;
    if (parts) return calendar(parts);
  }
  const days = DAY_FIRST_OR_MONTH_FIRST.exec(text);
  if (days) return either(Number(days[1]), Number(days[2]), Number(days[3]));
  const span = NUMBER.test(text) ? unix(Number(text)) : null;
  return span && { ...span, isClear: false };
}

/**
 * @param {Record<string, string | undefined>} parts
 * @returns {Span | null}
 */
function calendar({ year: ofYear, month, day, hour, minute, second, fraction, zone }) {
  const year = Number(ofYear);
  if (day === undefined) {
    const first = firstOf(year, month === undefined ? 1 : Number(month));
    const after = firstOf(year, month === undefined ? 13 : Number(month) + 1);
    return first === null || after === null ? null : wholeDays(first, after);
  }
  const start = dayOf(year, Number(month), Number(day));
  if (start === null) return null;
  if (hour === undefined) return wholeDays(start, moved(start, DAY));
  const [hours, minutes, seconds] = [hour, minute, second].map((part) => Number(part ?? 0));
  if (hours > 24 || minutes > 59 || seconds > 60 || (hours === 24 && (minutes || seconds))) return null;
  const micro = BigInt((fraction ?? ".").slice(1, 7).padEnd(6, "0"));
  const moment = start + BigInt(hours * 3600 + minutes * 60 + seconds) * SECOND + micro;
  if (moment > LATEST) return null;
  if (zone === undefined) return { earliest: moved(moment, -AHEAD), latest: moved(moment, BEHIND), isClear: false };
  const offset = offsetOf(zone);
  if (offset === null) return null;
  const at = moved(moment, -offset);
  return { earliest: at, latest: at, isClear: true };
}

/** @param {string} zone */
function offsetOf(zone) {
  if (zone === "Z" || zone === "z") return 0n;
  const hours = Number(zone.slice(1, 3));
  const minutes = zone.length > 3 ? Number(zone.slice(-2)) : 0;
  if (hours > 23 || minutes > 59) return null;
  const ahead = BigInt(hours * 60 + minutes) * 60n * SECOND;
  return zone.startsWith("-") ? -ahead : ahead;
}

/**
 * Midnight of a day, or null where there is none.
 * @param {number} year
 * @param {number} month
 * @param {number} day
 */
function dayOf(year, month, day) {
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return null;
  return BigInt(midnight(year, month, day)) * 1000n;
}

/**
 * Midnight of the first day of a month; the thirteenth is the first of the next year.
 * @param {number} year
 * @param {number} month
 */
function firstOf(year, month) {
  if (month === 13) return year === 9999 ? LATEST : dayOf(year + 1, 1, 1);
  return dayOf(year, month, 1);
}

/**
 * Whole days without a zone: from the midnight of the first to that after the last.
 * @param {bigint} first
 * @param {bigint} after
 * @returns {Span}
 */
function wholeDays(first, after) {
  return { earliest: moved(first, -AHEAD), latest: moved(after, BEHIND), isClear: false };
}

/**
 * A date of which nobody knows whether day or month comes first.
 * @param {number} one
 * @param {number} other
 * @param {number} year
 * @returns {Span | null}
 */
function either(one, other, year) {
  const days = [dayOf(year, other, one), dayOf(year, one, other)]
    .filter((start) => start !== null)
    .map((start) => wholeDays(start, moved(start, DAY)))
    .sort((a, b) => (a.earliest < b.earliest ? -1 : 1));
  return days.length ? { earliest: days[0].earliest, latest: days[days.length - 1].latest, isClear: false } : null;
}

/**
 * Seconds since 1970; a number too large for that may be milliseconds, and then nobody knows which.
 * @param {number} number
 * @returns {Span | null}
 */
function unix(number) {
  if (!(Math.abs(number) < 1e17)) return null;
  if (number >= MILLISECONDS_FROM) return { earliest: since1970(number / 1000), latest: LATEST, isClear: false };
  const moment = since1970(number);
  return { earliest: moment, latest: moment, isClear: true };
}

/** @param {number} seconds */
function since1970(seconds) {
  const whole = Math.trunc(seconds);
  const micro = (seconds - whole) * 1e6;
  // Halves go to the even number, as Python rounds them.
  const below = Math.floor(micro);
  const isUp = micro - below > 0.5 || (micro - below === 0.5 && below % 2);
  return clamped(BigInt(whole) * SECOND + BigInt(isUp ? below + 1 : below));
}

/**
 * @param {bigint} moment
 * @param {bigint} by
 */
function moved(moment, by) {
  return clamped(moment + by);
}

/** @param {bigint} moment */
function clamped(moment) {
  return moment < EARLIEST ? EARLIEST : moment > LATEST ? LATEST : moment;
}
