/**
 * A portfolio: the credentials of a learner in one file, with their receipts, each of which is judged by itself
 * (`registry/document/portfolio.py`, `docs/reference/portfolio.md`). What it says of itself is its maker's own word.
 */

import { MOST_SLOTS_NAMED, batchesOf, readBatch, receiptsOf } from "./batches.js";
import { utf8 } from "./bytes.js";
import { decodeUtf8 } from "./encodings.js";
import { jsonText } from "./jsontext.js";
import { latin1 } from "./lenientjson.js";
import { digestHeld } from "./reading.js";
import { Refusal } from "./refusal.js";
import { Members, parseJson, thousands } from "./strictjson.js";
import { first, strip } from "./text.js";
import { readTimestamp, writeTimestamp } from "./timestamps.js";

/**
 * @typedef {import("./receipt.js").Receipt} Receipt
 * @typedef {import("./strictjson.js").Value} Value
 *
 * @typedef {object} Share for what a portfolio was given away, in its holder's own words; times are seconds since 1970.
 * @property {string} purpose "" where it is not said.
 * @property {string} audience
 * @property {number} agreedAt
 * @property {number | null} until null for no end.
 * @property {number | null} leftOut how many credentials of the holder's portfolio are not in it; null where it is not said.
 *
 * @typedef {{name: string, content: Uint8Array, receipt: Receipt | null}} PortfolioItem
 * @typedef {{name: string, refusal: Refusal}} UnreadItem
 * @typedef {{kind: string, source: string, target: string}} Link
 *
 * @typedef {object} Portfolio
 * @property {string} identifier
 * @property {string} name for people.
 * @property {string} holder
 * @property {string} holderId
 * @property {number} madeAt
 * @property {boolean} partial whether its holder says that it is a selection.
 * @property {Share | null} share
 * @property {(PortfolioItem | UnreadItem)[]} items
 * @property {Link[]} links
 * @property {Members[]} achievements as credentials state them.
 * @property {UnreadItem[]} strays receipts that are not in order and of no item.
 */

export const MOST_BYTES = 64 << 20;
export const MOST_ITEMS = 10_000;
const LONGEST_NAME = 200;
const LONGEST_WORD = 1_000;
const TYPE = "MerklePortfolioProof";
const IRI = `urn:testamur:${TYPE}`;
const VERSION = 1;
const CONTEXTS = [
  "https://www.w3.org/2018/credentials/v1",
  "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json",
  "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
];
const ENVELOPED = "https://www.w3.org/2018/credentials#EnvelopedVerifiableCredential";
const CONTEXT = {
  "@version": 1.1,
  "@protected": true,
  [TYPE]: {
    "@id": IRI,
    "@context": { "@protected": true, type: "@type", ...Object.fromEntries(["version", "batches", "share"].map((name) => [name, { "@id": `${IRI}:${name}`, "@type": "@json" }])) },
  },
};
const SHARE = ["purpose", "audience", "agreedAt", "until", "leftOut"];
// Signs of a text that stand in its URL as they are.
const PLAIN = /%(?:2F|3A|2C|3B|3D|40|24|26|2B)/g;
const MEDIA_TYPES = /** @type {const} */ ([
  [".json", "application/json"],
  [".jsonld", "application/ld+json"],
  [".sd-jwt", "application/dc+sd-jwt"],
  [".sdjwt", "application/dc+sd-jwt"],
  [".jwt", "application/jwt"],
  [".pdf", "application/pdf"],
  [".png", "image/png"],
  [".svg", "image/svg+xml"],
]);
const DATA = /^data:[-\w.+/;=]*?(;base64)?,/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const MALFORMED = "portfolio-form";
const MADE_ANEW = "Ask whoever made the portfolio for a new one.";

/**
 * Whether a file is worth being read as one: most are not, and that is told without reading them.
 * @param {Uint8Array} data
 */
export function mayBePortfolio(data) {
  const at = data.findIndex((byte) => ![0x20, 0x09, 0x0d, 0x0a].includes(byte));
  return data[at] === 0x7b && new TextDecoder("latin1").decode(data).includes(`"${TYPE}"`);
}

/**
 * The portfolio in a file; what is wrong with one item or batch is said of the items that it is about.
 * @param {Uint8Array} data
 * @param {number} [mostItems]
 * @returns {Promise<Portfolio>}
 * @throws {Refusal} `not-a-portfolio`, `portfolio-version`, `portfolio-form`, `too-large`, `too-many`, or as `parseJson`.
 */
export async function readPortfolio(data, mostItems = MOST_ITEMS) {
  if (data.length > MOST_BYTES) throw new Refusal("too-large", `it is longer than ${thousands(MOST_BYTES)} bytes, the most that are read`);
  const members = parseJson(data, { maxBytes: MOST_BYTES, maxDepth: 64 });
  const entries = members instanceof Members && listed(members.get("type")).includes("ClrCredential") ? entriesOf(members) : [];
  if (!(members instanceof Members) || !entries.length) {
    throw new Refusal("not-a-portfolio", "it is no portfolio", { remedy: "`testamur portfolio make` makes one of credentials." });
  }
  const [{ place, entry }] = entries;
  if (entry.get("version") !== VERSION || entries.length > 1) {
    const what = entries.length > 1 ? "it has several proofs of portfolios" : "it is a portfolio of another version";
    throw new Refusal("portfolio-version", what, { remedy: "Update this program, or ask for one of version 1." });
  }
  const subject = members.get("credentialSubject");
  const credentials = subject instanceof Members ? subject.get("verifiableCredential") : null;
  if (!Array.isArray(credentials) || !credentials.length) throw malformed("there is no list of credentials in it");
  if (credentials.length > mostItems) throw new Refusal("too-many", `it holds more than ${thousands(mostItems)} credentials`, { remedy: "Divide it." });
  const { receipts, broken, strays } = await receiptsIn(entry.get("batches"), place, credentials.length);
  const issuer = members.get("issuer");
  const holder = issuer instanceof Members ? issuer : new Members([["id", issuer]]);
  return {
    identifier: word(members.get("id")),
    name: word(members.get("name")),
    holder: word(holder.get("name")),
    holderId: word(holder.get("id")),
    madeAt: moment(members.get("issuanceDate"), "issuanceDate"),
    partial: members.get("partial") === true,
    share: shareOf(entry.get("share")),
    items: credentials.map((credential, at) => itemOf(credential, at, receipts.get(at) ?? null, broken.get(at) ?? null)),
    links: linksOf(subject.get("association")),
    achievements: listed(subject.get("achievement")).filter((each) => each instanceof Members),
    strays,
  };
}

/**
 * The file of a portfolio: equal portfolios give equal bytes.
 * @param {Portfolio} portfolio
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} it would not be read again (`too-many` or `too-large`), or one of its items was not read.
 */
export async function portfolioBytes(portfolio) {
  const { identifier, name, holder, holderId, madeAt, partial, share, links, achievements } = portfolio;
  const items = portfolio.items.flatMap((item) => ("refusal" in item ? [] : [item]));
  if (items.length < portfolio.items.length) throw malformed("a credential in it was not read");
  if (items.length > MOST_ITEMS) {
    throw new Refusal("too-many", `there are ${thousands(items.length)} credentials, and a portfolio holds ${thousands(MOST_ITEMS)}`, { remedy: "Make several of them." });
  }
  const made = writeTimestamp(madeAt);
  const until = share?.until ?? null;
  const receipts = items.flatMap(({ receipt }, position) => (receipt ? [{ position, receipt }] : []));
  const told = {
    "@context": CONTEXTS,
    id: identifier,
    type: ["VerifiableCredential", "ClrCredential"],
    name,
    partial,
    issuer: { id: holderId, type: ["Profile"], ...(holder && { name: holder }) },
    issuanceDate: made,
    ...(until !== null && { expirationDate: writeTimestamp(until) }),
    credentialSubject: {
      type: ["ClrSubject"],
      verifiableCredential: items.map((item) => ({
        "@context": CONTEXTS.slice(0, 1),
        id: dataUrl(item.name, item.content),
        type: ["VerifiableCredential", ENVELOPED],
        name: item.name,
        issuer: { id: holderId, type: ["Profile"] },
        issuanceDate: made,
        credentialSubject: { id: holderId },
      })),
      ...(achievements.length && { achievement: achievements }),
      ...(links.length && { association: links.map(({ kind, source, target }) => ({ type: "Association", associationType: kind, sourceId: source, targetId: target })) }),
    },
    proof: [
      {
        "@context": CONTEXT,
        type: TYPE,
        version: VERSION,
        batches: await batchesOf(receipts),
        ...(share && {
          share: { purpose: share.purpose, audience: share.audience, agreedAt: writeTimestamp(share.agreedAt), ...(until !== null && { until: writeTimestamp(until) }), ...(share.leftOut !== null && { leftOut: share.leftOut }) },
        }),
      },
    ],
  };
  const found = utf8(jsonText(told));
  if (found.length > MOST_BYTES) {
    throw new Refusal("too-large", `the portfolio would be ${thousands(found.length)} bytes long, and ${thousands(MOST_BYTES)} are read`, { remedy: "Make several of them." });
  }
  return found;
}

/**
 * A file as a `data:` URL (RFC 2397): text with percent signs, which packs well, and everything else in base64.
 * @param {string} name
 * @param {Uint8Array} content
 */
export function dataUrl(name, content) {
  const kind = MEDIA_TYPES.find(([ending]) => name.toLowerCase().endsWith(ending))?.[1] ?? "application/octet-stream";
  const text = decodeUtf8(content);
  if (text === null || text.includes("\0")) return `data:${kind};base64,${btoa(latin1(content))}`;
  return `data:${kind},${encodeURIComponent(text).replaceAll("'", "%27").replace(PLAIN, decodeURIComponent)}`;
}

/**
 * The file in a `data:` URL.
 * @param {string} url
 * @throws {Refusal} `portfolio-item`: it is none.
 */
export function dataIn(url) {
  const match = DATA.exec(url);
  if (!match || !/^[\x00-\x7f]*$/.test(url)) throw new Refusal("portfolio-item", "it is in no data: URL", { remedy: MADE_ANEW });
  const body = url.slice(match[0].length);
  if (match[1] && (body.length % 4 || !BASE64.test(body))) throw new Refusal("portfolio-item", "its base64 is damaged", { remedy: MADE_ANEW });
  const bytes = match[1] ? atob(body) : body.replace(/%([0-9a-fA-F]{2})/g, (_, digits) => String.fromCharCode(parseInt(digits, 16)));
  return Uint8Array.from(bytes, (sign) => sign.charCodeAt(0));
}

/**
 * Whether the time that the holder meant is over.
 * @param {Share} share
 * @param {number} now
 */
export function hasEnded({ until }, now) {
  return until !== null && until <= now;
}

/**
 * The entries of `proof` that make a record a portfolio, and where they are.
 * @param {Members} members
 */
function entriesOf(members) {
  return listed(members.get("proof")).flatMap((entry, at) => (entry instanceof Members && entry.get("type") === TYPE ? [{ place: `proof[${at}]`, entry }] : []));
}

/**
 * The receipts by the positions of their items, why the items of a batch that is not in order have none, and what is of no item.
 * @param {Value | undefined} given
 * @param {string} place
 * @param {number} count
 */
async function receiptsIn(given, place, count) {
  if (!Array.isArray(given)) throw malformed("its batches are no list");
  /** @type {Map<number, Receipt>} */
  const receipts = new Map();
  /** @type {Map<number, Refusal>} */
  const broken = new Map();
  /** @type {UnreadItem[]} */
  const strays = [];
  if (given.length > count) throw malformed("it has more batches than credentials");
  let left = 2 * MOST_SLOTS_NAMED;
  let meant = 0;
  for (const [at, each] of given.entries()) {
    const where = `${place}.batches[${at}]`;
    const outOfPlace = (/** @type {string} */ what) => new Refusal("item-order", what, { where, remedy: MADE_ANEW });
    try {
      const batch = readBatch(each, where);
      left -= batch.leaves.reduce((sum, { slots }) => sum + (slots?.length ?? 0), 0);
      if (left < 0) throw new Refusal("evidence-size", "There is too much evidence in it.", { where });
      meant += batch.leaves.reduce((sum, { items }) => sum + items.length, 0);
      if (meant > 2 * count) throw malformed("its receipts are for more credentials than it has");
      for (const { receipt, items } of await receiptsOf(batch)) {
        for (const position of items) {
          if (position >= count) strays.push({ name: where, refusal: outOfPlace(`There is no credential at position ${position}.`) });
          else if (receipts.has(position)) broken.set(position, outOfPlace(`The credential at position ${position} has several receipts.`));
          if (!receipts.has(position)) receipts.set(position, receipt);
        }
      }
    } catch (error) {
      if (!(error instanceof Refusal) || error.code === MALFORMED) throw error;
      if (!error.where?.startsWith(where)) error.where = where;
      const positions = positionsIn(each, count);
      for (const position of positions) broken.set(position, error);
      if (!positions.length) strays.push({ name: where, refusal: error });
    }
  }
  return { receipts, broken, strays };
}

/**
 * Which items a batch that is not in order means, as far as that can be told.
 * @param {Value} batch
 * @param {number} count
 * @returns {number[]}
 */
function positionsIn(batch, count) {
  const leaves = batch instanceof Members ? listed(batch.get("leaves")) : [];
  const items = leaves.flatMap((leaf) => (leaf instanceof Members ? listed(leaf.get("items")) : []));
  return /** @type {number[]} */ (items.filter((position) => typeof position === "number" && position >= 0 && position < count));
}

/**
 * @param {Value} credential
 * @param {number} at
 * @param {Receipt | null} receipt
 * @param {Refusal | null} broken
 * @returns {PortfolioItem | UnreadItem}
 */
function itemOf(credential, at, receipt, broken) {
  const stated = credential instanceof Members ? credential.get("name") : null;
  const name = typeof stated === "string" && strip(stated) ? first(stated, LONGEST_NAME) : `credential-${at + 1}.json`;
  if (broken) return { name, refusal: broken };
  try {
    if (!(credential instanceof Members)) throw new Refusal("portfolio-item", "it is no credential", { remedy: MADE_ANEW });
    const types = listed(credential.get("type"));
    if (!types.includes(ENVELOPED) && !types.includes("EnvelopedVerifiableCredential")) {
      // Others may put a credential into the list as it is: then it is JSON, whatever it is called.
      return { name: name.toLowerCase().endsWith(".json") ? name : `${name}.json`, content: utf8(jsonText(credential)), receipt };
    }
    const url = credential.get("id");
    const content = dataIn(typeof url === "string" ? url : "");
    // It shows nothing, and what it is called is the holder's word.
    if (digestHeld(content)) throw new Refusal("portfolio-item", "it is a digest and no credential", { remedy: MADE_ANEW });
    return { name, content, receipt };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { name, refusal: error };
  }
}

/**
 * @param {Value | undefined} given
 * @returns {Share | null}
 */
function shareOf(given) {
  if ((given ?? null) === null) return null;
  if (!(given instanceof Members) || [...given.keys()].some((name) => !SHARE.includes(name)) || !given.has("agreedAt")) {
    throw malformed("what it says of how it was shared has another form");
  }
  const [until, leftOut] = ["until", "leftOut"].map((name) => given.get(name) ?? null);
  if (leftOut !== null && !(typeof leftOut === "number" && leftOut >= 0)) throw malformed("the number of credentials that were left out is none");
  return {
    purpose: word(given.get("purpose")),
    audience: word(given.get("audience")),
    agreedAt: moment(given.get("agreedAt"), "agreedAt"),
    until: until === null ? null : moment(until, "until"),
    leftOut,
  };
}

/**
 * @param {Value | undefined} given
 * @returns {Link[]}
 */
function linksOf(given) {
  return listed(given).flatMap((each) => (each instanceof Members ? [{ kind: word(each.get("associationType")), source: word(each.get("sourceId")), target: word(each.get("targetId")) }] : []));
}

/**
 * @param {Value | undefined} given
 * @param {string} what
 */
function moment(given, what) {
  const found = readTimestamp(typeof given === "string" ? given : "");
  if (typeof found === "string") throw malformed(`its ${what} is no time such as 2026-01-01T00:00:00Z`);
  return found;
}

/** @param {Value | undefined} given */
function word(given) {
  return typeof given === "string" ? first(given, LONGEST_WORD) : "";
}

/**
 * @param {Value | undefined} given
 * @returns {Value[]}
 */
function listed(given) {
  const value = given ?? null;
  return Array.isArray(value) ? value : value === null ? [] : [value];
}

/** @param {string} why */
function malformed(why) {
  return new Refusal(MALFORMED, `it is no portfolio that can be read: ${why}`, { remedy: MADE_ANEW });
}
