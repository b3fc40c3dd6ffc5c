// Verdicts: deep equality with Python's.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Language } from "../../registry/service/web/verifier/language.js";
import { decided } from "../../registry/service/web/verifier/decided.js";
import { Ledger } from "../../registry/service/web/verifier/ledger.js";
import { readDocument } from "../../registry/service/web/verifier/reading.js";
import { parseReceipt } from "../../registry/service/web/verifier/receipt.js";
import { Refusal } from "../../registry/service/web/verifier/refusal.js";
import { verdictJson } from "../../registry/service/web/verifier/verdict.js";
import { verify } from "../../registry/service/web/verifier/verify.js";
import { cases, fromBase64 } from "./cases.mjs";

const { cases: made, several = [], contents = {} } = cases();
const languages = Object.entries(contents).map(([code, content]) => [code, new Language(content)]);
const known = (given) => {
  if (!given) return given;
  const { issuers, bodies = [], accords = [], conditions = [], programmes = [] } = given;
  return { ...given, issuers: new Map(issuers), bodies: new Map(bodies), accords: new Map(accords), conditions: new Map(conditions), programmes: new Map(programmes) };
};
const told = (given) => (given?.accreditations ? new Ledger(given.accreditations, given.asOf) : given);

function read(receipt) {
  try {
    return receipt && parseReceipt(fromBase64(receipt));
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

test(`${made.length} verdicts are those of Python`, async () => {
  const differing = [];
  for (const { document, name, receipt, facts, now, trust, policy, ledger, here, expect, translated } of made) {
    const reading = document === null ? null : await readDocument(fromBase64(document), name);
    const given = { reading, name, receipt: read(receipt), facts, now: new Date(now), trust: known(trust), policy: known(policy), ledger: told(ledger), here };
    const verdict = await verify(given);
    try {
      assert.equal(JSON.stringify(verdictJson(verdict)), JSON.stringify(expect));
      for (const [code, language] of languages) assert.deepEqual(verdict.checks.map(({ said }) => language.text(said)), translated[code]);
    } catch (error) {
      differing.push(`${name} ${document && Buffer.from(document, "base64").toString().slice(0, 900)}\n${error.message}`);
    }
  }
  assert.equal(differing.length, 0, `${differing.length} differ\n${differing.slice(0, 6).join("\n\n")}`);
});

test(`${several.length} documents with several receipts have the verdicts of Python`, async () => {
  for (const { document, name, given, issuer, now, trust, expect } of several) {
    const reading = await readDocument(fromBase64(document), name);
    const judged = [];
    for (const { receipt: file, facts } of given) {
      const receipt = read(file);
      judged.push({ receipt, verdict: await verify({ reading, name, receipt, facts, now: new Date(now), trust: known(trust) }) });
    }
    assert.deepEqual(verdictJson(decided(judged, reading.own.map(({ value }) => value), issuer)), expect);
  }
});
