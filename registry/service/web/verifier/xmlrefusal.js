/**
 * Why an XML document is not read on, in the words of the parser behind Python's.
 */

/** Its message is the reason. */
export class NotRead extends Error {}

export const SYNTAX = "syntax error";

/**
 * @param {string} what
 * @returns {never}
 */
export function refuse(what) {
  throw new NotRead(`it is not XML: ${what}`);
}
