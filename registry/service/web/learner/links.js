/**
 * How the achievements in a portfolio belong together, and what they are called, as the credentials themselves say
 * (`registry/learning/portfolio/associations.py`). No verdict rests on any of it.
 */

import { isLonger } from "../verifier/stated.js";
import { Members } from "../verifier/strictjson.js";

/**
 * @typedef {import("../verifier/portfolio.js").Link} Link
 * @typedef {import("../verifier/reading.js").Reading} Reading
 * @typedef {import("../verifier/strictjson.js").Value} Value
 */

const MOST_TOLD = 10_000;
const LONGEST_WORD = 1_000;
const KINDS = ["exactMatchOf", "isChildOf", "isParentOf", "isPartOf", "isPeerOf", "isRelatedTo", "precedes", "replacedBy"];
const RELATED = "isRelatedTo";
const PART_OF = "isPartOf";
const URI = /^[a-zA-Z][a-zA-Z0-9+.-]*:[^\s<>"{}|\\^`\x00-\x20]+$/u;

/**
 * How the achievements of these documents belong together, each link once; only those between two that are here.
 * @param {readonly Reading[]} readings
 * @returns {Link[]}
 */
export function linksIn(readings) {
  const credentials = credentialsIn(readings);
  /** @type {Map<string, Members[]>} */
  const achieved = new Map(credentials.flatMap((each) => (uriOf(each) ? [[uriOf(each), achievementsOf(each)]] : [])));
  const here = new Set(credentials.flatMap(achievementsOf).map(uriOf));
  here.delete("");
  /** @type {Map<string, Link>} */
  const found = new Map();
  for (const each of statedLinks(credentials, achieved)) {
    if (found.size < MOST_TOLD && each.source !== each.target && here.has(each.source) && here.has(each.target)) found.set(JSON.stringify(each), found.get(JSON.stringify(each)) ?? each);
  }
  const pair = (/** @type {Link} */ { source, target }) => JSON.stringify([source, target].sort());
  const closer = new Set([...found.values()].filter(({ kind }) => kind !== RELATED).map(pair));
  return [...found.values()].filter((each) => each.kind !== RELATED || !closer.has(pair(each)));
}

/**
 * The achievements of these documents as a record lists them: what it asks for of each, in the first language.
 * @param {readonly Reading[]} readings
 */
export function achievementsIn(readings) {
  /** @type {Map<string, Members>} */
  const found = new Map();
  for (const each of credentialsIn(readings).flatMap(achievementsOf)) {
    const [uri, name, description] = [uriOf(each), textOf(each.get("name")), textOf(each.get("description"))];
    const criteria = each.get("criteria");
    const narrative = criteria instanceof Members ? textOf(criteria.get("narrative")) : "";
    if (found.size >= MOST_TOLD || !uri || !name || !description || !narrative || found.has(uri)) continue;
    found.set(uri, new Members([["id", uri], ["type", ["Achievement"]], ["name", name], ["description", description], ["criteria", new Members([["narrative", narrative]])]]));
  }
  return [...found.values()];
}

/**
 * @param {readonly Members[]} credentials
 * @param {ReadonlyMap<string, Members[]>} achieved
 * @returns {Generator<Link>}
 */
function* statedLinks(credentials, achieved) {
  for (const credential of credentials) {
    const own = achievementsOf(credential);
    for (const evidence of objectsIn(credential.get("evidence"))) {
      const others = achieved.get(uriOf(evidence)) ?? [];
      const genre = evidence.get("genre");
      if (genre !== "whole" && genre !== "part") continue;
      for (const one of own) {
        for (const other of others) {
          const [part, whole] = genre === "whole" ? [one, other] : [other, one];
          yield { kind: PART_OF, source: uriOf(part), target: uriOf(whole) };
        }
      }
    }
    for (const one of own) for (const other of objectsIn(one.get("related"))) yield { kind: RELATED, source: uriOf(one), target: uriOf(other) };
    for (const link of objectsIn(credential.get("credentialSubject")).flatMap((subject) => objectsIn(subject.get("association")))) {
      const [kind, source, target] = ["associationType", "sourceId", "targetId"].map((name) => textOf(link.get(name)));
      if (KINDS.includes(kind)) yield { kind, source, target };
    }
  }
}

/** @param {readonly Reading[]} readings */
function credentialsIn(readings) {
  return readings.flatMap(({ parts }) => parts.map(({ members }) => members));
}

/** @param {Members} credential */
function achievementsOf(credential) {
  return objectsIn(credential.get("credentialSubject")).flatMap((subject) => objectsIn(subject.get("achievement")));
}

/**
 * @param {Value | undefined} value
 * @returns {Members[]}
 */
function objectsIn(value) {
  return (Array.isArray(value) ? value : [value]).filter((each) => each instanceof Members);
}

/** @param {Members} members */
function uriOf(members) {
  const value = textOf(members.get("id"));
  return URI.test(value) ? value : "";
}

/** @param {Value | undefined} value */
function textOf(value) {
  return typeof value === "string" && !isLonger(value, LONGEST_WORD) ? value : "";
}
