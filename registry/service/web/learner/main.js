/**
 * A learner's page: files in, a portfolio with verdicts out, and what it comes to on the way to somewhere. All that is shown is
 * set as text. Nothing is kept when the page is closed but what its user saves.
 */

import { NotBrought, contentsOf, whenBrought } from "../browser/bringing.js";
import { box, button, byId, element, paragraph } from "../browser/elements.js";
import { chosenInForm, fillForm, leadTo } from "../browser/form.js";
import { listsOf, pasted, unpacked } from "../browser/intake.js";
import { judgeBy } from "../browser/judging.js";
import { say as sayOnAll, speak } from "../browser/messages.js";
import { Mistake } from "../browser/settings.js";
import { sentenceOf } from "../browser/view.js";
import { utf8 } from "../verifier/bytes.js";
import { marked } from "../verifier/text.js";
import { entryOf, entryOfBroken, textIn } from "./entries.js";
import { handingOf } from "./handing.js";
import { Holdings } from "./holdings.js";
import { listOf, summaryOf } from "./listing.js";
import { MARK, isPortfolioLink, portfolioInLink } from "./making.js";
import { mayBePathway, readPathway } from "./pathway.js";
import { portfoliosTold } from "./portfolios.js";
import { progressOf } from "./steps.js";
import { say } from "./words.js";

/**
 * @typedef {import("../browser/folders.js").Named} Named
 * @typedef {import("../browser/intake.js").Broken} Broken
 * @typedef {import("../browser/intake.js").Checkpoints} Checkpoints
 * @typedef {import("../browser/intake.js").Given} Given
 * @typedef {import("../browser/judging.js").Judgement} Judgement
 * @typedef {import("../browser/settings.js").Chosen} Chosen
 * @typedef {import("../browser/settings.js").Settings} Settings
 * @typedef {import("../verifier/portfolio.js").Portfolio} Portfolio
 * @typedef {import("./entries.js").Entry} Entry
 * @typedef {import("./pathway.js").Pathway} Pathway
 */

const LONGEST_TITLE = 120;

/** @type {Settings & {pathways: unknown[]}} */
const settings = JSON.parse(byId("page-settings").textContent ?? "");
speak(JSON.parse(byId("page-language").textContent ?? ""));
const holdings = new Holdings();
/** @type {Broken[]} */
let broken = [];
/** @type {Checkpoints[]} */
let lists = [];
/** @type {Portfolio[]} */
let portfolios = [];
/** @type {Pathway[]} those of the page, and those that were brought. */
let pathways = settings.pathways.map((form) => readPathway(utf8(JSON.stringify(form))));
/** Which of them is looked at. */
let chosenPathway = 0;
/** @type {readonly Entry[]} */
let entries = [];
/** What is known already of what is held, as long as the same are asked: all as of one block. */
let asked = { form: "", at: new Date(), judge: /** @type {Awaited<ReturnType<typeof judgeBy>> | null} */ (null), known: /** @type {Map<string, Judgement>} */ (new Map()) };
/** Of two questions in a row only the last is answered. */
let latest = 0;

begin();

function begin() {
  fillForm(settings);
  byId("ask").hidden = false;
  whenBrought((brought) => void files(brought));
  byId("add").addEventListener("click", () => {
    const field = /** @type {HTMLTextAreaElement} */ (byId("paste"));
    const text = field.value;
    field.value = "";
    if (isPortfolioLink(text)) void openLink(text);
    else void bring(pasted(text, "pasted"));
  });
  byId("again").addEventListener("click", () => void anew());
  globalThis.addEventListener("hashchange", fromLink);
  fromLink();
}

/** A portfolio that a link brought. Nobody is asked because of it: the user says so. */
function fromLink() {
  // Whoever skips to the content has the same link still.
  if (location.hash === "#main") return;
  const link = location.hash;
  const place = byId("link");
  place.hidden = !link.startsWith(`#${MARK}`);
  // In another language it is the same portfolio.
  for (const each of document.querySelectorAll(".languages a")) /** @type {HTMLAnchorElement} */ (each).hash = place.hidden ? "" : link;
  if (place.hidden) return;
  place.replaceChildren(element("p", say("linkBrought")), button(say("linkOpen"), () => void openLink(link)));
}

/** @param {string} link */
async function openLink(link) {
  try {
    await bring([{ name: "share.json", data: portfolioInLink(link) }]);
  } catch (error) {
    trouble(sentenceOf(error));
  }
}

/** @param {Named[] | Promise<Named[]>} brought */
async function files(brought) {
  const mine = busy();
  try {
    const given = await contentsOf(brought, () => mine === latest);
    if (mine === latest) await bring(given);
  } catch (error) {
    if (!(error instanceof NotBrought)) throw error;
    if (mine === latest) trouble(error.message);
  }
}

/** Ask anew, whatever is known. */
async function anew() {
  asked.form = "";
  await review();
}

/**
 * Take in what was brought, and see what it is.
 * @param {readonly Given[]} given
 */
async function bring(given) {
  const mine = busy();
  if (!given.length) return trouble(sayOnAll("nothing"));
  try {
    const opened = await unpacked(given);
    const { lists: brought, rest } = await listsOf(opened.given);
    if (mine !== latest) return;
    const found = rest.filter(({ data, from }) => from !== "portfolio" && mayBePathway(data));
    const read = found.map(({ data }) => readPathway(data));
    holdings.add(rest.filter((each) => !found.includes(each)));
    if (read.length) {
      chosenPathway = pathways.length;
      pathways = [...pathways, ...read];
    }
    broken = [...broken, ...opened.broken];
    portfolios = [...portfolios, ...opened.portfolios];
    if (brought.length) {
      lists = [...lists, ...brought];
      asked.form = "";
    }
  } catch (error) {
    if (mine === latest) trouble(sentenceOf(error));
    return;
  }
  await review();
}

/** Show all that is held, each with its verdict. */
async function review() {
  const mine = busy();
  let wanted;
  try {
    wanted = chosenInForm(settings);
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    return leadTo(error, trouble);
  }
  try {
    const judge = await judgeOf(wanted);
    /** @type {Entry[]} */
    const found = [];
    for (const item of await holdings.items()) {
      const key = holdings.keyOf(item);
      const judgement = asked.known.get(key) ?? (await judge(item));
      if (mine !== latest) return;
      asked.known.set(key, judgement);
      found.push(entryOf(item, judgement, found.length, wanted.issuers));
    }
    for (const each of broken) found.push(entryOfBroken(each, found.length));
    if (mine !== latest) return;
    entries = found;
    show(wanted);
  } catch (error) {
    if (mine === latest) trouble(sentenceOf(error));
  }
}

/**
 * Whoever judges: the same as before, as long as nothing else was chosen.
 * @param {Chosen} wanted
 */
async function judgeOf(wanted) {
  const form = JSON.stringify(wanted, (_, value) => (value instanceof Map ? [...value] : value));
  if (!asked.judge || asked.form !== form) asked = { form, at: new Date(), judge: await judgeBy(wanted, { lists }), known: new Map() };
  return /** @type {NonNullable<typeof asked.judge>} */ (asked.judge);
}

/** @param {Chosen} by whom was asked, and whom the user trusts. */
function show(by) {
  const checked = { at: asked.at, by, program: byId("program").textContent ?? "" };
  const has = entries.length > 0;
  byId("again").hidden = !has;
  byId("hand").hidden = !has;
  byId("result").replaceChildren(has ? summaryOf(entries, checked) : element("p", say("empty")));
  byId("portfolios").replaceChildren(...portfoliosTold(portfolios, checked.at));
  byId("entries").replaceChildren(...(has ? [listOf(entries, checked, remove)] : []));
  byId("handing").replaceChildren(...(has ? handingOf(entries, holdings) : []));
  showProgress();
  byId("result").focus();
}

/** Progress on the pathway that is looked at, and the choice between several. */
function showProgress() {
  byId("progress").hidden = !entries.length && !pathways.length;
  if (!pathways.length) {
    byId("steps").replaceChildren(element("p", say("noPathway")));
    return;
  }
  const choice = document.createElement("select");
  choice.id = "pathway";
  choice.append(...pathways.map(({ title, id }, at) => new Option(marked(textIn(title) || id, LONGEST_TITLE), String(at), false, at === chosenPathway)));
  choice.addEventListener("change", () => {
    chosenPathway = Number(choice.value);
    showProgress();
    byId("pathway").focus();
  });
  const label = element("label", say("pathway"));
  label.htmlFor = choice.id;
  byId("steps").replaceChildren(label, choice, ...progressOf(pathways[chosenPathway], entries, asked.at));
}

/**
 * Forget one of them.
 * @param {Entry} entry
 */
function remove(entry) {
  const all = entries.flatMap(({ brought }) => brought ?? []);
  if (entry.brought) holdings.remove(entry.brought, all);
  else broken = broken.filter((_, at) => at !== entries.indexOf(entry) - all.length);
  void review();
}

/** What was shown before stays, but nobody may take it for the answer. */
function busy() {
  byId("outcome").hidden = false;
  byId("result").replaceChildren(element("p", sayOnAll("busy")));
  return ++latest;
}

/** @param {string | readonly import("../browser/view.js").Piece[]} sentence */
function trouble(sentence) {
  latest++;
  byId("outcome").hidden = false;
  byId("result").replaceChildren(box("outcome unsure", paragraph(typeof sentence === "string" ? [sentence] : sentence)));
  byId("result").focus();
}
