// What of a pathway is done, and what can be next: JavaScript computes what Python computes.

import assert from "node:assert/strict";
import { test } from "node:test";

import { nextSteps } from "../../registry/service/web/learner/nextsteps.js";
import { mayBePathway, readPathway } from "../../registry/service/web/learner/pathway.js";
import { progress } from "../../registry/service/web/learner/progress.js";
import { cases, outcome } from "./cases.mjs";

const MILLION = 1_000_000n;
const { pathways, cases: vectors, more } = cases();
const bytes = (content) => new TextEncoder().encode(JSON.stringify(content));
const seconds = (text) => (text === null ? null : Date.parse(text) / 1000);

function held({ anchoredAt, validFrom, achieved, ...item }) {
  return {
    ...item,
    anchoredAt: seconds(anchoredAt),
    validFrom: validFrom === null ? null : BigInt(seconds(validFrom)) * MILLION,
    achieved: achieved.map((each) => ({
      name: {},
      description: {},
      criteria: {},
      ...each,
      credits: each.credits.map(({ amount: [numerator, denominator], system }) => ({ amount: Number((BigInt(numerator) * MILLION) / BigInt(denominator)), system })),
      alignments: each.alignments.map((one) => ({ name: "", kind: "", ...one })),
      results: each.results.map((one) => ({ name: "", kind: "", ...one })),
    })),
  };
}

for (const { name, pathway, items, at, progress: expect, next } of [...vectors.map((each) => ({ ...each, pathway: pathways[each.pathway] })), ...more]) {
  test(name, () => {
    const data = bytes(pathway);
    assert.ok(mayBePathway(data));
    const read = readPathway(data);
    const digests = new Map(items.map(({ position, digest }) => [position, digest]));
    const found = progress(read, items.map(held), new Date(at));
    const steps = found.steps.map((step) => ({ ...step, items: step.items.map((position) => ({ position, digest: digests.get(position) })) }));
    assert.deepEqual({ complete: found.complete, steps }, { complete: expect.complete, steps: expect.steps });
    assert.deepEqual(nextSteps(read, found), next);
  });
}

const [{ pathway: number }] = vectors;
const good = pathways[number];
const changed = (change) => {
  const copy = structuredClone(good);
  change(copy);
  return bytes(copy);
};
const REFUSED = [
  ["not-a-pathway", (form) => (form.type = "Pathway")],
  ["pathway-version", (form) => (form.version = 2)],
  ["pathway-form", (form) => delete form.id],
  ["pathway-form", (form) => (form.steps = {})],
  ["pathway-form", (form) => form.steps.push(form.steps[0])],
  ["pathway-form", (form) => (form.steps[0].after = ["nowhere"])],
  ["pathway-form", (form) => (form.steps[0].requires = { step: form.steps[0].id })],
  ["pathway-form", (form) => (form.steps[0].requires = { atLeast: 2, of: [{ award: {} }] })],
  ["pathway-form", (form) => (form.steps[0].requires = { credits: "many", where: {} })],
  ["pathway-form", (form) => (form.steps[0].requires = { award: { achievements: [5] } })],
  ["pathway-form", (form) => (form.steps[0].requires = Array.from({ length: 12 }).reduce((inner) => ({ atLeast: 1, of: [inner] }), { award: {} }))],
  ["pathway-form", (form) => (form.steps = Array.from({ length: 501 }, (_, at) => ({ ...form.steps[0], id: String(at), after: [] })))],
];

for (const [code, change] of REFUSED) {
  test(`what is no pathway is refused: ${change}`, async () => {
    assert.equal((await outcome(() => readPathway(changed(change)))).code, code);
  });
}
