/**
 * Whose signatures are enough: the logs, the witnesses and the quorum of a policy file, as of C2SP tlog-policy
 * (`docs/reference/checkpoints.md` has the form).
 */

import { equal } from "./bytes.js";
import { decodeUtf8 } from "./encodings.js";
import { COSIGNATURE, NOTE, readVerifierKey } from "./notes.js";
import { Refusal } from "./refusal.js";
import { thousands } from "./strictjson.js";

/**
 * @typedef {import("./notes.js").VerifierKey} VerifierKey
 *
 * @typedef {object} WitnessPolicy
 * @property {readonly VerifierKey[]} logs
 * @property {ReadonlyMap<string, VerifierKey>} witnesses by the names that the policy gives them.
 * @property {readonly string[]} counting the witnesses whose signature counts, in the order of the file.
 * @property {string | null} quorum what is asked for, null where the log's word alone is enough.
 * @property {number} needed how many witnesses are enough at the least.
 * @property {(signers: ReadonlySet<string>) => boolean} isMetBy
 *
 * @typedef {{threshold: number, members: readonly string[]}} Group
 */

const MOST_BYTES = 1 << 16;
const MOST_OF_A_KIND = 64;
const NOBODY = "none";
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f]/;

/**
 * The policy that a file says.
 * @param {Uint8Array} data
 * @returns {Promise<WitnessPolicy>}
 * @throws {Refusal} `witness-policy`: a line makes no sense, and which.
 */
export async function parseWitnesses(data) {
  if (data.length > MOST_BYTES) senseless(`a policy of more than ${thousands(MOST_BYTES)} bytes is not read`);
  const text = decodeUtf8(data) ?? senseless("the policy is not UTF-8");
  const reader = new Reader();
  for (const [at, line] of text.split("\n").entries()) {
    const words = line.split(/[ \t]+/).filter(Boolean);
    try {
      if (CONTROLS.test(line)) senseless("it has control characters; lines end with a line feed alone");
      if (words.length && !words[0].startsWith("#")) await reader.read(words);
    } catch (error) {
      if (error instanceof Refusal) senseless(error.what, `line ${at + 1}`);
      throw error;
    }
  }
  return reader.quorum === null ? senseless("it has no line quorum") : reader.policy();
}

/** What was defined until a line; each line is read by what stands before it, so nothing leads in a circle. */
class Reader {
  constructor() {
    /** @type {VerifierKey[]} */
    this.logs = [];
    /** @type {Map<string, VerifierKey>} */
    this.witnesses = new Map();
    /** @type {Map<string, Group>} */
    this.groups = new Map();
    /** @type {Set<string>} */
    this.members = new Set();
    /** @type {string | null} */
    this.quorum = null;
  }

  /** @param {string[]} words */
  async read([word, ...rest]) {
    if (word === "log" && (rest.length === 1 || rest.length === 2)) await this.log(rest[0]);
    else if (word === "witness" && (rest.length === 2 || rest.length === 3)) await this.witness(rest[0], rest[1]);
    else if (word === "group" && rest.length > 2) this.group(rest[0], rest[1], rest.slice(2));
    else if (word === "quorum" && rest.length === 1) this.setQuorum(rest[0]);
    else if (["log", "witness", "group", "quorum"].includes(word)) senseless(`a line ${word} has other parts than it has to have`);
    else senseless(`no line begins with '${word.slice(0, 40)}'`);
  }

  /** @param {string} text */
  async log(text) {
    const key = await readVerifierKey(text);
    if (key.kind !== NOTE) senseless("the key of a log has the type 0x01");
    if (this.logs.some((each) => equal(each.key, key.key))) senseless("a log with this key is there already");
    refuseMore(this.logs.length);
    this.logs.push(key);
  }

  /**
   * @param {string} name
   * @param {string} text
   */
  async witness(name, text) {
    const key = await readVerifierKey(text);
    if (key.kind !== COSIGNATURE) senseless("the key of a witness has the type 0x04");
    // One witness under two names would be counted twice.
    if ([...this.witnesses.values()].some((each) => equal(each.key, key.key))) senseless("a witness with this key is there already");
    refuseMore(this.witnesses.size);
    this.witnesses.set(this.fresh(name), key);
  }

  /**
   * @param {string} name
   * @param {string} given
   * @param {string[]} members
   */
  group(name, given, members) {
    this.fresh(name);
    for (const member of members) {
      this.known(member);
      if (this.members.has(member)) senseless(`'${member.slice(0, 80)}' is a member already, and counts once`);
      this.members.add(member);
    }
    const { length } = members;
    const threshold = given === "any" ? 1 : given === "all" ? length : /^[1-9][0-9]{0,3}$/.test(given) ? Number(given) : 0;
    if (threshold < 1 || threshold > length) senseless(`of ${length} members any, all or 1 to ${length} are enough`);
    refuseMore(this.groups.size);
    this.groups.set(name, { threshold, members });
  }

  /** @param {string} name */
  setQuorum(name) {
    if (this.quorum !== null) senseless("there is a line quorum already");
    if (name !== NOBODY) this.known(name);
    this.quorum = name;
  }

  /** @param {string} name */
  fresh(name) {
    if (name === NOBODY || this.witnesses.has(name) || this.groups.has(name)) senseless(`the name '${name.slice(0, 80)}' is taken`);
    return name;
  }

  /** @param {string} name */
  known(name) {
    if (!this.witnesses.has(name) && !this.groups.has(name)) senseless(`no line before this one says who '${name.slice(0, 80)}' is`);
  }

  /** @returns {WitnessPolicy} */
  policy() {
    const { logs, witnesses, groups } = this;
    const quorum = this.quorum === NOBODY ? null : this.quorum;
    /** @type {(name: string) => string[]} */
    const within = (name) => groups.get(name)?.members.flatMap(within) ?? [name];
    // Nobody is in two groups, so what one group needs is never had from another.
    /** @type {(name: string) => number} */
    const least = (name) => {
      const group = groups.get(name);
      return group ? group.members.map(least).sort((a, b) => a - b).slice(0, group.threshold).reduce((a, b) => a + b, 0) : 1;
    };
    /** @type {(name: string, signers: ReadonlySet<string>) => boolean} */
    const isMet = (name, signers) => {
      const group = groups.get(name);
      return group ? group.members.filter((member) => isMet(member, signers)).length >= group.threshold : signers.has(name);
    };
    const counted = new Set(quorum === null ? [] : within(quorum));
    return {
      logs,
      witnesses,
      counting: [...witnesses.keys()].filter((name) => counted.has(name)),
      quorum,
      needed: quorum === null ? 0 : least(quorum),
      isMetBy: (signers) => quorum === null || isMet(quorum, signers),
    };
  }
}

/** @param {number} kept */
function refuseMore(kept) {
  if (kept >= MOST_OF_A_KIND) senseless(`there are more than ${MOST_OF_A_KIND} of them`);
}

/**
 * @param {string} what
 * @param {string | null} [where]
 * @returns {never}
 */
function senseless(what, where = null) {
  throw new Refusal("witness-policy", what, { where, remedy: "Correct the policy; docs/reference/checkpoints.md has its form." });
}
