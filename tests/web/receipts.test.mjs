// Receipts in JSON, in CBOR and inside documents: read or refused as Python reads and refuses them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { hex } from "../../registry/service/web/verifier/bytes.js";
import { isCborMap } from "../../registry/service/web/verifier/cbor.js";
import { embeddedReceipts, parseReceipt, receiptCbor } from "../../registry/service/web/verifier/receipt.js";
import { parseJson } from "../../registry/service/web/verifier/strictjson.js";
import { writeTimestamp } from "../../registry/service/web/verifier/timestamps.js";
import { cases, fromBase64, outcome } from "./cases.mjs";

const { receipts, documents } = cases();
const MEMBERS = ["code", "what", "where", "remedy"];

/** A receipt as Python's `to_json` has it, but for the nodes of its evidence. */
function told({ version, digest, inclusion, anchor, evidence }) {
  const { chain, contract, issuer, sequence, transaction, block } = anchor;
  const later = block && { sequence, transaction, block: { ...block, timestamp: writeTimestamp(block.timestamp) } };
  return {
    type: "TestamurReceipt",
    version,
    digest,
    inclusion,
    anchor: { chain, contract, issuer, ...later },
    ...(evidence && { evidence: { header: `0x${hex(evidence.header)}`, slots: [...evidence.slots.keys()].map((slot) => `0x${slot}`) } }),
  };
}

test(`${receipts.length} receipts are read or refused as in Python`, async () => {
  for (const { data, expect } of receipts) {
    const found = await outcome(() => told(parseReceipt(fromBase64(data))), MEMBERS);
    assert.deepEqual(found, expect, Buffer.from(data, "base64").toString());
  }
});

test("there is one CBOR form of each receipt, and it is written as Python writes it", async () => {
  let compared = 0;
  for (const data of receipts.map((each) => fromBase64(each.data))) {
    const receipt = await outcome(() => parseReceipt(data), MEMBERS);
    if (!receipt.inclusion) continue;
    const form = receiptCbor(receipt);
    assert.equal(form === null, receipt.anchor.block?.timestamp < 0);
    if (!form) continue;
    if (isCborMap(data)) {
      assert.deepEqual(form, data);
      compared++;
    }
    assert.deepEqual(parseReceipt(form), { ...receipt, version: 1, evidence: null });
  }
  assert.ok(compared > 50);
});

test(`${documents.length} documents hold the receipts that Python finds in them`, async () => {
  for (const { data, expect } of documents) {
    const found = embeddedReceipts(parseJson(fromBase64(data)), "x, ").map(({ where, read }) => ({
      where,
      read: read instanceof Error ? Object.fromEntries(MEMBERS.map((name) => [name, read[name]])) : told(read),
    }));
    assert.deepEqual(found, expect, Buffer.from(data, "base64").toString());
  }
});
