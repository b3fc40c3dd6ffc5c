// Names and hosts as people see them: what Python marks as odd is marked here.

import assert from "node:assert/strict";
import { test } from "node:test";

import { isSameIssuer } from "../../registry/service/web/verifier/issuer.js";
import { readMoment } from "../../registry/service/web/verifier/moments.js";
import { Real } from "../../registry/service/web/verifier/strictjson.js";
import { marked, repr } from "../../registry/service/web/verifier/text.js";
import { cases } from "./cases.mjs";

const { letters, names, reprs, folds, moments } = cases();

test(`${names.length} names are shown as in Python`, () => {
  for (const [name, expect] of names) assert.equal(marked(name), expect);
});

test(`beside Latin letters, ${letters.length} letters are odd where they are odd in Python, but for a few of no script`, () => {
  const others = letters.filter(([text, expect]) => marked(text).includes("[") !== expect.includes("["));
  const known = [..."ˇჼᵦᵧᵨᵩᵪKÅℲⅎↃ〻ꚜꚝ"].map((letter) => `a${letter}b`);
  assert.deepEqual(others.map(([text]) => text).filter((text) => !known.includes(text.normalize("NFC")) && !known.includes(text)), []);
});

test(`${folds.length} names are one apart from case, or are not, as in Python`, () => {
  for (const [one, other, expect] of folds) assert.equal(isSameIssuer([one], "urn:x", other), expect, `${one} ${other}`);
});

test(`${reprs.length} texts are quoted as in Python`, () => {
  for (const [text, expect] of reprs) assert.equal(repr(text), expect);
});

test(`${moments.length} dates mean what they mean in Python`, () => {
  for (const { text, real, expect } of moments) {
    const span = readMoment(real === undefined ? text : new Real(real));
    assert.deepEqual(span && [String(span.earliest), String(span.latest), span.isClear], expect, `${text} ${real}`);
  }
});
