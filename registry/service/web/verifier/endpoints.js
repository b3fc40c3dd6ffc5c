/**
 * Endpoints of a chain, asked by JSON-RPC over `fetch`: which block they name alike, and proofs of what is stored in it.
 *
 * No endpoint is believed alone where several are asked (`registry/chain/agreement.py`), and nothing of a proof before it
 * is checked. Whatever goes wrong on the way is `ChainUnavailable`, so the verdict is *could not be checked*.
 */

import { unhex } from "./bytes.js";
import { headerOf } from "./header.js";
import { Refusal } from "./refusal.js";
import { LATEST } from "./timestamps.js";

/**
 * @typedef {import("./evidence.js").Evidence} Evidence
 * @typedef {{number: number, hash: string, timestamp: number}} Block
 * @typedef {{chain: string, block: Block, namedBy: string[], asked: number}} AgreedBlock `namedBy` are hosts.
 * @typedef {(url: string, init: RequestInit) => Promise<Response>} Fetch
 */

/** No answer from the chain, or an answer that is not one. What an endpoint said of it is for whoever chose it alone. */
export class ChainUnavailable extends Refusal {}

const TRY_LATER = "Try again later, or use another endpoint.";
const CHECK_ENDPOINT = "Check that the endpoint is a JSON-RPC endpoint of the right chain, or use another one.";
export const DEFAULT_TIMEOUT = 10_000;
const LONGEST_ANSWER = 16 << 20;
const PROVED = ["no-contract", "wrong-code"];
/** By which the block that is named alike may be behind the newest one; whichever is more. */
const MOST_APART = 3;
const MOST_APART_SECONDS = 15;

/** Some endpoints of one chain. */
export class Endpoints {
  /**
   * @param {readonly string[]} urls
   * @param {{quorum?: number, fetch?: Fetch, timeout?: number}} [options] how many hosts have to name a block alike: by
   *   default two, where there are several; milliseconds to wait for an answer.
   */
  constructor(urls, { quorum, fetch = (url, init) => globalThis.fetch(url, init), timeout = DEFAULT_TIMEOUT } = {}) {
    this.urls = [...new Set(urls)];
    this.hosts = new Set(this.urls.map(hostOf));
    this.quorum = quorum ?? Math.min(2, Math.max(1, this.hosts.size));
    this.fetch = fetch;
    this.timeout = timeout;
  }

  /**
   * The newest block that enough endpoints name, if all that have one at its height have the same.
   * @returns {Promise<AgreedBlock>}
   * @throws {ChainUnavailable} `no-quorum`, `endpoints-differ`.
   */
  async agreedBlock() {
    const chain = await this.oneChain();
    const heads = await this.ofEach("eth_getBlockByNumber", ["latest", false], blockOf);
    const told = [...heads].map(([url, head]) => `${hostOf(url)} tells of block ${head.number}`).join("; ");
    if (hostsOf(heads).length < this.quorum) throw this.noQuorum(told || "no endpoint told of a newest block");
    const all = [...heads.values()];
    const newest = all.reduce((best, head) => (head.number > best.number ? head : best));
    // One that tells of an old block may have the newest all the same.
    for (const number of [...new Set(all.map((head) => head.number))].sort((a, b) => b - a)) {
      const agreed = await this.agreedAt(chain, number);
      if (!agreed) continue;
      if (newest.number - number > MOST_APART && newest.timestamp - agreed.block.timestamp > MOST_APART_SECONDS) {
        throw this.noQuorum(`the endpoints are too far apart: ${told}`);
      }
      return agreed;
    }
    throw this.noQuorum(told);
  }

  /**
   * The block of a height that enough endpoints name, and none of them names another.
   * @param {number} number
   */
  async agreedBlockAt(number) {
    const agreed = await this.agreedAt(await this.oneChain(), number);
    if (!agreed) throw this.noQuorum(`too few endpoints name a block ${number}`);
    return agreed;
  }

  /** The height up to which enough endpoints call the chain final; -1 where fewer do. */
  async agreedFinal() {
    /** @type {Map<string, number>} */
    const highest = new Map();
    for (const [url, { number }] of await this.ofEach("eth_getBlockByNumber", ["finalized", false], blockOf)) {
      highest.set(hostOf(url), Math.max(number, highest.get(hostOf(url)) ?? -1));
    }
    return [...highest.values()].sort((a, b) => b - a)[this.quorum - 1] ?? -1;
  }

  /**
   * What a contract stores in some slots at a block, with its header (EIP-1186), of the first endpoint whose answer
   * `prove` takes; if none does, the last one's reason is told.
   * @template T
   * @param {string} address
   * @param {readonly string[]} slots 64 digits each.
   * @param {number} number of the block.
   * @param {(evidence: Evidence) => T} prove
   * @returns {Promise<T>}
   */
  async evidence(address, slots, number, prove) {
    const at = `0x${number.toString(16)}`;
    /** @type {Error} */
    let failure = this.failed("chain-unreachable", "no endpoint is named", "");
    for (const url of this.urls) {
      try {
        const [block, proof] = await Promise.all([
          this.request(url, "eth_getBlockByNumber", [at, false]),
          this.request(url, "eth_getProof", [address, slots.map((slot) => `0x${slot}`), at]),
        ]);
        if (!isObject(block)) throw this.failed("no-block", `the chain has no block ${number}`, url);
        return prove({ header: headerOf(block).encoded, address: unhex(address), ...this.proofOf(proof, slots, url) });
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        // What is proved of the chain is no fault of the endpoint.
        if (PROVED.includes(error.code)) throw error;
        failure = error instanceof ChainUnavailable ? error : this.notProved(number, error.what, url);
      }
    }
    throw failure;
  }

  /**
   * The error that says that an answer is none.
   * @param {number} number
   * @param {string} why
   * @param {string} [url]
   */
  notProved(number, why, url = this.urls.join(", ")) {
    const remedy = `Use another endpoint, or verify without proof. ${TRY_LATER}`;
    return new ChainUnavailable("not-proved", `the endpoint's answer about block ${number} is not proved: ${why}`, { where: url, remedy });
  }

  /** The chain, if enough say it and nobody says that it is another one: a contract has the same address on each. */
  async oneChain() {
    const chains = await this.ofEach("eth_chainId", [], (value) => quantity(value));
    if (new Set(chains.values()).size > 1) {
      throw this.differ(`about the chain: ${[...chains].map(([url, id]) => `${hostOf(url)} is of chain ${id}`).join("; ")}`);
    }
    const told = [...chains.keys()].map((url) => `${hostOf(url)} says which chain it is`).join("; ");
    if (hostsOf(chains).length < this.quorum) throw this.noQuorum(told || "no endpoint says which chain it is");
    return `eip155:${[...chains.values()][0]}`;
  }

  /**
   * The block of that height, if enough endpoints name it and none names another; null where too few do.
   * @param {string} chain
   * @param {number} number
   * @returns {Promise<AgreedBlock | null>}
   */
  async agreedAt(chain, number) {
    const shown = await this.ofEach("eth_getBlockByNumber", [`0x${number.toString(16)}`, false], (value) => {
      const block = blockOf(value);
      if (block.number !== number) throw new TypeError("another block");
      return block;
    });
    if (new Set([...shown.values()].map(({ hash }) => hash)).size > 1) {
      throw this.differ(`about block ${number}: ${[...shown].map(([url, { hash }]) => `${hostOf(url)} names ${hash}`).join("; ")}`);
    }
    const namedBy = hostsOf(shown);
    if (namedBy.length < this.quorum) return null;
    return { chain, block: [...shown.values()][0], namedBy, asked: this.hosts.size };
  }

  /**
   * What each of the endpoints answers, by URL; without those that give no answer of that form.
   * @template T
   * @param {string} method
   * @param {readonly unknown[]} params
   * @param {(value: unknown) => T} read
   * @returns {Promise<Map<string, T>>}
   */
  async ofEach(method, params, read) {
    const answers = await Promise.allSettled(this.urls.map(async (url) => read(await this.request(url, method, params))));
    /** @type {Map<string, T>} */
    const found = new Map();
    answers.forEach((answer, at) => answer.status === "fulfilled" && found.set(this.urls[at], answer.value));
    return found;
  }

  /**
   * One question to one endpoint.
   * @param {string} url
   * @param {string} method
   * @param {readonly unknown[]} params
   * @returns {Promise<unknown>}
   * @throws {ChainUnavailable}
   */
  async request(url, method, params) {
    let answer;
    try {
      const response = await this.fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
        credentials: "omit",
        redirect: "error",
        referrerPolicy: "no-referrer",
        signal: AbortSignal.timeout(this.timeout),
      });
      if (!response.ok) throw this.failed("chain-http-status", `it answered ${method} with status ${response.status}`, url);
      const text = await response.text();
      if (text.length > LONGEST_ANSWER) throw this.failed("chain-garbage", `its answer to ${method} is too long`, url);
      answer = JSON.parse(text);
    } catch (error) {
      if (error instanceof ChainUnavailable) throw error;
      const [code, why] = error instanceof SyntaxError ? ["chain-garbage", "is no JSON"] : isTimeout(error) ? ["chain-timeout", "did not come in time"] : ["chain-unreachable", "did not come"];
      throw this.failed(code, `the answer to ${method} ${why}`, url);
    }
    if (!isObject(answer)) throw this.failed("chain-garbage", `the answer to ${method} has another form`, url);
    if (answer.error) throw this.failed("chain-rpc-error", `the endpoint refused ${method}: ${JSON.stringify(answer.error).slice(0, 300)}`, url);
    return answer.result ?? null;
  }

  /**
   * @param {unknown} answer
   * @param {readonly string[]} slots
   * @param {string} url
   * @returns {Pick<Evidence, "account" | "slots">}
   */
  proofOf(answer, slots, url) {
    try {
      if (!isObject(answer) || !Array.isArray(answer.storageProof)) throw new TypeError("no proof");
      /** @type {[string, Uint8Array[]][]} */
      const proofs = answer.storageProof.map(({ key, proof }) => [quantity(key).toString(16).padStart(64, "0"), nodesOf(proof)]);
      if (proofs.map(([slot]) => slot).join() !== [...new Set(slots)].join()) throw new TypeError("other slots");
      return { account: nodesOf(answer.accountProof), slots: new Map(proofs) };
    } catch {
      throw this.failed("chain-garbage", "the answer to eth_getProof is about other slots, or has another form", url);
    }
  }

  /**
   * @param {string} code
   * @param {string} what
   * @param {string} url
   */
  failed(code, what, url) {
    return new ChainUnavailable(code, what, { where: url, remedy: code === "chain-garbage" ? CHECK_ENDPOINT : TRY_LATER });
  }

  /** @param {string} what */
  differ(what) {
    return new ChainUnavailable("endpoints-differ", `the endpoints differ ${what}`, {
      where: this.urls.join(", "),
      remedy: "Ask again later, and if they still differ, find out which of them is wrong.",
    });
  }

  /** @param {string} what */
  noQuorum(what) {
    const many = this.quorum > 1 ? `; ${this.quorum} endpoints of different hosts have to name one block alike` : "";
    return new ChainUnavailable("no-quorum", `${what}${many}`, {
      where: this.urls.join(", "),
      remedy: `${TRY_LATER} Or name other endpoints, of hosts that do not share one.`,
    });
  }
}

/**
 * Whose an endpoint is: its host, and its port where that is not the usual one. Several URLs of one host are one.
 * @param {string} url
 */
export function hostOf(url) {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}

/** @param {ReadonlyMap<string, unknown>} found */
function hostsOf(found) {
  return [...new Set([...found.keys()].map(hostOf))];
}

/**
 * @param {unknown} value
 * @returns {Block}
 */
function blockOf(value) {
  if (!isObject(value) || typeof value.hash !== "string" || !/^0x[0-9a-fA-F]{64}$/.test(value.hash)) throw new TypeError("no block");
  const number = Number(quantity(value.number));
  const timestamp = Number(quantity(value.timestamp));
  if (!Number.isSafeInteger(number) || timestamp > LATEST) throw new TypeError("no block");
  return { number, hash: value.hash.toLowerCase(), timestamp };
}

/**
 * `"0x1a"` → 26.
 * @param {unknown} value
 */
function quantity(value) {
  if (typeof value !== "string" || !/^0x[0-9a-fA-F]{1,64}$/.test(value)) throw new TypeError("no quantity");
  return BigInt(value);
}

/** @param {unknown} nodes */
function nodesOf(nodes) {
  if (!Array.isArray(nodes)) throw new TypeError("no nodes");
  return nodes.map((node) => {
    if (typeof node !== "string" || !/^0x(?:[0-9a-fA-F]{2})*$/.test(node)) throw new TypeError("no node");
    return unhex(node);
  });
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @param {unknown} error */
function isTimeout(error) {
  return error instanceof DOMException && (error.name === "TimeoutError" || error.name === "AbortError");
}
