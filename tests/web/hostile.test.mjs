// Long and odd documents take no longer than their length says: a pattern that tries again from each place would take many
// minutes, and whoever runs this does not wait so long.

import assert from "node:assert/strict";
import { test } from "node:test";

import { utf8 } from "../../registry/service/web/verifier/bytes.js";
import { readDocument } from "../../registry/service/web/verifier/reading.js";
import { statedScope } from "../../registry/service/web/verifier/stated.js";
import { verify } from "../../registry/service/web/verifier/verify.js";

const MEGABYTE = 1 << 20;
const many = (piece, bytes = MEGABYTE) => piece.repeat(Math.ceil(bytes / piece.length));

const DOCUMENTS = {
  brackets: many("["),
  "objects in objects": many('{"a":'),
  "one name, often": `{"a":0,${many('"b":1,')}"c":2}`,
  "many members": `{${Array.from({ length: 100_000 }, (_, at) => `"k${at}":${at}`).join()}}`,
  digits: `{"a":${many("9")}}`,
  quotes: many('"'),
  escapes: `{"a":"${many("\\u0041")}"}`,
  "white space": `x${many(" ")}x`,
  "white space and a point": `a.${many(" ")}b`,
  comments: many("<!-- -->"),
  "instructions and a comment without an end": `${many("<?a?>")}<!--`,
  "doctypes": many("<!doctype a ["),
  dots: many("a."),
  tildes: `eyJhbGciOiJFUzI1NiJ9.e30.c${many("~YQ", MEGABYTE)}`,
  percents: JSON.stringify({ type: "EnvelopedVerifiableCredential", id: `data:x,${many("%41", MEGABYTE)}` }),
  credentials: JSON.stringify({ verifiableCredential: Array.from({ length: 20_000 }, () => ({ type: "VerifiableCredential" })) }),
  "lists in lists": JSON.stringify({ validUntil: JSON.parse(`${"[".repeat(60)}1${"]".repeat(60)}`) }),
  "a long issuer": JSON.stringify({ issuer: many("é"), validFrom: many("1") }),
  "achievements and alignments": JSON.stringify({ badge: Array.from({ length: 30_000 }, () => ({ alignment: ["/eqf/6", {}] })) }),
  "long words of a scope": JSON.stringify({ badge: { id: many(" "), achievementType: many("aB"), fieldOfStudy: many("/isced-f/01"), alignment: many("/eqf/") } }),
  lines: many("{}\n"),
  "control characters": many("\u0001"),
};

for (const [what, text] of Object.entries(DOCUMENTS)) {
  test(`${what}: read in time`, async () => {
    for (const name of ["a.json", "a"]) {
      const reading = await readDocument(utf8(text), name);
      const { checks } = await verify({ reading, name, receipt: null, facts: null, now: new Date() });
      await statedScope(reading.parts.map(({ members }) => members));
      assert.ok(checks.every(({ outcome }) => outcome !== undefined));
    }
  });
}
