/**
 * The files of a learner, for as long as the page is open: nothing of them is kept anywhere else, and nothing here knows of
 * a browser.
 */

import { equal } from "../verifier/bytes.js";
import { Refusal } from "../verifier/refusal.js";
import { MOST_FILES, freeLabel, itemsOf } from "../browser/intake.js";
import { say } from "./words.js";

/**
 * @typedef {import("../browser/intake.js").Given} Given
 * @typedef {import("../browser/intake.js").Item} Item
 */

/** More than a learner has of them, and less than a page can hold. */
const MOST_BYTES = 256 << 20;

/** What was brought, each content once, under names of which no two are the same. */
export class Holdings {
  /** @type {Map<string, Given & {number: number}>} */
  #files = new Map();
  /** Of the last file that was taken in: no two have the same, also where one comes under the name of another that is gone. */
  #last = 0;

  /** How many files there are. */
  get size() {
    return this.#files.size;
  }

  /**
   * Take files in; one whose content is there already is not taken again.
   * @param {readonly Given[]} given
   * @throws {Refusal} they would be too many or too large, and none was taken.
   */
  add(given) {
    const all = new Map(this.#files);
    for (const each of given) {
      const [known] = [...all.values()].filter(({ data }) => equal(data, each.data));
      // A receipt may come with a file that is there without one.
      if (known?.receipt || (known && !each.receipt)) continue;
      const name = known?.name ?? freeLabel(each.name, new Set(all.keys()));
      all.set(name, { ...each, name, number: ++this.#last });
    }
    const bytes = [...all.values()].reduce((sum, { data }) => sum + data.length, 0);
    if (all.size > MOST_FILES || bytes > MOST_BYTES) throw new Refusal("too-many", say("tooMany", { most: MOST_FILES, size: MOST_BYTES >> 20 }));
    this.#files = all;
  }

  /**
   * Forget a credential, with those of its receipts that are of no other one.
   * @param {Item} item
   * @param {readonly Item[]} all
   */
  remove(item, all) {
    const others = new Set(all.filter((each) => each !== item).flatMap(({ files }) => files));
    for (const name of item.files) if (!others.has(name)) this.#files.delete(name);
  }

  /** Forget all. */
  clear() {
    this.#files.clear();
  }

  /**
   * The content of a file.
   * @param {string} name
   */
  content(name) {
    return /** @type {Given} */ (this.#files.get(name)).data;
  }

  /**
   * What is the same for two items only if they are of the same files.
   * @param {Item} item
   */
  keyOf({ files }) {
    return files.map((name) => /** @type {{number: number}} */ (this.#files.get(name)).number).join(" ");
  }

  /** All of them as credentials with their receipts, in the order in which they came. */
  items() {
    return itemsOf([...this.#files.values()]);
  }
}
