/**
 * Whether an issuer was accredited for a scope at a time, along a path from a body that the verifier trusts
 * (`registry/recognition/path.py`).
 */

import { reach, stateAt } from "./ledger.js";
import { covers } from "./scope.js";
import { ended, noAgreement, notAccredited, notCovered, notYet, wasNow, wasThen, widened } from "./standingwords.js";

/**
 * @typedef {import("./ledger.js").Accreditation} Accreditation
 * @typedef {import("./ledger.js").Ledger} Ledger
 * @typedef {import("./scope.js").Scope} Scope
 * @typedef {import("./language.js").Said} Said
 * @typedef {"both" | "as-known-now" | "as-known-then"} Record by which record a link has to be active.
 *
 * @typedef {object} Path the links from a trusted body to the issuer, all of them active at the time.
 * @property {readonly Accreditation[]} links 1 to 5; the first may be a recognition, the last accredits the issuer to issue.
 * @property {Scope} scope the one that was asked for.
 * @property {Record} record
 *
 * @typedef {object} Missing
 * @property {number} count how many links are missing on the path that lacks the fewest.
 * @property {readonly Said[]} said of the one nearest to the issuer.
 *
 * @typedef {object} Question
 * @property {Ledger} ledger
 * @property {number} issuer
 * @property {Scope} scope
 * @property {number} moment
 * @property {ReadonlyMap<number, string>} trusted bodies.
 * @property {Record} record
 * @property {import("./standingwords.js").Programmes} programmes
 *
 * @typedef {object} Way links that lead to the issuer, with how many things are wrong with them.
 * @property {number} faults
 * @property {readonly number[]} ids
 */

const LONGEST_PATH = 5;

/**
 * The shortest path by which the issuer was accredited for the scope at that moment, or the nearest missing link. Of the
 * shortest ones it is that with the lowest numbers, from the trusted body on.
 * @param {Question} question
 * @returns {Path | Missing}
 */
export function findPath(question) {
  const { ledger, issuer, scope, trusted, record } = question;
  const ways = [...waysTo(question)];
  const first = (/** @type {Way} */ { ids }) => ledger.link(ids[0]).body;
  const whole = ways.filter((way) => trusted.has(first(way)));
  for (const way of ways.filter(({ ids }) => ids.length < LONGEST_PATH)) {
    for (const link of ledger.heldBy(first(way))) {
      if (link.kind === "recognise" && trusted.has(link.body)) whole.push(longer(way, link, faultOf(link, question) ? 1 : 0));
    }
  }
  const best = whole.length ? whole.reduce(better) : null;
  if (best && !best.faults) return { links: best.ids.map((id) => ledger.link(id)), scope, record };
  if (!ways.length) {
    return { count: 1, said: notAccredited(issuer, ledger.heldBy(issuer).some(({ kind }) => kind === "accredit-to-accredit")) };
  }
  const nearest = ways.reduce(better);
  if (!best || best.faults > nearest.faults + 1) return { count: nearest.faults + 1, said: noAgreement(first(nearest), issuer) };
  const links = best.ids.map((id) => ledger.link(id));
  return { count: best.faults, said: firstFault(links, question) };
}

/**
 * For each length and each link, the best way of that length from the link to the issuer. Links with faults are followed,
 * too: with few of them there is a nearest missing link. Of bodies out of reach only the issuer's own are looked at.
 * @param {Question} question
 * @returns {Generator<Way>}
 */
function* waysTo(question) {
  const { ledger, issuer, trusted } = question;
  const reached = reach(trusted.keys(), ledger.accreditations);
  /** @type {Map<number, Way>} */
  let layer = new Map();
  for (const link of ledger.heldBy(issuer)) {
    if (link.kind === "accredit-to-issue") layer.set(link.id, longer({ faults: 0, ids: [] }, link, faultOf(link, question) ? 1 : 0));
  }
  for (let length = 1; length <= LONGEST_PATH; length++) {
    yield* layer.values();
    /** @type {typeof layer} */
    const next = new Map();
    for (const [number, way] of layer) {
      const inner = ledger.link(number);
      for (const outer of ledger.heldBy(inner.body)) {
        if (outer.kind !== "accredit-to-accredit" || !reached.has(outer.body)) continue;
        const candidate = longer(way, outer, (faultOf(outer, question) ? 1 : 0) + (covers(outer.scope, inner.scope) ? 0 : 1));
        next.set(outer.id, better(candidate, next.get(outer.id) ?? candidate));
      }
    }
    layer = next;
  }
}

/**
 * What is wrong with a path first, from the issuer up.
 * @param {readonly Accreditation[]} links
 * @param {Question} question
 */
function firstFault(links, question) {
  for (let at = links.length - 1; at >= 0; at--) {
    const link = links[at];
    const outer = links[at - 1];
    const fault = faultOf(link, question);
    if (fault) return fault;
    if (outer && outer.kind !== "recognise" && !covers(outer.scope, link.scope)) return widened(link, outer.scope, question.programmes);
  }
  throw new TypeError("nothing is wrong with the path");
}

/**
 * What is wrong with a link by itself; null where it counts.
 * @param {Accreditation} link
 * @param {Question} question
 */
function faultOf(link, { scope, moment, record, programmes }) {
  if (!covers(link.scope, scope)) return notCovered(scope, link, programmes);
  if (moment < link.validFrom) return notYet(link, moment);
  if (link.validUntil !== null && moment >= link.validUntil) return ended(link, moment, link.validUntil);
  const { asKnownNow, asKnownThen } = stateAt(link, moment);
  if (record !== "as-known-then" && asKnownNow !== "active") return wasNow(link, moment, asKnownNow);
  if (record !== "as-known-now" && asKnownThen !== "active") return wasThen(link, moment, asKnownThen);
  return null;
}

/**
 * @param {Way} way
 * @param {Accreditation} link before it.
 * @param {number} wrong how many things are wrong with that.
 * @returns {Way}
 */
function longer({ faults, ids }, { id }, wrong) {
  return { faults: faults + wrong, ids: [id, ...ids] };
}

/**
 * The one with fewer faults, or that is shorter, or has the lower numbers.
 * @param {Way} one
 * @param {Way} other
 */
function better(one, other) {
  const [left, right] = [one, other].map(({ faults, ids }) => [faults, ids.length, ...ids]);
  const at = left.findIndex((part, place) => part !== right[place]);
  return at >= 0 && left[at] > right[at] ? other : one;
}
