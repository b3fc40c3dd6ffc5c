// What a document states was achieved: JavaScript finds what Python finds.

import assert from "node:assert/strict";
import { test } from "node:test";

import { itemOf } from "../../registry/service/web/learner/achieved.js";
import { readDocument } from "../../registry/service/web/verifier/reading.js";
import { cases, fromBase64 } from "./cases.mjs";

const moment = (micro) => (micro === null ? null : new Date(Number(micro / 1000n)).toISOString().slice(0, 19));

for (const [at, { data, expect }] of cases().entries()) {
  test(`document ${at}`, async () => {
    const bytes = fromBase64(data);
    const item = itemOf(await readDocument(bytes, "a.json"));
    const found = { ...item, validFrom: moment(item.validFrom), validUntil: moment(item.validUntil) };
    assert.deepEqual(JSON.parse(JSON.stringify(found)), expect, new TextDecoder().decode(bytes).slice(0, 4000));
  });
}
