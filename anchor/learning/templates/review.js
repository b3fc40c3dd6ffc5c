// @ts-check
/**
 * The page on which suggestions are decided about: what was chosen becomes a file, and nothing is sent.
 *
 * @typedef {{ suggestion: string, codes: string[] }} Asked
 * @typedef {{ code: string, name?: string, url?: string, framework?: string }} Other
 * @typedef {{ suggestion: string, accept: string[], other: Other[], reject: boolean, reason: string }} Decision
 */

/** @type {Asked[]} */
const asked = JSON.parse(element("asked").textContent ?? "[]");
const form = element("review");
/** @param {BeforeUnloadEvent} event */
const ask = (event) => event.preventDefault();

form.addEventListener("input", () => {
  addEventListener("beforeunload", ask);
  element("told").textContent = `${decisions().length} of ${asked.length} decided`;
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  save();
});

function save() {
  for (const each of form.querySelectorAll("[aria-invalid]")) each.removeAttribute("aria-invalid");
  const decided = decisions();
  const wrong = missing("name", "Write your name.") ?? missing("role", "Write as what you decide.") ?? faultOf(decided);
  element("fault").textContent = wrong?.says ?? "";
  if (wrong) {
    wrong.at.setAttribute("aria-invalid", "true");
    wrong.at.focus();
    return;
  }
  const content = JSON.stringify(
    {
      type: "TestamurReview",
      version: 1,
      decidedBy: { name: field("name").value.trim(), role: field("role").value.trim() },
      decidedAt: `${new Date().toISOString().slice(0, 19)}Z`,
      decisions: decided.map(({ at, ...decision }) => decision),
    },
    null,
    2,
  );
  removeEventListener("beforeunload", ask);
  keep("decisions.json", content);
  field("content").value = content;
  element("after").hidden = false;
  element("saved").focus();
}

/** @returns {(Decision & { at: number })[]} what was decided; a suggestion about which nothing was said is not among it. */
function decisions() {
  return asked
    .map(({ suggestion, codes }, at) => {
      const within = element(`s${at}`);
      const text = (/** @type {string} */ name) => within.querySelector(`[name=${name}]`);
      const value = (/** @type {string} */ name) => {
        const found = text(name);
        return found instanceof HTMLInputElement || found instanceof HTMLTextAreaElement ? found.value.trim() : "";
      };
      const ticked = (/** @type {string} */ name) =>
        [...within.querySelectorAll(`[name=${name}]`)].filter((each) => each instanceof HTMLInputElement && each.checked);
      /** @type {Other[]} */
      const other = value("code") ? [{ code: value("code") }] : [];
      if (value("wname") || value("wframework") || value("wurl") || value("wcode")) {
        other.push({ code: value("wcode"), name: value("wname"), url: value("wurl"), framework: value("wframework") });
      }
      return {
        at,
        suggestion,
        accept: ticked("accept").map((each) => codes[Number(each.getAttribute("value"))]),
        other,
        reject: ticked("reject").length > 0,
        reason: value("reason"),
      };
    })
    .filter((each) => each.reject || each.accept.length > 0 || each.other.length > 0);
}

/** @param {(Decision & { at: number })[]} decided */
function faultOf(decided) {
  if (decided.length === 0) return { says: "Nothing is decided yet.", at: field("s0c0") };
  for (const { at, accept, other, reject, reason } of decided) {
    const which = `Number ${at + 1}: `;
    if (reject && (accept.length > 0 || other.length > 0)) {
      return { says: `${which}an item is chosen, and that no item fits, too.`, at: field(`s${at}none`) };
    }
    if ((reject || other.length > 0) && !reason) {
      return { says: `${which}a reason is missing.`, at: field(`s${at}reason`) };
    }
    const written = other.find((each) => each.framework !== undefined);
    if (written && !(written.name && written.framework && /^https?:\/\//.test(written.url ?? ""))) {
      return { says: `${which}name, framework and address of the other item are needed.`, at: field(`s${at}wname`) };
    }
  }
  return undefined;
}

/** @param {string} id @param {string} says */
function missing(id, says) {
  return field(id).value.trim() ? undefined : { says, at: field(id) };
}

/** @param {string} name @param {string} content */
function keep(name, content) {
  const url = URL.createObjectURL(new Blob([content], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** @param {string} id @returns {HTMLElement} */
function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`there is no ${id}`);
  return found;
}

/** @param {string} id @returns {HTMLInputElement | HTMLTextAreaElement} */
function field(id) {
  const found = element(id);
  if (found instanceof HTMLInputElement || found instanceof HTMLTextAreaElement) return found;
  throw new Error(`${id} is no field`);
}
