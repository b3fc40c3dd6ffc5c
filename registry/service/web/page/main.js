/**
 * The page: fields and files in, what `view.js` makes of verdicts out. All that is shown is set as text.
 */

import { utf8 } from "../verifier/bytes.js";
import { parseReceipt } from "../verifier/receipt.js";
import { Refusal } from "../verifier/refusal.js";
import { canScan, scan } from "./camera.js";
import { NotBrought, contentsOf, whenBrought } from "../browser/bringing.js";
import { box, button, byId, element, paragraph } from "../browser/elements.js";
import { chosenInForm, fillForm, leadTo } from "../browser/form.js";
import { itemsOf, linked, listsOf, pasted, unpacked } from "../browser/intake.js";
import { judgeBy } from "../browser/judging.js";
import { digestIn, lookedUp } from "../browser/lookup.js";
import { language, say, speak, tell } from "../browser/messages.js";
import { resultsOf } from "../browser/results.js";
import { Mistake } from "../browser/settings.js";
import { brokenOf, sentenceOf, shownOf, wordsOf } from "../browser/view.js";

/**
 * @typedef {import("../browser/folders.js").Named} Named
 * @typedef {import("../browser/intake.js").Given} Given
 * @typedef {import("../browser/lookup.js").Found} Found
 * @typedef {import("../browser/settings.js").Settings} Settings
 * @typedef {import("../browser/view.js").Shown} Shown
 * @typedef {import("../browser/view.js").Piece} Piece
 */

/** @type {Settings} */
const settings = JSON.parse(byId("page-settings").textContent ?? "");
speak(JSON.parse(byId("page-language").textContent ?? ""));
/** Of two drops in a row only the last is shown. */
let latest = 0;
/** @type {Given | null} the receipt that the link brought. */
let ofLink = null;
/** The digest of which the user wants to know what the registry says, by following a link of the page. */
let followed = "";

begin();

function begin() {
  fillForm(settings);
  byId("ask").hidden = false;
  whenBrought((brought) => void files(brought));
  byId("check").addEventListener("click", () => {
    const text = (/** @type {string} */ id) => /** @type {HTMLTextAreaElement} */ (byId(id)).value;
    void check(withLink([...pasted(text("paste"), "pasted"), ...pasted(text("receipt"), "pasted.receipt")]));
  });
  void canScan().then((can) => (byId("scan").hidden = !can));
  byId("scan").addEventListener("click", () => void scanned());
  globalThis.addEventListener("hashchange", fromLink);
  fromLink();
}

/** Another link is another question: nothing of the one before stays. */
function fromLink() {
  // Whoever skips to the content has the same link still.
  if (location.hash === "#main") return;
  const before = ofLink;
  const digest = digestIn(location.hash);
  ofLink = digest ? null : linked(location.hash);
  if (before || ofLink || digest) clear();
  byId("link").hidden = !ofLink;
  if (ofLink) offer(ofLink, say("linkReceipt"));
  if (!digest) return;
  offerToLookUp(digest);
  if (digest === followed) void lookUp(digest);
}

/**
 * A digest that came alone. The registry is not asked because of it either.
 * @param {string} digest
 */
function offerToLookUp(digest) {
  const place = byId("link");
  place.hidden = false;
  const words = paragraph(tell({ key: "page.linkDigest", values: { digest } }));
  place.replaceChildren(words, settings.lookup ? button(say("lookUpHere"), () => void lookUp(digest)) : element("p", say("lookUpElsewhere")));
}

/**
 * What the registry that has this page says of a digest.
 * @param {string} digest
 */
async function lookUp(digest) {
  const mine = busy();
  const found = await lookedUp(digest);
  if (mine !== latest) return;
  if (!found) return trouble(say("lookUpFailed"));
  if (!found.receipts.length) return trouble(say("lookUpUnknown"));
  await check([{ name: "digest", data: utf8(digest) }, ...found.receipts], found);
}

/**
 * Of what was revoked, the registry may know what its issuer put in its place: the way to ask, if its user wants it.
 * @param {Shown} shown
 */
function wayToReplacement({ verdict, receipt }) {
  const isRevoked = verdict.checks.some(({ name, code }) => name === "status" && code === "revoked");
  if (!settings.lookup || !receipt || !isRevoked) return [];
  return [element("p", button(say("lookUpHere"), () => void lookUp(receipt.digest.value)))];
}

/**
 * What the party that anchored a credential put in its place.
 * @param {Shown} shown
 * @param {Found} found
 */
function replacement({ verdict }, { replaced }) {
  const by = verdict.issuer === null ? null : replaced.get(verdict.issuer);
  if (!by) return [];
  const said = element("p", say(by.digest ? "replacedBy" : "replacedUnnamed", { when: language().moment(by.since) }));
  if (!by.digest) return [box("outcome unsure", said)];
  const { digest } = by;
  const link = element("a", say("replacedLook"));
  link.href = `#${digest}`;
  link.addEventListener("click", () => (followed = digest));
  return [box("outcome unsure", said, element("p", link))];
}

/**
 * A receipt that came without a document. Nobody is asked because of it: the user says so.
 * @param {Given} given
 * @param {string} sentence
 */
function offer(given, sentence) {
  const place = byId("link");
  place.hidden = false;
  try {
    parseReceipt(given.data);
  } catch (error) {
    if (given === ofLink) ofLink = null;
    place.replaceChildren(paragraph(tell({ key: "page.linkBroken", values: { what: wordsOf(error) } })));
    return;
  }
  place.replaceChildren(element("p", sentence), button(say("linkAlone"), () => void check([given])));
}

/** A code that the camera sees is taken as if it were pasted. */
async function scanned() {
  const place = byId("camera");
  const asked = new AbortController();
  const stop = () => asked.abort();
  const onKey = (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && stop();
  byId("scan-stop").addEventListener("click", stop, { signal: asked.signal });
  document.addEventListener("keydown", onKey, { signal: asked.signal });
  for (const leaving of ["pagehide", "hashchange"]) globalThis.addEventListener(leaving, stop, { signal: asked.signal });
  byId("scan").hidden = true;
  byId("scan-said").textContent = "";
  place.hidden = false;
  byId("scan-stop").focus();
  let text = null;
  let said = say("scanStopped");
  try {
    text = await scan(/** @type {HTMLVideoElement} */ (byId("scan-view")), asked.signal);
  } catch {
    said = say("scanRefused");
  }
  stop();
  place.hidden = true;
  byId("scan").hidden = false;
  if (text === null) {
    byId("scan-said").textContent = said;
    byId("scan").focus();
    return;
  }
  const [given] = pasted(text, "scanned");
  const digest = digestIn(text.slice(text.indexOf("#") + 1));
  if (digest) {
    ofLink = null;
    clear();
    offerToLookUp(digest);
    byId("link").focus();
  } else if (given && isReceipt(given)) {
    ofLink = given;
    clear();
    offer(given, say("scanReceipt"));
    byId("link").focus();
  } else await check(given ? [given] : []);
}

/** @param {Given} given */
function isReceipt({ data }) {
  try {
    parseReceipt(data);
    return true;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return false;
  }
}

/** @param {Named[] | Promise<Named[]>} brought */
async function files(brought) {
  const mine = busy();
  try {
    const given = await contentsOf(brought, () => mine === latest);
    if (mine === latest) await check(withLink(given));
  } catch (error) {
    if (!(error instanceof NotBrought)) throw error;
    if (mine === latest) trouble(error.message);
  }
}

/**
 * One document that was brought to the receipt of a link.
 * @param {readonly Given[]} given
 */
function withLink(given) {
  return given.length === 1 && ofLink ? [...given, ofLink] : given;
}

/** Nothing of what was shown before may be taken for what is asked now. */
function busy() {
  show(element("p", say("busy")));
  return ++latest;
}

/**
 * @param {readonly Given[]} given
 * @param {Found} [found] what the registry said, where it was asked.
 */
async function check(given, found) {
  const mine = busy();
  if (!given.length) return trouble(say("nothing"));
  let wanted;
  try {
    wanted = chosenInForm(settings);
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    return leadTo(error, trouble);
  }
  try {
    const { given: all, broken } = await unpacked(given);
    const { lists, rest } = await listsOf(all);
    const items = await itemsOf(rest);
    if (mine !== latest) return;
    if (!items.length && !broken.length) return trouble(say("nothing"));
    const judge = await judgeBy(wanted, { lists });
    /** @type {Shown[]} */
    const shown = [];
    for (const item of items) {
      const judgement = await judge(item);
      if (mine !== latest) return;
      shown.push(shownOf(judgement, { reading: item.reading, issuers: wanted.issuers }));
    }
    for (const each of broken) shown.push(shownOf(brokenOf(each), { reading: null, issuers: wanted.issuers }));
    const more = shown.length !== 1 ? [] : found ? replacement(shown[0], found) : wayToReplacement(shown[0]);
    show(...more, ...resultsOf(shown, { at: new Date(), by: wanted, program: byId("program").textContent ?? "" }));
    byId("result").focus();
  } catch (error) {
    if (mine === latest) trouble(sentenceOf(error));
  }
}

/** @param {string | readonly Piece[]} sentence */
function trouble(sentence) {
  latest++;
  show(box("outcome unsure", paragraph(typeof sentence === "string" ? [sentence] : sentence)));
  byId("result").focus();
}

/** @param {Node[]} nodes */
function show(...nodes) {
  byId("result-title").hidden = false;
  byId("result").replaceChildren(...nodes);
}

/** As before anything was asked; what is being asked is not shown any more. */
function clear() {
  latest++;
  byId("result-title").hidden = true;
  byId("result").replaceChildren();
}
