/**
 * The one error of this package: what happened, to which input, what to do about it, and a stable code for programs.
 */

/**
 * Something that is refused, or could not be had. Its members are those of `RegistryError` in Python.
 */
export class Refusal extends Error {
  /**
   * @param {string} code stable kebab-case reason.
   * @param {string} what one sentence: what happened and why.
   * @param {{remedy?: string | null, where?: string | null}} [more] what to do; the input that it happened to.
   */
  constructor(code, what, { remedy = null, where = null } = {}) {
    super(what);
    this.code = code;
    this.what = what;
    this.remedy = remedy;
    this.where = where;
  }
}
