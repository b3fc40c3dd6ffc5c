/**
 * Credits of achievements, none of them twice: each once, and no award together with its own parts
 * (`registry/learning/pathways/credits.py`).
 */

/**
 * @typedef {import("./standing.js").Held} Held
 *
 * @typedef {object} Unit one achievement of an item.
 * @property {number} item place of its item among those that were given.
 * @property {number} place among the achievements of the item.
 * @property {number} parts its credits in ten-thousandths.
 */

/** Credits are counted in ten-thousandths, and what is finer is cut off. */
const PARTS_OF_A_CREDIT = 10_000;
const MOST_CREDITS = 1_000;
const MILLIONTHS_OF_A_PART = 100;

/**
 * Credits in ten-thousandths; 0 for none, and for what is no number of credits.
 * @param {number | null} millionths
 */
export function partsOfCredits(millionths) {
  const parts = Math.floor((millionths ?? 0) / MILLIONTHS_OF_A_PART);
  return (millionths ?? 0) > MOST_CREDITS * PARTS_OF_A_CREDIT * MILLIONTHS_OF_A_PART ? 0 : parts;
}

/**
 * Credits of ten-thousandths, with as many decimals as there are: `7.5`.
 * @param {number} parts
 */
export function creditsText(parts) {
  const rest = parts % PARTS_OF_A_CREDIT;
  const whole = String((parts - rest) / PARTS_OF_A_CREDIT);
  return rest ? `${whole}.${String(rest).padStart(4, "0").replace(/0+$/, "")}` : whole;
}

/** Which achievements are the same, and which are parts of which, over all items of a learner. */
export class Families {
  /** @type {string[][]} by item and place. */
  #group;
  /** @type {Map<string, string>} */
  #whole = new Map();
  /** @type {Map<string, number>} */
  #depth = new Map();
  /** @type {Set<string>} */
  #hidden = new Set();

  /** @param {readonly Held[]} items */
  constructor(items) {
    /** @type {Map<string, number>} */
    const copies = new Map();
    for (const { digest } of items) if (digest) copies.set(digest, (copies.get(digest) ?? 0) + 1);
    this.#group = items.map(({ digest, achieved }, at) =>
      achieved.map(({ identifier }, place) => (identifier ? `a ${identifier}` : (copies.get(digest) ?? 0) > 1 ? `d ${digest}` : `p ${at} ${place}`)),
    );
    if (items.some(({ wholes, achieved }) => wholes.length || achieved.some(({ whole }) => whole !== null))) this.#link(items);
  }

  /**
   * The most ten-thousandths that some achievements come to.
   * @param {readonly Unit[]} units
   */
  sum(units) {
    let sum = 0;
    for (const [group, worth] of this.#worth(this.#own(units))) if (!this.#whole.has(group)) sum += worth;
    return sum;
  }

  /**
   * Those of some achievements that come to at least so many ten-thousandths: the largest first, and of equal ones those that
   * are given first. All that count where they come to less.
   * @param {readonly Unit[]} units
   * @param {number} least
   */
  chosen(units, least) {
    const own = this.#own(units);
    const order = new Map([...own.values()].map((each, number) => [each, number]));
    const counted = this.#whole.size ? this.#counted(own) : [...own.values()];
    counted.sort((one, other) => other.parts - one.parts || Number(order.get(one)) - Number(order.get(other)));
    /** @type {Unit[]} */
    const found = [];
    for (let reached = 0; reached < least && found.length < counted.length; ) {
      const each = counted[found.length];
      found.push(each);
      reached += each.parts;
    }
    return found;
  }

  /**
   * The whole of each group. One with several wholes counts in these alone, and one in a circle not at all.
   * @param {readonly Held[]} items
   */
  #link(items) {
    /** @type {Map<string, number>} */
    const placeOf = new Map();
    const places = items.map((_, at) => at).sort((one, other) => (items[one].digest === items[other].digest ? 0 : items[one].digest < items[other].digest ? 1 : -1));
    for (const at of places) {
      const { identifier, digest, achieved } = items[at];
      if (achieved.length) for (const name of [identifier, digest]) if (name) placeOf.set(name, at);
    }
    /** @type {Map<string, Set<string>>} */
    const wholes = new Map();
    items.forEach((item, at) => {
      const outer = item.wholes.flatMap((name) => {
        const place = placeOf.get(name) ?? at;
        return place === at ? [] : [this.#group[place][0]];
      });
      item.achieved.forEach(({ whole }, place) => {
        const group = this.#group[at][place];
        const above = whole === null ? undefined : this.#group[at][whole];
        wholes.set(group, new Set([...(wholes.get(group) ?? []), ...(above === undefined ? outer : [above])]));
      });
    });
    for (const [group, those] of wholes) {
      those.delete(group);
      if (those.size > 1) this.#hidden.add(group);
      else for (const above of those) this.#whole.set(group, above);
    }
    this.#cutCircles();
  }

  /** Groups that are parts of themselves count nothing; of all others, how many wholes are above them. */
  #cutCircles() {
    for (const start of this.#whole.keys()) {
      /** @type {string[]} */
      const way = [];
      let group = start;
      const onWay = new Set();
      for (let above = this.#whole.get(group); above !== undefined && !onWay.has(group) && !this.#depth.has(group); above = this.#whole.get(group)) {
        way.push(group);
        onWay.add(group);
        group = above;
      }
      if (onWay.has(group)) {
        for (const each of way.slice(way.indexOf(group))) {
          this.#hidden.add(each);
          this.#depth.set(each, 0);
        }
      }
      let depth = this.#depth.get(group) ?? 0;
      this.#depth.set(group, depth);
      for (const each of way.reverse()) if (!this.#hidden.has(each)) this.#depth.set(each, ++depth);
    }
    for (const group of this.#hidden) this.#whole.delete(group);
  }

  /**
   * The largest of each group; of equal ones the first.
   * @param {readonly Unit[]} units
   */
  #own(units) {
    /** @type {Map<string, Unit>} */
    const found = new Map();
    for (const each of units) {
      const group = this.#group[each.item][each.place];
      const other = found.get(group);
      if (!this.#hidden.has(group) && (!other || each.parts > other.parts)) found.set(group, each);
    }
    return found;
  }

  /**
   * What each group on the way from one that is there to its outermost whole comes to, itself or its parts.
   * @param {ReadonlyMap<string, Unit>} own
   */
  #worth(own) {
    const waiting = new Set(own.keys());
    for (const start of own.keys()) {
      for (let above = this.#whole.get(start); above !== undefined && !waiting.has(above); above = this.#whole.get(above)) waiting.add(above);
    }
    /** @type {Map<string, number>} */
    const found = new Map();
    /** @type {Map<string, number>} */
    const within = new Map();
    for (const group of [...waiting].sort((one, other) => this.#depthOf(other) - this.#depthOf(one))) {
      const worth = Math.max(own.get(group)?.parts ?? 0, within.get(group) ?? 0);
      found.set(group, worth);
      const above = this.#whole.get(group);
      if (above !== undefined) within.set(above, (within.get(above) ?? 0) + worth);
    }
    return found;
  }

  /**
   * Those that count: of each whole itself, or what counts of its parts, whichever is more.
   * @param {ReadonlyMap<string, Unit>} own
   */
  #counted(own) {
    const worth = this.#worth(own);
    /** @type {Map<string, boolean>} whether it counts itself, or is below one that does. */
    const isTaken = new Map();
    /** @type {Unit[]} */
    const found = [];
    for (const group of [...worth.keys()].sort((one, other) => this.#depthOf(one) - this.#depthOf(other))) {
      const above = this.#whole.get(group);
      const isBelow = above !== undefined && Boolean(isTaken.get(above));
      const unit = own.get(group);
      const counts = !isBelow && unit !== undefined && unit.parts === worth.get(group);
      isTaken.set(group, isBelow || counts);
      if (counts) found.push(unit);
    }
    return found;
  }

  /** @param {string} group */
  #depthOf(group) {
    return this.#depth.get(group) ?? 0;
  }
}
