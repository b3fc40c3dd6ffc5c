/**
 * Lists of blocks that witnesses sign: what whoever has no endpoint may believe to be the hash of a block
 * (`docs/reference/checkpoints.md`).
 */

import { concat, equal, hex, sha256, utf8 } from "./bytes.js";
import { readHeader } from "./header.js";
import { latin1 } from "./lenientjson.js";
import { decoded, keyName, readNote, signedBy } from "./notes.js";
import { Refusal } from "./refusal.js";
import { thousands } from "./strictjson.js";
import { readTimestamp } from "./timestamps.js";

/**
 * @typedef {import("./grounds.js").Grounds} Grounds
 * @typedef {import("./notes.js").SignedNote} SignedNote
 * @typedef {import("./witnesses.js").WitnessPolicy} WitnessPolicy
 * @typedef {{chain: string, number: number, hash: string, timestamp: number}} Entry a block: CAIP-2, 0x and 64 digits,
 *   seconds since 1970.
 * @typedef {{origin: string, note: SignedNote, entries: readonly Entry[]}} Checkpoints whose signatures are below is not
 *   looked at yet.
 *
 * @typedef {object} TrustedBlocks
 * @property {string} origin the name of the list.
 * @property {readonly string[]} witnesses who signed and counts, by the names of the policy.
 * @property {number} needed how many of them the policy asks for at the least.
 * @property {number} among how many count for it in all.
 * @property {readonly Entry[]} entries
 */

const MOST_ENTRIES = 20_000;
const MOST_BYTES = 4 << 20;
const ENTRY = /^(eip155:[1-9][0-9]{0,31}) (0|[1-9][0-9]{0,15}) 0x([0-9a-f]{64}) ([0-9TZ:-]{20})$/;
const AGAIN = { remedy: "Get the list again from where it came." };

/**
 * A list from its file.
 * @param {Uint8Array} data
 * @returns {Promise<Checkpoints>}
 * @throws {Refusal} `checkpoint-size`, `checkpoint-form`, `checkpoint-order`, `checkpoint-root`, `note-form`, `note-size`.
 */
export async function readCheckpoints(data) {
  if (data.length > MOST_BYTES) tooLarge(`one of more than ${thousands(MOST_BYTES)} bytes is not read`);
  const whole = latin1(data);
  const above = whole.indexOf("\n\n");
  const below = above < 0 ? -1 : whole.indexOf("\n\n", above + 2);
  if (below < 0 || !whole.endsWith("\n") || below + 2 >= whole.length) malformed("it is no signed note, an empty line and entries, each line with its break");
  const note = readNote(data.subarray(0, below + 1));
  const { origin, size, root } = readBody(note.text);
  const lines = whole.slice(below + 2, -1).split("\n");
  if (lines.length > MOST_ENTRIES) tooLarge(`a list has 1 to ${thousands(MOST_ENTRIES)} entries`);
  if (/[^\x00-\x7f]/.test(whole.slice(below + 2))) malformed("an entry is not ASCII");
  if (String(lines.length) !== size) {
    throw new Refusal("checkpoint-root", `the list is signed with ${thousands(Number(size))} entries, and ${thousands(lines.length)} are there`, AGAIN);
  }
  const entries = lines.map(readEntry);
  if (!equal(await treeRoot(lines), root)) throw new Refusal("checkpoint-root", "the entries of the list are not those that were signed", AGAIN);
  refuseDisorder(lines);
  return { origin, note, entries };
}

/**
 * The blocks of a list, if a policy is content with who signed.
 * @param {Checkpoints} list
 * @param {WitnessPolicy} policy
 * @returns {Promise<TrustedBlocks>}
 * @throws {Refusal} `checkpoint-log`, `checkpoint-quorum`, `note-signature`.
 */
export async function trustedBlocks({ origin, note, entries }, policy) {
  // A log signs under the name of its list; a key of another list says nothing of this one.
  const logs = policy.logs.filter(({ name }) => name === origin);
  const signed = await signedBy(note, [...logs, ...policy.witnesses.values()]);
  if (!logs.some((key) => signed.has(key))) {
    throw new Refusal("checkpoint-log", `the list ${origin} is signed by no log of the policy`, {
      remedy: "The policy has to have a line log with the key of this list.",
    });
  }
  const names = new Set([...policy.witnesses].filter(([, key]) => signed.has(key)).map(([name]) => name));
  const witnesses = policy.counting.filter((name) => names.has(name));
  if (!policy.isMetBy(names)) {
    const missing = policy.counting.filter((name) => !names.has(name));
    const what = `the list ${origin} is signed by ${witnesses.join(", ") || "no witness"}, which is not enough: ${policy.quorum} takes ${policy.needed} at the least, and ${missing.join(", ")} did not sign`;
    throw new Refusal("checkpoint-quorum", what, { remedy: "Get the list from where more of them have signed it, or ask them to." });
  }
  return { origin, witnesses, needed: policy.needed, among: policy.counting.length, entries };
}

/**
 * A list of blocks that enough witnesses signed, as who says that a block is one of the chain.
 * @param {string} chain CAIP-2.
 * @param {TrustedBlocks} trusted
 * @returns {Grounds}
 */
export function byCheckpoints(chain, { origin, witnesses, among, entries }) {
  return {
    chain,
    async basisOf(header) {
      const { number, hash } = readHeader(header);
      const listed = entries.find((each) => each.chain === chain && each.number === number);
      if (!listed) {
        throw new Refusal("block-not-listed", `the checkpoint list ${origin} does not have block ${number} of ${chain}`, {
          remedy: "Take a newer list, or a receipt with evidence as of a block that is in it.",
        });
      }
      if (listed.hash !== `0x${hex(hash)}`) {
        throw new Refusal("other-block", `the evidence is about block 0x${hex(hash)}, and the checkpoint list ${origin} has ${listed.hash} at height ${number}`, {
          remedy: "Ask whoever gave you the receipt for another one, or verify with an endpoint.",
        });
      }
      return { ground: "checkpoint", namedBy: witnesses.length, among, names: witnesses };
    },
  };
}

/**
 * The root of the tree over these texts (RFC 6962, section 2.1).
 * @param {readonly string[]} leaves
 */
async function treeRoot(leaves) {
  let level = await Promise.all(leaves.map((leaf) => sha256(concat(Uint8Array.of(0), utf8(leaf)))));
  while (level.length > 1) {
    // What has no neighbour goes up as it is: its subtree is the right one further above.
    const pairs = level.filter((_, at) => at % 2 === 0);
    level = await Promise.all(pairs.map((left, at) => (level[2 * at + 1] ? sha256(concat(Uint8Array.of(1), left, level[2 * at + 1])) : left)));
  }
  return level[0];
}

/** @param {string} text */
function readBody(text) {
  const lines = text.slice(0, -1).split("\n");
  if (lines.length !== 3 || !/^[1-9][0-9]{0,15}$/.test(lines[1])) malformed("what is signed is not a name, a size and a root");
  const root = decoded(lines[2]);
  try {
    keyName(lines[0]);
  } catch {
    malformed("what is signed has no name that a key can have, or no root");
  }
  if (!root) malformed("what is signed has no name that a key can have, or no root");
  if (root.length !== 32) malformed("a root has 32 bytes");
  return { origin: lines[0], size: lines[1], root };
}

/**
 * @param {string} line
 * @param {number} at
 * @returns {Entry}
 */
function readEntry(line, at) {
  const parts = ENTRY.exec(line);
  if (!parts) malformed(`entry ${at + 1} is not a chain, a number, a hash and a time`);
  const [, chain, number, hash, time] = parts;
  const timestamp = readTimestamp(time);
  if (typeof timestamp === "string") malformed(`entry ${at + 1} has a time that is none`);
  return { chain, number: Number(number), hash: `0x${hash}`, timestamp };
}

/**
 * So a block is in a list once, and with one hash.
 * @param {readonly string[]} lines
 */
function refuseDisorder(lines) {
  /** @type {Map<string, {number: bigint, time: string}>} */
  const last = new Map();
  for (const [at, line] of lines.entries()) {
    const [chain, digits, , time] = line.split(" ");
    const number = BigInt(digits);
    const before = last.get(chain);
    // Times in this form are ordered as texts are.
    if (before && (number <= before.number || time < before.time)) {
      throw new Refusal("checkpoint-order", `the blocks of a chain ascend: entry ${at + 1} is block ${digits} of ${chain}, behind block ${before.number}`, {
        remedy: "A block has to be newer than the last one of the list.",
      });
    }
    last.set(chain, { number, time });
  }
}

/**
 * @param {string} why
 * @returns {never}
 */
function tooLarge(why) {
  throw new Refusal("checkpoint-size", `the list of blocks is not read: ${why}`);
}

/**
 * @param {string} why
 * @returns {never}
 */
function malformed(why) {
  throw new Refusal("checkpoint-form", `the list of blocks cannot be read: ${why}`);
}
