/**
 * Progress on a pathway as elements of the page: every *done* leads to the verdict that it rests on.
 */

import { box, element } from "../browser/elements.js";
import { marked } from "../verifier/text.js";
import { heldItems, textIn } from "./entries.js";
import { leadingTo } from "./listing.js";
import { nextSteps } from "./nextsteps.js";
import { progress } from "./progress.js";
import { say } from "./words.js";

/**
 * @typedef {import("./entries.js").Entry} Entry
 * @typedef {import("./pathway.js").Pathway} Pathway
 * @typedef {import("./pathway.js").Step} Step
 * @typedef {import("./progress.js").StepProgress} StepProgress
 */

const LONGEST = 200;
const LONGEST_TEXT = 1_000;
const MOST_NEXT = 3;
/** @type {Record<import("./progress.js").Outcome, string>} */
const TONES = { done: "good", "awaiting a person": "unsure", expired: "bad", "not accredited": "bad", open: "neutral", unknown: "unsure" };

/**
 * What of a pathway is done, what can be next, and each of its steps.
 * @param {Pathway} pathway
 * @param {readonly Entry[]} entries
 * @param {Date} at
 * @returns {Node[]}
 */
export function progressOf(pathway, entries, at) {
  const found = progress(pathway, heldItems(entries), at);
  const titles = new Map(pathway.steps.map((step) => [step.id, titleOf(step)]));
  const needed = found.steps.filter((_, number) => !pathway.steps[number].optional);
  const done = needed.filter(({ outcome }) => outcome === "done").length;
  const tone = { yes: "good", no: "neutral", unknown: "unsure" }[found.complete];
  const summary = box(
    `outcome ${tone}`,
    element("p", element("strong", element("bdi", marked(textIn(pathway.title), LONGEST)))),
    element("p", say(`complete.${found.complete}`), " ", say("doneOf", { done, count: needed.length })),
    ...(pathway.issuer ? [element("p", say("pathwayBy", { issuer: marked(pathway.issuer, LONGEST) }))] : []),
  );
  const next = nextSteps(pathway, found).slice(0, MOST_NEXT);
  const steps = element("ol", ...pathway.steps.map((step, number) => stepElement(step, found.steps[number], entries, titles)));
  steps.className = "steps";
  return [
    summary,
    ...(next.length ? [element("h3", say("next")), element("ol", ...next.map((each) => nextElement(each, titles)))] : []),
    element("h3", say("steps")),
    steps,
  ];
}

/**
 * @param {import("./nextsteps.js").Next} next
 * @param {ReadonlyMap<string, string>} titles
 */
function nextElement({ step, opens }, titles) {
  const item = element("li", toStep(step, titles));
  if (opens.length) item.append(" ", element("span", say("opens", { count: opens.length })), " ", ...joined(opens.map((each) => toStep(each, titles))));
  return item;
}

/**
 * @param {Step} step
 * @param {StepProgress} found
 * @param {readonly Entry[]} entries
 * @param {ReadonlyMap<string, string>} titles
 */
function stepElement(step, found, entries, titles) {
  const { outcome, available, items, steps, decided, partly, hindered, credits } = found;
  const description = textIn(step.description);
  const rests = [...items.map((position) => leadingTo(entries[position])), ...steps.map((each) => toStep(each, titles))];
  const lines = [
    ...(rests.length ? [line(say(decided === null ? "restsOn" : "decided"), ...joined(rests))] : []),
    ...(partly.length ? [line(say("partly"), ...joined(partly.map((position) => leadingTo(entries[position]))))] : []),
    ...credits.map(({ have, need }) => line(say("creditsOf", { have, need }))),
    ...(outcome !== "done" && available === "no" ? [line(say("notYet"))] : []),
  ];
  const reasons = hindered.map(({ position, reason }) => element("li", leadingTo(entries[position]), " – ", say(`reason.${reason}`)));
  const head = element("p", element("strong", say(`outcome.${outcome}`)), ...(step.optional ? [" · ", say("optional")] : []));
  const item = element(
    "li",
    element("h4", element("bdi", String(titles.get(step.id)))),
    head,
    ...(description ? [element("p", element("bdi", marked(description, LONGEST_TEXT)))] : []),
    ...lines,
    ...(reasons.length ? [line(say("hindered")), element("ul", ...reasons)] : []),
  );
  item.id = `step-${step.number + 1}`;
  item.className = TONES[outcome];
  item.dataset.step = step.id;
  item.tabIndex = -1;
  return item;
}

/**
 * What leads to a step.
 * @param {string} step
 * @param {ReadonlyMap<string, string>} titles
 */
function toStep(step, titles) {
  const link = element("a", element("bdi", String(titles.get(step))));
  const place = `step-${[...titles.keys()].indexOf(step) + 1}`;
  link.href = `#${place}`;
  link.addEventListener("click", (event) => {
    event.preventDefault();
    document.getElementById(place)?.scrollIntoView();
    document.getElementById(place)?.focus();
  });
  return link;
}

/** @param {Step} step */
function titleOf({ id, title }) {
  return marked(textIn(title) || id, LONGEST);
}

/** @param {(Node | string)[]} content */
function line(...content) {
  const [first, ...rest] = content;
  return element("p", first, ...(rest.length ? [" ", ...rest] : []));
}

/** @param {readonly Node[]} links */
function joined(links) {
  return links.flatMap((link, at) => (at ? [" · ", link] : [link]));
}
