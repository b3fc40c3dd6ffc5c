/**
 * Elements of the page, made of texts: whatever they say is shown as text.
 */

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
