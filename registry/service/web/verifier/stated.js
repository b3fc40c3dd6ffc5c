/**
 * What a credential says of its own field, level, type and programme, as Open Badges 2.0 and 3.0 have it
 * (`registry/document/stated_scope.py`).
 */

import { hex, sha256, utf8 } from "./bytes.js";
import { casefold } from "./issuer.js";
import { ANY_PROGRAMME } from "./scope.js";
import { Members } from "./strictjson.js";
import { strip } from "./text.js";
import { QUALIFICATION_TYPES } from "./vocabulary.js";

/**
 * @typedef {import("./scope.js").Scope} Scope
 * @typedef {import("./strictjson.js").Value} Value
 * @typedef {"field" | "level" | "type"} Aspect
 *
 * @typedef {object} StatedScope null for what is not said.
 * @property {string | null} field
 * @property {readonly [number, number] | null} levels
 * @property {readonly string[] | null} types sorted.
 * @property {ReadonlySet<Aspect>} partly what it says of some of its achievements and not, or not legibly, of others.
 * @property {string | null} programme of all its achievements, 64 digits; null also where they have several.
 * @property {string} identifier of that programme, as it is stated.
 *
 * @typedef {object} Stated what one achievement states.
 * @property {Set<string>} fields
 * @property {Set<number>} levels
 * @property {Set<string>} types
 * @property {Set<Aspect>} missing what of its scope it does not state or not legibly.
 * @property {string | null} programme
 * @property {string} identifier
 */

// A badge has a handful of achievements and alignments. What comes after these is not read, and that is said.
const MOST_READ = 64;
const LONGEST = 200;
const LONGEST_IDENTIFIER = 2_000;
const FIELD_URL = /\/isced-f\/((?:0[0-9]|10)[0-9]{0,2})\/?$/i;
const LEVEL_URL = /\/eqf\/([1-8])\/?$/i;
const FIELD_CODE = /^(?:0[0-9]|10)[0-9]{0,2}$/;
// Frameworks of nations end in it, such as SeQF, and have levels of their own.
const EUROPEAN = /(?<![a-z])eqf/;
const LEVEL_CODE = /^(?:EQF[ -]?)?(?:level )?([1-8])$/i;

/**
 * The smallest scope that holds all that credentials state.
 * @param {readonly Members[]} credentials
 * @returns {Promise<StatedScope>}
 */
export async function statedScope(credentials) {
  const found = firstOf(achievements(credentials));
  const isCut = found.length > MOST_READ;
  const read = await Promise.all(found.slice(0, MOST_READ).map(stated));
  const fields = new Set(read.flatMap((each) => [...each.fields]));
  const levels = read.flatMap((each) => [...each.levels]);
  const types = new Set(read.flatMap((each) => [...each.types]));
  const programmes = new Map(read.map((each) => [each.programme, each.identifier]));
  const [[programme, identifier]] = programmes.size === 1 && !isCut ? programmes : /** @type {[null, string][]} */ ([[null, ""]]);
  /** @type {[Aspect, number][]} */
  const counts = [["field", fields.size], ["level", levels.length], ["type", types.size]];
  const partly = counts.filter(([name, count]) => count && (isCut || read.some(({ missing }) => missing.has(name))));
  return {
    field: fields.size ? shared([...fields]) : null,
    levels: levels.length ? [Math.min(...levels), Math.max(...levels)] : null,
    types: types.size ? [...types].sort() : null,
    partly: new Set(partly.map(([name]) => name)),
    programme,
    identifier,
  };
}

/**
 * What it does not say, or not of all.
 * @param {StatedScope} stated
 * @returns {Aspect[]}
 */
export function unstated({ field, levels, types, partly }) {
  /** @type {[Aspect, unknown][]} */
  const all = [["field", field], ["level", levels], ["type", types]];
  return all.filter(([name, value]) => value === null || partly.has(name)).map(([name]) => name);
}

/**
 * What it says of all its achievements.
 * @param {StatedScope} stated
 * @returns {StatedScope}
 */
export function certain({ field, levels, types, partly, ...programme }) {
  return {
    field: partly.has("field") ? null : field,
    levels: partly.has("level") ? null : levels,
    types: partly.has("type") ? null : types,
    partly: new Set(),
    ...programme,
  };
}

/**
 * What is stated, and the rest as in a scope; a programme is never taken from there. Field, level and type can be compared
 * by whoever reads the document; of a programme the chain has a hash.
 * @param {StatedScope} stated
 * @param {Scope} scope
 * @returns {Scope}
 */
export function completed({ field, levels, types, programme }, scope) {
  return {
    field: field ?? scope.field,
    levels: levels ?? scope.levels,
    types: types ?? scope.types,
    jurisdiction: scope.jurisdiction,
    programme: programme ?? ANY_PROGRAMME,
  };
}

/**
 * @param {Members} achievement
 * @returns {Promise<Stated>}
 */
async function stated(achievement) {
  /** @type {Stated} */
  const found = { fields: new Set(), levels: new Set(), types: new Set(), missing: new Set(), ...(await programmeOf(achievement.get("id"))) };
  const type = kebab(achievement.get("achievementType"));
  if (QUALIFICATION_TYPES.includes(type)) found.types.add(type);
  const code = achievement.get("fieldOfStudy") ?? null;
  const field = typeof code === "string" ? fieldIn(code, code) : null;
  if (field) found.fields.add(field);
  if (code !== null && typeof code !== "string") found.missing.add("field");
  const alignments = firstOf(objects(achievement.get(achievement.has("alignment") ? "alignment" : "alignments"), "targetUrl"));
  for (const alignment of alignments.slice(0, MOST_READ)) align(found, alignment);
  if (alignments.length > MOST_READ) found.missing.add("field").add("level");
  if (!found.fields.size) found.missing.add("field");
  if (!found.levels.size) found.missing.add("level");
  if (!found.types.size) found.missing.add("type");
  return found;
}

/**
 * @param {Stated} found
 * @param {Members} alignment
 */
function align({ fields, levels, missing }, alignment) {
  const [code, url] = [shortText(alignment.get("targetCode")), shortText(alignment.get("targetUrl"))];
  const framework = casefold(shortText(alignment.get("targetFramework")));
  const isIsced = framework.includes("isced");
  const isOfLevels = isOfEuropeanLevels(framework, url);
  const field = fieldIn(isIsced ? code : "", url);
  if (field) fields.add(field);
  else if (isIsced || casefold(url).includes("/isced-f/")) missing.add("field");
  const level = europeanLevel(isOfLevels ? code : "", url);
  if (level) levels.add(level);
  else if (isOfLevels) missing.add("level");
  const given = ["targetCode", "targetUrl", "targetFramework"].map((name) => alignment.get(name) ?? null).filter((value) => value !== null);
  if (given.some((value) => typeof value !== "string" || isLonger(value, LONGEST))) missing.add("field").add("level");
}

/**
 * Every achievement; a subject without one, and what is only named, is one that states nothing.
 * @param {readonly Members[]} credentials
 * @returns {Generator<Members>}
 */
export function* achievements(credentials) {
  for (const claims of credentials) {
    for (const subject of objects(claims.get("credentialSubject"))) {
      if (subject.has("achievement")) yield* objects(subject.get("achievement"));
      else yield new Members();
    }
    yield* objects(claims.get("badge"));
  }
}

/**
 * An object, or the objects of a list, at any depth as in JSON-LD; of anything else one that has it for its name.
 * @param {Value | undefined} value
 * @param {string} [namedBy] the member that is the name.
 * @returns {Generator<Members>}
 */
export function* objects(value, namedBy = "id") {
  const pending = [value];
  while (pending.length) {
    const item = pending.pop() ?? null;
    if (Array.isArray(item)) for (const one of item.toReversed()) pending.push(one);
    else if (item !== null) yield item instanceof Members ? item : new Members([[namedBy, item]]);
  }
}

/**
 * As many as are read, and one more where there are more.
 * @param {Iterable<Members>} all
 */
function firstOf(all) {
  const found = [];
  for (const one of all) {
    found.push(one);
    if (found.length > MOST_READ) break;
  }
  return found;
}

/**
 * The digits that all codes begin with. One digit is no code: fields that share no more have nothing in common.
 * @param {readonly string[]} fields
 */
function shared([first, ...others]) {
  const at = [...first].findIndex((digit, place) => others.some((other) => other[place] !== digit));
  const found = at < 0 ? first : first.slice(0, at);
  return found.length > 1 ? found : "";
}

/**
 * @param {string} code
 * @param {string} url
 */
function fieldIn(code, url) {
  return FIELD_URL.exec(url)?.[1] ?? (FIELD_CODE.test(code) ? code : null);
}

/**
 * Whether an alignment is to the European Qualifications Framework, by the name of its framework or by its URL.
 * @param {string} framework
 * @param {string} url
 */
export function isOfEuropeanLevels(framework, url) {
  const name = casefold(framework);
  return EUROPEAN.test(name) || name.includes("european qualifications framework") || casefold(url).includes("/eqf/");
}

/**
 * The level of the European framework that a URL of it or a code such as `6` or `EQF level 6` names; 0 for none.
 * @param {string} code
 * @param {string} [url]
 */
export function europeanLevel(code, url = "") {
  return Number((LEVEL_URL.exec(url) ?? LEVEL_CODE.exec(code))?.[1] ?? 0);
}

/**
 * @param {Value | undefined} given
 * @returns {Promise<{programme: string | null, identifier: string}>}
 */
async function programmeOf(given) {
  const identifier = typeof given === "string" && !isLonger(given, LONGEST_IDENTIFIER) ? strip(given) : "";
  const programme = await hashOfProgramme(identifier);
  return { programme, identifier: programme ? identifier : "" };
}

/**
 * What stands for a programme in a scope: SHA-256 of its identifier in UTF-8, without space around it; null for none.
 * @param {string} identifier
 */
export async function hashOfProgramme(identifier) {
  const written = strip(identifier);
  // Half of a surrogate pair has no UTF-8.
  return written && !/\p{Surrogate}/u.test(written) ? hex(await sha256(utf8(written))) : null;
}

/**
 * A text of up to 200 characters without the space around it; "" of anything else.
 * @param {Value | undefined} value
 */
export function shortText(value) {
  return typeof value === "string" && !isLonger(value, LONGEST) ? strip(value) : "";
}

/**
 * Whether a text has more characters; each is one or two units.
 * @param {string} value
 * @param {number} most
 */
export function isLonger(value, most) {
  return value.length > most && (value.length > 2 * most || [...value].length > most);
}

/**
 * `BachelorDegree` → `bachelor-degree`.
 * @param {Value | undefined} value
 */
function kebab(value) {
  return shortText(value).replace(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase();
}
