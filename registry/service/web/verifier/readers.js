/**
 * What a chain says about one credential: by endpoints that have to prove it, or out of the evidence in its receipt.
 */

import { equal, hex, unhex } from "./bytes.js";
import { EDITIONS } from "./contracts.js";
import { codeHash, editionByHash } from "./codehash.js";
import { ChainUnavailable } from "./endpoints.js";
import { proveEvidence } from "./evidence.js";
import { PACE_SAMPLE, evidenceAge, headAge, pace } from "./freshness.js";
import { readHeader } from "./header.js";
import { Ledger } from "./ledger.js";
import { checkInclusion } from "./merkle.js";
import { Refusal } from "./refusal.js";
import { NOTHING_SAID, StoredRegistry } from "./slots.js";
import { storedLedger } from "./storedledger.js";
import { EMPTY_CODE } from "./trie.js";
import { REPLACEMENT_UNKNOWN } from "./verdict.js";

/**
 * @typedef {import("./anchors.js").AnchorState} AnchorState
 * @typedef {import("./contracts.js").Edition} Edition
 * @typedef {import("./endpoints.js").AgreedBlock} AgreedBlock
 * @typedef {import("./endpoints.js").Endpoints} Endpoints
 * @typedef {import("./evidence.js").Proved} Proved
 * @typedef {import("./freshness.js").HeadAge} HeadAge
 * @typedef {import("./grounds.js").Grounds} Grounds
 * @typedef {import("./receipt.js").Receipt} Receipt
 * @typedef {import("./slots.js").Batch} Batch
 * @typedef {import("./verdict.js").Basis} Basis
 * @typedef {import("./verdict.js").ChainFacts} ChainFacts
 *
 * @typedef {object} FactsReader
 * @property {string} contract that receipts have to be of.
 * @property {() => Promise<string>} chain CAIP-2.
 * @property {boolean} [asks] false where nobody is asked.
 * @property {(receipt: Receipt, beside: readonly Receipt[]) => Promise<ChainFacts>} facts `beside` are other receipts that
 *   came with it; refuses where the facts could not be had.
 * @property {(trusted: readonly number[]) => Promise<Ledger>} [ledger] the accreditations and recognitions that may count for
 *   whoever trusts these bodies; refuses where they could not be had.
 *
 * @typedef {object} Account whose slots are proved.
 * @property {string} address
 * @property {Map<string, bigint>} proved
 * @property {(proved: Proved, chain: string) => void} check refuses another contract's code.
 */

const SLOTS_A_REQUEST = 100;
const NO_SLOT = "0".repeat(64);

/**
 * By endpoints: everything is proved against the newest block that enough of them name.
 * @implements {FactsReader}
 */
export class EndpointsReader {
  /** @type {Promise<AgreedBlock> | null} */
  #agreed = null;
  /** @type {Promise<number> | null} */
  #final = null;
  /** @type {Promise<HeadAge> | null} */
  #age = null;
  /** @type {Edition | null} */
  #edition = null;

  /**
   * @param {Endpoints} endpoints
   * @param {{contract?: string, finalityDepth?: number | null, lateSeconds?: number, clock?: () => number}} [options] blocks
   *   that count as final on a chain without a `finalized` tag; the age by which the newest block is late; the time, in
   *   seconds since 1970.
   */
  constructor(endpoints, { contract = EDITIONS[0].address, finalityDepth = null, lateSeconds, clock = now } = {}) {
    this.endpoints = endpoints;
    this.contract = contract;
    this.finalityDepth = finalityDepth;
    this.lateSeconds = lateSeconds;
    this.clock = clock;
    /** @type {Account} */
    this.registry = {
      address: contract,
      proved: new Map(),
      check: (proved, chain) => {
        this.#edition ??= this.editionOf(proved, chain);
      },
    };
  }

  async chain() {
    return (await this.agreed()).chain;
  }

  agreed() {
    this.#agreed ??= this.endpoints.agreedBlock();
    return this.#agreed;
  }

  /**
   * @param {Receipt} receipt
   * @param {readonly Receipt[]} beside
   * @returns {Promise<ChainFacts>}
   */
  async facts(receipt, beside) {
    const { chain, block, namedBy, asked } = await this.agreed();
    const final = await this.final();
    const values = (/** @type {readonly string[]} */ slots) => this.values(slots);
    // Which edition it is, the code says, which is proved with whatever is asked for first; mostly that is all there is to ask.
    const likely = EDITIONS.find((each) => isAtItsAddress(each, this.contract)) ?? EDITIONS[0];
    await this.values(new StoredRegistry(likely, values).slotsOf(receipt.anchor.issuer, receipt.inclusion));
    const edition = /** @type {Edition} */ (this.#edition);
    const stored = new StoredRegistry(edition, values);
    let found;
    /** @type {AnchorState[]} */
    const others = [];
    try {
      found = await read(stored, receipt);
      for (const other of found.batch ? ofOtherBatches(receipt, await provenOthers(receipt, beside)) : []) {
        const { batch, revoked, suspended } = await read(stored, other);
        if (batch && [0, other.inclusion.leafCount].includes(batch.leafCount)) others.push(stateOf(other, batch, revoked, suspended, found.byDigest));
      }
    } catch (error) {
      throw error instanceof ChainUnavailable || !(error instanceof Refusal) ? error : this.endpoints.notProved(block.number, error.what);
    }
    if ((found.byDigest?.revokedAt ?? null) === null && others.some(isWithdrawn)) {
      const what = "another anchor of the credential is withdrawn, and whether this one replaces it could not be read or proved: events are in no proof";
      throw new ChainUnavailable(REPLACEMENT_UNKNOWN, what, { remedy: "Verify without proof, or by an endpoint that tells of old events." });
    }
    return {
      chain,
      contract: this.contract,
      asOf: block,
      ...found,
      final: found.batch !== null && found.batch.blockNumber <= final,
      statusReason: null,
      others,
      notLookedAt: null,
      headAge: await this.age(),
      contractProved: isAtItsAddress(edition, this.contract),
      basis: { ground: "endpoints", namedBy: namedBy.length, among: asked, names: [] },
    };
  }

  /**
   * All of them that may count for whoever trusts these bodies, as of the block of the facts.
   * @param {readonly number[]} trusted
   */
  async ledger(trusted) {
    const { block } = await this.agreed();
    // Which edition it is, the code says, which is proved with any slot.
    if (!this.#edition) await this.values([NO_SLOT]);
    const edition = /** @type {Edition} */ (this.#edition);
    const account = this.accreditationsOf(edition);
    try {
      return await storedLedger(edition.accreditationSlots, (slots) => this.values(slots, account), trusted, block);
    } catch (error) {
      if (error instanceof ChainUnavailable && error.code === "no-contract" && account !== this.registry) return new Ledger([], block);
      throw error instanceof ChainUnavailable || !(error instanceof Refusal) ? error : this.endpoints.notProved(block.number, error.what);
    }
  }

  /**
   * The contract that has the accreditations: the registry, or the one beside it.
   * @param {Edition} edition
   * @returns {Account}
   */
  accreditationsOf(edition) {
    const { accreditations } = edition;
    if (!accreditations) return this.registry;
    if (!isAtItsAddress(edition, this.contract)) {
      throw new ChainUnavailable("not-proved", "the accreditations of a registry that is not at its usual address are not read here");
    }
    const { address, code } = accreditations;
    return {
      address,
      proved: new Map(),
      check: ({ account }, chain) => {
        if (equal(account.codeHash, EMPTY_CODE)) throw this.noContract(address);
        if (!equal(account.codeHash, codeHash({ number: edition.number, code }, BigInt(chain.slice("eip155:".length)), address))) throw this.wrongCode(address);
      },
    };
  }

  /** How old the newest block is; the chain's pace is asked for only where it can excuse that. */
  age() {
    this.#age ??= this.judgedAge();
    return this.#age;
  }

  /** @returns {Promise<HeadAge>} */
  async judgedAge() {
    const { chain, block } = await this.agreed();
    const now = this.clock();
    const judged = (/** @type {number | null} */ paceSeconds) => headAge(block.timestamp, now, { chain, lateSeconds: this.lateSeconds, paceSeconds });
    const found = judged(null);
    if (found.freshness === "fresh" || now < block.timestamp || !block.number) return found;
    const back = Math.min(PACE_SAMPLE, block.number);
    try {
      const before = await this.endpoints.agreedAt(chain, block.number - back);
      return before ? judged(pace(block.timestamp, before.block.timestamp, back)) : found;
    } catch (error) {
      if (error instanceof ChainUnavailable) return found;
      throw error;
    }
  }

  async final() {
    const { block } = await this.agreed();
    this.#final ??= this.endpoints.agreedFinal();
    const final = await this.#final;
    return final < 0 && this.finalityDepth !== null ? block.number - this.finalityDepth : final;
  }

  /**
   * What is in slots, each proved once.
   * @param {readonly string[]} slots
   * @param {Account} [account]
   */
  async values(slots, account = this.registry) {
    const missing = [...new Set(slots)].filter((slot) => !account.proved.has(slot));
    const { chain, block } = await this.agreed();
    for (let at = 0; at < missing.length; at += SLOTS_A_REQUEST) {
      const proved = await this.endpoints.evidence(account.address, missing.slice(at, at + SLOTS_A_REQUEST), block.number, (evidence) =>
        this.prove(evidence, chain, block, account),
      );
      for (const [slot, value] of proved.values) account.proved.set(slot, value);
    }
    return account.proved;
  }

  /**
   * @param {import("./evidence.js").Evidence} evidence
   * @param {string} chain
   * @param {import("./endpoints.js").Block} block
   * @param {Account} account
   */
  prove(evidence, chain, block, account) {
    let proved;
    try {
      proved = proveEvidence(evidence, unhex(block.hash));
    } catch (error) {
      if (error instanceof Refusal && error.code === "no-account") throw this.noContract(account.address);
      throw error;
    }
    if (proved.header.number !== block.number || proved.header.timestamp !== block.timestamp) {
      throw this.endpoints.notProved(block.number, "number or time of the block are not those of its header");
    }
    account.check(proved, chain);
    return proved;
  }

  /**
   * @param {Proved} proved
   * @param {string} chain
   */
  editionOf({ account }, chain) {
    if (equal(account.codeHash, EMPTY_CODE)) throw this.noContract(this.contract);
    const edition = editionByHash(account.codeHash, BigInt(chain.slice("eip155:".length)), this.contract);
    if (edition) return edition;
    throw this.wrongCode(this.contract);
  }

  /** @param {string} address */
  wrongCode(address) {
    return new ChainUnavailable("wrong-code", `the code at ${address} is not this program's contract`);
  }

  /** @param {string} address */
  noContract(address) {
    return new ChainUnavailable("no-contract", `there is no contract at ${address} on this chain`, {
      remedy: "Check the address, and that the endpoint serves the chain the contract was deployed on.",
    });
  }
}

/**
 * By the evidence in receipts; nobody is asked but whoever says that its block is one of the chain.
 * @implements {FactsReader}
 */
export class EvidenceReader {
  /** @type {Map<string, Promise<Basis>>} */
  #bases = new Map();

  /** Nobody is asked. */
  asks = false;

  /**
   * @param {Grounds} grounds
   * @param {{contract?: string, mostDays?: number, clock?: () => number}} [options] age of evidence by which a status still
   *   counts; the time, in seconds since 1970.
   */
  constructor(grounds, { contract = EDITIONS[0].address, mostDays, clock = now } = {}) {
    this.grounds = grounds;
    this.contract = contract;
    this.mostDays = mostDays;
    this.clock = clock;
  }

  async chain() {
    return this.grounds.chain;
  }

  /**
   * @param {Receipt} receipt
   * @param {readonly Receipt[]} beside
   * @returns {Promise<ChainFacts>}
   */
  async facts(receipt, beside) {
    const first = await this.own(receipt);
    /** @type {{place: string, facts: ChainFacts, receipt: Receipt}[]} */
    const found = [{ place: placeOf(receipt), facts: first, receipt }];
    // An older one must not hide what a newer one says, whichever is looked at.
    for (const other of await provenOthers(receipt, beside.filter((each) => each.evidence && each !== receipt))) {
      try {
        const facts = await this.own(other);
        if (!facts.batch || [0, other.inclusion.leafCount].includes(facts.batch.leafCount)) found.push({ place: placeOf(other), facts, receipt: other });
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
      }
    }
    found.sort((left, right) => left.facts.asOf.number - right.facts.asOf.number);
    const newest = found.reduce((left, right) => (right.facts.asOf.number > left.facts.asOf.number ? right : left)).facts;
    const byPlace = new Map(found.map((each) => [each.place, each]));
    const own = /** @type {{facts: ChainFacts}} */ (byPlace.get(placeOf(receipt))).facts;
    byPlace.delete(placeOf(receipt));
    const said = newest.byDigest ?? NOTHING_SAID;
    if (said.revokedAt !== null || said.suspendedAt !== null) {
      // It is so in every batch, as of the newest block; what was anchored before is there still.
      return { ...own, byDigest: said, asOf: newest.asOf, headAge: newest.headAge, basis: newest.basis };
    }
    if (JSON.stringify(own.byDigest ?? NOTHING_SAID) !== JSON.stringify(said)) {
      throw new Refusal("evidence-differs", "What the issuer says of the credential changed between the blocks of the evidence that came along.", {
        remedy: "Ask for a receipt with newer evidence, or verify with an endpoint of the chain.",
      });
    }
    /** @type {AnchorState[]} */
    const others = [];
    for (const { facts: { batch, revoked, suspended }, receipt: other } of byPlace.values()) {
      if (batch) others.push(stateOf(other, batch, revoked, suspended, null));
    }
    if (others.some(isWithdrawn)) {
      throw new Refusal(REPLACEMENT_UNKNOWN, "Another anchor of the credential is withdrawn, and whether this one replaces it is in no evidence.", {
        remedy: "Verify with an endpoint of the chain.",
      });
    }
    return { ...own, others };
  }

  /**
   * @param {Receipt} receipt
   * @returns {Promise<ChainFacts>}
   */
  async own(receipt) {
    const { evidence } = receipt;
    if (!evidence) {
      throw new Refusal("no-evidence", "The receipt has no evidence of what the chain says of the credential, and no endpoint was asked.", {
        remedy: "Ask the issuer or its lookup service for a receipt with evidence, or verify with an endpoint of the chain.",
      });
    }
    const proved = proveEvidence(evidence, readHeader(evidence.header).hash);
    const { header } = proved;
    const edition = this.editionOf(proved, evidence.address);
    const stored = new StoredRegistry(edition, async (slots) => {
      if (slots.some((slot) => !proved.values.has(slot))) throw new Refusal("evidence-missing", "the evidence is not about this credential");
      return proved.values;
    });
    const found = await read(stored, receipt);
    // Last: nobody is asked about what proves nothing.
    const basis = await this.basis(evidence.header);
    return {
      chain: this.grounds.chain,
      contract: this.contract,
      asOf: { number: header.number, hash: `0x${hex(header.hash)}`, timestamp: header.timestamp },
      ...found,
      // What witnesses and validators name cannot be undone.
      final: found.batch !== null,
      statusReason: null,
      others: [],
      notLookedAt: null,
      headAge: evidenceAge(header.timestamp, this.clock(), this.mostDays),
      contractProved: isAtItsAddress(edition, this.contract),
      basis,
    };
  }

  /**
   * @param {Uint8Array} header
   * @returns {Promise<Basis>}
   */
  basis(header) {
    // Seals take a while to check, and many receipts are about one block.
    const key = hex(header);
    const found = this.#bases.get(key) ?? this.grounds.basisOf(header);
    this.#bases.set(key, found);
    return found;
  }

  /**
   * Whose code is at the address; that tells of which chain it is, too.
   * @param {Proved} proved
   * @param {Uint8Array} address
   */
  editionOf({ account, header }, address) {
    if (`0x${hex(address)}` !== this.contract.toLowerCase()) throw new Refusal("other-contract", "the evidence is about another contract");
    const edition = editionByHash(account.codeHash, BigInt(this.grounds.chain.slice("eip155:".length)), this.contract);
    if (edition) return edition;
    throw new Refusal("wrong-code", `the code at ${this.contract} in block ${header.number} is not this program's contract`);
  }
}

/**
 * What a registry stores of a receipt's batch, party, place and digest.
 * @param {StoredRegistry} stored
 * @param {Receipt} receipt
 */
async function read(stored, { anchor, inclusion: { root, leafIndex }, digest }) {
  const batch = await stored.batch(anchor.issuer, root);
  const party = await stored.party(anchor.issuer);
  let place = { revoked: false, suspended: false };
  if (batch && leafIndex < batch.leafCount) place = await stored.place(anchor.issuer, root, leafIndex);
  const byDigest = await stored.digestStatus(anchor.issuer, digest.value);
  // A voided batch says itself that all of it is revoked, with its own reason.
  return { batch, party, revoked: place.revoked && batch?.voidedAt === null, suspended: place.suspended, byDigest };
}

/**
 * Other receipts of the same credential by the same issuer, whose paths lead to their roots.
 * @param {Receipt} receipt
 * @param {readonly Receipt[]} beside
 */
async function provenOthers(receipt, beside) {
  const about = (/** @type {Receipt} */ { anchor, digest }) => [anchor.chain, anchor.contract, anchor.issuer, digest.value].join();
  /** @type {Receipt[]} */
  const found = [];
  for (const other of beside) {
    const { root, leafIndex, leafCount, path } = other.inclusion;
    if (about(other) !== about(receipt)) continue;
    try {
      await checkInclusion(unhex(other.digest.value), unhex(root), { leafIndex, leafCount, path: path.map(unhex) });
      found.push(other);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  }
  return found;
}

/** @param {Receipt} receipt */
function placeOf({ inclusion: { root, leafIndex } }) {
  return `${root} ${leafIndex}`;
}

/**
 * Those of other batches, each root once.
 * @param {Receipt} receipt
 * @param {readonly Receipt[]} others
 */
function ofOtherBatches(receipt, others) {
  const roots = new Map(others.map((each) => /** @type {[string, Receipt]} */ ([each.inclusion.root, each])).reverse());
  roots.delete(receipt.inclusion.root);
  return [...roots.values()].reverse();
}

/**
 * @param {Receipt} receipt
 * @param {Batch} batch
 * @param {boolean} revoked
 * @param {boolean} suspended
 * @param {import("./slots.js").DigestStatus | null} byDigest
 * @returns {AnchorState}
 */
function stateOf({ anchor, inclusion: { root, leafIndex } }, batch, revoked, suspended, byDigest) {
  const place = { root, leafIndex };
  return { issuer: anchor.issuer, place, revoked, suspended, voided: batch.voidedAt !== null, supersededBy: null, reason: batch.voidReason, byDigest: byDigest ?? NOTHING_SAID };
}

/** @param {AnchorState} state */
function isWithdrawn({ revoked, voided, suspended }) {
  return revoked || voided || suspended;
}

/**
 * Whether a registry is where its code alone puts it, so that what it stores is that code's doing.
 * @param {Edition} edition
 * @param {string} contract
 */
function isAtItsAddress(edition, contract) {
  return edition.address.toLowerCase() === contract.toLowerCase();
}

function now() {
  return Date.now() / 1000;
}
