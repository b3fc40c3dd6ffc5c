/**
 * The credentials of a learner as elements of the page.
 */

import { box, button, element, paragraph } from "../browser/elements.js";
import { language } from "../browser/messages.js";
import { resultOf } from "../browser/results.js";
import { counted } from "./entries.js";
import { say } from "./words.js";

/**
 * @typedef {import("./entries.js").Entry} Entry
 * @typedef {import("../browser/record.js").Checked} Checked
 */

/**
 * What all of them come to, and as of when.
 * @param {readonly Entry[]} entries
 * @param {Checked} checked
 */
export function summaryOf(entries, checked) {
  const tones = new Set(entries.map(({ shown }) => shown.tone));
  const tone = tones.has("bad") ? "bad" : tones.has("unsure") ? "unsure" : "good";
  const rows = counted(entries).map(({ label, count }) => element("div", element("dt", label), element("dd", count)));
  const when = language().moment(Math.floor(checked.at.getTime() / 1000));
  return box(`outcome ${tone}`, element("p", element("strong", say("summary", { count: entries.length }))), element("dl", ...rows), element("p", say("checkedAt", { when })));
}

/**
 * Each of them with its verdict; all that was checked of one is made when it is opened.
 * @param {readonly Entry[]} entries
 * @param {Checked} checked
 * @param {(entry: Entry) => void} remove
 */
export function listOf(entries, checked, remove) {
  const list = element("ol", ...entries.map((entry) => entryElement(entry, checked, remove)));
  list.className = "entries";
  return list;
}

/**
 * @param {Entry} entry
 * @param {Checked} checked
 * @param {(entry: Entry) => void} remove
 */
function entryElement(entry, checked, remove) {
  const { shown, title, issuer, place } = entry;
  const details = element("details", element("summary", element("strong", shown.head), " ", element("bdi", title)));
  details.addEventListener("toggle", () => details.append(...resultOf(shown, checked)), { once: true });
  const about = element("p", ...(issuer ? [element("bdi", issuer), " · "] : []), element("bdi", shown.name));
  about.className = "note";
  const away = box("remove", button(say("remove", { name: title }), () => remove(entry)));
  const item = element("li", details, ...shown.because.slice(0, 1).map(paragraph), about, away);
  item.id = place;
  item.className = shown.tone;
  item.tabIndex = -1;
  return item;
}

/**
 * What leads to a credential in the list, and opens it.
 * @param {Entry} entry
 */
export function leadingTo({ place, title }) {
  const link = element("a", element("bdi", title));
  link.href = `#${place}`;
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const item = /** @type {HTMLElement} */ (document.getElementById(place));
    const details = item.querySelector("details");
    if (details) details.open = true;
    item.scrollIntoView();
    item.focus();
  });
  return link;
}
