// Facts of a chain: out of evidence, and from endpoints that answer, differ, lie or say nothing.

import assert from "node:assert/strict";
import { test } from "node:test";

import { hex } from "../../registry/service/web/verifier/bytes.js";
import { readHeader } from "../../registry/service/web/verifier/header.js";
import { Endpoints, EndpointsReader, EvidenceReader, Refusal, Verifier, verdictJson } from "../../registry/service/web/verifier/index.js";
import { cases, fromBase64, outcome } from "./cases.mjs";

const { offline, online, basis } = cases();

function verifierOf(reader, { chain, party, now }) {
  return new Verifier(reader, { trust: { issuers: new Map([[party, ""]]), chain }, now: () => new Date(now * 1000) });
}

async function verdictOf(reader, given) {
  return verdictJson(await verifierOf(reader, given).verifyDigest(given.digest, fromBase64(given.receipt)));
}

test(`${offline.length} verdicts out of evidence are those of Python`, async () => {
  for (const given of offline) {
    const named = {
      chain: given.chain,
      async basisOf(header) {
        if (given.hashes.includes(hex(readHeader(header).hash))) return basis;
        throw new Refusal("block-not-listed", "nobody named it");
      },
    };
    const reader = new EvidenceReader(named, { contract: given.contract, clock: () => given.now });
    assert.deepEqual(await verdictOf(reader, given), given.expect);
  }
});

/** Endpoints of a node; `change` may change what the one at a URL answers. */
function fetchOf({ chainId, block, accountProof, storage }, change = (_, __, result) => result) {
  const asked = [];
  const fetch = async (url, { body, method, headers }) => {
    const { id, method: name, params } = JSON.parse(body);
    assert.deepEqual([method, headers["content-type"]], ["POST", "application/json"]);
    asked.push(name);
    const answers = {
      eth_chainId: () => chainId,
      eth_getBlockByNumber: ([at]) => (["latest", "finalized", block.number].includes(at) ? block : null),
      eth_getProof: ([, slots]) => ({ accountProof, storageProof: slots.map((slot) => ({ key: slot, value: "0x0", proof: storage[slot.slice(2)] })) }),
    };
    return new Response(JSON.stringify({ jsonrpc: "2.0", id, result: change(url, name, structuredClone(answers[name](params))) }));
  };
  return { fetch, asked };
}

function readerOf(given, urls, { fetch }, options = {}) {
  return new EndpointsReader(new Endpoints(urls, { fetch, timeout: 200, ...options }), { contract: given.contract, clock: () => given.now });
}

test("verdicts by an endpoint that has to prove them are those of Python", async () => {
  for (const { node, cases: all } of online) {
    for (const given of all) {
      const server = fetchOf(node);
      assert.deepEqual(await verdictOf(readerOf(given, ["http://localhost:8545"], server), given), given.expect);
      assert.ok(server.asked.filter((name) => name === "eth_getProof").length <= 3, String(server.asked));
    }
  }
});

const [, { node, cases: [given] }] = online;
const THREE = ["https://a.example/key", "https://b.example", "https://c.example:8443"];
const agreed = (urls, change, options) => outcome(() => new Endpoints(urls, { fetch: fetchOf(node, change).fetch, timeout: 50, ...options }).agreedBlock());

test("a block is one that enough hosts name alike", async () => {
  const named = async (...rest) => (({ code, namedBy, asked }) => code ?? [namedBy?.length, asked])(await agreed(...rest));
  const other = (result) => result?.hash && { ...result, hash: `0x${"11".repeat(32)}` };
  const at = (urls, make) => (url, name, result) => (urls.includes(url) ? make(name, result) : result);
  assert.deepEqual(await named(THREE), [3, 3]);
  assert.deepEqual(await named(THREE, at([THREE[0]], () => null)), [2, 3]);
  assert.equal(await named(THREE, at(THREE.slice(1), () => null)), "no-quorum");
  assert.equal(await named(THREE, at([THREE[2]], (name, result) => (name === "eth_chainId" ? "0x1" : result))), "endpoints-differ");
  assert.equal(await named(THREE, at([THREE[2]], (name, result) => (name === "eth_getBlockByNumber" ? other(result) : result))), "endpoints-differ");
  // Two keys of one host are one.
  assert.equal(await named(["https://a.example/1", "https://a.example/2"], undefined, { quorum: 2 }), "no-quorum");
  assert.deepEqual(await named(["https://a.example/1", "https://a.example/2"]), [1, 1]);
  // Who tells of a block far ahead alone, is not waited for; who tells of one a little ahead, is followed down.
  const ahead = (by, later) => at([THREE[0]], (name, result) => (result?.number && name === "eth_getBlockByNumber" ? { ...result, number: `0x${(Number(result.number) + by).toString(16)}`, timestamp: `0x${(Number(result.timestamp) + later).toString(16)}` } : result));
  assert.deepEqual(await named(THREE, ahead(2, 24)), [2, 3]);
  assert.equal(await named(THREE, ahead(20, 240)), "no-quorum");
});

test("whatever an endpoint does instead of answering, the verdict is that it could not be checked", async () => {
  const silent = (_, { signal }) =>
    new Promise((_, refuse) => {
      const alive = setTimeout(refuse, 10_000); // the signal's own timer keeps no process alive
      signal.addEventListener("abort", () => refuse(signal.reason, clearTimeout(alive)));
    });
  const failures = {
    "chain-unreachable": async () => {
      throw new TypeError("fetch failed");
    },
    "chain-timeout": silent,
    "chain-http-status": async () => new Response("no", { status: 500 }),
    "chain-garbage": async () => new Response("<html>"),
    "chain-rpc-error": async () => new Response('{"error":{"code":-32601,"message":"no"}}'),
  };
  for (const [code, fetch] of Object.entries(failures)) {
    const endpoints = new Endpoints(["https://a.example"], { fetch, timeout: 20 });
    assert.equal((await outcome(() => endpoints.request("https://a.example", "eth_chainId", []))).code, code);
    const verdict = await verdictOf(readerOf(given, ["https://a.example"], { fetch }, { timeout: 20 }), given);
    assert.deepEqual([verdict.overall, verdict.checks[2].code, verdict.asOf], ["could not be checked", "no-quorum", null]);
  }
});

/** A random number generator with a seed (mulberry32). */
const seeded = (seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

/** The value with one thing changed. */
function changed(value, chance) {
  const pick = (all) => all[Math.floor(chance() * all.length)];
  if (Array.isArray(value) && value.length) {
    const at = Math.floor(chance() * value.length);
    return chance() < 0.3 ? value.toSpliced(at, 1) : value.with(at, changed(value[at], chance));
  }
  if (value && typeof value === "object") {
    const name = pick(Object.keys(value));
    return { ...value, [name]: changed(value[name], chance) };
  }
  if (typeof value !== "string" || value.length < 3) return "0x1";
  const at = 2 + Math.floor(chance() * (value.length - 2));
  return value.slice(0, at) + pick([..."0123456789abcdef"].filter((digit) => digit !== value[at])) + value.slice(at + 1);
}

test("300 lies make no verdict another one: it is the same, or could not be checked", async () => {
  let unchecked = 0;
  const { cases: all } = online[1];
  for (let seed = 0; seed < 300; seed++) {
    const chance = seeded(seed);
    const one = all[seed % all.length];
    const urls = seed % 2 ? THREE : [THREE[0]];
    const method = ["eth_getProof", "eth_getProof", "eth_getBlockByNumber", "eth_chainId"][Math.floor(chance() * 4)];
    // What one endpoint alone says of the chain itself is believed: its block is the ground.
    const told = (url, name, result) => (url === THREE[0] && name === method && (urls.length > 1 || name === "eth_getProof") ? changed(result, chance) : result);
    const verdict = await verdictOf(readerOf(one, urls, fetchOf(node, told)), one);
    if (verdict.checks[2].outcome === "unknown" && verdict.asOf === null) {
      unchecked++;
      assert.equal(["could not be checked", "not valid"].includes(verdict.overall), true);
      assert.ok(verdict.checks.every(({ name, outcome: found }) => !["anchor", "issuer", "status"].includes(name) || found === "unknown"));
    } else {
      const without = (text) => text.replace(/ Proved against.*|, named by.*/, "");
      assert.deepEqual(verdict.checks.map((check) => ({ ...check, text: without(check.text) })), one.expect.checks.map((check) => ({ ...check, text: without(check.text) })));
    }
  }
  assert.ok(unchecked > 100, `${unchecked} were not checked`);
});
