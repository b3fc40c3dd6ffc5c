/**
 * The dates a credential states, against the moment of verification.
 */

import { missed } from "./integrity.js";
import { listed, say } from "./language.js";
import { FROM, UNTIL, statedDates } from "./moments.js";
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
    return warn("dates-unread", say("dates.notAtHand"));
  }
  const moment = BigInt(now.getTime()) * 1000n;
  // Claims of a token (RFC 7519 section 4.1) say the same in their own words.
  const starts = stated(reading, FROM, "nbf");
  const ends = stated(reading, UNTIL, "exp");
  for (const each of ends) if (each.span && each.span.latest <= moment) return fail("expired", placed("dates.expired", "dates.expiredAt", each, each.span.latest));
  for (const each of starts) {
    if (each.span && each.span.earliest > moment) return fail("not-yet-valid", placed("dates.notYet", "dates.notYetAt", each, each.span.earliest));
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
    return unknown("dates-unread", say("dates.noSingleReading", { what: missed(reading) }));
  }
  const perhapsPast = ends.filter(({ span }) => !span || span.earliest <= now);
  if (perhapsPast.length) {
    return unknown("date-unclear", say("dates.perhapsPast", { names: told(perhapsPast) }));
  }
  // A day without a time zone leaves hours in doubt; of what is no date nobody knows whether it has come.
  const perhapsToCome = starts.filter(({ span }) => !span);
  if (perhapsToCome.length) {
    return unknown("date-unclear", say("dates.perhapsToCome", { names: told(perhapsToCome) }));
  }
  if (reading.unread.length) {
    return warn("dates-unread", say("dates.partsUnread", { what: missed(reading) }));
  }
  const open = [...starts, ...ends].filter(({ span }) => !span?.isClear);
  if (open.length) {
    return warn("date-unclear", say("dates.unclear", { names: told(open) }));
  }
  return null;
}

/**
 * @param {Reading} reading
 * @param {Stated[]} starts
 * @param {Stated[]} ends
 */
function within({ parts }, starts, ends) {
  if (!starts.length && !ends.length) return pass("no-dates", say("dates.none"));
  const earliest = (/** @type {Stated[]} */ all) => all.flatMap(({ span }) => (span ? [span.earliest] : [])).sort((a, b) => (a < b ? -1 : 1));
  const [last] = earliest(ends);
  const first = earliest(starts).pop();
  const several = parts.length > 1 ? [say("dates.allParts", { count: parts.length })] : [];
  return pass("within-dates", span(first, last), ...several);
}

/**
 * @param {bigint | undefined} first
 * @param {bigint | undefined} last
 */
function span(first, last) {
  if (first === undefined) return last === undefined ? say("dates.always") : say("dates.until", { until: secondsOf(last) });
  return last === undefined ? say("dates.since", { since: secondsOf(first) }) : say("dates.between", { since: secondsOf(first), until: secondsOf(last) });
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

/**
 * Whole seconds since 1970, as texts have moments.
 * @param {bigint} moment microseconds.
 */
export function secondsOf(moment) {
  // A remainder has the sign of the number: before 1970 it is what is missing to the next second.
  const second = 1_000_000n;
  return Number((moment - (((moment % second) + second) % second)) / second);
}

/**
 * With where the date is, when it is not in the document itself.
 * @param {string} key
 * @param {string} keyInside
 * @param {Stated} stated
 * @param {bigint} moment
 */
function placed(key, keyInside, { name }, moment) {
  return name.includes(", ") ? say(keyInside, { when: secondsOf(moment), place: name }) : say(key, { when: secondsOf(moment) });
}

/** @param {Stated[]} all */
function told(all) {
  const names = [...new Set(all.map(({ name }) => name))];
  const items = listed(names.slice(0, MOST_TOLD));
  return names.length > MOST_TOLD ? say("list.more", { items, count: names.length - MOST_TOLD }) : items;
}
