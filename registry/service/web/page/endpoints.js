/**
 * What a chain stores of one credential, proved against a block that enough endpoints name.
 *
 * No endpoint is believed but for the hash of a block and for what is final. What they are asked is the number of their
 * chain, blocks, and proofs of slots of one contract: no document, and no part of one, is in any request.
 */

import { equal, hex, unhex } from "../verifier/bytes.js";
import { editionByHash } from "../verifier/codehash.js";
import { proveEvidence } from "../verifier/evidence.js";
import { headAge } from "../verifier/freshness.js";
import { headerOf } from "../verifier/header.js";
import { checkInclusion } from "../verifier/merkle.js";
import { Refusal } from "../verifier/refusal.js";
import { NOTHING_SAID, StoredRegistry, REVOCATION, SUSPENSION, WORD_BITS } from "../verifier/slots.js";
import { EMPTY_CODE } from "../verifier/trie.js";
import { REPLACEMENT_UNKNOWN, chainName } from "../verifier/verdict.js";
import { otherChain } from "../verifier/verify.js";

/**
 * @typedef {import("../verifier/receipt.js").Receipt} Receipt
 * @typedef {import("../verifier/verdict.js").ChainFacts} ChainFacts
 * @typedef {import("../verifier/verdict.js").Unavailable} Unavailable
 * @typedef {import("../verifier/header.js").Header} Header
 * @typedef {import("../verifier/slots.js").Batch} Batch
 *
 * @typedef {object} Chain whom to ask about what.
 * @property {string} chain CAIP-2.
 * @property {string} contract
 * @property {readonly string[]} endpoints URLs.
 * @property {number} quorum how many hosts have to name the block.
 *
 * @typedef {(url: string, method: string, params: unknown[]) => Promise<unknown>} Ask
 */

const SECONDS = 15;
const MOST_ANSWER = 4 << 20;
const SLOTS_A_REQUEST = 100;
const MOST_APART = 3;
const MOST_APART_SECONDS = 15;
const TRY_LATER = "Try again in some minutes, or use another endpoint.";

/**
 * Ask an endpoint one question by JSON-RPC.
 * @type {Ask}
 */
export async function ask(url, method, params) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    credentials: "omit",
    referrerPolicy: "no-referrer",
    cache: "no-store",
    redirect: "error",
    signal: AbortSignal.timeout(SECONDS * 1000),
  });
  const text = await answer.text();
  if (text.length > MOST_ANSWER) throw new Error("the answer is too long");
  const told = JSON.parse(text);
  if (!told || typeof told !== "object" || told.error || !("result" in told)) throw new Error("the question was refused");
  return told.result;
}

/** Answers about credentials of one chain, all as of one block, which is agreed upon once. */
export class EndpointReader {
  /**
   * @param {Chain} chain
   * @param {{ask?: Ask, now?: () => number}} [means] `now` in seconds since 1970.
   */
  constructor(chain, { ask: asking = ask, now = () => Math.floor(Date.now() / 1000) } = {}) {
    this.chain = chain;
    this.ask = asking;
    this.now = now;
    /** @type {Promise<Awaited<ReturnType<typeof agreedBlock>>> | null} */
    this.block = null;
    /** @type {Map<string, bigint>} */
    this.proved = new Map();
    /** @type {import("../verifier/codehash.js").Edition | null} */
    this.edition = null;
  }

  /**
   * The facts about the receipt's leaf; whatever goes wrong is an answer, too.
   * @param {Receipt} receipt
   * @param {readonly Receipt[]} [beside] other receipts that came with it.
   * @returns {Promise<ChainFacts | Unavailable>}
   */
  async facts(receipt, beside = []) {
    const elsewhere = otherChain(receipt.anchor, this.chain.chain, this.chain.contract);
    if (elsewhere) return elsewhere;
    try {
      return await this.read(receipt, beside);
    } catch (error) {
      if (error instanceof Refusal) return { code: error.code, what: error.what, remedy: error.remedy ?? TRY_LATER };
      throw error;
    }
  }

  /**
   * @param {Receipt} receipt
   * @param {readonly Receipt[]} beside
   * @returns {Promise<ChainFacts>}
   */
  async read(receipt, beside) {
    this.block ??= agreedBlock(this.chain, this.ask);
    const { header, hosts, among, final } = await this.block;
    const { issuer } = receipt.anchor;
    const values = (/** @type {readonly string[]} */ slots) => this.values(slots, header, hosts);
    // Its code tells which edition it is, and that where things are: it is proved with a slot that every one has.
    if (!this.edition) await values(["0".repeat(64)]);
    const stored = new StoredRegistry(/** @type {import("../verifier/codehash.js").Edition} */ (this.edition), values);
    const { root, leafIndex } = receipt.inclusion;
    await values([...stored.partySlots(issuer), ...placeSlots(stored, issuer, root, leafIndex)]);
    const party = await stored.party(issuer);
    const byDigest = await stored.digestStatus(issuer, receipt.digest.value);
    const own = await state(stored, issuer, root, leafIndex);
    const others = own.batch ? await this.others(stored, receipt, beside, byDigest) : [];
    const looked = new Set([root, ...others.map(({ place }) => place.root)]);
    return {
      chain: this.chain.chain,
      contract: this.chain.contract,
      asOf: { number: header.number, hash: `0x${hex(header.hash)}`, timestamp: header.timestamp },
      party,
      batch: own.batch,
      final: own.batch !== null && own.batch.blockNumber <= final,
      revoked: own.revoked,
      suspended: own.suspended,
      statusReason: null,
      byDigest,
      others,
      notLookedAt: own.batch && party ? Math.max(0, party.sequence - looked.size) : null,
      headAge: headAge(header.timestamp, this.now(), { chain: this.chain.chain }),
      contractProved: this.chain.contract.toLowerCase() === this.edition?.address,
      basis: { ground: "endpoints", namedBy: hosts.length, among, names: [] },
    };
  }

  /**
   * What became of the same issuer's other anchors that other receipts prove. Whether one replaces another is an event,
   * which nothing proves: where that matters, nobody knows.
   * @param {StoredRegistry} stored
   * @param {Receipt} receipt
   * @param {readonly Receipt[]} beside
   * @param {import("../verifier/slots.js").DigestStatus | null} byDigest
   */
  async others(stored, { anchor, digest, inclusion }, beside, byDigest) {
    /** @type {import("../verifier/anchors.js").AnchorState[]} */
    const found = [];
    const seen = new Set([inclusion.root]);
    for (const other of beside) {
      const { root, leafIndex, leafCount, path } = other.inclusion;
      const isHere = other.anchor.chain === anchor.chain && other.anchor.contract === anchor.contract;
      if (!isHere || other.anchor.issuer !== anchor.issuer || other.digest.value !== digest.value || seen.has(root)) continue;
      try {
        await checkInclusion(unhex(digest.value), unhex(root), { leafIndex, leafCount, path: path.map(unhex) });
      } catch (error) {
        if (error instanceof Refusal) continue;
        throw error;
      }
      seen.add(root);
      const { batch, revoked, suspended } = await state(stored, anchor.issuer, root, leafIndex);
      // Anyone may anchor a root with another count; a proof holds for one count only.
      if (!batch || ![0, leafCount].includes(batch.leafCount)) continue;
      const voided = batch.voidedAt !== null;
      const said = byDigest ?? NOTHING_SAID;
      if (said.revokedAt === null && (revoked || suspended || voided)) {
        throw new Refusal(REPLACEMENT_UNKNOWN, "another anchor of the credential is withdrawn, and whether this one replaces it is in no proof", {
          remedy: "Verify with `testamur verify` and an endpoint that tells of old events.",
        });
      }
      found.push({ issuer: anchor.issuer, place: { root, leafIndex }, revoked, suspended, voided, supersededBy: null, reason: batch.voidReason, byDigest: said });
    }
    return found;
  }

  /**
   * What is in slots, each proved once, by whichever of the endpoints proves it.
   * @param {readonly string[]} slots
   * @param {Header} header
   * @param {readonly Host[]} hosts
   * @returns {Promise<ReadonlyMap<string, bigint>>}
   */
  async values(slots, header, hosts) {
    const missing = [...new Set(slots)].filter((slot) => !this.proved.has(slot));
    for (let at = 0; at < missing.length; at += SLOTS_A_REQUEST) {
      await this.prove(missing.slice(at, at + SLOTS_A_REQUEST), header, hosts);
    }
    return this.proved;
  }

  /**
   * @param {string[]} slots
   * @param {Header} header
   * @param {readonly Host[]} hosts
   */
  async prove(slots, header, hosts) {
    /** @type {Refusal | null} */
    let why = null;
    for (const { url } of hosts) {
      try {
        await this.proveBy(url, slots, header);
        return;
      } catch (error) {
        if (!(error instanceof Refusal) || error.code !== "not-proved") throw error;
        why ??= error;
      }
    }
    throw why ?? new Refusal("no-quorum", "no endpoint was asked");
  }

  /**
   * @param {string} url
   * @param {string[]} slots
   * @param {Header} header
   */
  async proveBy(url, slots, header) {
    const { contract, chain } = this.chain;
    const unproved = (/** @type {string} */ reason) =>
      new Refusal("not-proved", `the answer of ${hostOf(url)} about block ${header.number} is not proved: ${reason}`, {
        remedy: `Use an endpoint that keeps proofs (eth_getProof). ${TRY_LATER}`,
      });
    let proved;
    try {
      const given = await this.ask(url, "eth_getProof", [contract, slots.map((slot) => `0x${slot}`), quantity(header.number)]);
      proved = proveEvidence(evidenceOf(given, header, contract, slots), header.hash);
    } catch (error) {
      if (error instanceof Refusal && error.code === "no-account") {
        throw new Refusal("no-contract", `there is no contract at ${contract} on ${chainName(chain)}`, { remedy: "Look at the address." });
      }
      throw unproved(error instanceof Refusal ? error.what : reasonOf(error));
    }
    const code = proved.account.codeHash;
    if (equal(code, EMPTY_CODE)) throw new Refusal("no-contract", `there is no contract at ${contract} on ${chainName(chain)}`, { remedy: "Look at the address." });
    const edition = editionByHash(code, BigInt(chain.slice("eip155:".length)), contract);
    if (!edition) throw new Refusal("wrong-code", `the code at ${contract} is not a registry that this page knows`, { remedy: "Look at the address." });
    this.edition = edition;
    for (const [slot, value] of proved.values) this.proved.set(slot, value);
  }
}

/** @typedef {{url: string, host: string}} Host an endpoint that named the block. */

/**
 * The newest block that enough hosts name, if all that have one at its height have the same.
 * @param {Chain} chain
 * @param {Ask} asking
 * @returns {Promise<{header: Header, hosts: Host[], among: number, final: number}>}
 */
async function agreedBlock({ chain, endpoints, quorum }, asking) {
  const urls = [...new Set(endpoints)];
  const among = new Set(urls.map(hostOf)).size;
  /** @type {string[]} */
  const silent = [];
  /**
   * @template T
   * @param {string[]} those
   * @param {(url: string) => Promise<T>} question
   */
  const each = async (those, question) => {
    const answers = await Promise.allSettled(those.map(question));
    return answers.flatMap((answer, at) => {
      if (answer.status === "fulfilled") return [{ url: those[at], told: answer.value }];
      silent.push(`${hostOf(those[at])}: ${reasonOf(answer.reason)}`);
      return [];
    });
  };
  const chains = await each(urls, async (url) => BigInt(String(await asking(url, "eth_chainId", []))));
  const other = chains.find(({ told }) => `eip155:${told}` !== chain);
  if (other) {
    throw new Refusal("wrong-chain", `${hostOf(other.url)} is an endpoint of ${chainName(`eip155:${other.told}`)}, not of ${chainName(chain)}`, {
      remedy: "Use endpoints of that chain only.",
    });
  }
  const alive = chains.map(({ url }) => url);
  const heads = await each(alive, async (url) => shape(await asking(url, "eth_getBlockByNumber", ["latest", false])));
  const finals = await Promise.all(
    alive.map((url) => asking(url, "eth_getBlockByNumber", ["finalized", false]).then((told) => ({ url, height: shape(told).number }), () => ({ url, height: -1 }))),
  );
  const told = heads.map(({ url, told: head }) => `${hostOf(url)} tells of block ${head.number}`);
  const noQuorum = (/** @type {string} */ what) =>
    new Refusal("no-quorum", `${what || "No endpoint answered"}; ${quorum} endpoints of different hosts have to name one block alike`, {
      remedy: `${TRY_LATER} Look whether this computer has a connection.`,
    });
  if (hostsOf(heads).length < quorum) throw noQuorum([...told, ...silent].join("; "));
  const newest = heads.reduce((one, next) => (next.told.number > one.told.number ? next : one)).told;
  for (const number of [...new Set(heads.map(({ told: head }) => head.number))].sort((one, next) => next - one)) {
    const shown = (await each(heads.map(({ url }) => url), (url) => asking(url, "eth_getBlockByNumber", [quantity(number), false])))
      .flatMap(({ url, told: block }) => (block ? [{ url, block: shape(block) }] : []));
    if (new Set(shown.map(({ block }) => block.hash)).size > 1) {
      const named = shown.map(({ url, block }) => `${hostOf(url)} names ${block.hash}`).join("; ");
      throw new Refusal("endpoints-differ", `the endpoints differ about block ${number}: ${named}`, {
        remedy: "Ask again later, and if they still differ, find out which of them is wrong.",
      });
    }
    const hosts = hostsOf(shown);
    if (hosts.length < quorum) continue;
    const header = headerOf(shown[0].block.given);
    if (newest.number - number > MOST_APART && newest.timestamp - header.timestamp > MOST_APART_SECONDS) {
      throw noQuorum(`the endpoints are too far apart: ${told.join("; ")}`);
    }
    /** @type {Map<string, number>} */
    const highest = new Map();
    for (const { url, height } of finals) highest.set(hostOf(url), Math.max(height, highest.get(hostOf(url)) ?? -1));
    const final = [...highest.values()].sort((one, next) => next - one)[quorum - 1] ?? -1;
    return { header, hosts, among, final };
  }
  throw noQuorum([...told, ...silent].join("; "));
}

/**
 * One endpoint of each host: who has several URLs is one all the same.
 * @param {readonly {url: string}[]} named
 * @returns {Host[]}
 */
function hostsOf(named) {
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const { url } of named) if (!found.has(hostOf(url))) found.set(hostOf(url), url);
  return [...found].map(([host, url]) => ({ host, url }));
}

/**
 * The host of an endpoint, with its port where that is not the usual one; keys are often in the rest of it.
 * @param {string} url
 */
export function hostOf(url) {
  return new URL(url).host;
}

/**
 * What of a block is needed here, if it is one.
 * @param {unknown} given
 */
function shape(given) {
  const block = /** @type {Record<string, unknown>} */ (given);
  const [number, timestamp] = ["number", "timestamp"].map((name) => Number(BigInt(String(block?.[name]))));
  if (typeof block.hash !== "string") throw new Error("the answer is no block");
  return { given: block, hash: block.hash.toLowerCase(), number, timestamp };
}

/**
 * The answer to `eth_getProof` as evidence.
 * @param {unknown} given
 * @param {Header} header
 * @param {string} contract
 * @param {string[]} slots as they were asked for.
 */
function evidenceOf(given, header, contract, slots) {
  const told = /** @type {{accountProof: string[], storageProof: {proof: string[]}[]}} */ (given);
  if (!Array.isArray(told?.accountProof) || !Array.isArray(told.storageProof) || told.storageProof.length !== slots.length) {
    throw new Error("the answer is no proof");
  }
  const nodes = (/** @type {string[]} */ list) => list.map((node) => (/^0x(?:[0-9a-f]{2})*$/i.test(node) ? unhex(node) : refuse()));
  return {
    header: header.encoded,
    address: unhex(contract),
    account: nodes(told.accountProof),
    slots: new Map(slots.map((slot, at) => [slot, nodes(told.storageProof[at].proof)])),
  };
}

/** @returns {never} */
function refuse() {
  throw new Error("the answer is no proof");
}

/**
 * @param {StoredRegistry} stored
 * @param {number} issuer
 * @param {string} root
 * @param {number} leafIndex
 */
function placeSlots(stored, issuer, root, leafIndex) {
  const word = Math.floor(leafIndex / WORD_BITS);
  return [stored.batchSlot(issuer, root), ...[REVOCATION, SUSPENSION].map((purpose) => stored.wordSlot(issuer, root, purpose, word))];
}

/**
 * A batch and the status of a place in it, as they are stored; a voided batch says itself that all of it is revoked.
 * @param {StoredRegistry} stored
 * @param {number} issuer
 * @param {string} root
 * @param {number} leafIndex
 * @returns {Promise<{batch: Batch | null, revoked: boolean, suspended: boolean}>}
 */
async function state(stored, issuer, root, leafIndex) {
  await stored.values(placeSlots(stored, issuer, root, leafIndex));
  const batch = await stored.batch(issuer, root);
  if (!batch || leafIndex >= batch.leafCount) return { batch, revoked: false, suspended: false };
  const { revoked, suspended } = await stored.place(issuer, root, leafIndex);
  return { batch, revoked: revoked && batch.voidedAt === null, suspended };
}

/** @param {number} number */
function quantity(number) {
  return `0x${number.toString(16)}`;
}

/** @param {unknown} error */
function reasonOf(error) {
  if (error instanceof DOMException && error.name === "TimeoutError") return `it did not answer in ${SECONDS} seconds`;
  if (error instanceof TypeError) return "it cannot be reached, or does not let a page ask";
  return error instanceof Error ? error.message.slice(0, 200) : "it failed";
}
