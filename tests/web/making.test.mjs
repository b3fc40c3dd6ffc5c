// A portfolio of files, and a link that holds one: JavaScript makes what Python makes.

import assert from "node:assert/strict";
import { test } from "node:test";

import { itemsOf, unpacked } from "../../registry/service/web/browser/intake.js";
import { isPortfolioLink, newPortfolio, ownNames, portfolioInLink, portfolioItem, portfolioLink } from "../../registry/service/web/learner/making.js";
import { hex } from "../../registry/service/web/verifier/bytes.js";
import { portfolioBytes } from "../../registry/service/web/verifier/portfolio.js";
import { parseReceipt } from "../../registry/service/web/verifier/receipt.js";
import { cases, fromBase64, outcome } from "./cases.mjs";

const { made, links } = cases();
const NOW = Date.UTC(2026, 2, 1) / 1000;

for (const { files, expect } of made) {
  test("a portfolio of files", async () => {
    const given = files.map(({ name, data, receipt }) => ({ name, data: fromBase64(data), ...(receipt && { receipt: parseReceipt(new TextEncoder().encode(receipt)) }) }));
    const brought = await itemsOf(given);
    const items = await Promise.all(brought.map(({ name, reading, receipts }, at) => portfolioItem(name, given[at].data, reading, receipts)));
    const portfolio = await newPortfolio(items, { name: "Name", holder: "Holder", madeAt: NOW, partial: false, share: null });
    assert.match(portfolio.identifier, /^urn:uuid:[0-9a-f-]{36}$/);
    assert.notEqual(portfolio.identifier, portfolio.holderId);
    const written = await portfolioBytes({ ...portfolio, identifier: "urn:a", holderId: "urn:b" });
    assert.equal(new TextDecoder().decode(written), new TextDecoder().decode(fromBase64(expect)));
    const link = await portfolioLink(written, "https://page.example/learner?language=fr#old");
    assert.ok(link.startsWith("https://page.example/learner?language=fr#p1."));
    assert.ok(isPortfolioLink(link));
    assert.deepEqual(Buffer.from(portfolioInLink(link)), Buffer.from(written));
  });
}

for (const [at, { text, expect }] of links.entries()) {
  test(`link ${at}`, async () => {
    const found = await outcome(() => ({ content: hex(portfolioInLink(text)) }));
    assert.deepEqual(found, expect, text.slice(0, 200));
  });
}

test("a link that browsers would not take is not made", async () => {
  const noise = crypto.getRandomValues(new Uint8Array(60_000));
  assert.equal(await portfolioLink(noise, "https://page.example/"), null);
  assert.equal((await outcome(() => portfolioInLink(`p1.${"A".repeat(1 << 20)}`))).code, "too-large");
});

test("names tell nothing of what is not there", () => {
  assert.deepEqual(ownNames(["secret.zip/in/a.json", "a (3).json", "portfolio.json/b (2)", "c (1).tar.gz"]), ["a.json", "a (2).json", "b", "c (1).tar.gz"]);
});

test("of several receipts beside a credential the one that says most is taken", async () => {
  const { data, receipt } = made[0].files.find((each) => each.receipt);
  const [{ name, reading }] = await itemsOf([{ name: "0.json", data: fromBase64(data) }]);
  const pending = parseReceipt(new TextEncoder().encode(receipt));
  const block = { number: 1, hash: `0x${"00".repeat(32)}`, timestamp: NOW };
  const full = { ...pending, anchor: { ...pending.anchor, sequence: 1, transaction: block.hash, block } };
  const item = await portfolioItem(name, fromBase64(data), reading, [pending, full]);
  assert.equal(item.receipt, full);
});

test("to both pages a portfolio is what a ZIP is", async () => {
  const [{ expect }] = made;
  const portfolio = { name: "p.json", data: fromBase64(expect) };
  const alone = await unpacked([portfolio]);
  const items = await itemsOf(alone.given);
  assert.deepEqual(items.map(({ name, receipts }) => [name, receipts.length]).slice(0, 2), [["0.json", 1], ["1.json", 1]]);
  assert.equal(alone.portfolios.length, 1);
  const other = { name: "other.json", data: new TextEncoder().encode("{}") };
  const { given } = await unpacked([portfolio, other, { ...portfolio, name: "q.json" }]);
  assert.deepEqual([given.length, given[0].name, given[1].name, given.at(-1).name], [1 + 2 * items.length, "other.json", "p.json/0.json", `q.json/${items.at(-1).name}`]);
  // With a receipt of its own it is one credential.
  const whole = await unpacked([portfolio, { name: "p.json.receipt.json", data: other.data }]);
  assert.deepEqual(whole.given.map(({ name }) => name), ["p.json", "p.json.receipt.json"]);
  const broken = await unpacked([{ name: "b.json", data: new TextEncoder().encode(new TextDecoder().decode(portfolio.data).replace('"version":1', '"version":2')) }]);
  assert.deepEqual([broken.given.length, broken.broken[0].refusal.code], [0, "portfolio-version"]);
});
