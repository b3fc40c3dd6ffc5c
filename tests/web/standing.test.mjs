// What accreditations are made of: scopes out of numbers, and policies out of objects.

import assert from "node:assert/strict";
import { test } from "node:test";

import { readPolicy } from "../../registry/service/web/verifier/policy.js";
import { scopeOfNumbers } from "../../registry/service/web/verifier/scope.js";
import { cases, outcome } from "./cases.mjs";

const { scopes = [], policies = [] } = cases();

test(`${scopes.length} scopes are read as Python reads them`, async () => {
  for (const { numbers, expect } of scopes) {
    const found = await outcome(() => scopeOfNumbers(numbers));
    assert.deepEqual(found, expect ?? { code: "scope" }, JSON.stringify(numbers));
  }
});

test(`${policies.length} policies are taken or refused as Python does`, async () => {
  for (const { given, expect, refused } of policies) {
    const found = await outcome(() => readPolicy(given), ["code", "what"]);
    if (expect) {
      const plain = Object.entries(found).map(([name, value]) => [name, value instanceof Map ? [...value] : value]);
      assert.deepEqual(Object.fromEntries(plain), expect);
    } else {
      assert.equal(found.code, "policy", JSON.stringify(given));
      // The sentences about a form are pydantic's; ours are the same.
      if (/^(?:a policy has no key|(?:bodies|issuers|validators|auditors|accords|registers) has|validators are|registers are|require asks)/.test(refused)) assert.equal(found.what, refused);
    }
  }
});
