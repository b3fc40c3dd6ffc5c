/**
 * From what one reading of a document found to what it states was achieved (`registry/learning/reading.py`). What a holder does
 * not show, what could not be read and what has more than one reading is not stated here.
 */

import { isCredential } from "../verifier/digest.js";
import { FROM, UNTIL, statedDates } from "../verifier/moments.js";
import { Members } from "../verifier/strictjson.js";
import { LearningModel } from "./learningmodel.js";
import { achievement, awards } from "./openbadges.js";
import { LONGEST_NAME, identifierOf, languageOf, objects, textOf } from "./statements.js";

/**
 * @typedef {import("../verifier/reading.js").Reading} Reading
 * @typedef {import("../verifier/reading.js").Part} Part
 * @typedef {import("./openbadges.js").Achieved} Achieved
 *
 * @typedef {object} Item what a document states, as an item of a portfolio (`registry/learning/items.py`).
 * @property {string} identifier
 * @property {string} issuerName
 * @property {string} issuerId
 * @property {string} subject
 * @property {bigint | null} validFrom microseconds since 1970.
 * @property {bigint | null} validUntil
 * @property {readonly Achieved[]} achieved
 * @property {string} language of its texts where it names one.
 * @property {string[]} wholes identifiers of awards of which it says that it is a part.
 */

const MOST_ACHIEVED = 256;
const RECORD = "verifiableCredential";
const PART_OF = ["isChildOf", "isPartOf"];
const PARENT = "isParentOf";

/**
 * @param {Reading} reading
 * @returns {Item}
 */
export function itemOf(reading) {
  const parts = certain(reading);
  const members = (parts.find((each) => isCredential(each.members)) ?? parts[0])?.members ?? new Members();
  const achieved = achievedIn(reading);
  return {
    identifier: identifierOf(members) || identifierOf(members.get("jti")),
    issuerName: issuerName(members),
    issuerId: issuers(members).map(identifierOf).find(Boolean) ?? "",
    subject: subjectId(members),
    validFrom: latest(parts),
    validUntil: earliest(parts),
    achieved,
    language: languageIn(members) || (achieved.flatMap(({ name }) => Object.keys(name)).find(Boolean) ?? ""),
    wholes: objects(members.get("evidence")).filter((each) => each.get("genre") === "whole").map(identifierOf).filter(Boolean),
  };
}

/**
 * What a document states was achieved, in its order, nothing twice.
 * @param {Reading} reading
 */
export function achievedIn(reading) {
  const parts = certain(reading);
  /** @type {Achieved[]} */
  const found = [];
  const records = parts.filter(({ members }) => isRecord(members));
  const withheld = new Set(reading.unread.map(({ where }) => where));
  for (const part of [...parts.filter((each) => !records.includes(each)), ...records]) {
    // Of a token it is known how much is not shown; of what is derived otherwise it is not.
    const showsAll = !reading.isSelection || (part.isToken && !withheld.has(part.where));
    let own = achievedBy(part, MOST_ACHIEVED - found.length, showsAll);
    if (records.includes(part)) {
      const stated = new Set(found.map(({ identifier }) => identifier).filter(Boolean));
      own = own.filter(({ identifier }) => !stated.has(identifier));
    }
    append(found, own);
  }
  associate(found, records);
  return found;
}

/**
 * What one credential states itself, without those that it holds.
 * @param {Part} part
 * @param {number} most
 * @param {boolean} showsAll whether its holder left nothing out; otherwise what can be earned says nothing of what was.
 */
function achievedBy({ members, isToken }, most, showsAll) {
  const language = languageIn(members);
  const stated = objects(members.get("credentialSubject"));
  // Of several people, and one credential is what one person has.
  if (new Set(stated.map(identifierOf).filter(Boolean)).size > 1) return [];
  /** @type {Achieved[]} */
  const found = [];
  for (const subject of !stated.length && isToken ? [members] : stated) {
    const before = found.length;
    const own = ofSubject(subject, members, language, most - before, showsAll);
    found.push(...own.map((each) => ({ ...each, whole: each.whole === null ? null : each.whole + before })));
  }
  // Open Badges 2.0: an assertion, with a badge class.
  found.push(...objects(members.get("badge")).map((badge) => achievement(badge, members, language, showsAll)));
  return found.slice(0, Math.max(most, 0));
}

/**
 * @param {Members} subject
 * @param {Members} credential
 * @param {string} language
 * @param {number} most
 * @param {boolean} showsAll
 */
function ofSubject(subject, credential, language, most, showsAll) {
  const claimed = (subject.get("hasClaim") ?? null) === null ? [] : new LearningModel(credential, language, showsAll).claims(subject, most);
  const stated = objects(subject.get("achievement"), "id", Math.max(most, 0));
  // Of which of several they were earned, or whether of all together, it does not say.
  const isTogether = stated.length > 1 && (subject.get("creditsEarned") ?? null) !== null;
  const own = isTogether ? new Members([...subject].filter(([name]) => name !== "creditsEarned")) : subject;
  return [...claimed, ...stated.map((each) => achievement(each, own, language, showsAll && !isTogether)), ...awards(own, language)];
}

/**
 * Add achievements with their wholes in their new places; what is there already stands once.
 * @param {Achieved[]} found
 * @param {readonly Achieved[]} own
 */
function append(found, own) {
  /** @type {number[]} */
  const places = [];
  const known = new Map(found.map((each, at) => /** @type {[string, number]} */ ([keyOf(each), at])).reverse());
  for (const each of own) {
    const moved = { ...each, whole: each.whole === null ? null : places[each.whole] };
    const key = keyOf(moved);
    const place = known.get(key) ?? found.push(moved) - 1;
    known.set(key, place);
    places.push(place);
  }
}

/**
 * What two achievements have alike where they are the same: texts in any order of their languages.
 * @param {Achieved} achieved
 */
function keyOf({ name, description, criteria, ...rest }) {
  return JSON.stringify([[name, description, criteria].map((texts) => Object.entries(texts).sort()), Object.entries(rest).sort()]);
}

/**
 * Note what the associations of records say is part of what.
 * @param {Achieved[]} found
 * @param {readonly Part[]} records
 */
function associate(found, records) {
  const place = new Map(found.map(({ identifier }, at) => /** @type {[string, number]} */ ([identifier, at])).reverse());
  place.delete("");
  for (const { members } of records) {
    for (const each of objects(members.get("credentialSubject")).flatMap((subject) => objects(subject.get("association"), "id", MOST_ACHIEVED))) {
      const kind = each.get("associationType");
      const [source, target] = ["sourceId", "targetId"].map((name) => place.get(identifierOf(each.get(name))));
      const [part, whole] = kind === PARENT ? [target, source] : [source, target];
      if (part === undefined || whole === undefined || part === whole || !(kind === PARENT || PART_OF.includes(kind))) continue;
      if (found[part].whole === null) found[part] = { ...found[part], whole };
    }
  }
}

/** @param {Members} members */
function isRecord(members) {
  return objects(members.get("credentialSubject")).some((each) => {
    const held = each.get(RECORD) ?? null;
    return held !== null && !(Array.isArray(held) && !held.length);
  });
}

/**
 * The parts that have one reading.
 * @param {Reading} reading
 */
function certain({ parts, unread }) {
  const doubtful = unread.filter(({ isStatement }) => isStatement).map(({ where }) => where);
  return parts.filter(({ where }) => !doubtful.some((place) => where === place || !place || where.startsWith(`${place}, `)));
}

/**
 * The language that a credential names for its texts.
 * @param {Members} credential
 */
function languageIn(credential) {
  const context = credential.get("@context");
  const tagged = (Array.isArray(context) ? context : [context]).slice(0, 8).flatMap((each) => (each instanceof Members ? [each.get("@language")] : []));
  return languageOf(credential.get("@language")) || (tagged.map(languageOf).find(Boolean) ?? "");
}

/**
 * The issuer; in Open Badges 2.0 that of the badge, and in tokens the claim `iss`.
 * @param {Members} members
 */
function issuers(members) {
  return [...objects(members.get("issuer")), ...objects(members.get("badge")).flatMap((badge) => objects(badge.get("issuer"))), ...objects(members.get("iss"))];
}

/** @param {Members} members */
function issuerName(members) {
  return issuers(members).flatMap((each) => ["name", "legalName", "prefLabel"].map((name) => textOf(each.get(name), LONGEST_NAME))).find(Boolean) ?? "";
}

/** @param {Members} members */
function subjectId(members) {
  const found = objects(members.get("credentialSubject")).map(identifierOf);
  return [...found, identifierOf(members.get("sub")), ...objects(members.get("recipient")).map((each) => textOf(each.get("identity")))].find(Boolean) ?? "";
}

/**
 * The moment from which all parts are valid, as far as they state it.
 * @param {readonly Part[]} parts
 */
function latest(parts) {
  return spans(parts, FROM, "nbf").reduce((/** @type {bigint | null} */ found, { earliest: at }) => (found === null || at > found ? at : found), null);
}

/**
 * The moment from which not all parts are valid any more.
 * @param {readonly Part[]} parts
 */
function earliest(parts) {
  return spans(parts, UNTIL, "exp").reduce((/** @type {bigint | null} */ found, { latest: at }) => (found === null || at < found ? at : found), null);
}

/**
 * @param {readonly Part[]} parts
 * @param {readonly string[]} names
 * @param {string} ofToken
 */
function spans(parts, names, ofToken) {
  return parts.flatMap(({ members, isToken }) => statedDates(members, isToken ? [...names, ofToken] : names)).flatMap(({ span }) => span ?? []);
}
