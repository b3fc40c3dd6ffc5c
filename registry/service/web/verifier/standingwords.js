/**
 * All that is said of accreditation and recognition: the sentences of `registry/recognition/path.py` and
 * `registry/verify/standing.py`, with the words of `registry/verify/standing_words.py`.
 */

import { isAccord } from "./accords.js";
import { jointHolders } from "./joint.js";
import { listed, say } from "./language.js";
import { ANY_PROGRAMME, ANYTHING } from "./scope.js";
import { marked } from "./text.js";
import { unavailableFor } from "./verdict.js";

/**
 * @typedef {import("./language.js").Said} Said
 * @typedef {import("./language.js").Value} Value
 * @typedef {import("./ledger.js").Accreditation} Accreditation
 * @typedef {import("./ledger.js").State} State
 * @typedef {import("./scope.js").Scope} Scope
 * @typedef {import("./stated.js").Aspect} Aspect
 * @typedef {import("./verdict.js").BlockRef} BlockRef
 * @typedef {Exclude<State, "active">} Inactive
 * @typedef {ReadonlyMap<string, string>} Programmes what programmes are called, by SHA-256 of their identifiers, 64 digits.
 *
 * @typedef {object} Known what a verifier knows of parties and programmes.
 * @property {import("./policy.js").Policy} policy
 * @property {import("./ledger.js").Ledger} ledger
 * @property {number} moment at which a body is or is not an accord.
 * @property {Programmes} programmes as they may be shown.
 */

const LONGEST_CONDITION = 500;
const LONGEST_PROGRAMME = 200;
// As many as a person reads.
const MOST_HOLDERS = 50;

export const NO_LEDGER = unavailableFor("no-evidence", say("chain.noLedger"), say("chain.useEndpoint"));
export const NOT_ANCHORED = say("standing.noAnchorTime");

/**
 * What programmes are called: as the policy has it, or else as the credential states its own.
 * @param {import("./policy.js").Policy} policy
 * @param {import("./stated.js").StatedScope} stated
 * @returns {Programmes}
 */
export function namesOfProgrammes({ programmes }, { programme, identifier }) {
  /** @type {[string, string][]} */
  const own = programme === null ? [] : [[programme, identifier]];
  return new Map([...own, ...programmes].map(([digest, name]) => [digest, marked(name, LONGEST_PROGRAMME)]));
}

/**
 * A scope within a sentence, with the first digits of the programme's hash alone.
 * @param {Scope} scope
 * @param {Programmes} programmes
 */
export function inShort({ field, levels: [lowest, highest], types: [first, ...others], jurisdiction, programme }, programmes) {
  const isEvery = lowest === ANYTHING.levels[0] && highest === ANYTHING.levels[1];
  const name = programmes.get(programme);
  const hash = `0x${programme.slice(0, 8)}…`;
  const range = lowest === highest ? say("scope.level", { level: lowest }) : say("scope.levels", { lowest, highest });
  return listed([
    field ? say("scope.field", { field }) : say("scope.anyField"),
    isEvery ? say("scope.anyLevel") : range,
    others.reduce((/** @type {Value} */ told, second) => say("scope.or", { first: told, second }), first ?? say("scope.anyType")),
    jurisdiction ? say("scope.in", { jurisdiction }) : say("scope.anywhere"),
    ...(programme === ANY_PROGRAMME ? [] : [name ? say("scope.programmeNamed", { name, hash }) : say("scope.programme", { hash })]),
  ]);
}

/**
 * @param {Scope} asked
 * @param {Accreditation} link
 * @param {Programmes} programmes
 */
export function notCovered(asked, link, programmes) {
  const said = say("path.notCovered", { wanted: inShort(asked, programmes), link: named(link), scope: inShort(link.scope, programmes) });
  return asked.programme === ANY_PROGRAMME && link.scope.programme !== ANY_PROGRAMME ? [said, say("path.oneProgramme")] : [said];
}

/**
 * @param {Accreditation} link
 * @param {Scope} outer
 * @param {Programmes} programmes
 */
export function widened(link, outer, programmes) {
  return [say("path.widened", { link: named(link), scope: inShort(link.scope, programmes), body: link.body, outer: inShort(outer, programmes) })];
}

/**
 * @param {Accreditation} link
 * @param {number} moment
 */
export function notYet(link, moment) {
  return inactive(link, moment, say("linkState.begins", { when: link.validFrom }));
}

/**
 * @param {Accreditation} link
 * @param {number} moment
 * @param {number} end
 */
export function ended(link, moment, end) {
  return inactive(link, moment, say("linkState.ended", { when: end }));
}

/**
 * @param {Accreditation} link
 * @param {number} moment
 * @param {Inactive} state
 */
export function wasNow(link, moment, state) {
  return inactive(link, moment, say(`linkState.${state}`));
}

/**
 * @param {Accreditation} link
 * @param {number} moment
 * @param {Inactive} state
 */
export function wasThen(link, moment, state) {
  return inactive(link, moment, say("linkState.then", { state: say(`linkState.${state}`) }));
}

/**
 * @param {number} issuer
 * @param {boolean} mayAccredit
 */
export function notAccredited(issuer, mayAccredit) {
  const to = say("accreditTo.issue");
  return [
    mayAccredit
      ? say("path.notOfferedOnly", { party: issuer, to, other: say("accreditTo.accreditOthers") })
      : say("path.notOffered", { party: issuer, to }),
  ];
}

/**
 * @param {number} body
 * @param {number} issuer
 */
export function noAgreement(body, issuer) {
  return [say("path.noAgreement", { body, party: issuer })];
}

/**
 * @param {string} chain
 * @param {string} meant
 */
export function ofOtherChain(chain, meant) {
  return say("standing.otherChain", { of: meant, named: chain });
}

/** @param {BlockRef} block */
export function readTooEarly({ number, timestamp }) {
  return say("standing.behind", { block: number, when: timestamp });
}

/** @param {BlockRef | null} block */
export function asOfBlock(block) {
  return block ? [say("standing.asOf", { block: block.number })] : [];
}

/**
 * @param {readonly Accreditation[]} links from the body down to the issuer.
 * @param {number} issuer
 * @param {Scope} scope
 * @param {Known} known
 * @returns {Said} of which there is a key for `Then` alone and one for `Since`.
 */
export function wasAccredited(links, issuer, scope, known) {
  const [outermost, ...inner] = links;
  const bodies = inner.reduce((by, { body }) => say("standing.through", { body: bodyOf(body, known), by }), bodyOf(outermost.body, known));
  const values = { numbers: listed(links.map(({ id }) => id)), when: known.moment, issuer, scope: inShort(scope, known.programmes), bodies };
  return say("standing.accredited", values);
}

/**
 * @param {Accreditation} agreement
 * @param {Known} known
 * @returns {Said} of which there is a key for `Then` alone and one for `Since`.
 */
export function wasRecognised({ id, body, holder }, known) {
  return say("standing.recognised", { number: id, ours: bodyOf(body, known), theirs: bodyOf(holder, known) });
}

/**
 * @param {number} body
 * @param {Known} known
 */
export function noneNeeded(body, known) {
  return say("standing.notNeeded", { body: bodyOf(body, known) });
}

/**
 * A sentence for each link with conditions: whether they are met, the body knows, and the chain does not.
 * @param {readonly Accreditation[]} links
 * @param {Known} known
 */
export function conditions(links, { policy }) {
  return links.filter(({ conditionHash }) => /[^0]/.test(conditionHash)).map(({ id: number, body, conditionHash }) => {
    const text = policy.conditions.get(conditionHash);
    if (text === undefined) return say("standing.conditional", { number, body });
    const quoted = text.replace(/[ \t\r\n]+/g, " ").replace(/^ | $/g, "");
    return say("standing.conditionQuoted", { number, text: marked(quoted, LONGEST_CONDITION), body });
  });
}

/**
 * A sentence for each link that is one of several of a joint decision, with all who hold it.
 * @param {readonly Accreditation[]} links
 * @param {Known} known
 */
export function joint(links, { ledger, policy }) {
  return links.flatMap((link) => {
    const holders = jointHolders(ledger, link);
    if (!holders.length) return [];
    const told = holders.slice(0, MOST_HOLDERS).map((number) => {
      const name = policy.issuers.get(number) || nameOf(number, policy);
      return name ? say("standing.partyNamed", { number, name }) : say("standing.party", { number });
    });
    const all = listed(holders.length > MOST_HOLDERS ? [...told, "…"] : told);
    return [say("standing.joint", { number: link.id, count: holders.length, holders: all })];
  });
}

/** @param {readonly Aspect[]} aspects */
export function compareByHand(aspects) {
  return say("standing.compare", { members: listed(aspects.map((aspect) => say(`scope.aspect.${aspect}`))) });
}

/**
 * @param {Accreditation} link
 * @param {number} moment
 * @param {Said} state
 */
function inactive(link, moment, state) {
  return [say("path.inactive", { when: moment, link: named(link), state })];
}

/** @param {Accreditation} link */
function named({ id, body, holder, kind }) {
  return say(kind === "recognise" ? "path.recognition" : "path.accreditation", { holder, body, number: id });
}

/**
 * A body by number and name, and as an accord where it is one.
 * @param {number} number
 * @param {Known} known
 */
function bodyOf(number, { ledger, moment, policy }) {
  const key = isAccord(ledger, number, moment) ? "standing.accord" : "standing.body";
  const name = nameOf(number, policy);
  return name ? say(`${key}Named`, { number, name }) : say(key, { number });
}

/**
 * @param {number} number
 * @param {import("./policy.js").Policy} policy
 */
function nameOf(number, { accords, bodies }) {
  return accords.get(number) || bodies.get(number);
}
