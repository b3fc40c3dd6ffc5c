/**
 * Where accreditations are stored, and what is in their slots, by the layout that the compiler told
 * (`registry/proofs/accreditation_slots.py`, `registry/verifier/proved.py`).
 */

import { hex, ofBigInt, unhex } from "./bytes.js";
import { REASONS } from "./contracts.js";
import { keccak } from "./keccak.js";
import { KINDS, Ledger, STATES, reach } from "./ledger.js";
import { Refusal } from "./refusal.js";
import { scopeOfNumbers } from "./scope.js";
import { following, mapped } from "./slots.js";
import { thousands } from "./strictjson.js";
import { LATEST } from "./timestamps.js";

/**
 * @typedef {import("./contracts.js").AccreditationSlots} AccreditationSlots
 * @typedef {import("./contracts.js").Places} Places
 * @typedef {import("./ledger.js").Accreditation} Accreditation
 * @typedef {import("./scope.js").ScopeNumbers} ScopeNumbers
 * @typedef {import("./slots.js").Values} Values
 */

/** Of a registry whose accreditations are proved: a slot of each is asked for, and ten of those that count. */
const MOST_ACCREDITATIONS = 20_000;
const MOST_CHANGES = 1_000;

/**
 * All accreditations and recognitions that may count for whoever trusts these bodies; none of them is left out.
 *
 * How many there are is proved, and of each who says it of whom. What the others say of each other costs nobody more.
 * @param {AccreditationSlots} layout
 * @param {Values} values
 * @param {readonly number[]} trusted
 * @param {import("./verdict.js").BlockRef} asOf the block that the values are proved against.
 * @throws {Refusal} `evidence-value`: no registry stores such a thing, or more than is proved at once.
 */
export async function storedLedger(layout, values, trusted, asOf) {
  const stored = new StoredAccreditations(layout, values);
  const count = await stored.count();
  if (count > MOST_ACCREDITATIONS) senseless(`of ${thousands(count)} accreditations up to ${thousands(MOST_ACCREDITATIONS)} are`);
  const sides = await stored.sides(count);
  const reached = reach(trusted, sides);
  const links = [];
  for (const [place, { body }] of sides.entries()) if (reached.has(body)) links.push(await stored.link(place + 1));
  return new Ledger(links, asOf);
}

/** The contract that has them, by its slots. */
class StoredAccreditations {
  /**
   * @param {AccreditationSlots} layout
   * @param {Values} values
   */
  constructor(layout, values) {
    this.layout = layout;
    this.values = values;
  }

  /** How many accreditations and recognitions there are. */
  async count() {
    const slot = hex(ofBigInt(this.layout.count));
    return bits((await this.values([slot])).get(slot), [0, 0, 64]);
  }

  /**
   * Body, holder and kind of each, by their numbers.
   * @param {number} count
   */
  async sides(count) {
    const slots = Array.from({ length: count }, (_, place) => hex(this.own(place + 1)));
    const found = await this.values(slots);
    return slots.map((slot) => {
      const { body, holder, kind } = read(this.layout.terms, ["body", "holder", "kind"], () => found.get(slot));
      return { body, holder, kind: KINDS[kind] };
    });
  }

  /**
   * One by its number; without where its evidence is, which no verdict asks for.
   * @param {number} number
   * @returns {Promise<Accreditation>}
   */
  async link(number) {
    const { terms, scope, change, history } = this.layout;
    const own = this.own(number);
    const slots = Array.from({ length: history + 1 }, (_, place) => hex(following(own, place)));
    const found = await this.values(slots);
    const length = found.get(slots[history]) ?? 0n;
    if (length < 1n || length > MOST_CHANGES) senseless(`accreditation ${number} has ${length} changes`);
    const first = keccak(unhex(slots[history]));
    const places = Array.from({ length: Number(length) }, (_, place) => hex(following(first, place)));
    const more = await this.values(places);
    const stored = (/** @type {number} */ slot) => found.get(slots[slot]);
    const said = read(terms, ["body", "holder", "kind", "validFrom", "validUntil"], stored);
    const numbers = read(scope, ["field", "fieldDigits", "levelMin", "levelMax", "qualificationTypes", "jurisdiction"], stored);
    const changes = places.map((slot) => {
      const { state, recordedAt, effectiveFrom, reason } = read(change, ["state", "recordedAt", "effectiveFrom", "reason"], () => more.get(slot));
      if (!STATES[state] || !REASONS[reason]) senseless(`accreditation ${number} became what there is not`);
      return { state: STATES[state], recordedAt: moment(recordedAt), effectiveFrom: moment(effectiveFrom) };
    });
    return {
      id: number,
      body: said.body,
      holder: said.holder,
      kind: KINDS[said.kind] ?? senseless(`accreditation ${number} is of no kind`),
      scope: scopeOfNumbers(/** @type {ScopeNumbers} */ ({ ...numbers, programme: word(scope.programme, stored) })),
      validFrom: moment(said.validFrom),
      validUntil: said.validUntil ? moment(said.validUntil) : null,
      evidenceHash: word(terms.evidenceHash, stored),
      conditionHash: word(terms.conditionHash, stored),
      changes,
    };
  }

  /** @param {number} number */
  own(number) {
    return mapped(ofBigInt(number), ofBigInt(this.layout.records));
  }
}

/**
 * Members of a structure, by what is in its slots.
 * @template {string} Name
 * @param {Places} places
 * @param {readonly Name[]} names
 * @param {(slot: number) => bigint | undefined} stored
 */
function read(places, names, stored) {
  return /** @type {Record<Name, number>} */ (Object.fromEntries(names.map((name) => [name, bits(stored(places[name][0]), places[name])])));
}

/**
 * The 64 digits of a member that the first edition of the registry has not; zeros there.
 * @param {readonly number[] | undefined} place
 * @param {(slot: number) => bigint | undefined} stored
 */
function word(place, stored) {
  return hex(ofBigInt(place ? (stored(place[0]) ?? 0n) : 0n));
}

/**
 * @param {bigint | undefined} value
 * @param {readonly number[]} place
 */
function bits(value, [, offset, size]) {
  return Number(BigInt.asUintN(size, (value ?? 0n) >> BigInt(offset)));
}

/**
 * Moments after the year 9999 become its last second, which is as far away.
 * @param {number} seconds
 */
function moment(seconds) {
  return Math.min(seconds, LATEST);
}

/**
 * @param {string} why
 * @returns {never}
 */
function senseless(why) {
  throw new Refusal("evidence-value", why);
}
