// Accreditations by proofs of a real chain's endpoints, of which some lie.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Endpoints, EndpointsReader, Verifier, verdictJson } from "../../registry/service/web/verifier/index.js";
import { cases, fromBase64 } from "./cases.mjs";

const { contract, chain, honest, liars, mixed, branching, cases: made } = cases();

function readerOf(urls, { now }, options = {}) {
  return new EndpointsReader(new Endpoints(urls, options), { contract, clock: () => now });
}

async function verdictOf(reader, { receipt, digest, now, policy }) {
  const { issuers, bodies, accords, conditions, programmes } = policy;
  const known = { ...policy, issuers: new Map(issuers), bodies: new Map(bodies), accords: new Map(accords), conditions: new Map(conditions), programmes: new Map(programmes) };
  const verifier = new Verifier(reader, { trust: { issuers: new Map(), chain }, policy: known, now: () => new Date(now * 1000) });
  return verdictJson(await verifier.verifyDigest(digest, fromBase64(receipt)));
}

const without = ({ checks }) => checks.map((check) => ({ ...check, text: check.text.replace(/ Proved against.*/, "") }));

test(`${made.length} verdicts by an endpoint that has to prove them are those of Python`, async () => {
  for (const given of made) assert.deepEqual(await verdictOf(readerOf(honest, given), given), given.expect);
});

test("one who lies among three changes nothing that is said", async () => {
  for (const urls of mixed) {
    assert.deepEqual(without(await verdictOf(readerOf(urls, made[0]), made[0])), without(made[0].expect));
  }
});

test("one who names another block, or lies alone, makes it unknown", async () => {
  for (const urls of [branching, ...liars.map((url) => [url])]) {
    const { checks } = await verdictOf(readerOf(urls, made[0]), made[0]);
    const standing = checks.filter(({ name }) => ["issuer", "accreditation", "recognition"].includes(name));
    assert.deepEqual(standing.map(({ outcome }) => outcome), ["unknown", "unknown", "unknown"], urls.join());
  }
});

test("who lies about accreditations alone makes them unknown, and nothing else", async () => {
  const [{ expect }] = made;
  const facts = ["integrity", "inclusion", "anchor", "status", "dates", "signature"];
  for (const url of liars) {
    const reader = readerOf(honest, made[0]);
    const ledger = reader.ledger.bind(reader);
    reader.ledger = (trusted) => {
      reader.endpoints.urls = [url];
      // What was proved before the lie is known.
      reader.registry.proved.clear();
      return ledger(trusted);
    };
    const { checks } = await verdictOf(reader, made[0]);
    const told = (all) => all.filter(({ name }) => facts.includes(name));
    assert.deepEqual(told(checks), told(expect.checks));
    assert.deepEqual(checks.slice(-2).map(({ outcome, code }) => [outcome, code]), [["unknown", "not-proved"], ["unknown", "not-proved"]], url);
  }
});
