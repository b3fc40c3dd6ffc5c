/**
 * Accreditations and recognitions, and what they were at a time (`registry/recognition/ledger.py`).
 */

/**
 * @typedef {import("./scope.js").Scope} Scope
 * @typedef {import("./verdict.js").BlockRef} BlockRef
 * @typedef {"accredit-to-issue" | "accredit-to-accredit" | "recognise"} Kind what a body says of another party.
 * @typedef {"none" | "offered" | "refused" | "active" | "suspended" | "withdrawn" | "void"} State `none`: nothing on record.
 *
 * @typedef {object} Change
 * @property {State} state
 * @property {number} recordedAt seconds since 1970, as all times here.
 * @property {number} effectiveFrom from when it holds as declared.
 *
 * @typedef {object} Accreditation an accreditation, or a recognition.
 * @property {number} id the contract's number, from 1.
 * @property {number} body
 * @property {number} holder
 * @property {Kind} kind
 * @property {Scope} scope
 * @property {number} validFrom
 * @property {number | null} validUntil the first moment that is no longer part of it; null for no end.
 * @property {string} evidenceHash 64 digits, zeros for none.
 * @property {string} conditionHash of what its holder has yet to fulfil; zeros for an unconditional decision.
 * @property {readonly Change[]} changes in the order of their record, the offer or recognition first.
 *
 * @typedef {{body: number, holder: number, kind: Kind | undefined}} Sides
 */

/** @type {readonly Kind[]} in the order of the contract's numbers. */
export const KINDS = ["accredit-to-issue", "accredit-to-accredit", "recognise"];
/** @type {readonly State[]} in the order of the contract's numbers. */
export const STATES = ["none", "offered", "refused", "active", "suspended", "withdrawn", "void"];

/**
 * What a link was at a moment, by what was recorded then and by all that is recorded now; `none` outside of its period.
 * A withdrawal leaves what was before it; a void one was never anything else, as known now.
 * @param {Accreditation} link
 * @param {number} moment
 * @returns {{asKnownThen: State, asKnownNow: State}}
 */
export function stateAt({ validFrom, validUntil, changes }, moment) {
  if (moment < validFrom || (validUntil !== null && moment >= validUntil)) return { asKnownThen: "none", asKnownNow: "none" };
  const recorded = changes.filter(({ recordedAt }) => recordedAt <= moment).at(-1)?.state ?? "none";
  const effective = changes.filter(({ effectiveFrom }) => effectiveFrom <= moment).at(-1)?.state ?? "none";
  return { asKnownThen: recorded, asKnownNow: changes.at(-1)?.state === "void" ? "void" : effective };
}

/** All accreditations and recognitions of a registry that may count for whoever asks. */
export class Ledger {
  /** @type {Map<number, Accreditation>} */
  #byNumber;
  /** @type {Map<number, Accreditation[]>} */
  #byHolder = new Map();

  /**
   * @param {readonly Accreditation[]} accreditations by their numbers.
   * @param {BlockRef | null} asOf the block up to which they were read, if that is known.
   */
  constructor(accreditations, asOf) {
    this.accreditations = accreditations;
    this.asOf = asOf;
    this.#byNumber = new Map(accreditations.map((link) => [link.id, link]));
    for (const link of accreditations) add(this.#byHolder, link.holder, link);
  }

  /** @param {number} number of one that is there. */
  link(number) {
    return /** @type {Accreditation} */ (this.#byNumber.get(number));
  }

  /**
   * What is said of a party, by number.
   * @param {number} party
   */
  heldBy(party) {
    return this.#byHolder.get(party) ?? [];
  }
}

/**
 * The bodies whose accreditations may count for whoever trusts these, if every link held. All others can say what they like
 * of each other, and as much as they like, without costing a verifier time.
 * @param {Iterable<number>} trusted
 * @param {readonly Sides[]} links
 * @returns {Set<number>}
 */
export function reach(trusted, links) {
  const own = new Set(trusted);
  /** @type {Map<number, number[]>} */
  const accrediting = new Map();
  const reached = new Set(own);
  for (const { body, holder, kind } of links) {
    if (kind === "recognise" && own.has(body)) reached.add(holder);
    if (kind === "accredit-to-accredit") add(accrediting, body, holder);
  }
  // What is added to a set while it is walked is walked, too.
  for (const body of reached) for (const holder of accrediting.get(body) ?? []) reached.add(holder);
  return reached;
}

/**
 * @template T
 * @param {Map<number, T[]>} lists
 * @param {number} key
 * @param {T} item
 */
function add(lists, key, item) {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, [item]);
}
