/**
 * All that a page says, in the language that was put into it: what all pages say are the sentences of the catalogue that begin
 * with `page.`, those of the checks come with what the verifier says.
 */

import { ENGLISH } from "../verifier/english.js";
import { Language } from "../verifier/language.js";

/**
 * @typedef {import("../verifier/language.js").Content} Content
 * @typedef {import("../verifier/language.js").Value} Value
 */

/** @type {Language | null} */
let spoken = null;

/**
 * Say everything in this language from now on.
 * @param {Content} content what the verifier says in English need not be in it.
 */
export function speak(content) {
  spoken = new Language({ ...content, messages: { ...ENGLISH.messages, ...content.messages } });
}

/**
 * What says sentences whose keys begin with a word, with their values put in; they are put in as they are, and shown as text
 * only.
 * @param {string} word
 * @returns {(key: string, values?: Record<string, Value>) => string}
 */
export function saying(word) {
  return (key, values = {}) => language().text({ key: `${word}.${key}`, values });
}

/** Says what all pages say. */
export const say = saying("page");

/**
 * What the verifier says, or a text that there is in English alone; what is English in it stands apart.
 * @param {Value} words
 */
export function tell(words) {
  return language().pieces(words);
}

/** The language that is spoken. */
export function language() {
  if (!spoken) throw new Error("no language was chosen");
  return spoken;
}
