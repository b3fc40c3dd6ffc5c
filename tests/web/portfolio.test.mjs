// A portfolio: JavaScript reads, writes and refuses what Python does.

import assert from "node:assert/strict";
import { test } from "node:test";

import { hex } from "../../registry/service/web/verifier/bytes.js";
import { mayBePortfolio, portfolioBytes, readPortfolio } from "../../registry/service/web/verifier/portfolio.js";
import { writeTimestamp } from "../../registry/service/web/verifier/timestamps.js";
import { cases, fromBase64, outcome } from "./cases.mjs";

const { whole, forged } = cases();

function receiptTold(receipt) {
  if (!receipt) return null;
  const { digest, inclusion, anchor, evidence } = receipt;
  const slots = evidence ? [...evidence.slots.keys()].sort().map((slot) => `0x${slot}`) : null;
  const { chain, contract, issuer, sequence, block } = anchor;
  return [digest.method, digest.value, inclusion.root, inclusion.leafCount, inclusion.leafIndex, inclusion.path, chain, contract, issuer, sequence, block?.number ?? null, slots];
}

const itemTold = (item) =>
  "refusal" in item ? { name: item.name, code: item.refusal.code, where: item.refusal.where } : { name: item.name, content: hex(item.content), receipt: receiptTold(item.receipt) };

function told(found) {
  if ("code" in found) return found;
  const { achievements, share, items, links, strays, madeAt, ...words } = found;
  return {
    ...words,
    madeAt: writeTimestamp(madeAt),
    share: share && [share.purpose, share.audience, writeTimestamp(share.agreedAt), share.until === null ? null : writeTimestamp(share.until), share.leftOut],
    items: items.map(itemTold),
    links: links.map(({ kind, source, target }) => [kind, source, target]),
    strays: strays.map(itemTold),
  };
}

for (const [at, { data, expect }] of whole.entries()) {
  test(`portfolio ${at}: read, and written to the same bytes`, async () => {
    const bytes = fromBase64(data);
    assert.ok(mayBePortfolio(bytes));
    const read = await readPortfolio(bytes);
    assert.deepEqual(told(read), expect);
    assert.equal(new TextDecoder().decode(await portfolioBytes(read)), new TextDecoder().decode(bytes));
  });
}

for (const [at, { data, expect }] of forged.entries()) {
  test(`forged ${at}`, async () => {
    const bytes = fromBase64(data);
    assert.deepEqual(told(await outcome(() => readPortfolio(bytes))), expect, new TextDecoder().decode(bytes).slice(-3000));
  });
}
