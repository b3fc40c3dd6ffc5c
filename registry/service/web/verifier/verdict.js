/**
 * The answer to "is this credential good?": checks, what they come to, and the JSON form (`verdict.schema.json`).
 */

import { CHAINS } from "./chains.js";
import { english, listed, original, say } from "./language.js";
import { marked } from "./text.js";
import { writeTimestamp } from "./timestamps.js";

/**
 * @typedef {"pass" | "fail" | "warn" | "unknown"} Outcome
 * @typedef {"valid" | "not valid" | "valid with a warning" | "could not be checked"} Overall
 * @typedef {{name: string, outcome: Outcome, code: string, said: readonly Sentence[]}} Check
 * @typedef {{code: string, what: string, remedy: string, said?: readonly Sentence[]}} Unavailable why the chain's facts are
 *   missing; `said` in any language, where it is not an error that says it.
 * @typedef {import("./language.js").Said} Said
 * @typedef {import("./language.js").Sentence} Sentence
 * @typedef {import("./language.js").Value} Value
 * @typedef {{number: number, hash: string, timestamp: number}} BlockRef
 * @typedef {import("./digest.js").Digest} Digest
 * @typedef {import("./slots.js").Batch} Batch
 * @typedef {import("./slots.js").Party} Party
 * @typedef {import("./slots.js").DigestStatus} DigestStatus
 * @typedef {import("./anchors.js").AnchorState} AnchorState
 * @typedef {import("./freshness.js").HeadAge} HeadAge
 *
 * @typedef {object} Basis what facts of a chain rest on.
 * @property {"endpoint" | "endpoints" | "checkpoint" | "seals"} ground of one endpoint nothing is proved.
 * @property {number} namedBy how many named the hash of the block.
 * @property {number} among how many might have.
 * @property {readonly string[]} names of those who did, where a verifier knows them by name.
 *
 * @typedef {object} ChainFacts what the chain said about one (issuer, root, leaf index, digest), as of one block.
 * @property {string} chain CAIP-2.
 * @property {string} contract address in either case.
 * @property {BlockRef} asOf
 * @property {Party | null} party null when no party has that number.
 * @property {Batch | null} batch null when that issuer did not anchor that root.
 * @property {boolean} final whether the block of the anchor can no longer be undone.
 * @property {boolean} revoked the status of the leaf's place.
 * @property {boolean} suspended
 * @property {string | null} statusReason
 * @property {DigestStatus | null} byDigest null where the contract is of the first edition.
 * @property {readonly AnchorState[]} others the same issuer's other anchors of the digest that are known.
 * @property {number | null} notLookedAt how many batches of the issuer nobody looked into for the digest.
 * @property {HeadAge | null} headAge
 * @property {boolean} contractProved whether the contract's storage is known to be its code's doing.
 * @property {Basis} basis
 *
 * @typedef {{chain: string | null, issuer: number | null, root: string | null, overall: Overall, codes: string[], said: readonly Sentence[]}} OtherReceipt
 *
 * @typedef {object} Verdict
 * @property {string} name
 * @property {Check[]} checks
 * @property {Digest | null} digest
 * @property {string | null} chain
 * @property {number | null} issuer
 * @property {string | null} [partyUri] of the issuer, as the chain has it; null where it was not read.
 * @property {string | null} root
 * @property {number | null} anchoredAt
 * @property {BlockRef | null} asOf
 * @property {Basis | null} basis
 * @property {number | null} notLookedAt
 * @property {OtherReceipt[]} otherReceipts
 * @property {import("./levels.js").Levels | null} levels the card of the level that the credential states; null where it states
 *   none, or was changed.
 */

const CHECK_NAMES = ["integrity", "inclusion", "anchor", "issuer", "status", "dates", "signature"];
export const REPLACEMENT_UNKNOWN = "replacement-unknown";

/**
 * @param {string} name
 * @returns {Record<Outcome, (code: string, ...said: Sentence[]) => Check>} what makes the check of that name.
 */
export function making(name) {
  const make = (/** @type {Outcome} */ outcome) => (/** @type {string} */ code, /** @type {Sentence[]} */ ...said) => ({ name, outcome, code, said });
  return { pass: make("pass"), fail: make("fail"), warn: make("warn"), unknown: make("unknown") };
}

/**
 * Any fail is "not valid"; else any unknown "could not be checked"; else any warning is one; else valid.
 * @param {readonly Check[]} checks without any, nothing was checked.
 * @returns {Overall}
 */
export function overall(checks) {
  const has = (/** @type {Outcome} */ outcome) => checks.some((check) => check.outcome === outcome);
  if (has("fail")) return "not valid";
  if (has("unknown") || !checks.length) return "could not be checked";
  return has("warn") ? "valid with a warning" : "valid";
}

/**
 * The checks that made the verdict what it is; none of one that is valid.
 * @param {Verdict} verdict
 */
export function deciding({ checks }) {
  /** @type {Record<string, Outcome>} */
  const outcomes = { "not valid": "fail", "could not be checked": "unknown", "valid with a warning": "warn" };
  return checks.filter(({ outcome }) => outcome === outcomes[overall(checks)]);
}

/**
 * The verdict on something of which nothing could be checked, for one reason.
 * @param {string} name
 * @param {string} code
 * @param {Sentence} said
 * @returns {Verdict}
 */
export function unknownVerdict(name, code, said) {
  const checks = CHECK_NAMES.map((each) => making(each).unknown(code, said));
  const none = { digest: null, chain: null, issuer: null, root: null, anchoredAt: null, asOf: null, basis: null };
  return { name, checks, ...none, notLookedAt: null, otherReceipts: [], levels: null };
}

/**
 * The check with that name.
 * @param {Verdict} verdict
 * @param {string} name
 */
export function checkOf({ checks }, name) {
  return /** @type {Check} */ (checks.find((check) => check.name === name));
}

/**
 * The JSON form, which `registry/schemas/verdict.schema.json` describes.
 * @param {Verdict} verdict
 */
export function verdictJson(verdict) {
  const { name, digest, chain, issuer, root, anchoredAt, asOf, basis, checks, notLookedAt, otherReceipts, levels } = verdict;
  const comes = overall(checks);
  return {
    type: "TestamurVerdict",
    version: 1,
    name,
    overall: comes,
    exitCode: { "not valid": 1, "could not be checked": 2, valid: 0, "valid with a warning": 0 }[comes],
    digest: digest && { method: digest.method, value: digest.value },
    chain: chain === null ? null : { id: chain, name: chainWords(chain) },
    issuer,
    root,
    anchoredAt: anchoredAt === null ? null : writeTimestamp(anchoredAt),
    asOf: asOf && { number: asOf.number, hash: asOf.hash, timestamp: writeTimestamp(asOf.timestamp) },
    restsOn: basis && asOf && { proved: isProved(basis), ...basis, names: [...basis.names], words: english.text(saidOf(basis, asOf)) },
    checks: checks.map(inEnglish),
    batchesNotLookedAt: notLookedAt,
    otherReceipts: otherReceipts.map(inEnglish),
    ...(levels && { levelCard: { ...levels, unknown: levels.unknown.map(inEnglish) } }),
  };
}

/**
 * What is said as the text that JSON has of it.
 * @template {{said: Value}} T
 * @param {T} told
 * @returns {Omit<T, "said"> & {text: string}}
 */
function inEnglish({ said, ...rest }) {
  return { ...rest, text: english.text(said) };
}

/**
 * Whether facts are proved against the hash of a block.
 * @param {Basis} basis
 */
export function isProved({ ground }) {
  return ground !== "endpoint";
}

/**
 * Whether facts were brought along, as of a block that may be an old one.
 * @param {Basis} basis
 */
export function isOfThen({ ground }) {
  return ground === "checkpoint" || ground === "seals";
}

/**
 * What facts rest on, for people.
 * @param {Basis} basis
 * @param {BlockRef} asOf
 */
export function saidOf(basis, { number: block, hash }) {
  const { ground, namedBy: count, among } = basis;
  if (ground === "endpoint") return say("basis.endpoint");
  if (ground === "checkpoint") return say("basis.checkpoint", { block, hash, whom: named(basis, "basis.oneWitness", "basis.witnesses") });
  if (ground === "seals") return say("basis.seals", { block, hash, whom: named(basis, "basis.oneValidator", "basis.validators") });
  return among === 1 ? say("basis.oneEndpoint", { block, hash }) : say("basis.endpoints", { block, hash, count, among });
}

/**
 * @param {Basis} basis
 * @param {string} one
 * @param {string} many
 */
function named({ names: all, namedBy: count, among }, one, many) {
  if (!all.length) return say("basis.keeper");
  const names = listed(all.map((name) => marked(name)));
  return among === 1 ? say(one, { names }) : say(many, { count, among, names });
}

/**
 * The name of a chain in words.
 * @param {string} chain CAIP-2.
 */
export function chainWords(chain) {
  return known(chain)?.[0] ?? "an EVM chain that has no name here";
}

/**
 * A chain by name and number, in any language.
 * @param {string} chain CAIP-2.
 */
export function saidChain(chain) {
  return say("chainName.named", { name: saidName(chain), chain });
}

/**
 * A chain by name: networks have one for all languages, and are of some kind (`registry/verify/chain_words.py`).
 * @param {string} chain CAIP-2.
 * @returns {Value}
 */
export function saidName(chain) {
  const words = known(chain)?.[0];
  if (words === undefined) return say("chainName.unnamed");
  if (words.startsWith("practice chain")) return say("chainName.practice");
  const local = /^local test chain \((.*)\)$/.exec(words);
  if (local) return say("chainName.local", { programs: local[1] });
  const [, name, closed] = /^(.*) test network(, which is closed)?$/.exec(words) ?? [];
  return name ? say(closed ? "chainName.closed" : "chainName.test", { name }) : words;
}

/**
 * `Sepolia test network (eip155:11155111)`.
 * @param {string} chain CAIP-2.
 */
export function chainName(chain) {
  return `${chainWords(chain)} (${chain})`;
}

/**
 * Whether what is anchored there proves nothing to others.
 * @param {string} chain CAIP-2.
 */
export function isPractice(chain) {
  return known(chain)?.[1] === 1;
}

/** @param {string} chain */
function known(chain) {
  return Object.hasOwn(CHAINS, chain.slice("eip155:".length)) ? CHAINS[chain.slice("eip155:".length)] : undefined;
}

/**
 * That the chain's facts are missing, for one of the reasons that are known in all languages.
 * @param {string} code
 * @param {Said} what
 * @param {Said} remedy
 * @returns {Unavailable}
 */
export function unavailableFor(code, what, remedy) {
  return { code, what: english.text(what), remedy: english.text(remedy), said: [what, remedy] };
}

/**
 * What a check says of facts that are missing.
 * @param {Unavailable} unavailable
 * @returns {readonly Sentence[]}
 */
export function saidWhy({ code, what, remedy, said }) {
  return said ?? [original(sentences(what, remedy), code)];
}

/**
 * The parts as sentences, whether or not they were written as such; one that begins with a URL keeps its letter.
 * @param {readonly (string | null | undefined)[]} parts
 */
export function sentences(...parts) {
  return parts.filter(Boolean).map((part) => sentence(/** @type {string} */ (part))).join(" ");
}

/** @param {string} text */
function sentence(text) {
  const [first] = [...text];
  const begins = text.split(" ", 1)[0].includes("/") ? text : first.toUpperCase() + text.slice(first.length);
  return `${begins.replace(/\.+$/, "")}.`;
}
