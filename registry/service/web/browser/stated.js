/**
 * What a document states of itself, in its own words, for whoever holds the paper beside it: nothing here is judged.
 *
 * Open Badges 2.0 and 3.0, CLR 2.0, the European Learning Model, Blockcerts and the usual examples of W3C credentials say it in
 * members of these names. Whatever has another form is not shown.
 */

import { namedIssuers, shownIssuers } from "../verifier/issuer.js";
import { FROM, UNTIL } from "../verifier/moments.js";
import { Members, Real } from "../verifier/strictjson.js";
import { marked, strip } from "../verifier/text.js";
import { say } from "./messages.js";

/**
 * @typedef {import("../verifier/strictjson.js").Value} Value
 * @typedef {import("../verifier/reading.js").Reading} Reading
 * @typedef {import("../verifier/reading.js").Part} Part
 * @typedef {import("../verifier/verdict.js").Digest} Digest
 * @typedef {{label: string, values: string[]}} Stated
 */

const LONGEST = 200;
const MOST_VALUES = 6;
const MOST_READ = 64;
const MOST_DEEP = 4;
// Members of a subject, or of the document itself, that hold what was awarded.
const AWARDS = ["achievement", "degree", "award", "qualification", "hasCredential", "hasClaim", "badge"];
// Of an award they name its kind of object and say nothing to people.
const TYPES_OF_OBJECTS = ["Achievement", "BadgeClass", "LearningAchievement", "Qualification", "EducationalOccupationalCredential"];
const LANGUAGE = /^[a-z]{2,3}(?:-[a-z0-9]+)*$/i;

/**
 * What the parts of a document state that a digest covers; each label once, and none where nothing is stated.
 * @param {Reading} reading
 * @param {Digest | null} digest that is on record; the whole document has it, or one of its parts.
 * @returns {Stated[]}
 */
export function statedFacts({ parts, own }, digest) {
  const has = (/** @type {readonly Digest[]} */ digests) => digests.some(({ value }) => value === digest?.value);
  const covered = has(own) ? parts : parts.filter((part) => has(part.digests));
  /** @type {Map<string, Set<string>>} */
  const found = new Map();
  for (const { members } of covered.slice(0, MOST_READ)) {
    for (const [key, values] of factsOf(members)) found.set(key, new Set([...(found.get(key) ?? []), ...values]));
  }
  return [...found].flatMap(([key, values]) => (values.size ? [{ label: say(key), values: few([...values]) }] : []));
}

/**
 * @param {Members} claims
 * @returns {[string, string[]][]} keys of messages, with what is stated.
 */
function factsOf(claims) {
  const subjects = objects(claims.get("credentialSubject"));
  const holders = [...subjects, ...objects(claims.get("recipient")), ...objects(claims.get("recipientProfile"))];
  const awards = [claims, ...subjects].flatMap((holder) => AWARDS.flatMap((name) => named(holder.get(name))));
  const inAwards = (/** @type {string[]} */ ...names) => awards.flatMap((award) => [award, ...objects(award.get("specifiedBy"))].flatMap((each) => textsIn(each, names)));
  const titles = inAwards("name", "title");
  const issuers = namedIssuers(claims);
  return [
    ["stated.award", titles.length ? titles : [...textsIn(claims, ["name", "title"]), ...objects(claims.get("displayParameter")).flatMap((each) => textsIn(each, ["title"]))]],
    ["stated.type", inAwards("achievementType", "credentialCategory", "dcType", "type").filter((text) => !TYPES_OF_OBJECTS.includes(text))],
    ["stated.level", [...inAwards("eQFLevel", "nqfLevel", "nQFLevel", "educationalLevel", "level"), ...awards.flatMap(alignments)]],
    ["stated.holder", [...holders.flatMap((holder) => textsIn(holder, ["fullName", "name"])), ...subjects.flatMap(namesInClear)]],
    ["stated.givenName", holders.flatMap((holder) => textsIn(holder, ["givenName"]))],
    ["stated.familyName", holders.flatMap((holder) => textsIn(holder, ["familyName"]))],
    ["stated.awarded", [...textsIn(claims, ["awardedDate"]), ...awards.flatMap((award) => [...textsIn(award, ["awardedDate"]), ...objects(award.get("awardedBy")).flatMap((each) => textsIn(each, ["awardingDate"]))])]],
    ["stated.from", textsIn(claims, FROM)],
    ["stated.until", textsIn(claims, UNTIL)],
    ["stated.issuer", issuers.length ? [shownIssuers(issuers)] : []],
  ];
}

/**
 * What an achievement is aligned to, such as a level of a framework, as `stated_scope.py` finds it.
 * @param {Members} award
 */
function alignments(award) {
  return objects(award.get("alignment") ?? award.get("alignments")).flatMap((each) => {
    const [framework] = textsIn(each, ["targetFramework"]);
    const [name] = textsIn(each, ["targetName", "targetCode", "targetUrl"]);
    // The unit of its credits is no level.
    if (!name || each.get("targetType") === "ext:creditSystem") return [];
    return [framework && framework !== name ? say("stated.aligned", { framework, name }) : name];
  });
}

/**
 * The names among the identifiers of a subject that are not hashed (Open Badges 3.0, IdentityObject).
 * @param {Members} subject
 */
function namesInClear(subject) {
  return objects(subject.get("identifier")).flatMap((each) => (each.get("identityType") === "name" && each.get("hashed") === false ? textsIn(each, ["identityHash"]) : []));
}

/**
 * The texts of the members of these names.
 * @param {Members} members
 * @param {readonly string[]} names
 */
function textsIn(members, names) {
  return names.flatMap((name) => textsOf(members.get(name), 0));
}

/**
 * A text as it may be shown; those of a list, of an object of languages, or of one that has a label.
 * @param {Value | undefined} value
 * @param {number} depth
 * @returns {string[]}
 */
function textsOf(value, depth) {
  if (typeof value === "string") return strip(value) ? [marked(value, LONGEST)] : [];
  if (typeof value === "number" || typeof value === "bigint") return [String(value)];
  if (value instanceof Real) return [String(value.value)];
  if (depth === MOST_DEEP) return [];
  if (Array.isArray(value)) return value.slice(0, MOST_READ).flatMap((item) => textsOf(item, depth + 1));
  if (!(value instanceof Members)) return [];
  for (const name of ["@value", "prefLabel", "notation", "name", "title"]) {
    const texts = textsOf(value.get(name), depth + 1);
    if (texts.length) return texts;
  }
  const languages = [...value.keys()].filter((key) => LANGUAGE.test(key) && key !== "id");
  return languages.slice(0, MOST_VALUES).flatMap((key) => textsOf(value.get(key), depth + 1));
}

/**
 * The objects that a member holds, or one that has a mere text for its name.
 * @param {Value | undefined} value
 */
function named(value) {
  const texts = (Array.isArray(value) ? value : [value]).filter((item) => typeof item === "string");
  return [...objects(value), ...texts.slice(0, MOST_READ).map((text) => new Members([["name", text]]))];
}

/**
 * @param {Value | undefined} value
 * @returns {Members[]}
 */
function objects(value) {
  return (Array.isArray(value) ? value : [value]).slice(0, MOST_READ).filter((item) => item instanceof Members);
}

/** @param {string[]} values */
function few(values) {
  if (values.length <= MOST_VALUES) return values;
  return [...values.slice(0, MOST_VALUES), say("stated.more", { count: values.length - MOST_VALUES })];
}
