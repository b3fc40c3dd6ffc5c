// Who names a block: lists that witnesses signed, and validators' seals, by the vectors of each.

import assert from "node:assert/strict";
import { test } from "node:test";

import { hex, unhex, utf8 } from "../../registry/service/web/verifier/bytes.js";
import { byCheckpoints, readCheckpoints, trustedBlocks } from "../../registry/service/web/verifier/checkpoints.js";
import { isSignedBy } from "../../registry/service/web/verifier/ed25519.js";
import { firstOf } from "../../registry/service/web/verifier/grounds.js";
import { headerOf, readHeader } from "../../registry/service/web/verifier/header.js";
import { bySeals, sealedBy } from "../../registry/service/web/verifier/seals.js";
import { signerOf } from "../../registry/service/web/verifier/secp256k1.js";
import { writeTimestamp } from "../../registry/service/web/verifier/timestamps.js";
import { parseWitnesses } from "../../registry/service/web/verifier/witnesses.js";
import { REPOSITORY, cases, outcome, readJson } from "./cases.mjs";

const { policies, signatures } = cases();
const vectors = (name) => readJson(new URL(`tests/vectors/${name}.json`, REPOSITORY));

const lists = vectors("checkpoints/lists");
test(`${lists.length} lists of blocks are believed or refused as they say`, async () => {
  for (const { name, list, policy, expect } of lists) {
    const found = await outcome(async () => {
      const read = await readCheckpoints(utf8(list));
      const { origin, witnesses, needed, entries } = await trustedBlocks(read, await parseWitnesses(utf8(policy)));
      const blocks = entries.map(({ chain, number, hash, timestamp }) => ({ chain, number, hash, time: writeTimestamp(timestamp) }));
      return { origin, witnesses, needed, blocks };
    });
    assert.deepEqual(found.code ? { refused: found.code } : found, expect, name);
  }
});

test(`${policies.length} policies are read or refused as in Python`, async () => {
  for (const { text, expect } of policies) {
    const found = await outcome(async () => {
      const { witnesses, counting, needed, quorum } = await parseWitnesses(utf8(text));
      return { witnesses: [...witnesses.keys()], counting, needed, quorum };
    }, ["code", "what"]);
    assert.deepEqual(found, expect, text);
  }
});

const sealed = vectors("evidence/seals");
test(`${sealed.length} headers are sealed by whom they say, or refused`, async () => {
  for (const { name, header, validators, expect } of sealed) {
    const found = await outcome(() => sealedBy(unhex(header), validators));
    const told = found.code ? { refused: found.code } : Object.fromEntries(Object.keys(expect).map((member) => [member, found[member]]));
    assert.deepEqual(told, expect, name);
  }
});

test("blocks that others published are sealed by whom their source names", async () => {
  for (const { name, block, header, signedHash, validators, expect } of vectors("evidence/seals-of-others")) {
    const found = await outcome(() => {
      const encoded = header ? unhex(header) : headerOf(block).encoded;
      if (signedHash) assert.equal(`0x${hex(readHeader(encoded).sealed.signedHash)}`, signedHash);
      return sealedBy(encoded, validators);
    });
    const told = found.code ? { refused: found.code } : Object.fromEntries(Object.keys(expect).map((member) => [member, found[member]]));
    assert.deepEqual(told, expect, name);
  }
});

test(`${signatures.length} signatures are of the address that another library finds`, () => {
  for (const { seal, hash, expect } of signatures) {
    const found = signerOf(unhex(seal), unhex(hash));
    assert.equal(found && hex(found), expect);
  }
});

test("where there is no Ed25519 in the browser, the library's says the same", async () => {
  const { subtle } = crypto;
  const { publicKey, privateKey } = await subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  const key = new Uint8Array(await subtle.exportKey("raw", publicKey));
  const message = utf8("a list");
  const signature = new Uint8Array(await subtle.sign("Ed25519", privateKey, message));
  const own = subtle.importKey;
  for (const isThere of [true, false]) {
    if (!isThere) subtle.importKey = async () => { throw new DOMException("no such algorithm", "NotSupportedError"); };
    assert.equal(await isSignedBy(key, signature, message), true);
    assert.equal(await isSignedBy(key, signature, utf8("another")), false);
    assert.equal(await isSignedBy(key, signature.with(3, signature[3] ^ 1), message), false);
  }
  subtle.importKey = own;
});

test("of several grounds the first that is enough counts, and else the first one's reason", async () => {
  const good = lists.find(({ expect }) => expect.blocks?.length);
  const blocks = await trustedBlocks(await readCheckpoints(utf8(good.list)), await parseWitnesses(utf8(good.policy)));
  const { header, validators } = sealed.find(({ expect }) => !expect.refused);
  const [{ chain }] = blocks.entries;
  const both = firstOf([byCheckpoints(chain, blocks), bySeals(chain, new Map(validators.map((each) => [each.toLowerCase(), "V"])))]);
  const basis = await both.basisOf(unhex(header));
  assert.deepEqual([basis.ground, basis.among], ["seals", validators.length]);
  const { block } = vectors("evidence/foreign").headers[0];
  assert.equal((await outcome(() => both.basisOf(headerOf(block).encoded))).code, "block-not-listed");
  assert.ok(readHeader(unhex(header)).sealed);
});
