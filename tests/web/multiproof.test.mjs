// One proof of several leaves: JavaScript makes, takes apart and refuses what Python does.

import assert from "node:assert/strict";
import { test } from "node:test";

import { hex, unhex } from "../../registry/service/web/verifier/bytes.js";
import { MOST_PROVED, checkMultiproof, expanded, joined } from "../../registry/service/web/verifier/multiproof.js";
import { cases, outcome } from "./cases.mjs";

const proofOf = ({ leafCount, leafIndices, nodes }) => ({ leafCount, leafIndices, nodes: nodes.map(unhex) });
const singleOf = ({ leafIndex, leafCount, path }) => ({ leafIndex, leafCount, path: path.map(unhex) });
const written = (proof, key) => ({ ...proof, [key]: proof[key].map(hex) });

for (const [at, { root, tries, singles }] of cases().entries()) {
  test(`tree ${at}`, async () => {
    for (const { digests, expect, ...proof } of tries) {
      const found = await outcome(async () => (await checkMultiproof(digests.map(unhex), unhex(root), proofOf(proof)), { code: "holds" }));
      assert.equal(found.code, expect, JSON.stringify(proof));
    }
    const [{ digests, expect, ...proof }] = tries;
    assert.deepEqual((await expanded(digests.map(unhex), proofOf(proof))).map((each) => written(each, "path")), singles);
    const proved = singles.map((each, place) => ({ digest: unhex(digests[place]), proof: singleOf(each) })).reverse();
    assert.deepEqual(written(await joined([...proved, proved[0]]), "nodes"), proof);
  });
}

test("what is no proof of one tree, or of too much, is refused", async () => {
  assert.equal((await outcome(() => joined([]))).code, "no-leaves");
  const alone = (sign) => ({ digest: unhex(sign.repeat(64)), proof: { leafIndex: 0, leafCount: 1, path: [] } });
  assert.equal((await outcome(() => joined([alone("1"), alone("2")]))).code, "proofs-differ");
  const many = Array.from({ length: MOST_PROVED + 1 }, (_, index) => index);
  assert.equal((await outcome(() => checkMultiproof([], unhex("00"), { leafCount: 1 << 20, leafIndices: many, nodes: [] }))).code, "too-many-leaves");
});
