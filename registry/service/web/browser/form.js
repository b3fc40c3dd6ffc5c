/**
 * The form that says whom a page asks and whom its user trusts.
 */

import { byId } from "./elements.js";
import { say } from "./messages.js";
import { Mistake, chosen, fieldsOf } from "./settings.js";

/**
 * @typedef {import("./settings.js").Fields} Fields
 * @typedef {import("./settings.js").Settings} Settings
 */

const FIELDS = /** @type {const} */ (["chain", "contract", "endpoints", "quorum", "issuers"]);

/**
 * The form as the page was set up; it is open where somebody has to fill it in.
 * @param {Settings} settings
 */
export function fillForm(settings) {
  const fields = fieldsOf(settings);
  for (const name of FIELDS) field(name).value = fields[name];
  field("endpoints").readOnly = field("quorum").readOnly = settings.fixed;
  byId("endpoints-help").textContent = say(settings.fixed ? "endpointsFixed" : "endpointsHelp");
  byId("issuers-help").textContent = say("trustedHelp");
  if (!settings.chain || (!settings.endpoints.length && !settings.fixed)) formElement().open = true;
}

/**
 * What the form says.
 * @param {Settings} settings
 * @throws {Mistake} it makes no sense.
 */
export function chosenInForm(settings) {
  const wanted = chosen(/** @type {Fields} */ (Object.fromEntries(FIELDS.map((name) => [name, field(name).value]))), settings);
  for (const name of FIELDS) field(name).removeAttribute("aria-invalid");
  return wanted;
}

/**
 * Lead whoever filled the form in to what is wrong there, once it was said.
 * @param {Mistake} mistake
 * @param {(sentence: string) => void} tell
 */
export function leadTo(mistake, tell) {
  formElement().open = true;
  const wrong = field(mistake.field);
  wrong.setAttribute("aria-invalid", "true");
  tell(mistake.message);
  wrong.focus();
}

/**
 * @param {keyof Fields} name
 * @returns {HTMLInputElement | HTMLTextAreaElement}
 */
function field(name) {
  return /** @type {HTMLInputElement} */ (byId(`field-${name}`));
}

function formElement() {
  return /** @type {HTMLDetailsElement} */ (byId("settings"));
}
