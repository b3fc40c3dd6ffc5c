/**
 * The checks of one credential: a document, its receipt and the chain's facts in, a verdict out.
 *
 * No network and no clock but the `now` it is given. A missing or failed answer is `unknown`, and an unknown never comes
 * out as valid. Codes and texts are those of `registry/verify/checks.py`.
 */

import { unhex } from "./bytes.js";
import { judge, keyOf } from "./anchors.js";
import { checkDates } from "./dates.js";
import { JSON_METHODS } from "./digest.js";
import { checkForeign } from "./foreign.js";
import { checkIntegrity, comparedDigest, judgedClaims } from "./integrity.js";
import { isSameIssuer, namedIssuers, shownIssuers } from "./issuer.js";
import { listed, original, say } from "./language.js";
import { levelsOf } from "./levels.js";
import { checkInclusion } from "./merkle.js";
import { Refusal } from "./refusal.js";
import { REASONS } from "./contracts.js";
import { checkSignature } from "./signature.js";
import { NOTHING_SAID } from "./slots.js";
import { standingOf, standingUnknown } from "./standing.js";
import { Members } from "./strictjson.js";
import { marked } from "./text.js";
import { isOfThen, isPractice, isProved, making, saidChain, saidName, saidOf, saidWhy, sentences, unavailableFor } from "./verdict.js";

/**
 * @typedef {import("./anchors.js").AnchorState} AnchorState
 * @typedef {import("./ledger.js").Ledger} Ledger
 * @typedef {import("./policy.js").Policy} Policy
 * @typedef {import("./reading.js").Reading} Reading
 * @typedef {import("./receipt.js").Receipt} Receipt
 * @typedef {import("./slots.js").Batch} Batch
 * @typedef {import("./verdict.js").ChainFacts} ChainFacts
 * @typedef {import("./verdict.js").Check} Check
 * @typedef {import("./verdict.js").Unavailable} Unavailable
 * @typedef {import("./verdict.js").Verdict} Verdict
 * @typedef {import("./language.js").Said} Said
 * @typedef {import("./language.js").Sentence} Sentence
 * @typedef {import("./language.js").Value} Value
 *
 * @typedef {object} Trust the parties a verifier believes.
 * @property {ReadonlyMap<number, string>} issuers their numbers, and the names the verifier knows them by; "" for none.
 * @property {string | null} chain CAIP-2 of the chain that the numbers are of; null for whichever is asked.
 */

const NO_FACTS = unavailableFor("chain-not-asked", say("chain.notAsked"), say("chain.connect"));
/** @type {Trust} */
export const NOBODY = { issuers: new Map(), chain: null };

/**
 * Check one credential; nothing that a document, receipt or chain says is an error.
 * @param {object} given
 * @param {Reading | null} given.reading of the document; null when there is only the receipt.
 * @param {string} given.name of the file.
 * @param {Receipt | Refusal | null} given.receipt the error of one that is there and cannot be read.
 * @param {ChainFacts | Unavailable | null} given.facts what the chain said of the receipt's issuer, root and leaf.
 * @param {Date} given.now the moment to judge dates by.
 * @param {Trust} [given.trust]
 * @param {Policy | null} [given.policy] more trusted issuers, and bodies; with bodies, two more checks are made.
 * @param {Ledger | Unavailable | null} [given.ledger] the accreditations of the registry; null when it was not asked.
 * @param {string} [given.here] the verifier's country, by two letters, whose levels are told; "": the jurisdiction of the policy.
 * @returns {Promise<Verdict>}
 */
export async function verify({ reading, name, receipt, facts, now, trust = NOBODY, policy = null, ledger = null, here = "" }) {
  if (!reading && !receipt) throw new TypeError("there is neither a document nor a receipt");
  const dates = checkDates(reading, now);
  const integrity = checkIntegrity(reading, receipt);
  if (!receipt || receipt instanceof Refusal) {
    const foreign = receipt ? null : (reading?.foreign ?? null);
    const [code, said] = foreign ? ["foreign-anchor", say("foreign.notChecked", { kind: foreign })] : missing(receipt);
    const unchecked = ["inclusion", "anchor", "issuer", "status"].map((each) => making(each).unknown(code, said));
    const judged = foreign ? checkForeign(foreign) : [integrity, ...unchecked];
    return {
      name,
      checks: [...judged, dates, checkSignature(reading, now), ...(policy ? policyUnknown(policy, code, said) : [])],
      digest: reading?.digest ?? null,
      chain: null,
      issuer: null,
      root: null,
      anchoredAt: null,
      asOf: null,
      basis: null,
      notLookedAt: null,
      otherReceipts: [],
      levels: null,
    };
  }
  const usable = usableFacts(facts, receipt);
  const seen = isFacts(usable) ? usable : null;
  const anchor = checkAnchor(receipt, usable);
  const claims = judgedClaims(reading, receipt);
  const standing = policy?.bodies.size ? await standingOf(receipt.anchor.issuer, usable, claims, ledger ?? NO_FACTS, policy) : null;
  const checks = [
    integrity,
    await checkPlace(receipt, seen),
    anchor,
    checkIssuer(receipt, usable, claims, trust, policy, Boolean(standing?.holds)),
    checkStatus(receipt, usable, reading),
    dates,
    checkSignature(reading, now, seen?.party),
    ...(standing?.checks ?? []),
    ...(policy?.registers.length ? [checkRegisters(usable, policy)] : []),
  ];
  const [stands, isWhole] = [anchor, integrity].map(({ outcome }) => outcome === "pass" || outcome === "warn");
  const anchoredAt = stands && seen?.batch ? seen.batch.anchoredAt : null;
  return {
    name,
    checks,
    digest: comparedDigest(reading, receipt) ?? reading?.digest ?? null,
    chain: receipt.anchor.chain,
    issuer: receipt.anchor.issuer,
    partyUri: seen?.party?.uri ?? null,
    root: receipt.inclusion.root,
    anchoredAt,
    asOf: seen?.asOf ?? null,
    basis: seen?.basis ?? null,
    notLookedAt: seen?.notLookedAt ?? null,
    otherReceipts: [],
    // What was changed since it was anchored states nothing that its issuer said.
    levels: isWhole
      ? await levelsOf(claims, {
          accreditedIn: standing?.accreditedIn ?? "",
          here: here || (policy?.jurisdiction ?? ""),
          moment: anchoredAt ?? Math.floor(now.getTime() / 1000),
        })
      : null,
  };
}

/**
 * The checks that a policy asks for, none of which could be made.
 * @param {Policy} policy
 * @param {string} code
 * @param {Sentence} said
 */
function policyUnknown({ bodies, registers }, code, said) {
  return [...(bodies.size ? standingUnknown(code, [said]).checks : []), ...(registers.length ? [making("register").unknown(code, said)] : [])];
}

/**
 * What registers say: snapshots of theirs are large, and nobody has them here.
 * @param {ChainFacts | Unavailable} facts
 * @param {Policy} policy
 */
function checkRegisters(facts, { chain, registers }) {
  const { unknown } = making("register");
  if (!isFacts(facts)) return unavailable("register", facts);
  if (chain !== facts.chain) return unknown("other-chain", say("standing.otherChain", { of: chain ?? "", named: facts.chain }));
  const names = listed(registers.map((name) => marked(name)));
  return unknown("registers-not-read-here", say("registers.notReadHere", { names }), say("registers.askElsewhere"));
}

/**
 * That a receipt is not of the chain or the contract that is asked; null when it is.
 * @param {Receipt["anchor"]} anchor
 * @param {string} chain CAIP-2.
 * @param {string | null} contract null when there is none on that chain.
 * @param {boolean} [isAsked] whether an endpoint is; else the verifier said which chain is meant, and nobody is asked.
 * @returns {Unavailable | null}
 */
export function otherChain(anchor, chain, contract, isAsked = true) {
  if (anchor.chain !== chain && !isAsked) {
    return unavailableFor(
      "other-chain",
      say("chain.otherMeant", { of: saidChain(anchor.chain), meant: saidChain(chain) }),
      say("chain.sayChain", { chain: anchor.chain }),
    );
  }
  if (contract !== null && contract.toLowerCase() !== anchor.contract && !isAsked) {
    return unavailableFor(
      "other-chain",
      say("chain.otherContractMeant", { of: anchor.contract, chain: saidChain(chain), meant: contract.toLowerCase() }),
      say("chain.askForMeant"),
    );
  }
  if (anchor.chain !== chain) {
    return unavailableFor(
      "other-chain",
      say("chain.otherAsked", { of: saidChain(anchor.chain), asked: saidChain(chain) }),
      say("chain.useItsEndpoint"),
    );
  }
  if (contract !== null && contract.toLowerCase() !== anchor.contract) {
    // No word of asking that contract instead: anybody can put this program's code over a storage he made up.
    return unavailableFor(
      "other-chain",
      say("chain.otherContractAsked", { of: anchor.contract, chain: saidChain(chain), asked: contract.toLowerCase() }),
      say("chain.askForAsked"),
    );
  }
  return null;
}

/**
 * @param {ChainFacts | Unavailable} given
 * @returns {given is ChainFacts}
 */
export function isFacts(given) {
  return "asOf" in given;
}

/**
 * The code and the sentence of every check that needs a receipt.
 * @param {Refusal | null} receipt
 * @returns {[string, Said]}
 */
function missing(receipt) {
  if (!receipt) return ["no-receipt", say("receipt.missing")];
  const { code, where } = receipt;
  const why = original(sentences(receipt.what, receipt.remedy));
  return [code, where ? say("receipt.unreadableAt", { where, why }) : say("receipt.unreadable", { why })];
}

/**
 * The facts, if they are about this receipt and possible; otherwise why they cannot be used.
 * @param {ChainFacts | Unavailable | null} facts
 * @param {Receipt} receipt
 * @returns {ChainFacts | Unavailable}
 */
function usableFacts(facts, { anchor, inclusion }) {
  if (!facts) return NO_FACTS;
  if (!isFacts(facts)) return facts;
  const elsewhere = otherChain(anchor, facts.chain, facts.contract, !isOfThen(facts.basis));
  if (elsewhere) return elsewhere;
  const { party, batch } = facts;
  if ((party && party.id !== anchor.issuer) || (batch && (batch.issuer !== anchor.issuer || batch.root !== inclusion.root))) {
    return unavailableFor("other-batch", say("chain.otherBatch"), say("chain.askAgain"));
  }
  const why = contradiction(facts);
  return why ? unavailableFor("facts-contradict", say("chain.contradicts", { why }), say("chain.otherEndpoint")) : facts;
}

/**
 * What no honest chain says; the contract rules it out.
 * @param {ChainFacts} facts
 */
function contradiction({ party, batch, asOf, byDigest, revoked, suspended }) {
  const said = byDigest ?? NOTHING_SAID;
  if ([said.revokedAt, said.suspendedAt].some((at) => at !== null && at > asOf.timestamp)) {
    return say("contradiction.saidLater");
  }
  if (!party && Object.values(said).some((each) => each !== null)) return say("contradiction.saidByNobody");
  if (!batch) return revoked || suspended ? say("contradiction.statusWithoutBatch") : null;
  if (batch.blockNumber > asOf.number || batch.anchoredAt > asOf.timestamp) return say("contradiction.anchorLater");
  if (!party) return say("contradiction.anchoredByNobody");
  if (batch.anchoredAt < party.registeredAt) return say("contradiction.beforeIssuer");
  if (party.retiredAt !== null && batch.anchoredAt > party.retiredAt) return say("contradiction.afterRetired");
  return null;
}

/**
 * @param {Receipt} receipt
 * @param {ChainFacts | null} facts
 * @returns {Promise<Check>}
 */
async function checkPlace({ digest, inclusion }, facts) {
  const { pass, fail, warn, unknown } = making("inclusion");
  const { leafIndex, leafCount: count } = inclusion;
  try {
    await checkInclusion(unhex(digest.value), unhex(inclusion.root), { leafIndex, leafCount: count, path: inclusion.path.map(unhex) });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return fail(error.code, say("inclusion.unproved", { why: original(error.what) }));
  }
  if (!facts?.batch) return unknown("count-unconfirmed", say("inclusion.unconfirmed", { count }));
  const anchored = facts.batch.leafCount;
  if (!anchored) {
    // An interior node is the digest of 64 bytes that are two digests. No JSON text is that, but a file may be.
    const make = JSON_METHODS.includes(digest.method) ? warn : unknown;
    return make("count-unstated", say("inclusion.unstated", { count }));
  }
  if (anchored !== count) {
    return fail("count-differs", say("inclusion.countsDiffer", { said: count, found: anchored }));
  }
  return pass("included", say("inclusion.included", { number: leafIndex + 1, count }));
}

/**
 * @param {Receipt} receipt
 * @param {ChainFacts | Unavailable} facts
 * @returns {Check}
 */
function checkAnchor({ anchor }, facts) {
  const { pass, fail, warn, unknown } = making("anchor");
  if (!isFacts(facts)) return unavailable("anchor", facts);
  const { batch, chain } = facts;
  if (!batch) return notAnchored(anchor, facts);
  const differing = differences(anchor, batch);
  if (isSameBlockOtherStory(anchor.block, batch)) {
    return fail("receipt-contradicts", say("anchor.contradicts", { differences: listed(differing) }));
  }
  const { issuer, anchoredAt: when, blockNumber: block } = batch;
  const anchored = say(facts.final ? "anchor.final" : "anchor.notFinal", { issuer, when, block, chain: saidName(chain), id: chain });
  const found = caveats(facts, batch, differing);
  const said = [anchored, ...found.flatMap(([, why]) => why), ...proof(facts)];
  if (!found.length) return pass("anchored", ...said);
  const [[code]] = found;
  return (code === "anchor-unseen" ? unknown : warn)(code, ...said);
}

/**
 * What keeps an anchor from passing, and why, the gravest first.
 * @param {ChainFacts} facts
 * @param {Batch} batch
 * @param {readonly Said[]} differing
 * @returns {[string, Said[]][]}
 */
function caveats(facts, batch, differing) {
  /** @type {[string, Said[]][]} */
  const found = [];
  if (!facts.contractProved) {
    const unproved = say("anchor.unproved", { contract: facts.contract.toLowerCase() });
    found.push(batch.anchor ? ["contract-unproved", [unproved]] : ["anchor-unseen", [unproved, say("anchor.unseen")]]);
  }
  if (!facts.final) found.push(["not-final", []]);
  if (differing.length) found.push(["receipt-outdated", [say("anchor.outdated", { differences: listed(differing) })]]);
  if (isPractice(facts.chain)) found.push(["practice-chain", [say("anchor.practice")]]);
  return found;
}

/**
 * @param {Receipt["anchor"]} anchor
 * @param {ChainFacts} facts
 * @returns {Check}
 */
function notAnchored(anchor, facts) {
  const { fail, unknown } = making("anchor");
  const { number: block, timestamp: when } = facts.asOf;
  if (!anchor.block) return unknown("pending", say("anchor.pending", { block, when }));
  if (isBehind(anchor, facts)) return unknown("chain-behind", say("anchor.behind", { named: anchor.block.number, block, when }));
  if (isOfThen(facts.basis)) return unknown("chain-behind", say("anchor.notInEvidence", { block, when }));
  return fail("not-anchored", say("anchor.notAnchored", { issuer: anchor.issuer, block, when }));
}

/**
 * @param {Receipt["anchor"]} anchor
 * @param {ChainFacts} facts
 */
function isBehind({ block }, { asOf }) {
  return block !== null && block.number > asOf.number;
}

/**
 * Where the receipt and the chain tell different stories of one anchor; a pending receipt tells none.
 * @param {Receipt["anchor"]} anchor
 * @param {Batch} batch
 * @returns {Said[]}
 */
function differences({ block, sequence, transaction }, batch) {
  if (!block) return [];
  /** @type {[boolean, Said][]} */
  const told = [
    [block.number !== batch.blockNumber, say("difference.block", { said: block.number, found: batch.blockNumber })],
    [batch.anchor !== null && block.hash !== batch.anchor.blockHash, say("difference.hash")],
    [block.timestamp !== batch.anchoredAt, say("difference.time", { said: block.timestamp, found: batch.anchoredAt })],
    [sequence !== batch.sequence, say("difference.sequence", { said: sequence ?? 0, found: batch.sequence })],
    [batch.anchor !== null && transaction !== batch.anchor.transaction, say("difference.transaction")],
  ];
  return told.filter(([differs]) => differs).map(([, what]) => what);
}

/**
 * A block hash fixes number and time, so no reorganisation explains another number or time.
 * @param {Receipt["anchor"]["block"]} block
 * @param {Batch} batch
 */
function isSameBlockOtherStory(block, { anchor, blockNumber, anchoredAt }) {
  return block !== null && block.hash === anchor?.blockHash && (block.number !== blockNumber || block.timestamp !== anchoredAt);
}

/**
 * The trusted issuers of both whose numbers are of this chain; where both have a name, that of the settings.
 * @param {Trust} trust
 * @param {Policy | null} policy
 * @param {string} chain
 * @returns {Map<number, string>}
 */
function believed(trust, policy, chain) {
  const own = trust.chain === null || trust.chain === chain ? new Map(trust.issuers) : new Map();
  if (policy && (policy.chain === null || policy.chain === chain)) {
    for (const [number, name] of policy.issuers) own.set(number, own.get(number) || name);
  }
  return own;
}

/**
 * @param {Receipt} receipt
 * @param {ChainFacts | Unavailable} facts
 * @param {Members[]} stated
 * @param {Trust} given
 * @param {Policy | null} policy
 * @param {boolean} isAccredited by way of a body that the policy names.
 * @returns {Check}
 */
function checkIssuer({ anchor }, facts, stated, given, policy, isAccredited) {
  const { pass, fail, warn, unknown } = making("issuer");
  if (!isFacts(facts)) return unavailable("issuer", facts);
  const { party, chain } = facts;
  const { issuer } = anchor;
  const trusted = believed(given, policy, chain);
  if (!party) {
    if (isOfThen(facts.basis)) return unknown("chain-behind", say("issuer.notInEvidence", { issuer }));
    if (!isBehind(anchor, facts)) return fail("issuer-unknown", say("issuer.unknown", { issuer }));
    return unknown("chain-behind", say("issuer.notYet", { issuer }));
  }
  const knownAs = trusted.get(issuer) || null;
  const who = knownAs ? say("issuer.named", { issuer, name: marked(knownAs) }) : say("issuer.number", { issuer });
  const uri = marked(party.uri);
  const isTrusted = trusted.has(issuer);
  if (!isTrusted && !isAccredited) {
    const elsewhere = given.issuers.has(issuer) && given.chain !== null ? given.chain : policy?.issuers.has(issuer) ? policy.chain : null;
    if (elsewhere) {
      return unknown("other-chain", say("issuer.elsewhere", { who, uri, here: saidChain(chain), issuer, there: saidChain(elsewhere) }));
    }
    return unknown("issuer-not-trusted", say("issuer.notTrusted", { who, uri, chain, issuer }));
  }
  const retired = party.retiredAt === null ? [] : [say("issuer.retired", { when: party.retiredAt })];
  const differing = stated.map(namedIssuers).find((named) => named.length && !isSameIssuer(named, party.uri, knownAs));
  const by = isTrusted ? "issuer.trusted" : "issuer.accredited";
  if (differing) return warn("issuer-differs", say(`${by}Differs`, { who, named: shownIssuers(differing), uri }), ...retired);
  return pass(retired.length ? "issuer-retired" : isTrusted ? "issuer-trusted" : "issuer-accredited", say(by, { who }), ...retired);
}

/**
 * @param {Receipt} receipt
 * @param {ChainFacts | Unavailable} facts
 * @param {Reading | null} reading
 * @returns {Check}
 */
function checkStatus(receipt, facts, reading) {
  const { pass, warn, unknown } = making("status");
  if (!isFacts(facts)) return unavailable("status", facts);
  const { number: block, timestamp: when } = facts.asOf;
  const found = withdrawn(receipt, facts);
  if (found) return { ...found, said: [...found.said, ...proof(facts)] };
  if (!facts.batch) return unknown("no-status", say("status.none", { block, when }));
  const warnings = statusWarnings(facts, reading);
  const said = [say("status.inForce", { block, when }), ...warnings.flatMap(([, why]) => why), ...notLookedAt(facts), ...proof(facts)];
  if (!warnings.length) return pass("in-force", ...said);
  return (facts.headAge?.freshness === "stale" ? unknown : warn)(warnings[0][0], ...said);
}

/**
 * What the issuer did to the credential, by its digest or in any of the batches that count, if anything.
 * @param {Receipt} receipt
 * @param {ChainFacts} facts
 * @returns {Check | null}
 */
function withdrawn({ anchor, inclusion: { root, leafIndex } }, facts) {
  const { fail, unknown } = making("status");
  const { batch, headAge } = facts;
  const { number: block, timestamp: when } = facts.asOf;
  const said = facts.byDigest ?? NOTHING_SAID;
  /** @type {AnchorState} */
  const lookedAt = {
    issuer: anchor.issuer,
    place: { root, leafIndex },
    revoked: facts.revoked,
    suspended: facts.suspended,
    voided: (batch?.voidedAt ?? null) !== null,
    supersededBy: null,
    reason: batch?.voidReason ?? facts.statusReason,
    byDigest: said,
  };
  // Without its batch nothing leads from it to others; what was said of the digest holds all the same.
  const { revoked, voided, suspended } = judge(lookedAt, batch ? facts.others : []);
  const where = (/** @type {AnchorState} */ state) => {
    const reason = reasonOf(state.reason);
    return keyOf(state.place) === keyOf(lookedAt.place) ? reason : say("status.elsewhere", { root: state.place.root, reason });
  };
  if (revoked) {
    return fail("revoked", say("status.revoked", { how: byDigest(said.revokedAt, said.revocationReason) ?? where(revoked), block, when }));
  }
  if (voided === lookedAt) {
    const on = batch?.voidedAt ? say("status.on", { when: batch.voidedAt }) : "";
    return fail("voided", say("status.voidedBatch", { on, where: where(voided), block, when }));
  }
  if (voided) return fail("voided", say("status.voidedWith", { where: where(voided), block, when }));
  if (!suspended) return null;
  const told = say("status.suspended", { how: byDigest(said.suspendedAt, said.suspensionReason) ?? where(suspended), block, when });
  // It may have been reinstated since.
  return headAge && (headAge.freshness === "stale" || isOfThen(facts.basis)) ? unknown(headAge.code, told, ...headAge.said) : fail("suspended", told);
}

/**
 * Why the issuer did it; nothing where it did not say.
 * @param {string | null} word
 * @returns {Value}
 */
function reasonOf(word) {
  if (!word) return "";
  return say("status.reason", { reason: REASONS.includes(word) ? say(`because.${word}`) : word });
}

/**
 * When the issuer said it of the credential itself, and why; null where it did not.
 * @param {number | null} at
 * @param {string | null} reason
 */
function byDigest(at, reason) {
  if (at === null) return null;
  return say("status.byDigest", { when: at, reason: reasonOf(reason) });
}

/**
 * Codes and sentences of what was not looked at, the gravest first.
 * @param {ChainFacts} facts
 * @param {Reading | null} reading
 * @returns {[string, readonly Sentence[]][]}
 */
function statusWarnings({ headAge }, reading) {
  /** @type {[string, readonly Sentence[]][]} */
  const found = headAge && headAge.freshness !== "fresh" ? [[headAge.code, headAge.said]] : [];
  const named = statusList(reading);
  if (named) found.push(["status-list-unread", [say("status.listUnread", { name: named })]]);
  return found;
}

/**
 * The member by which a credential in the document names a list or place of its status, if any.
 * @param {Reading | null} reading
 */
function statusList(reading) {
  const object = (/** @type {any} */ value) => (value instanceof Members ? value : new Members());
  for (const { members, isToken } of reading?.parts ?? []) {
    if (isTruthy(members.get("credentialStatus"))) return "credentialStatus";
    if (isToken && isTruthy(members.get("status"))) return "status";
    /** @type {[string, Members][]} */
    const holders = [
      ["", members],
      ["issuer.", object(members.get("issuer"))],
      ["badge.issuer.", object(object(members.get("badge")).get("issuer"))],
      ["verification.", object(members.get("verification"))],
    ];
    for (const [place, holder] of holders) if (isTruthy(holder.get("revocationList"))) return `${place}revocationList`;
    if ((members.get("badge") ?? null) === null) continue;
    for (const name of ["verification", "verify"]) if (isTruthy(members.get(name))) return name;
  }
  return null;
}

/**
 * Whether a member says anything: it is neither empty, nor zero, nor false.
 * @param {any} value
 */
function isTruthy(value) {
  if (value instanceof Members) return value.size > 0;
  if (Array.isArray(value)) return value.length > 0;
  return Boolean(value && typeof value === "object" ? value.value : value);
}

/**
 * What proves the facts; that nothing does is no part of each check: the verdict says what it rests on.
 * @param {ChainFacts} facts
 */
function proof({ basis, asOf }) {
  return isProved(basis) ? [saidOf(basis, asOf)] : [];
}

/**
 * @param {ChainFacts} facts
 */
function notLookedAt({ notLookedAt: count, byDigest: said }) {
  return count ? [say(said ? "status.placesNotLookedAt" : "status.notLookedAt", { count })] : [];
}

/**
 * @param {string} name
 * @param {Unavailable} facts
 */
function unavailable(name, facts) {
  return making(name).unknown(facts.code, ...saidWhy(facts));
}
