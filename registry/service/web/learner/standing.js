/**
 * How near an item is to counting: ranks, of which an unknown one is a pair of bounds
 * (`registry/learning/pathways/standing.py`).
 */

import { PERHAPS } from "./matching.js";

/**
 * @typedef {import("./fates.js").Fate} Fate
 * @typedef {import("./openbadges.js").Achieved} Achieved
 * @typedef {readonly [best: number, worst: number]} Bounds
 * @typedef {[Bounds, string | null]} Standing what it comes to, and what hinders it most.
 *
 * @typedef {object} Held an item of a learner, with what its verdict comes to.
 * @property {number} position
 * @property {string} digest 64 digits by which it is anchored; "" for none.
 * @property {string} identifier
 * @property {string} issuerId
 * @property {boolean} issuerConfirmed whether that is an identifier of the party that anchored it.
 * @property {bigint | null} validFrom microseconds since 1970.
 * @property {readonly Achieved[]} achieved
 * @property {readonly string[]} wholes
 * @property {Fate} fate
 * @property {import("./fates.js").Accredited} accredited
 * @property {number | null} issuer number of the party.
 * @property {number | null} anchoredAt seconds since 1970.
 */

/** What stands between a requirement and being done; a higher one hinders more. */
export const RANK = { done: 0, awaiting: 1, expired: 2, notAccredited: 3, open: 4 };
/** @type {Bounds} */
export const DONE = [RANK.done, RANK.done];
/** @type {Bounds} */
export const OPEN = [RANK.open, RANK.open];

/** @type {Partial<Record<Fate, Bounds>>} */
const FATES = { good: DONE, expired: [RANK.expired, RANK.expired], unchecked: [RANK.done, RANK.open] };
/** @type {readonly Fate[]} */
const GRAVEST_LAST = ["expired", "not yet valid", "suspended", "revoked", "not valid"];
/** @type {Record<import("./fates.js").Accredited, Standing>} */
const ACCREDITED = {
  yes: [DONE, null],
  no: [[RANK.notAccredited, RANK.notAccredited], "not accredited"],
  unknown: [[RANK.done, RANK.notAccredited], "accreditation unknown"],
  "not asked": [[RANK.done, RANK.notAccredited], "accreditation not asked"],
};
/** @type {Standing} */
const OLD = [[RANK.expired, RANK.expired], "too old"];
/** @type {Standing} */
const OF_NO_AGE = [[RANK.done, RANK.expired], "age unknown"];

/**
 * Whether there is one rank that it comes to.
 * @param {Bounds} bounds
 */
export function isKnown([best, worst]) {
  return best === worst;
}

/**
 * By digest, the gravest fate of its copies, where one of them is known to be no good: then none of them is. That one copy is
 * good says nothing of another.
 * @param {readonly Held[]} items
 */
export function graveFates(items) {
  /** @type {Map<string, Fate>} */
  const found = new Map();
  for (const { digest, fate } of items) {
    const other = found.get(digest);
    if (digest && GRAVEST_LAST.includes(fate) && (!other || GRAVEST_LAST.indexOf(fate) > GRAVEST_LAST.indexOf(other))) found.set(digest, fate);
  }
  return found;
}

/**
 * What an item that is, or perhaps is, what was asked for comes to, and what hinders it most.
 * @param {Held} item
 * @param {Fate} fate of all copies of it.
 * @param {number} match
 * @param {{accredited: boolean, since: bigint | null}} asked whether its issuer has to be accredited; from when on it has to be,
 *   in microseconds since 1970.
 * @returns {Standing}
 */
export function standing(item, fate, match, { accredited, since }) {
  let [best, worst] = FATES[fate] ?? OPEN;
  /** @type {string | null} */
  let reason = fate === "good" ? null : fate;
  for (const found of [accredited ? ACCREDITED[item.accredited] : null, since === null ? null : ageOf(item, since)]) {
    if (!found) continue;
    const [[low, high], why] = found;
    if (high > worst || reason === null) reason = why;
    [best, worst] = [Math.max(best, low), Math.max(worst, high)];
  }
  return match === PERHAPS && worst < RANK.open ? [[best, RANK.open], "perhaps another"] : [[best, worst], reason];
}

/**
 * @param {Held} item
 * @param {bigint} since
 */
function ageOf({ anchoredAt, validFrom }, since) {
  if ((validFrom !== null && validFrom < since) || (anchoredAt !== null && BigInt(anchoredAt) * 1_000_000n < since)) return OLD;
  return anchoredAt === null ? OF_NO_AGE : null;
}

/**
 * All of several, at least one.
 * @param {readonly Bounds[]} parts
 * @returns {Bounds}
 */
export function allOf(parts) {
  return [Math.max(...parts.map(([best]) => best)), Math.max(...parts.map(([, worst]) => worst))];
}

/**
 * Any one of several; open where there is none.
 * @param {readonly Bounds[]} parts
 * @returns {Bounds}
 */
export function anyOf(parts) {
  return [Math.min(RANK.open, ...parts.map(([best]) => best)), Math.min(RANK.open, ...parts.map(([, worst]) => worst))];
}

/**
 * So many of several; open where there are fewer.
 * @param {number} number
 * @param {readonly Bounds[]} parts
 * @returns {Bounds}
 */
export function atLeast(number, parts) {
  if (number > parts.length) return OPEN;
  const nth = (/** @type {0 | 1} */ end) => parts.map((each) => each[end]).sort()[number - 1];
  return [nth(0), nth(1)];
}

/**
 * The same day and time so many months earlier, or the last day of that month where it has no such day; in microseconds since
 * 1970, and not before the year 1.
 * @param {Date} moment
 * @param {number} months
 */
export function monthsBefore(moment, months) {
  const count = moment.getUTCFullYear() * 12 + moment.getUTCMonth() - months;
  const [year, month] = [Math.floor(count / 12), ((count % 12) + 12) % 12];
  const before = new Date(0);
  if (year < 1) before.setUTCFullYear(1, 0, 1);
  else {
    before.setUTCFullYear(year, month + 1, 0);
    before.setUTCFullYear(year, month, Math.min(moment.getUTCDate(), before.getUTCDate()));
    before.setUTCHours(moment.getUTCHours(), moment.getUTCMinutes(), moment.getUTCSeconds(), moment.getUTCMilliseconds());
  }
  return BigInt(before.getTime()) * 1_000n;
}
