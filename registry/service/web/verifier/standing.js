/**
 * Whether the issuer of a credential was accredited for it when it was anchored, and by whose recognition
 * (`registry/verify/standing.py`).
 */

import { Ledger, reach, stateAt } from "./ledger.js";
import { findPath } from "./path.js";
import { ANYTHING, distinct, narrowed } from "./scope.js";
import { NOT_ANCHORED, asOfBlock, compareByHand, conditions, joint, namesOfProgrammes, noneNeeded, ofOtherChain, readTooEarly, wasAccredited, wasRecognised } from "./standingwords.js";
import { certain, completed, statedScope, unstated } from "./stated.js";
import { say } from "./language.js";
import { making, saidWhy } from "./verdict.js";

/**
 * @typedef {import("./ledger.js").Accreditation} Accreditation
 * @typedef {import("./path.js").Path} Path
 * @typedef {import("./path.js").Record} Record
 * @typedef {import("./policy.js").Policy} Policy
 * @typedef {import("./scope.js").Scope} Scope
 * @typedef {import("./stated.js").Aspect} Aspect
 * @typedef {import("./language.js").Said} Said
 * @typedef {import("./language.js").Sentence} Sentence
 * @typedef {import("./strictjson.js").Members} Members
 * @typedef {import("./verdict.js").ChainFacts} ChainFacts
 * @typedef {import("./verdict.js").Check} Check
 * @typedef {import("./verdict.js").Unavailable} Unavailable
 *
 * @typedef {object} Standing
 * @property {readonly [Check, Check]} checks accreditation and recognition.
 * @property {boolean} holds whether there is a path that holds by all that is recorded now.
 * @property {string} accreditedIn for which country the issuer was accredited, by such a path; "" for anywhere.
 *
 * @typedef {object} Asked
 * @property {number} issuer
 * @property {number} moment of the anchor.
 * @property {Ledger} ledger
 * @property {Policy} policy
 * @property {import("./standingwords.js").Programmes} programmes
 */

/** @type {readonly Record[]} */
const RECORDS = ["both", "as-known-now", "as-known-then"];

/**
 * The two checks.
 * @param {number} issuer
 * @param {ChainFacts | Unavailable} facts
 * @param {readonly Members[]} credentials the members of the credential, or of several that were anchored as one; one scope
 *   has to hold all.
 * @param {Ledger | Unavailable} ledger
 * @param {Policy} policy
 * @returns {Promise<Standing>}
 */
export async function standingOf(issuer, facts, credentials, ledger, policy) {
  if (!("asOf" in facts)) return standingUnknown(facts.code, saidWhy(facts));
  if (!(ledger instanceof Ledger)) return standingUnknown(ledger.code, saidWhy(ledger));
  const { batch, chain, headAge } = facts;
  if (!batch) return standingUnknown("no-anchor-time", [NOT_ANCHORED]);
  // What was withdrawn or declared void since is not known.
  if (headAge?.freshness === "stale") return standingUnknown(headAge.code, headAge.said);
  if (policy.chain !== null && policy.chain !== chain) return standingUnknown("other-chain", [ofOtherChain(chain, policy.chain)]);
  if (ledger.asOf && ledger.asOf.timestamp < batch.anchoredAt) return standingUnknown("chain-behind", [readTooEarly(ledger.asOf)]);
  const stated = await statedScope(credentials);
  return check({ issuer, moment: batch.anchoredAt, ledger, policy, programmes: namesOfProgrammes(policy, stated) }, stated);
}

/**
 * Neither could be checked.
 * @param {string} code
 * @param {readonly Sentence[]} said
 * @returns {Standing}
 */
export function standingUnknown(code, said) {
  return { checks: [making("accreditation").unknown(code, ...said), making("recognition").unknown(code, ...said)], holds: false, accreditedIn: "" };
}

/**
 * Look for a path from the policy's bodies to the issuer at the time of the anchor.
 *
 * A path that holds both by what was recorded then and by what is recorded now comes first, then one that holds now, then
 * one that held then. What the credential does not state of its scope is first asked for as "any", and then as the
 * issuer's own accreditation has it, which warns.
 * @param {Asked} asked
 * @param {import("./stated.js").StatedScope} stated
 * @returns {Standing}
 */
function check(asked, stated) {
  const { ledger, policy } = asked;
  const own = accepted(asked);
  const places = policy.jurisdiction ? [policy.jurisdiction] : own.map(({ jurisdiction }) => jurisdiction);
  const exact = distinct((places.length ? places : [""]).map((jurisdiction) => completed(certain(stated), { ...ANYTHING, jurisdiction })));
  const assumed = distinct(own.map((scope) => completed(stated, scope)));
  const find = (/** @type {Scope} */ scope, /** @type {Record} */ record) => findPath({ ...asked, scope, record, trusted: policy.bodies });
  for (const record of RECORDS) {
    for (const [scopes, open] of /** @type {[Scope[], Aspect[]][]} */ ([[exact, []], [assumed, unstated(stated)]])) {
      for (const scope of scopes) {
        const path = find(scope, record);
        if ("links" in path) return standing(path, asked, open);
      }
    }
  }
  const gaps = (assumed.length ? assumed : exact).map((scope) => find(scope, "as-known-now"));
  const nearest = gaps.flatMap((gap) => ("count" in gap ? [gap] : [])).reduce((best, gap) => (gap.count < best.count ? gap : best));
  const said = [...nearest.said, ...asOfBlock(ledger.asOf)];
  const outcome = policy.require ? "fail" : "warn";
  return {
    checks: [making("accreditation")[outcome]("no-accreditation-on-record", ...said), making("recognition")[outcome]("no-recognition-on-record", ...said)],
    holds: false,
    accreditedIn: "",
  };
}

/**
 * What may be assumed where a credential is silent: its issuer's accreditations, as far as they are accepted.
 * @param {Asked} asked
 * @returns {Scope[]}
 */
function accepted({ issuer, ledger, policy }) {
  const recognised = ledger.accreditations.filter(({ kind, body }) => kind === "recognise" && policy.bodies.has(body));
  const reached = reach(policy.bodies.keys(), ledger.accreditations);
  const links = ledger.heldBy(issuer).filter(({ kind, body }) => kind === "accredit-to-issue" && reached.has(body));
  const scopes = links.flatMap(({ scope }) => [scope, ...recognised.flatMap((each) => narrowed(scope, each.scope) ?? [])]);
  return scopes.map((scope) => ({ ...scope, jurisdiction: policy.jurisdiction || scope.jurisdiction }));
}

/**
 * @param {Path} path
 * @param {Asked} asked
 * @param {readonly Aspect[]} open what was assumed, since the document does not state it.
 * @returns {Standing}
 */
function standing(path, asked, open) {
  const isRecognised = path.links[0].kind === "recognise";
  const [agreement] = path.links;
  const links = isRecognised ? path.links.slice(1) : path.links;
  const why = whyNot(path, asked);
  let accreditation = judged("accreditation", wasAccredited(links, asked.issuer, path.scope, asked), links, why, asked);
  if (open.length) {
    const said = [...accreditation.said, compareByHand(open)];
    accreditation = accreditation.code === "accredited" ? making("accreditation").warn("scope-unstated", ...said) : { ...accreditation, said };
  }
  const recognition = isRecognised
    ? judged("recognition", wasRecognised(agreement, asked), [agreement], why, asked)
    : making("recognition").pass("recognition-not-needed", noneNeeded(agreement.body, asked));
  const holds = path.record !== "as-known-then";
  return { checks: [accreditation, recognition], holds, accreditedIn: holds ? (links.at(-1)?.scope.jurisdiction ?? "") : "" };
}

/**
 * The check of these links of a path; the rest of the path is another check's matter.
 * @param {"accreditation" | "recognition"} name
 * @param {Said} held
 * @param {readonly Accreditation[]} links
 * @param {readonly Said[]} why
 * @param {Asked} asked
 */
function judged(name, { key, values }, links, why, asked) {
  const { moment, policy } = asked;
  const { pass, fail, warn } = making(name);
  const code = { accreditation: "accredited", recognition: "recognised" }[name];
  const known = links.map((link) => stateAt(link, moment));
  const more = [...conditions(links, asked), ...joint(links, asked)];
  if (known.some(({ asKnownNow }) => asKnownNow !== "active")) return (policy.require ? fail : warn)(`${code}-then`, say(`${key}Then`, values), ...why, ...more);
  if (known.some(({ asKnownThen }) => asKnownThen !== "active")) return warn(`${code}-since`, say(`${key}Since`, values), ...why, ...more);
  return pass(code, say(key, values), ...more);
}

/**
 * What the other record lacks of a path that holds by one alone.
 * @param {Path} path
 * @param {Asked} asked
 * @returns {readonly Said[]}
 */
function whyNot({ scope, record }, asked) {
  if (record === "both") return [];
  const other = record === "as-known-then" ? "as-known-now" : "as-known-then";
  const gap = findPath({ ...asked, scope, record: other, trusted: asked.policy.bodies });
  return "said" in gap ? gap.said : [];
}
