/**
 * Achievements of the European Learning Model 3, as in European Digital Credentials for Learning
 * (`registry/learning/statements/learning_model.py`).
 */

import { europeanLevel } from "../verifier/stated.js";
import { Members } from "../verifier/strictjson.js";
import { EQF, systemOf } from "./openbadges.js";
import { LONGEST_NAME, MOST_VALUES, amountOf, identifierOf, kindsOf, objects, textOf, textsOf } from "./statements.js";

/**
 * @typedef {import("../verifier/strictjson.js").Value} Value
 * @typedef {import("./openbadges.js").Achieved} Achieved
 * @typedef {import("./openbadges.js").Alignment} Alignment
 * @typedef {import("./openbadges.js").Credits} Credits
 * @typedef {import("./statements.js").Texts} Texts
 */

const ACHIEVEMENT = "LearningAchievement";
const ASSESSMENT = "LearningAssessment";
const QUALIFICATION = "Qualification";
const MOST_INDEXED = 20_000;
const MOST_DEEP = 8;
const LEVELS = ["eqfLevel", "eQFLevel", "EQFLevel"];
const NATIONAL = ["nqfLevel", "nQFLevel", "NQFLevel"];

/** Reads the claims of one credential. */
export class LearningModel {
  #known;
  #language;
  #showsAll;

  /**
   * @param {Members} credential among whose members objects are looked for by their `id`.
   * @param {string} language of texts for which nothing says another.
   * @param {boolean} showsAll whether its holder left nothing out.
   */
  constructor(credential, language, showsAll) {
    this.#showsAll = showsAll;
    this.#known = byIdentifier(credential);
    this.#language = language;
  }

  /**
   * What the claims of a subject state was achieved, each with its parts after it.
   * @param {Members} subject
   * @param {number} most
   */
  claims(subject, most) {
    /** @type {Achieved[]} */
    const found = [];
    for (const claim of this.#all(subject, "hasClaim")) this.#add(claim, null, 0, most, found, []);
    return found;
  }

  /**
   * @param {Members} claim
   * @param {number | null} whole
   * @param {number} depth
   * @param {number} most
   * @param {Achieved[]} found
   * @param {readonly string[]} above
   */
  #add(claim, whole, depth, most, found, above) {
    const kinds = kindsOf(claim);
    const own = identifierOf(claim);
    const isKnown = kinds.has(ACHIEVEMENT) || kinds.has(ASSESSMENT);
    if (found.length >= most || depth > MOST_DEEP || (own && above.includes(own)) || !isKnown) return;
    const place = found.length;
    found.push(this.#achieved(claim, whole, !kinds.has(ACHIEVEMENT)));
    for (const part of this.#all(claim, "hasPart")) this.#add(part, place, depth + 1, most, found, [...above, own]);
  }

  /**
   * @param {Members} claim
   * @param {number | null} whole
   * @param {boolean} isAssessment
   * @returns {Achieved}
   */
  #achieved(claim, whole, isAssessment) {
    const specified = this.#all(claim, "specifiedBy");
    const both = [claim, ...specified];
    const isQualification = specified.some((each) => kindsOf(each).has(QUALIFICATION));
    const proved = isAssessment ? [] : this.#all(claim, "provenBy");
    return {
      identifier: [...specified, claim].map(identifierOf).find(Boolean) ?? "",
      name: this.#texts(both, "title", LONGEST_NAME),
      kind: isQualification ? QUALIFICATION : isAssessment ? ASSESSMENT : ACHIEVEMENT,
      description: this.#texts(both, "description"),
      criteria: {},
      credits: this.#credits(claim, specified),
      levels: this.#levels(both),
      alignments: this.#alignments(both),
      results: [claim, ...proved].flatMap((each) => this.#results(each)),
      whole,
    };
  }

  /**
   * @param {readonly Members[]} both
   * @param {string} name
   * @param {number} [longest]
   * @returns {Texts}
   */
  #texts(both, name, longest) {
    return Object.assign({}, ...both.map((each) => textsOf(each.get(name), this.#language, longest)).reverse());
  }

  /**
   * What was received, then what the specification gives in other systems.
   * @param {Members} claim
   * @param {readonly Members[]} specified
   */
  #credits(claim, specified) {
    /** @type {Map<string, Credits>} */
    const found = new Map();
    const received = this.#all(claim, "creditReceived");
    const earned = received.flatMap((each) => this.#points(each));
    // What was received may be what a holder left out, what cannot be read, or nothing.
    const isOpen = this.#showsAll && earned.length === received.length && earned.every(({ amount }) => amount);
    const given = isOpen ? [claim, ...specified].flatMap((each) => this.#all(each, "creditPoint")) : [];
    for (const each of [...earned, ...given.flatMap((point) => this.#points(point))]) if (!found.has(each.system)) found.set(each.system, each);
    return [...found.values()];
  }

  /**
   * @param {Members} point
   * @returns {Credits[]} one, or none where there is no number.
   */
  #points(point) {
    const amount = amountOf(point.get("point"));
    if (amount === null) return [];
    const names = this.#all(point, "framework").flatMap((framework) => [identifierOf(framework), textOf(framework.get("notation")), textOf(framework)]);
    return [{ amount, system: systemOf(names.reverse()) }];
  }

  /** @param {readonly Members[]} both */
  #levels(both) {
    /** @type {Map<string, [string, string]>} */
    const found = new Map();
    const add = (/** @type {string} */ framework, /** @type {string} */ code) => found.set(JSON.stringify([framework, code]), [framework, code]);
    for (const each of both) {
      for (const level of LEVELS.flatMap((name) => this.#all(each, name))) {
        const number = ["notation", "prefLabel"].map((name) => europeanLevel(textOf(level.get(name)), identifierOf(level))).find(Boolean);
        if (number) add(EQF, String(number));
      }
      for (const level of NATIONAL.flatMap((name) => this.#all(each, name))) {
        const code = codeOf(level) || textOf(level.get("prefLabel")) || identifierOf(level);
        if (code) add(this.#scheme(level), code);
      }
    }
    return [...found.values()];
  }

  /**
   * Fields of study, subjects, and the skills of learning outcomes.
   * @param {readonly Members[]} both
   */
  #alignments(both) {
    const outcomes = both.flatMap((each) => this.#all(each, "learningOutcome"));
    const of = (/** @type {readonly Members[]} */ all, /** @type {readonly string[]} */ names) => all.flatMap((each) => names.flatMap((name) => this.#all(each, name)));
    const concepts = [...of(both, ["thematicArea", "ISCEDFCode"]), ...of(both, ["educationSubject"]), ...of(outcomes, ["relatedESCOSkill", "relatedSkill"])];
    return concepts.slice(0, MOST_VALUES).flatMap((each) => {
      /** @type {Alignment} */
      const found = { framework: this.#scheme(each), code: codeOf(each), url: identifierOf(each), name: textOf(each.get("prefLabel")), kind: "" };
      return Object.values(found).some(Boolean) ? [found] : [];
    });
  }

  /**
   * The grade of an assessment.
   * @param {Members} claim
   */
  #results(claim) {
    return this.#all(claim, "grade").flatMap((grade) => {
      const value = textOf(grade);
      return value ? [{ name: textOf(claim.get("title")), kind: ASSESSMENT, value, level: "" }] : [];
    });
  }

  /** @param {Members} concept */
  #scheme(concept) {
    return this.#all(concept, "inScheme").map((each) => textOf(each) || identifierOf(each)).find(Boolean) ?? "";
  }

  /**
   * The objects of a member, those that are only named taken from where they stand.
   * @param {Members} members
   * @param {string} name
   * @returns {Members[]}
   */
  #all(members, name) {
    return objects(members.get(name)).map((each) => (each.size === 1 ? (this.#known.get(identifierOf(each)) ?? each) : each));
  }
}

/**
 * The code of a concept; Europass writes the name of a list there, too, such as `country`, which is none.
 * @param {Members} concept
 */
function codeOf(concept) {
  const notation = textOf(concept.get("notation"));
  return /\p{Nd}/u.test(notation) ? notation : "";
}

/**
 * Each object that says more than its name, by its `id`: the first of several.
 * @param {Members} credential
 */
function byIdentifier(credential) {
  /** @type {Map<string, Members>} */
  const found = new Map();
  /** @type {Value[]} */
  const pending = [credential];
  for (let read = 0; read < MOST_INDEXED && pending.length; read++) {
    const item = pending.pop();
    if (Array.isArray(item)) for (const each of item.slice(0, MOST_INDEXED).reverse()) pending.push(each);
    else if (item instanceof Members) {
      const own = item.size > 1 ? identifierOf(item) : "";
      if (own && !found.has(own)) found.set(own, item);
      for (const each of [...item.values()].reverse()) if (Array.isArray(each) || each instanceof Members) pending.push(each);
    }
  }
  return found;
}
