/**
 * All that is said of accreditation and recognition: the sentences of `registry/recognition/path.py` and
 * `registry/verify/standing.py`, to the letter.
 */

import { ANY_PROGRAMME, ANYTHING } from "./scope.js";
import { writeTimestamp } from "./timestamps.js";

/**
 * @typedef {import("./ledger.js").Accreditation} Accreditation
 * @typedef {import("./ledger.js").State} State
 * @typedef {import("./scope.js").Scope} Scope
 * @typedef {import("./stated.js").Aspect} Aspect
 * @typedef {import("./verdict.js").BlockRef} BlockRef
 * @typedef {import("./verdict.js").Unavailable} Unavailable
 * @typedef {Exclude<State, "active">} Inactive
 * @typedef {ReadonlyMap<number, string>} Names
 */

/** @type {Unavailable} */
export const NO_LEDGER = {
  code: "no-evidence",
  what: "Accreditations and recognitions are in no receipt, and no endpoint was asked.",
  remedy: "Verify with an endpoint of the chain.",
};
export const NOT_ANCHORED = "The batch is not anchored, so there is no time for which an accreditation could be looked up.";
/** @type {Record<Inactive, string>} */
const WERE = {
  none: "was not yet on record",
  offered: "was offered and not accepted",
  refused: "was refused by its holder",
  suspended: "was suspended",
  withdrawn: "had been withdrawn",
  void: "is void",
};
/** @type {Record<Aspect, string>} */
const ASPECTS = { field: "field", level: "level", type: "type of qualification" };

/**
 * A scope within a sentence, with the first digits of the programme's hash alone.
 * @param {Scope} scope
 */
export function inShort({ field, levels: [lowest, highest], types, jurisdiction, programme }) {
  const range = lowest === highest ? `EQF level ${lowest}` : `EQF levels ${lowest}-${highest}`;
  const isEvery = lowest === ANYTHING.levels[0] && highest === ANYTHING.levels[1];
  return [
    field ? `field ${field}` : "any field",
    isEvery ? "any level" : range,
    types.join(" or ") || "any type of qualification",
    jurisdiction ? `in ${jurisdiction}` : "in any jurisdiction",
    ...(programme === ANY_PROGRAMME ? [] : [`programme 0x${programme.slice(0, 8)}…`]),
  ].join(", ");
}

/**
 * @param {Scope} asked
 * @param {Accreditation} link
 */
export function notCovered(asked, link) {
  const text = `No agreement on record for ${inShort(asked)}: ${named(link)} is for ${inShort(link.scope)}.`;
  const isOfOne = asked.programme === ANY_PROGRAMME && link.scope.programme !== ANY_PROGRAMME;
  return isOfOne ? `${text} It is for one programme alone, and none is stated.` : text;
}

/**
 * @param {Accreditation} link
 * @param {Scope} outer
 */
export function widened(link, outer) {
  return `No agreement on record: ${named(link)} is for ${inShort(link.scope)}, which is more than body ${link.body} was itself accredited for (${inShort(outer)}).`;
}

/**
 * @param {Accreditation} link
 * @param {number} moment
 */
export function notYet(link, moment) {
  return inactive(link, moment, `begins on ${writeTimestamp(link.validFrom)}`);
}

/**
 * @param {Accreditation} link
 * @param {number} moment
 * @param {number} end
 */
export function ended(link, moment, end) {
  return inactive(link, moment, `ended on ${writeTimestamp(end)}`);
}

/**
 * @param {Accreditation} link
 * @param {number} moment
 * @param {Inactive} state
 */
export function wasNow(link, moment, state) {
  return inactive(link, moment, WERE[state]);
}

/**
 * @param {Accreditation} link
 * @param {number} moment
 * @param {Inactive} state
 */
export function wasThen(link, moment, state) {
  return inactive(link, moment, `${WERE[state]}, by what was on record then`);
}

/**
 * @param {number} issuer
 * @param {boolean} mayAccredit
 */
export function notAccredited(issuer, mayAccredit) {
  return `No agreement on record: no body has offered party ${issuer} an accreditation to issue${mayAccredit ? ", only to accredit others" : ""}.`;
}

/**
 * @param {number} body
 * @param {number} issuer
 */
export function noAgreement(body, issuer) {
  return `No agreement on record between body ${body}, from which the accreditations of party ${issuer} come, and a body that you trust.`;
}

/**
 * @param {string} chain
 * @param {string} meant
 */
export function ofOtherChain(chain, meant) {
  return `The policy's parties are those of ${meant}, the receipt is for ${chain}. Verify again with a policy for that chain.`;
}

/** @param {BlockRef} block */
export function readTooEarly({ number, timestamp }) {
  return `Accreditations were read only up to block ${number} of ${writeTimestamp(timestamp)}, before the anchor. Verify again later, or use another endpoint.`;
}

/** @param {BlockRef | null} block */
export function asOfBlock(block) {
  return block ? ` As of block ${block.number}.` : "";
}

/**
 * @param {readonly Accreditation[]} links from the body down to the issuer.
 * @param {number} issuer
 * @param {Scope} scope
 * @param {number} moment
 * @param {Names} names
 */
export function wasAccredited(links, issuer, scope, moment, names) {
  const bodies = links.map(({ body }) => party(body, names)).reverse().join(", itself accredited by ");
  const numbers = links.map(({ id }) => id).join(", ");
  return `Accreditation ${numbers}: on ${writeTimestamp(moment)} issuer ${issuer} was accredited for ${inShort(scope)} by ${bodies}`;
}

/**
 * @param {Accreditation} agreement
 * @param {Names} names
 */
export function wasRecognised({ id, body, holder }, names) {
  return `Recognition ${id}: ${party(body, names)} recognised ${party(holder, names)}`;
}

/**
 * @param {number} body
 * @param {Names} names
 */
export function noneNeeded(body, names) {
  return `You trust ${party(body, names)} yourself, so no recognition is needed.`;
}

/**
 * @param {string} what
 * @param {string} why
 */
export function thenAlone(what, why) {
  return `${what} by what was on record then, but not by what is on record now. ${why}`;
}

/**
 * @param {string} what
 * @param {string} why
 */
export function onlySince(what, why) {
  return `${what}, but that was put on record only afterwards. ${why}`;
}

/**
 * A sentence for each link with conditions: whether they are met, the body knows, and the chain does not.
 * @param {readonly Accreditation[]} links
 */
export function conditions(links) {
  const open = links.filter(({ isConditional }) => isConditional);
  return open.map(({ id, body }) => ` Number ${id} is conditional: ask body ${body} whether the conditions are met.`).join("");
}

/** @param {readonly Aspect[]} aspects */
export function compareByHand(aspects) {
  const told = aspects.map((aspect) => ASPECTS[aspect]).join(", ");
  return ` The document does not say its ${told} in a form that a program can read: compare it with the accreditation.`;
}

/**
 * @param {Accreditation} link
 * @param {number} moment
 * @param {string} words
 */
function inactive(link, moment, words) {
  return `No agreement on record for ${writeTimestamp(moment)}: ${named(link)} ${words}.`;
}

/** @param {Accreditation} link */
function named({ id, body, holder, kind }) {
  return `${kind === "recognise" ? "the recognition" : "the accreditation"} of party ${holder} by body ${body} (number ${id})`;
}

/**
 * @param {number} number
 * @param {Names} names
 */
function party(number, names) {
  const name = names.get(number);
  return name ? `body ${number} (${name})` : `body ${number}`;
}
