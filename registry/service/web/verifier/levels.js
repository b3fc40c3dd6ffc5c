/**
 * The level card of a verdict: what the level that a credential states stands beside, where it was issued and here
 * (`registry/verify/levels.py`, by the rule of `registry/levels/card.py`).
 */

import { casefold } from "./issuer.js";
import { say } from "./language.js";
import { LEVEL_MAPS } from "./levelmaps.js";
import { isCountry } from "./scope.js";
import { achievements, certain, objects, shortText, statedScope } from "./stated.js";
import { marked } from "./text.js";

/**
 * @typedef {import("./language.js").Said} Said
 * @typedef {import("./strictjson.js").Members} Members
 * @typedef {"there" | "here"} Place where a level is read: in the country of issue, or in that of the verifier.
 * @typedef {{code: string, name: string, beside: readonly [number, number] | null, isExact: boolean, isChecked: boolean}} Level
 * @typedef {{name: string, uri: string, date: string}} Source who put a level beside another, and when.
 *
 * @typedef {object} LevelMap as `registry/levels/maps.py` has it.
 * @property {string} framework short name.
 * @property {string} name
 * @property {readonly string[]} countries
 * @property {string} kind
 * @property {string} against the reference framework.
 * @property {number} since the first second that the map is about.
 * @property {number} until the first that it is no longer about; Infinity for none.
 * @property {Source} source
 * @property {readonly Level[]} levels
 *
 * @typedef {object} CountryLevel a level with which the stated one is comparable.
 * @property {Place} place
 * @property {string} country
 * @property {string} framework
 * @property {string} frameworkName
 * @property {string} level
 * @property {string} levelName
 * @property {"comparable"} relation
 * @property {"exact" | "close"} match
 * @property {string} kind
 * @property {boolean} checked
 * @property {Source} source
 *
 * @typedef {{place: Place, country: string | null, code: string, said: Said}} LevelGap what cannot be said of a place, and why.
 *
 * @typedef {object} Levels
 * @property {string} framework
 * @property {string} frameworkName
 * @property {string} level as it is stated.
 * @property {string} levelName
 * @property {string | null} programme identifier of the one that is stated, as it may be shown.
 * @property {readonly CountryLevel[]} rows
 * @property {readonly LevelGap[]} unknown
 *
 * @typedef {{map: LevelMap, level: Level}} Placed
 */

const EUROPEAN = "eqf";
const LONGEST_PROGRAMME = 200;
const MOST_READ = 64;
const MOST_ROWS = 40;
const NATIONAL = ["referenced", "comparison", "none"];

/** @type {readonly LevelMap[]} */
const MAPS = LEVEL_MAPS.map(([framework, name, countries, kind, against, since, until, source, levels]) => ({
  framework,
  name,
  countries: countries.match(/../g) ?? [],
  kind,
  against,
  since: firstDay(since),
  until: until ? firstDay(until) : Infinity,
  source: { name: source[0], uri: source[1], date: source[2] },
  levels: levels.map(([code, title = "", low = 0, high = low, marks = 0]) => ({
    code,
    name: title,
    beside: low ? [low, high] : null,
    isExact: !(marks & 1),
    isChecked: !(marks & 2),
  })),
}));

/**
 * The card of what credentials state; null where they state no level, or several.
 *
 * A level of a national framework that has a map goes before one of the European framework, which says less. The country of
 * issue is that of the national framework, else that of the issuer's address, else that for which the issuer is accredited.
 * @param {readonly Members[]} credentials
 * @param {{accreditedIn: string, here: string, moment: number}} given countries by ISO 3166-1, "" for none; the maps of that
 *   moment count.
 * @returns {Promise<Levels | null>}
 */
export async function levelsOf(credentials, { accreditedIn, here: given, moment }) {
  const stated = await statedLevel(credentials);
  if (!stated) return null;
  const { map, level } = stated;
  const { identifier } = await statedScope(credentials);
  const own = map.countries.length === 1 ? map.countries[0] : "";
  const country = own || statedCountry(credentials) || letters(accreditedIn);
  const here = letters(given);
  // A level that is of a framework of its own country is told by the framework that others compare it with.
  const there = map.countries.includes(country) ? map.against : country;
  /** @type {LevelGap[]} */
  const unknown = [];
  /** @type {CountryLevel[]} */
  const rows = [];
  const add = (/** @type {Place} */ place, /** @type {string} */ where, /** @type {string} */ target) => {
    const card = compared(stated, target, moment);
    rows.push(...card.rows.map((row) => rowOf(row, stated, place, where)));
    unknown.push(...card.gaps.map(([code, said]) => ({ place, country: where, code, said })));
  };
  if (!country) unknown.push({ place: "there", country: null, code: "place-unknown", said: say("level.noPlace") });
  else if (country !== here || there !== country) add("there", country, there);
  if (here && (country !== here || there === country)) add("here", here, here);
  return { framework: map.framework, frameworkName: map.name, level: level.code, levelName: level.name, programme: identifier ? marked(identifier, LONGEST_PROGRAMME) : null, rows: rows.slice(0, MOST_ROWS), unknown };
}

/**
 * The one level that is stated, in the newest map that has it.
 * @param {readonly Members[]} credentials
 * @returns {Promise<Placed | null>}
 */
async function statedLevel(credentials) {
  /** @type {Map<string, Placed>} */
  const national = new Map();
  for (const [framework, code] of named(credentials)) {
    const wanted = casefold(framework);
    for (const map of MAPS) {
      if (!NATIONAL.includes(map.kind) || ![map.framework, casefold(map.name)].includes(wanted)) continue;
      const level = levelIn(map, code);
      if (level) national.set(`${map.framework} ${code}`, { map, level });
    }
  }
  if (national.size === 1) return [...national.values()][0];
  const { levels } = certain(await statedScope(credentials));
  if (national.size || !levels || levels[0] !== levels[1]) return null;
  for (const map of MAPS) {
    const level = map.framework === EUROPEAN ? levelIn(map, String(levels[0])) : undefined;
    if (level) return { map, level };
  }
  return null;
}

/**
 * Framework and code of each alignment that has both.
 * @param {readonly Members[]} credentials
 * @returns {Generator<[string, string]>}
 */
function* named(credentials) {
  for (const achievement of first(achievements(credentials))) yield* namedIn(achievement);
}

/**
 * Framework and code of each alignment of one achievement that has both.
 * @param {Members} achievement
 * @returns {Generator<[string, string]>}
 */
export function* namedIn(achievement) {
  for (const alignment of first(objects(achievement.get(achievement.has("alignment") ? "alignment" : "alignments"), "targetUrl"))) {
    const framework = shortText(alignment.get("targetFramework"));
    const code = shortText(alignment.get("targetCode"));
    if (framework && code) yield [framework, code];
  }
}

/**
 * The country of its issuer's address; "" where none or several are stated.
 * @param {readonly Members[]} credentials
 */
function statedCountry(credentials) {
  const addresses = credentials.flatMap((claims) => [...first(objects(claims.get("issuer")))].flatMap((issuer) => [...first(objects(issuer.get("address")))]));
  const found = new Set(
    addresses.map((address) => ["addressCountryCode", "addressCountry"].map((name) => shortText(address.get(name))).find(isCountry) ?? ""),
  );
  return found.size === 1 ? [...found][0] : "";
}

/**
 * What a level stands beside in another place, or why nothing can be said of that.
 * @param {Placed} stated
 * @param {string} target a framework, or a country.
 * @param {number} moment
 */
function compared({ map: { framework: source }, level: { code } }, target, moment) {
  /** @type {[string, Said][]} */
  const gaps = [];
  const atThen = (/** @type {string} */ place) => {
    const known = mapsOf(place);
    const then = known.filter(({ since, until }) => since <= moment && moment < until);
    if (!known.length) gaps.push(["no-framework", say("level.noFramework", { place })]);
    else if (!then.length) gaps.push(["no-map-then", say("level.noMapThen", { place })]);
    return then;
  };
  const [ofSource, ofTarget] = [atThen(source), atThen(target)];
  const found = ofSource.flatMap((map) => levelIn(map, code) ?? []).map((level, at) => ({ map: ofSource[at], level }));
  if (ofSource.length && !found.length) gaps.push(["no-such-level", say("level.noLevel", { place: source, level: code })]);
  /** @type {{here: Placed, isExact: boolean, isChecked: boolean}[]} */
  const rows = [];
  for (const there of found) {
    const none = (/** @type {string} */ why, /** @type {string} */ framework) => gaps.push([why, say("level.noComparison", { level: code, framework: nameOf(framework, there.map) })]);
    const { beside } = there.level;
    if (!beside) {
      none("no-comparison", source);
      continue;
    }
    for (const map of ofTarget) {
      const isCommon = map.against === there.map.against;
      const near = isCommon ? map.levels.filter((level) => level.beside && level.beside[0] <= beside[1] && beside[0] <= level.beside[1]) : [];
      const isChecked = there.level.isChecked;
      rows.push(...near.map((level) => ({ here: { map, level }, isExact: level.isExact && there.level.isExact, isChecked: level.isChecked && isChecked })));
      if (near.length) continue;
      if (map.levels.some((level) => level.beside)) none(isCommon ? "no-level-beside" : "no-common-reference", map.framework);
      else none("no-comparison", map.framework);
    }
  }
  rows.sort(({ here: one }, { here: other }) => (one.map.framework === other.map.framework ? 0 : one.map.framework < other.map.framework ? -1 : 1));
  return { rows, gaps };
}

/**
 * @param {{here: Placed, isExact: boolean, isChecked: boolean}} row
 * @param {Placed} stated
 * @param {Place} place
 * @param {string} country
 * @returns {CountryLevel}
 */
function rowOf({ here: { map, level }, isExact, isChecked }, stated, place, country) {
  return {
    place,
    country,
    framework: map.framework,
    frameworkName: map.name,
    level: level.code,
    levelName: level.name,
    relation: "comparable",
    match: isExact ? "exact" : "close",
    kind: map.kind,
    checked: isChecked,
    source: map.source,
  };
}

/**
 * The name of a framework; in place of the stated one that of what others are compared with.
 * @param {string} framework
 * @param {LevelMap} stated
 */
function nameOf(framework, stated) {
  const wanted = framework === stated.framework ? stated.against : framework;
  return MAPS.findLast((map) => map.framework === wanted)?.name ?? wanted;
}

/** @param {string} place */
function mapsOf(place) {
  const own = MAPS.filter(({ framework }) => framework === place.toLowerCase());
  return own.length ? own : MAPS.filter(({ countries }) => countries.includes(place.toUpperCase()));
}

/**
 * @param {LevelMap} map
 * @param {string} wanted
 */
function levelIn({ levels }, wanted) {
  return levels.find(({ code }) => code === wanted);
}

/** @param {string} place */
function letters(place) {
  return /^[A-Z]+$/.test(place) ? place : "";
}

/**
 * @template T
 * @param {Iterable<T>} all
 * @returns {Generator<T>}
 */
function* first(all) {
  let count = 0;
  for (const one of all) {
    if (count++ === MOST_READ) return;
    yield one;
  }
}

/**
 * The first second of `2009`, `2009-06` or `2009-06-30`.
 * @param {string} text
 */
function firstDay(text) {
  return Date.parse(`${text}${"-01-01".slice(text.length - 4)}`) / 1000;
}
