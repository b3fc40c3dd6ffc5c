/**
 * How old the newest block of a chain may be before what was read from it is doubted (`registry/verify/freshness.py`).
 *
 * Times are seconds since 1970.
 */

import { say } from "./language.js";

/**
 * @typedef {object} HeadAge
 * @property {"fresh" | "late" | "stale"} freshness what it allows: everything, a warning, or no negative answer.
 * @property {string} code
 * @property {readonly import("./language.js").Said[]} said the age, and unless it is fresh what that means and what to do.
 */

/** Every data folder has a chain of its own under this name, which makes blocks on demand. */
const PRACTICE_CHAIN = "eip155:1414747213";
export const DEFAULT_LATE_SECONDS = 600;
export const DEFAULT_EVIDENCE_DAYS = 31;
const PACE_MULTIPLE = 10;
const STALE_MULTIPLE = 6;
const LONGEST_LATE_SECONDS = 86_400;
const AHEAD_SECONDS = 60;
/** How many blocks back to look for the pace. */
export const PACE_SAMPLE = 100;
/** @type {readonly (readonly [string, number])[]} */
const UNITS = [["duration.day", 86_400], ["duration.hour", 3600], ["duration.minute", 60], ["duration.second", 1]];

/**
 * Judge the newest block of a chain.
 * @param {number} blockTime
 * @param {number} now by the clock of whoever reads.
 * @param {{chain: string, lateSeconds?: number, paceSeconds?: number | null}} more the pace, mean seconds a block, where
 *   it is known; `lateSeconds` 0 where the age says nothing.
 * @returns {HeadAge}
 */
export function headAge(blockTime, now, { chain, lateSeconds = DEFAULT_LATE_SECONDS, paceSeconds = null }) {
  const age = now - blockTime;
  const told = say(age >= 0 ? "age.old" : "age.ahead", { duration: duration(Math.abs(age)) });
  if (chain === PRACTICE_CHAIN || !lateSeconds) return aged("fresh", "head-fresh", told);
  const late = Math.max(lateSeconds, Math.min(PACE_MULTIPLE * (paceSeconds ?? 0), LONGEST_LATE_SECONDS));
  const stale = late * STALE_MULTIPLE;
  // Against a clock that is wrong by more than what makes a block stale, no age can be told.
  if (age < -AHEAD_SECONDS) return aged(-age > stale ? "stale" : "late", "head-ahead", told, say("age.clock"));
  if (age <= late) return aged("fresh", "head-fresh", told);
  return age <= stale ? aged("late", "head-late", told, say("age.stalled")) : aged("stale", "head-stale", told, say("age.stalled"));
}

/**
 * Mean seconds a block between two of them that are so many apart; null when that says nothing.
 * @param {number} newer
 * @param {number} older
 * @param {number} blocks
 */
export function pace(newer, older, blocks) {
  return newer > older && blocks > 0 ? (newer - older) / blocks : null;
}

/**
 * Judge the block of evidence that was brought along: it is never the newest one.
 * @param {number} blockTime
 * @param {number} now
 * @param {number} [mostDays] older evidence says nothing of what holds now.
 * @returns {HeadAge}
 */
export function evidenceAge(blockTime, now, mostDays = DEFAULT_EVIDENCE_DAYS) {
  const age = now - blockTime;
  if (age < -AHEAD_SECONDS) {
    return aged("stale", "head-ahead", say("age.evidenceAhead", { duration: duration(-age) }), say("age.clock"));
  }
  const told = say("age.evidence", { duration: duration(Math.max(age, 0)) });
  if (age <= mostDays * 86_400) return aged("late", "status-then", told);
  return aged("stale", "status-old", told, say("age.tooOld", { days: mostDays }), say("age.askNewer"));
}

/**
 * @param {HeadAge["freshness"]} freshness
 * @param {string} code
 * @param {import("./language.js").Said[]} said
 * @returns {HeadAge}
 */
function aged(freshness, code, ...said) {
  return { freshness, code, said };
}

/**
 * A duration in words, in its largest whole unit, rounded down.
 * @param {number} seconds
 */
function duration(seconds) {
  const [key, size] = UNITS.find(([, least]) => seconds >= least) ?? UNITS[3];
  return say(key, { count: Math.floor(seconds / size) });
}
