/**
 * What a verdict comes to for a learner (`registry/learning/checking.py`). Nothing is judged here again, and a code that is
 * not known here makes no credential good.
 */

import { deciding, overall } from "../verifier/verdict.js";

/**
 * @typedef {import("../verifier/verdict.js").Verdict} Verdict
 * @typedef {"good" | "expired" | "not yet valid" | "revoked" | "suspended" | "not valid" | "unchecked"} Fate
 * @typedef {"yes" | "no" | "unknown" | "not asked"} Accredited
 */

/** @type {Record<string, Fate>} */
const FATES = {
  revoked: "revoked",
  voided: "revoked",
  "listed-revoked": "revoked",
  suspended: "suspended",
  "listed-suspended": "suspended",
  expired: "expired",
  "not-yet-valid": "not yet valid",
};
/** @type {readonly Fate[]} */
const GRAVEST_FIRST = ["not valid", "revoked", "suspended", "expired", "not yet valid"];
/** @type {Record<string, Accredited>} */
const ACCREDITED = { accredited: "yes", "accredited-since": "yes", "accredited-then": "no", "no-accreditation-on-record": "no" };

/**
 * The gravest of what its failed checks say: one that was changed *and* has expired is not valid.
 * @param {Verdict} verdict
 * @returns {Fate}
 */
export function fateOf(verdict) {
  const comes = overall(verdict.checks);
  if (comes === "could not be checked") return "unchecked";
  if (comes !== "not valid") return "good";
  const found = new Set(deciding(verdict).map(({ code }) => (Object.hasOwn(FATES, code) ? FATES[code] : "not valid")));
  return /** @type {Fate} */ (GRAVEST_FIRST.find((fate) => found.has(fate)));
}

/**
 * What its check of the accreditation found, where whom the page trusts asked for one.
 * @param {Verdict} verdict
 * @returns {Accredited}
 */
export function accreditedOf({ checks }) {
  const check = checks.find(({ name }) => name === "accreditation");
  return !check ? "not asked" : Object.hasOwn(ACCREDITED, check.code) ? ACCREDITED[check.code] : "unknown";
}
