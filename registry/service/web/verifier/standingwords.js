/**
 * All that is said of accreditation and recognition: the sentences of `registry/recognition/path.py` and
 * `registry/verify/standing.py`.
 */

import { listed, say } from "./language.js";
import { ANY_PROGRAMME, ANYTHING } from "./scope.js";
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
 * @typedef {ReadonlyMap<number, string>} Names
 */

export const NO_LEDGER = unavailableFor("no-evidence", say("chain.noLedger"), say("chain.useEndpoint"));
export const NOT_ANCHORED = say("standing.noAnchorTime");

/**
 * A scope within a sentence, with the first digits of the programme's hash alone.
 * @param {Scope} scope
 */
export function inShort({ field, levels: [lowest, highest], types: [first, ...others], jurisdiction, programme }) {
  const isEvery = lowest === ANYTHING.levels[0] && highest === ANYTHING.levels[1];
  const range = lowest === highest ? say("scope.level", { level: lowest }) : say("scope.levels", { lowest, highest });
  return listed([
    field ? say("scope.field", { field }) : say("scope.anyField"),
    isEvery ? say("scope.anyLevel") : range,
    others.reduce((/** @type {Value} */ told, second) => say("scope.or", { first: told, second }), first ?? say("scope.anyType")),
    jurisdiction ? say("scope.in", { jurisdiction }) : say("scope.anywhere"),
    ...(programme === ANY_PROGRAMME ? [] : [say("scope.programme", { hash: `0x${programme.slice(0, 8)}…` })]),
  ]);
}

/**
 * @param {Scope} asked
 * @param {Accreditation} link
 */
export function notCovered(asked, link) {
  const said = say("path.notCovered", { wanted: inShort(asked), link: named(link), scope: inShort(link.scope) });
  return asked.programme === ANY_PROGRAMME && link.scope.programme !== ANY_PROGRAMME ? [said, say("path.oneProgramme")] : [said];
}

/**
 * @param {Accreditation} link
 * @param {Scope} outer
 */
export function widened(link, outer) {
  return [say("path.widened", { link: named(link), scope: inShort(link.scope), body: link.body, outer: inShort(outer) })];
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
 * @param {number} moment
 * @param {Names} names
 * @returns {Said} of which there is a key for `Then` alone and one for `Since`.
 */
export function wasAccredited(links, issuer, scope, moment, names) {
  const [outermost, ...inner] = links;
  const bodies = inner.reduce((by, { body }) => say("standing.through", { body: party(body, names), by }), party(outermost.body, names));
  const values = { numbers: listed(links.map(({ id }) => id)), when: moment, issuer, scope: inShort(scope), bodies };
  return say("standing.accredited", values);
}

/**
 * @param {Accreditation} agreement
 * @param {Names} names
 * @returns {Said} of which there is a key for `Then` alone and one for `Since`.
 */
export function wasRecognised({ id, body, holder }, names) {
  return say("standing.recognised", { number: id, ours: party(body, names), theirs: party(holder, names) });
}

/**
 * @param {number} body
 * @param {Names} names
 */
export function noneNeeded(body, names) {
  return say("standing.notNeeded", { body: party(body, names) });
}

/**
 * A sentence for each link with conditions: whether they are met, the body knows, and the chain does not.
 * @param {readonly Accreditation[]} links
 */
export function conditions(links) {
  return links.filter(({ isConditional }) => isConditional).map(({ id, body }) => say("standing.conditional", { number: id, body }));
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
 * @param {number} number
 * @param {Names} names
 */
function party(number, names) {
  const name = names.get(number);
  return name ? say("standing.bodyNamed", { number, name }) : say("standing.body", { number });
}
