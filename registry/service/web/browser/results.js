/**
 * Verdicts as elements of the page. Nothing is shown of what was asked before.
 */

import { box, button, element, listed, paragraph, piece } from "./elements.js";
import { language, say } from "./messages.js";
import { recordOf } from "./record.js";
import { csvOf } from "./rows.js";
import { save } from "./saving.js";
import { codeOf, linkOf } from "./sharing.js";
import { tableOf } from "./view.js";

/**
 * @typedef {import("./view.js").Shown} Shown
 * @typedef {import("./record.js").Checked} Checked
 * @typedef {import("../verifier/language.js").Piece} Piece
 */

const SVG = "http://www.w3.org/2000/svg";

/**
 * One verdict, or a table of several with each of them below it.
 * @param {readonly Shown[]} all
 * @param {Checked} checked
 * @returns {Node[]}
 */
export function resultsOf(all, checked) {
  if (all.length === 1) return [...resultOf(all[0], checked, toolsOf(all, checked), ...codesOf(all[0]))];
  return [tableElement(all), toolsOf(all, checked), ...all.map((each) => folded(each, checked))];
}

/** @param {readonly Shown[]} all */
function tableElement(all) {
  const { caption, rows } = tableOf(all);
  const keys = ["tableName", "tableVerdict", "tableWhy"];
  const heads = keys.map((key) => withRole(element("th", say(key)), "columnheader"));
  const body = rows.map(({ name, head, why, tone }) => {
    const cells = [element("bdi", name), element("strong", head), paragraph(why)].map((content, at) => {
      const cell = withRole(element(at ? "td" : "th", content), at ? "cell" : "rowheader");
      // On a narrow screen each cell says what it is.
      cell.dataset.label = say(keys[at]);
      return cell;
    });
    const row = withRole(element("tr", ...cells), "row");
    row.className = tone;
    return row;
  });
  const head = withRole(element("thead", withRole(element("tr", ...heads), "row")), "rowgroup");
  return withRole(element("table", element("caption", caption), head, withRole(element("tbody", ...body), "rowgroup")), "table");
}

/**
 * Rows that are shown as blocks are still a table to whoever listens to it.
 * @template {HTMLElement} E
 * @param {E} made
 * @param {string} role
 */
function withRole(made, role) {
  made.setAttribute("role", role);
  return made;
}

/**
 * One of several, made when it is opened: hundreds of them would be a slow page.
 * @param {Shown} shown
 * @param {Checked} checked
 */
function folded(shown, checked) {
  const made = element("details", element("summary", element("strong", shown.head), " ", element("bdi", shown.name)));
  made.addEventListener("toggle", () => made.append(...resultOf(shown, checked)), { once: true });
  return made;
}

/**
 * @param {Shown} shown
 * @param {Checked} checked
 * @param {Node[]} after what follows the verdict itself.
 * @returns {Node[]}
 */
export function resultOf(shown, checked, ...after) {
  const outcome = box(
    `outcome ${shown.tone}`,
    element("p", element("strong", shown.head), " ", element("bdi", shown.name)),
    element("p", shown.sentence),
    ...shown.because.map(paragraph),
  );
  const checks = shown.checks.map(({ title, outcome: word, text, tone, means, meansNot }) => {
    const note = element("p", means, " ", meansNot);
    note.className = "note";
    const item = element("li", element("strong", say("checkIs", { title, outcome: word })), " ", ...text.map(piece), note);
    item.className = tone;
    return item;
  });
  const facts = [...shown.facts, { label: say("checkedAt"), value: [language().moment(Math.floor(checked.at.getTime() / 1000))] }];
  return [
    outcome,
    ...after,
    ...(shown.stated.length ? [element("h3", say("stated")), element("p", shown.statedNote), listOf(shown.stated.map(({ label, values }) => ({ label, values: values.map((value) => [value]) })))] : []),
    element("h3", shown.factsTitle),
    listOf(facts.map(({ label, value }) => ({ label, values: [value] }))),
    ...listed("h3", say("doesNot"), shown.doesNot),
    ...(shown.said.length ? [...listed("h3", say("said"), shown.said), element("p", say("saidDo"))] : []),
    ...listed("h3", say("checks"), checks),
    ...levelsOf(shown),
    ...listed("h3", say("others"), shown.others.map((text) => element("li", ...text.map(piece)))),
    jsonOf(shown.json),
  ];
}

/**
 * What the level that the document states stands beside: a card below the checks.
 * @param {Shown} shown
 */
function levelsOf({ levels }) {
  if (!levels) return [];
  const note = element("p", levels.note);
  note.className = "note";
  return [element("h3", levels.title), box("levels", element("p", levels.stated, ...(levels.programme ? [" ", element("bdi", levels.programme)] : [])), listOf(levels.places), note)];
}

/** @param {readonly {label: string, values: readonly (readonly Piece[])[]}[]} facts */
function listOf(facts) {
  const told = (/** @type {readonly (readonly Piece[])[]} */ values) => element("dd", ...values.map((value) => element("div", apart(value))));
  return element("dl", ...facts.map(({ label, values }) => element("div", element("dt", label), told(values))));
}

/**
 * A value that turns nothing around it. From right to left its own values are set apart already, and its sentence runs as the
 * language does, whatever it begins with.
 * @param {readonly Piece[]} value
 */
function apart(value) {
  const made = element("bdi", ...value.map(piece));
  if (document.dir === "rtl") made.dir = "rtl";
  return made;
}

/** @param {string} json */
function jsonOf(json) {
  const pre = element("pre", json);
  pre.tabIndex = 0;
  pre.dir = "ltr";
  pre.setAttribute("role", "region");
  pre.setAttribute("aria-label", say("details"));
  const copied = element("span");
  copied.setAttribute("role", "status");
  const copy = button(say("copy"), () => {
    const done = navigator.clipboard ? navigator.clipboard.writeText(json) : Promise.reject(new Error());
    done.then(() => (copied.textContent = say("copied")), () => (copied.textContent = say("notCopied")));
  });
  return element("details", element("summary", say("details")), copy, " ", copied, pre);
}

/**
 * What can be kept of all verdicts.
 * @param {readonly Shown[]} all
 * @param {Checked} checked
 */
function toolsOf(all, checked) {
  const verdicts = all.map(({ verdict }) => verdict);
  const help = element("p", say("saveRecordHelp"));
  help.className = "note";
  return box(
    "tools",
    button(say("saveTable"), () => save("verdicts.csv", "text/csv", csvOf(verdicts))),
    button(say("saveRecord"), () => save("check-record.json", "application/json", recordOf(verdicts, checked))),
    button(say("print"), () => print()),
    help,
  );
}

/**
 * For the print: the receipt as a code, where it fits into one.
 * @param {Shown} shown
 */
function codesOf({ receipt }) {
  const link = receipt && linkOf(receipt, location.href);
  return link ? [codeElement(link, say("codeTitle"), say("code"))] : [];
}

/**
 * A link as a picture.
 * @param {string} link
 * @param {string} title for who does not see it.
 * @param {string} caption
 */
export function codeElement(link, title, caption) {
  const { size, path } = codeOf(link);
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", `0 0 ${size} ${size}`);
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", title);
  const squares = document.createElementNS(SVG, "path");
  squares.setAttribute("d", path);
  picture.append(squares);
  const figure = element("figure", picture, element("figcaption", caption));
  figure.className = "code";
  return figure;
}
