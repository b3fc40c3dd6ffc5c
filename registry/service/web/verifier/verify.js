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
import { checkIntegrity, comparedDigest, judgedClaims, missed } from "./integrity.js";
import { isSameIssuer, namedIssuers, shownIssuers } from "./issuer.js";
import { checkInclusion } from "./merkle.js";
import { Refusal } from "./refusal.js";
import { NOTHING_SAID } from "./slots.js";
import { standingOf, standingUnknown } from "./standing.js";
import { Members, thousands } from "./strictjson.js";
import { marked } from "./text.js";
import { writeTimestamp } from "./timestamps.js";
import { chainName, chainWords, isOfThen, isPractice, isProved, making, sentences, wordsOf } from "./verdict.js";

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
 *
 * @typedef {object} Trust the parties a verifier believes.
 * @property {ReadonlyMap<number, string>} issuers their numbers, and the names the verifier knows them by; "" for none.
 * @property {string | null} chain CAIP-2 of the chain that the numbers are of; null for whichever is asked.
 */

/** @type {Unavailable} */
const NO_FACTS = {
  code: "chain-not-asked",
  what: "The chain was not asked.",
  remedy: "Verify again with a connection to the receipt's chain.",
};
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
 * @returns {Promise<Verdict>}
 */
export async function verify({ reading, name, receipt, facts, now, trust = NOBODY, policy = null, ledger = null }) {
  if (!reading && !receipt) throw new TypeError("there is neither a document nor a receipt");
  const own = [checkDates(reading, now), checkSignature(reading)];
  const integrity = checkIntegrity(reading, receipt);
  if (!receipt || receipt instanceof Refusal) {
    const [code, text] = missing(receipt);
    const unchecked = ["inclusion", "anchor", "issuer", "status"].map((each) => making(each).unknown(code, text));
    return {
      name,
      checks: [integrity, ...unchecked, ...own, ...(policy?.bodies.size ? standingUnknown(code, text).checks : [])],
      digest: reading?.digest ?? null,
      chain: null,
      issuer: null,
      root: null,
      anchoredAt: null,
      asOf: null,
      basis: null,
      notLookedAt: null,
      otherReceipts: [],
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
    ...own,
    ...(standing?.checks ?? []),
  ];
  const stands = anchor.outcome === "pass" || anchor.outcome === "warn";
  return {
    name,
    checks,
    digest: comparedDigest(reading, receipt) ?? reading?.digest ?? null,
    chain: receipt.anchor.chain,
    issuer: receipt.anchor.issuer,
    root: receipt.inclusion.root,
    anchoredAt: stands && seen?.batch ? seen.batch.anchoredAt : null,
    asOf: seen?.asOf ?? null,
    basis: seen?.basis ?? null,
    notLookedAt: seen?.notLookedAt ?? null,
    otherReceipts: [],
  };
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
    return {
      code: "other-chain",
      what: `The receipt is of ${chainName(anchor.chain)}; the verifier means ${chainName(chain)} (setting chain or policy).`,
      remedy: `If you mean the receipt's chain, say so: --chain ${anchor.chain}, or chain in the policy.`,
    };
  }
  if (contract !== null && contract.toLowerCase() !== anchor.contract && !isAsked) {
    return {
      code: "other-chain",
      what: `The receipt is of another contract, ${anchor.contract}, than the one that the verifier means on ${chainName(chain)}, ${contract.toLowerCase()} (setting contract).`,
      remedy: "Ask the issuer for a receipt of the contract that is meant.",
    };
  }
  if (anchor.chain !== chain) {
    return {
      code: "other-chain",
      what: `The receipt is of ${chainName(anchor.chain)}, but ${chainName(chain)} was asked.`,
      remedy: "Verify again with an endpoint of the receipt's chain.",
    };
  }
  if (contract !== null && contract.toLowerCase() !== anchor.contract) {
    return {
      code: "other-chain",
      // No word of asking that contract instead: anybody can put this program's code over a storage he made up.
      what: `The receipt is of another contract, ${anchor.contract}, than the one that was asked on ${chainName(chain)}, ${contract.toLowerCase()}.`,
      remedy: "Ask the issuer for a receipt of the contract that was asked.",
    };
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
 * @returns {[string, string]}
 */
function missing(receipt) {
  if (!receipt) return ["no-receipt", "There is no receipt, so this could not be checked. Ask the issuer or the holder for the receipt."];
  const where = receipt.where ? ` (${receipt.where})` : "";
  return [receipt.code, `The receipt cannot be read${where}: ${sentences(receipt.what, receipt.remedy)}`];
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
    return {
      code: "other-batch",
      what: "The chain's answer is about another issuer or batch than the receipt.",
      remedy: "Ask the chain again for this receipt.",
    };
  }
  const why = contradiction(facts);
  if (!why) return facts;
  return { code: "facts-contradict", what: `The chain's answers cannot all be true: ${why}.`, remedy: "Use another endpoint for this chain." };
}

/**
 * What no honest chain says; the contract rules it out.
 * @param {ChainFacts} facts
 */
function contradiction({ party, batch, asOf, byDigest, revoked, suspended }) {
  const said = byDigest ?? NOTHING_SAID;
  if ([said.revokedAt, said.suspendedAt].some((at) => at !== null && at > asOf.timestamp)) {
    return "what was said of the credential is later than the block at which it was read";
  }
  if (!party && Object.values(said).some((each) => each !== null)) return "a party that does not exist said something of the credential";
  if (!batch) return revoked || suspended ? "a credential has a status, but its batch is not anchored" : null;
  if (batch.blockNumber > asOf.number || batch.anchoredAt > asOf.timestamp) return "the anchor is later than the block at which it was read";
  if (!party) return "the batch was anchored by a party that does not exist";
  if (batch.anchoredAt < party.registeredAt) return "the batch was anchored before its issuer was registered";
  if (party.retiredAt !== null && batch.anchoredAt > party.retiredAt) return "the batch was anchored after its issuer had retired";
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
    return fail(error.code, `The receipt does not prove that the digest is in the batch: ${error.what}.`);
  }
  const leads = `The path leads to the root, if the batch has ${count} credentials`;
  if (!facts?.batch) return unknown("count-unconfirmed", `${leads}; the chain has to confirm that.`);
  const anchored = facts.batch.leafCount;
  if (!anchored) {
    // An interior node is the digest of 64 bytes that are two digests. No JSON text is that, but a file may be.
    const make = JSON_METHODS.includes(digest.method) ? warn : unknown;
    return make("count-unstated", `${leads}; the issuer has not stated on chain how many it has. Ask the issuer to state it.`);
  }
  if (anchored !== count) {
    return fail("count-differs", `The receipt says that the batch has ${count} credentials, the chain says ${anchored}.`);
  }
  return pass("included", `It is number ${leafIndex + 1} of the ${count} credentials of its batch.`);
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
    return fail("receipt-contradicts", `The receipt names the right block and says something untrue about it: ${differing.join(", ")}.`);
  }
  const when = `Anchored by issuer ${batch.issuer} on ${writeTimestamp(batch.anchoredAt)} in block ${batch.blockNumber} (${chainWords(chain)}, ${chain})`;
  const finality = facts.final ? "final" : "not final: it can still be undone. Verify again in some minutes";
  const found = caveats(facts, batch, differing);
  const text = [`${when}, which is ${finality}.`, ...found.map(([, why]) => why).filter(Boolean), ...proof(facts)].join(" ");
  if (!found.length) return pass("anchored", text);
  const [[code]] = found;
  return (code === "anchor-unseen" ? unknown : warn)(code, text);
}

/**
 * What keeps an anchor from passing, and why, the gravest first.
 * @param {ChainFacts} facts
 * @param {Batch} batch
 * @param {readonly string[]} differing
 * @returns {[string, string][]}
 */
function caveats(facts, batch, differing) {
  /** @type {[string, string][]} */
  const found = [];
  if (!facts.contractProved) {
    const unproved = `The contract ${facts.contract.toLowerCase()} is not where its code alone would put it, and its deployment was not seen: its creator may have made up what it stores. Rely on it only if you know who deployed it, and how.`;
    if (batch.anchor) found.push(["contract-unproved", unproved]);
    else found.push(["anchor-unseen", `${unproved} No event of this anchor was seen either, so nothing shows that it was ever made.`]);
  }
  if (!facts.final) found.push(["not-final", ""]);
  if (differing.length) {
    found.push([
      "receipt-outdated",
      `The receipt differs from the chain (${differing.join(", ")}), as one made before a reorganisation does; the chain counts. Ask for a new receipt.`,
    ]);
  }
  if (isPractice(facts.chain)) {
    found.push([
      "practice-chain",
      "That is a chain for practice and tests, which anybody may run or end: what is anchored there proves nothing to others.",
    ]);
  }
  return found;
}

/**
 * @param {Receipt["anchor"]} anchor
 * @param {ChainFacts} facts
 * @returns {Check}
 */
function notAnchored(anchor, facts) {
  const { fail, unknown } = making("anchor");
  const asOf = `block ${facts.asOf.number} of ${writeTimestamp(facts.asOf.timestamp)}`;
  if (!anchor.block) {
    return unknown("pending", `The receipt was made before the batch was anchored, and as of ${asOf} it is not anchored. Verify again later, or ask the issuer.`);
  }
  if (isBehind(anchor, facts)) {
    return unknown("chain-behind", `The receipt names block ${anchor.block.number}, but the chain was read only up to ${asOf}. Verify again later, or use another endpoint.`);
  }
  if (isOfThen(facts.basis)) {
    return unknown("chain-behind", `As of ${asOf} this batch is not anchored; whether it was since is in no evidence. Ask for a receipt with newer evidence, or verify with an endpoint.`);
  }
  return fail("not-anchored", `Issuer ${anchor.issuer} has not anchored this batch, as of ${asOf}.`);
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
 * @returns {string[]}
 */
function differences({ block, sequence, transaction }, batch) {
  if (!block) return [];
  /** @type {[boolean, string][]} */
  const told = [
    [block.number !== batch.blockNumber, `block ${block.number} against ${batch.blockNumber}`],
    [batch.anchor !== null && block.hash !== batch.anchor.blockHash, "the hash of the block"],
    [block.timestamp !== batch.anchoredAt, `the time ${writeTimestamp(block.timestamp)} against ${writeTimestamp(batch.anchoredAt)}`],
    [sequence !== batch.sequence, `sequence ${sequence} against ${batch.sequence}`],
    [batch.anchor !== null && transaction !== batch.anchor.transaction, "the transaction"],
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
    if (isOfThen(facts.basis)) return unknown("chain-behind", `As of the block of the evidence there is no party ${issuer}; whether there was since is not in it.`);
    if (!isBehind(anchor, facts)) return fail("issuer-unknown", `There is no party ${issuer} on this chain.`);
    return unknown("chain-behind", `There is no party ${issuer} yet, but the chain was not read up to the receipt's block. Verify again later, or use another endpoint.`);
  }
  const knownAs = trusted.get(issuer) || null;
  const who = `Issuer ${issuer}${knownAs ? `, ${marked(knownAs)},` : ""}`;
  const isTrusted = trusted.has(issuer);
  if (!isTrusted && !isAccredited) {
    const elsewhere = given.issuers.has(issuer) && given.chain !== null ? given.chain : policy?.issuers.has(issuer) ? policy.chain : null;
    if (elsewhere) {
      return unknown(
        "other-chain",
        `${who} at ${marked(party.uri)} is a party of ${chainName(chain)}. The party ${issuer} that you trust is one of ${chainName(elsewhere)}: numbers on two chains have nothing to do with each other.`,
      );
    }
    return unknown(
      "issuer-not-trusted",
      `${who} at ${marked(party.uri)} is not among the issuers you trust; anyone can register under any name. Ask the institution whether its number on ${chain} is ${issuer}, then trust it.`,
    );
  }
  const retired = party.retiredAt === null ? "" : ` It retired on ${writeTimestamp(party.retiredAt)}, after this anchor.`;
  const believedAs = isTrusted ? "is one you trust" : "was accredited by way of a body that you trust";
  const differing = stated.map(namedIssuers).find((named) => named.length && !isSameIssuer(named, party.uri, knownAs));
  if (differing) {
    return warn(
      "issuer-differs",
      `${who} ${believedAs}, but the document names ${shownIssuers(differing)} as its issuer and nothing on record says that they are the same. Compare it with ${marked(party.uri)}.${retired}`,
    );
  }
  return pass(retired ? "issuer-retired" : isTrusted ? "issuer-trusted" : "issuer-accredited", `${who} ${believedAs}.${retired}`);
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
  const asOf = `as of block ${facts.asOf.number} of ${writeTimestamp(facts.asOf.timestamp)}`;
  const found = withdrawn(receipt, facts, asOf);
  if (found) return { ...found, text: [found.text, ...proof(facts)].join(" ") };
  if (!facts.batch) return unknown("no-status", `The batch is not anchored ${asOf}, so there is no status to read.`);
  const warnings = statusWarnings(facts, reading);
  const text = [`Not revoked and not suspended on chain ${asOf}.`, ...warnings.map(([, why]) => why), ...notLookedAt(facts), ...proof(facts)].join(" ");
  if (!warnings.length) return pass("in-force", text);
  return (facts.headAge?.freshness === "stale" ? unknown : warn)(warnings[0][0], text);
}

/**
 * What the issuer did to the credential, by its digest or in any of the batches that count, if anything.
 * @param {Receipt} receipt
 * @param {ChainFacts} facts
 * @param {string} asOf
 * @returns {Check | null}
 */
function withdrawn({ anchor, inclusion: { root, leafIndex } }, facts, asOf) {
  const { fail, unknown } = making("status");
  const { batch, headAge } = facts;
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
    const reason = state.reason ? `, reason: ${state.reason}` : "";
    if (keyOf(state.place) === keyOf(lookedAt.place)) return reason;
    return ` in another batch, ${state.place.root}, which this one is not said to replace${reason}`;
  };
  if (revoked) {
    return fail("revoked", `The issuer has revoked it${byDigest(said.revokedAt, said.revocationReason) ?? where(revoked)}; ${asOf}.`);
  }
  if (voided) {
    const isMine = voided === lookedAt;
    const when = isMine && batch?.voidedAt ? ` on ${writeTimestamp(batch.voidedAt)}` : "";
    return fail("voided", `The issuer voided ${isMine ? "the whole batch" : "it with the whole batch"}${when}${where(voided)}; ${asOf}.`);
  }
  if (!suspended) return null;
  const text = `The issuer has suspended it${byDigest(said.suspendedAt, said.suspensionReason) ?? where(suspended)}; ${asOf}.`;
  // It may have been reinstated since.
  return headAge && (headAge.freshness === "stale" || isOfThen(facts.basis)) ? unknown(headAge.code, `${text} ${headAge.text}`) : fail("suspended", text);
}

/**
 * When the issuer said it of the credential itself, and why; null where it did not.
 * @param {number | null} at
 * @param {string | null} reason
 */
function byDigest(at, reason) {
  if (at === null) return null;
  return ` by its digest, wherever it is anchored, on ${writeTimestamp(at)}${reason === null ? "" : `, reason: ${reason}`}`;
}

/**
 * Codes and sentences of what was not looked at, the gravest first.
 * @param {ChainFacts} facts
 * @param {Reading | null} reading
 * @returns {[string, string][]}
 */
function statusWarnings({ headAge }, reading) {
  /** @type {[string, string][]} */
  const found = headAge && headAge.freshness !== "fresh" ? [[headAge.code, headAge.text]] : [];
  const named = statusList(reading);
  if (named) found.push(["status-list-unread", `The document also names a status list (${named}), which was not read: check it with the issuer.`]);
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
  return isProved(basis) ? [wordsOf(basis, asOf)] : [];
}

/**
 * @param {ChainFacts} facts
 * @returns {string[]}
 */
function notLookedAt({ notLookedAt: count, byDigest: said }) {
  if (!count) return [];
  const batches = count === 1 ? "One other batch of this issuer was" : `${thousands(count)} other batches of this issuer were`;
  if (!said) return [`${batches} not looked at: whether the same credential was revoked there is not known.`];
  return [`${batches} not looked at: whether its place there was revoked is not known. By its digest, wherever it is anchored, it is neither revoked nor suspended.`];
}

/**
 * Signatures are not checked here, and the verdict says so where there is one; receipts are not signatures.
 * @param {Reading | null} reading
 * @returns {Check}
 */
function checkSignature(reading) {
  const { pass, warn } = making("signature");
  if (!reading || !reading.isAtHand) return warn("signature-unread", "The document was not read, so neither was a signature it may carry.");
  if (reading.unread.length && !reading.signatures.length) {
    return warn("signature-unread", `Not all of it was read (${missed(reading)}), so neither was a signature it may carry.`);
  }
  if (reading.signatures.length) {
    return warn(
      "signature-unread",
      `It also carries a signature (${reading.signatures.slice(0, 4).join(", ")}), which was not checked: a broken or foreign one would look the same here. That it was anchored does not depend on it.`,
    );
  }
  return pass("no-signature", "It carries no signature besides what proves the anchor.");
}

/**
 * @param {string} name
 * @param {Unavailable} facts
 */
function unavailable(name, { code, what, remedy }) {
  return making(name).unknown(code, sentences(what, remedy));
}
