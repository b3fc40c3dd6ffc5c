/**
 * Elements of the page, made of texts: whatever they say is shown as text.
 */

/** @typedef {import("../verifier/language.js").Piece} Piece */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {(Node | string)[]} content
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(name, ...content) {
  const made = document.createElement(name);
  made.append(...content);
  return made;
}

/**
 * @param {string} name of the class.
 * @param {(Node | string)[]} content
 */
export function box(name, ...content) {
  const made = element("div", ...content);
  made.className = name;
  return made;
}

/**
 * @param {string} text
 * @param {() => void} act
 */
export function button(text, act) {
  const made = element("button", text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

/**
 * A sentence, as the catalogue has it.
 * @param {readonly Piece[]} text
 */
export function paragraph(text) {
  return element("p", ...text.map(piece));
}

/**
 * A part of a text; what there is in English alone is read out as English, from left to right.
 * @param {Piece} part
 */
export function piece(part) {
  if (typeof part === "string") return part;
  const made = element("span", part.english);
  made.lang = "en";
  made.dir = "ltr";
  return made;
}

/**
 * A list of sentences below a heading; nothing where there are none.
 * @param {"h3" | "h4"} level
 * @param {string} title
 * @param {readonly (Node | string)[]} items
 */
export function listed(level, title, items) {
  return items.length ? [element(level, title), element("ul", ...items.map((item) => (item instanceof HTMLLIElement ? item : element("li", item))))] : [];
}

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
