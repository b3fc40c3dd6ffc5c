// Evidence, headers and the hash of the code: the vectors that every implementation is held against.

import assert from "node:assert/strict";
import { test } from "node:test";

import { hex, unhex } from "../../registry/service/web/verifier/bytes.js";
import { codeHash, editionByHash } from "../../registry/service/web/verifier/codehash.js";
import { EDITIONS } from "../../registry/service/web/verifier/contracts.js";
import { proveEvidence, readEvidence } from "../../registry/service/web/verifier/evidence.js";
import { headerOf, readHeader } from "../../registry/service/web/verifier/header.js";
import { keccak } from "../../registry/service/web/verifier/keccak.js";
import { StoredRegistry } from "../../registry/service/web/verifier/slots.js";
import { parseJson } from "../../registry/service/web/verifier/strictjson.js";
import { proveAccount, proveSlot } from "../../registry/service/web/verifier/trie.js";
import { REPOSITORY, cases, fromBase64, outcome, readJson } from "./cases.mjs";

const { keccak: texts, hashes, accreditations, slots, seals } = cases();
const vectors = (name) => readJson(new URL(`tests/vectors/evidence/${name}.json`, REPOSITORY));
const parsed = (value) => parseJson(new TextEncoder().encode(JSON.stringify(value)));
const with0x = (bytes) => `0x${hex(bytes)}`;

test(`Keccak-256 of ${texts.length} texts`, () => {
  for (const { data, expect } of texts) assert.equal(hex(keccak(fromBase64(data))), expect);
});

const holding = vectors("holding");
test(`${holding.length} pieces of evidence show what they show`, () => {
  for (const { name, evidence, blockHash, expect } of holding) {
    const proved = proveEvidence(readEvidence(parsed(evidence)), unhex(blockHash));
    const values = Object.fromEntries([...proved.values].map(([slot, value]) => [`0x${slot}`, `0x${value.toString(16)}`]));
    const found = { number: proved.header.number, codeHash: with0x(proved.account.codeHash), values };
    assert.deepEqual(found, expect, name);
  }
});

const forged = vectors("forged");
test(`${forged.length} forged ones are refused for what is wrong`, async () => {
  for (const { name, evidence, blockHash, expect } of forged) {
    const found = await outcome(() => proveEvidence(readEvidence(parsed(evidence)), unhex(blockHash)));
    assert.equal(found.code, expect.refused, name);
  }
});

const foreign = vectors("foreign");
test(`${foreign.headers.length} headers of others have the hash that their chain has`, async () => {
  for (const { block } of foreign.headers) {
    const header = headerOf(block);
    assert.equal(with0x(header.hash), block.hash);
    assert.equal(header.number, Number(block.number));
    assert.deepEqual(readHeader(header.encoded), header);
    for (const [name, value] of Object.entries(block)) {
      const changed = value.slice(0, -1) + (value.endsWith("1") ? "2" : "1");
      assert.equal((await outcome(() => headerOf({ ...block, [name]: changed }))).code, "header-shape", name);
    }
  }
});

test(`${foreign.proofs.length} proofs of others hold`, () => {
  for (const { stateRoot, address, nodes, slots: asked, expect } of foreign.proofs) {
    const account = proveAccount(unhex(stateRoot), unhex(address), nodes.map(unhex));
    if (!expect) {
      assert.equal(account, null);
      continue;
    }
    const found = [account.nonce, account.balance, with0x(account.storageRoot), with0x(account.codeHash)];
    assert.deepEqual(found, [BigInt(expect.nonce), BigInt(expect.balance), expect.storageHash, expect.codeHash]);
    for (const { slot, nodes: below, value } of asked) {
      assert.equal(proveSlot(account.storageRoot, unhex(slot), below.map(unhex)), BigInt(value));
    }
  }
});

test(`${hashes.length} hashes of the code are those of the whole code`, () => {
  for (const { edition, chain, address, expect } of hashes) {
    const known = EDITIONS.find((each) => each.number === edition);
    assert.equal(hex(codeHash(known, BigInt(chain), address)), expect);
    assert.equal(editionByHash(unhex(expect), BigInt(chain), address), known);
    assert.equal(editionByHash(unhex(expect), BigInt(chain) + 1n, address), undefined);
  }
});

test(`${accreditations.length} hashes of the code beside a registry are those of the whole code`, () => {
  for (const { edition, chain, address, expect } of accreditations) {
    const known = EDITIONS.find((each) => each.number === edition);
    const beside = known.accreditations ?? known;
    assert.equal(beside.address, address);
    assert.equal(hex(codeHash({ number: edition, code: beside.code }, BigInt(chain), address)), expect);
  }
});

test("slots are where Python finds them", () => {
  for (const { edition, issuer, root, word, purpose, expect } of slots) {
    const stored = new StoredRegistry(EDITIONS.find((each) => each.number === edition), async () => new Map());
    assert.deepEqual(
      { batch: stored.batchSlot(issuer, root), word: stored.wordSlot(issuer, root, purpose, word), party: stored.partySlots(issuer) },
      expect,
    );
  }
});

test(`${seals.length} headers with seals have the hashes or the refusals that Python gives them`, async () => {
  for (const { header, expect } of seals) {
    const found = await outcome(() => {
      const { hash, number, sealed } = readHeader(fromBase64(header));
      return { hash: hex(hash), number, signed: sealed && hex(sealed.signedHash), seals: sealed && sealed.seals.map(hex) };
    }, ["code", "what"]);
    assert.deepEqual(found, expect);
  }
});
