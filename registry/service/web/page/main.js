/**
 * The page: fields and files in, what `view.js` makes of verdicts out. All that is shown is set as text.
 */

import { parseReceipt } from "../verifier/receipt.js";
import { chosenFiles, droppedFiles } from "./folders.js";
import { MOST_FILES, itemsOf, linked, listsOf, mostBytes, pasted, unpacked } from "./intake.js";
import { judgeBy } from "./judging.js";
import { say } from "./messages.js";
import { Mistake, chosen, fieldsOf } from "./settings.js";
import { brokenOf, sentenceOf, shownOf, tableOf } from "./view.js";

/**
 * @typedef {import("./folders.js").Named} Named
 * @typedef {import("./intake.js").Given} Given
 * @typedef {import("./settings.js").Settings} Settings
 * @typedef {import("./settings.js").Fields} Fields
 * @typedef {import("./view.js").Shown} Shown
 */

const FIELDS = /** @type {const} */ (["chain", "contract", "endpoints", "quorum", "issuers"]);

/** @type {Settings} */
const settings = JSON.parse(byId("page-settings").textContent ?? "");
/** Of two drops in a row only the last is shown. */
let latest = 0;

begin();

function begin() {
  const fields = fieldsOf(settings);
  for (const name of FIELDS) field(name).value = fields[name];
  field("endpoints").readOnly = field("quorum").readOnly = settings.fixed;
  byId("endpoints-help").textContent = say(settings.fixed ? "endpointsFixed" : "endpointsHelp");
  byId("issuers-help").textContent = say("trustedHelp");
  if (!settings.chain || (!settings.endpoints.length && !settings.fixed)) /** @type {HTMLDetailsElement} */ (byId("settings")).open = true;
  byId("ask").hidden = false;
  for (const id of ["files", "folder"]) {
    const input = /** @type {HTMLInputElement} */ (byId(id));
    input.addEventListener("change", () => {
      void files(chosenFiles(input));
      // The same file again is a change, too.
      input.value = "";
    });
  }
  const zone = byId("zone");
  for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => event.preventDefault());
  zone.addEventListener("dragover", () => zone.classList.add("over"));
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    zone.classList.remove("over");
    // What is dragged within the page, such as a text that was selected, is no file.
    if (event.dataTransfer?.types.includes("Files")) void files(droppedFiles(event.dataTransfer, MOST_FILES));
  });
  byId("check").addEventListener("click", () => {
    const text = (/** @type {string} */ id) => /** @type {HTMLTextAreaElement} */ (byId(id)).value;
    void check([...pasted(text("paste"), "pasted"), ...pasted(text("receipt"), "pasted.receipt")]);
  });
  globalThis.addEventListener("hashchange", fromLink);
  fromLink();
}

/** Nobody is asked because a link was opened: the user says so. */
function fromLink() {
  const given = linked(location.hash);
  if (!given || location.hash === "#main") return;
  const box = byId("link");
  box.hidden = false;
  try {
    parseReceipt(given.data);
  } catch (error) {
    box.replaceChildren(element("p", say("linkBroken", { what: sentenceOf(error) })));
    return;
  }
  /** @type {HTMLTextAreaElement} */ (byId("receipt")).value = new TextDecoder().decode(given.data);
  const button = element("button", say("linkAlone"));
  button.type = "button";
  button.addEventListener("click", () => void check([given]));
  box.replaceChildren(element("p", say("linkReceipt")), button);
}

/** @param {Named[] | Promise<Named[]>} brought */
async function files(brought) {
  const mine = busy();
  /** @type {Given[]} */
  const given = [];
  let reading = "";
  try {
    const named = await brought;
    if (mine !== latest) return;
    if (named.length > MOST_FILES) return trouble(say("tooMany", { most: MOST_FILES, count: named.length }));
    for (const { name, file } of named) {
      reading = name;
      if (file.size > mostBytes(name)) return trouble(say("tooLarge", { name, most: mostBytes(name) >> 20 }));
      given.push({ name, data: new Uint8Array(await file.arrayBuffer()) });
    }
  } catch {
    if (mine === latest) trouble(reading ? say("unreadable", { name: reading }) : say("folderUnreadable"));
    return;
  }
  const link = linked(location.hash);
  if (mine === latest) await check(given.length === 1 && link ? [...given, link] : given);
}

/** Nothing of what was shown before may be taken for what is asked now. */
function busy() {
  show(element("p", say("busy")));
  return ++latest;
}

/** @param {readonly Given[]} given */
async function check(given) {
  const mine = busy();
  if (!given.length) return trouble(say("nothing"));
  let wanted;
  try {
    wanted = chosen(/** @type {Fields} */ (Object.fromEntries(FIELDS.map((name) => [name, field(name).value]))), settings);
    for (const name of FIELDS) field(name).removeAttribute("aria-invalid");
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    return mistaken(error);
  }
  try {
    const { given: all, broken } = unpacked(given);
    const { lists, rest } = await listsOf(all);
    const items = await itemsOf(rest);
    if (!items.length && !broken.length) return trouble(say("nothing"));
    const judge = await judgeBy(wanted, { lists });
    /** @type {Shown[]} */
    const shown = [];
    for (const item of items) {
      const judgement = await judge(item);
      if (mine !== latest) return;
      shown.push(shownOf(judgement, { isAtHand: Boolean(item.reading?.isAtHand), issuers: wanted.issuers }));
    }
    results([...shown, ...broken.map(brokenOf)]);
  } catch (error) {
    if (mine === latest) trouble(sentenceOf(error));
  }
}

/** @param {Mistake} mistake */
function mistaken(mistake) {
  /** @type {HTMLDetailsElement} */ (byId("settings")).open = true;
  const wrong = field(mistake.field);
  wrong.setAttribute("aria-invalid", "true");
  trouble(mistake.message);
  wrong.focus();
}

/** @param {string} sentence */
function trouble(sentence) {
  latest++;
  const said = element("p", sentence);
  said.className = "outcome unsure";
  show(said);
  byId("result").focus();
}

/** @param {readonly Shown[]} all */
function results(all) {
  if (all.length === 1) show(...resultOf(all[0], "h3"));
  else {
    const { caption, rows } = tableOf(all);
    const body = rows.map(({ name, head, why, tone }) => row(tone, element("bdi", name), element("strong", head), why));
    const heads = ["tableName", "tableVerdict", "tableWhy"].map((key) => {
      const cell = element("th", say(key));
      cell.scope = "col";
      return cell;
    });
    const scroll = element("div", element("table", element("caption", caption), element("thead", element("tr", ...heads)), element("tbody", ...body)));
    scroll.className = "scroll";
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "group");
    scroll.setAttribute("aria-label", caption);
    show(scroll, ...all.map((each) => element("details", element("summary", `${each.head}: `, element("bdi", each.name)), ...resultOf(each, "h3"))));
  }
  byId("result").focus();
}

/**
 * @param {string} tone
 * @param {(Node | string)[]} cells
 */
function row(tone, ...cells) {
  const made = element("tr", ...cells.map((each, at) => element(at ? "td" : "th", each)));
  /** @type {HTMLTableCellElement} */ (made.firstElementChild).scope = "row";
  made.className = tone;
  return made;
}

/**
 * @param {Shown} shown
 * @param {"h3"} level
 */
function resultOf(shown, level) {
  const outcome = element("div", element("p", element("strong", shown.head), ": ", element("bdi", shown.name)), element("p", shown.sentence), ...shown.because.map((text) => element("p", text)));
  outcome.className = `outcome ${shown.tone}`;
  const checks = shown.checks.map(({ title, outcome: word, text, tone }) => {
    const item = element("li", element("strong", say("checkIs", { title, outcome: word })), " ", text);
    item.className = tone;
    return item;
  });
  const pre = element("pre", shown.json);
  pre.tabIndex = 0;
  const copied = element("span");
  copied.setAttribute("role", "status");
  const copy = element("button", say("copy"));
  copy.type = "button";
  copy.addEventListener("click", () => {
    const done = navigator.clipboard ? navigator.clipboard.writeText(shown.json) : Promise.reject(new Error());
    done.then(() => (copied.textContent = say("copied")), () => (copied.textContent = say("notCopied")));
  });
  return [
    outcome,
    element(level, say("doesNot")),
    element("ul", ...shown.doesNot.map((text) => element("li", text))),
    element(level, say("facts")),
    element("dl", ...shown.facts.map(({ label, value }) => element("div", element("dt", label), element("dd", value)))),
    element(level, say("checks")),
    element("ul", ...checks),
    ...(shown.said.length ? [element(level, say("said")), element("ul", ...shown.said.map((text) => element("li", text)))] : []),
    ...(shown.others.length ? [element(level, say("others")), element("ul", ...shown.others.map((text) => element("li", text)))] : []),
    element("details", element("summary", say("details")), copy, " ", copied, pre),
  ];
}

/** @param {Node[]} nodes */
function show(...nodes) {
  byId("result-title").hidden = false;
  byId("result").replaceChildren(...nodes);
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {(Node | string)[]} content
 * @returns {HTMLElementTagNameMap[K]}
 */
function element(name, ...content) {
  const made = document.createElement(name);
  made.append(...content);
  return made;
}

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * @param {keyof Fields} name
 * @returns {HTMLInputElement | HTMLTextAreaElement}
 */
function field(name) {
  return /** @type {HTMLInputElement} */ (byId(`field-${name}`));
}
