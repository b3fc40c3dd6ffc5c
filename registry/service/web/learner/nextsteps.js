/**
 * Which next step opens most (`registry/learning/pathways/next_step.py`).
 */

import { creditsText } from "./credits.js";
import { stepsIn } from "./pathway.js";

/**
 * @typedef {import("./pathway.js").Part} Part
 * @typedef {import("./pathway.js").Pathway} Pathway
 * @typedef {import("./pathway.js").Step} Step
 * @typedef {import("./progress.js").Progress} Progress
 *
 * @typedef {object} Next a step that can be next.
 * @property {string} step
 * @property {string[]} opens steps that can be begun once it is done.
 * @property {string} ects what those are worth.
 * @property {number} waiting how many steps that are not done wait for it, near or far.
 * @property {string} decidedBy what puts it before the one after it; "" of the last.
 */

const REASONS = ["opens", "credits", "waiting", "order"];

/**
 * The steps that can be next, the one that opens most first.
 * @param {Pathway} pathway
 * @param {Progress} found
 * @returns {Next[]}
 */
export function nextSteps(pathway, found) {
  const { steps } = pathway;
  const done = found.steps.map(({ outcome }) => outcome === "done");
  const waitingFor = waiting(steps);
  const candidates = steps
    .filter(({ number, ...step }) => !["done", "unknown"].includes(found.steps[number].outcome) && found.steps[number].available === "yes" && asksItself(step))
    .map(({ number, id }) => {
      const after = propagated(pathway, done, number);
      const opened = steps.filter((each) => !after[each.number] && !isBegun(each, done) && isBegun(each, after));
      const parts = opened.reduce((sum, each) => sum + worth(each), 0);
      const behind = waitingFor[number].filter((at) => !done[at]).length;
      return { key: [-opened.length, -parts, -behind, number], next: { step: id, opens: opened.map((each) => each.id), ects: creditsText(parts), waiting: behind } };
    })
    .sort((one, other) => one.key.map((value, at) => value - other.key[at]).find(Boolean) ?? 0);
  return candidates.map(({ key, next }, at) => ({ ...next, decidedBy: candidates[at + 1] ? REASONS[key.findIndex((value, place) => value !== candidates[at + 1].key[place])] : "" }));
}

/**
 * What a step is worth in ten-thousandths of ECTS: as it says, and else the fewest credits that it asks for.
 * @param {Step} step
 */
function worth({ parts, requires }) {
  return parts ?? (requires === null ? 0 : fewest(requires));
}

/**
 * @param {Part} part
 * @returns {number}
 */
function fewest(part) {
  if (typeof part === "number") return 0;
  if (!("of" in part)) return part.least;
  return part.of.map(fewest).sort((one, other) => one - other).slice(0, part.atLeast).reduce((sum, each) => sum + each, 0);
}

/**
 * Whether it asks for something of its own: one that asks for nothing but other steps is done by these.
 * @param {Omit<Step, "number">} step
 */
function asksItself({ decision, requires, evidence }) {
  return Boolean(decision) || hasLeaf(requires) || hasLeaf(evidence);
}

/**
 * @param {Part | null} part
 * @returns {boolean}
 */
function hasLeaf(part) {
  if (part === null || typeof part === "number") return false;
  return "of" in part ? part.of.some(hasLeaf) : true;
}

/**
 * @param {Step} step
 * @param {readonly boolean[]} done
 */
function isBegun({ after }, done) {
  return after.every((each) => done[each]);
}

/**
 * What is done once a step is, with the steps that are done by other steps alone.
 * @param {Pathway} pathway
 * @param {readonly boolean[]} done
 * @param {number} number
 */
function propagated({ steps, order }, done, number) {
  const found = [...done];
  found[number] = true;
  for (const at of order) {
    const { requires } = steps[at];
    if (requires !== null && isDone(requires, found)) found[at] = true;
  }
  return found;
}

/**
 * Whether steps alone make it done.
 * @param {Part} part
 * @param {readonly boolean[]} done
 * @returns {boolean}
 */
function isDone(part, done) {
  if (typeof part === "number") return done[part];
  return "of" in part && part.of.filter((each) => isDone(each, done)).length >= part.atLeast;
}

/**
 * Of each step, those that name it, and those that name these.
 * @param {readonly Step[]} steps
 */
function waiting(steps) {
  /** @type {Set<number>[]} */
  const named = steps.map(() => new Set());
  for (const { number, after, requires, evidence } of steps) for (const each of [...after, ...stepsIn(requires), ...stepsIn(evidence)]) named[each].add(number);
  return steps.map(({ number }) => {
    /** @type {Set<number>} */
    const reached = new Set();
    const pending = [number];
    for (let start = pending.pop(); start !== undefined; start = pending.pop()) {
      for (const at of named[start]) {
        if (reached.has(at)) continue;
        reached.add(at);
        pending.push(at);
      }
    }
    return [...reached];
  });
}
