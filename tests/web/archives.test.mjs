// ZIPs as the page takes them: the same files, refused for the same reasons, as in Python.

import assert from "node:assert/strict";
import { test } from "node:test";

import { openZip } from "../../registry/service/web/browser/archive.js";
import { itemsOf, unpacked } from "../../registry/service/web/browser/intake.js";
import { Refusal } from "../../registry/service/web/verifier/refusal.js";
import { cases, fromBase64 } from "./cases.mjs";

const { archives, brought, mostFiles, mostBytes, most } = cases();

function opened(data) {
  try {
    const { files, strays } = openZip(data, { mostFiles, mostBytes, prefix: "all.zip/" });
    return {
      files: files.map(({ name, read }) => [name, outcome(() => Buffer.from(read(most)).toString("base64"))]),
      strays: strays.map(({ name, refusal: { code, what, remedy } }) => [name, code, what, remedy]),
    };
  } catch (error) {
    if (error instanceof Refusal) return { code: error.code };
    throw error;
  }
}

function outcome(read) {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { code, what, remedy } = error;
    // Why it cannot be unpacked is said in words of their own.
    return [code, code === "zip-damaged" ? null : what, remedy];
  }
}

test(`${archives.length} ZIPs hold what they hold in Python`, () => {
  const differing = [];
  for (const { name, data, expect } of archives) {
    try {
      assert.deepEqual(opened(fromBase64(data)), expect);
    } catch (error) {
      differing.push(`${name}\n${error.message.slice(0, 1_500)}`);
    }
  }
  assert.equal(differing.length, 0, `${differing.length} differ\n${differing.slice(0, 6).join("\n\n")}`);
});

for (const { name, given, expect } of brought) {
  test(`${name}: documents, receipts and what cannot be read`, async () => {
    const { given: all, broken } = await unpacked(given.map(({ name: each, data }) => ({ name: each, data: fromBase64(data) })));
    const items = await itemsOf(all);
    const found = items.map((item) => [item.name, item.reading?.isAtHand ?? false, item.receipts.map((receipt) => receipt.digest?.value ?? receipt.code)]);
    assert.deepEqual([...found, ...broken.map((each) => [each.name, each.refusal.code])], expect);
  });
}
