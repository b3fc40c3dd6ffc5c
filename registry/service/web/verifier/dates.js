/**
 * The dates a credential states, against the moment of verification.
 */

import { missed } from "./integrity.js";
import { FROM, UNTIL, statedDates } from "./moments.js";
import { writeTimestamp } from "./timestamps.js";
import { making } from "./verdict.js";

/**
 * @typedef {import("./moments.js").Stated} Stated
 * @typedef {import("./reading.js").Reading} Reading
 * @typedef {import("./verdict.js").Check} Check
 */

const { pass, fail, warn, unknown } = making("dates");
const MOST_TOLD = 6;

/**
 * Whether all that the document holds is in force by its own dates; the end is not part of it.
 * @param {Reading | null} reading
 * @param {Date} now
 * @returns {Check}
 */
export function checkDates(reading, now) {
  if (!reading || !reading.isAtHand) {
    return warn("dates-unread", "The document was not read, so neither were dates that it may state. Check them in the document.");
  }
  const moment = BigInt(now.getTime()) * 1000n;
  // Claims of a token (RFC 7519 section 4.1) say the same in their own words.
  const starts = stated(reading, FROM, "nbf");
  const ends = stated(reading, UNTIL, "exp");
  for (const each of ends) if (each.span && each.span.latest <= moment) return fail("expired", `It expired on ${when(each.span.latest)}${placeOf(each)}.`);
  for (const each of starts) {
    if (each.span && each.span.earliest > moment) return fail("not-yet-valid", `It is valid only from ${when(each.span.earliest)}${placeOf(each)}.`);
  }
  return unclear(reading, starts, ends, moment) ?? within(reading, starts, ends);
}

/**
 * The check where something is not clear, the worst first.
 * @param {Reading} reading
 * @param {Stated[]} starts
 * @param {Stated[]} ends
 * @param {bigint} now
 */
function unclear(reading, starts, ends, now) {
  if (reading.unread.some(({ isStatement }) => isStatement)) {
    return unknown(
      "dates-unread",
      `What it states has no single reading (${missed(reading)}), so neither have its dates. Ask for the credential as the issuer made it.`,
    );
  }
  const perhapsPast = ends.filter(({ span }) => !span || span.earliest <= now);
  if (perhapsPast.length) {
    return unknown("date-unclear", `It may have expired: ${told(perhapsPast)} is not a date and time that has one meaning. Ask the issuer until when it is valid.`);
  }
  // A day without a time zone leaves hours in doubt; of what is no date nobody knows whether it has come.
  const perhapsToCome = starts.filter(({ span }) => !span);
  if (perhapsToCome.length) {
    return unknown("date-unclear", `It may not be valid yet: ${told(perhapsToCome)} is not a date that can be read. Ask the issuer from when it is valid.`);
  }
  if (reading.unread.length) {
    return warn("dates-unread", `Not all of it was read (${missed(reading)}), so neither were dates in there. Check them in the document.`);
  }
  const open = [...starts, ...ends].filter(({ span }) => !span?.isClear);
  if (open.length) {
    return warn("date-unclear", `Not a date and time with a time zone, so readers may differ: ${told(open)}. Check the dates in the document.`);
  }
  return null;
}

/**
 * @param {Reading} reading
 * @param {Stated[]} starts
 * @param {Stated[]} ends
 */
function within({ parts }, starts, ends) {
  if (!starts.length && !ends.length) return pass("no-dates", "It states no dates that a program can read.");
  const earliest = (/** @type {Stated[]} */ all) => all.flatMap(({ span }) => (span ? [span.earliest] : [])).sort((a, b) => (a < b ? -1 : 1));
  const [last] = earliest(ends);
  const first = earliest(starts).pop();
  const since = first === undefined ? "from any time" : `from ${when(first)}`;
  const until = last === undefined ? "without an end" : `until ${when(last)}`;
  const several = parts.length > 1 ? ` The dates of all ${parts.length} parts of it were read.` : "";
  return pass("within-dates", `It is valid ${since} ${until}.${several}`);
}

/**
 * @param {Reading} reading
 * @param {readonly string[]} names
 * @param {string} ofToken
 * @returns {Stated[]}
 */
function stated({ parts }, names, ofToken) {
  return parts.flatMap(({ where, members, isToken }) =>
    statedDates(members, isToken ? [...names, ofToken] : names).map(({ name, span }) => ({ name: where ? `${where}, ${name}` : name, span })),
  );
}

/** @param {bigint} moment */
function when(moment) {
  // A remainder has the sign of the number: before 1970 it is what is missing to the next second.
  const second = 1_000_000n;
  return writeTimestamp(Number((moment - (((moment % second) + second) % second)) / second));
}

/**
 * Where the date is, when it is not in the document itself.
 * @param {Stated} stated
 */
function placeOf({ name }) {
  return name.includes(", ") ? ` (${name})` : "";
}

/** @param {Stated[]} all */
function told(all) {
  const names = [...new Set(all.map(({ name }) => name))];
  return names.slice(0, MOST_TOLD).join(", ") + (names.length > MOST_TOLD ? ` and ${names.length - MOST_TOLD} more` : "");
}
