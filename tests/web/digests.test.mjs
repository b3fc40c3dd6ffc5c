// Digests and refusals of JSON texts, paths and proofs of absence: each as Python has it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { digestAs, readJson } from "../../registry/service/web/verifier/digest.js";
import { unhex } from "../../registry/service/web/verifier/bytes.js";
import { canonicalize } from "../../registry/service/web/verifier/jcs.js";
import { checkAbsence, checkInclusion, pathLength } from "../../registry/service/web/verifier/merkle.js";
import { Members, Real, parseJson } from "../../registry/service/web/verifier/strictjson.js";
import { cases, fromBase64, outcome } from "./cases.mjs";

const { texts, numbers, methods, lengths, inclusions, absences } = cases();

const proof = ({ leafIndex, leafCount, path }) => ({ leafIndex, leafCount, path: path.map(unhex) });
const neighbour = (given) => given && { digest: unhex(given.digest), proof: proof(given.proof) };

test(`${texts.length} texts have the digest or the refusal that Python gives them`, async () => {
  for (const { text, expect } of texts) {
    const found = await outcome(async () => (await readJson(fromBase64(text))).digest, ["code", "what", "remedy"]);
    assert.deepEqual(found, expect, Buffer.from(text, "base64").toString());
  }
});

test(`${numbers.length} numbers are written as RFC 8785 writes them`, () => {
  for (const [bits, written] of numbers) {
    const view = new DataView(unhex(bits).buffer);
    assert.equal(canonicalize(new Real(view.getFloat64(0))), written);
  }
});

test("members are no members of anything else", () => {
  const value = parseJson(new TextEncoder().encode('{"__proto__":1,"constructor":2,"b":1,"a":[]}'));
  assert.ok(value instanceof Members);
  assert.equal(canonicalize(value), '{"__proto__":1,"a":[],"b":1,"constructor":2}');
});

test(`${methods.length} documents are digested by the method that is named, or by none`, async () => {
  for (const { method, text, expect } of methods) {
    assert.deepEqual(await outcome(() => digestAs(method, fromBase64(text))), expect, `${method} ${text}`);
  }
});

test(`${lengths.length} paths have the length that they have`, async () => {
  for (const { index, count, expect } of lengths) {
    assert.deepEqual(await outcome(() => pathLength(index, count)), expect, `${index} of ${count}`);
  }
});

test(`${inclusions.length} proofs of inclusion hold or are refused as in Python`, async () => {
  for (const { digest, root, proof: given, expect } of inclusions) {
    const found = await outcome(() => checkInclusion(unhex(digest), unhex(root), proof(given)), ["code", "what"]);
    assert.deepEqual(found ?? null, expect);
  }
});

test(`${absences.length} proofs of absence hold or are refused as in Python`, async () => {
  for (const { digest, root, leafCount, lower, upper, expect } of absences) {
    const given = { leafCount, lower: neighbour(lower), upper: neighbour(upper) };
    const found = await outcome(() => checkAbsence(unhex(digest), unhex(root), given), ["code", "what"]);
    assert.deepEqual(found ?? null, expect);
  }
});
