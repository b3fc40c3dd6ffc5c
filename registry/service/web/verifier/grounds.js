/**
 * Who says that a block is one of the chain: what is proved against its hash rests on them.
 */

import { hex } from "./bytes.js";
import { ChainUnavailable } from "./endpoints.js";
import { readHeader } from "./header.js";
import { Refusal } from "./refusal.js";

/**
 * @typedef {import("./verdict.js").Basis} Basis
 * @typedef {import("./endpoints.js").Endpoints} Endpoints
 *
 * @typedef {object} Grounds
 * @property {string} chain CAIP-2.
 * @property {(header: Uint8Array) => Promise<Basis>} basisOf what facts rest on that are proved against the block of a
 *   header; refuses where nobody who is believed says that it is one of the chain.
 */

/**
 * Enough endpoints, of which none names another block of that height, and that call it final.
 * @param {Endpoints} endpoints
 * @param {string} chain CAIP-2.
 * @param {number | null} [finalityDepth] blocks that count as final on a chain without a `finalized` tag.
 * @returns {Grounds}
 */
export function byEndpoints(endpoints, chain, finalityDepth = null) {
  return {
    chain,
    async basisOf(encoded) {
      const header = readHeader(encoded);
      const agreed = await endpoints.agreedBlockAt(header.number);
      if (agreed.chain !== chain) throw new ChainUnavailable("wrong-chain", `the endpoints are of ${agreed.chain}, and not of ${chain}`);
      const hash = `0x${hex(header.hash)}`;
      if (agreed.block.hash !== hash) {
        throw new Refusal("other-block", `the evidence is about block ${hash}, and block ${header.number} of the chain is ${agreed.block.hash}`, {
          remedy: "Ask whoever made it for evidence of a block that is one of the chain.",
        });
      }
      let final = await endpoints.agreedFinal();
      if (final < 0 && finalityDepth !== null) final = (await endpoints.agreedBlock()).block.number - finalityDepth;
      if (final < 0) throw new ChainUnavailable("no-finality", "too few endpoints say which blocks are final");
      if (header.number > final) {
        throw new ChainUnavailable("not-final", `block ${header.number} is not final: the chain is final up to block ${final}`, { remedy: "Wait until it is." });
      }
      return { ground: "endpoints", namedBy: agreed.namedBy.length, among: agreed.asked, names: [] };
    },
  };
}

/**
 * Several of one chain: the first that says it is enough; if none does, the first one's reason is told.
 * @param {readonly Grounds[]} grounds at least one.
 * @returns {Grounds}
 */
export function firstOf(grounds) {
  return {
    chain: grounds[0].chain,
    async basisOf(header) {
      /** @type {Refusal | null} */
      let failure = null;
      for (const each of grounds) {
        try {
          return await each.basisOf(header);
        } catch (error) {
          if (!(error instanceof Refusal) || error instanceof ChainUnavailable) throw error;
          failure ??= error;
        }
      }
      throw failure ?? new Refusal("evidence", "nobody is named who would know a block");
    },
  };
}
