// What is read of documents in pictures, PDF and XML: all of it is what Python reads, to the letter.

import assert from "node:assert/strict";
import { test } from "node:test";

import { readDocument } from "../../registry/service/web/verifier/reading.js";
import { Refusal } from "../../registry/service/web/verifier/refusal.js";
import { verdictJson } from "../../registry/service/web/verifier/verdict.js";
import { verify } from "../../registry/service/web/verifier/verify.js";
import { cases, fromBase64 } from "./cases.mjs";

const { readings, verdicts } = cases();
const digest = (each) => each && `${each.method} ${each.value}`;

async function read({ data, name, limits }) {
  const reading = await readDocument(fromBase64(data), name, limits);
  return {
    digest: digest(reading.digest),
    refusal: reading.refusal?.what ?? null,
    own: reading.own.map(digest),
    alike: reading.alike.map(digest),
    parts: reading.parts.map(({ where, members, digests, isToken }) => [where, [...members.keys()], digests.map(digest), isToken]),
    receipts: reading.receipts.map(({ where, read }) => [where, read instanceof Refusal ? read.code : digest(read.digest)]),
    carriers: reading.carriers,
    unread: reading.unread.map(({ where, why, isStatement }) => [where, why, isStatement]),
    signatures: reading.signatures,
    isSelection: reading.isSelection,
    revisions: reading.revisions,
  };
}

test(`${readings.length} files are read as in Python`, async () => {
  const differing = [];
  for (const each of readings) {
    try {
      assert.deepEqual(await read(each), each.expect);
    } catch (error) {
      differing.push(`${each.name}\n${Buffer.from(each.data, "base64").toString("latin1").slice(0, 600)}\n${error.stack.slice(0, 1500)}`);
    }
  }
  assert.equal(differing.length, 0, `${differing.length} differ\n${differing.slice(0, 6).join("\n\n")}`);
});

test(`${verdicts.length} verdicts on them are those of Python`, async () => {
  for (const { data, name, now, expect } of verdicts) {
    const reading = await readDocument(fromBase64(data), name);
    assert.deepEqual(verdictJson(await verify({ reading, name, receipt: null, facts: null, now: new Date(now) })), expect, name);
  }
});
