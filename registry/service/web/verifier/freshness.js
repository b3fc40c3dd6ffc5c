/**
 * How old the newest block of a chain may be before what was read from it is doubted (`registry/verify/freshness.py`).
 *
 * Times are seconds since 1970.
 */

/**
 * @typedef {object} HeadAge
 * @property {"fresh" | "late" | "stale"} freshness what it allows: everything, a warning, or no negative answer.
 * @property {string} code
 * @property {string} text
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
const UNITS = [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]];
const TOO_OLD =
  "Ask the issuer or its lookup service for a receipt with newer evidence, or verify with an endpoint of the chain.";
const OLD =
  "The node behind this endpoint may have stopped following its chain, and what happened since is not known here. Use another endpoint, or try again later.";
const AHEAD =
  "The clock of this machine is behind, or the endpoint is wrong about its blocks: how old they are is not known. Set the clock, or use another endpoint.";

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
  const told = `The newest block is ${duration(Math.abs(age))} ${age >= 0 ? "old." : "ahead of the clock."}`;
  if (chain === PRACTICE_CHAIN || !lateSeconds) return { freshness: "fresh", code: "head-fresh", text: told };
  const late = Math.max(lateSeconds, Math.min(PACE_MULTIPLE * (paceSeconds ?? 0), LONGEST_LATE_SECONDS));
  const stale = late * STALE_MULTIPLE;
  // Against a clock that is wrong by more than what makes a block stale, no age can be told.
  if (age < -AHEAD_SECONDS) return { freshness: -age > stale ? "stale" : "late", code: "head-ahead", text: `${told} ${AHEAD}` };
  if (age <= late) return { freshness: "fresh", code: "head-fresh", text: told };
  if (age <= stale) return { freshness: "late", code: "head-late", text: `${told} ${OLD}` };
  return { freshness: "stale", code: "head-stale", text: `${told} ${OLD}` };
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
    return { freshness: "stale", code: "head-ahead", text: `The block is ${duration(-age)} ahead of the clock. ${AHEAD}` };
  }
  const told = `The evidence is ${duration(Math.max(age, 0))} old, and what was said since is not in it.`;
  if (age <= mostDays * 86_400) return { freshness: "late", code: "status-then", text: told };
  return { freshness: "stale", code: "status-old", text: `${told} More than ${mostDays} day${mostDays === 1 ? "" : "s"} is older than this verifier allows (setting evidence_days). ${TOO_OLD}` };
}

/**
 * A duration in words, in its largest whole unit, rounded down.
 * @param {number} seconds
 */
function duration(seconds) {
  const [unit, size] = UNITS.find(([, least]) => seconds >= least) ?? UNITS[3];
  const count = Math.floor(seconds / size);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
