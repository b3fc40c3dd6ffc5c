// The page without a browser: what was brought, whom it asks, and what it shows of it.

import assert from "node:assert/strict";
import { test } from "node:test";

import decodeQR from "qr/decode.js";

import { itemsOf, linked, listsOf, pasted } from "../../registry/service/web/browser/intake.js";
import { judgeBy } from "../../registry/service/web/browser/judging.js";
import { say, speak } from "../../registry/service/web/browser/messages.js";
import { Mistake, chosen, fieldsOf } from "../../registry/service/web/browser/settings.js";
import { recordOf } from "../../registry/service/web/browser/record.js";
import { csvOf } from "../../registry/service/web/browser/rows.js";
import { codeOf, linkOf } from "../../registry/service/web/browser/sharing.js";
import { statedFacts } from "../../registry/service/web/browser/stated.js";
import { shownOf, tableOf } from "../../registry/service/web/browser/view.js";
import { readDocument } from "../../registry/service/web/verifier/reading.js";
import { original } from "../../registry/service/web/verifier/language.js";
import { parseReceipt } from "../../registry/service/web/verifier/receipt.js";
import { verdictJson } from "../../registry/service/web/verifier/verdict.js";
import { REPOSITORY, cases, readJson } from "./cases.mjs";

const { chain, contract, honest, liar, down, credentials, level } = cases();
const NOW = new Date();
speak(readJson(new URL("registry/language/built/en.json", REPOSITORY)));
const settings = (more = {}) => ({ institution: "", chain, contract, endpoints: honest, quorum: 1, fixed: false, issuers: [[1, ""]], bodies: [], country: "", accords: [], conditions: [], programmes: [], registers: [], witnesses: "", validators: [], ...more });
const wanted = (more) => chosen(fieldsOf(settings(more)), settings(more));
const bytes = (text) => new TextEncoder().encode(text);
const file = (name, text) => ({ name, data: bytes(text) });
const { good } = credentials;
const document = (each) => file("diploma.json", each.document);
const receipt = (each) => file("diploma.json.receipt.json", each.receipt);

async function shown(given, more) {
  const made = wanted(more);
  const { lists, rest } = await listsOf(given);
  const judge = await judgeBy(made, { lists, now: () => NOW });
  const items = await itemsOf(rest);
  return Promise.all(items.map(async (item) => shownOf(await judge(item), { reading: item.reading, issuers: made.issuers })));
}

const code = (one, title) => one.checks.find((check) => check.title === say(title))?.code;

for (const [name, each] of Object.entries(credentials)) {
  test(`${name}: the verdict by proof is that of Python`, async () => {
    const [item] = await itemsOf(pasted(each.digest, "pasted").concat(receipt(each)));
    const made = wanted();
    const { verdict: found } = await (await judgeBy(made, { now: () => NOW }))(item);
    const verdict = verdictJson(found);
    // Which block is newest, and how old it is, differs with each question.
    assert.deepEqual({ ...verdict, name: "" }, { ...each.expect, name: "" });
  });
}

test("a document and its receipt beside it", async () => {
  const [one, ...rest] = await shown([document(good), receipt(good)]);
  assert.equal(rest.length, 0);
  assert.equal(one.head, say("valid with a warning"));
  assert.equal(code(one, "integrity"), "digest-equal");
  assert.ok(one.doesNot.includes(say("doesNot.person")));
  assert.match(one.facts.find(({ label }) => label === say("restsOn")).value.join(""), /^Proved against block/);
});

test("a level that a document states has a card, with the levels of the page's country", async () => {
  const card = async (more) => (await shown([document(level), receipt(level)], more))[0].levels;
  const { stated, places, note } = await card({ country: "FR" });
  assert.equal(stated, "The document states level 6 of this framework: European Qualifications Framework.");
  assert.deepEqual(places.map(({ label, values }) => [label, values.length]), [["Where it was issued (IE)", 2], ["Where you are (FR)", 1]]);
  const [french] = places[1].values.map((value) => value.join(""));
  assert.match(french, /^level 6 of Cadre national des certifications professionnelles \(Licence, BUT\), comparable, exactly, Décret /);
  assert.doesNotMatch(JSON.stringify([places, note]), /equivalent/i);
  const { places: unknown } = await card({ country: "AQ" });
  assert.deepEqual(unknown[1].values, [["No level map of AQ is on record."]]);
  assert.deepEqual((await card()).places.length, 1);
  const [none] = await shown([document(good), receipt(good)], { country: "FR" });
  assert.equal(none.levels, null);
});

test("registers that an institution believes are not read here, and that is said", async () => {
  const [one] = await shown([document(good), receipt(good)], { registers: ["DEQAR"] });
  assert.equal(one.head, say("could not be checked"));
  assert.equal(code(one, "register"), "registers-not-read-here");
  const { text } = one.checks.find(({ title }) => title === say("register"));
  assert.match(text.join(""), /\(DEQAR\).*testamur verify/);
});

test("an institution's page asks for accreditations by the bodies that it names", async () => {
  const standing = async (more) => {
    const [one] = await shown([document(good), receipt(good)], more);
    return ["issuer", "accreditation", "recognition"].map((name) => code(one, name));
  };
  assert.deepEqual(await standing({ issuers: [], bodies: [[2, "Agency"]] }), ["issuer-accredited", "accredited", "recognition-not-needed"]);
  assert.deepEqual(await standing({ bodies: [[9, "Nobody"]] }), ["issuer-trusted", "no-accreditation-on-record", "no-recognition-on-record"]);
  assert.deepEqual(await standing({ issuers: [], bodies: [[2, "Agency"]], endpoints: liar }), ["not-proved", "not-proved", "not-proved"]);
  // In another registry the numbers are other parties.
  const given = settings({ bodies: [[2, "Agency"]] });
  assert.deepEqual([...chosen(fieldsOf(given), given).bodies], [[2, "Agency"]]);
  const elsewhere = { ...fieldsOf(given), contract: `0x${"11".repeat(20)}`, issuers: "" };
  assert.deepEqual([...chosen(elsewhere, given).bodies], []);
});

test("a document that holds its receipt", async () => {
  const [one] = await shown([document({ document: good.embedded })]);
  assert.equal(one.head, say("valid with a warning"));
});

test("a changed document", async () => {
  const [one] = await shown([document({ document: good.document.replace("Ada", "Eve") }), receipt(good)]);
  assert.deepEqual([one.tone, one.head], ["bad", say("not valid")]);
  assert.equal(code(one, "integrity"), "digest-differs");
});

test("a duplicate key is never valid", async () => {
  const [one] = await shown([document({ document: good.document.replace("{", '{"issuer": "x", ') }), receipt(good)]);
  assert.notEqual(one.tone, "good");
  assert.ok(![say("valid"), say("valid with a warning")].includes(one.head));
});

test("a receipt alone says nothing of a document", async () => {
  const [one] = await shown([receipt(good)]);
  assert.equal(one.head, say("could not be checked"));
  assert.ok(one.doesNot.includes(say("doesNot.receipt")));
});

test("a document without a receipt, and nothing that can be read", async () => {
  const [one, two] = await shown([document(good), file("x.receipt.json", '{"type": "TestamurReceipt"')]);
  assert.equal(one.head, say("could not be checked"));
  assert.equal(two, undefined);
});

test("several documents find their receipts by digest, whatever they are called", async () => {
  const all = Object.values(credentials);
  const given = all.flatMap((each, at) => [file(`${at}.json`, each.document), file(`r${all.length - at}.json`, each.receipt)]);
  const found = await shown(given.reverse());
  assert.equal(found.length, all.length);
  const { caption, rows } = tableOf(found);
  assert.equal(caption, "4 documents");
  assert.deepEqual(rows.map(({ tone }) => tone).sort(), ["bad", "bad", "bad", "unsure"]);
});

test("an endpoint that is down, endpoints too few, and none", async () => {
  for (const more of [{ endpoints: down }, { endpoints: [honest[0], ...down], quorum: 2 }]) {
    const [one] = await shown([document(good), receipt(good)], more);
    assert.equal(one.head, say("could not be checked"));
    assert.equal(code(one, "anchor"), "no-quorum");
  }
  const [one] = await shown([document(good), receipt(good)], { endpoints: [] });
  assert.equal(one.head, say("could not be checked"));
  assert.equal(code(one, "anchor"), "chain-not-asked");
});

test("an endpoint that is down hides none that answers", async () => {
  const [one] = await shown([document(good), receipt(good)], { endpoints: [...down, ...honest] });
  assert.equal(one.head, say("valid with a warning"));
});

test("a liar makes no other verdict: its proofs prove nothing", async () => {
  const [alone] = await shown([document(credentials.revoked), receipt(credentials.revoked)], { endpoints: liar });
  assert.equal(alone.head, say("could not be checked"));
  assert.equal(alone.said.length, 1);
  const [both] = await shown([document(credentials.revoked), receipt(credentials.revoked)], { endpoints: [...liar, ...honest] });
  assert.equal(code(both, "status"), "revoked");
});

test("endpoints of another chain than the one that was named", async () => {
  const [one] = await shown([document(good), receipt(good)], { chain: "eip155:1", issuers: [] });
  assert.equal(code(one, "anchor"), "wrong-chain");
  assert.equal(one.head, say("could not be checked"));
});

test("another contract is not asked about", async () => {
  const [one] = await shown([document(good), receipt(good)], { contract: `0x${"1".repeat(40)}` });
  assert.equal(code(one, "anchor"), "other-chain");
});

test("evidence is used without endpoints, if witnesses who are believed have signed its block", async () => {
  const { list, witnesses, receipt: withEvidence } = cases().evidence;
  const given = [document(good), file("x.receipt.json", withEvidence)];
  const offline = { endpoints: [], witnesses };
  const [one] = await shown([...given, file("blocks.txt", list)], offline);
  assert.equal(one.head, say("valid with a warning"));
  assert.match(one.facts.find(({ label }) => label === say("restsOn")).value.join(""), /signed by w0, the one witness that the verifier names/);
  const [nobody] = await shown(given, offline);
  assert.equal(code(nobody, "anchor"), "chain-not-asked");
  const [unbelieved] = await shown([...given, file("blocks.txt", list)], { endpoints: [] });
  assert.equal(unbelieved.head, say("could not be checked"));
  await assert.rejects(shown([...given, file("blocks.txt", list.replace("eip155:1414747213 ", "eip155:1414747214 "))], offline), { code: "checkpoint-root" });
});

test("an issuer whom nobody trusts", async () => {
  const [one] = await shown([document(good), receipt(good)], { issuers: [] });
  assert.equal(one.head, say("could not be checked"));
  assert.equal(code(one, "issuer"), "issuer-not-trusted");
});

test("no question holds six characters of the document", async () => {
  const asked = [];
  const judge = await judgeBy(wanted(), {
    fetch: (url, init) => {
      asked.push(init.body);
      assert.deepEqual([init.credentials, init.referrerPolicy, init.redirect], ["omit", "no-referrer", "error"]);
      return fetch(url, init);
    },
  });
  const [item] = await itemsOf([document(good), receipt(good)]);
  await judge(item);
  const methods = new Set(asked.map((each) => JSON.parse(each).method));
  assert.deepEqual([...methods].sort(), ["eth_chainId", "eth_getBlockByNumber", "eth_getProof"]);
  const said = good.document.match(/[A-Za-z]{6,}/g);
  for (const text of asked) for (const word of said) assert.ok(!text.includes(word), word);
  for (const text of asked) assert.ok(!text.includes(good.digest) && !text.includes(good.root), text);
});

test("a link's fragment is a receipt, or told as none", async () => {
  const { data } = linked(`#${Buffer.from(good.receipt).toString("base64url")}`);
  assert.equal(new TextDecoder().decode(data), good.receipt);
  assert.equal(linked("#"), null);
  assert.equal(linked(""), null);
});

test("a link that is pasted brings its receipt, and no other text is taken for one", () => {
  const fragment = Buffer.from(good.receipt).toString("base64url");
  for (const page of ["https://x.example/verify", "http://127.0.0.1:80/", "file:///home/x/verify.html"]) {
    const [given] = pasted(` ${page}#${fragment}\n`, "pasted");
    assert.equal(new TextDecoder().decode(given.data), good.receipt);
  }
  for (const text of ["https://x.example/", "x#y", good.digest, "javascript:x#y", "https://x.example/ #a"]) assert.equal(pasted(text, "pasted")[0].name, "pasted");
});

test("the link of a receipt, and its code, bring the same receipt", () => {
  const one = parseReceipt(bytes(good.receipt));
  const link = linkOf(one, "https://x.example/verify#before");
  assert.deepEqual(parseReceipt(linked(new URL(link).hash).data), one);
  assert.equal(linkOf(one, "file:///home/x/verify.html"), null);
  assert.equal(linkOf({ ...one, inclusion: { ...one.inclusion, path: Array(100).fill("0".repeat(64)) } }, "https://x.example/"), null);
  const { size, path } = codeOf(link);
  const scale = 4;
  const data = new Uint8Array(4 * (scale * size) ** 2).fill(255);
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
    for (let row = scale * y; row < scale * (Number(y) + 1); row++) {
      for (let at = scale * x; at < scale * (Number(x) + 1); at++) data.fill(0, 4 * (row * scale * size + at), 4 * (row * scale * size + at) + 3);
    }
  }
  assert.equal(decodeQR({ width: scale * size, height: scale * size, data }), link);
});

test("the table is, to the byte, the one of Python", async () => {
  const made = wanted();
  const verdicts = [];
  for (const { document: text, receipt: of, name } of cases().table.given) {
    const [item] = await itemsOf([file(name, text), file("x.receipt.json", of)]);
    verdicts.push({ ...(await (await judgeBy(made, { now: () => NOW }))(item)).verdict });
  }
  assert.equal(csvOf(verdicts), cases().table.expect);
});

test("a record says what was found, by whom, and that nobody signs it", async () => {
  const [one] = await shown([document(good), receipt(good)]);
  const made = { ...wanted(), endpoints: ["https://node.example/v3/a-key"], bodies: new Map([[3, "Agency"]]) };
  const record = JSON.parse(recordOf([one.verdict], { at: NOW, by: made, program: "ab" }));
  assert.deepEqual([record.signedBy, record.program, record.settings.endpoints], [null, "ab", ["https://node.example"]]);
  assert.deepEqual(record.verdicts, [verdictJson(one.verdict)]);
  assert.deepEqual([record.settings.issuers, record.settings.bodies], [[[1, ""]], [[3, "Agency"]]]);
});

/** What is stated, by labels. */
async function stated(content, digest) {
  const reading = await readDocument(bytes(JSON.stringify(content)), "x.json");
  return Object.fromEntries(statedFacts(reading, digest ?? reading.own[0]).map(({ label, values }) => [label, values]));
}

test("what documents state, in the forms that they have", async () => {
  const badge = {
    issuer: { id: "did:web:u.example", name: "U" },
    validFrom: "2024-01-01T00:00:00Z",
    validUntil: "2030-01-01T00:00:00Z",
    awardedDate: "2024-02-02T00:00:00Z",
    credentialSubject: { achievement: { type: ["Achievement"], achievementType: "Diploma", name: "Nursing", alignment: [{ targetName: "Level 6", targetFramework: "EQF" }, { targetUrl: "https://x.example/eqf/6" }] } },
  };
  const ofBadge = { Award: ["Nursing"], Type: ["Diploma"], Level: ["Level 6, in EQF", "https://x.example/eqf/6"], Awarded: ["2024-02-02T00:00:00Z"], "Valid from": ["2024-01-01T00:00:00Z"], "Valid until": ["2030-01-01T00:00:00Z"], "Issuer, as it names it": ["did:web:u.example / U"] };
  assert.deepEqual(await stated(badge), ofBadge);
  // Comprehensive learner record: a credential that holds others.
  assert.deepEqual((await stated({ name: "Record", credentialSubject: { verifiableCredential: [badge] } })).Award, ["Record", "Nursing"]);
  assert.deepEqual(await stated({ issuedOn: "2020-01-01", badge: { type: "BadgeClass", name: "Open Badge" }, recipientProfile: { name: "Ada" } }), { Award: ["Open Badge"], Holder: ["Ada"], "Valid from": ["2020-01-01"] });
  const european = {
    credentialSubject: {
      givenName: { en: ["Ada"] },
      familyName: { en: ["Lovelace"] },
      hasClaim: [
        { type: "LearningAchievement", title: { en: ["Master of Arts"], de: ["Magister"] }, awardedBy: { awardingDate: "2021-07-01T00:00:00+02:00" }, specifiedBy: { type: "Qualification", eQFLevel: { id: "http://data.europa.eu/snb/eqf/7", prefLabel: { en: "Level 7" } } } },
      ],
    },
  };
  assert.deepEqual(await stated(european), { Award: ["Master of Arts", "Magister"], Level: ["Level 7"], "Given name": ["Ada"], "Family name": ["Lovelace"], Awarded: ["2021-07-01T00:00:00+02:00"] });
  const names = [{ identityType: "name", hashed: false, identityHash: "Ada" }, { identityType: "name", hashed: true, identityHash: "sha256$0" }, { identityType: "ext:birthDate", hashed: false, identityHash: "2000-01-01" }];
  assert.deepEqual(await stated({ credentialSubject: { identifier: names } }), { Holder: ["Ada"] });
  assert.deepEqual(await stated({ credentialSubject: { degree: { type: "BachelorDegree", name: "Bachelor of Science" } } }), { Award: ["Bachelor of Science"], Type: ["BachelorDegree"] });
  for (const nothing of [{}, { credentialSubject: null }, { credentialSubject: [1, "x", [[]]], name: {} }, { badge: 7, issuer: [] }]) assert.deepEqual(await stated(nothing), {});
});

test("what is stated is only what the digest covers, shortened and marked", async () => {
  const inner = { name: "Inner", credentialSubject: {} };
  const other = { name: "Other", credentialSubject: {} };
  const reading = await readDocument(bytes(JSON.stringify({ type: "VerifiablePresentation", verifiableCredential: [inner, other] })), "x.json");
  const part = reading.parts.find(({ members }) => members.get("name") === "Inner");
  assert.deepEqual(statedFacts(reading, part.digests[0]).map(({ values }) => values), [["Inner"]]);
  assert.deepEqual(statedFacts(reading, { method: "file", value: "0".repeat(64) }), []);
  const { Award: [name] } = await stated({ name: `\u202e\u001b[31m<b>${"W".repeat(5000)}` });
  assert.ok(name.length < 300 && name.includes("<b>") && name.includes("hidden characters") && !/[\u202e\u001b]/.test(name));
  const { Level } = await stated({ credentialSubject: { achievement: { name: "x", level: Array.from({ length: 60 }, (_, at) => `L${at}`) } } });
  assert.deepEqual([Level.length, Level.at(-1)], [7, "and 54 more"]);
});

test("nothing is called on record that was not found there", async () => {
  const [one] = await shown([document(good), receipt(good)]);
  assert.deepEqual([one.factsTitle, one.statedNote], [say("facts"), say("statedAnchored")]);
  assert.ok(one.facts.some(({ value }) => value.join("") === "did:web:university.example"));
  const [down] = await shown([document(good), receipt(good)], { endpoints: [] });
  assert.deepEqual([down.factsTitle, down.statedNote], [say("factsAlone"), say("statedAlone")]);
  assert.ok(!down.doesNot.includes(say("doesNot.later")));
  // What carries it is not on record, and what is in it is, as in a diploma.
  const carrier = JSON.stringify({ type: ["VerifiablePresentation"], verifiableCredential: [JSON.parse(good.document)] });
  const [carried] = await shown([document({ document: carrier }), receipt(good)]);
  assert.equal(carried.checks[0].code, "digest-inside");
  assert.equal(carried.statedNote, say("statedAnchored"));
  const [changed] = await shown([document({ document: good.document.replace("Ada", "Eve") }), receipt(good)]);
  assert.equal(changed.statedNote, say("statedAlone"));
});

test("who accredited and recognised the issuer is told among the facts, where it was checked", async () => {
  const made = wanted();
  const [item] = await itemsOf([document(good), receipt(good)]);
  const judgement = await (await judgeBy(made, { now: () => NOW }))(item);
  const more = ["accreditation", "recognition"].map((name) => ({ name, outcome: "pass", code: "x", said: [original(`By a body: ${name}.`)] }));
  const facts = (verdict) => shownOf({ ...judgement, verdict }, { reading: item.reading, issuers: made.issuers }).facts;
  const labels = [say("accreditation"), say("recognition")];
  const told = (verdict) => facts(verdict).filter(({ label }) => labels.includes(label)).map(({ value }) => value.join(""));
  assert.deepEqual(told({ ...judgement.verdict, checks: [...judgement.verdict.checks, ...more] }), ["By a body: accreditation.", "By a body: recognition."]);
  assert.deepEqual(told(judgement.verdict), []);
});

test("what makes no sense in the form is said of its field", () => {
  const bad = (more) => {
    const fields = { ...fieldsOf(settings()), ...more };
    try {
      chosen(fields, settings());
      return null;
    } catch (error) {
      assert.ok(error instanceof Mistake);
      return error.field;
    }
  };
  assert.equal(bad({}), null);
  assert.equal(bad({ chain: "1" }), "chain");
  assert.equal(bad({ contract: "0x1" }), "contract");
  for (const text of ["ftp://x", "http://evil.example/", "https://a:b@x.example/", "javascript:1", "x"]) assert.equal(bad({ endpoints: text }), "endpoints");
  for (const text of ["0", "2", "x", "1.5", ""]) assert.equal(bad({ quorum: text }), "quorum");
  for (const text of ["University", "0 x", "-1"]) assert.equal(bad({ issuers: text }), "issuers");
  assert.equal(bad({ chain: "eip155:5" }), "issuers");
  assert.deepEqual([...chosen({ ...fieldsOf(settings()), issuers: "7 Universität, X\n8" }, settings()).issuers], [[7, "Universität, X"], [8, ""]]);
});

test("hostile names are shown as marked text", async () => {
  const [one] = await shown([{ ...document(good), name: "\u202egnp.<img src=x>\u0000" }, receipt(good)]);
  assert.ok(!/[\u202e\u0000]/.test(one.name));
});
