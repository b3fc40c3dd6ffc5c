/**
 * A portfolio of what a learner holds: a file, or a link that holds all of it (`anchor/learning/portfolios.py`,
 * `registry/learning/portfolio/link.py`, `docs/reference/portfolio.md`).
 */

import { freeLabel } from "../browser/intake.js";
import { utf8 } from "../verifier/bytes.js";
import { digestObject } from "../verifier/digest.js";
import { inflate, inflateRaw } from "../verifier/inflate.js";
import { jsonText } from "../verifier/jsontext.js";
import { latin1 } from "../verifier/lenientjson.js";
import { readDocument } from "../verifier/reading.js";
import { EMBEDDED_TYPE } from "../verifier/receipt.js";
import { Refusal } from "../verifier/refusal.js";
import { Members, thousands } from "../verifier/strictjson.js";
import { strip } from "../verifier/text.js";
import { achievementsIn, linksIn } from "./links.js";

/**
 * @typedef {import("../browser/intake.js").Item} Item
 * @typedef {import("../verifier/portfolio.js").Portfolio} Portfolio
 * @typedef {import("../verifier/portfolio.js").PortfolioItem} PortfolioItem
 * @typedef {import("../verifier/portfolio.js").Share} Share
 * @typedef {import("../verifier/reading.js").Reading} Reading
 * @typedef {import("../verifier/receipt.js").Receipt} Receipt
 *
 * @typedef {object} Said what a learner says of a portfolio.
 * @property {string} name for people.
 * @property {string} holder name of the learner; "" where it is not to be said.
 * @property {number} madeAt seconds since 1970.
 * @property {boolean} partial whether it is a selection.
 * @property {Share | null} share
 */

/** What a link begins with behind its `#`. */
export const MARK = "p1.";
/** Beyond that some programs for mail and messages cut links off. */
export const COMMON_LINK = 2_000;
/** Of a link that is made: what browsers take. */
export const LONGEST_LINK = 65_536;
const LONGEST_READ = 1 << 20;
const MOST_UNPACKED = 8 << 20;
const NUMBER = / \([0-9]+\)(?=(?:\.[^.]*)?$)/;
const COPY_ANEW = "Copy the whole link, to its last sign, or ask for a file.";

/**
 * A portfolio of these credentials, under names that nobody guesses.
 * @param {readonly PortfolioItem[]} items
 * @param {Said} said
 * @returns {Promise<Portfolio>}
 */
export async function newPortfolio(items, { name, holder, madeAt, partial, share }) {
  const readings = await Promise.all(items.map((item) => readDocument(item.content, item.name)));
  return {
    identifier: `urn:uuid:${crypto.randomUUID()}`,
    name,
    holder,
    holderId: `urn:uuid:${crypto.randomUUID()}`,
    madeAt,
    partial,
    share,
    items: [...items],
    links: linksIn(readings),
    achievements: achievementsIn(readings),
    strays: [],
  };
}

/**
 * A credential as an item of a portfolio: without the receipt that is in its `proof`, and that beside it. Only where that is
 * the one receipt there is, of the whole credential, and the digest that it is for is the same without it.
 * @param {string} name
 * @param {Uint8Array} content
 * @param {Reading} reading
 * @param {Item["receipts"]} receipts all that came with it, those inside it among them.
 * @returns {Promise<PortfolioItem>}
 */
export async function portfolioItem(name, content, reading, receipts) {
  const inside = new Set(reading.receipts.map(({ read }) => read));
  const beside = receipts.flatMap((each) => (each instanceof Refusal || inside.has(each) ? [] : [each]));
  const most = Math.max(...beside.map(saysOf));
  const outside = beside.find((each) => saysOf(each) === most) ?? null;
  const item = { name, content, receipt: outside };
  const [found] = reading.receipts;
  const whole = reading.parts.find(({ where, isToken }) => !where && !isToken);
  if (outside || !whole || reading.receipts.length !== 1 || reading.unread.length) return item;
  const { read, where } = found;
  if (read instanceof Refusal || read.digest.method !== "vc-jcs" || where.includes(", ")) return item;
  const plain = withoutReceipt(whole.members);
  return (await digestObject(plain)).value === read.digest.value ? { name, content: utf8(jsonText(plain)), receipt: read } : item;
}

/**
 * How much a receipt says: of two, one with evidence can be checked without an endpoint, too.
 * @param {Receipt} receipt
 */
function saysOf({ anchor, evidence }) {
  return 2 * Number(anchor.block !== null) + Number(evidence !== null);
}

/**
 * Names of files that go into one portfolio, without what they tell of others: their folder or ZIP, and that there is another
 * one of that name.
 * @param {readonly string[]} names
 */
export function ownNames(names) {
  /** @type {Set<string>} */
  const taken = new Set();
  return names.map((name) => freeLabel(/** @type {string} */ (name.split("/").at(-1)).replace(NUMBER, ""), taken));
}

/**
 * The link that opens a page with a portfolio.
 * @param {Uint8Array} portfolio its file.
 * @param {string} page its address.
 * @returns {Promise<string | null>} null where it would be longer than browsers take.
 */
export async function portfolioLink(portfolio, page) {
  const packed = new Response(new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (portfolio)]).stream().pipeThrough(new CompressionStream("deflate")));
  const text = btoa(latin1(new Uint8Array(await packed.arrayBuffer())));
  const link = `${page.split("#")[0]}#${MARK}${text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
  return link.length > LONGEST_LINK ? null : link;
}

/**
 * Whether a text looks like such a link, or like what stands behind its `#`.
 * @param {string} text
 */
export function isPortfolioLink(text) {
  const link = strip(text);
  return !link.includes("\n") && (link.startsWith(MARK) || link.includes(`#${MARK}`));
}

/**
 * The file of the portfolio in a link, or in what stands behind its `#`; nobody is asked for it.
 * @param {string} text
 * @throws {Refusal} there is none in it, or not all of it (`link`), or too much (`too-large`).
 */
export function portfolioInLink(text) {
  if (text.length > LONGEST_READ) throw new Refusal("too-large", `the link is longer than ${thousands(LONGEST_READ)} characters`);
  const data = strip(text).split("#").at(-1) ?? "";
  if (!data.startsWith(MARK)) throw broken("there is no portfolio in the link");
  const body = data.slice(MARK.length);
  if (!/^[A-Za-z0-9_-]+$/.test(body)) throw broken("the link has signs in it that are none of it");
  if (body.length % 4 === 1) throw broken("the link is damaged");
  const packed = Uint8Array.from(atob(body.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
  const content = inflate(packed, MOST_UNPACKED, { isAlone: true });
  if (content) return content;
  const begins = inflateRaw(packed.subarray(2), MOST_UNPACKED, { mayBeCut: true });
  if (begins?.content.length === MOST_UNPACKED) throw new Refusal("too-large", `the link unpacks to more than ${thousands(MOST_UNPACKED)} bytes`, { remedy: "Ask for a file." });
  throw broken("the link is damaged, or a part of it is missing");
}

/**
 * A credential without the receipts in its `proof`.
 * @param {Members} members
 */
function withoutReceipt(members) {
  const proofs = members.get("proof");
  const kept = Array.isArray(proofs) ? proofs.filter((each) => !(each instanceof Members && each.get("type") === EMBEDDED_TYPE)) : [];
  const plain = new Members([...members].filter(([name]) => name !== "proof"));
  return kept.length ? plain.set("proof", kept) : plain;
}

/** @param {string} why */
function broken(why) {
  return new Refusal("link", why, { remedy: COPY_ANEW });
}
