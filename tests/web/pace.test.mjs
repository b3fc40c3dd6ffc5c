// The age of the newest block, by the pace of its chain.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Endpoints, EndpointsReader } from "../../registry/service/web/verifier/index.js";
import { english } from "../../registry/service/web/verifier/language.js";
import { cases } from "./cases.mjs";

const { cases: made } = cases();

test(`${made.length} newest blocks are as old as Python has it`, async () => {
  for (const { nodes, head, now, expect } of made) {
    const asked = [];
    const fetch = async (url, { body }) => {
      const { id, method, params } = JSON.parse(body);
      asked.push(params[0]);
      const result = method === "eth_chainId" ? "0x1" : (nodes[url][params[0] === "latest" ? head : params[0]] ?? null);
      return new Response(JSON.stringify({ jsonrpc: "2.0", id, result }));
    };
    const reader = new EndpointsReader(new Endpoints(Object.keys(nodes), { fetch }), { clock: () => now });
    const { freshness, code, said } = await reader.age();
    assert.deepEqual({ freshness, code, text: english.text(said) }, expect, JSON.stringify({ nodes, now }));
    // Where the head is not late by the clock alone, nobody is asked.
    const isAsked = asked.some((at) => at !== undefined && at !== "latest" && at !== head);
    const age = now - Number(nodes[Object.keys(nodes)[0]][head].timestamp);
    assert.equal(isAsked, age > 600 && head !== "0x0");
  }
});
