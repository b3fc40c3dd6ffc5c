// The check of signatures: to the letter as in Python.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ENGLISH } from "../../registry/service/web/verifier/english.js";
import { Language } from "../../registry/service/web/verifier/language.js";
import { readDocument } from "../../registry/service/web/verifier/reading.js";
import { checkSignature } from "../../registry/service/web/verifier/signature.js";
import { cases } from "./cases.mjs";

const { cases: made, now } = cases();
const language = new Language(ENGLISH);

test(`${made.length} documents have the signatures that Python finds`, async () => {
  for (const { document, name, code, text } of made) {
    const check = checkSignature(await readDocument(new TextEncoder().encode(document), name), new Date(now));
    assert.deepEqual([check.code, language.text(check.said)], [code, text], document);
  }
});
