/**
 * A pathway from its JSON form, made ready to hold items against it (`registry/learning/pathways/form.py` and `plan.py`).
 */

import { Refusal } from "../verifier/refusal.js";
import { Members, parseJson } from "../verifier/strictjson.js";
import { NO, PERHAPS, YES, competence, folded, named } from "./matching.js";
import { amountOf } from "./statements.js";
import { partsOfCredits } from "./credits.js";

/**
 * @typedef {import("../verifier/strictjson.js").Value} Value
 * @typedef {Record<string, string>} Texts by language.
 *
 * @typedef {object} Within levels of a range.
 * @property {ReadonlyMap<string, ReadonlyMap<string, number>>} of by framework and code, whether they are in it.
 * @property {ReadonlyMap<string, string>} names the short name of each framework, by each of its names, folded.
 *
 * @typedef {object} Leaf criteria, ready to be held against achievements.
 * @property {number} number among the leaves of the pathway.
 * @property {readonly string[]} achievements URIs.
 * @property {ReadonlySet<string>} competences
 * @property {readonly (string | number)[]} issuers
 * @property {ReadonlySet<string>} kinds
 * @property {readonly string[]} fields
 * @property {ReadonlySet<string>} results
 * @property {Within | null} level
 * @property {number} withinMonths
 * @property {boolean} accredited
 * @property {number} least ten-thousandths of credits; 0 for one achievement, whatever its credits.
 * @property {boolean} isDecision whether an achievement that fails by its results alone is a refusal.
 *
 * @typedef {{of: Part[], atLeast: number}} Several
 * @typedef {Leaf | Several | number} Part a leaf, several parts, or the number of a step.
 *
 * @typedef {object} Step
 * @property {number} number
 * @property {string} id
 * @property {Texts} title
 * @property {Texts} description
 * @property {boolean} optional
 * @property {number | null} parts what it is worth in ten-thousandths of credits, where the pathway says.
 * @property {Part | null} requires
 * @property {Leaf | null} decision
 * @property {Part | null} evidence
 * @property {number[]} after
 * @property {Leaf[]} leaves all that decide about it.
 *
 * @typedef {object} Pathway
 * @property {string} id
 * @property {string} language
 * @property {Texts} title
 * @property {Texts} description
 * @property {string} issuer
 * @property {boolean} once whether an item serves one step.
 * @property {boolean} unnamedCredits
 * @property {ReadonlyMap<string, string>} names identifier of each framework, by its names, folded.
 * @property {ReadonlyMap<string, Texts>} offers titles of achievements that it knows by name.
 * @property {Step[]} steps
 * @property {number[]} order of steps, each after those that it requires.
 * @property {Leaf[]} leaves
 */

const TYPE = "TestamurPathway";
const VERSION = 1;
const MOST_BYTES = 4 << 20;
const MOST_STEPS = 500;
const MOST_PARTS = 2_000;
const MOST_DEEP = 8;
const MOST_LISTED = 2_000;
const MOST_MONTHS = 1_200;

/**
 * Whether a file says that it is a pathway.
 * @param {Uint8Array} data
 */
export function mayBePathway(data) {
  return data.length <= MOST_BYTES && /^\s*\{/.test(head(data)) && new TextDecoder("latin1").decode(data).includes(`"${TYPE}"`);
}

/**
 * The pathway in a file.
 * @param {Uint8Array} data
 * @returns {Pathway}
 * @throws {Refusal} `not-a-pathway`, `pathway-version` or `pathway-form`; or as `parseJson`.
 */
export function readPathway(data) {
  const members = parseJson(data, { maxBytes: MOST_BYTES, maxDepth: 64 });
  if (!(members instanceof Members) || members.get("type") !== TYPE) throw new Refusal("not-a-pathway", "it is no pathway", { remedy: "`testamur pathway` writes one for this page." });
  if (members.get("version") !== VERSION) throw new Refusal("pathway-version", "it is a pathway of another version", { remedy: "Ask for one of version 1." });
  return new Reader(members).pathway();
}

class Reader {
  /** @param {Members} members */
  constructor(members) {
    this.members = members;
    /** @type {Leaf[]} */
    this.leaves = [];
    this.parts = 0;
    this.names = namesOf(members.get("frameworks"));
    this.levels = levelNames(members.get("levelFrameworks"));
    this.given = objectsOf(members.get("steps"), "steps", MOST_STEPS);
    this.numbers = new Map(this.given.map((step, number) => [text(step.get("id"), `steps[${number}].id`), number]));
    if (this.numbers.size < this.given.length) throw malformed("steps", "two steps have one id");
  }

  /** @returns {Pathway} */
  pathway() {
    const { members } = this;
    const issuer = members.get("issuer");
    const steps = this.given.map((step, number) => this.step(step, number));
    return {
      id: text(members.get("id"), "id"),
      language: text(members.get("language") ?? "en", "language"),
      title: textsIn(members.get("title"), "title"),
      description: textsIn(members.get("description") ?? new Members(), "description"),
      issuer: issuer instanceof Members ? text(issuer.get("name") ?? "", "issuer.name") : "",
      once: members.get("counts") === "once",
      unnamedCredits: members.get("unnamedCredits") === true,
      names: this.names,
      offers: new Map(objectsOf(members.get("offers") ?? [], "offers").map((each, at) => [text(each.get("id"), `offers[${at}].id`), textsIn(each.get("title") ?? new Members(), `offers[${at}].title`)])),
      steps,
      order: orderOf(steps),
      leaves: this.leaves,
    };
  }

  /**
   * @param {Members} given
   * @param {number} number
   * @returns {Step}
   */
  step(given, number) {
    const place = `steps[${number}]`;
    const before = this.leaves.length;
    const recognition = given.get("recognition") ?? null;
    if (recognition !== null && !(recognition instanceof Members)) throw malformed(`${place}.recognition`, "it is no object");
    const requires = this.orNone(given.get("requires"), `${place}.requires`);
    const decision = recognition && this.leaf(recognition.get("decision"), `${place}.recognition.decision`, 0, true);
    const evidence = this.orNone(recognition?.get("evidence"), `${place}.recognition.evidence`);
    const ects = given.get("ects") ?? null;
    return {
      number,
      id: text(given.get("id"), `${place}.id`),
      title: textsIn(given.get("title"), `${place}.title`),
      description: textsIn(given.get("description") ?? new Members(), `${place}.description`),
      optional: given.get("optional") === true,
      parts: ects === null ? null : credits(ects, `${place}.ects`),
      requires,
      decision,
      evidence,
      after: listOf(given.get("after") ?? [], `${place}.after`).map((each) => this.numberOf(each, `${place}.after`)),
      leaves: this.leaves.slice(before),
    };
  }

  /**
   * @param {Value | undefined} given
   * @param {string} place
   */
  orNone(given, place) {
    return (given ?? null) === null ? null : this.part(given, place, 1);
  }

  /**
   * @param {Value | undefined} given
   * @param {string} place
   * @param {number} depth
   * @returns {Part}
   */
  part(given, place, depth) {
    if (!(given instanceof Members)) throw malformed(place, "it is no object");
    if (++this.parts > MOST_PARTS || depth > MOST_DEEP) throw malformed(place, "there is too much in it");
    if (given.has("step")) return this.numberOf(given.get("step"), place);
    if (given.has("of")) {
      const of = objectsOf(given.get("of"), `${place}.of`).map((each, at) => this.part(each, `${place}.of[${at}]`, depth + 1));
      if (!of.length) throw malformed(place, "there is nothing in it");
      return { of, atLeast: whole(given.get("atLeast"), `${place}.atLeast`, 1, of.length) };
    }
    if (given.has("credits")) return this.leaf(given.get("where"), `${place}.where`, credits(given.get("credits"), `${place}.credits`));
    return this.leaf(given.get("award"), `${place}.award`);
  }

  /**
   * @param {Value | undefined} given
   * @param {string} place
   * @param {number} [least]
   * @param {boolean} [isDecision]
   * @returns {Leaf}
   */
  leaf(given, place, least = 0, isDecision = false) {
    if (!(given instanceof Members)) throw malformed(place, "it is no object");
    const texts = (/** @type {string} */ name) => listOf(given.get(name) ?? [], `${place}.${name}`).map((each, at) => text(each, `${place}.${name}[${at}]`));
    const issuers = listOf(given.get("issuers") ?? [], `${place}.issuers`);
    if (!issuers.every((each) => typeof each === "string" || typeof each === "number")) throw malformed(`${place}.issuers`, "it is no list of issuers");
    /** @type {Leaf} */
    const leaf = {
      number: this.leaves.length,
      achievements: texts("achievements"),
      competences: new Set(objectsOf(given.get("competences") ?? [], `${place}.competences`).map((each, at) => this.competence(each, `${place}.competences[${at}]`))),
      issuers: /** @type {(string | number)[]} */ (issuers),
      kinds: new Set(texts("kinds").map(folded)),
      fields: texts("fields"),
      results: new Set(texts("results").map(folded)),
      level: given.has("level") ? this.within(given.get("levels"), `${place}.levels`) : null,
      withinMonths: whole(given.get("withinMonths") ?? 0, `${place}.withinMonths`, 0, MOST_MONTHS),
      accredited: given.get("accredited") === true,
      least,
      isDecision,
    };
    this.leaves.push(leaf);
    return leaf;
  }

  /**
   * @param {Members} given
   * @param {string} place
   */
  competence(given, place) {
    if (given.get("url")) return competence("", text(given.get("url"), `${place}.url`));
    return competence(named(text(given.get("framework"), `${place}.framework`), this.names), text(given.get("code"), `${place}.code`));
  }

  /**
   * @param {Value | undefined} given
   * @param {string} place
   * @returns {Within}
   */
  within(given, place) {
    if (!(given instanceof Members)) throw malformed(place, "it is no object");
    const of = new Map([...this.levels.codes].map(([framework, codes]) => [framework, new Map(codes.map((code) => [code, NO]))]));
    for (const [framework, codes] of given) {
      if (!(codes instanceof Members)) throw malformed(`${place}.${framework}`, "it is no object");
      const levels = of.get(framework) ?? new Map();
      for (const [name, match] of /** @type {const} */ ([["perhaps", PERHAPS], ["yes", YES]])) {
        for (const [at, code] of listOf(codes.get(name) ?? [], place).entries()) levels.set(text(code, `${place}.${framework}.${name}[${at}]`), match);
      }
      of.set(framework, levels);
    }
    return { of, names: this.levels.names };
  }

  /**
   * @param {Value | undefined} given
   * @param {string} place
   */
  numberOf(given, place) {
    const number = this.numbers.get(text(given, place));
    if (number === undefined) throw malformed(place, "there is no such step");
    return number;
  }
}

/**
 * Numbers of steps, each after those that it requires; otherwise as the pathway has them.
 * @param {readonly Step[]} steps
 */
function orderOf(steps) {
  const needed = steps.map(({ requires, evidence }) => [...stepsIn(requires), ...stepsIn(evidence)]);
  /** @type {Set<number>} */
  const found = new Set();
  while (found.size < steps.length) {
    const ready = steps.findIndex((_, at) => !found.has(at) && needed[at].every((each) => found.has(each)));
    if (ready < 0) throw malformed("steps", "steps require each other");
    found.add(ready);
  }
  return [...found];
}

/**
 * The steps in a requirement.
 * @param {Part | null} part
 * @returns {number[]}
 */
export function stepsIn(part) {
  if (typeof part === "number") return [part];
  return part && "of" in part ? part.of.flatMap(stepsIn) : [];
}

/** @param {Value | undefined} given */
function namesOf(given) {
  /** @type {Map<string, string>} */
  const names = new Map();
  for (const [at, each] of objectsOf(given ?? [], "frameworks").entries()) {
    const id = text(each.get("id"), `frameworks[${at}].id`);
    for (const name of [id, ...listOf(each.get("names") ?? [], `frameworks[${at}].names`)]) names.set(folded(text(name, `frameworks[${at}].names`)), folded(id));
  }
  return names;
}

/** @param {Value | undefined} given */
function levelNames(given) {
  /** @type {Map<string, string>} */
  const names = new Map();
  /** @type {Map<string, string[]>} */
  const codes = new Map();
  for (const [framework, each] of given instanceof Members ? given : []) {
    const place = `levelFrameworks.${framework}`;
    if (!(each instanceof Members)) throw malformed(place, "it is no object");
    const texts = (/** @type {string} */ name) => listOf(each.get(name), `${place}.${name}`).map((one) => text(one, `${place}.${name}`));
    codes.set(framework, texts("codes"));
    for (const name of texts("names")) names.set(name, framework);
  }
  // A short name is that of its own framework, whatever others are called.
  for (const framework of codes.keys()) names.set(framework, framework);
  return { names, codes };
}

/**
 * @param {Value | undefined} given
 * @param {string} place
 */
function credits(given, place) {
  const parts = partsOfCredits(typeof given === "string" ? amountOf(given) : null);
  if (!parts && given !== "0") throw malformed(place, "it is no number of credits");
  return parts;
}

/**
 * @param {Value | undefined} given
 * @param {string} place
 * @returns {string}
 */
function text(given, place) {
  if (typeof given !== "string") throw malformed(place, "it is no text");
  return given;
}

/**
 * @param {Value | undefined} given
 * @param {string} place
 * @returns {Texts}
 */
function textsIn(given, place) {
  if (!(given instanceof Members)) throw malformed(place, "it is no object of languages");
  return Object.fromEntries([...given].map(([language, each]) => [language, text(each, `${place}.${language}`)]));
}

/**
 * @param {Value | undefined} given
 * @param {string} place
 * @param {number} least
 * @param {number} most
 */
function whole(given, place, least, most) {
  if (typeof given !== "number" || given < least || given > most) throw malformed(place, `it is no number from ${least} to ${most}`);
  return given;
}

/**
 * @param {Value | undefined} given
 * @param {string} place
 * @param {number} [most]
 * @returns {Value[]}
 */
function listOf(given, place, most = MOST_LISTED) {
  if (!Array.isArray(given)) throw malformed(place, "it is no list");
  if (given.length > most) throw malformed(place, `there are more than ${most}`);
  return given;
}

/**
 * @param {Value | undefined} given
 * @param {string} place
 * @param {number} [most]
 * @returns {Members[]}
 */
function objectsOf(given, place, most) {
  return listOf(given, place, most).map((each, at) => {
    if (!(each instanceof Members)) throw malformed(`${place}[${at}]`, "it is no object");
    return each;
  });
}

/** @param {Uint8Array} data */
function head(data) {
  return new TextDecoder("latin1").decode(data.subarray(0, 64));
}

/**
 * @param {string} place
 * @param {string} why
 */
function malformed(place, why) {
  return new Refusal("pathway-form", `it is no pathway that can be read: ${place}: ${why}`, { where: place, remedy: "Ask whoever made it for a new one." });
}
