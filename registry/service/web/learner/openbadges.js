/**
 * Achievements of Open Badges 2.0 and 3.0, of records that are made of these, and plainly named awards
 * (`registry/learning/statements/open_badges.py`, `plain.py`, `credit_systems.py`).
 */

import { casefold } from "../verifier/issuer.js";
import { namedIn } from "../verifier/levels.js";
import { europeanLevel, isOfEuropeanLevels, shortText } from "../verifier/stated.js";
import { Members, Real } from "../verifier/strictjson.js";
import { strip, words } from "../verifier/text.js";
import { LONGEST_NAME, amountOf, either, identifierOf, kindsOf, languageOf, objects, textOf, textsOf } from "./statements.js";

/**
 * @typedef {import("../verifier/strictjson.js").Value} Value
 * @typedef {import("./statements.js").Texts} Texts
 *
 * @typedef {{framework: string, code: string, url: string, name: string, kind: string}} Alignment
 * @typedef {{amount: number, system: string}} Credits in millionths.
 * @typedef {{name: string, kind: string, value: string, level: string}} Result
 *
 * @typedef {object} Achieved one achievement that a credential states of its subject (`registry/learning/achieved.py`).
 * @property {string} identifier
 * @property {Texts} name
 * @property {string} kind
 * @property {Texts} description
 * @property {Texts} criteria
 * @property {Credits[]} credits
 * @property {[string, string][]} levels framework and code.
 * @property {Alignment[]} alignments
 * @property {Result[]} results
 * @property {number | null} whole place of the one that this is a part of.
 */

export const ECTS = "ECTS";
export const EQF = "EQF";
const ECTS_CONCEPT = "data.europa.eu/snb/education-credit/6fcec5c5af";
const ECTS_NAMES = ["ects", "ects credits", "ects credit points", "european credit transfer system", "european credit transfer and accumulation system"];
const AMOUNT_OF_ECTS = /^([0-9]{1,4}(?:[.,][0-9]{1,2})?)(?: ?ECTS(?: credits)?)?$/i;
const LEVEL_TYPE = "ext:EQF";
const AWARDS = ["degree", "award", "qualification", "hasCredential"];
// Types of the object, which say nothing of the award.
const OBJECTS = ["EducationalOccupationalCredential", "Credential", "Achievement", "Qualification"];
const LONGEST_TEXT = 4_000;

/**
 * An achievement of 3.0, or a badge class of 2.0.
 * @param {Members} stated
 * @param {Members} subject
 * @param {string} language of texts for which nothing says another.
 * @param {boolean} showsAll whether its holder left nothing out.
 * @returns {Achieved}
 */
export function achievement(stated, subject, language, showsAll) {
  const own = languageOf(stated.get("inLanguage")) || languageOf(stated.get("@language")) || languageOf(extension(stated, "Language")) || language;
  const name = textsOf(stated.get("name"), own, LONGEST_NAME);
  const description = textsOf(stated.get("description"), own);
  const criteria = criteriaOf(stated.get("criteria"), own);
  for (const related of objects(stated.get("related"))) {
    // A translation has another language and its own words; another version of it has neither.
    const tag = languageOf(related.get("inLanguage"));
    if (!tag || tag === own) continue;
    for (const [known, member] of /** @type {[Texts, string][]} */ ([[name, "name"], [description, "description"], [criteria, "narrative"]])) {
      const text = textOf(related.get(member), member === "name" ? LONGEST_NAME : LONGEST_TEXT);
      if (text && !Object.hasOwn(known, tag)) known[tag] = text;
    }
  }
  const alignments = alignmentsOf(stated);
  return {
    identifier: identifierOf(stated),
    name,
    kind: textOf(stated.get("achievementType")),
    description,
    criteria,
    credits: creditsOf(stated, subject, alignments, showsAll),
    levels: levelsOf(stated, alignments),
    alignments,
    results: resultsOf(stated, subject),
    whole: null,
  };
}

/**
 * Each award of a subject that has a name.
 * @param {Members} subject
 * @param {string} language
 * @returns {Achieved[]}
 */
export function awards(subject, language) {
  return AWARDS.flatMap((member) => objects(subject.get(member), "name")).flatMap((each) => {
    const name = textsOf(either(each, "name", "title"), language, LONGEST_NAME);
    if (!Object.keys(name).length) return [];
    const kinds = [...kindsOf(each)].filter((kind) => !OBJECTS.includes(kind)).sort();
    return [{ ...NOTHING, identifier: identifierOf(each), name, kind: textOf(each.get("credentialCategory")) || (kinds[0] ?? ""), description: textsOf(each.get("description"), language) }];
  });
}

/** @type {Achieved} */
const NOTHING = { identifier: "", name: {}, kind: "", description: {}, criteria: {}, credits: [], levels: [], alignments: [], results: [], whole: null };

/**
 * `ECTS` where one of the names or URIs is one of that system; otherwise the first that says something.
 * @param {readonly string[]} names
 */
export function systemOf(names) {
  return names.some(isEcts) ? ECTS : (names.find(Boolean) ?? "");
}

/** @param {string} name */
function isEcts(name) {
  const plain = casefold(words(name).join(" "));
  const uri = strip(name).replace(/^https:\/\//, "").replace(/^http:\/\//, "").replace(/\/+$/, "");
  return ECTS_NAMES.includes(plain.replace(/^(european credit transfer(?: and accumulation)? system) \(ects\)$/, "$1")) || uri === ECTS_CONCEPT;
}

/**
 * The narrative of criteria; their address where there is none.
 * @param {Value | undefined} value
 * @param {string} language
 * @returns {Texts}
 */
function criteriaOf(value, language) {
  /** @type {Texts} */
  let found = {};
  for (const each of objects(value)) {
    const narrative = textsOf(each.get("narrative"), language);
    if (Object.keys(narrative).length) found = narrative;
    const address = identifierOf(each);
    if (!Object.keys(found).length && address) found = { "": address };
  }
  return found;
}

/**
 * @param {Members} stated
 * @returns {Alignment[]}
 */
function alignmentsOf(stated) {
  return objects(either(stated, "alignment", "alignments"), "targetUrl").flatMap((each) => {
    const found = {
      framework: textOf(each.get("targetFramework")),
      code: textOf(each.get("targetCode")),
      url: identifierOf(either(each, "targetUrl", "url")),
      name: textOf(either(each, "targetName", "name")),
      kind: textOf(each.get("targetType")),
    };
    return Object.values(found).some(Boolean) ? [found] : [];
  });
}

/**
 * What was earned, then what can be earned in other systems.
 * @param {Members} stated
 * @param {Members} subject
 * @param {readonly Alignment[]} alignments
 * @param {boolean} showsAll
 * @returns {Credits[]}
 */
function creditsOf(stated, subject, alignments, showsAll) {
  const ofEcts = alignments.filter(({ framework, url, name }) => [framework, url, name].some(isEcts));
  const found = amountOf(stated.get("ECTS")) ?? amountOf(extension(stated, "ECTS")) ?? ofEcts.map(amountOfEcts).find((each) => each !== null) ?? null;
  const said = subject.get("creditsEarned") ?? null;
  const earned = amountOf(said);
  // What was earned may be what a holder left out, what cannot be read, or nothing.
  const isOpen = showsAll && earned !== 0 && (earned !== null || said === null);
  const counted = earned ?? (isOpen ? amountOf(stated.get("creditsAvailable")) : null);
  return [
    ...(counted === null ? [] : [{ amount: counted, system: ofEcts.length && found === null ? ECTS : "" }]),
    ...(found === null || !isOpen ? [] : [{ amount: found, system: ECTS }]),
  ];
}

/** @param {Alignment} alignment */
function amountOfEcts({ code, name }) {
  const match = AMOUNT_OF_ECTS.exec(code) ?? AMOUNT_OF_ECTS.exec(name);
  return match && amountOf(match[1]);
}

/**
 * Levels of the European framework first, each once.
 * @param {Members} stated
 * @param {readonly Alignment[]} alignments
 */
function levelsOf(stated, alignments) {
  /** @type {[string, string][]} */
  const found = [];
  const add = (/** @type {string} */ framework, /** @type {string} */ code) => {
    if (!found.some((each) => each[0] === framework && each[1] === code)) found.push([framework, code]);
  };
  for (const { framework, url, kind, code } of alignments) {
    const level = europeanLevel(isOfEuropeanLevels(framework, url) || kind === LEVEL_TYPE ? code : "", url);
    if (level) add(EQF, String(level));
  }
  const extended = extension(stated, "EQF");
  const level = typeof extended === "string" || typeof extended === "number" ? europeanLevel(String(extended)) : 0;
  if (level) add(EQF, String(level));
  for (const [framework, code] of namedIn(stated)) if (!isOfEuropeanLevels(framework, "") && !isEcts(framework)) add(framework, code);
  return found;
}

/**
 * @param {Members} stated
 * @param {Members} subject
 * @returns {Result[]}
 */
function resultsOf(stated, subject) {
  const described = new Map(objects(stated.get("resultDescription")).map((each) => [identifierOf(each), each]));
  return objects(subject.get("result"), "value").flatMap((each) => {
    const description = described.get(identifierOf(each.get("resultDescription"))) ?? new Members();
    const reached = identifierOf(each.get("achievedLevel"));
    const level = reached ? objects(description.get("rubricCriterionLevel")).find((one) => identifierOf(one) === reached) : undefined;
    const value = each.get("value");
    const found = {
      name: textOf(description.get("name")),
      kind: textOf(description.get("resultType")),
      value: textOf(numberText(value) ?? value) || shortText(each.get("status")),
      level: (level && textOf(level.get("name"))) || reached,
    };
    return found.value || found.level ? [found] : [];
  });
}

/**
 * A number as Python writes it; null of anything else.
 * @param {Value | undefined} value
 */
function numberText(value) {
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (!(value instanceof Real)) return null;
  const real = value.value;
  const [digits, exponent] = real.toExponential().split("e").map((part, at) => (at ? Number(part) : part));
  const power = Number(exponent);
  if (real && (power < -4 || power >= 16)) return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  return `${Object.is(real, -0) ? "-" : ""}${real}${Number.isInteger(real) ? ".0" : ""}`;
}

/**
 * The member of an extension of Open Badges 2.0, as `{"extensions:ECTSExtension": {"ECTS": 5}}`.
 * @param {Members} stated
 * @param {string} name
 * @returns {Value | undefined}
 */
function extension(stated, name) {
  const found = stated.get(`extensions:${name}Extension`);
  return found instanceof Members ? found.get(name) : undefined;
}
