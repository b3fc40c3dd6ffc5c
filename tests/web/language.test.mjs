// What is said as text, in each language and in one that runs from right to left: as Python has it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Language } from "../../registry/service/web/verifier/language.js";
import { cases } from "./cases.mjs";

const { contents, cases: given } = cases();

for (const [code, content] of Object.entries(contents)) {
  test(`${given.length} sentences in ${code} are those of Python`, () => {
    const language = new Language(content);
    for (const { said, expect } of given) {
      assert.equal(language.text(said), expect[code], JSON.stringify(said));
      assert.equal(language.pieces(said).map((piece) => piece.english ?? piece).join(""), expect[code]);
    }
  });
}

test("a sentence that is in no catalogue, or lacks a value, is an error", () => {
  const language = new Language(contents.en);
  assert.throws(() => language.text({ key: "constructor", values: {} }));
  assert.throws(() => language.text({ key: "issuer.trusted", values: {} }));
});
