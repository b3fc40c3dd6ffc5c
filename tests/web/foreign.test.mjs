// Documents of others: recognised as in Python, and nothing is said to have been checked.

import assert from "node:assert/strict";
import { test } from "node:test";

import { readDocument } from "../../registry/service/web/verifier/reading.js";
import { verify } from "../../registry/service/web/verifier/verify.js";
import { cases } from "./cases.mjs";

const made = cases();

test(`${made.length} documents are of the kind that Python finds`, async () => {
  for (const { document, kind, dates } of made) {
    const reading = await readDocument(new TextEncoder().encode(document), "a.json");
    assert.equal(reading.foreign, kind, document);
    if (!kind) continue;
    const verdict = await verify({ reading, name: "a.json", receipt: null, facts: null, now: new Date(0) });
    const codes = verdict.checks.slice(0, 6).map(({ outcome, code }) => `${outcome} ${code}`);
    assert.deepEqual(codes, [...Array(2).fill("unknown foreign-unread"), ...Array(3).fill("unknown foreign-anchor"), dates]);
  }
});
