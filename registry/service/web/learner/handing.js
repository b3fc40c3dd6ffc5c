/**
 * What a learner takes away from the page: a file of all, or of a selection for somebody, or a link that holds one. Nothing is
 * sent: who gets it is the learner's doing.
 */

import { MOST_BYTES as MOST_IN_CODE } from "../browser/sharing.js";
import { box, button, element } from "../browser/elements.js";
import { say as sayOnAll } from "../browser/messages.js";
import { codeElement } from "../browser/results.js";
import { save } from "../browser/saving.js";
import { portfolioBytes } from "../verifier/portfolio.js";
import { COMMON_LINK, newPortfolio, ownNames, portfolioItem, portfolioLink } from "./making.js";
import { say, sayOfPortfolio } from "./words.js";

/**
 * @typedef {import("./entries.js").Entry} Entry
 * @typedef {import("./holdings.js").Holdings} Holdings
 * @typedef {import("../verifier/portfolio.js").Share} Share
 */

const LONGEST_WORD = 1_000;

/**
 * The form by which it is taken away.
 * @param {readonly Entry[]} entries
 * @param {Holdings} holdings
 * @returns {Node[]}
 */
export function handingOf(entries, holdings) {
  const held = entries.filter(({ brought }) => brought?.reading?.isAtHand);
  const form = new Form(held, holdings);
  return [form.whole(), form.share()];
}

/** One form, with what was written into it. */
class Form {
  /**
   * @param {readonly Entry[]} held
   * @param {Holdings} holdings
   */
  constructor(held, holdings) {
    this.held = held;
    this.holdings = holdings;
    this.holder = field("text", "holder");
    this.purpose = field("text", "purpose");
    this.audience = field("text", "audience");
    this.until = field("date", "until");
    this.chosen = held.map(() => field("checkbox", "chosen"));
    this.said = element("div");
    this.said.setAttribute("role", "status");
    this.saved = element("span");
    this.saved.setAttribute("role", "status");
  }

  whole() {
    const tools = box("tools", button(say("save"), () => void this.saveAll()), button(sayOnAll("print"), () => print()), this.saved);
    return box("whole", labelled(say("holder"), this.holder, say("holderHelp")), tools, note(say("saveHelp")));
  }

  share() {
    const choices = this.held.map(({ title, shown }, at) => {
      const label = element("label", this.chosen[at], element("span", element("bdi", title), " – ", shown.head));
      label.className = "pick";
      return label;
    });
    const which = element("fieldset", element("legend", say("chosen")), ...choices);
    return element(
      "details",
      element("summary", say("share")),
      note(say("shareHelp")),
      which,
      labelled(sayOfPortfolio("purpose"), this.purpose),
      labelled(sayOfPortfolio("audience"), this.audience),
      labelled(say("until"), this.until, say("untilHelp")),
      box("tools", button(say("shareFile"), () => void this.saveShare()), button(say("shareLink"), () => void this.showLink())),
      this.said,
    );
  }

  async saveAll() {
    this.saved.textContent = "";
    save("portfolio.json", "application/json", await this.file(this.held, null));
    this.saved.textContent = say("savedAs", { name: "portfolio.json" });
  }

  async saveShare() {
    const selection = this.selection();
    if (!selection) return;
    save("share.json", "application/json", await this.file(selection.entries, selection.share));
    this.said.replaceChildren(element("p", say("savedAs", { name: "share.json" })));
  }

  async showLink() {
    const selection = this.selection();
    if (!selection) return;
    if (!/^https?:/.test(location.href)) return this.tell(say("linkNowhere"));
    const link = await portfolioLink(await this.file(selection.entries, selection.share), location.href);
    if (!link) return this.tell(say("linkTooLong"));
    const shown = document.createElement("textarea");
    shown.readOnly = true;
    shown.rows = 3;
    shown.dir = "ltr";
    shown.value = link;
    const copied = element("span");
    const copy = button(sayOnAll("copy"), () => {
      const done = navigator.clipboard ? navigator.clipboard.writeText(link) : Promise.reject(new Error());
      done.then(() => (copied.textContent = sayOnAll("copied")), () => (copied.textContent = sayOnAll("notCopied")));
    });
    const code = link.length <= MOST_IN_CODE ? [codeElement(link, say("linkCode"), say("linkCode"))] : [];
    this.said.replaceChildren(
      labelled(say("link"), shown, say("linkHelp", { count: link.length })),
      ...(link.length > COMMON_LINK ? [note(say("linkLong"))] : []),
      box("tools", copy, copied),
      ...code,
    );
  }

  /** What was chosen, and for what; null where something is wrong with it, which is said then. */
  selection() {
    const entries = this.held.filter((_, at) => this.chosen[at].checked);
    if (!entries.length) return this.tell(say("noneChosen"));
    const agreedAt = now();
    const until = this.until.value ? Math.floor(Date.parse(`${this.until.value}T23:59:59Z`) / 1000) : null;
    if (until !== null && until <= agreedAt) return this.tell(say("untilPast"));
    /** @type {Share} */
    const share = { purpose: this.purpose.value.trim(), audience: this.audience.value.trim(), agreedAt, until, leftOut: null };
    if (!share.purpose || !share.audience) return this.tell(say("whatFor"));
    return { entries, share };
  }

  /**
   * @param {readonly Entry[]} entries
   * @param {Share | null} share
   */
  async file(entries, share) {
    const held = entries.flatMap(({ brought }) => (brought?.reading ? [{ ...brought, reading: brought.reading }] : []));
    const names = ownNames(held.map(({ name }) => name));
    const items = await Promise.all(held.map(({ files, reading, receipts }, at) => portfolioItem(names[at], this.holdings.content(files[0]), reading, receipts)));
    return portfolioBytes(await newPortfolio(items, { name: "", holder: this.holder.value.trim(), madeAt: now(), partial: entries.length < this.held.length, share }));
  }

  /** @param {string} sentence */
  tell(sentence) {
    this.said.replaceChildren(box("outcome unsure", element("p", sentence)));
    return null;
  }
}

/** Now, in seconds since 1970. */
function now() {
  return Math.floor(Date.now() / 1000);
}

/**
 * @param {string} type
 * @param {string} name
 */
function field(type, name) {
  const made = document.createElement("input");
  made.type = type;
  made.autocomplete = "off";
  made.dataset.name = name;
  if (type === "text") {
    made.dir = "auto";
    made.maxLength = LONGEST_WORD;
  }
  return made;
}

/**
 * @param {string} text
 * @param {HTMLInputElement | HTMLTextAreaElement} labelled
 * @param {string} [help]
 */
function labelled(text, labelled, help) {
  const label = element("label", text, labelled);
  if (!help) return box("field", label);
  const about = note(help);
  about.id = `about-${labelled.dataset.name ?? "link"}`;
  labelled.setAttribute("aria-describedby", about.id);
  return box("field", label, about);
}

/** @param {string} text */
function note(text) {
  const made = element("p", text);
  made.className = "note";
  return made;
}
