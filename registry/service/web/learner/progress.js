/**
 * What of a pathway is done, by the items of one learner and the verdicts on them
 * (`registry/learning/pathways/progress.py`).
 */

import { Families, creditsText, partsOfCredits } from "./credits.js";
import { NO, PERHAPS, YES, competencesOf, fieldsOf, folded, levelMatch, levelsOf, resultsOf } from "./matching.js";
import { ECTS } from "./openbadges.js";
import { stepsIn } from "./pathway.js";
import { DONE, OPEN, RANK, allOf, anyOf, atLeast, graveFates, isKnown, monthsBefore, standing } from "./standing.js";

/**
 * @typedef {import("./credits.js").Unit} Unit
 * @typedef {import("./openbadges.js").Achieved} Achieved
 * @typedef {import("./pathway.js").Leaf} Leaf
 * @typedef {import("./pathway.js").Part} Part
 * @typedef {import("./pathway.js").Pathway} Pathway
 * @typedef {import("./pathway.js").Step} Step
 * @typedef {import("./standing.js").Bounds} Bounds
 * @typedef {import("./standing.js").Held} Held
 * @typedef {"done" | "awaiting a person" | "expired" | "not accredited" | "open" | "unknown"} Outcome
 * @typedef {"yes" | "no" | "unknown"} Known
 *
 * @typedef {object} StepProgress
 * @property {string} step
 * @property {Outcome} outcome
 * @property {Known} available whether all steps before it are done.
 * @property {number[]} items positions of the items whose verdicts *done* rests on.
 * @property {string[]} steps that *done* rests on.
 * @property {number | null} decided position of the decision, where it is done by one.
 * @property {number[]} partly of one that is not done, positions of items that count for it.
 * @property {{position: number, reason: string}[]} hindered items that are what is asked for, or may be, and do not count.
 * @property {{have: string, need: string}[]} credits of each sum of credits that it asks for.
 *
 * @typedef {{complete: Known, steps: StepProgress[]}} Progress
 *
 * @typedef {{unit: Unit, bounds: Bounds, reason: string | null, isRefusal: boolean}} Met an achievement that is, or perhaps is, what a
 *   leaf asks for.
 */

/** @type {readonly Outcome[]} by rank. */
const OUTCOMES = ["done", "awaiting a person", "expired", "not accredited", "open"];

/**
 * What of a pathway is done by some items.
 * @param {Pathway} pathway
 * @param {readonly Held[]} items of one learner, in any order; each with its own position.
 * @param {Date} at the moment by which ages are counted.
 * @returns {Progress}
 */
export function progress(pathway, items, at) {
  return new Check(pathway, items, at).progress();
}

/** One learner's items held against a pathway. */
class Check {
  /**
   * @param {Pathway} pathway
   * @param {readonly Held[]} items
   * @param {Date} at
   */
  constructor(pathway, items, at) {
    this.pathway = pathway;
    // In an order that does not depend on the one in which they came: what is chosen is always the same.
    this.items = [...items].sort((one, other) => Number(!one.digest) - Number(!other.digest) || compared(one.digest, other.digest) || one.position - other.position);
    this.grave = graveFates(this.items);
    this.since = new Map(pathway.leaves.flatMap(({ withinMonths: months }) => (months ? [[months, monthsBefore(at, months)]] : [])));
    /** @type {Met[][]} by leaf. */
    this.met = pathway.leaves.map(() => []);
    this.unread = this.items.filter((item) => !item.achieved.length && this.fate(item) === "unchecked").map(({ position }) => position);
    this.families = new Families(this.items);
    /** @type {Map<number, Bounds>} by step. */
    this.bounds = new Map();
    // What serves a step that is done, and what may serve one of which that is not known; by item.
    /** @type {Set<number>} */
    this.serves = new Set();
    /** @type {Set<number>} */
    this.mayServe = new Set();
  }

  /** @returns {Progress} */
  progress() {
    this.items.forEach((item, at) => this.hold(item, at));
    /** @type {Omit<StepProgress, "available">[]} */
    const found = [];
    for (const number of this.pathway.order) found[number] = this.step(this.pathway.steps[number]);
    const { steps } = this.pathway;
    return {
      complete: known(steps.filter(({ optional }) => !optional).map(({ number }) => this.boundsOf(number))),
      steps: steps.map(({ number, after }) => ({ ...found[number], available: known(after.map((each) => this.boundsOf(each))) })),
    };
  }

  /** @param {Held} item */
  fate({ digest, fate }) {
    return this.grave.get(digest) ?? fate;
  }

  /** @param {number} step */
  boundsOf(step) {
    return /** @type {Bounds} */ (this.bounds.get(step));
  }

  /**
   * Hold the achievements of an item against the leaves.
   * @param {Held} item
   * @param {number} at
   */
  hold(item, at) {
    const fate = this.fate(item);
    item.achieved.forEach((achieved, place) => {
      const seen = new Seen(this.pathway, item, achieved);
      for (const leaf of this.pathway.leaves) {
        const match = seen.match(leaf);
        const hasResult = match !== NO && seen.hasResult(leaf);
        const parts = leaf.least ? seen.parts : 0;
        if (match === NO || (!hasResult && !leaf.isDecision) || (leaf.least && !parts)) continue;
        const [bounds, reason] = standing(item, fate, match, { accredited: leaf.accredited, since: this.since.get(leaf.withinMonths) ?? null });
        this.met[leaf.number].push({ unit: { item: at, place, parts }, bounds, reason: hasResult ? reason : (reason ?? "refused"), isRefusal: !hasResult });
      }
    });
  }

  /**
   * @param {Step} planned
   * @returns {Omit<StepProgress, "available">}
   */
  step(planned) {
    if (this.pathway.once) this.withhold(planned);
    const { id: step, number, requires, decision, evidence } = planned;
    const byRequirement = requires === null ? OPEN : this.part(requires);
    const byDecision = decision ? this.recognition(decision, evidence) : OPEN;
    const bounds = anyOf([byRequirement, byDecision]);
    this.bounds.set(number, bounds);
    const credits = planned.leaves.filter(({ least }) => least).map((leaf) => ({ have: creditsText(this.have(leaf)), need: creditsText(leaf.least) }));
    const none = { items: [], steps: [], decided: null, partly: [], hindered: [] };
    if (!isDone(bounds)) {
      this.notePerhaps(planned);
      const partly = this.positions(this.allMet(planned).filter(counts).map(({ unit }) => unit.item));
      return { ...none, step, outcome: isKnown(bounds) ? OUTCOMES[bounds[0]] : "unknown", partly, hindered: this.hindered(planned, bounds), credits };
    }
    /** @type {Unit[]} */
    let units = [];
    /** @type {Set<number>} */
    const steps = new Set();
    let decided = null;
    if (requires !== null && isDone(byRequirement)) this.restsOn(requires, units, steps);
    else if (decision) {
      units = this.first(decision);
      decided = this.items[units[0].item].position;
    }
    this.noteServing(planned, units);
    const ids = [...steps].sort((one, other) => one - other).map((each) => this.pathway.steps[each].id);
    return { ...none, step, outcome: "done", items: this.positions(units.map(({ item }) => item)), steps: ids, decided, credits };
  }

  /**
   * What a requirement comes to.
   * @param {Part} part
   * @returns {Bounds}
   */
  part(part) {
    if (typeof part === "number") return this.boundsOf(part);
    return "of" in part ? atLeast(part.atLeast, part.of.map((each) => this.part(each))) : this.leaf(part);
  }

  /**
   * @param {Leaf} leaf
   * @returns {Bounds}
   */
  leaf(leaf) {
    const met = this.met[leaf.number];
    const bounds = leaf.least ? /** @type {Bounds} */ (met.length ? [this.reached(leaf, 0), this.reached(leaf, 1)] : OPEN) : anyOf(met.filter(({ isRefusal }) => !isRefusal).map((each) => each.bounds));
    // What could not be read at all may be anything.
    return this.unread.length ? [RANK.done, bounds[1]] : bounds;
  }

  /**
   * The lowest rank at which what counts comes to enough, taking each for the best or the worst it can be.
   * @param {Leaf} leaf
   * @param {0 | 1} end
   */
  reached(leaf, end) {
    const met = this.met[leaf.number];
    for (const rank of [...new Set(met.map(({ bounds }) => bounds[end]))].sort()) {
      if (rank === RANK.open) break;
      if (this.families.sum(met.filter(({ bounds }) => bounds[end] <= rank).map(({ unit }) => unit)) >= leaf.least) return rank;
    }
    return RANK.open;
  }

  /**
   * A decision; without one, what was handed in for it waits, unless it was refused.
   * @param {Leaf} decision
   * @param {Part | null} evidence
   * @returns {Bounds}
   */
  recognition(decision, evidence) {
    const decided = this.leaf(decision);
    let waiting = evidence === null ? OPEN : allOf([this.part(evidence), [RANK.awaiting, RANK.awaiting]]);
    const refusals = this.met[decision.number].filter(({ isRefusal }) => isRefusal).map(({ bounds }) => bounds);
    if (refusals.length) {
      const [best, worst] = anyOf(refusals);
      waiting = [worst === RANK.done ? RANK.open : waiting[0], best === RANK.done ? RANK.open : waiting[1]];
    }
    // What could not be read may be a refusal.
    if (this.unread.length) waiting = [waiting[0], RANK.open];
    return anyOf([decided, waiting]);
  }

  /** @param {Leaf} leaf */
  have(leaf) {
    return this.families.sum(this.met[leaf.number].filter(counts).map(({ unit }) => unit));
  }

  /**
   * What *done* rests on.
   * @param {Part} part
   * @param {Unit[]} units
   * @param {Set<number>} steps
   */
  restsOn(part, units, steps) {
    if (typeof part === "number") steps.add(part);
    else if ("of" in part) {
      const done = part.of.filter((each) => isDone(this.part(each)));
      for (const each of done.slice(0, part.atLeast)) this.restsOn(each, units, steps);
    } else if (part.least) units.push(...this.families.chosen(this.met[part.number].filter(counts).map(({ unit }) => unit), part.least));
    else units.push(...this.first(part));
  }

  /** @param {Leaf} leaf */
  first(leaf) {
    return this.met[leaf.number].filter(counts).slice(0, 1).map(({ unit }) => unit);
  }

  /** @param {readonly number[]} places */
  positions(places) {
    return [...new Set(places.map((each) => this.items[each].position))].sort((one, other) => one - other);
  }

  /** @param {Step} planned */
  allMet({ leaves }) {
    return leaves.flatMap(({ number }) => this.met[number]);
  }

  /**
   * @param {Step} planned
   * @param {Bounds} bounds
   */
  hindered(planned, bounds) {
    /** @type {Map<number, string>} */
    const found = new Map();
    const all = this.allMet(planned);
    const counting = new Set(all.filter(counts).map(({ unit }) => unit.item));
    for (const { reason, unit } of all) {
      const { position } = this.items[unit.item];
      if (reason !== null && !counting.has(unit.item) && !found.has(position)) found.set(position, reason);
    }
    if (!isKnown(bounds)) for (const position of this.unread) if (!found.has(position)) found.set(position, "unread");
    return [...found].map(([position, reason]) => ({ position, reason })).sort((one, other) => one.position - other.position);
  }

  /**
   * Take from a step what serves one before it.
   * @param {Step} planned
   */
  withhold(planned) {
    for (const each of this.allMet(planned)) {
      if (this.serves.has(each.unit.item)) [each.bounds, each.reason] = [OPEN, "serves another step"];
      else if (this.mayServe.has(each.unit.item) && each.bounds[1] !== RANK.open) [each.bounds, each.reason] = [[each.bounds[0], RANK.open], "may serve another step"];
    }
  }

  /**
   * @param {Step} planned
   * @param {readonly Unit[]} units
   */
  noteServing(planned, units) {
    if (!this.pathway.once) return;
    this.notePerhaps(planned);
    const taken = this.isCertain(planned) ? this.serves : this.mayServe;
    for (const each of this.copies(units.map(({ item }) => item))) taken.add(each);
  }

  /**
   * What may serve a step: nothing that is known does, where all that decides is known.
   * @param {Step} planned
   */
  notePerhaps(planned) {
    if (!this.pathway.once || this.isCertain(planned)) return;
    const perhaps = this.allMet(planned).filter(({ bounds }) => bounds[0] === RANK.done);
    for (const each of this.copies(perhaps.map(({ unit }) => unit.item))) this.mayServe.add(each);
  }

  /**
   * Whether nothing that is unknown has a part in it.
   * @param {Step} planned
   */
  isCertain(planned) {
    const steps = [...stepsIn(planned.requires), ...stepsIn(planned.evidence)];
    return !this.unread.length && this.allMet(planned).every(({ bounds }) => isKnown(bounds)) && steps.every((each) => isKnown(this.boundsOf(each)));
  }

  /**
   * Items, with the copies of them.
   * @param {readonly number[]} places
   */
  copies(places) {
    const digests = new Set(places.map((each) => this.items[each].digest).filter(Boolean));
    return new Set([...places, ...this.items.flatMap(({ digest }, at) => (digests.has(digest) ? [at] : []))]);
  }
}

/** What an achievement is, as far as leaves ask for it; each is read at most once. */
class Seen {
  /**
   * @param {Pathway} pathway
   * @param {Held} item
   * @param {Achieved} achieved
   */
  constructor(pathway, item, achieved) {
    this.item = item;
    this.achieved = achieved;
    this.competences = competencesOf(achieved, pathway.names);
    this.fields = fieldsOf(achieved);
    this.levels = levelsOf(achieved);
    this.results = resultsOf(achieved);
    this.parts = partsOfCredits(creditsIn(achieved, ECTS) ?? (pathway.unnamedCredits ? creditsIn(achieved, "") : null));
  }

  /**
   * Whether it is what a leaf asks for, but for the results.
   * @param {Leaf} leaf
   */
  match({ achievements, competences, kinds, fields, issuers, level }) {
    if (achievements.length && !achievements.includes(this.achieved.identifier)) return NO;
    if (competences.size && ![...this.competences].some((each) => competences.has(each))) return NO;
    if (kinds.size && !kinds.has(folded(this.achieved.kind))) return NO;
    if (fields.length && !this.fields.some((each) => fields.some((field) => each.startsWith(field)))) return NO;
    const found = issuers.length ? this.issuerMatch(issuers) : YES;
    return level && found !== NO ? Math.min(found, levelMatch(this.levels, level)) : found;
  }

  /** @param {readonly (string | number)[]} wanted */
  issuerMatch(wanted) {
    const { issuerId, issuerConfirmed, issuer } = this.item;
    const isNamed = issuerId !== "" && wanted.includes(issuerId);
    if ((isNamed && issuerConfirmed) || (issuer !== null && wanted.includes(issuer))) return YES;
    // Anybody can call himself anything.
    return isNamed || (issuer === null && wanted.some((each) => typeof each === "number")) ? PERHAPS : NO;
  }

  /**
   * Whether one of its results is one that a leaf asks for; where it asks for none, it has.
   * @param {Leaf} leaf
   */
  hasResult({ results }) {
    return !results.size || [...this.results].some((each) => results.has(each));
  }
}

/**
 * @param {Achieved} achieved
 * @param {string} system
 */
function creditsIn({ credits }, system) {
  return credits.find((each) => each.system.toLowerCase() === system.toLowerCase())?.amount ?? null;
}

/** @param {Met} met */
function counts({ bounds, isRefusal }) {
  return bounds[1] === RANK.done && !isRefusal;
}

/** @param {Bounds} bounds */
function isDone([best, worst]) {
  return best === DONE[0] && worst === DONE[1];
}

/**
 * Whether all of several steps are done.
 * @param {readonly Bounds[]} needed
 * @returns {Known}
 */
function known(needed) {
  if (needed.every(isDone)) return "yes";
  return needed.some(([best]) => best !== RANK.done) ? "no" : "unknown";
}

/**
 * @param {string} one
 * @param {string} other
 */
function compared(one, other) {
  return one === other ? 0 : one < other ? -1 : 1;
}
